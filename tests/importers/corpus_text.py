"""The text files of the corpus: every encoding, dialect, language and habit."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.importers.corpus_sources import (
    CAFE,
    GULF,
    HEADERS,
    KAITO,
    MUELLER,
    NORTHWIND,
    WESTERN,
    WORLD,
    Expected,
    Order,
    lines,
    rows_of,
    save,
)


def text(rows: Sequence[Sequence[Any]], delimiter: str = ",", ends: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    # With carriage returns alone Python's writer would leave line feeds in cells unquoted.
    quoting = csv.QUOTE_ALL if ends == "\r" else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(rows)
    return out.getvalue()


def german(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def french(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans({",": "\u202f", ".": ","})) + " €"


def swiss(value: Decimal) -> str:
    return f"{value:,.2f}".replace(",", "\u2019")


def accounting(value: Decimal) -> str:
    shown = f"{abs(value):,.2f}"
    return f" $ ({shown})" if value < 0 else f" $ {shown} "


def with_header(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    return [header, *rows]


def encodings() -> None:
    world = text(with_header(HEADERS, rows_of(WORLD)))
    western = text(with_header(HEADERS, rows_of(WESTERN)), ";")
    all_of = Expected(WORLD)
    save("utf8.csv", world.encode(), all_of)
    save("utf8-with-mark.csv", world.encode("utf-8-sig"), all_of)
    save("utf16.csv", world.encode("utf-16"), all_of)
    save("utf16-big-endian.csv", b"\xfe\xff" + world.encode("utf-16-be"), all_of)
    save(
        "utf16-without-mark.csv",
        text(with_header(HEADERS, rows_of(WESTERN))).encode("utf-16-le"),
        Expected(WESTERN),
    )
    noted = Expected(WESTERN, notes=["Windows-1252"])
    save("windows-1252-semicolons.csv", western.encode("cp1252"), noted)
    save(
        "excel-unicode-text.txt",
        text(with_header(HEADERS, rows_of(WORLD)), "\t").encode("utf-16"),
        all_of,
    )


def dialects() -> None:
    rows = with_header(HEADERS, rows_of(WORLD))
    save("tabs.tsv", text(rows, "\t").encode(), Expected(WORLD))
    save("pipes.txt", text(rows, "|").encode(), Expected(WORLD))
    save("line-feeds.csv", text(rows, ends="\n").encode(), Expected(WORLD))
    save("old-mac-carriage-returns.csv", text(rows, ends="\r").encode(), Expected(WORLD))
    mixed = text(rows).splitlines(keepends=True)
    mixed = [line.replace("\r\n", "\n") if i % 2 else line for i, line in enumerate(mixed)]
    save("mixed-line-ends.csv", "".join(mixed).encode(), Expected(WORLD))
    save("excel-sep-hint.csv", ("sep=;\r\n" + text(rows, ";")).encode(), Expected(WORLD))
    empty = ["", "  ", "\u00a0"]
    padded = [[*row, *empty] for row in rows] + [["", " ", ""], [], [""] * 14]
    save("empty-rows-and-columns.csv", text(padded).encode(), Expected(WORLD))
    gaps = [rows[0], [], *rows[1:4], [""] * 11, *rows[4:]]
    after_gaps = [[3, 4, 5], [7, 8], [9, 10], [11], [12, 13]]
    save("blank-lines-between.csv", text(gaps).encode(), Expected(WORLD, rows=after_gaps))
    titles = [["Sponsors 2027"], ["Exported 2026-11-20 by J. Doe"], [], *rows]
    save("title-rows.csv", text(titles).encode(), Expected(WORLD, first_row=5))


LANGUAGES = {
    "german": "Firma;Ansprechpartner;E-Mail-Adresse;Rechnungsadresse;Bestellnummer;Bezeichnung;"
    "Menge;Einzelpreis;Währung;Fällig am;Bemerkungen",
    "french": "Raison sociale;Contact;Courriel;Adresse de facturation;N° de bon de commande;"
    "Désignation;Quantité;Prix unitaire;Devise;Date d\u2019échéance;Remarques",
    "spanish": "Razón social;Persona de contacto;Correo electrónico;Dirección de facturación;"
    "Nº de orden de compra;Concepto;Cantidad;Precio unitario;Moneda;Fecha de vencimiento;Notas",
    "portuguese": "Nome da empresa;Contato;E-mail;Endereço de cobrança;Número do pedido;Descrição;"
    "Quantidade;Preço unitário;Moeda;Data de vencimento;Observações",
    "italian": "Ragione sociale;Referente;Posta elettronica;Indirizzo di fatturazione;"
    "Numero ordine di acquisto;Descrizione;Quantità;Prezzo unitario;Valuta;Data di scadenza;Note",
}


def languages() -> None:
    for language, header in LANGUAGES.items():
        rows = rows_of(WESTERN, amount=german, day=lambda d: d.strftime("%d.%m.%Y"))
        content = text(with_header(header.split(";"), rows), ";")
        save(f"{language}.csv", content.encode(), Expected(WESTERN))


def habits() -> None:
    def one(name: str, orders: Sequence[Order], expected: Expected, **how: Any) -> None:
        save(name, text(with_header(HEADERS, rows_of(orders, **how)), ";").encode(), expected)

    euros, dollars = (CAFE, MUELLER), (NORTHWIND, replace(CAFE, currency="usd"))
    one("french-narrow-spaces.csv", euros, Expected(euros), amount=french)
    francs = tuple(replace(order, currency="chf") for order in euros)
    one("swiss-apostrophes.csv", francs, Expected(francs), amount=swiss)
    one("accounting-parentheses.csv", dollars, Expected(dollars), amount=accounting)
    minus = lambda v: f"{abs(v):.2f}-" if v < 0 else f"{v:.2f}"  # noqa: E731
    one("trailing-minus.csv", euros, Expected(euros), amount=minus)
    codes = lambda v: f"EUR {v:,.2f}"  # noqa: E731
    one("currency-codes.csv", euros, Expected(euros), amount=codes)
    rupees = replace(NORTHWIND, currency="inr", lines=lines(("Title sponsor", 1, "934567.50")))
    one(
        "indian-lakhs.csv",
        (rupees,),
        Expected((rupees,)),
        amount=lambda _: "₹ 9,34,567.50",
    )
    by_currency = (replace(MUELLER, lines=lines(("Gold", 1, "1234"), ("Silver", 1, "2500"))),)
    grouped = lambda v: f"{v:,.0f}".replace(",", ".")  # noqa: E731
    one("decided-by-the-currency.csv", by_currency, Expected(by_currency), amount=grouped)
    unclear = (replace(MUELLER, lines=lines(("Gold", 1, "1500"), ("Silver", 1, "2500"))),)
    asks = Expected(raises="ImportChoiceError", says="decimal comma")
    one("unclear-decimals.csv", unclear, asks, amount=grouped)
    answered = Expected(unclear, options={"decimal": "comma"})
    one("unclear-decimals-answered.csv", unclear, answered, amount=grouped)
    dinars = (GULF,)
    one("three-decimals.csv", dinars, Expected(dinars))
    yen = (KAITO,)
    one("yen-with-commas.csv", yen, Expected(yen), amount=lambda v: f"¥{v:,}")
    month_first = lambda d: f"{d.month}/{d.day}/{d.year}"  # noqa: E731
    one("month-first.csv", WESTERN, Expected(WESTERN), day=month_first)
    day_first = lambda d: f"{d.day:02}-{d.month:02}-{d.year % 100:02}"  # noqa: E731
    one("day-first.csv", WESTERN, Expected(WESTERN), day=day_first)
    unclear_day = (replace(MUELLER, due=date(2027, 4, 3)),)
    refused = Expected(errors=[(row, "due_date", "date_invalid") for row in (2, 3)])
    one("unclear-dates.csv", unclear_day, refused, day=month_first)
    answered = Expected(unclear_day, options={"dates": "mdy"})
    one("unclear-dates-answered.csv", unclear_day, answered, day=month_first)
    named = lambda d: d.strftime("%d %B %Y")  # noqa: E731
    one("months-by-name.csv", WESTERN, Expected(WESTERN), day=named)


def contents() -> None:
    header = ["Sponsor", "Notify", "PO #", "What", "Amount", "Internal code"]
    rows = [["Acme", "ap@acme.example", "0012", "Gold", "500.00", "x-1"]]
    acme = Order(
        "Acme", "ap@acme.example", "0012", "usd", lines(("Purchase order 0012", 1, "500.00")),
        due=None, contact="", address="",
    )  # fmt: skip
    asks = Expected(raises="ImportChoiceError", says="'Notify'")
    save("email-by-content.csv", text([header, *rows]).encode(), asks)
    kept = replace(acme, notes="What: Gold\nInternal code: x-1")
    option = {"unknown": "notes", "mapping": {"contact_email": "Notify"}}
    save(
        "unknown-columns-kept.csv",
        text([header, *rows]).encode(),
        Expected((kept,), options=option),
    )
    two = [["Sponsor", "Email", "Amount", "Amount"], ["Acme", "ap@acme.example", "500.00", "5.00"]]
    asks = Expected(raises="ImportChoiceError", says="Amount (column C)")
    save("two-amount-columns.csv", text(two).encode(), asks)
    first = replace(acme, number="", lines=lines(("Purchase order", 1, "5.00")))
    chosen = Expected((first,), options={"mapping": {"amount": "Amount (column D)"}})
    save("two-amount-columns-answered.csv", text(two).encode(), chosen)
    _packages()
    _oddities()
    _totals()


def _packages() -> None:
    header = ["Company", "E-mail", "PO", "Gold", "Booth", "Tickets", "Total"]
    rows = [
        ["Acme", "ap@acme.example", "0012", "5000.00", "-", "425.50", "5425.50"],
        ["Bolt", "ap@bolt.example", "0013", "", "1250.00", "", "1250.00"],
        ["Cork", "ap@cork.example", "0014", "5000.00", "1250.00", "", "6000.00"],
    ]

    def order(at: int, *parts: tuple[str, int, str]) -> Order:
        name, email, number = rows[at][:3]
        return Order(name, email, number, "usd", lines(*parts), due=None, contact="", address="")

    good = (
        order(0, ("Gold", 1, "5000.00"), ("Tickets", 1, "425.50")),
        order(1, ("Booth", 1, "1250.00")),
    )
    expected = Expected(good, rows=[[2], [3]], errors=[(4, "Total", "amount_mismatch")])
    more = [
        *rows,
        *[["D" + str(i), f"ap@d{i}.example", f"P{i}", "", "9.00", "", "9.00"] for i in range(6)],
    ]
    tail = tuple(
        Order(
            r[0], r[1], r[2], "usd", lines(("Booth", 1, "9.00")), due=None, contact="", address=""
        )
        for r in more[3:]
    )
    expected.orders, expected.rows = (*good, *tail), [[2], [3], *[[i] for i in range(5, 11)]]
    save("package-columns.csv", text([header, *more]).encode(), expected)


def _oddities() -> None:
    rows = rows_of((MUELLER,))
    rows[0][0] = rows[1][0] = "Mu\u0308ller &\u200b So\u0308hne GmbH"
    warned = [(2, "control_characters"), (3, "control_characters")]
    save(
        "decomposed-and-invisible.csv",
        text([HEADERS, *rows]).encode(),
        Expected((MUELLER,), warnings=warned),
    )
    rows = rows_of((MUELLER,))
    for row in rows:
        row[2] = "Rechnung <rechnung@mueller.example>; chef@mueller.example"
    several = replace(MUELLER, notes="Other addresses: chef@mueller.example")
    warned = [(2, "several_emails")]
    save(
        "several-addresses.csv",
        text([HEADERS, *rows]).encode(),
        Expected((several,), warnings=warned),
    )
    rows = rows_of((MUELLER,))
    rows[0][4] = rows[1][4] = "4.52827E+11"
    bad = [(2, "po_number", "digits_lost"), (3, "po_number", "digits_lost")]
    save("rounded-po-number.csv", text([HEADERS, *rows]).encode(), Expected(errors=bad))
    slips = replace(NORTHWIND, email="jane@gmial.com", due=date(2026, 3, 31))
    warned = [(2, "due_date_past"), (2, "email_typo")]
    save(
        "slips.csv",
        text([HEADERS, *rows_of((slips,))]).encode(),
        Expected((slips,), warnings=warned),
    )


def _totals() -> None:
    rows = rows_of(WESTERN)
    total = ["Total", "", "", "", "", "", "", "29139.75", "", "", ""]
    differs = [(9, "total_differs")]
    noted = Expected(WESTERN, notes=["Row 9 is a totals row"], warnings=differs)
    save("totals-row.csv", text([HEADERS, *rows, total]).encode(), noted)
    again = [HEADERS, *rows[:3], HEADERS, *rows[3:]]
    noted = Expected(WESTERN, rows=[[2, 3, 4], [6, 7], [8, 9]], notes=["Row 5 repeats the header"])
    save("repeated-header.csv", text(again).encode(), noted)
    total_sa = replace(MUELLER, organization="Total")
    save(
        "a-sponsor-called-total.csv",
        text([HEADERS, *rows_of((total_sa,))]).encode(),
        Expected((total_sa,)),
    )


def refused() -> None:
    def no(name: str, content: bytes, says: str) -> None:
        save(name, content, Expected(raises="ImportFileError", says=says))

    good = text(with_header(HEADERS, rows_of(WORLD)))
    no("empty.csv", b"", "empty")
    no("only-spaces.csv", b" \r\n\t\r\n", "empty")
    no("only-a-header.csv", text([HEADERS]).encode(), "no purchase order under it")
    no("no-header.csv", text(rows_of(WORLD)).encode(), "no header")
    no("text-called-xlsx.xlsx", good.encode(), "says that the file is an Excel workbook")
    no(
        "web-page-called-xls.xls",
        b"<html><table><tr><td>organization_name</td></tr></table></html>",
        "a web page",
    )
    no("pdf-called-csv.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document")
    no("binary.csv", bytes(range(256)) * 8, "binary data")
    quoted = good.encode()
    no("cut-in-a-quotation.csv", quoted[: quoted.index(b'Asked for ""PO') + 12], "never closed")
    no("cut-in-a-character.csv", good[: good.rindex("ü") + 1].encode()[:-1], "cut short")
    lone = good.replace('"12 Harbour', '"12 Harbour', 1).replace(', FR",000417', ", FR,000417", 1)
    no("stray-quotation-mark.csv", lone.encode(), "so what follows is read as one cell")
    no(
        "no-amount-column.csv",
        b"Sponsor,Email,PO\r\nAcme,ap@acme.example,1\r\n",
        "amount or unit_price",
    )


def make() -> None:
    encodings()
    dialects()
    languages()
    habits()
    contents()
    refused()
