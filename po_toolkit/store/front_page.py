"""The few statements behind the first page, quick with 100,000 purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from po_toolkit.domain.sums import Status
from po_toolkit.store.ledger import taken_back
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.stripe_only import nobody_elses
from po_toolkit.store.tables import (
    LIVE_STATES,
    CustomerBalance,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    StrayInvoice,
)

_OWING = tuple(s.value for s in (Status.DRAFT, Status.ISSUED, Status.SENT, Status.PARTIALLY_PAID))


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
    sent = case((or_(po.marked_sent, inv.state.in_(sorted(SENT_STATES))), 1), else_=0)
    due = func.coalesce(inv.due_date, po.due_date)
    unknown = due.is_(None)
    sent_at = case((unknown, inv.sent_at))
    days = case((unknown, po.days_until_due))
    keys = [po.currency, sent, due, sent_at, days]
    rows: Any = session.execute(
        select(*keys, func.count(), cast(func.sum(po.kept_balance), BigInteger))
        .outerjoin(inv, and_(inv.purchase_order_id == po.id, inv.state.in_(sorted(LIVE_STATES))))
        .where(
            po.conference_id == conference_id,
            po.status.in_(_OWING),
            po.sum_refunded <= 0,
            po.kept_balance > 0,
        )
        .group_by(*keys)
    )
    return [
        OpenGroup(currency, bool(is_sent), due_on, at, own_days, number, amount)
        for currency, is_sent, due_on, at, own_days, number, amount in rows
    ]


def refunded_and_open(session: Session, conference_id: int) -> Sequence[Any]:
    """Return each purchase order that was refunded and is open: its sums, due date, and state."""
    po, inv, entry = PurchaseOrder, Invoice, LedgerEntry
    gone = (
        select(cast(func.coalesce(func.sum(taken_back()), 0), BigInteger))
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
            gone.label("taken_back"),
        )
        .outerjoin(inv, and_(inv.purchase_order_id == po.id, inv.state.in_(sorted(LIVE_STATES))))
        .where(
            po.conference_id == conference_id,
            po.status.in_(_OWING),
            po.sum_refunded > 0,
            po.kept_balance > 0,
        )
    ).all()


def waiting(session: Session, conference_id: int) -> dict[str, int]:
    """Count what waits for a person beside the sums."""
    stray, lying, inv = StrayInvoice, CustomerBalance, Invoice
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
        "money_stuck_at_stripe": and_(lying.conference_id == conference_id, lying.amount > 0),
    }
    tables = {
        "invoicing_failed": inv.id,
        "invoice_without_order": stray.id,
        "money_stuck_at_stripe": lying.id,
    }
    return {
        name: session.scalar(select(func.count(tables[name])).where(condition)) or 0
        for name, condition in counts.items()
    }
