"""Spreadsheet → draft purchase orders. Nothing here calls Stripe."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from po_toolkit.api.import_plan import Plan, plan_import
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.importers import template as templates
from po_toolkit.importers.cells import text_of
from po_toolkit.importers.columns import Column
from po_toolkit.importers.files import open_workbook, read_bytes
from po_toolkit.importers.orders import Order
from po_toolkit.importers.po_sheet import Options, read_orders
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.rejected import rejected_csv
from po_toolkit.importers.table import Table, choose_sheet, read_table
from po_toolkit.importers.workbook import SheetRow
from po_toolkit.store import imports
from po_toolkit.store.tables import ImportBatch

__all__ = [
    "ImportReport",
    "RowProblem",
    "import_purchase_orders",
    "rejected_rows_csv",
    "template",
]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took (or would take), and why it did not take the rest.

    ``accepted``, ``rejected`` and ``duplicates`` count purchase orders.

    Attributes:
        batch: The batch's id; None for a dry run.
        references: Our reference of each purchase order taken; empty for a dry run.
        problems: Why purchase orders were rejected, by row.
        warnings: What is worth a look and rejected nothing.
        notes: What was assumed or left out.
        orders: The purchase orders taken, as the sheet says them.
        sheet: The sheet that was read; ``""`` for a text file.
        columns: What each column was taken for.
        rejected_rows: Line and cells of each row of a rejected purchase order, as they came.
    """

    batch: int | None
    accepted: int
    rejected: int
    duplicates: int
    references: list[str]
    problems: list[RowProblem]
    warnings: list[RowProblem]
    notes: list[str]
    orders: list[Order]
    sheet: str
    columns: list[Column]
    rejected_rows: list[SheetRow] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            "batch": self.batch,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "purchase_orders": list(self.references),
            "errors": [p.as_json() for p in self.problems],
            "warnings": [p.as_json() for p in self.warnings],
            "notes": list(self.notes),
        }


def import_purchase_orders(
    opened: OpenConference,
    source: Path | bytes,
    *,
    file_name: str = "",
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    allow_duplicates: bool = False,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
) -> ImportReport:
    """Take the purchase orders of a spreadsheet in as drafts.

    The good ones are kept and the bad ones named; one that is there already with the same content
    is counted as a duplicate and changes nothing.

    Args:
        opened: The conference.
        source: The file, or its content.
        file_name: What the file is called; by default the path's name.
        sheet: Which sheet; by default the only one with a recognizable header.
        mapping: Field → column name, where the proposal is wrong.
        dry_run: Only say what would be done.
        allow_duplicates: Take also those that differ from one that is there under their number.
        decimal: The decimal mark of its amounts, where the file does not tell.
        dates: Which of day and month comes first, where the file does not tell.

    Raises:
        ImportChoiceError: The sheet, the decimal mark or the order of dates must be chosen.
        ImportFileError: The file cannot be read or holds no purchase order; nothing is written.
        NotAllowedError: The actor may not import.
    """
    data = read_bytes(source)
    name = file_name or (source.name if isinstance(source, Path) else "")
    book = open_workbook(data)
    table = read_table(choose_sheet(book, sheet, mapping), chosen=mapping)
    table.notes[:0] = book.notes
    options = Options(
        currency=opened.conference.currency,
        max_lines=opened.conference.max_invoice_lines,
        decimal=decimal,
        dates=dates,
    )
    reading = read_orders(table, options)
    conference_id = opened.conference.id
    if dry_run:
        with opened.store.reading() as session:
            plan = plan_import(session, opened, reading, table, allow_duplicates=allow_duplicates)
        return _report(plan, table, None, [])
    batch = ImportBatch(
        conference_id=conference_id,
        file_name=name,
        file_sha256=hashlib.sha256(data).hexdigest(),
        sheet=table.sheet,
        headers=table.headers,
        mapping=table.mapping,
        entered_by=opened.actor.name,
    )
    with opened.store.writing(opened.actor, Act.IMPORT) as uow:
        imports.lock_conference(uow, conference_id)
        plan = plan_import(uow.session, opened, reading, table, allow_duplicates=allow_duplicates)
        batch.accepted, batch.rejected = len(plan.orders), len(plan.rejected)
        batch.duplicates = len(plan.duplicates)
        references = imports.save_batch(
            uow, batch, [_order_columns(order) for order in plan.orders], _row_columns(plan, table)
        )
    return _report(plan, table, batch.id, references)


def _report(plan: Plan, table: Table, batch: int | None, references: list[str]) -> ImportReport:
    bad = {number for rows in plan.rejected for number in rows}
    return ImportReport(
        batch=batch,
        accepted=len(plan.orders),
        rejected=len(plan.rejected),
        duplicates=len(plan.duplicates),
        references=references,
        problems=plan.errors,
        warnings=plan.warnings,
        notes=plan.notes,
        orders=plan.orders,
        sheet=table.sheet,
        columns=table.columns,
        rejected_rows=[row for row in table.rows if row[0] in bad],
    )


def rejected_rows_csv(report: ImportReport) -> bytes:
    """Return the rejected rows as they came, each with its reasons, as a CSV file.

    Mended, the file can be imported alone.
    """
    reasons: dict[int, list[str]] = {}
    for problem in report.problems:
        reasons.setdefault(problem.row, []).append(f"{problem.column}: {problem.message}")
    return rejected_csv([c.header for c in report.columns], report.rejected_rows, reasons)


def template(format: Literal["csv", "xlsx"]) -> bytes:  # noqa: A002 the option's own name
    """Return an empty import template."""
    return templates.template(format)


def _order_columns(order: Order) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the columns of an order and of its lines."""
    organization, number = imports.order_key(order.organization_name, order.po_number)
    columns = {
        "po_number": order.po_number,
        "po_number_key": number,
        "organization_name": order.organization_name,
        "organization_key": organization,
        "contact_name": order.contact_name,
        "contact_email": order.contact_email,
        "billing_address": order.billing_address,
        "currency": order.currency,
        "notes": order.notes,
        "due_date": order.due_date,
        "days_until_due": order.days_until_due,
        "claimed_invoice_id": order.stripe_invoice_id,
        "import_row": order.rows[0],
    }
    lines = [
        {
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "line_total": line.line_total,
            "import_row": line.row,
        }
        for line in order.lines
    ]
    return columns, lines


def _row_columns(plan: Plan, table: Table) -> Sequence[dict[str, Any]]:
    """Return the columns of each row as it came, with what became of it."""
    became: dict[int, dict[str, Any]] = {}
    for index, order in enumerate(plan.orders):
        became.update(dict.fromkeys(order.rows, {"outcome": "accepted", "order": index}))
    for order, known in plan.duplicates:
        same = {"outcome": "duplicate", "purchase_order_id": known.id}
        became.update(dict.fromkeys(order.rows, same))
    problems: dict[int, list[dict[str, Any]]] = {}
    for problem in plan.errors:
        problems.setdefault(problem.row, []).append(problem.as_json())
    return [
        {
            "row_number": number,
            "cells": [text_of(cell) for cell in cells],
            "problems": problems.get(number, []),
            **became.get(number, {"outcome": "rejected"}),
        }
        for number, cells in table.rows
    ]
