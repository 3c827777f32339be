"""Problems that people were notified of, each once while it lasts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from po_toolkit.store.database import Store
from po_toolkit.store.tables import Notice

_NOTICES = cast(Table, Notice.__table__)


def claim(store: Store, conference_id: int, subjects: Sequence[str], now: datetime) -> list[str]:
    """Take the problems that nobody was notified of, and forget those that are over.

    Of several workers that see the same problem, one gets it.
    """
    with store.bookkeeping() as connection:
        of_conference = _NOTICES.c.conference_id == conference_id
        known = set(connection.execute(select(_NOTICES.c.subject).where(of_conference)).scalars())
        if over := known - set(subjects):
            connection.execute(delete(_NOTICES).where(of_conference, _NOTICES.c.subject.in_(over)))
        new = [subject for subject in subjects if subject not in known]
        rows = [{"conference_id": conference_id, "subject": s, "sent_at": now} for s in new]
        if not rows:
            return []
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        statement = insert(_NOTICES).on_conflict_do_nothing().returning(_NOTICES.c.subject)
        return list(connection.execute(statement, rows).scalars())


def give_back(store: Store, conference_id: int, subjects: Collection[str]) -> None:
    """Let problems be new again, since nobody could be notified."""
    with store.bookkeeping() as connection:
        connection.execute(
            delete(_NOTICES).where(
                _NOTICES.c.conference_id == conference_id, _NOTICES.c.subject.in_(subjects)
            )
        )
