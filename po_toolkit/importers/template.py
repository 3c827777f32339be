"""An empty spreadsheet with the columns of an import."""

from __future__ import annotations

import csv
import io
from typing import Literal

import xlsxwriter

from po_toolkit.importers.headers import REQUIRED

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
