"""How far each conference's events have been read."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Conference, SyncCursor


def cursor_of(session: Session, conference: Conference) -> SyncCursor | None:
    """Return the conference's cursor, if it was ever synced."""
    return session.scalars(
        select(SyncCursor).where(SyncCursor.conference_id == conference.id)
    ).one_or_none()


def cursor_row(uow: UnitOfWork, conference: Conference) -> SyncCursor:
    """Return the conference's cursor, made where it is new."""
    found = cursor_of(uow.session, conference)
    if found is None:
        found = SyncCursor(conference_id=conference.id)
        uow.session.add(found)
    return found
