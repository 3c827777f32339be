"""Refunds and credit notes that one person entered and another one is to confirm."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from po_toolkit.domain.roles import Act
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Approval, PurchaseOrder

WAITS = timedelta(days=14)
"""How long what one person entered waits for the other."""


def person(actor: str) -> str:
    """Return who an actor is, whichever way they came in, so that nobody confirms their own."""
    return actor.partition(":")[2] or actor


def confirmed(uow: UnitOfWork, order: PurchaseOrder, act: Act, amount: int, now: datetime) -> bool:
    """Tell whether another person entered the same before; then it is confirmed, once.

    Else it is noted that this person asks for it. The purchase order is locked; the act is
    ``refund`` or ``issue_credit_note``, the amount in minor units.
    """
    waiting = uow.session.scalars(
        select(Approval)
        .where(
            Approval.purchase_order_id == order.id,
            Approval.act == act.value,
            Approval.amount == amount,
            Approval.confirmed_at.is_(None),
            Approval.asked_at > now - WAITS,
        )
        .order_by(Approval.id)
    ).all()
    me = person(uow.actor.name)
    for asked in waiting:
        if person(asked.asked_by) != me:
            asked.confirmed_by, asked.confirmed_at = uow.actor.name, now
            noted = {"asked_by": asked.asked_by, "amount": amount, "currency": order.currency}
            uow.audit(act, order, after={"confirmed": True, **noted})
            return True
    if not waiting:
        uow.session.add(
            Approval(
                purchase_order_id=order.id,
                act=act.value,
                amount=amount,
                currency=order.currency,
                asked_by=uow.actor.name,
                asked_at=now,
            )
        )
        uow.audit(act, order, after={"asked": True, "amount": amount, "currency": order.currency})
    return False
