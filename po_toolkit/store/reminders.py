"""Reminders: whose turn it may be, and what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder, Reminder
from po_toolkit.store.upsert import insert_if_new


def unpaid_references(session: Session, conference: Conference, *, due_by: date) -> list[str]:
    """Return the purchase orders with an open balance on a sent invoice due by a day."""
    po = PurchaseOrder
    rows = session.scalars(
        select(po.reference)
        .join(Invoice, Invoice.purchase_order_id == po.id)
        .where(
            po.conference_id == conference.id,
            po.cancelled_at.is_(None),
            po.kept_balance > 0,
            Invoice.state.in_(sorted(SENT_STATES)),
            Invoice.due_date <= due_by,
        )
        .order_by(po.id)
    )
    return list(dict.fromkeys(rows))


def reminders_of(session: Session, order_ids: Sequence[int]) -> dict[int, list[Reminder]]:
    """Return the reminders of purchase orders, by their ids, in the order they were taken."""
    found: dict[int, list[Reminder]] = {order_id: [] for order_id in order_ids}
    for start in range(0, len(order_ids), 500):
        query = select(Reminder).where(
            Reminder.purchase_order_id.in_(order_ids[start : start + 500])
        )
        for row in session.scalars(query.order_by(Reminder.id)):
            found[row.purchase_order_id].append(row)
    return found


def take_step(
    uow: UnitOfWork,
    order: PurchaseOrder,
    invoice: Invoice,
    step: int,
    *,
    state: str,
    now: datetime,
) -> bool:
    """Take a step for a purchase order, unless anybody ever took it; tell whether it is ours."""
    return insert_if_new(
        uow.session,
        Reminder,
        {
            "uuid": uuid4(),
            "conference_id": order.conference_id,
            "purchase_order_id": order.id,
            "step": step,
            "state": state,
            "stripe_invoice_id": invoice.stripe_invoice_id,
            "due_date": invoice.due_date,
            "error": "",
            "entered_by": uow.actor.name,
            "created_at": now,
        },
        [Reminder.purchase_order_id, Reminder.step],
    )


def reminder_row(session: Session, order_id: int, step: int) -> Reminder:
    """Return the reminder of one step."""
    return session.scalars(select(Reminder).filter_by(purchase_order_id=order_id, step=step)).one()
