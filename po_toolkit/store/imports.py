"""Spreadsheets taken in: what is there already, and saving a batch in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal_column, select
from sqlalchemy.orm import Session

from po_toolkit.domain.duplicates import Content
from po_toolkit.domain.references import comparable, new_references
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import Status
from po_toolkit.store.bulk import insert_rows
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ids import reserve_ids
from po_toolkit.store.tables import (
    Conference,
    ImportBatch,
    ImportRow,
    Invoice,
    PurchaseOrder,
    PurchaseOrderLineItem,
    RowVersion,
)

_FEW = 500
"""Values in one IN list; below every database's limit of parameters."""

_NONE: ColumnElement[Any] = literal_column("'[]'")
"""An empty JSON list."""

OrderKey = tuple[str, str]
"""Organization and PO number, folded for comparison."""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """A purchase order that is in the database."""

    id: int
    reference: str
    status: str
    po_number: str
    contact_name: str
    billing_address: str
    notes: str
    content: Content


def lock_conference(uow: UnitOfWork, conference_id: int) -> None:
    """Let one import of a conference at a time look for duplicates and save."""
    uow.session.execute(
        select(Conference.id).where(Conference.id == conference_id).with_for_update()
    )


def order_key(organization_name: str, po_number: str) -> OrderKey:
    """Return what makes two purchase orders of a conference duplicates."""
    return comparable(organization_name), comparable(po_number)


def known_orders(
    session: Session, conference_id: int, keys: Iterable[OrderKey]
) -> dict[OrderKey, list[KnownOrder]]:
    """Return the purchase orders of these keys' sponsors, by their own keys and former numbers."""
    sponsors = sorted({organization for organization, _ in keys})
    here = PurchaseOrder.conference_id == conference_id
    if not sponsors or session.scalar(select(PurchaseOrder.id).where(here).limit(1)) is None:
        return {}
    found: list[Any] = []
    for names in _chunks(sponsors, _FEW):
        query = select(*_KNOWN).where(here, PurchaseOrder.organization_key.in_(names))
        found.extend(session.execute(query))
    lines = _lines_of(session, [row.id for row in found])
    former = _former_numbers(session, conference_id)
    known: dict[OrderKey, list[KnownOrder]] = defaultdict(list)
    for row in sorted(found, key=lambda r: r.id):
        order = KnownOrder(
            id=row.id,
            reference=row.reference,
            status=row.status,
            po_number=row.po_number,
            contact_name=row.contact_name,
            billing_address=row.billing_address,
            notes=row.notes,
            content=Content(
                currency=row.currency,
                contact_email=row.contact_email,
                due_date=row.due_date,
                days_until_due=row.days_until_due,
                stripe_invoice_id=row.claimed_invoice_id,
                lines=tuple(lines[row.id]),
                tax_on_top=row.sum_total - sum(q * price for _, q, price in lines[row.id]),
            ),
        )
        for number in {row.po_number_key, *former[row.id]}:
            known[row.organization_key, number].append(order)
    return known


def _former_numbers(session: Session, conference_id: int) -> dict[int, set[str]]:
    """Return the folded PO numbers that purchase orders had before, by their ids.

    The file that they were imported from still names them.
    """
    query = select(RowVersion.row_id, RowVersion.old_values).where(
        RowVersion.conference_id == conference_id,
        RowVersion.table_name == PurchaseOrder.__tablename__,
        cast(RowVersion.old_values, String).contains('"po_number_key"'),
    )
    former: dict[int, set[str]] = defaultdict(set)
    for row_id, values in session.execute(query):
        former[row_id].add(values["po_number_key"])
    return former


_KNOWN = (
    PurchaseOrder.id,
    PurchaseOrder.reference,
    PurchaseOrder.status,
    PurchaseOrder.organization_key,
    PurchaseOrder.po_number,
    PurchaseOrder.po_number_key,
    PurchaseOrder.contact_name,
    PurchaseOrder.contact_email,
    PurchaseOrder.billing_address,
    PurchaseOrder.notes,
    PurchaseOrder.currency,
    PurchaseOrder.due_date,
    PurchaseOrder.days_until_due,
    PurchaseOrder.claimed_invoice_id,
    PurchaseOrder.sum_total,
)


def _lines_of(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, int, int]]]:
    lines: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    item = PurchaseOrderLineItem
    for some in _chunks(ids, _FEW):
        query = select(item.purchase_order_id, item.description, item.quantity, item.unit_price)
        for row in session.execute(query.where(item.purchase_order_id.in_(some))):
            lines[row.purchase_order_id].append((row.description, row.quantity, row.unit_price))
    return lines


def invoice_owners(
    session: Session, conference_id: int, invoice_ids: Iterable[str]
) -> dict[str, str]:
    """Return which Stripe invoices belong to a purchase order already: id → its reference."""
    owners: dict[str, str] = {}
    for some in _chunks(sorted(set(invoice_ids)), _FEW):
        claimed = select(PurchaseOrder.claimed_invoice_id, PurchaseOrder.reference).where(
            PurchaseOrder.conference_id == conference_id,
            PurchaseOrder.claimed_invoice_id.in_(some),
        )
        ours = (
            select(Invoice.stripe_invoice_id, PurchaseOrder.reference)
            .join(PurchaseOrder, Invoice.purchase_order_id == PurchaseOrder.id)
            .where(Invoice.conference_id == conference_id, Invoice.stripe_invoice_id.in_(some))
        )
        for query in (claimed, ours):
            owners.update({str(i): reference for i, reference in session.execute(query)})
    return owners


def sponsor_names(session: Session, conference_id: int) -> list[str]:
    """Return the different names of a conference's sponsors."""
    names = select(PurchaseOrder.organization_name).where(
        PurchaseOrder.conference_id == conference_id
    )
    return list(session.scalars(names.distinct()))


def save_batch(
    uow: UnitOfWork,
    batch: ImportBatch,
    orders: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
    rows: Iterable[Mapping[str, Any]],
) -> list[str]:
    """Save a batch, its purchase orders with their lines, and its rows as they came.

    An order is its columns and those of its lines; a row's ``order`` is the index of the purchase
    order that it became, or None.

    Returns:
        The reference of each purchase order, in their order.
    """
    session = uow.session
    session.add(batch)
    session.flush()
    references = _free_references(session, len(orders))
    ids = reserve_ids(session, PurchaseOrder.__table__, len(orders))
    now = utc_now()
    insert_rows(
        session,
        PurchaseOrder.__table__,
        (
            {
                "id": key,
                "reference": reference,
                "sum_total": sum(line["line_total"] + line.get("tax_on_top", 0) for line in lines),
                **order,
            }
            for key, reference, (order, lines) in zip(ids, references, orders, strict=True)
        ),
        conference_id=batch.conference_id,
        import_batch_id=batch.id,
        status=Status.DRAFT.value,
        sum_credited=0,
        sum_paid=0,
        sum_refunded=0,
        marked_sent=False,
        created_at=now,
        updated_at=now,
    )
    insert_rows(
        session,
        PurchaseOrderLineItem.__table__,
        (
            {"purchase_order_id": key, "position": position, **line}
            for key, (_, lines) in zip(ids, orders, strict=True)
            for position, line in enumerate(lines, 1)
        ),
    )
    _save_rows(session, batch, rows, ids)
    uow.audit(
        Act.IMPORT,
        batch,
        after={
            "file_name": batch.file_name,
            "sheet": batch.sheet,
            "accepted": batch.accepted,
            "rejected": batch.rejected,
            "duplicates": batch.duplicates,
        },
    )
    return references


def _save_rows(
    session: Session, batch: ImportBatch, rows: Iterable[Mapping[str, Any]], ids: Sequence[int]
) -> None:
    """Save the rows as they came; those of taken purchase orders, which are most, at their own."""
    others: list[dict[str, Any]] = []

    def taken() -> Iterator[dict[str, Any]]:
        for row in rows:
            order = row.get("order")
            if order is None:
                others.append({"purchase_order_id": None, **row})
            else:
                yield {
                    "row_number": row["row_number"],
                    "cells": row["cells"],
                    "purchase_order_id": ids[order],
                }

    table = ImportRow.__table__
    insert_rows(session, table, taken(), batch_id=batch.id, outcome="accepted", problems=_NONE)
    insert_rows(session, table, others, batch_id=batch.id)


def _free_references(session: Session, count: int) -> list[str]:
    """Draw references that no purchase order has; a drawn one that is taken is drawn again."""
    free: dict[str, None] = {}
    while len(free) < count:
        drawn = new_references(count - len(free)) - free.keys()
        for some in _chunks(sorted(drawn), _FEW):
            query = select(PurchaseOrder.reference).where(PurchaseOrder.reference.in_(some))
            drawn -= set(session.scalars(query))
        free.update(dict.fromkeys(sorted(drawn)))
    return list(free)


def _chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
