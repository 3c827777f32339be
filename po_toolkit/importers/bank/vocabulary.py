# ruff: noqa: E501 the lists of words are easier to search in long lines
"""What banks call their columns, and the words, amounts and accounts in their cells.

Names are compared folded: no case, accents or punctuation. Sources: the column names and words are
facts of banks' exports as public import rules document them (bank2ynab, ofxstatement, hledger,
beancount and GnuCash importers); the lists were written for this project.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from po_toolkit.importers.cells import (
    MONTHS,
    Cell,
    Decimals,
    WrittenAmount,
    text_of,
    written_amount,
)
from po_toolkit.importers.fields import fold as _fold_header
from po_toolkit.money import CURRENCIES

_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe"}
)


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Fold a heading or a word for comparison: ``ß`` is ss, ``ø`` is o, an unreadable letter is ?.

    Letters that an export lost (``Empf�nger``) stay as one unknown letter, written ``?``.
    """
    marked = text.replace("\ufffd", "ǂ").translate(_LETTERS)
    return _fold_header(unicodedata.normalize("NFKC", marked)).replace("ǂ", "?")


def same(folded: str, name: str) -> bool:
    """Tell whether a folded text is this folded name, unreadable letters taken for any."""
    if "?" not in folded:
        return folded == name
    return re.fullmatch(re.escape(folded).replace(r"\?", ".{1,2}"), name) is not None


FIELDS = (
    "date",
    "value_date",
    "amount",
    "credit",
    "debit",
    "direction",
    "status",
    "balance",
    "currency",
    "fee",
    "counterparty",
    "payer",
    "payee",
    "counterparty_account",
    "text",
    "bank_reference",
    "account",
    "ignore",
)
"""What a column of a statement can be."""

_NAMES = {
    # The day on which the bank booked the line goes before the day on which it was asked to.
    "date": (
        "日付;取引日;お取引日;年月日;交易日期;记账日期;交易时间;日期;거래일;거래일시;tarih;islem tarihi;дата;дата операции;дата операції;дата проводки;ημερομηνια;תאריך;تاريخ;วันท;ว นท;"
        "booking date;posting date;posting;process date;processing date;date processed;settlement;settled;posted date;post date;date posted;entry date;processed date;"
        "completed date;date completed;date completed utc;completed on;finished on;cleared date;"
        "settled date;settlement date;date settled;accounting date;book date;bookdate;booked;"
        "booked on;buchungstag;buchungsdatum;buchung;datum der buchung;date comptable;"
        "date de comptabilisation;date de comptabilite;date d operation;date operation;"
        "date de l operation;fecha contable;fecha operacion;fecha de operacion;f operacion;"
        "fecha;boekdatum;boekingsdatum;datum boeking;transactiedatum;uitvoeringsdatum;"
        "data contabile;data registrazione;data operazione;data;kirjauspaiva;bokforingsdag;"
        "bokforingsdatum;bokford;bogforingsdato;bogfort dato;bogfort;bokfort dato;bokfort;"
        "bokforingsdato;data ksiegowania;data operacji;data transakcji;datum zauctovani;"
        "datum provedeni;datum uctovani;konyveles datuma;konyvelesi datum;date;datum;dato;pvm;"
        "paiva;paivamaara;kuupaev;datums;transaction date;trans date;trx date;tran date;txn date;"
        "transaktionsdatum;transaktionsdag;reskontradatum;value date time;date time;"
        "data da operacao;data lancamento;data mov;data movimento;data movimentazione;"
        "f operativa;fecha operativa;booked at;posted at;transactiondate;bookingdate;postingdate;fecha movimiento;fecha de la operacion;effective date;created utc;available on utc;"
        "created;created on;date started utc;started date;timestamp;timestamp utc;day;"
        "transaktsiooni kuupaev;maksupaiva;data zaksiegowania;#data ksiegowania;#data operacji;"
        "kjopsdato;utforingsdato;transaction date time;date of transaction"
    ),
    "value_date": (
        "value date;val date;valuta;valutadatum;valuta datum;wertstellung;wertstellungstag;wert;"
        "wertstellungsdatum;datum der wertstellung;valutastellung;date valeur;date de valeur;"
        "fecha valor;fecha de valor;f valor;rentedatum;interest date;data valuta;value dt;"
        "valutering;valutadag;rentedato;renteforing;arvopaiva;data waluty;datum valuty;interestdate"
    ),
    "amount": (
        "金額;入出金;発生額;交易金额;金额;거래금액;tutar;islem tutari;сумма;сума;сумма операции;сума операціі;ποσο;סכום;"
        "amount;transaction amount;trn amt;amt;net amount;net;total amount;amount in account currency;"
        "betrag;umsatz;buchungsbetrag;betrag in kontowahrung;montant;montant net;montante;montant operation;"
        "montant de l operation;importe;importe euros;importe de la operacion;bedrag;importo;"
        "importo operazione;importo netto;monto;valor;belopp;belob;belop;maara;kwota;"
        "kwota operacji;kwota transakcji;castka;objem;suma;summa;summe;osszeg;monto neto;"
        "transactiebedrag;amount local;settled amount;amount net;local amount;"
        "value;credit debit amount;debit credit amount;mouvement;movement;einzelbetrag;summa valutas;importe movimiento;quantia;gutschrift lastschrift;"
        "lastschrift gutschrift;debit credit;credit debit;soll haben;haben soll;debe haber;dare avere;last gut;importe en la divisa de la cuenta;signed amount;mutatie"
    ),
    "credit": (
        "預かり金額;お預り金額;お預入れ;お預入金額;お預かり金額;入金;入金額;ご入金額;贷方发生额;贷方金额;收入金额;收入;입금;입금액;alacak;приход;зачисление;кредит;надходження;πιστωση;זכות;בזכות;ฝาก;"
        "credit;credits;credit amount;credit amt;amount credit;credited amount;amount cr;cr amount;"
        "cr;deposit;deposits;deposit amount;deposit amt;paid in;money in;incoming;incoming amount;inflow;"
        "income;receipts;additions;received;money received;haben;gutschrift;gutschriften;eingang;eingange;"
        "credit montant;montant credit;montant au credit;credit euros;abono;abonos;haber;ingreso;"
        "ingresos;bij;bijschrijving;bijgeschreven;entrate;entrata;accrediti;avere;credito;"
        "betrag eingehend;rechnungsbetrag eingehend;in;inn;inn pa konto;ind;insattning;insatt;innbetaling;indbetaling;indsat;tulot;"
        "pano;uznania;uznanie;wplywy;wplyw;wplata;prijem;kredit;kreedit;kredyt;credit chf;"
        "jovairas;credit usd;creditos;entrada;entradas;ma;money in gbp;bevetel;paid in amount"
    ),
    "debit": (
        "支払い金額;お支払金額;お引出し;お引出金額;お支払い金額;出金;出金額;ご出金額;借方发生额;借方金额;支出金额;支出;출금;출금액;borc;расход;списание;дебет;видатки;χρεωση;חובה;בחובה;ถอน;"
        "debit;debits;debit amount;debit amt;amount debit;debited amount;amount dr;dr amount;dr;"
        "withdrawal;withdrawals;withdrawal amount;withdrawal amt;withdrawn;paid out;money out;"
        "subtractions;disbursements;outgoing;outgoing amount;outflow;spent;expense;soll;lastschrift;belastung;belastungen;ausgang;ausgange;"
        "betrag ausgehend;rechnungsbetrag ausgehend;debit montant;montant debit;montant au debit;debit euros;cargo;cargos;debe;gasto;gastos;"
        "af;afschrijving;afgeschreven;uscite;uscita;addebiti;dare;debito;out;ut;ut fra konto;ud;"
        "uttag;utbetaling;udbetaling;haevet;menot;otto;obciazenia;obciazenie;wydatki;wydatek;"
        "wyplata;vydaj;debet;deebet;debit chf;terheles;debit usd;debitos;salida;salidas;"
        "payments;payment;payment amount;cheques;kiadas;paid out amount"
    ),
    "direction": (
        "cr dr;dr cr;cr db;db cr;credit debit indicator;debit credit indicator;credit debit;"
        "debit credit;debit or credit;credit or debit;d c;c d;dc;cd;cdi;creditdebitindicator;"
        "af bij;bij af;af of bij;indicator;soll haben;soll haben kennzeichen;s h;h s;sh;haben soll;"
        "kennzeichen;sens;signe;sign;signo;segno;znak;direction;richtung;richting;in out;out in;"
        "inflow outflow;debet credit;credit debet;debet kredit;kredit debet;deebet kreedit;"
        "deebet kreedit d c;debit kredit;debito credito;debito o credito;dare avere;d a;tegn;"
        "transaction direction;money direction;cargo abono;abono cargo;debe haber;"
        "entrada salida;obciazenie uznanie;typ pohybu;smer;flow;plus minus;vorzeichen;d k;k d;"
        "d h;+ -;+/-;dr or cr;cr or dr;debit credit flag;drcr;crdr;debitcredit;creditdebit;mark;"
        "transaction sign;debit credit code;dr cr indicator;transfer direction;type dc"
    ),
    "status": (
        "status;state;transaction status;payment status;booking status;buchungsstatus;statut;etat;"
        "estado;situacion;stato;stan;stav;tila;status transakcji;umsatzstatus;status der buchung;"
        "transaktionsstatus;betalingsstatus;zahlungsstatus;posted;pending;transaction state;"
        "processing status;posting status;settlement status;allapot;olek;statuss;busena;clearing status"
    ),
    "balance": (
        "差引残高;残高;取引後残高;余额;账户余额;잔액;bakiye;остаток;баланс;залишок;υπολοιπο;יתרה;היתרה;คงเหล อ;"
        "balance;running balance;account balance;running bal;running bal ;running balance amount;"
        "ledger balance;book balance;closing balance;current balance;available balance;balance after;"
        "end balance;saldo;saldos;saldo in eur;kontostand;saldo nach buchung;kontosaldo;neuer saldo;"
        "solde;solde apres operation;saldo after mutation;saldo na mutatie;saldo na trn;"
        "saldo disponible;saldo contabile;saldo final;saldo posterior;saldo po operacji;"
        "saldo po transakcji;bokfort saldo;bogfort saldo;bokford saldo;saldo po;zustatek;"
        "zustatek po pohybu;egyenleg;jaak;atlikums;likutis;closingbalance;new balance;accountbalance;"
        "balance amount;resulting balance;saldo despues;balance usd;guthaben;verfugbares guthaben;saldo contabilistico"
    ),
    "currency": (
        "通貨;币种;货币;통화;doviz cinsi;para birimi;валюта;νομισμα;מטבע;"
        "currency;ccy;curr;currency code;account currency;payment currency;transaction currency;"
        "settlement currency;wahrung;waehrung;whg;buchungswahrung;kontowahrung;devise;monnaie;"
        "moneda;divisa;munt;muntsoort;valuta;valuta code;valuta rekening;valutakod;valutta;waluta;"
        "waluta operacji;mena;devizanem;deviza;valuuta;valuta conto;divisa cuenta;waluta rachunku;"
        "currency of account;devise du compte;whrg;monn;zahlungswahrung;wahrung der karte;moeda;currencycode"
    ),
    "fee": (
        "fee;fees;fee amount;transaction fee;total fees;charges;gebuhr;gebuhren;entgelt;frais;"
        "comision;comisiones;commissione;commissioni;avgift;gebyr;kulu;prowizja;poplatek;kosten;"
        "source fee amount;bank fee;service fee;processing fee"
    ),
    "counterparty": (
        "対方户名;对方户名;对方名称;振込依頼人名;контрагент;karsi taraf;"
        "counterparty;counter party;counterparty name;other party;other party name;name;partner;"
        "partner name;beneficiary payer;payee payer;payer payee;payee or payer;to from;from to;"
        "beguenstigter zahlungspflichtiger;begunstigter zahlungspflichtiger;"
        "auftraggeber empfanger;empfanger auftraggeber;auftraggeber beguenstigter;"
        "auftraggeber begunstigter;begunstigter auftraggeber;beguenstigter auftraggeber;"
        "auftraggeber zahlungsempfanger;name zahlungsbeteiligter;zahlungsbeteiligter;"
        "empfanger zahlungspflichtiger;auftraggeber bzw empfanger;gegenpartei;name gegenpartei;"
        "tiers;nom;nom de la contrepartie;contrepartie;nom contrepartie;nom du tiers;nombre;"
        "contraparte;nombre contraparte;beneficiario ordenante;ordenante beneficiario;"
        "controparte;nominativo;naam tegenpartij;naam omschrijving;tegenpartij;"
        "tegenpartij naam;naam van de tegenpartij;naam;naam tegenrekening;namn;motpart;modpart;"
        "saaja maksaja;maksaja saaja;vastapuoli;nazwa kontrahenta;kontrahent;nadawca odbiorca;"
        "odbiorca nadawca;nazwa nadawcy odbiorcy;nazev protiuctu;protistrana;nazev protistrany;"
        "saaja maksja nimi;saaja maksja;sender recipient;recipient sender;merchant;merchant name;"
        "customer name;client;debtor creditor;"
        "empfaenger;counterpartyname;source destination;vendor;customer;payee name;payer name;company;"
        "nombre del beneficiario u ordenante;naam uiteindelijke partij;bank details of counterparty;"
        "partnername;partner neve;remitter beneficiary"
    ),
    "payer": (
        "payer;sender;sender name;from;from name;originator;ordering party;ordering customer;"
        "ordering name;remitter;remitter name;debtor;debtor name;source name;zahlungspflichtiger;"
        "zahlungspflichtige r;auftraggeber;auftraggeber name;absender;einzahler;payeur;"
        "donneur d ordre;emetteur;ordenante;nombre ordenante;pagador;ordinante;nome ordinante;"
        "betaler;opdrachtgever;avsandare;afsender;avsender;maksaja;nadawca;nazwa nadawcy;platce;"
        "deposited by;received from;from account name"
    ),
    "payee": (
        "payee;beneficiary;beneficiary name;recipient;recipient name;to;to name;receiver;"
        "receiver name;creditor;creditor name;target name;zahlungsempfanger;"
        "zahlungsempfanger in;empfanger;empfanger name;begunstigter;beguenstigter;beneficiaire;"
        "destinataire;beneficiario;nombre beneficiario;destinatario;begunstigde;ontvanger;"
        "mottagare;modtager;mottaker;saaja;odbiorca;nazwa odbiorcy;prijemce;paid to;to account name"
    ),
    "counterparty_account": (
        "counterparty account;counterparty account number;counterparty iban;partner iban;"
        "other account;beneficiary account;beneficiary account number;beneficiary iban;payer iban;"
        "payee iban;sender account;recipient account;kontonummer iban;konto nr bank;gegenkonto;"
        "gegenkonto iban;iban gegenkonto;iban zahlungsbeteiligter;iban des auftraggebers;"
        "compte contrepartie;iban contrepartie;numero de compte de la contrepartie;"
        "compte contrepartie iban;tegenrekening;tegenrekening iban bban;tegenrekeningnummer;"
        "contrarekening;rekening tegenpartij;rekeningnummer tegenpartij;iban tegenpartij;tegenpartij rekening;"
        "cuenta contrapartida;iban controparte;motkonto;modkonto;til konto;fra konto;mottagarkonto;saajan tilinumero;"
        "saaja maksja konto;numer konta kontrahenta;rachunek kontrahenta;numer rachunku kontrahenta;"
        "cislo protiuctu;protiucet;ucet protistrany;auftraggeberkonto;iban of counterparty;"
        "numer rachunku nadawcy odbiorcy;na konto z konta;payer account number;from account number;to account number"
    ),
    "text": (
        "摘要;摘要内容;お取り扱い内容;入出金内容;取引内容;お取引内容;備考;メモ;附言;用途;적요;aciklama;назначение платежа;призначення платежу;опис операціі;описание;περιγραφη;αιτιολογια;תיאור;รายการ;"
        "description;details of transaction;memo;narrative;narration;transaction description;"
        "particulars;reference;payment reference;message;remittance;remittance information;purpose;"
        "verwendungszweck;vorgang verwendungszweck;buchungstext;buchungsdetails;zahlungsgrund;"
        "mitteilung;beschreibung;avisierungstext;libelle;libelle operation;nature de l operation;"
        "communication;communications;motif;concepto;descripcion;observaciones;omschrijving;"
        "mededeling;mededelingen;vrije mededeling;gestructureerde mededeling;causale;descrizione;"
        "descrizione operazione;historico;descricao;text;tekst;transaction;notes;note;"
        "rubrik;meddelande;meddelelse;melding;viesti;selitys;forklaring;beskrivning;beskrivelse;"
        "opis;opis operacji;opis transakcji;tytul;tytulem;popis;zprava;zprava pro prijemce;poznamka;"
        "selgitus;maksajuma merkis;kozlemeny;detail;details;info;information;additional information;"
        "transaction details;payment details;original description;extended description;"
        "type;transaction type;customer reference;end to end id;end to end reference;"
        "kundenreferenz end to end;kundenreferenz;mandatsreferenz;bank description;addenda;"
        "check number;check no;check or slip;cheque number;chq ref no;serial number;"
        "transaction particulars;comment;remarks;remark;subject;booking text;buchungsinformation"
    ),
    "bank_reference": (
        "bank reference;transaction id;id;transaction number;transaction reference;fitid;"
        "reference number;bank ref;trn;unique id;referenz;transaktions id;confirmation number;"
        "transactiereferentie;volgnr;volgnummer;archive id;arkivreferens;arkistointitunnus;"
        "numer transakcji;id pohybu;id operace;bank reference number;transfer reference;"
        "balance transaction id;transferwise id;buchungsreferenz;umsatz id"
    ),
    "account": (
        "account;account number;account no;account id;own account;my account;client account;"
        "auftragskonto;iban auftragskonto;konto;ihr konto;compte;numero de compte;compte iban;"
        "cuenta;numero de cuenta;rekening;rekeningnummer;iban bban;conto;rapporto;tilinumero;tili;"
        "kontonamn;kontonavn;account name;numer rachunku;numer rachunku karty;rachunek;moj ucet;cislo uctu;kliendi konto;"
        "eigene iban;iban rekening;bezeichnung auftragskonto;kontobezeichnung;accountnumber;"
        "account number iban;bban;szamlaszam;iban kontoinhaber"
    ),
    # An amount that is not the account's, what only files the line, and our own name.
    "ignore": (
        "original amount;original currency;orig amount;orig currency;foreign amount;foreign currency;"
        "fremdwahrungsbetrag;fremdwahrung;montant devise etrangere;devise etrangere;selectionnez la devise etrangere;ursprungsbetrag;lastschrift ursprungsbetrag;"
        "auslagenersatz rucklastschrift;auslagenersatz ruecklastschrift;ursprungswahrung;"
        "oorspr bedrag;oorspr munt;koers;exchange rate;kurs;wechselkurs;devisenkurs;taux de change;"
        "tipo de cambio;source currency;source amount after fees;target currency;"
        "target amount after fees;source fee currency;target fee amount;target fee currency;"
        "fee currency;tax;vat;gross;gross amount;brutto;amount before fees;customer facing amount;customer facing currency;"
        "category;categories;kategorie;category split;categorie;sous categorie;categoria;"
        "subcategoria;kategoria;kategori;tag;tags;bank bic;bic;bic swift code;bic tegenpartij;"
        "swift code;blz;bankleitzahl;sort code;routing number;mcc;card number;account holder;"
        "kontoinhaber;accountholder;name kontoinhaber;product;produkt;local currency;"
        "limit;remaining limit;time;uhrzeit;heure;hora;tid;klokkeslett;beneficiary bic;country;"
        "gl code;department;location;receipt;user;card;cardholder;last 4 digits;card type;cb;"
        "available balance after;spend program;"
        "saldo mp;tillgangligt belopp;disponibelt belopp;tillgangligt saldo;saldo disponivel;disponibel saldo;branch;branch code;bank code;kod banku;kod banky;bank name;nazev banky"
    ),
}
_FIELDS_OF: dict[str, list[str]] = {}
_RANK: dict[tuple[str, str], int] = {}
for _field, _names in _NAMES.items():
    for _at, _name in enumerate(_names.split(";")):
        _FIELDS_OF.setdefault(_name, []).append(_field)
        _RANK[_field, _name] = _at
_FIELDS_OF["valuta"] = ["value_date", "currency"]

_SEVERAL = re.compile(r" ?\d{1,2}$")
_BRACKETED = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_CODES = "|".join(sorted(CURRENCIES))
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WITH_CODE = re.compile(
    rf"(?:^(?:{_CODES}) | (?:in )?(?:{_CODES}|euros?|euroa|kc|zl|local currency)$)"
)

_PARTS: list[tuple[str, re.Pattern[str]]] = [
    (field, re.compile(pattern))
    for field, pattern in (
        ("ignore", r"\b(?:origin\w*|orig|foreign|target|exchange|fx|vat|tax|ursprung\w*|fremdw\w*|taux|kurs)\b"),
        (
            "counterparty_account",
            r"(?=.*(?:count|partner|payer|payee|benef|sender|recipient|other|gegen|empf|auftraggeber|zahlungs|tegen|contra|mot|mod|kontrahent|proti|saaj|debtor|creditor|remitter)).*(?:iban|account|konto|kto|rekening|compte|cuenta|conto|rachun|ucet|uct|tili)",
        ),
        ("value_date", r"\b(?:value|valeur|valor|valuta|wert\w*|interest|arvo\w*)\b.*\b(?:date|datum|day)?\b(?<!amount)$"),
        ("date", r"(?:^|\b)(?:date|datum|data|fecha|dato|\w*datum|\w*dato|\w*dag|\w*tag|\w*paiva|kuupaev)\b"),
        ("balance", r"\b(?:balance|saldo|solde|kontostand|zustatek|egyenleg)\b"),
        ("fee", r"\b(?:fees?|charges?|gebuhr\w*|frais|comision\w*|commission\w*|prowizja|poplatek)\b"),
        ("status", r"\b(?:status|state|statut|estado|stato)\b"),
        ("currency", r"\b(?:currency|ccy|wahrung|waehrung|devise|divisa|moneda|waluta|mena)\b"),
        ("credit", r"\b(?:credit|credits|deposit|deposits|paid in|money in|haben|gutschrift\w*|abonos?|haber|avere|entrate|insatt\w*)\b"),
        ("debit", r"\b(?:debit|debits|withdrawals?|paid out|money out|soll|belastung\w*|cargos?|debe|dare|uscite|uttag\w*)\b"),
        ("amount", r"\b(?:amount|amt|betrag|\w+betrag|montant|importe|bedrag|\w+bedrag|importo|belopp|belob|belop|kwota|castka|osszeg|monto|summa|suma)\b"),
        ("counterparty", r"\b(?:counterparty|counter party|beneficiary|payee|payer|begunstigt\w*|beguenstigt\w*|auftraggeber\w*|empfanger\w*|tegenpartij|contrepartie|contraparte|controparte|kontrahent\w*)\b"),
        ("text", r"\b(?:description|descr|detail\w*|narrative|memo|reference|ref|remittance|message|verwendungszweck|omschrijving|mededeling|libelle|communication|concepto|descripcion|causale|descrizione|opis|tytul|popis|zprava|text|tekst|info\w*)\b"),
    )
]  # fmt: skip


_LONGEST_NAME = 300
"""Characters; what is longer names no column, and searching it takes the square of its length."""


@lru_cache(maxsize=65536)
def fields_of(heading: str) -> tuple[tuple[str, int], ...]:
    """Return the fields that a column's name can stand for, likeliest first, each with its rank.

    The rank tells two columns of one field apart: the lower is the better name for it; a name that
    only contains a known word has a rank of 1,000 or more.
    """
    for form in _forms(heading):
        name = form
        if form not in _FIELDS_OF and "?" in form:
            name = next((n for n in _FIELDS_OF if same(form, n)), form)
        if found := _FIELDS_OF.get(name):
            return tuple((field, _RANK.get((field, name), 0)) for field in found)
    folded = fold(heading)
    if len(folded) > _LONGEST_NAME:
        return ()
    return tuple((field, 1000) for field, pattern in _PARTS if pattern.search(folded))[:1]


def _forms(heading: str) -> list[str]:
    """Return a heading as written, without its brackets, currency and number."""
    whole = fold(heading) if heading.strip() not in ("+/-", "+ -") else heading.strip()
    plain = fold(_BRACKETED.sub(" ", heading))
    forms = [whole, plain, fold(_CAMEL.sub(" ", heading))]
    forms += [_WITH_CODE.sub("", form) for form in forms]
    forms += [_SEVERAL.sub("", form) for form in forms]
    return [form for form in dict.fromkeys(forms) if form]


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) or word.strip() for word in text.split(";"))


DEBIT = _words(
    "d;dr;db;dt;dbit;debit;debits;debet;deebet;debito;s;soll;af;-;withdrawal;withdrawals;w;out;"
    "outgoing;outbound;outflow;sent;paid out;money out;outward;ausgang;belastung;lastschrift;"
    "abbuchung;debiteur;uit;uitgaand;afschrijving;af-;cargo;egreso;salida;debe;dare;addebito;uscita;uttag;"
    "ut;ud;haevet;uttak;wydatek;obciazenie;wyplata;vydaj;odchozi;veloitus;terheles;debit transaction;"
    "debit memo;soll (s);dr.;minus;money-out;payment sent;debit entry;outgoing payment;spend"
)
CREDIT = _words(
    "c;cr;ct;crdt;credit;credits;kredit;kredyt;kreedit;credito;h;haben;bij;+;deposit;deposits;in;"
    "incoming;inbound;inflow;received;paid in;money in;inward;eingang;gutschrift;crediteur;"
    "inkomend;bijschrijving;abono;ingreso;entrada;haber;avere;accredito;entrata;insattning;"
    "ind;inn;innskudd;wplyw;uznanie;wplata;prijem;prichozi;pano;jovairas;k;credit transaction;"
    "credit memo;haben (h);cr.;plus;money-in;payment received;credit entry;incoming payment"
)


def are_directions(words: Collection[str]) -> bool:
    """Tell whether all words of a column say which way money went; ``-`` alone fills empty cells."""
    return set(words) <= DEBIT | CREDIT and {*words} != {"-"}


LETTERS = {"w": {"d": "credit"}}
"""Where W (withdrawal) stands beside it, D is a deposit."""

BOOKED = _words(
    "completed;complete;settled;posted;booked;cleared;processed;executed;success;successful;"
    "succeeded;accepted;done;final;confirmed;approved and settled;gebucht;umsatz gebucht;verbucht;"
    "ausgefuhrt;abgeschlossen;gebuchter umsatz;geaccepteerd;uitgevoerd;verwerkt;geboekt;accepte;"
    "comptabilise;execute;effectue;traite;valide;contabilizado;ejecutada;ejecutado;realizado;"
    "realizada;completado;completada;eseguito;eseguita;contabilizzato;contabilizzata;completato;"
    "bokford;bokfort;genomford;gennemfort;bogfort;utfort;udfort;toteutunut;kirjattu;zaksiegowano;"
    "zaksiegowana;zrealizowana;zrealizowano;wykonana;rozliczono;rozliczona;provedeno;zauctovano;"
    "konyvelt;teljesult;teostatud;available;paid;booked transaction;book;concluido;concluida;"
    "efetuada;liquidado;terminee;termine;abgerechnet;erfolgreich;portee au compte;geliefert;funds available;settled transaction"
)
NOT_BOOKED = _words(
    "pending;failed;failure;cancelled;canceled;declined;rejected;reverted;on hold;hold;processing;"
    "in progress;scheduled;authorised;authorized;authorization;draft;expired;error;denied;blocked;"
    "queued;awaiting approval;waiting;waiting for funds;not booked;unposted;uncleared;voided;void;"
    "in review;under review;submitted;initiated;upcoming;planned;incomplete;bounced before booking;"
    "vorgemerkt;umsatz vorgemerkt;vormerkung;vorgemerkter umsatz;abgelehnt;in bearbeitung;"
    "geplant;offen;blockiert;nicht ausgefuhrt;fehlgeschlagen;abgebrochen;geloscht;zuruckgewiesen;ausstehend;noch nicht gebucht;"
    "geweigerd;geannuleerd;in behandeling;gereserveerd;reservering;mislukt;refuse;refusee;annule;"
    "annulee;en attente;en cours;rejete;rejetee;echoue;a venir;rechazado;rechazada;pendiente;"
    "anulado;anulada;cancelado;cancelada;en proceso;en curso;denegada;rifiutato;rifiutata;"
    "annullato;annullata;in sospeso;in attesa;non contabilizzato;autorizzato;reserverat;reservert;"
    "reserveret;vantande;preliminar;preliminart;avvisad;nekad;afvist;avvist;afventer;venter;"
    "avbruten;makulerad;annulleret;annullert;varaus;odottaa;hylatty;peruttu;odmowa;odrzucona;"
    "odrzucono;oczekujaca;oczekuje;anulowana;anulowano;blokada;w realizacji;nierozliczona;"
    "zamitnuto;zruseno;ceka na zpracovani;nezauctovano;blokace;fuggoben;elutasitva;pendente;"
    "recusado;recusada;broneering;ootel;pdng;info;authorization hold;preauthorization;memo posted;memo"
)
STATUS_ONLY = BOOKED - _words(
    "paid;done;final;available;book;confirmed;accepted;processed;executed;traite"
)
"""Words that stand in no other column than one of the status."""
_PENDING = NOT_BOOKED - {"memo", "info", "error", "hold", "offen", "planned", "a venir"}


_PENDING_WORDS = (
    r"(?:pending|vorgemerkt|vormerkung|reserverat|reservert|reserveret|reservering|en attente|"
    r"pendiente|pendente|in attesa|in sospeso|oczekujaca|authori[sz]ation hold|pre ?authori[sz]ation)"
)
_MARKED_PENDING = re.compile(
    rf"^[*\[( -]*(?:(?:pending|vorgemerkt)\b|{_PENDING_WORDS}\b\W*[-:*/|(])|[-(\[*]\s*{_PENDING_WORDS}\W*$",
    re.IGNORECASE,
)


def is_marked_pending(text: str) -> bool:
    """Tell whether a text begins or ends with a mark of what is not booked: ``X (pending)``."""
    return _MARKED_PENDING.search(text) is not None


IN_THOUSANDS = re.compile(
    r"\b(?:in|en|em|i|w) (?:\w+ )?(?:thousands?|tausend|tsd|milliers|miles|milhares|migliaia|duizend|"
    r"tusen|tusind|millions?|mio|000s?)\b|\b[tk](?:eur|usd|chf|gbp|sek|nok|dkk)\b"
)
"""How a text beside the lines says that amounts are in thousands."""


def is_not_booked(text: str) -> bool:
    """Tell whether a cell that holds a date otherwise, or the heading of rows, means not booked."""
    folded = fold(text)
    return folded in _PENDING or any(
        folded.startswith(f"{word} ") and len(folded) < len(word) + 24
        for word in ("pending", "vorgemerkte", "vorgemerkt", "reserverat", "en attente")
    )


_BALANCE_ROWS = re.compile(
    r"(?:(?:statement |account )?(?:opening|closing|starting|ending|beginning|previous|final|initial|current|ledger|available|new|end|start) "
    r"(?:ledger |available |account |book )?balance|balance (?:brought|carried) ?(?:forward|down)|brought forward|"
    r"carried forward|balance b f|balance c f|b f|c f|balance forward|balance at (?:start|end)|balance|"
    r"(?:grand |sub ?|page )?totals?|total (?:debits?|credits?|payments|receipts|deposits|withdrawals|turnover|amount|in|out|"
    r"debits? credits?|general|movements?)|turnover|debit turnover|credit turnover|sum|"
    r"anfangssaldo|endsaldo|anfangsbestand|endbestand|alter (?:kontostand|saldo)|neuer (?:kontostand|saldo)|"
    r"kontostand|letzter kontostand|saldovortrag|schlusssaldo|eroffnungssaldo|abschlusssaldo|saldo|summe|gesamt|gesamtsumme|umsatzsumme|"
    r"startsaldo|slotsaldo|beginsaldo|eindsaldo|saldo (?:begin|eind)|vorig saldo|nieuw saldo|totaal|"
    r"solde(?: (?:initial|final|precedent|en (?:debut|fin) de periode|debiteur|crediteur|de depart|d ouverture|de cloture|comptable|a reporter|reporte))?|ancien solde|nouveau solde|"
    r"report|total des (?:mouvements|operations|debits|credits)|"
    r"saldo (?:inicial|final|do dia|del dia|anterior|actual|iniziale|finale|precedente|contabile|poczatkowe|koncowe|disponible|inicio|fim)|totale|totales|suma|total general|"
    r"saldo (?:contabilistico|disponivel)|ingaende (?:saldo|balans)|utgaende (?:saldo|balans)|primo(?:saldo)?|ultimo(?:saldo)?|inngaende saldo|startsaldo|sluttsaldo|"
    r"alkusaldo|loppusaldo|algsaldo|loppsaldo|kaive|saldo (?:otwarcia|zamkniecia)|pocatecni (?:zustatek|stav)|konecny (?:zustatek|stav)|"
    r"nyito egyenleg|zaro egyenleg|sakuma atlikums|beigu atlikums|summa|i alt|sammanlagt)"
    rf"(?: (?:as of|as at|at|on|per|am|zum|vom|au|al|il|a|del|de|den|z dne|\d+|{_CODES}|{'|'.join(MONTHS)}))*"
)  # fmt: skip


_BALANCE_WORDS = frozenset(
    "balance saldo solde kontostand zustatek egyenleg brought carried forward остаток сальдо movement movements funds transactions "
    "繰越 前月繰越 次月繰越 期初余额 期末余额 overfort".split()
)
_BESIDE_BALANCE = frozenset(
    "your the was is of on at as in for from to and net number total available last previous this period month day end begin beginning start "
    "opening closing statement page account vorige volgende periode van naar na poczatek koniec okresu dnia em de do da del della le la au "
    "du precedente anterior forrige side fra til foregaende sida входящии исходящии начальныи конечныи на".split()
) | {*MONTHS}


def is_balance_row(text: str) -> bool:
    """Tell whether a whole cell says that its row is a balance, a turnover or a total."""
    if len(text) >= 80:
        return False
    folded = fold(text)
    spaced = re.fullmatch(r"(?:\w )+\w", folded)  # S A L D O
    forms = (folded, folded.replace(" ", "") if spaced else folded)
    words = {w for w in folded.split() if not w.isdigit()}
    return any(map(_BALANCE_ROWS.fullmatch, forms)) or (
        bool(words & _BALANCE_WORDS) and words <= _BALANCE_WORDS | _BESIDE_BALANCE
    )


_HINTS: list[tuple[frozenset[str], str]] = [
    (_words(names), currencies)
    for names, currencies in (
        ("buchungstag;betrag;umsatz;verwendungszweck;wertstellung;buchungstext;buchungsdatum;haben;soll;gutschrift;empfanger", "eur chf"),
        ("bedrag;omschrijving;rekening;tegenrekening;boekdatum;mededeling;mededelingen;naam tegenpartij", "eur"),
        ("montant;libelle;date operation;date de valeur;date comptable;debit euros;credit euros", "eur chf cad xof xaf mad tnd"),
        ("importe;concepto;fecha;fecha operacion;fecha valor;descripcion;abono;cargo", "eur mxn clp cop ars pen uyu dop gtq crc"),
        ("importo;causale;descrizione;data contabile;data valuta;dare;avere;data operazione", "eur chf"),
        ("belopp;bokforingsdag;bokforingsdatum;rubrik;insattning;uttag;reskontradatum;transaktionsdag", "sek"),
        ("belob;bogfort;bogforingsdato;tekst", "dkk nok"),
        ("inn pa konto;ut fra konto;belop;bokfort dato;rentedato;forklaring", "nok"),
        ("kirjauspaiva;maara;saaja maksaja;arvopaiva;viesti;selitys", "eur"),
        ("kwota;opis operacji;data operacji;data ksiegowania;kwota operacji;tytul", "pln"),
        ("castka;objem;datum provedeni;protiucet;zprava pro prijemce;datum zauctovani", "czk"),
        ("osszeg;konyveles datuma;terheles;jovairas", "huf"),
        ("data mov;data valor;descricao;data lancamento;debito;saldo contabilistico;saldo disponivel;historico", "eur brl"),
        ("sort code", "gbp"),
        ("bsb;bsb number;bank account bsb", "aud"),
        ("ifsc;ifsc code;chq ref no;narration;withdrawal amt;deposit amt", "inr"),
    )
]  # fmt: skip


def likely_currencies(headings: list[str]) -> frozenset[str]:
    """Return the currencies that go with the language of these headings; none if any would."""
    folded = {form for heading in headings for form in _forms(heading)}
    count, best = max((len(folded & names), currencies) for names, currencies in _HINTS)
    return frozenset(best.split()) if count else frozenset()


REVERSAL = re.compile(
    r"(?<![^\W\d_])(?:revers(?:al|ed|ing)|revsl|returned (?:item|payment|check|cheque|ach|wire|deposit)"
    r"|return(?:ed)? of|bounced|nsf|dishonou?red|unpaid (?:item|cheque|check|direct debit)|charge ?back|recalled?"
    r"|deposited item returned|returned|stornierung|storno|rucklastschrift|ruecklastschrift|rücklastschrift"
    r"|ruckbuchung|rückbuchung|ruckuberweisung|rücküberweisung|retoure|rejet|impaye|impayé|retour|contrepassation"
    r"|extourne|devolucion|devolución|retrocesion|retrocesión|anulacion|anulación|storno|insoluto|riaccredito"
    r"|stornering|storneret|returnert|returneret|aterbetalning|återbetalning|zwrot|stornowanie|vraceno|vráceno)"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
"""Words by which banks say that a line takes back an earlier one."""

ACCOUNT_LABEL = re.compile(
    r"^(?:(?:your |own |main |bank )?account(?: number| no| id)?|iban|konto(?:nummer)?|compte|numero de compte|cuenta|"
    r"numero de cuenta|rekening(?:nummer)?|conto|tilinumero|kontonr|rachunek|numer rachunku|cislo uctu|ucet|konto iban|"
    r"iban konto|kliendi konto|girokonto|tagesgeldkonto)$"
)


CURRENCY_LABEL = re.compile(
    r"^(?:account )?(?:currency|ccy|wahrung|waehrung|kontowahrung|devise|moneda|divisa|munt|valuta|waluta|mena|valuuta|whg)$"
)


KIND = re.compile(r"\b(?:type|typ|art|\w+art|kind|code|details|transaction|soort|tipo|operation)\b")


CARD = re.compile(
    r"\b(?:card|cards|cardholder|card ?member|merchant|\w*karte|kreditkarte|carte|kaart|tarjeta|carta|kort)\b"
)
"""Words in the headings of a card's statement."""


BALANCE = re.compile(
    r"balance|saldo|solde|kontostand|bestand|zustatek|egyenleg|forward|vortrag|b f|c f|jaak"
)
"""What tells a balance from a total or a turnover."""


TOTAL = re.compile(
    r"\b(?:sub ?)?(?:totals?|totaal|totale|totales|summe|summa|suma|sum|turnover|zwischensumme|gesamt)\b"
    r"|\b(?:this|for the|in the) (?:period|month)\b"
)
"""Words of a row that may be the sum of others."""
YES = _words("yes;y;true;ja;j;oui;si;sim;tak;ano;x")
NO = _words("no;n;false;nein;nee;non;nao;nie;ne")


_MARK = re.compile(
    r"^(?P<before>CR|DR|C|D)?\.?\s*(?P<amount>[^A-Za-z]*\d.*?|[A-Z]{3}\s*[\d(+-].*?)\s*(?P<after>CR|DR|DB|C|D|H|S|Cr|Dr|cr|dr|Soll|Haben)?\.?$"
)
_DEBIT = frozenset({"DR", "DB", "D", "S", "SOLL"})
_IBAN = re.compile(
    r"(?<![A-Z0-9])([A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Z0-9])"
)


class Amount(NamedTuple):
    """An amount as a bank's cell writes it.

    Attributes:
        written: Its readings, with the sign that is written as a number's.
        mark: credit or debit, where it is marked ``CR`` or ``DR``; else ``""``.
        signed: Whether it bears a plus or minus, or parentheses.
    """

    written: WrittenAmount
    mark: str
    signed: bool


def amount_of(cell: Cell) -> Amount | None:
    """Return what a cell can mean as an amount, or None."""
    if not isinstance(cell, str):
        written = written_amount(cell)
        return (
            None
            if written is None
            else Amount(written, "", bool(written.point and written.point < 0))
        )
    return _of_text(cell.strip())


@lru_cache(maxsize=65536)
def _of_text(text: str) -> Amount | None:
    if not text or not any(c.isdigit() for c in text):
        return None
    written = written_amount(text)
    if written is not None:
        return Amount(written, "", _signed(text))
    found = _MARK.match(text)
    mark = found and (found["after"] or found["before"])
    if not found or not mark:
        return None
    written = written_amount(found["amount"].strip())
    if written is None:
        return None
    side = "debit" if mark.upper() in _DEBIT else "credit"
    return Amount(written, side, signed=_signed(found["amount"]))


def _signed(text: str) -> bool:
    return any(c in text for c in "+-(\u2212\u2013\u2010\u2011") and not re.search(
        r"[.,]-{1,2}$", text
    )


def text_in(cell: Cell) -> str:
    """Return a cell's text; ``="0123"``, by which banks keep zeros, is 0123."""
    text = " ".join(text_of(cell).split())
    return text[2:-1] if text.startswith('="') and text.endswith('"') and len(text) > 3 else text


def iban_in(text: str) -> str:
    """Return the first IBAN in a text whose check digits are right, without spaces, or ``""``."""
    for found in _IBAN.finditer(text):
        squeezed = found[1].replace(" ", "")
        for end in range(len(squeezed), 14, -1):
            if _checks(squeezed[:end]):
                return squeezed[:end]
    return ""


def is_iban_like(text: str) -> bool:
    """Tell whether a cell is written like an IBAN, whatever its check digits."""
    return re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{10,30}", text.replace(" ", "")) is not None


def _checks(text: str) -> bool:
    turned = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def signed_value(amount: Amount, decimals: Decimals | None) -> Decimal | None:
    """Return the value in a habit of decimals, below 0 where it is marked as a debit."""
    value = amount.written.read(decimals)
    if value is None or not amount.mark:
        return value
    return -abs(value) if amount.mark == "debit" else abs(value)
