"""What happened in a conference, what failed, and how far its books are up to date."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.reminders import ReminderClock, reminder_clock
from po_toolkit.domain.sentences import LoggedAct, audit_sentence
from po_toolkit.store import activity, audit_chain, cursors, webhook_events, workers
from po_toolkit.store.database import Store
from po_toolkit.store.tables import AuditEntry, WebhookEvent

__all__ = [
    "AuditEntry",
    "Happening",
    "Health",
    "audit_page",
    "event_counts",
    "event_page",
    "failed_invoicing",
    "health",
    "monitoring_figures",
    "next_reminders",
    "prove_audit_trail",
    "pulse",
]


@dataclass(frozen=True, slots=True)
class Health:
    """How far a conference's books are up to date with Stripe.

    Attributes:
        last_sync_at: When the last complete sync began, or None.
        last_error: Why the last sync did not finish, or ``""``.
        last_sweep_at: When everything was last compared with Stripe, or None.
        last_sweep: What that compared and found.
        events: Webhook events by state.
        last_event_at: When the last webhook event came, or None.
    """

    last_sync_at: datetime | None
    last_error: str
    last_sweep_at: datetime | None
    last_sweep: dict[str, Any]
    events: dict[str, int]
    last_event_at: datetime | None


def health(opened: OpenConference) -> Health:
    """Return how far the conference's books are up to date with Stripe."""
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
        return Health(
            last_sync_at=cursor.last_sync_at if cursor else None,
            last_error=cursor.last_error if cursor else "",
            last_sweep_at=cursor.last_sweep_at if cursor else None,
            last_sweep=cursor.last_sweep if cursor else {},
            events=webhook_events.count_by_state(session, opened.conference),
            last_event_at=webhook_events.last_received_at(session, opened.conference),
        )


def next_reminders(opened: OpenConference) -> ReminderClock:
    """Return when the clock last had sponsors reminded, and when it does so next."""
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    return reminder_clock(opened.settings, cursor, opened.now())


def pulse(opened: OpenConference) -> int:
    """Return a number that rises with every act on the conference; cheap enough to poll."""
    with opened.store.reading() as session:
        return activity.pulse(session, opened.conference)


@dataclass(frozen=True, slots=True)
class Happening:
    """One act, as a person reads it.

    Attributes:
        at: When, in UTC.
        actor: Who.
        text: What, in one sentence.
        reference: The purchase order's, or ``""``.
        entry: The entry of the audit log.
    """

    at: datetime
    actor: str
    text: str
    reference: str
    entry: AuditEntry


def audit_page(
    opened: OpenConference,
    *,
    acts: Collection[str],
    offset: int,
    limit: int,
    steps: bool = False,
) -> tuple[list[Happening], int]:
    """Return who did what, newest first, and how many entries there are in all.

    Without ``acts`` all count; with ``steps`` also internal ones, whose text is empty.
    """
    with opened.store.reading() as session:
        rows, matching = activity.audit(
            session, opened.conference, acts=acts, offset=offset, limit=limit, steps=steps
        )
        subjects = activity.subjects(session, rows)
    return [_happening(row, subjects) for row in rows], matching


def _happening(row: AuditEntry, subjects: Mapping[int, tuple[str, str]]) -> Happening:
    reference, sponsor = "", ""
    if row.subject_type == "PurchaseOrder":
        reference, sponsor = subjects.get(int(row.subject_id), ("", "a deleted purchase order"))
    whose = f"{sponsor} ({reference})" if reference else sponsor
    text = audit_sentence(LoggedAct(row.act, row.before, row.after, whose))
    return Happening(row.at, row.actor, text, reference, row)


def event_page(
    opened: OpenConference, *, states: Collection[str], offset: int, limit: int
) -> tuple[Sequence[WebhookEvent], int]:
    """Return webhook events without their payloads, newest first, and how many there are.

    Without ``states`` all count.
    """
    with opened.store.reading() as session:
        return activity.webhook_events(
            session, opened.conference, states=states, offset=offset, limit=limit
        )


def event_counts(opened: OpenConference) -> dict[str, int]:
    """Count the conference's webhook events by state."""
    with opened.store.reading() as session:
        return webhook_events.count_by_state(session, opened.conference)


def failed_invoicing(opened: OpenConference, *, limit: int) -> Sequence[Any]:
    """Return reference, organization_name, error and updated_at of what failed half way."""
    with opened.store.reading() as session:
        return activity.failed_invoicing(session, opened.conference, limit=limit)


@dataclass(frozen=True, slots=True)
class MonitoringFigures:
    """What a monitor asks of every conference in the database.

    Attributes:
        events: Conference, state, number of webhook events, when the oldest came.
        waiting: The states of an event that is still to be processed.
        syncs: Conference, last sync, last sweep, why the last one did not finish.
        workers: How many workers run.
    """

    events: list[tuple[str, str, int, datetime]]
    waiting: Collection[str]
    syncs: list[tuple[str, datetime | None, datetime | None, str]]
    workers: int


def monitoring_figures(store: Store, now: datetime) -> MonitoringFigures:
    """Return what a monitor asks of every conference in the database."""
    with store.reading() as session:
        return MonitoringFigures(
            events=webhook_events.states(session),
            waiting=webhook_events.WAITING,
            syncs=cursors.sync_times(session),
            workers=len(workers.running(session, now)),
        )


def prove_audit_trail(store: Store) -> audit_chain.ChainProof:
    """Go through the chain of audit entries, and compare it with the closing reports."""
    with store.reading() as session:
        return audit_chain.prove(session)
