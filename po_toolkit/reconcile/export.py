"""A reconciliation as a file: CSV, JSON, XLSX, Markdown, or a plain table for the terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

from po_toolkit.domain.harmless import harmless
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile import schema
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.report import Sheet, sheet, totals_sheet
from po_toolkit.reconcile.schema import Kind, Table
from po_toolkit.reconcile.tables import DISCREPANCIES, PURCHASE_ORDERS
from po_toolkit.reconcile.workbook import workbook

Format = Literal["table", "json", "csv", "xlsx", "md"]
FORMATS: tuple[str, ...] = get_args(Format)

_LEFT_OUT = (
    "po_number", "paid_stripe", "paid_other", "stripe_invoice_id", "stripe_status",
    "stripe_amount_paid",
)  # fmt: skip
"""Columns of purchase orders without which they fit a terminal or a page."""


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


def _heading(reconciliation: Reconciliation) -> str:
    return (
        f"{reconciliation.name}: Reconciliation as of the end of "
        f"{written_day(reconciliation.as_of)} ({reconciliation.timezone})"
    )


def _markdown(reconciliation: Reconciliation) -> str:
    parts = [f"# {_markdown_text(_heading(reconciliation))}"]
    for made in _sheets(reconciliation):
        marks = ["---:" if place in made.right else "---" for place in range(len(made.head))]
        lines = [f"## {made.title}", "", *([made.note, ""] if made.note else [])]
        lines += [_markdown_row(made.head), "| " + " | ".join(marks) + " |"]
        parts.append("\n".join([*lines, *(_markdown_row(r) for r in made.rows)]))
    return "\n\n".join(parts) + "\n"


def _sheets(reconciliation: Reconciliation) -> list[Sheet]:
    orders, found = reconciliation.rows, reconciliation.discrepancies
    made = [sheet(PURCHASE_ORDERS, orders, without=_LEFT_OUT)] if len(orders) else []
    if reconciliation.totals:
        made.append(totals_sheet(reconciliation, title="Totals"))
    if len(found):
        made.append(sheet(DISCREPANCIES, found, without=["remedy"]))
    return made


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_markdown_text(c) for c in cells) + " |"


def _markdown_text(text: str) -> str:
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for special in "|*_`<[":
        flat = flat.replace(special, "\\" + special)
    return flat


def _plain(reconciliation: Reconciliation) -> str:
    made = [plain_sheet(each) for each in _sheets(reconciliation)] or ["No purchase orders."]
    return "\n\n".join([_heading(reconciliation), *made]) + "\n"


def plain_sheet(made: Sheet) -> str:
    """Return a table as columns of plain text, below its title and note."""
    shown = [
        ["".join(c if c.isprintable() else " " for c in cell) for cell in row]
        for row in [made.head, *made.rows, *([made.foot] if made.foot else [])]
    ]
    widths = [max(len(row[i]) for row in shown) for i in range(len(made.head))]
    lines = [
        "  ".join(
            cell.rjust(width) if place in made.right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
    return "\n".join([*(text for text in (made.title, made.note) if text), *lines])
