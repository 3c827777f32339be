"""Decides about every purchase order of a table and saves it, in one transaction."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from po_toolkit.api.import_plan import Plan, plan_import
from po_toolkit.api.import_report import ImportReport, report_of
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.tax import TaxRules
from po_toolkit.importers.cells import text_of
from po_toolkit.importers.columns import fingerprint
from po_toolkit.importers.fields import FIELDS
from po_toolkit.importers.orders import Options, SheetReading
from po_toolkit.importers.rows import Order
from po_toolkit.importers.table import Table
from po_toolkit.store import import_batches, imports
from po_toolkit.store.tables import ImportBatch


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person decides about a spreadsheet, beside which it is.

    Attributes:
        mapping: Field → column name, where the proposal is wrong; see ``import_purchase_orders``.
        decimal: The decimal mark of its amounts.
        dates: Which of day, month and year comes first.
        currency: The currency of rows that name none.
        scale: What amounts are multiplied by.
        encoding: The encoding of a text file.
        unknown: Whether columns that are no field are left out or kept in the notes.
        skip_rows: Lines that are left out.
        keep_rows: Lines that are purchase orders whatever they look like.
        allow_duplicates: Take also those that differ from one there is under their number.
        dry_run: Only report what would be done.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    decimal: Literal["point", "comma"] | None = None
    dates: Literal["dmy", "mdy", "ymd"] | None = None
    currency: str | None = None
    scale: int | None = None
    encoding: str | None = None
    unknown: Literal["leave", "notes"] = "leave"
    skip_rows: frozenset[int] = frozenset()
    keep_rows: frozenset[int] = frozenset()
    allow_duplicates: bool = False
    dry_run: bool = False

    def remembered(self) -> dict[str, Any]:
        """Return the answers about values, as they are kept beside the mapping."""
        given = {
            "@decimal": self.decimal,
            "@dates": self.dates,
            "@currency": self.currency,
            "@scale": self.scale,
            "@encoding": self.encoding,
        }
        return {key: value for key, value in given.items() if value is not None}

    def options(self, opened: OpenConference) -> Options:
        """Return what the reading of the table needs to know."""
        return Options(
            currency=opened.conference.currency,
            max_lines=opened.conference.max_invoice_lines,
            decimal=self.decimal,
            dates=self.dates,
            unknown=self.unknown,
            tax=TaxRules.of(opened.conference.tax),
            today=opened.today(),
            named_currency=self.currency,
            scale=self.scale,
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from: the file, and the batch whose rejected rows they correct."""

    file_name: str
    file_sha256: str
    mends: int | None = None


def take_table(
    opened: OpenConference, table: Table, reading: SheetReading, origin: Origin, answers: Answers
) -> ImportReport:
    """Take the good purchase orders of a table that was read, unless it is a dry run.

    Raises:
        NotAllowedError: The actor may not import.
    """
    allow = answers.allow_duplicates
    if answers.dry_run:
        with opened.store.reading() as session:
            plan = plan_import(session, opened, reading, table, allow_duplicates=allow)
        return report_of(plan, table, reading, None, [])
    conference_id = opened.conference.id
    batch = _batch(opened, table, reading, origin, answers)
    with opened.store.writing(opened.actor, Act.IMPORT) as uow:
        imports.lock_conference(uow, conference_id)
        plan = plan_import(uow.session, opened, reading, table, allow_duplicates=allow)
        batch.accepted, batch.rejected = len(plan.orders), len(plan.rejected)
        batch.duplicates = len(plan.duplicates)
        orders = [order_columns(order) for order in plan.orders]
        references = imports.save_batch(uow, batch, orders, _row_columns(plan, table))
        kept = table.remembered | answers.remembered()
        if answers.mapping or kept:
            header = fingerprint(table.headers)
            import_batches.remember_mapping(uow, conference_id, header, batch.mapping | kept)
        if origin.mends is not None:
            numbers = [number for number, _ in table.rows]
            import_batches.mark_fixed(uow.session, origin.mends, numbers)
    return report_of(plan, table, reading, batch.id, references)


def _batch(
    opened: OpenConference, table: Table, reading: SheetReading, origin: Origin, answers: Answers
) -> ImportBatch:
    mapping = {name: "" for name, column in answers.mapping.items() if not column}
    mapping = {name: "" for name in mapping if name in FIELDS} | table.answers()
    return ImportBatch(
        conference_id=opened.conference.id,
        file_name=origin.file_name,
        file_sha256=origin.file_sha256,
        sheet=table.sheet,
        headers=table.headers,
        mapping=mapping,
        reading={
            "decimal": reading.decimals,
            "dates": reading.dates,
            "unknown": answers.unknown,
            "currency": reading.currency if reading.currency_by != "conference" else None,
            "scale": reading.scale,
            "header_row": table.header_row,
        },
        entered_by=opened.actor.name,
    )


def order_columns(order: Order) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the columns of an order and of its lines."""
    organization, number = imports.order_key(order.organization_name, order.po_number)
    columns = {
        "po_number": order.po_number,
        "po_number_key": number,
        "organization_name": order.organization_name,
        "organization_key": organization,
        "contact_name": order.contact_name,
        "contact_email": order.contact_email,
        "contact_phone": order.contact_phone,
        "cc_emails": order.cc_emails,
        "billing_address": order.billing_address,
        "currency": order.currency,
        "notes": order.notes,
        "due_date": order.due_date,
        "days_until_due": order.days_until_due,
        "tax_id_type": order.tax_id.type if order.tax_id else "",
        "tax_id": order.tax_id.value if order.tax_id else "",
        "language": order.language,
        "service_start": order.service_start,
        "service_end": order.service_end,
        "payment_methods": list(order.payment_methods) or None,
        "delivery": order.delivery,
        "buyer_reference": order.buyer_reference,
        "e_invoice_address": order.e_invoice_address,
        "e_invoice_format": order.e_invoice_format,
        "po_amount": order.po_amount,
        "claimed_invoice_id": order.stripe_invoice_id,
        "import_row": order.rows[0],
    }
    lines = [
        {
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "line_total": line.line_total,
            "tax_rates": [rate.as_json() for rate in line.rates] or None,
            "tax_on_top": line.tax_on_top,
            "tax_included": line.tax_included,
            "import_row": line.row,
        }
        for line in order.lines
    ]
    return columns, lines


def _row_columns(plan: Plan, table: Table) -> Iterator[dict[str, Any]]:
    """Return the columns of each row as it came, with what became of it."""
    taken = {number: index for index, order in enumerate(plan.orders) for number in order.rows}
    same = {number: known.id for order, known in plan.duplicates for number in order.rows}
    problems: dict[int, list[dict[str, Any]]] = {}
    for problem in plan.errors:
        problems.setdefault(problem.row, []).append(problem.as_json())
    for number, cells in table.rows:
        row: dict[str, Any] = {
            "row_number": number,
            "cells": [cell if type(cell) is str else text_of(cell) for cell in cells],
        }
        if number in taken:
            yield {**row, "order": taken[number]}
        elif number in same:
            yield {
                **row,
                "outcome": "duplicate",
                "problems": [],
                "purchase_order_id": same[number],
            }
        else:
            yield {**row, "outcome": "rejected", "problems": problems.get(number, [])}


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold the collector of cycles off while many small objects are made that all stay.

    It would walk all of them again and again, for a fifth of the time of a large import.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
