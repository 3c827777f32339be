"""Write the sheets of ``sheets/`` and their right results.

    python -m tests.importers.make_sheets

A kind of sheet stands here in several languages and as several programs write it: the csv module,
openpyxl, xlsxwriter, and LibreOffice, which converts an XLSX to ODS or XLS where ``soffice`` is on
PATH (else those files stay as they are). The result is written down by hand, not taken from the
code it tests. The sheets whose names begin with a letter and two digits were reported by users.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter
from openpyxl.styles import Font

SHEETS = Path(__file__).parent / "sheets"
RIGHT: dict[str, dict[str, Any]] = {}

Row = Sequence[Any]


def asks(*keys: str) -> dict[str, Any]:
    return {"asks": list(keys)}


def orders(*found: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Organization, email, PO number, total, and the due date or days of each order."""
    return {"orders": [[*one, *[None] * (5 - len(one))] for one in found], **more}


def save(name: str, rows: Sequence[Row], right: dict[str, Any], **how: Any) -> None:
    """Write one sheet in the format of its name's ending."""
    RIGHT[name] = right
    path = SHEETS / name
    ending = path.suffix
    if ending == ".csv":
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=how.get("delimiter", ",")).writerows(rows)
        path.write_bytes(out.getvalue().encode(how.get("encoding", "utf-8")))
    elif ending == ".xlsx" and how.get("by") == "openpyxl":
        path.write_bytes(_openpyxl(rows, how.get("formats", {}), how.get("struck")))
    elif ending == ".xlsx":
        path.write_bytes(_xlsxwriter(rows, how.get("formats", {}), how.get("struck")))
    else:
        _libreoffice(path, _openpyxl(rows, how.get("formats", {}), how.get("struck")))


def _openpyxl(
    rows: Sequence[Row], formats: dict[tuple[int, int], str], struck: int | None = None
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for (row_at, column), code in formats.items():
        sheet.cell(row_at, column).number_format = code
    for cell in sheet[struck] if struck else ():
        cell.font = Font(strike=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xlsxwriter(
    rows: Sequence[Row], formats: dict[tuple[int, int], str], struck: int | None = None
) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row_at, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                code = formats.get((row_at, column))
                style = book.add_format({"num_format": code}) if code else None
                if row_at == struck:
                    style = book.add_format({"font_strikeout": True})
                if isinstance(value, str):
                    sheet.write_string(row_at - 1, column - 1, value, style)
                elif value is not None:
                    sheet.write_number(row_at - 1, column - 1, value, style)
    return out.getvalue()


def _libreoffice(path: Path, content: bytes) -> None:
    program = shutil.which("soffice")
    if program is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{path.stem}.xlsx"
        source.write_bytes(content)
        kind = path.suffix.removeprefix(".")
        command = [program, "--headless", "--convert-to", kind, "--outdir", folder, str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        shutil.copy(Path(folder) / path.name, path)


ACME = ("Acme GmbH", "ap@acme.example")
BOLT = ("Bolt AB", "ap@bolt.example")


def reported() -> None:
    """The sheets that users reported; the files are kept as they came."""
    RIGHT.update(
        {
            "a01-quickbooks-invoice-template.csv": orders(
                ("A01 Ltd", "a@a01.example", "", "1000.00 usd", "2027-03-31")
            ),
            "a03-last-year-this-year.csv": asks("packages:amount"),
            "a05-two-tables-one-sheet.csv": orders(
                ("A05 Ltd", "a@a05.example", "A05", "5000.00 usd"),
                ("A05b Ltd", "b@a05.example", "A05B", "2000.00 usd"),
                ("A05c Ltd", "c@a05.example", "A05C", "100.00 usd", "2027-03-31"),
                left_out=[5, 6],
            ),
            "a06-quantity-ordered.csv": orders(("A06 Ltd", "a@a06.example", "A06", "1000.00 usd")),
            "a08-discount-column.csv": asks("column:Discount %"),
            "a10-yen-sign-in-header.csv": asks("currency:"),
            "a12-column-that-says-all.csv": orders(
                ("A12 Ltd", "a@a12.example", "A12", "1000.00 usd")
            ),
            "a13-unquoted-thousands.csv": orders(
                ("A13b Ltd", "b@a13.example", "A13B", "750.00 usd"), errors=[[2, "cells_shifted"]]
            ),
            "a15-percent-discount-line.xlsx": orders(errors=[[3, "amount_unreadable"]]),
            "a16-canadian-dollar-format.xlsx": orders(
                ("A16 Ltd", "a@a16.example", "A16", "15000.00 cad")
            ),
            "a18-owner-email-taken.csv": asks("field:contact_email"),
            "a20-sponsor-called-total.csv": orders(
                ("A20 Ltd", "a@a20.example", "A20", "100.00 usd"), errors=[[2, "required"]]
            ),
            "a21-only-first-row-names-sponsor.csv": orders(
                ("A21 Ltd", "a@a21.example", "A21", "7400.00 usd")
            ),
            "b01-mended-numbers-and-text-eur.xlsx": asks("decimal:2.500"),
            "b02-mended-packages.csv": orders(
                ("B02b Ltd", "ap@b02.example", "B02B", "6250.00 usd"),
                errors=[[2, "email_invalid"]],
            ),
            "b03-po-number-forms.csv": orders(
                ("B03 Ltd", "a@b03.example", "00123", "1.00 usd"),
                ("B03b Ltd", "a@b03.example", "00123", "1.00 usd"),
                ("B03c Ltd", "a@b03.example", "4500012345", "1.00 usd"),
                ("B03d Ltd", "a@b03.example", "", "1.00 usd"),
                ("B03d Ltd", "a@b03.example", "", "2.00 usd"),
                ("B03e Ltd", "a@b03.example", "", "1.00 usd"),
                ("B03f Ltd", "a@b03.example", "", "1.00 usd"),
                warnings=[[row, "po_placeholder"] for row in (5, 6, 7, 8)],
            ),
            "b06-encoding-cp932.csv": asks("encoding:"),
            "b06-encoding-koi8r.csv": asks("encoding:"),
            "b08-stray-quotes.csv": orders(
                ('B08 "Best" Inc', "a@b08.example", "B08", "100.00 usd"),
                ('"Gold" Partners', "b@b08.example", "B08B", "100.00 usd"),
            ),
            "b10-status-cancelled.csv": orders(
                ("B10 Ltd", "a@b10.example", "B10", "100.00 usd"),
                warnings=[[2, "status_cancelled"]],
            ),
            "b11-emails-refused.csv": orders(
                *((f"B11-{n} Ltd", "a@b11.example", f"B11-{n}", "100.00 usd") for n in range(8)),
                warnings=[[7, "several_emails"], [8, "several_emails"]],
            ),
            "b12-terms-refused.csv": orders(
                *(
                    (f"B12-{n} Ltd", "a@b12.example", f"B12-{n}", "100.00 usd", days)
                    for n, days in enumerate((0, 30, 30, 30, 0, None))
                )
            ),
            "c01-html.xls": {"refused": "a web page"},
            "c02-footers-and-totals.csv": orders(
                ("C02 Ltd", "a@c02.example", "C02", "100.00 usd"), left_out=[3, 4, 5, 6]
            ),
        }
    )


def columns() -> None:
    german = ["Firma", "E-Mail", "Bestellnummer", "Bezeichnung"]
    french = ["Raison sociale", "Courriel", "N° de commande", "Désignation"]
    swedish = ["Företag", "E-post", "Ert ordernummer", "Beskrivning"]
    japanese = ["会社名", "メールアドレス", "注文番号", "品名"]
    spanish = ["Empresa", "Correo electrónico", "Orden de compra", "Descripción"]
    acme = [*ACME, "A1", "Gold"]
    thousand = orders((*ACME, "A1", "1000.00 usd"))
    # Names of quantity and price in other words and languages.
    save(
        "quantity-stunden.csv",
        [[*german, "Stunden", "Stundensatz"], [*acme, "10", "100,00"]],
        thousand,
        delimiter=";",
    )
    save(
        "quantity-commandee.xlsx",
        [[*french, "Qté commandée", "PU HT"], [*acme, 10, 100]],
        thousand,
        by="openpyxl",
    )
    save("quantity-antal.ods", [[*swedish, "Antal", "À-pris"], [*acme, 10, 100]], thousand)
    save(
        "quantity-camel-case.csv",
        [
            [
                "organizationName",
                "contactEmail",
                "poNumber",
                "itemDescription",
                "orderedQty",
                "unitPrice",
            ],
            [*acme, "10", "100.00"],
        ],
        thousand,
    )
    save(
        "quantity-passes.xlsx",
        [[*german, "Pässe", "Preis"], [*acme, 10, 100]],
        asks("column:Pässe"),
    )
    # Columns that change what is owed.
    for name, header, title, value in (
        ("discount-rabatt.xlsx", german, "Rabatt", 100),
        ("discount-remise.csv", french, "Remise (%)", "10"),
        (
            "discount-korting.ods",
            ["Bedrijf", "E-mail", "Inkoopordernummer", "Omschrijving"],
            "Korting",
            100,
        ),
        ("tax-mwst.xls", german, "MwSt", 190),
        ("tax-moms.csv", swedish, "Moms", "250.00"),
        ("tax-japanese.xlsx", japanese, "消費税", 100),
        ("deposit-anticipo.csv", spanish, "Anticipo", "200.00"),
        ("paid-yes.csv", spanish, "Pagado", "sí"),
        ("paid-bezahlt.xlsx", german, "Bezahlt", "ja"),
        ("balance-saldo.csv", spanish, "Saldo pendiente", "800.00"),
        ("shipping-versand.csv", german, "Versandkosten", "25.00"),
    ):
        amount = {"csv": "1000.00"}.get(name[-3:], 1000)
        price = {
            "Firma": "Betrag",
            "Raison sociale": "Montant",
            "Företag": "Belopp",
            "会社名": "金額",
            "Empresa": "Importe",
            "Bedrijf": "Bedrag",
        }[header[0]]
        save(name, [[*header, price, title], [*acme, amount, value]], asks(f"column:{title}"))
    save(
        "tax-zero.csv",
        [[*german, "Betrag", "MwSt", "Brutto"], [*acme, "1000.00", "0.00", "1000.00"]],
        thousand,
    )
    # Numbers that are no packages.
    for name, heads, values in (
        ("years-csv.csv", ["2026", "2027"], ["4000.00", "5000.00"]),
        ("passes-and-booth.xlsx", ["Pässe", "Stand-Nr"], [4, 12]),
        ("budget-vorjahr.ods", ["Vorjahr", "Zusage"], [4000, 5000]),
        ("invoice-numbers.csv", ["Rechnung", "Teilnehmer"], ["10017", "250"]),
    ):
        one = "packages:amount" if name != "x" else ""
        save(name, [[*german[:3], *heads], [*ACME, "A1", *values]], asks(one))
    save(
        "packages-named.xlsx",
        [[*german[:3], "Gold", "Stand"], [*ACME, "A1", 5000, 1250]],
        orders((*ACME, "A1", "6250.00 usd")),
    )
    save(
        "packages-unreadable.csv",
        [
            ["Company", "E-mail", "PO", "Gold", "Booth"],
            [*ACME, "A1", "5000.00", "TBD"],
            [*BOLT, "B1", "5000.00", "1250.00"],
        ],
        orders((*BOLT, "B1", "6250.00 usd"), errors=[[2, "amount_unreadable"]]),
    )
    save(
        "packages-that-add-up.ods",
        [["Company", "E-mail", "PO", "Entry", "Dinner", "Total"], [*ACME, "A1", 500, 50, 550]],
        orders((*ACME, "A1", "550.00 usd")),
    )
    # Who is written to.
    save(
        "email-owner.xlsx",
        [["Firma", "Zuständig", "Betrag"], ["Acme GmbH", "jane@conf.example", 100]],
        asks("field:contact_email"),
    )
    save(
        "email-one-for-all.csv",
        [
            ["Company", "Email", "Amount"],
            ["Acme", "us@conf.example", "1.00"],
            ["Bolt", "us@conf.example", "2.00"],
            ["Cork", "us@conf.example", "3.00"],
        ],
        asks("email:Email"),
    )
    save(
        "email-billing-first.csv",
        [
            ["Company", "Contact e-mail", "Billing e-mail", "Amount"],
            ["Acme GmbH", "jane@acme.example", "ap@acme.example", "100.00"],
        ],
        orders((*ACME, "", "100.00 usd")),
    )
    save(
        "email-two.csv",
        [
            ["Company", "Email", "Contact email", "Amount"],
            ["Acme", "jane@acme.example", "ap@acme.example", "100.00"],
        ],
        asks("field:contact_email"),
    )
    save(
        "who-is-billed.csv",
        [
            ["Company", "Customer", "Email", "Amount"],
            ["Agency", "Acme", "ap@acme.example", "100.00"],
        ],
        asks("field:organization_name"),
    )
    save(
        "google-form.csv",
        [
            [
                "Timestamp",
                "What is your company's name?",
                "Billing email",
                "PO number (if you have one)",
                "Amount (USD)",
            ],
            ["2026/11/01 10:00:00", *ACME, "A1", "1000.00"],
        ],
        asks("field:organization_name"),
    )
    save(
        "column-of-codes.csv",
        [["Company", "Email", "Amount", "Ccode"], [*ACME, "100.00", "EUR"]],
        asks("column:Ccode"),
    )
    save("access-all.xlsx", [[*german, "Betrag", "Zugang"], [*acme, 1000, "All"]], thousand)
    save("access-top.csv", [[*spanish, "Importe", "Acceso"], [*acme, "1000.00", "Top"]], thousand)
    save(
        "two-amounts.ods", [[*german, "Betrag", "Summe"], [*acme, 1000, 1190]], asks("field:amount")
    )
    save(
        "sum-of-the-order.csv",
        [
            ["Company", "Email", "PO", "Item", "Amount", "Invoice total"],
            [*acme, "600.00", "1000.00"],
            [*ACME, "A1", "Booth", "400.00", "1000.00"],
        ],
        thousand,
    )
    save(
        "invoice-number-groups.csv",
        [
            ["Invoice No", "Customer", "Email", "Item", "Qty", "Rate"],
            ["1001", *ACME, "Gold", "1", "5000.00"],
            ["1001", *ACME, "Booth", "1", "200.00"],
        ],
        asks("grouping:Invoice No"),
    )


def currencies() -> None:
    header = ["Company", "Email", "PO", "Item"]
    acme = [*ACME, "A1", "Gold"]
    save(
        "currency-yen-german.csv",
        [["Firma", "E-Mail", "Bestellnummer", "Paket", "Betrag in ¥"], [*acme, "1650000"]],
        asks("currency:"),
    )
    save("currency-kr.ods", [[*header, "Belopp (kr)"], [*acme, 1000]], asks("currency:"))
    save(
        "currency-pound-header.csv", [[*header, "Amount (£)"], [*acme, "10.00"]], asks("currency:")
    )
    save(
        "currency-code-header.xlsx",
        [[*header, "Amount CHF"], [*acme, 1000]],
        orders((*ACME, "A1", "1000.00 chf")),
    )
    for name, code, found in (
        ("format-cad.xlsx", "[$$-1009]#,##0.00", "cad"),
        ("format-aud.ods", "[$$-C09]#,##0.00", "aud"),
        ("format-sek.xlsx", "#,##0.00\\ [$kr-41D]", "sek"),
        ("format-eur.xls", '#,##0.00\\ "€"', "eur"),
    ):
        save(
            name,
            [[*header, "Amount"], [*acme, 1000]],
            orders((*ACME, "A1", f"1000.00 {found}")),
            formats={(2, 5): code},
        )
    save(
        "format-unknown.xlsx",
        [[*header, "Amount"], [*acme, 1000]],
        orders(errors=[[2, "amount_unreadable"]]),
        formats={(2, 5): "[$BTC] 0.00"},
    )
    save(
        "title-eur.csv",
        [["All amounts in EUR"], [*header, "Amount"], [*acme, "1000.00"]],
        orders((*ACME, "A1", "1000.00 eur")),
    )
    save(
        "title-waehrung.xlsx",
        [["Währung: CHF"], [*header, "Betrag"], [*acme, 1000]],
        orders((*ACME, "A1", "1000.00 chf")),
    )
    save(
        "title-thousands.ods",
        [["Alle Beträge in TEUR"], [*header, "Betrag"], [*acme, 5]],
        {"asks": ["scale:Alle Beträge in TEUR"]},
    )
    save(
        "header-thousands.csv",
        [[*header, "Amount ($ thousands)"], [*acme, "5"]],
        asks("field:amount", "scale:Amount ($ thousands)"),
    )
    save(
        "currency-half-empty.csv",
        [
            [*header, "Amount", "Currency"],
            [*acme, "1000.00", "EUR"],
            [*BOLT, "B1", "Gold", "1000.00", ""],
        ],
        asks("currency:"),
    )
    save(
        "units-row.xlsx",
        [[*header, "Qty", "Amount"], [None, None, None, None, "pcs", "EUR"], [*acme, 1, 1000]],
        orders((*ACME, "A1", "1000.00 eur"), left_out=[2]),
    )


def values() -> None:
    header = ["Company", "Email", "PO", "Item"]
    acme = [*ACME, "A1", "Gold"]
    bad = orders(errors=[[2, "amount_unreadable"]])
    for name in ("percent-line.xlsx", "percent-line.ods", "percent-line.xls"):
        save(name, [[*header, "Price"], [*acme, -0.1]], bad, formats={(2, 5): "0%"})
    save("percent-text.csv", [[*header, "Price"], [*acme, "-10%"]], bad)
    for name, numbers, code, found in (
        ("po-padded.xlsx", 42, "000000", "000042"),
        ("po-prefixed.xlsx", 42, '"PO-"0', "PO-42"),
        ("po-padded.xls", 42, "000000", "000042"),
    ):
        save(
            name,
            [[*header, "Price"], [*ACME, numbers, "Gold", 1000]],
            orders((*ACME, found, "1000.00 usd")),
            formats={(2, 3): code},
        )
    for number, (text, found) in enumerate(
        (('="0042"', "0042"), ("'0042", "0042"), ("450001.0", "450001"))
    ):
        save(
            f"po-artefact-{number}.csv",
            [[*header, "Price"], [*ACME, text, "Gold", "1000.00"]],
            orders((*ACME, found, "1000.00 usd")),
        )
    for number, text in enumerate(("folgt", "à venir", "未定", "n/a")):
        save(
            f"po-placeholder-{number}.csv",
            [[*header, "Price"], [*ACME, text, "Gold", "1.00"], [*ACME, text, "Booth", "2.00"]],
            orders(
                (*ACME, "", "1.00 usd"),
                (*ACME, "", "2.00 usd"),
                warnings=[[2, "po_placeholder"], [3, "po_placeholder"]],
            ),
        )
    due = [*header, "Price", "Due date"]
    save("due-year-first.csv", [due, [*acme, "1.00", "26-03-27"]], asks("dates:26-03-27"))
    save("due-slashes.csv", [due, [*acme, "1.00", "03/04/2027"]], asks("dates:03/04/2027"))
    save(
        "due-year-first-plain.csv",
        [due, [*acme, "1.00", "27/03/31"]],
        orders((*ACME, "A1", "1.00 usd", "2027-03-31")),
    )
    save(
        "due-far-away.csv",
        [due, [*acme, "1.00", "2127-03-31"], [*BOLT, "B1", "Gold", "1.00", "1927-03-31"]],
        orders(errors=[[2, "date_invalid"], [3, "date_invalid"]]),
    )
    terms = [*header, "Price", "Terms"]
    for name, text, days in (
        ("terms-german.csv", "30 Tage netto", 30),
        ("terms-french.csv", "À réception", 0),
        ("terms-swedish.csv", "14 dagar netto", 14),
        ("terms-spanish.csv", "al contado", 0),
        ("terms-japanese.csv", "30日", 30),
    ):
        save(name, [terms, [*acme, "1.00", text]], orders((*ACME, "A1", "1.00 usd", days)))
    save(
        "terms-early-payment.csv",
        [terms, [*acme, "1.00", "2/10 net 30"]],
        orders(errors=[[2, "days_invalid"]]),
    )
    for name, text in (
        ("email-outlook.csv", "Müller, Jürgen <ap@acme.example>"),
        ("email-brackets.csv", "Buchhaltung (ap@acme.example)"),
        ("email-mailto.csv", "mailto:ap@acme.example"),
        ("email-dot.csv", "ap@acme.example."),
    ):
        save(
            name,
            [[*header, "Price"], ["Acme GmbH", text, "A1", "Gold", "1.00"]],
            orders((*ACME, "A1", "1.00 usd")),
        )
    save(
        "email-with-a-space.csv",
        [[*header, "Price"], ["Acme GmbH", "jane doe@acme.example", "A1", "Gold", "1.00"]],
        orders(errors=[[2, "email_invalid"]]),
    )
    save(
        "name-invisible.csv",
        [[*header, "Price"], ["\u200b\u00a0", ACME[1], "A1", "Gold", "1.00"]],
        orders(errors=[[2, "required"]]),
    )
    for name, lines in (
        ("shifted-thousands.csv", "Acme GmbH,ap@acme.example,A1,Gold,1,500.00"),
        ("shifted-decimal-comma.csv", "Acme GmbH,ap@acme.example,A1,Gold,99,50"),
        ("shifted-name.csv", "Acme, GmbH,ap@acme.example,A1,Gold,500.00"),
    ):
        text = f"Company,Email,PO,Item,Price\n{lines}\nBolt AB,ap@bolt.example,B1,Gold,1.00\n"
        (SHEETS / name).write_text(text, "utf-8")
        RIGHT[name] = orders((*BOLT, "B1", "1.00 usd"), errors=[[2, "cells_shifted"]])
    backslash = 'Company,Email,PO,Item,Price\n"Acme \\"Best\\" Co",ap@acme.example,A1,Gold,1.00\n'
    (SHEETS / "quotes-escaped.csv").write_text(backslash, "utf-8")
    RIGHT["quotes-escaped.csv"] = orders(('Acme "Best" Co', ACME[1], "A1", "1.00 usd"))
    plain = "Company,Email,PO,Item,Price\nAcme \\ Co,ap@acme.example,A1,Gold,1.00\n"
    (SHEETS / "backslash.csv").write_text(plain, "utf-8")
    RIGHT["backslash.csv"] = orders(("Acme \\ Co", ACME[1], "A1", "1.00 usd"))


def rows() -> None:
    header = ["Company", "Email", "PO", "Item", "Amount"]
    acme, booth = [*ACME, "A1", "Gold", 600], [*ACME, "A1", "Booth", 400]
    whole = (*ACME, "A1", "1000.00 usd")
    blank = [None, None, None]
    for name in ("continued.xlsx", "continued.ods", "continued.xls"):
        save(name, [header, acme, [*blank, "Booth", 400]], orders(whole))
    save(
        "continued-sponsor-named.csv",
        [header, [*acme[:4], "600.00"], [ACME[0], "", "", "Booth", "400.00"]],
        orders(whole),
    )
    for name, word in (
        ("total-summe.xlsx", "Summe"),
        ("total-gesamt.ods", "Gesamtbetrag"),
        ("total-somme.xls", "Total général"),
        ("total-japanese.xlsx", "合計"),
    ):
        save(
            name, [header, acme, booth, [word, None, None, None, 1000]], orders(whole, left_out=[4])
        )
    save(
        "total-unnamed.xlsx",
        [header, acme, booth, [*blank, None, 1000]],
        orders(whole, left_out=[4]),
    )
    save(
        "total-among-the-lines.csv",
        [header, acme, booth, [*ACME, "A1", "Total", "1000"]],
        orders(whole, left_out=[4]),
    )
    save(
        "total-with-tax.csv",
        [header, acme, [*ACME, "A1", "Total", "714"]],
        orders(errors=[[3, "amount_mismatch"]]),
    )
    save(
        "sponsor-called-sum.csv",
        [header, ["Summe Consulting", "", "", "Gold", "5000.00"], [*BOLT, "B1", "Gold", "1.00"]],
        orders((*BOLT, "B1", "1.00 usd"), errors=[[2, "required"]]),
    )
    save(
        "footers-german.csv",
        [header, acme, booth, ["Erstellt am 01.11.2026", "", "", "", ""], ["Seite 1 von 1"]],
        orders(whole, left_out=[4, 5]),
    )
    save(
        "footers-spanish.xlsx",
        [header, acme, booth, [], ["Página 1 de 1"]],
        orders(whole, left_out=[5]),
    )
    save(
        "headings.csv",
        [header, ["Gold sponsors", "", "", "", ""], acme, booth],
        orders(whole, left_out=[2]),
    )
    save(
        "check-boxes.csv",
        [[*header, "OK"], [*acme, "TRUE"], [*booth, "TRUE"], ["", "", "", "", "0.00", "FALSE"]],
        orders(whole, left_out=[4]),
    )
    save("repeated-header.ods", [header, acme, header, booth], orders(whole, left_out=[3]))
    save(
        "second-table.csv",
        [
            header,
            acme,
            booth,
            [],
            ["Email", "Company", "Quantity", "Unit price", "Item"],
            ["ap@bolt.example", "Bolt", "1", "5.00", "Gold"],
        ],
        {"refused": "second table with other columns begins in row 5"},
    )
    save(
        "second-table-german.xlsx",
        [
            ["Firma", "E-Mail", "Paket", "Betrag"],
            [*ACME, "Gold", 5],
            ["Paket", "Firma", "E-Mail", "Betrag", "Währung"],
            ["Gold", *BOLT, 5, "EUR"],
        ],
        {"refused": "second table"},
    )
    for name, words in (
        ("example-english.csv", "Example Corp (delete this row)"),
        ("example-beispiel.xlsx", "Beispiel GmbH"),
        ("example-japanese.csv", "記入例"),
    ):
        save(
            name,
            [header, [words, "you@company.example", "PO-1", "Gold", 5000], acme, booth],
            asks("rows:2"),
        )
    for name, words in (
        ("cancelled-storniert.xlsx", "Storniert"),
        ("cancelled-perdu.csv", "Perdu"),
        ("cancelled-closed-lost.ods", "Closed Lost"),
        ("cancelled-paid.csv", "Paid"),
    ):
        save(
            name,
            [[*header, "Status"], [*acme, words], [*booth, words]],
            orders(whole, warnings=[[2, "status_cancelled"], [3, "status_cancelled"]]),
        )


def encodings() -> None:
    header = ["Company", "Email", "PO", "Item", "Amount"]
    for name, encoding, sponsor in (
        ("encoding-cp1250.csv", "cp1250", "Dvořák a syn"),
        ("encoding-cp1251.csv", "cp1251", "Общество данные"),
        ("encoding-mac.csv", "mac_roman", "Müller Söhne"),
        ("encoding-gb.csv", "gb18030", "中国公司"),
    ):
        save(
            name,
            [header, [sponsor, ACME[1], "A1", "Gold", "1.00"]],
            asks("encoding:"),
            encoding=encoding,
        )
        chosen = f"chosen-{name}"
        save(
            chosen,
            [header, [sponsor, ACME[1], "A1", "Gold", "1.00"]],
            {**orders((sponsor, ACME[1], "A1", "1.00 usd")), "options": {"encoding": encoding}},
            encoding=encoding,
        )
    save(
        "encoding-cp1252.csv",
        [header, ["Café Müller", ACME[1], "A1", "Gold", "1.00"]],
        orders(("Café Müller", ACME[1], "A1", "1.00 usd")),
        encoding="cp1252",
    )
    save(
        "encoded-twice.csv",
        [header, ["MÃ¼ller", ACME[1], "A1", "Gold", "1.00"]],
        orders(("MÃ¼ller", ACME[1], "A1", "1.00 usd"), warnings=[[2, "mojibake"]]),
    )


def exports() -> None:
    """Write sheets after the exports of other programs, each once taken wrong without a word."""
    plain = ["Sponsor", "Email", "Amount"]
    acme, bolt = [*ACME, "5000.00"], [*BOLT, "3000.00"]
    for language, header, parts, *whole in (
        ("en", plain, ["Deposit", "Balance due"]),
        ("de", ["Firma", "E-Mail", "Gesamt"], ["Anzahlung", "Restbetrag"]),
        ("fr", ["Société", "Courriel", "Montant"], ["Acompte", "Solde"]),
        ("vat", plain, ["Net", "VAT"], "Net"),
        ("halves", plain, ["1st instalment", "2nd instalment"], "1st instalment"),
    ):
        first, second = (whole[0] if whole else parts[0]), parts[1]
        keys = [f"column:{name}" for name in dict.fromkeys([first, second])]
        save(
            f"parts-of-{language}.csv", [header + parts, [*acme, "2000.00", "3000.00"]], asks(*keys)
        )
    for name, column, cell in (
        ("invoiced", "Invoice sent", "yes"),
        ("invoiced-de", "Fakturiert", "ja"),
        ("invoiced-fr", "Facture envoyée", "oui"),
        ("exchange-rate", "Exchange rate", "1.1"),
        ("exchange-rate-de", "Wechselkurs", "1.1"),
        ("exchange-rate-fr", "Taux de change", "1.1"),
        ("instalments", "Installments", "2"),
        ("instalments-de", "Raten", "2"),
        ("instalments-es", "Cuotas", "2"),
    ):
        save(f"{name}.csv", [[*plain, column], [*acme, cell]], asks(f"column:{column}"))
    for name, column, cell in (
        ("reference-po", "Reference", "PO-77"),
        ("reference-po-hash", "Their ref.", "PO #77"),
        ("commande-fr", "N° de cde", "C77"),
        ("bestell-de", "Ihre Bestell-Nr.", "B77"),
    ):
        save(f"{name}.csv", [[*plain, column], [*acme, cell]], asks("field:po_number"))
    for name, column in (
        ("numero-pt", "Nº do pedido"),
        ("numero-es", "Nº de pedido"),
        ("numero-fr", "N° de commande"),
    ):
        right = orders((*ACME, "0077", "5000.00 usd"))
        save(f"{name}.csv", [[*plain, column], [*acme, "0077"]], right)
    due = orders((*ACME, "", "5000.00 usd", "2027-03-31"))
    for name, cell in (("iso", "2027-03-31 10:00"), ("us", "3/31/2027 10:00 AM")):
        save(f"due-utc-{name}.csv", [[*plain, "Due Date (UTC)"], [*acme, cell]], due)
    save(
        "due-of-date.csv",
        [[*plain, "Date it is due"], [*acme, "2027-03-31"]],
        asks("field:due_date"),
    )
    for name, column in (("en", "Pay within (days)"), ("de", "Zahlbar innerhalb (Tage)")):
        save(f"within-{name}.csv", [[*plain, column], [*acme, "45"]], asks("field:days_until_due"))
    euros = orders((*ACME, "", "5000.00 eur"), left_out=[3])
    for name, text in (
        ("en", "* All amounts in EUR excluding VAT"),
        ("de", "Alle Beträge in EUR"),
        ("fr", "Tous les montants en EUR"),
    ):
        save(f"below-{name}.csv", [plain, acme, [text, "", ""]], euros)
    for name, text in (("en", "Amounts in thousands"), ("de", "Angaben in TEUR")):
        save(f"below-scale-{name}.csv", [plain, acme, [text, "", ""]], asks(f"scale:{text}"))
    for name, word in (("en", "Total"), ("de", "Summe"), ("fr", "Total général")):
        row = [word, "treasurer@conference.example", "8000.00"]
        save(f"total-with-email-{name}.csv", [plain, acme, bolt, row], asks("rows:4"))


def own_lines() -> None:
    """Columns beside the amount, and amounts that are not where they should be."""
    columns = ["Company", "Email", "PO", "Item", "Amount"]
    acme = [*ACME, "A1", "Gold", "5000.00"]
    for name, column, cell, sign, total in (
        ("discount-desconto.csv", "Desconto", "500,00", "-", "4500.00"),
        ("discount-rabat.xlsx", "Rabat", 500, "-", "4500.00"),
        ("shipping-frete.csv", "Frete", "500,00", "+", "5500.00"),
        ("shipping-porto.ods", "Frakt", 500, "+", "5500.00"),
        ("deposit-zaliczka.csv", "Zaliczka", "500,00", "-", "4500.00"),
        ("credit.xlsx", "Credit", 500, "-", "4500.00"),
    ):
        amount: Any = "5000,00" if isinstance(cell, str) else 5000
        rows = [[*columns, column], [*acme[:4], amount, cell]]
        save(name, rows, asks(f"column:{column}"))
        answered = f"own-line-{name}"
        right = orders((*ACME, "A1", f"{total} usd"), options={"mapping": {column: sign}})
        save(answered, rows, right)
    for name, column in (
        ("in-kind.csv", "In-kind value"),
        ("in-kind-de.xlsx", "Sachleistungen"),
        ("in-kind-pt.csv", "Patrocínio em espécie"),
    ):
        save(name, [[*columns, column], [*acme, "1000.00"]], asks(f"column:{column}"))
    save(
        "in-kind-that-adds-up.csv",
        [["Company", "Email", "Total", "Cash", "In-kind"], [*ACME, "5000", "3000", "2000"]],
        asks("column:Cash", "column:In-kind"),
    )
    header = "Company,Email,Item,Amount,PO,Notes"
    bolt = "Bolt AB,ap@bolt.example,Gold,750.00,PO-1,call"
    for name, row in (
        ("short", "Acme GmbH,ap@acme.example,Gold,5,000"),
        ("noted", "Acme GmbH,ap@acme.example,Gold,5,500,PO-7"),
        ("millions", "Acme GmbH,ap@acme.example,Gold,1,250,000"),
        ("cents", "Acme GmbH,ap@acme.example,Gold,5,000.00"),
        ("european", "Acme GmbH,ap@acme.example,Gold,5.000,00"),
        ("negative", "Acme GmbH,ap@acme.example,Gold,-5,000"),
        ("sign", "Acme GmbH,ap@acme.example,Gold,$5,000,PO-7"),
        ("code", "Acme GmbH,ap@acme.example,Gold,5,000 USD"),
    ):
        (SHEETS / f"split-{name}.csv").write_text(f"{header}\n{row}\n{bolt}\n", "utf-8")
        RIGHT[f"split-{name}.csv"] = orders(
            (*BOLT, "PO-1", "750.00 usd"), errors=[[2, "cells_shifted"]]
        )
    save(
        "not-split.csv",
        [columns, [*ACME, "101", "Gold", "500"], [*BOLT, "102", "Gold", "750"]],
        orders((*ACME, "101", "500.00 usd"), (*BOLT, "102", "750.00 usd")),
    )
    struck = [columns, acme, [*BOLT, "B1", "Gold", "1.00"]]
    for name in ("struck.xlsx", "struck-openpyxl.xlsx", "struck.ods", "struck.xls"):
        right = orders(
            (*ACME, "A1", "5000.00 usd"),
            (*BOLT, "B1", "1.00 usd"),
            warnings=[[2, "status_cancelled"]],
        )
        save(name, struck, right, struck=2, by="openpyxl" if "openpyxl" in name else "")
    for name, parts, cells, address in (
        ("en", ["Street", "City", "State", "ZIP", "Country"],
         ["1 Main St", "Austin", "TX", "78701", "USA"], "1 Main St\nAustin, TX 78701\nUSA"),
        ("de", ["Straße", "PLZ", "Ort", "Land"],
         ["Hauptstr. 1", "01067", "Dresden", "Deutschland"],
         "Hauptstr. 1\n01067 Dresden\nDeutschland"),
        ("fr", ["Rue", "Code postal", "Ville", "Pays"],
         ["1 rue Dupont", "75001", "Paris", "France"], "1 rue Dupont\n75001 Paris\nFrance"),
        ("pl", ["Ulica", "Kod pocztowy", "Miasto", "Kraj"],
         ["ul. Długa 1", "00-001", "Warszawa", "Polska"],
         "ul. Długa 1\n00-001 Warszawa\nPolska"),
        ("nl", ["Straat en huisnummer", "Postcode", "Plaats", "Land"],
         ["Dam 1", "1012 JS", "Amsterdam", "Nederland"], "Dam 1\n1012 JS Amsterdam\nNederland"),
    ):  # fmt: skip
        right = orders((*ACME, "A1", "5000.00 usd"), addresses=[address])
        save(f"address-{name}.csv", [[*columns, *parts], [*acme, *cells]], right)
    readable = [
        ("amount-5k.csv", [[*columns], [*ACME, "A1", "Gold", "$5k"]], "5000.00 usd"),
        ("amount-signed.csv", [[*columns], [*ACME, "A1", "Gold", "$5,000"]], "5000.00 usd"),
        ("email-dash.csv", [columns, [ACME[0], f"Bo - {ACME[1]}", *acme[2:]]], "5000.00 usd"),
    ]
    for name, rows, total in readable:
        save(name, rows, orders((*ACME, "A1", total)))
    for name, column in (
        ("order-number.csv", "Order number"), ("order-number-de.csv", "Auftragsnummer"),
        ("order-number-sv.csv", "Ordernummer"),
    ):  # fmt: skip
        rows = [["Company", "Email", "Amount", column], [*ACME, "5000.00", "WC-10041"]]
        save(name, rows, asks("field:po_number"))


def strangers() -> None:
    """Kinds that nobody had reported: numbers that are none, and what only a text says."""
    columns = ["Sponsor", "Email", "PO number", "Description", "Amount"]
    bolt = [*BOLT, "PO-101", "Gold", "750.00"]

    def one(number: Any, name: str, right: dict[str, Any]) -> None:
        save(name, [columns, [*ACME, number, "Gold", "5000.00"], bolt], right)

    for name, number in (
        ("single", "1"), ("dots", "4.500.012.345"), ("thousands", "1,234"), ("year", "2027"),
        ("slash", "1/3"), ("several", "PO-100 / PO-101"), ("lines", "4500012345\n4500012346"),
        ("remark", "siehe Mail vom 12.11."), ("sentence", "Gold sponsorship agreement 2027"),
        ("link", "https://ariba.example/po/4500012345"),
    ):  # fmt: skip
        one(number, f"number-{name}.csv", asks("rows:2"))
    one(2027.1, "number-fraction.xlsx", asks("rows:2"))
    for name, number, kept in (
        ("zeros", "000", ""), ("dotted", "10.2027.33", "10.2027.33"), ("part", "123.1", "123.1"),
        ("space", "PO\u00a0100", "PO 100"), ("label", "Purchase order no. 45001",
        "Purchase order no. 45001"), ("short", "PO-9", "PO-9"), ("typed", "'1", "1"),
    ):  # fmt: skip
        found = (*ACME, kept, "5000.00 usd"), (*BOLT, "PO-101", "750.00 usd")
        warned = {} if kept else {"warnings": [[2, "po_placeholder"]]}
        right = orders(*found, **warned)
        one(number, f"number-{name}.csv", right)
    for name, second in (
        ("cyrillic", "\u0420\u041e-100"), ("dash", "PO\u2013100"), ("letter", "PO-1O0"),
        ("wide", "\uff30\uff2f-100"),
    ):  # fmt: skip
        rows = [[*ACME, "PO-100", "Gold", "5000.00"], [*ACME, second, "Booth", "100.00"], bolt]
        right = orders((*BOLT, "PO-101", "750.00 usd"), errors=[[2, "conflict"], [3, "conflict"]])
        save(f"look-alike-{name}.csv", [columns, *rows], right)
    acme = [*ACME, "PO-100", "Gold", "5000.00"]
    for name, note in (
        ("other-number", "use PO 4500012345 instead"), ("currency", "amount in EUR"),
        ("euros", "Rechnung bitte in Euro"), ("dollars", "Canadian dollars"),
    ):  # fmt: skip
        rows = [[*columns, "Comments"], [*acme, note], [*bolt, ""]]
        save(f"note-{name}.csv", rows, asks("rows:2"))
    rows = [[*columns, "Comments"], [*acme, "as agreed, PO-100"], [*bolt, "P.O. Box 1234"]]
    right = orders((*ACME, "PO-100", "5000.00 usd"), (*BOLT, "PO-101", "750.00 usd"))
    save("note-same-number.csv", rows, right)
    short = ["Sponsor", "Email", "Description", "Amount"]
    rows = [["Bestellnummer:", "4500012345"], [], short, [*ACME, "Gold", "5000.00"]]
    save("title-number.csv", rows, asks("rows:4"))
    rows = [short, [*ACME, "Gold (PO 4500012345)", "5000.00"], [*BOLT, "Gold", "750.00"]]
    save("description-number.csv", rows, asks("rows:2"))
    for name, title in (("en", "DRAFT"), ("de", "Entwurf, Stand 1.11."), ("fr", "Brouillon"),
                        ("forecast", "Sponsors 2027 (forecast)")):  # fmt: skip
        save(f"draft-{name}.csv", [[title], columns, acme, bolt], asks("rows:3,4"))
    for name, title, code in (
        ("pair", ["Currency:", "EUR"], "eur"), ("devise", ["Devise", "CHF"], "chf"),
    ):  # fmt: skip
        right = orders((*ACME, "PO-100", f"5000.00 {code}"), (*BOLT, "PO-101", f"750.00 {code}"))
        save(f"title-{name}.csv", [title, columns, acme, bolt], right)
    lines = [[*ACME, "PO-100", "Package", "1500.00"], [*ACME, "PO-100", "Gold", "1000.00"],
             [*ACME, "PO-100", "Booth", "500.00"], bolt]  # fmt: skip
    save("sum-before-its-lines.csv", [columns, *lines], asks("rows:2"))
    rows = [acme, [ACME[0].removesuffix(" GmbH"), *acme[1:3], "Booth", "100.00"], bolt]
    save("number-of-two-names.csv", [columns, *rows], asks("rows:3"))
    pounds = [[*ACME, "PO-100", "Gold", "£5,000.00"], [*bolt[:4], "$750.00"]]
    right = orders((*ACME, "PO-100", "5000.00 gbp"), (*BOLT, "PO-101", "750.00 usd"))
    save("pounds-among-dollars.csv", [columns, *pounds], right)
    german = ["Sponsor", "E-Mail", "Bestellnummer", "Beschreibung", "Betrag"]
    right = orders((*ACME, "PO-100", "5000.00 usd"), (*BOLT, "PO-101", "750.00 usd"), left_out=[2])
    save("two-headers.csv", [columns, german, acme, bolt], right)
    dated = ["Sponsor", "Email", "PO number", "Amount", "Due date"]
    for name, day in (
        ("polish", "31 stycznia 2027"), ("czech", "31. ledna 2027"), ("thai", "31/01/2570"),
        ("finnish", "31. tammikuuta 2027"),
    ):  # fmt: skip
        rows = [dated, [*ACME, "PO-100", "5000.00", day]]
        save(f"day-{name}.csv", rows, orders((*ACME, "PO-100", "5000.00 usd", "2027-01-31")))
    for name, amount in (
        ("arabic", "\u0665\u0660\u0660\u0660\u066b\u0660\u0660"), ("rupees", "5000/-"),
        ("hidden", "5\u200b000"), ("apostrophe", "'5000"), ("plus", "5000.00+"),
    ):  # fmt: skip
        save(f"amount-{name}.csv", [columns, [*ACME, "PO-100", "Gold", amount]],
             orders((*ACME, "PO-100", "5000.00 usd")))  # fmt: skip


def main() -> None:
    """Write every sheet, and what is right for each."""
    reported()
    for part in (columns, currencies, values, rows, encodings, exports, own_lines, strangers):
        part()
    text = json.dumps(dict(sorted(RIGHT.items())), ensure_ascii=False, indent=1)
    (SHEETS / "right.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
