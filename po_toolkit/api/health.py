"""Whether an installation runs as it should: database, workers, syncs."""

from __future__ import annotations

from datetime import datetime, timedelta

from po_toolkit.config import Settings
from po_toolkit.store import cursors, workers
from po_toolkit.store.database import Store
from po_toolkit.store.jobs import EVENTS
from po_toolkit.store.tables import WorkerSeen
from po_toolkit.store.trouble import cause_of

__all__ = ["LATE_AFTER", "START", "cause_of", "unfit"]

START = timedelta(seconds=90)
"""How long after a start nothing is missed yet."""

LATE_AFTER = timedelta(minutes=45)
"""A sync is late after so long, or after three times the interval if that is longer."""


def unfit(store: Store, settings: Settings, now: datetime, *, since: datetime) -> list[str]:
    """Return what is wrong with the work behind the webhooks, in words; empty where all is well.

    Whatever keeps the database from answering is raised. A worker may take a moment longer to start
    than its caller (``since``).
    """
    with store.reading() as session:
        running = workers.running(session, now)
        synced = {slug: at for slug, at, _, _ in cursors.sync_times(session)}
    problems = []
    if now - since > START and not any(EVENTS in w.kinds.split() for w in running):
        problems.append("no worker runs")
    problems += [
        f"the sync of {slug} is late"
        for slug, conference in sorted(settings.conferences.items())
        if conference.mode != "none" and _late(synced.get(slug), running, now)
    ]
    return problems


def _late(synced: datetime | None, running: list[WorkerSeen], now: datetime) -> bool:
    """Tell whether a running worker should have synced since; without one nobody promised to."""
    syncing = [w for w in running if w.sync_seconds]
    if not syncing:
        return False
    every = timedelta(seconds=min(w.sync_seconds for w in syncing))
    awaited = max(filter(None, (synced, min(w.started_at for w in syncing))))
    return now - awaited > max(3 * every, LATE_AFTER)
