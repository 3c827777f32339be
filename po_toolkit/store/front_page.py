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
from po_toolkit.domain.states import BatchState, JobState
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, EntryKind, Status
from po_toolkit.store.bank_books import unexplained
from po_toolkit.store.ledger import reversed_sum, signed
from po_toolkit.store.listing import LIVE, OWING, View, has_reversed_payment, in_view, is_sent
from po_toolkit.store.stripe_only import nobody_elses, shown_here
from po_toolkit.store.tables import (
    BankTransaction,
    Conference,
    ContactCall,
    CustomerBalance,
    Invoice,
    InvoiceBatch,
    Job,
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
    return session.execute(_BY_STATUS, {"conference": conference_id}).all()


_OF = bindparam("conference", type_=Integer)
_MINE = PurchaseOrder.conference_id == _OF
_BY_STATUS = (
    select(
        PurchaseOrder.currency,
        PurchaseOrder.status,
        func.count().label("purchase_orders"),
        *(
            cast(func.sum(getattr(PurchaseOrder, f"sum_{name}")), BigInteger).label(name)
            for name in ("total", "credited", "paid", "refunded")
        ),
    )
    .where(_MINE)
    .group_by(PurchaseOrder.currency, PurchaseOrder.status)
    .order_by(PurchaseOrder.currency, PurchaseOrder.status)
)
_DUE = func.coalesce(Invoice.due_date, PurchaseOrder.due_date)
_RECKONED = (
    case((_DUE.is_(None), Invoice.sent_at)),
    case((_DUE.is_(None), PurchaseOrder.days_until_due)),
)
"""What says when an invoice without a due date is due: when it was sent, and days."""


def open_groups(session: Session, conference_id: int) -> list[OpenGroup]:
    """Return what is open, added up by due date; refunded purchase orders are left out."""
    rows: Any = session.execute(_OPEN_GROUPS, {"conference": conference_id})
    return [
        OpenGroup(currency, bool(is_sent), due_on, at, own_days, number, amount)
        for currency, is_sent, due_on, at, own_days, number, amount in rows
    ]


_GROUPED = (PurchaseOrder.currency, case((is_sent(), 1), else_=0), _DUE, *_RECKONED)
_OPEN = (_MINE, PurchaseOrder.status.in_(OWING), PurchaseOrder.kept_balance > 0)
_OPEN_GROUPS = (
    select(*_GROUPED, func.count(), cast(func.sum(PurchaseOrder.kept_balance), BigInteger))
    .outerjoin(Invoice, LIVE)
    .where(*_OPEN, PurchaseOrder.sum_refunded <= 0)
    .group_by(*_GROUPED)
)


def refunded_and_open(session: Session, conference_id: int) -> Sequence[Any]:
    """Return each purchase order that was refunded and is open: its sums, due date, and state."""
    return session.execute(_REFUNDED_AND_OPEN, {"conference": conference_id}).all()


_REFUNDED_AND_OPEN = (
    select(
        PurchaseOrder.currency,
        PurchaseOrder.kept_balance.label("balance"),
        PurchaseOrder.sum_total,
        PurchaseOrder.sum_credited,
        PurchaseOrder.sum_paid,
        PurchaseOrder.sum_refunded,
        PurchaseOrder.asked_again,
        PurchaseOrder.marked_sent,
        PurchaseOrder.days_until_due,
        _DUE.label("due_date"),
        Invoice.sent_at,
        Invoice.state,
        select(cast(func.coalesce(func.sum(reversed_sum()), 0), BigInteger))
        .where(LedgerEntry.purchase_order_id == PurchaseOrder.id)
        .scalar_subquery()
        .label("reversed_payments"),
    )
    .outerjoin(Invoice, LIVE)
    .where(*_OPEN, PurchaseOrder.sum_refunded > 0)
)


_PAUSED = (
    select(Job.purchase_order_id)
    .join(InvoiceBatch, InvoiceBatch.id == Job.batch_id)
    .where(
        InvoiceBatch.conference_id == _OF,
        InvoiceBatch.state == BatchState.PAUSED.value,
        Job.state == JobState.WAITING.value,
        Job.purchase_order_id.is_not(None),
    )
)
"""What waits in a paused batch, which is named as one thing that waits for a person."""


def waiting(session: Session, conference_id: int) -> dict[str, int]:
    """Count what waits for a person beside the sums."""
    return dict(session.execute(_waiting(), {"conference": conference_id}).mappings().one())


@cache
def _waiting() -> Select[Any]:
    """Put the statement together once: that takes longer than the database needs for it."""
    stray, lying, inv, po = StrayInvoice, CustomerBalance, Invoice, PurchaseOrder
    counts = {
        "invoicing_failed": and_(
            inv.conference_id == _OF,
            inv.error != "",
            inv.state.in_(["planned", "drafting", "drafted"]),
            inv.purchase_order_id.not_in(_PAUSED),
        ),
        "invoice_without_order": and_(
            stray.conference_id == _OF,
            stray.ignored.is_(False),
            stray.stripe_status.in_(["open", "paid", "uncollectible"]),
            nobody_elses(_OF),
            ~select(inv.id)
            .where(
                inv.conference_id == _OF,
                inv.stripe_invoice_id == stray.stripe_invoice_id,
            )
            .exists(),
        ),
        "money_stuck_at_stripe": and_(lying.conference_id == _OF, lying.amount > 0, shown_here()),
        "cancelled_with_money": and_(
            po.conference_id == _OF,
            po.status == Status.CANCELLED.value,
            po.sum_paid != po.sum_refunded,
        ),
        "reversed_payments": has_reversed_payment(_OF),
        "bank_lines": and_(BankTransaction.conference_id == _OF, unexplained()),
    }
    tables: tuple[Any, ...] = (inv, stray, lying, po, outerjoin(po, inv, LIVE), BankTransaction)
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
    values = {"conference": conference_id, "first": first, "last": last}
    query = _RECEIVED.where(LedgerEntry.currency == currency) if currency else _RECEIVED
    return session.execute(query, values).all()


_RECEIVED = (
    select(
        LedgerEntry.currency,
        LedgerEntry.booked_on,
        cast(func.sum(signed(PAID_SIGN) - signed(REFUNDED_SIGN)), BigInteger),
    )
    .where(
        LedgerEntry.conference_id == _OF,
        LedgerEntry.booked_on.between(bindparam("first"), bindparam("last")),
    )
    .group_by(LedgerEntry.currency, LedgerEntry.booked_on)
    .order_by(LedgerEntry.booked_on)
)


def due_groups(session: Session, conference_id: int, currency: str) -> Sequence[Any]:
    """Return totals less credit notes, added up by due date, of what is not cancelled."""
    return session.execute(_DUE_GROUPS, {"conference": conference_id, "currency": currency}).all()


_DUE_GROUPS = (
    select(
        _DUE.label("due_date"),
        _RECKONED[0].label("sent_at"),
        _RECKONED[1].label("days_until_due"),
        cast(func.sum(PurchaseOrder.sum_total - PurchaseOrder.sum_credited), BigInteger).label(
            "amount"
        ),
    )
    .outerjoin(Invoice, LIVE)
    .where(
        _MINE,
        PurchaseOrder.currency == bindparam("currency"),
        PurchaseOrder.status != Status.CANCELLED.value,
    )
    .group_by(_DUE, *_RECKONED)
)


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
            _DUE.label("due_date"),
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
        .order_by(case((broken.is_not(None), 0), else_=1), _DUE, po.id)
        .limit(limit)
    ).all()


def due_soon(session: Session, conference: Conference, *, today: date, limit: int) -> Sequence[Any]:
    """Return what is open and due in the next two weeks, the earliest first."""
    po, inv = PurchaseOrder, Invoice
    return session.execute(
        select(
            po.reference,
            po.organization_name,
            po.currency,
            po.kept_balance.label("balance"),
            _DUE.label("due_date"),
            inv.sent_at,
            po.days_until_due,
        )
        .outerjoin(inv, LIVE)
        .where(
            po.conference_id == conference.id, in_view(session, conference, View.DUE_SOON, today)
        )
        .order_by(_DUE, po.id)
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
