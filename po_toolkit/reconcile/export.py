"""A reconciliation as a file: CSV, JSON, XLSX, Markdown, or a plain table for the terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

from po_toolkit.domain.harmless import harmless
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile import schema
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.schema import Kind, Table
from po_toolkit.reconcile.tables import DISCREPANCIES, PURCHASE_ORDERS
from po_toolkit.reconcile.workbook import workbook

Format = Literal["table", "json", "csv", "xlsx", "md"]
FORMATS: tuple[str, ...] = get_args(Format)

_SHORT = (
    "reference",
    "organization_name",
    "currency",
    "status",
    "total",
    "credited",
    "paid",
    "refunded",
    "balance",
    "due_date",
    "days_overdue",
    "discrepancies",
)
"""Columns that fit a terminal or a page."""


def export(reconciliation: Reconciliation, format: Format) -> bytes:  # noqa: A002 the option's name
    """Return the reconciliation as a file's content; text formats are UTF-8.

    CSV holds the rows alone, XLSX every table on a sheet of its own. In CSV and XLSX text that a
    spreadsheet program would run as a formula is made harmless with an apostrophe.

    Raises:
        PoToolkitError: The format is unknown.
    """
    if format == "json":
        return (json.dumps(reconciliation.as_json(), ensure_ascii=False, indent=2) + "\n").encode()
    if format == "csv":
        return table_csv(PURCHASE_ORDERS, reconciliation.rows)
    if format == "xlsx":
        return workbook(reconciliation)
    if format == "md":
        return _markdown(reconciliation).encode()
    if format == "table":
        return _plain(reconciliation).encode()
    raise PoToolkitError(f"There is no format {format!r}; use one of {', '.join(FORMATS)}.")


def table_csv(table: Table, frame: Any) -> bytes:
    """Return one table as CSV: decimal strings, ISO dates, text made harmless."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.names)
    text = {c.name for c in table.columns if c.kind in (Kind.TEXT, Kind.ID)}
    for record in schema.records(table, frame):
        writer.writerow(
            harmless(_cell(v)) if name in text else _cell(v) for name, v in record.items()
        )
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(value) if isinstance(value, list) else str(value)


def _short_rows(reconciliation: Reconciliation) -> list[list[str]]:
    records = schema.records(PURCHASE_ORDERS, reconciliation.rows)
    return [[_cell(record[name]) for name in _SHORT] for record in records]


def _total_rows(reconciliation: Reconciliation) -> list[list[str]]:
    totals = reconciliation.totals_text()
    if not totals:
        return []
    names = list(next(iter(totals.values())))
    return [["currency", *names]] + [
        [currency, *(str(sums[n]) for n in names)] for currency, sums in totals.items()
    ]


def _discrepancy_rows(reconciliation: Reconciliation) -> list[list[str]]:
    names = ["code", "reference", "organization_name", "currency", "at_stake", "evidence"]
    records = schema.records(DISCREPANCIES, reconciliation.discrepancies)
    return [names, *([_cell(r[n]) for n in names] for r in records)]


def _heading(reconciliation: Reconciliation) -> str:
    return (
        f"{reconciliation.name}: Reconciliation as of the end of {reconciliation.as_of} "
        f"({reconciliation.timezone})"
    )


def _markdown(reconciliation: Reconciliation) -> str:
    parts = [f"# {_markdown_text(_heading(reconciliation))}"]
    for title, rows in _sections(reconciliation):
        head, *body = rows
        lines = [f"## {title}", "", _markdown_row(head), _markdown_row(["---"] * len(head))]
        parts.append("\n".join([*lines, *(_markdown_row(r) for r in body)]))
    return "\n\n".join(parts) + "\n"


def _sections(reconciliation: Reconciliation) -> list[tuple[str, list[list[str]]]]:
    sections = [
        ("Purchase orders", [list(_SHORT), *_short_rows(reconciliation)]),
        ("Totals", _total_rows(reconciliation)),
        ("Discrepancies", _discrepancy_rows(reconciliation)),
    ]
    return [(title, rows) for title, rows in sections if len(rows) > 1]


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_markdown_text(c) for c in cells) + " |"


def _markdown_text(text: str) -> str:
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for special in "|*_`<[":
        flat = flat.replace(special, "\\" + special)
    return flat


def _plain(reconciliation: Reconciliation) -> str:
    parts = [_heading(reconciliation)]
    for title, rows in _sections(reconciliation):
        parts.append(f"{title}\n{aligned(rows)}")
    return "\n\n".join(parts) + "\n"


def aligned(rows: list[list[str]]) -> str:
    """Return rows, the first being the header, as columns of plain text."""
    shown = [["".join(c if c.isprintable() else " " for c in cell) for cell in r] for r in rows]
    widths = [max(len(r[i]) for r in shown) for i in range(len(shown[0]))]
    numeric = [all(_is_number(r[i]) for r in shown[1:]) for i in range(len(widths))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if right else cell.ljust(w)
            for cell, w, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in shown
    )


def _is_number(cell: str) -> bool:
    return cell.replace("-", "", 1).replace(".", "", 1).isdigit()
