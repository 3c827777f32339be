"""What reconciliation reads: one statement for each table, however many purchase orders.

Money is in minor units; the sums of lines are made by the database. Rows are plain tuples in the
order of the columns, which keeps 100,000 of them cheap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Executable,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from po_toolkit.domain.offline_payments import DETAILS
from po_toolkit.domain.states import WriteState
from po_toolkit.store.stripe_only import nobody_elses, shown_here
from po_toolkit.store.tables import (
    CreditNote,
    CustomerBalance,
    ImportBatch,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
    RowVersion,
    StrayInvoice,
    StripeWrite,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to one statement."""

    columns: tuple[str, ...]
    records: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The last day that counts, and the first instant that no longer does."""

    day: date
    before: datetime


def orders(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each purchase order with the sum of its lines."""
    lines = (
        select(
            PurchaseOrderLineItem.purchase_order_id.label("order_id"),
            cast(func.sum(PurchaseOrderLineItem.billed), BigInteger).label("total"),
            cast(func.sum(PurchaseOrderLineItem.tax), BigInteger).label("tax"),
        )
        .group_by(PurchaseOrderLineItem.purchase_order_id)
        .subquery()
    )
    po = PurchaseOrder
    return _read(
        session,
        select(
            po.id.label("order_id"),
            po.reference,
            po.po_number,
            po.po_number_key,
            po.organization_name,
            po.organization_key,
            po.contact_name,
            po.contact_email,
            po.billing_address,
            po.currency,
            po.marked_sent,
            po.asked_again,
            po.claimed_invoice_id,
            po.due_date,
            po.days_until_due,
            func.coalesce(ImportBatch.file_name, "").label("file_name"),
            func.coalesce(ImportBatch.sheet, "").label("sheet"),
            po.import_row,
            _instant(po.created_at),
            _flag(and_(po.cancelled_at.is_not(None), po.cancelled_at < cutoff.before)).label(
                "cancelled"
            ),
            func.coalesce(lines.c.total, 0).label("total"),
            func.coalesce(lines.c.tax, 0).label("tax"),
        )
        .outerjoin(lines, lines.c.order_id == po.id)
        .outerjoin(ImportBatch, ImportBatch.id == po.import_batch_id)
        .where(po.conference_id == conference_id)
        .order_by(po.id),
    )


def taxed_lines(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each line that bears a tax rate, of purchase orders that are not cancelled."""
    po, line = PurchaseOrder, PurchaseOrderLineItem
    return _read(
        session,
        select(
            line.purchase_order_id.label("order_id"),
            po.currency,
            line.line_total,
            line.tax_rates,
        )
        .join(po, po.id == line.purchase_order_id)
        .where(
            po.conference_id == conference_id,
            line.tax_rates.is_not(null()),
            or_(po.cancelled_at.is_(None), po.cancelled_at >= cutoff.before),
        )
        .order_by(po.id, line.position),
    )


def invoices(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each generation of each invoice that had been begun."""
    inv = Invoice
    return _read(
        session,
        select(
            inv.id.label("invoice_id"),
            inv.purchase_order_id.label("order_id"),
            inv.generation,
            inv.state,
            inv.stripe_invoice_id,
            inv.number,
            inv.hosted_url,
            inv.currency,
            inv.due_date,
            inv.stripe_status,
            inv.stripe_total,
            inv.settled_before,
            inv.stripe_amount_due,
            inv.stripe_amount_paid,
            inv.stripe_amount_overpaid,
            inv.stripe_credit_used,
            inv.stripe_balance_moves,
            inv.stripe_customer_id,
            inv.stripe_customer_name,
            inv.stripe_customer_email,
            _instant(inv.sent_at),
        )
        .where(inv.conference_id == conference_id, inv.created_at < cutoff.before)
        .order_by(inv.purchase_order_id, inv.generation),
    )


def addresses_given(
    session: Session, conference_id: int, cutoff: Cutoff
) -> dict[str, tuple[str, datetime]]:
    """Read which address each customer at Stripe was given last, and when, since it was made."""
    write = StripeWrite
    rows = session.execute(
        select(write.path, write.body, write.finished_at)
        .where(
            write.conference_id == conference_id,
            write.kind == "customer_details",
            write.state == WriteState.DONE.value,
            write.finished_at < cutoff.before,
        )
        .order_by(write.finished_at, write.id)
    )
    given = ((path.rpartition("/")[2], json.loads(body), at) for path, body, at in rows)
    return {
        customer: (body["email"], at)
        for customer, body, at in given
        if at is not None and "email" in body
    }


def entries(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each ledger entry booked on the cutoff's day or before."""
    entry = LedgerEntry
    return _read(
        session,
        select(
            entry.id.label("entry_id"),
            entry.purchase_order_id.label("order_id"),
            entry.payment_date,
            entry.booked_on,
            entry.kind,
            entry.method,
            entry.amount,
            entry.currency,
            entry.source,
            entry.source_id,
            *(getattr(entry, detail.name).label(detail.column) for detail in DETAILS),
            entry.invoice_id,
            entry.reverses_id,
            entry.stripe_payment_record_id,
            entry.stripe_attached,
            entry.entered_by,
        )
        .where(entry.conference_id == conference_id, entry.booked_on <= cutoff.day)
        .order_by(entry.booked_on, entry.id),
    )


def credit_notes(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each credit note booked on the cutoff's day or before."""
    note = CreditNote
    return _read(
        session,
        select(
            note.id.label("credit_note_id"),
            note.purchase_order_id.label("order_id"),
            note.credit_date,
            note.booked_on,
            note.amount,
            note.currency,
            note.reason,
            note.stripe_credit_note_id,
            note.issued_by,
        )
        .where(note.conference_id == conference_id, note.booked_on <= cutoff.day)
        .order_by(note.booked_on, note.id),
    )


def stray_invoices(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the invoices at Stripe that had been found to belong to no purchase order."""
    stray = StrayInvoice
    return _read(
        session,
        select(
            stray.id.label("stray_id"),
            stray.stripe_invoice_id,
            stray.number,
            stray.customer_name,
            stray.customer_email,
            stray.named_reference,
            stray.ignored,
            stray.stripe_status,
            stray.currency,
            stray.total,
            stray.amount_paid,
        )
        .where(
            stray.conference_id == conference_id,
            stray.created_at < cutoff.before,
            nobody_elses(conference_id),
        )
        .order_by(stray.id),
    )


def customer_balances(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the money of customers that lies at Stripe."""
    balance = CustomerBalance
    return _read(
        session,
        select(
            balance.id.label("balance_id"),
            balance.stripe_customer_id,
            balance.kind,
            balance.currency,
            balance.amount,
            balance.customer_name,
            balance.customer_email,
        )
        .where(
            balance.conference_id == conference_id,
            balance.created_at < cutoff.before,
            shown_here(cutoff.before),
        )
        .order_by(balance.id),
    )


def superseded(
    session: Session, conference_id: int, cutoff: Cutoff
) -> dict[str, dict[int, dict[str, Any]]]:
    """Return, by table and row id, the values that rows still had at the cutoff.

    Only columns that were changed since are named; dates and times are ISO 8601 text.
    """
    version = RowVersion
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for table, row_id, old in session.execute(
        select(version.table_name, version.row_id, version.old_values)
        .where(version.conference_id == conference_id, version.until >= cutoff.before)
        .order_by(version.until.desc(), version.id.desc())
    ):
        found.setdefault(table, {}).setdefault(row_id, {}).update(old)
    return found


def _instant(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Read an instant as the driver gives it, in UTC; pandas makes it aware, all rows at once."""
    return type_coerce(column, DateTime(timezone=True)).label(column.key)


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, literal(1)), else_=literal(0))


def _read(session: Session, statement: Executable) -> Rows:
    result = session.connection().execute(statement)
    return Rows(tuple(result.keys()), [tuple(row) for row in result.all()])
