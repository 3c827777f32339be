"""The tie-out as a file: a plain table, JSON, CSV or XLSX."""

from __future__ import annotations

import io
import json
from typing import Any, Literal

import xlsxwriter

from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile import schema
from po_toolkit.reconcile.export import aligned, table_csv
from po_toolkit.reconcile.schema import Table
from po_toolkit.reconcile.tie_out import TABLES, TieOut
from po_toolkit.reconcile.workbook import Sheets

Format = Literal["table", "json", "csv", "xlsx"]

_SHORT = {
    "rows": (
        "date", "kind", "reference", "organization_name", "invoice", "currency", "gross", "fee",
        "net", "payout", "at_bank", "bank_line",
    ),
    "payouts": (
        "payout", "arrival_date", "status", "currency", "amount", "sponsors", "others", "fees",
        "at_bank", "bank_line",
    ),
    "bank_lines": (
        "bank_line", "booked_on", "currency", "amount", "payouts", "payments", "set_aside",
        "unexplained", "text",
    ),
    "fees": ("month", "method", "whose", "currency", "count", "gross", "fee", "net"),
    "checks": ("check", "currency", "left", "right", "difference"),
}  # fmt: skip
"""Columns that fit a terminal."""


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
    parts = [f"Tie-out of {found.slug} as of the end of {found.as_of} ({found.timezone})"]
    for name, table in TABLES.items():
        rows = _rows(table, getattr(found, name), _SHORT[name])
        if len(rows) > 1:
            parts.append(f"{table.title}\n{aligned(rows)}")
    return "\n\n".join(parts) + "\n"


def _rows(table: Table, frame: Any, columns: tuple[str, ...]) -> list[list[str]]:
    records = schema.records(table, frame)
    return [list(columns), *([_cell(r[c]) for c in columns] for r in records)]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)[:60]
