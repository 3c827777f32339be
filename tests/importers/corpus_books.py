"""The workbooks of the corpus, by openpyxl, XlsxWriter, pandas, xlwt, odfpy and LibreOffice."""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.importers.corpus_sources import (
    CAFE,
    GULF,
    HEADERS,
    MUELLER,
    NORTHWIND,
    WORLD,
    Expected,
    Order,
    lines,
    rows_of,
    save,
)

Row = Sequence[Any]


def typed(orders: Sequence[Order]) -> list[list[Any]]:
    """Rows with numbers and dates, as a spreadsheet holds them."""
    return rows_of(orders, amount=float, day=lambda d: d, quantity=int)


def by_openpyxl(
    *sheets: tuple[str, Sequence[Row]], change: Callable[[Any], None] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        fill(book, book.add_worksheet("POs"))
    return out.getvalue()


def by_libreoffice(content: bytes, source: str, target: str) -> bytes:
    """Let LibreOffice open a file and save it in another format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"in.{source}"
        path.write_bytes(content)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", target]
        command += ["--outdir", f"{folder}/out", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return (Path(folder) / "out" / f"in.{target.partition(':')[0]}").read_bytes()


def simple() -> None:
    rows = [HEADERS, *typed(WORLD)]
    book = by_openpyxl(("Sponsors", rows))
    save("openpyxl.xlsx", book, Expected(WORLD))
    frame = pd.DataFrame(typed(WORLD), columns=HEADERS)
    for engine in ("openpyxl", "xlsxwriter"):
        out = io.BytesIO()
        frame.to_excel(out, index=False, engine=engine)
        save(f"pandas-{engine}.xlsx", out.getvalue(), Expected(WORLD))
    save("libreoffice.xlsx", by_libreoffice(book, "xlsx", "xlsx"), Expected(WORLD))
    save("libreoffice.ods", by_libreoffice(book, "xlsx", "ods"), Expected(WORLD))
    save("libreoffice.xls", by_libreoffice(book, "xlsx", "xls"), Expected(WORLD))
    save(
        "libreoffice.csv",
        by_libreoffice(book, "xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1"),
        Expected(WORLD),
    )
    semicolons = by_libreoffice(book, "xlsx", "csv:Text - txt - csv (StarCalc):59,34,76,1")
    save("libreoffice-semicolons.csv", semicolons, Expected(WORLD))

    def old_calendar(made: Any) -> None:
        made.epoch = CALENDAR_MAC_1904

    save("dates-since-1904.xlsx", by_openpyxl(("S", rows), change=old_calendar), Expected(WORLD))
    texts = by_openpyxl(("S", [HEADERS, *rows_of(WORLD)]))
    save("everything-as-text.xlsx", texts, Expected(WORLD))
    titles = [
        ["Sponsorship 2027"],
        [],
        ["as of", date(2026, 11, 20)],
        *rows,
        [],
        ["Total", None, None, None, None, None, None, 1],
    ]
    noted = Expected(
        WORLD,
        first_row=5,
        notes=["Row 16 is a totals row"],
        warnings=[(16, "total_differs")],
    )
    save("title-and-totals.xlsx", by_openpyxl(("S", titles)), noted)


def sheets() -> None:
    rows = [HEADERS, *typed((CAFE,))]
    other = [["Room", "Seats"], ["A", 12]]
    noted = Expected((CAFE,), notes=["Sheets without purchase orders were left out: 'Rooms'"])
    save("one-sheet-fits.xlsx", by_openpyxl(("Rooms", other), ("POs", rows)), noted)
    two = by_openpyxl(("May", rows), ("June", [HEADERS, *typed((MUELLER,))]))
    save("two-sheets-fit.xlsx", two, Expected(raises="ImportChoiceError", says="'May', 'June'"))
    save("two-sheets-chosen.xlsx", two, Expected((MUELLER,), options={"sheet": "June"}))
    save(
        "no-such-sheet.xlsx",
        two,
        Expected(raises="ImportFileError", says="'July'", options={"sheet": "July"}),
    )

    def hide(book: Any) -> None:
        book["June"].sheet_state = "hidden"

    hidden = by_openpyxl(("May", rows), ("June", rows), change=hide)
    save("hidden-sheet.xlsx", hidden, Expected((CAFE,)))
    none = by_openpyxl(("Rooms", other), ("More", other))
    save(
        "no-sheet-fits.xlsx", none, Expected(raises="ImportFileError", says="No sheet has a header")
    )


def formats() -> None:
    def padded(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADERS)
        zeros, euros = (
            book.add_format({"num_format": "000000"}),
            book.add_format({"num_format": "[$€-407] #,##0.00"}),
        )
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        for at, row in enumerate(typed((CAFE,)), 1):
            sheet.write_row(at, 0, row[:4])
            sheet.write_number(at, 4, 417, zeros)
            sheet.write_row(at, 5, row[5:7])
            sheet.write_number(at, 7, row[7], euros)
            sheet.write_datetime(at, 9, row[9], day)

    content = by_xlsxwriter(padded)
    save("zero-padded-and-euro-format.xlsx", content, Expected((CAFE,)))
    save(
        "zero-padded-and-euro-format.ods", by_libreoffice(content, "xlsx", "ods"), Expected((CAFE,))
    )
    save(
        "zero-padded-and-euro-format.xls", by_libreoffice(content, "xlsx", "xls"), Expected((CAFE,))
    )

    def conflicting(book: Any, sheet: Any) -> None:
        padded(book, sheet)
        for at in range(1, 4):
            sheet.write_string(at, 8, "usd")

    clash = [(row, "unit_price", "currency_conflict") for row in (2, 3, 4)]
    save("euro-format-beside-usd.xlsx", by_xlsxwriter(conflicting), Expected(errors=clash))
    rows = typed((NORTHWIND,))
    for row in rows:
        row[4] = 45282715570000123
    lost = [(2, "po_number", "digits_lost"), (3, "po_number", "digits_lost")]
    save("seventeen-digits.xlsx", by_openpyxl(("S", [HEADERS, *rows])), Expected(errors=lost))
    for row in rows:
        row[4] = date(2027, 3, 1)
    save("po-number-made-a-date.xlsx", by_openpyxl(("S", [HEADERS, *rows])), Expected(errors=lost))
    noise = replace(NORTHWIND, lines=lines(("Gold", 1, "5999.97"), ("Credit", 1, "-0.3")))
    rows = typed((noise,))
    rows[0][7], rows[1][7] = 1999.99 * 3, -(0.1 + 0.2)
    save("binary-fractions.xlsx", by_openpyxl(("S", [HEADERS, *rows])), Expected((noise,)))


def formulas() -> None:
    rows = typed((NORTHWIND,))
    rows[0][7] = "=3500.25"
    never = [(2, "unit_price", "cell_error")]
    save("never-calculated.xlsx", by_openpyxl(("S", [HEADERS, *rows])), Expected(errors=never))
    calculated = by_libreoffice(by_openpyxl(("S", [HEADERS, *rows])), "xlsx", "xlsx")
    save("calculated-by-libreoffice.xlsx", calculated, Expected((NORTHWIND,)))

    def waiting(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, HEADERS)
        for at, row in enumerate(rows_of((NORTHWIND,), amount=float, quantity=int), 1):
            sheet.write_row(at, 0, row)
        sheet.write_formula(1, 7, "=3500.25")
        sheet.write_formula(2, 7, "=80+5", None, 85)

    save("waits-to-be-calculated.xlsx", by_xlsxwriter(waiting), Expected(errors=never))

    def broken(_: Any, sheet: Any) -> None:
        waiting(_, sheet)
        sheet.write_formula(1, 7, "=#REF!+1", None, "#REF!")

    save("ref-error.xlsx", by_xlsxwriter(broken), Expected(errors=never))
    rows[0][7] = "=1/0"
    for kind in ("xlsx", "xls", "ods"):
        divided = by_libreoffice(by_openpyxl(("S", [HEADERS, *rows])), "xlsx", kind)
        save(f"divided-by-zero.{kind}", divided, Expected(errors=never))


def layout() -> None:
    rows = typed((CAFE,))
    for row in rows[1:]:
        for at in (0, 1, 2, 3, 4, 8, 9):
            row[at] = None

    def merge(book: Any) -> None:
        for letter in "ABCDEIJ":
            book["S"].merge_cells(f"{letter}2:{letter}4")

    merged = by_openpyxl(("S", [HEADERS, *rows]), change=merge)
    notes = [f"column '{HEADERS[at]}'" for at in (0, 1, 2, 3, 4, 8, 9)]
    save("merged-cells.xlsx", merged, Expected((CAFE,), notes=notes))
    save("merged-cells.ods", by_libreoffice(merged, "xlsx", "ods"), Expected((CAFE,), notes=notes))
    save("merged-cells.xls", by_libreoffice(merged, "xlsx", "xls"), Expected((CAFE,), notes=notes))

    def hide(book: Any) -> None:
        book["S"].row_dimensions[3].hidden = True
        book["S"].column_dimensions["I"].hidden = True

    hidden = by_openpyxl(("S", [HEADERS, *typed((CAFE,))]), change=hide)
    seen = Expected((CAFE,), warnings=[(3, "hidden_row")], notes=["Column I (currency) is hidden"])
    save("hidden-row-and-column.xlsx", hidden, seen)
    save("hidden-row-and-column.ods", by_libreoffice(hidden, "xlsx", "ods"), seen)
    save("hidden-row-and-column.xls", by_libreoffice(hidden, "xlsx", "xls"), seen)
    rows = [HEADERS, *typed((CAFE,))]
    far = by_openpyxl(("S", rows), change=lambda book: book["S"].cell(1048576, 16384, "x"))
    save(
        "stray-cell-far-out.xlsx", far, Expected(raises="ImportFileError", says="too large a table")
    )


def others() -> None:
    import odf.opendocument
    import odf.table
    import odf.text
    import xlwt

    document = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name="Sponsors")
    for row in [HEADERS, *rows_of(WORLD)]:
        made = odf.table.TableRow()
        for value in row:
            cell = odf.table.TableCell(valuetype="string")
            for line in value.split("\n"):
                cell.addElement(odf.text.P(text=line))
            made.addElement(cell)
        table.addElement(made)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    save("odfpy.ods", out.getvalue(), Expected(WORLD))

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sponsors")
    day, zeros = xlwt.easyxf(num_format_str="YYYY-MM-DD"), xlwt.easyxf(num_format_str="000000")
    for at, row in enumerate([HEADERS, *typed((CAFE, GULF))]):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write(at, column, pd.Timestamp(value).to_pydatetime(), day)
            elif value == "000417":
                sheet.write(at, column, 417, zeros)
            elif value != "":
                sheet.write(at, column, value)
    out = io.BytesIO()
    book.save(out)
    save("xlwt.xls", out.getvalue(), Expected((CAFE, GULF)))
    save(
        "xls-called-xlsx.xlsx",
        out.getvalue(),
        Expected(raises="ImportFileError", says="right ending"),
    )


def refused() -> None:
    import msoffcrypto.format.ooxml

    def no(name: str, content: bytes, says: str) -> None:
        save(name, content, Expected(raises="ImportFileError", says=says))

    good = by_openpyxl(("S", [HEADERS, *typed(WORLD)]))
    no("xlsx-called-csv.csv", good, "says that the file is a text file")
    no("cut-short.xlsx", good[: len(good) // 2], "damaged or cut short")
    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(good)).encrypt("secret", out)
    no("encrypted.xlsx", out.getvalue(), "protected with a password")
    flipped = bytearray(good)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        at = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    flipped[at + 200] ^= 0xFF
    no("a-bit-flipped.xlsx", bytes(flipped), "damaged")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (40 << 20))
    no("zip-bomb.xlsx", out.getvalue(), "would unpack to")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    no("word-document-called-xlsx.xlsx", out.getvalue(), "not a spreadsheet")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/workbook.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content
            archive.writestr(name, content)
    no("entities.xlsx", out.getvalue(), "declares entities")


def make() -> None:
    simple()
    sheets()
    formats()
    formulas()
    layout()
    others()
    refused()
