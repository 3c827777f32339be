"""Stripe's deliveries: kept as they came, worked afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Conference, WebhookEvent
from po_toolkit.store.upsert import insert_if_new


def keep(
    uow: UnitOfWork, conference: Conference, event_id: str, event_type: str, payload: str
) -> bool:
    """Store a delivery unless this event was delivered before; tell whether it is new."""
    return insert_if_new(
        uow.session,
        WebhookEvent,
        {
            "conference_id": conference.id,
            "stripe_event_id": event_id,
            "type": event_type,
            "payload": payload,
            "state": "received",
            "attempts": 0,
            "error": "",
            "received_at": utc_now(),
        },
        [WebhookEvent.conference_id, WebhookEvent.stripe_event_id],
    )


def due(
    session: Session, conference: Conference, now: datetime, limit: int
) -> Sequence[WebhookEvent]:
    """Return events that wait to be worked, oldest first."""
    return session.scalars(
        select(WebhookEvent)
        .where(
            WebhookEvent.conference_id == conference.id,
            WebhookEvent.state.in_(("received", "failed")),
            or_(WebhookEvent.next_try_at.is_(None), WebhookEvent.next_try_at <= now),
        )
        .order_by(WebhookEvent.id)
        .limit(limit)
    ).all()
