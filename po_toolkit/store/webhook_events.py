"""Stripe's deliveries: kept as they came, worked afterwards. The table is the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, defer

from po_toolkit.domain.roles import Act
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import Conference, WebhookEvent

WAITING = ("received", "failed")
"""States of an event that is still to be worked."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that was verified and is to be kept."""

    conference_id: int
    event_id: str
    event_type: str
    payload: str
    """As it came; ``""`` for an event of a type that is none of ours."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event to be processed."""

    id: int
    conference_id: int
    event_id: str
    type: str
    payload: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event."""

    id: int
    state: str
    attempts: int
    error: str = ""
    next_try_at: datetime | None = None


def keep(store: Store, deliveries: Sequence[Delivery]) -> int:
    """Store deliveries in one transaction; return how many of the events are new."""
    insert = postgresql.insert if store.engine.dialect.name == "postgresql" else sqlite.insert
    table = cast(Table, WebhookEvent.__table__)
    statement = (
        insert(table)
        .on_conflict_do_nothing(index_elements=["conference_id", "stripe_event_id"])
        .returning(table.c.id)
    )
    now = utc_now()
    rows = [
        {
            "conference_id": delivery.conference_id,
            "stripe_event_id": delivery.event_id,
            "type": delivery.event_type,
            "payload": delivery.payload,
            "state": "received" if delivery.payload else "ignored",
            "attempts": 0,
            "error": "",
            "received_at": now,
            "processed_at": None if delivery.payload else now,
        }
        for delivery in deliveries
    ]
    with store.bookkeeping() as connection:
        return len(connection.execute(statement, rows).all())


def waiting(session: Session, conference: Conference, now: datetime, limit: int) -> list[Waiting]:
    """Return the oldest events that are due; whoever works them holds the conference's job."""
    query = (
        select(
            WebhookEvent.id,
            WebhookEvent.conference_id,
            WebhookEvent.stripe_event_id,
            WebhookEvent.type,
            WebhookEvent.payload,
            WebhookEvent.attempts,
        )
        .where(
            WebhookEvent.state.in_(WAITING),
            WebhookEvent.conference_id == conference.id,
            or_(WebhookEvent.next_try_at.is_(None), WebhookEvent.next_try_at <= now),
        )
        .order_by(WebhookEvent.id)
        .limit(limit)
    )
    return [Waiting(*row) for row in session.execute(query)]


def note(store: Store, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down what became of events, except of those that another worker has ended meanwhile."""
    if not outcomes:
        return
    table: Any = WebhookEvent.__table__
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("event"),
            table.c.state != "processed",
            table.c.state != "ignored",
        )
        .values(
            state=bindparam("state"),
            attempts=bindparam("attempts"),
            error=bindparam("error"),
            processed_at=bindparam("processed_at"),
            next_try_at=bindparam("next_try_at"),
            payload=case((bindparam("state") == "ignored", ""), else_=table.c.payload),
        )
    )
    rows = [
        {
            "event": outcome.id,
            "state": outcome.state,
            "attempts": outcome.attempts,
            "error": outcome.error,
            "processed_at": None if outcome.error else now,
            "next_try_at": outcome.next_try_at,
        }
        for outcome in outcomes
    ]
    with store.bookkeeping() as connection:
        connection.execute(statement, rows)


def drop_payloads(store: Store, before: datetime) -> int:
    """Forget what events said that were processed before a time; return how many."""
    table: Any = WebhookEvent.__table__
    statement = update(table).where(
        table.c.state == "processed", table.c.processed_at < before, table.c.payload != ""
    )
    with store.bookkeeping() as connection:
        return connection.execute(statement.values(payload="")).rowcount


def on_hold(session: Session, conference: Conference) -> list[WebhookEvent]:
    """Return the events that a person must look at, oldest first."""
    return list(
        session.scalars(
            select(WebhookEvent)
            .where(WebhookEvent.conference_id == conference.id, WebhookEvent.state == "set_aside")
            .order_by(WebhookEvent.id)
        )
    )


def errors(session: Session, conference: Conference, event_ids: Iterable[str]) -> dict[str, str]:
    """Return the errors of those of these events that are not worked."""
    rows = session.execute(
        select(WebhookEvent.stripe_event_id, WebhookEvent.error).where(
            WebhookEvent.conference_id == conference.id,
            WebhookEvent.stripe_event_id.in_(list(event_ids)),
            WebhookEvent.error != "",
        )
    )
    return {event_id: error for event_id, error in rows}  # noqa: C416 rows are no pairs for mypy


def replay(
    uow: UnitOfWork, conference: Conference, event_ids: Iterable[str] | None = None
) -> list[str]:
    """Let events be worked again: those named, else all that were set aside; return their ids.

    An event whose payload is no longer kept is left out.
    """
    chosen: ColumnElement[bool] = (
        WebhookEvent.state == "set_aside"
        if event_ids is None
        else WebhookEvent.stripe_event_id.in_(list(event_ids))
    )
    rows = uow.session.scalars(
        select(WebhookEvent)
        .options(defer(WebhookEvent.payload))
        .where(WebhookEvent.conference_id == conference.id, chosen, WebhookEvent.payload != "")
        .order_by(WebhookEvent.stripe_event_id)
    ).all()
    for row in rows:
        uow.audit(
            Act.SYNC,
            row,
            before={"state": row.state, "attempts": row.attempts},
            after={"replayed": row.stripe_event_id},
        )
        row.state, row.attempts = "received", 0
        row.next_try_at = None
    return [row.stripe_event_id for row in rows]


def states(session: Session) -> list[tuple[str, str, int, datetime]]:
    """Return, by conference and state, how many events there are and when the oldest came."""
    rows = session.execute(
        select(
            Conference.slug,
            WebhookEvent.state,
            func.count(),
            func.min(WebhookEvent.received_at),
        )
        .join(Conference, Conference.id == WebhookEvent.conference_id)
        .group_by(Conference.slug, WebhookEvent.state)
        .order_by(Conference.slug, WebhookEvent.state)
    )
    return [(slug, state, int(number), oldest) for slug, state, number, oldest in rows]


def count_by_state(session: Session, conference: Conference) -> dict[str, int]:
    """Count a conference's events from Stripe by what became of them."""
    query = (
        select(WebhookEvent.state, func.count())
        .where(WebhookEvent.conference_id == conference.id)
        .group_by(WebhookEvent.state)
    )
    return {row.state: row[1] for row in session.execute(query)}


def last_received_at(session: Session, conference: Conference) -> datetime | None:
    """Return when a conference's last event from Stripe came."""
    query = select(func.max(WebhookEvent.received_at))
    return session.scalar(query.where(WebhookEvent.conference_id == conference.id))
