"""The few statements behind the first page, quick with 100,000 purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased, outerjoin

from po_toolkit.domain.periods import end_of_day
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, EntryKind, Status
from po_toolkit.store.ledger import reversed_sum, signed
from po_toolkit.store.listing import LIVE, OWING, View, has_reversed_payment, in_view, is_sent
from po_toolkit.store.stripe_only import nobody_elses, shown_here
from po_toolkit.store.tables import (
    Conference,
    ContactCall,
    CustomerBalance,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    Reminder,
    StrayInvoice,
)


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """Open balances that are due on one day; the amount is in minor units."""

    currency: str
    sent: bool
    due_date: date | None
    sent_at: datetime | None
    days_until_due: int | None
    purchase_orders: int
    amount: int


def by_status(session: Session, conference_id: int) -> Sequence[Any]:
    """Return, by currency and status, the number and the sums in minor units."""
    po = PurchaseOrder
    return session.execute(
        select(
            po.currency,
            po.status,
            func.count().label("purchase_orders"),
            *(
                cast(func.sum(getattr(po, f"sum_{name}")), BigInteger).label(name)
                for name in ("total", "credited", "paid", "refunded")
            ),
        )
        .where(po.conference_id == conference_id)
        .group_by(po.currency, po.status)
        .order_by(po.currency, po.status)
    ).all()


def open_groups(session: Session, conference_id: int) -> list[OpenGroup]:
    """Return what is open, added up by due date; refunded purchase orders are left out."""
    po, inv = PurchaseOrder, Invoice
    sent = case((is_sent(), 1), else_=0)
    due = func.coalesce(inv.due_date, po.due_date)
    keys = [po.currency, sent, due, *_reckoned(due)]
    rows: Any = session.execute(
        select(*keys, func.count(), cast(func.sum(po.kept_balance), BigInteger))
        .outerjoin(inv, LIVE)
        .where(
            po.conference_id == conference_id,
            po.status.in_(OWING),
            po.sum_refunded <= 0,
            po.kept_balance > 0,
        )
        .group_by(*keys)
    )
    return [
        OpenGroup(currency, bool(is_sent), due_on, at, own_days, number, amount)
        for currency, is_sent, due_on, at, own_days, number, amount in rows
    ]


def _reckoned(due: Any) -> tuple[Any, Any]:
    """Return what says when an invoice without a due date is due: when it was sent, and days."""
    unknown = due.is_(None)
    return case((unknown, Invoice.sent_at)), case((unknown, PurchaseOrder.days_until_due))


def refunded_and_open(session: Session, conference_id: int) -> Sequence[Any]:
    """Return each purchase order that was refunded and is open: its sums, due date, and state."""
    po, inv, entry = PurchaseOrder, Invoice, LedgerEntry
    gone = (
        select(cast(func.coalesce(func.sum(reversed_sum()), 0), BigInteger))
        .where(entry.purchase_order_id == po.id)
        .scalar_subquery()
    )
    return session.execute(
        select(
            po.currency,
            po.kept_balance.label("balance"),
            po.sum_total,
            po.sum_credited,
            po.sum_paid,
            po.sum_refunded,
            po.asked_again,
            po.marked_sent,
            po.days_until_due,
            func.coalesce(inv.due_date, po.due_date).label("due_date"),
            inv.sent_at,
            inv.state,
            gone.label("reversed_payments"),
        )
        .outerjoin(inv, LIVE)
        .where(
            po.conference_id == conference_id,
            po.status.in_(OWING),
            po.sum_refunded > 0,
            po.kept_balance > 0,
        )
    ).all()


def waiting(session: Session, conference_id: int) -> dict[str, int]:
    """Count what waits for a person beside the sums."""
    return dict(session.execute(_waiting(), {"conference": conference_id}).mappings().one())


@cache
def _waiting() -> Select[Any]:
    """Put the statement together once: that takes longer than the database needs for it."""
    stray, lying, inv, po = StrayInvoice, CustomerBalance, Invoice, PurchaseOrder
    conference_id = bindparam("conference", type_=Integer)
    counts = {
        "invoicing_failed": and_(
            inv.conference_id == conference_id,
            inv.error != "",
            inv.state.in_(["planned", "drafting", "drafted"]),
        ),
        "invoice_without_order": and_(
            stray.conference_id == conference_id,
            stray.ignored.is_(False),
            stray.stripe_status.in_(["open", "paid", "uncollectible"]),
            nobody_elses(conference_id),
            ~select(inv.id)
            .where(
                inv.conference_id == conference_id,
                inv.stripe_invoice_id == stray.stripe_invoice_id,
            )
            .exists(),
        ),
        "money_stuck_at_stripe": and_(
            lying.conference_id == conference_id, lying.amount > 0, shown_here()
        ),
        "cancelled_with_money": and_(
            po.conference_id == conference_id,
            po.status == Status.CANCELLED.value,
            po.sum_paid != po.sum_refunded,
        ),
        "reversed_payments": has_reversed_payment(conference_id),
    }
    tables: tuple[Any, ...] = (inv, stray, lying, po, outerjoin(po, inv, LIVE))
    found = (
        select(func.count()).select_from(table).where(condition).scalar_subquery().label(name)
        for table, (name, condition) in zip(tables, counts.items(), strict=True)
    )
    return select(*found)


def received_by_day(
    session: Session,
    conference_id: int,
    *,
    currency: str = "",
    first: date = date.min,
    last: date = date.max,
) -> Sequence[Any]:
    """Return, by currency and day of booking, payments less refunds in minor units."""
    entry = LedgerEntry
    query = (
        select(
            entry.currency,
            entry.booked_on,
            cast(func.sum(signed(PAID_SIGN) - signed(REFUNDED_SIGN)), BigInteger),
        )
        .where(entry.conference_id == conference_id, entry.booked_on.between(first, last))
        .group_by(entry.currency, entry.booked_on)
        .order_by(entry.booked_on)
    )
    return session.execute(query.where(entry.currency == currency) if currency else query).all()


def due_groups(session: Session, conference_id: int, currency: str) -> Sequence[Any]:
    """Return totals less credit notes, added up by due date, of what is not cancelled."""
    po, inv = PurchaseOrder, Invoice
    due = func.coalesce(inv.due_date, po.due_date)
    sent_at, days = _reckoned(due)
    return session.execute(
        select(
            due.label("due_date"),
            sent_at.label("sent_at"),
            days.label("days_until_due"),
            cast(func.sum(po.sum_total - po.sum_credited), BigInteger).label("amount"),
        )
        .outerjoin(inv, LIVE)
        .where(
            po.conference_id == conference_id,
            po.currency == currency,
            po.status != Status.CANCELLED.value,
        )
        .group_by(due, sent_at, days)
    ).all()


def calls_to_make(
    session: Session, conference: Conference, *, today: date, limit: int
) -> Sequence[Any]:
    """Return overdue purchase orders whose sponsor was not called today and has not promised.

    A promise that is not kept by its day brings them back, before all others; then the longest
    overdue come first.
    """
    po, inv, call = PurchaseOrder, Invoice, ContactCall
    each = aliased(ContactCall)
    last = (
        select(func.max(each.id))
        .where(each.purchase_order_id == po.id)
        .correlate(po)
        .scalar_subquery()
    )
    began = end_of_day(today - timedelta(days=1), conference.timezone)
    rests = (
        select(call.id)
        .where(call.id == last, or_(call.promised_on >= today, call.created_at >= began))
        .exists()
    )
    broken = select(call.promised_on).where(call.id == last).scalar_subquery()
    due = func.coalesce(inv.due_date, po.due_date)
    overdue = in_view(session, conference, View.OVERDUE, today)
    return session.execute(
        select(
            po.reference,
            po.organization_name,
            po.contact_name,
            po.contact_email,
            po.contact_phone,
            po.currency,
            po.kept_balance.label("balance"),
            due.label("due_date"),
            inv.sent_at,
            po.days_until_due,
            select(func.max(Reminder.sent_at))
            .where(Reminder.purchase_order_id == po.id)
            .scalar_subquery()
            .label("reminded_at"),
            select(func.max(call.created_at))
            .where(call.purchase_order_id == po.id)
            .scalar_subquery()
            .label("called_at"),
            broken.label("promised_on"),
        )
        .outerjoin(inv, LIVE)
        .where(po.conference_id == conference.id, overdue, ~rests)
        .order_by(case((broken.is_not(None), 0), else_=1), due, po.id)
        .limit(limit)
    ).all()


def due_soon(session: Session, conference: Conference, *, today: date, limit: int) -> Sequence[Any]:
    """Return what is open and due in the next two weeks, the earliest first."""
    po, inv = PurchaseOrder, Invoice
    due = func.coalesce(inv.due_date, po.due_date)
    return session.execute(
        select(
            po.reference,
            po.organization_name,
            po.currency,
            po.kept_balance.label("balance"),
            due.label("due_date"),
            inv.sent_at,
            po.days_until_due,
        )
        .outerjoin(inv, LIVE)
        .where(
            po.conference_id == conference.id, in_view(session, conference, View.DUE_SOON, today)
        )
        .order_by(due, po.id)
        .limit(limit)
    ).all()


def latest_payments(session: Session, conference_id: int, *, limit: int) -> Sequence[Any]:
    """Return the payments that were booked last, the latest first."""
    po, entry = PurchaseOrder, LedgerEntry
    return session.execute(
        select(
            entry.booked_on,
            entry.amount,
            entry.currency,
            entry.method,
            po.organization_name,
            po.reference,
        )
        .join(po, po.id == entry.purchase_order_id)
        .where(entry.conference_id == conference_id, entry.kind == EntryKind.PAYMENT.value)
        .order_by(entry.booked_on.desc(), entry.id.desc())
        .limit(limit)
    ).all()
