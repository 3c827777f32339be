"""The columns of a bank's spreadsheet, and what banks call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, is_empty, text_of
from po_toolkit.importers.columns import distinct_headers, find, fingerprint
from po_toolkit.importers.headers import fold
from po_toolkit.importers.workbook import SheetRow
from po_toolkit.money import CURRENCIES

Saved = Callable[[str], Mapping[str, str] | None]

_NAMES = {
    "date": (
        "date;booking date;posting date;posted date;post date;transaction date;trans date;"
        "date posted;entry date;processed date;completed date;date completed;buchungstag;buchung;"
        "buchungsdatum;datum;date operation;date de l operation;date comptable;"
        "date de comptabilisation;fecha;fecha operacion;fecha contable;boekdatum;datum boeking;"
        "transactiedatum;data;data contabile;data operazione;data da operacao;data lancamento;"
        "kirjauspaiva;bokforingsdag;bokforingsdatum;bogfort dato;bokfort dato;data ksiegowania;"
        "data operacji;datum zauctovani"
    ),
    "value_date": (
        "value date;valuta;valutadatum;wertstellung;wertstellungstag;valutastellung;date valeur;"
        "date de valeur;fecha valor;rentedatum;data valuta;effective date"
    ),
    "amount": (
        "amount;transaction amount;amt;betrag;umsatz;montant;importe;bedrag;importo;valor;monto;"
        "amount usd;belopp;belob;maara;kwota;castka;net amount;betrag eur"
    ),
    "credit": (
        "credit;credits;credit amount;deposit;deposits;paid in;money in;haben;gutschrift;"
        "eingang;credit montant;abono;abonos;haber;bij;entrate;avere;credito;amount credit"
    ),
    "debit": (
        "debit;debits;debit amount;withdrawal;withdrawals;paid out;money out;soll;lastschrift;"
        "ausgang;debit montant;cargo;cargos;debe;af;uscite;dare;debito;amount debit"
    ),
    "direction": (
        "cr dr;dr cr;credit debit indicator;debit credit indicator;credit debit;debit credit;"
        "details;af bij;indicator;soll haben;s h;+/-;sens"
    ),
    "balance": (
        "balance;running balance;account balance;running bal;saldo;kontostand;solde;"
        "saldo nach buchung;saldo after mutation;saldo disponible;saldo contabile"
    ),
    "currency": "currency;ccy;wahrung;waehrung;devise;moneda;divisa;munt;valuta code;curr",
    "counterparty": (
        "counterparty;payee;payer;name;beneficiary;beneficiary payer;payee payer;sender;"
        "counterparty name;beguenstigter zahlungspflichtiger;begunstigter zahlungspflichtiger;"
        "auftraggeber empfanger;auftraggeber beguenstigter;auftraggeber begunstigter;"
        "zahlungspflichtige r;tiers;nom;nombre;beneficiario;ordenante;naam tegenpartij;"
        "naam omschrijving;tegenpartij;ordinante;customer name;from;payer name"
    ),
    "text": (
        "description;details of transaction;memo;narrative;transaction description;particulars;"
        "reference;payment reference;message;remittance;remittance information;purpose;"
        "verwendungszweck;buchungstext;libelle;communication;motif;concepto;descripcion;"
        "omschrijving;mededelingen;causale;descrizione;historico;text;transaction;notes;"
        "type;transaction type;original description;payment details;additional information;"
        "extended description;"
        "check number;check no;check or slip;cheque number;serial number;customer reference;"
        "end to end id;end to end reference;kundenreferenz end to end;bank description;addenda"
    ),
    "bank_reference": (
        "bank reference;transaction id;id;transaction number;transaction reference;fitid;"
        "reference number;bank ref;trn;unique id;referenz;transaktions id;confirmation number"
    ),
    "account": (
        "account;account number;account no;iban;auftragskonto;konto;kontonummer;compte;cuenta;"
        "rekening;conto;account name"
    ),
}

FIELDS = tuple(_NAMES)
_FIELD_OF = {name: field for field, names in reversed(_NAMES.items()) for name in names.split(";")}
_MANY = frozenset({"text"})
"""Fields that several columns may hold together."""
_HEADER_WITHIN = 50


def field_of(header: str) -> str | None:
    """Return the field that a column's name stands for."""
    folded = fold(header)
    name, _, last = folded.rpartition(" ")
    return _FIELD_OF.get(folded) or (_FIELD_OF.get(name) if last in CURRENCIES else None)


def find_header(
    rows: Sequence[SheetRow], chosen: Mapping[str, str] | None, saved: Saved | None
) -> int:
    """Return the index of the row that names the columns: one that was mapped before goes first.

    Raises:
        ImportFileError: There is none; the message says what is needed.
    """
    wanted = {fold(n) for names in (chosen or {}).values() for n in names.split("|") if n}
    best, best_score = None, 0
    for index, (_, cells) in enumerate(rows[:_HEADER_WITHIN]):
        if saved and not chosen and saved(fingerprint(distinct_headers(cells))):
            return index
        names = [c for c in cells if isinstance(c, str) and c.strip()]
        fields = {f for c in names if (f := field_of(c))}
        score = len(fields) + 2 * len(wanted & {fold(c) for c in names})
        money = fields & {"amount", "credit", "debit"}
        if score > best_score and (("date" in fields and money) or wanted):
            best, best_score = index, score
    if best is None:
        first = ", ".join(repr(text_of(c)) for c in rows[0][1] if not is_empty(c)) if rows else ""
        raise ImportFileError(
            f"The file has no header with the columns of a bank statement; its first row says: "
            f"{first[:300]}. Needed are a date, and an amount or a credit and a debit column. "
            f"Name the columns of the date and the amount.",
            code="columns_unknown",
        )
    return best


def assign(
    cells: Sequence[Cell], chosen: Mapping[str, str] | None, saved: Saved | None
) -> tuple[list[str], dict[str, list[int]], str]:
    """Return the headers, the positions of each field, and the header's fingerprint.

    Raises:
        ImportFileError: A chosen field or column does not exist, or a needed one is missing.
    """
    headers = distinct_headers(cells)
    print_ = fingerprint(headers)
    settled = dict(chosen or {}) or dict((saved(print_) if saved else None) or {})
    places: dict[str, list[int]] = {}
    for field, columns in settled.items():
        if field not in FIELDS:
            raise ImportFileError(f"{field!r} is no field; the fields are: {', '.join(FIELDS)}.")
        places[field] = [find(headers, name) for name in columns.split("|") if name]
    taken = {p for positions in places.values() for p in positions}
    for position, cell in enumerate(cells):
        named = field_of(text_of(cell)) if position not in taken else None
        if named and named not in settled and (named in _MANY or named not in places):
            places.setdefault(named, []).append(position)
    places = {field: positions for field, positions in places.items() if positions}
    if "amount" in places and "credit" in places and "debit" in places:
        places.pop("amount" if "amount" not in settled else "credit")
    if "date" not in places or not places.keys() & {"amount", "credit", "debit"}:
        raise ImportFileError(
            f"The columns {', '.join(map(repr, headers))} hold no date, or no amount. "
            f"Name the columns of the date and the amount.",
            code="columns_unknown",
        )
    return headers, places, print_
