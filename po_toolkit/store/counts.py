"""How much of what the database holds, for the status of an installation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from po_toolkit.store.tables import (
    Conference,
    Invoice,
    InvoiceBatch,
    Job,
    PurchaseOrder,
    WebhookEvent,
)


def purchase_orders(session: Session, conference: Conference) -> dict[str, int]:
    """Count a conference's purchase orders by money status."""
    return _by(session, PurchaseOrder.status, PurchaseOrder.conference_id == conference.id)


def invoices(session: Session, conference: Conference) -> dict[str, int]:
    """Count a conference's invoices, of every generation, by state."""
    return _by(session, Invoice.state, Invoice.conference_id == conference.id)


def batches(session: Session, conference: Conference) -> dict[str, int]:
    """Count a conference's batches that have not ended, by state, and what is left in them."""
    mine = InvoiceBatch.conference_id == conference.id
    open_ones = mine & InvoiceBatch.state.in_(("running", "paused"))
    left = (
        select(func.count())
        .select_from(Job)
        .join(InvoiceBatch, InvoiceBatch.id == Job.batch_id)
        .where(open_ones, Job.kind == "invoice", Job.state.in_(("waiting", "running")))
    )
    found = _by(session, InvoiceBatch.state, open_ones)
    return {**found, "left": session.scalar(left) or 0} if found else {}


def webhook_events(session: Session, conference: Conference) -> dict[str, int]:
    """Count a conference's events from Stripe by what became of them."""
    return _by(session, WebhookEvent.state, WebhookEvent.conference_id == conference.id)


def last_webhook_event(session: Session, conference: Conference) -> datetime | None:
    """Return when a conference's last event from Stripe came."""
    query = select(func.max(WebhookEvent.received_at))
    return session.scalar(query.where(WebhookEvent.conference_id == conference.id))


def _by(session: Session, column: Any, condition: Any) -> dict[str, int]:
    query = select(column, func.count()).where(condition).group_by(column).order_by(column)
    return {str(name): int(number) for name, number in session.execute(query)}
