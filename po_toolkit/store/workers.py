"""Which workers run: each says so every few seconds, and takes its row away when it stops."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from po_toolkit.store.database import Store
from po_toolkit.store.tables import WorkerSeen

DEAD_AFTER = timedelta(seconds=60)
"""A worker that has not been seen for so long does not run any more."""

_WORKERS = cast(Table, WorkerSeen.__table__)


def note(
    store: Store,
    name: str,
    *,
    started_at: datetime,
    now: datetime,
    kinds: Collection[str],
    sync_every: timedelta | None,
) -> None:
    """Say that a worker runs."""
    insert = postgresql.insert if store.engine.dialect.name == "postgresql" else sqlite.insert
    row = {
        "name": name,
        "started_at": started_at,
        "seen_at": now,
        "kinds": " ".join(sorted(kinds)),
        "sync_seconds": int(sync_every.total_seconds()) if sync_every else 0,
    }
    statement: Any = insert(_WORKERS).values(row)
    with store.bookkeeping() as connection:
        connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"seen_at": now})
        )


def leave(store: Store, name: str) -> None:
    """Say that a worker has stopped in order, or that its death was noticed."""
    with store.bookkeeping() as connection:
        connection.execute(delete(_WORKERS).where(_WORKERS.c.name == name))


def running(session: Session, now: datetime) -> list[WorkerSeen]:
    """Return the workers that run."""
    return [row for row in _all(session) if row.seen_at > now - DEAD_AFTER]


def dead(session: Session, now: datetime) -> list[WorkerSeen]:
    """Return the workers that stopped without saying so."""
    return [row for row in _all(session) if row.seen_at <= now - DEAD_AFTER]


def _all(session: Session) -> list[WorkerSeen]:
    return list(session.scalars(select(WorkerSeen).order_by(WorkerSeen.started_at)))
