"""How far each conference's events have been read, and what was proved of its books."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Conference, SyncCursor, WebhookEvent
from po_toolkit.store.upsert import insert_rows


def cursor_of(session: Session, conference: Conference) -> SyncCursor | None:
    """Return the conference's cursor, if it was ever synced."""
    return session.get(SyncCursor, conference.id)


def last_heard(
    session: Session, conference: Conference
) -> tuple[datetime | None, datetime | None, str]:
    """Return when Stripe was read last and an event came last, and why the last sync failed."""
    synced, received, error = (
        session.connection().execute(_HEARD, {"conference": conference.id}).one()
    )
    return synced, received, error or ""


_HEARD = (
    select(
        SyncCursor.last_sync_at,
        select(func.max(WebhookEvent.received_at))
        .where(WebhookEvent.conference_id == bindparam("conference"))
        .scalar_subquery(),
        SyncCursor.last_error,
    )
    .select_from(Conference)
    .outerjoin(SyncCursor, SyncCursor.conference_id == Conference.id)
    .where(Conference.id == bindparam("conference"))
)


def cursor_row(uow: UnitOfWork, conference: Conference) -> SyncCursor:
    """Return the conference's cursor, locked, made where it is new."""
    empty = {
        "last_event_id": "",
        "recent_events": [],
        "last_sweep": {},
        "last_error": "",
        "last_reminders": {},
    }
    row = {"conference_id": conference.id, **empty}
    insert_rows(uow.session, SyncCursor, [row], [SyncCursor.conference_id])
    return uow.session.get_one(SyncCursor, conference.id, with_for_update=True)


def sync_times(session: Session) -> list[tuple[str, datetime | None, datetime | None, str]]:
    """Return, by conference, when it was last synced and swept, and why that failed."""
    rows = session.execute(
        select(
            Conference.slug,
            SyncCursor.last_sync_at,
            SyncCursor.last_sweep_at,
            SyncCursor.last_error,
        )
        .join(Conference, Conference.id == SyncCursor.conference_id)
        .order_by(Conference.slug)
    )
    return [(slug, synced, swept, error) for slug, synced, swept, error in rows]
