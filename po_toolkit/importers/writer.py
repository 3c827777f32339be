"""The spreadsheets that we write: rows that were rejected, and an empty template."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import xlsxwriter

from po_toolkit.domain.harmless import harmless
from po_toolkit.importers.cells import (
    Cell,
    Decimals,
    ShownNumber,
    decimal_of,
    is_empty,
    text_of,
    written_amount,
)
from po_toolkit.importers.fields import REQUIRED
from po_toolkit.importers.readers.contract import SheetRow

Reasons = Mapping[int, Sequence[str]]
"""Line number → why its purchase order was rejected."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rows of rejected purchase orders, to be corrected and imported alone.

    Attributes:
        headers: The file's columns.
        rows: Line and cells of each row, as they came.
        reasons: Line → why its purchase order was rejected.
        reason_header: The header of the column of reasons; it carries the answers that the file
            was read by.
        decimals: The decimal mark of the file's texts, for numbers that become text.
    """

    headers: Sequence[str]
    rows: Sequence[SheetRow]
    reasons: Reasons
    reason_header: str
    decimals: Decimals | None

    def width(self) -> int:
        """Return how many columns come before the reasons: rows may be wider than the header."""
        return max([len(self.headers), *(_length(cells) for _, cells in self.rows)])


def _length(cells: Sequence[Cell]) -> int:
    return max((at + 1 for at, cell in enumerate(cells) if not is_empty(cell)), default=0)


def rejected_csv(rejected: Rejected) -> bytes:
    """Write rows as they came, with a column of reasons; UTF-8 with its mark, so Excel reads it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    width = rejected.width()
    padding = [""] * (width - len(rejected.headers))
    writer.writerow([*rejected.headers, *padding, rejected.reason_header])
    for number, cells in rejected.rows:
        texts = [_typed(cell, rejected.decimals) for cell in cells[:width]]
        texts += [""] * (width - len(texts))
        safe = [text if written_amount(text) else harmless(text) for text in texts]
        writer.writerow([*safe, " ".join(rejected.reasons.get(number, ()))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _typed(cell: Cell, decimals: Decimals | None) -> str:
    """Return a cell as text, a number with the file's own decimal mark."""
    if isinstance(cell, float) and not isinstance(cell, ShownNumber) and decimals == "comma":
        return text_of(cell).replace(".", ",")
    return text_of(cell)


def rejected_xlsx(rejected: Rejected) -> bytes:
    """Write rows as they came, with a column of reasons.

    Numbers and dates stay what they are; texts stay texts, so that a PO number keeps its zeros and
    nothing is run as a formula.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Rejected rows")
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        percent = book.add_format({"num_format": "0.########%"})
        width = rejected.width()
        sheet.set_column(0, width, 18)
        for column, header in enumerate(rejected.headers):
            sheet.write_string(0, column, header, bold)
        sheet.write_string(0, width, rejected.reason_header, bold)
        signs: dict[str, xlsxwriter.format.Format] = {}
        # A number goes back as the float that a spreadsheet's file has; no money is counted here.
        for row, (number, cells) in enumerate(rejected.rows, 1):
            for column, cell in enumerate(cells[:width]):
                if isinstance(cell, ShownNumber) and cell.sign and written_amount(cell):
                    literal = cell.sign.replace('"', "")
                    style = signs.get(literal) or signs.setdefault(
                        literal, book.add_format({"num_format": f'"{literal}" #,##0.########'})
                    )
                    sheet.write_number(row, column, float(cell), style)
                elif isinstance(cell, ShownNumber) and cell.sign == "%":
                    sheet.write_number(row, column, float(cell), percent)
                elif isinstance(cell, float) and not isinstance(cell, ShownNumber):  # no noise
                    sheet.write_number(row, column, float(decimal_of(cell)))
                elif isinstance(cell, date) and not isinstance(cell, datetime):
                    sheet.write_datetime(row, column, cell, day)
                elif value := text_of(cell):
                    sheet.write_string(row, column, value, text)
            sheet.write_string(row, width, " ".join(rejected.reasons.get(number, ())), text)
        sheet.freeze_panes(1, 0)
    return out.getvalue()


_COLUMNS = {
    "organization_name": "The sponsor, as it stands on the invoice.",
    "contact_name": "Whom the invoice is for.",
    "contact_email": "Where the invoice goes.",
    "billing_address": "One cell, also with line breaks.",
    "po_number": "The sponsor's own number. Rows that share it are one purchase order.",
    "description": "What is billed on this line.",
    "quantity": "A whole number; 1 when empty.",
    "unit_price": "Before the quantity; negative for a discount.",
    "currency": "Three letters, such as usd; the conference's when empty.",
    "due_date": "Like 2027-03-31.",
    "notes": "For you; not on the invoice.",
}


def template(kind: Literal["csv", "xlsx"]) -> bytes:
    """Return an empty import template."""
    if kind == "csv":
        out = io.StringIO(newline="")
        csv.writer(out).writerow(_COLUMNS)
        return b"\xef\xbb\xbf" + out.getvalue().encode()
    book_out = io.BytesIO()
    with xlsxwriter.Workbook(book_out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Purchase orders")
        needed = book.add_format({"bold": True, "bg_color": "#FFF2CC", "bottom": 1})
        other = book.add_format({"bold": True, "bottom": 1})
        text = book.add_format({"num_format": "@"})
        money = book.add_format({"num_format": "#,##0.00"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        formats = {"po_number": text, "unit_price": money, "due_date": day}
        for position, (name, meaning) in enumerate(_COLUMNS.items()):
            sheet.set_column(position, position, 20, formats.get(name))
            must = name in REQUIRED or name == "unit_price"
            sheet.write_string(0, position, name, needed if must else other)
            sheet.write_comment(0, position, meaning)
        sheet.freeze_panes(1, 0)
    return book_out.getvalue()
