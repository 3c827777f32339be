"""The tie-out as a file: a plain table, JSON, CSV or XLSX."""

from __future__ import annotations

import io
import json
from typing import Literal

import xlsxwriter

from po_toolkit.domain.wording import written_day
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile.export import plain_sheet, table_csv
from po_toolkit.reconcile.report import sheet
from po_toolkit.reconcile.tie_out import TABLES, TieOut
from po_toolkit.reconcile.workbook import Sheets

Format = Literal["table", "json", "csv", "xlsx"]

_LEFT_OUT = {
    "rows": (
        "via", "entry", "source_id", "po_currency", "po_amount", "balance_transaction", "paid_out",
        "method", "words",
    ),
    "payouts": ("made_on", "way", "not_itemised", "trace_id", "failure"),
    "bank_lines": ("account", "rule", "evidence"),
}  # fmt: skip
"""Columns of each table without which it fits a terminal."""


def export(found: TieOut, format: Format) -> bytes:  # noqa: A002 the option's name
    """Return the tie-out as a file's content; CSV holds the rows alone, XLSX every table.

    Raises:
        PoToolkitError: The format is unknown.
    """
    if format == "json":
        return (json.dumps(found.as_json(), ensure_ascii=False, indent=2) + "\n").encode()
    if format == "csv":
        return table_csv(TABLES["rows"], found.rows)
    if format == "xlsx":
        return _workbook(found)
    if format == "table":
        return _plain(found).encode()
    raise PoToolkitError(f"There is no format {format!r}; use table, json, csv or xlsx.")


def _workbook(found: TieOut) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheets = Sheets(book)
        for name, table in TABLES.items():
            sheets.add(table, getattr(found, name))
    return out.getvalue()


def _plain(found: TieOut) -> str:
    day = written_day(found.as_of)
    parts = [f"Tie-out of {found.slug} as of the end of {day} ({found.timezone})"]
    parts += [
        plain_sheet(sheet(table, found.named(name), without=_LEFT_OUT.get(name, ())))
        for name, table in TABLES.items()
        if len(getattr(found, name))
    ]
    return "\n\n".join(parts) + "\n"
