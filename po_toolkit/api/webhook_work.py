"""Works the deliveries that were kept: the table of events is a durable queue."""

from __future__ import annotations

import json
import time
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)

from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import PoToolkitError, SettingsError, StripeAuthenticationError
from po_toolkit.logs import during, get_logger
from po_toolkit.payments.event_handlers import carries_payment, handle
from po_toolkit.payments.stripe_invoices import take_payments
from po_toolkit.store import jobs, webhook_events
from po_toolkit.store.webhook_events import Outcome, Waiting

log = get_logger(__name__)

TRIES = 8
"""How often an event that cannot be booked is tried before it is set aside for a person."""

TRIES_WHILE_STRIPE_IS_DOWN = 60
"""How often one is tried whose failure passes by itself: some twelve hours."""

LONGEST_PAUSE = timedelta(minutes=15)

_UNREADABLE = (
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
"""What comes of an event that is genuine and not in the shape that Stripe documents; the last four
where the database is given a value that its column does not take."""

_PASSES = (OperationalError, SettingsError, StripeAuthenticationError)
"""Failures of the installation, not of the event."""


HELD_WAIT_SECONDS = 0.2


def work_events(opened: OpenConference, *, limit: int = 100) -> int:
    """Work events of one conference that wait, oldest first; return how many were worked.

    One process at a time works a conference's events; 0 while another one does.
    """
    with jobs.event_turn(opened.store, opened.conference.id, opened.now()) as mine:
        return work_held_events(opened, limit=limit) if mine else 0


def work_until_none_is_due(opened: OpenConference) -> int:
    """Work events until none is due, here or in a worker; return how many were due."""
    due = 0
    while True:
        worked = work_events(opened)
        due += worked
        if not worked:
            with opened.store.reading() as session:
                if not jobs.events_due(session, opened.conference.id, opened.now()):
                    return due
            time.sleep(HELD_WAIT_SECONDS)  # a worker holds them, and ends them or its turn expires


def work_held_events(opened: OpenConference, *, limit: int = 100) -> int:
    """Work events of a conference whose event job the caller holds.

    One that fails keeps its error and is tried again later, longer apart each time; in the end it
    waits for a person. None is ever dropped.

    Returns:
        How many were worked.
    """
    with opened.store.reading() as session:
        events = webhook_events.waiting(session, opened.conference, opened.now(), limit)
    outcomes = _work_of(opened, events, opened.now() + jobs.LEASE / 2)
    webhook_events.note(opened.store, outcomes, opened.now())
    return len(outcomes)


def _work_of(opened: OpenConference, events: list[Waiting], deadline: datetime) -> list[Outcome]:
    """Work events until a deadline; return what became of those that were begun."""
    payments = [event for event in events if _carries_payment(event)]
    outcomes = _work_payments(opened, payments)
    whole = {event.id for event in payments}
    groups: dict[tuple[str, str], list[Waiting]] = {}
    for event in events:
        if event.id not in whole:
            groups.setdefault(_subject(event), []).append(event)
    for group in groups.values():
        if opened.now() > deadline:
            break
        outcomes += _try(opened, group)
    return outcomes


def _carries_payment(event: Waiting) -> bool:
    """Tell whether an event holds a whole payment; one that cannot be read does not."""
    try:
        return carries_payment(_whole(event) | {"type": event.type})
    except (PoToolkitError, ValueError):
        return False


def _subject(event: Waiting) -> tuple[str, str]:
    """Return what an event is about; one that cannot be read stands alone."""
    try:
        thing = _whole(event)["data"]["object"]
    except (PoToolkitError, ValueError):
        return "unreadable", event.event_id
    return str(thing.get("object")), str(thing.get("id") or event.event_id)


def _work_payments(opened: OpenConference, events: list[Waiting]) -> list[Outcome]:
    """Enter payments that came whole: all at once, or one by one where one of them fails."""
    if not events:
        return []
    try:
        payments = [_whole(event)["data"]["object"] for event in events]
        results = take_payments(opened, payments)
    except Exception as problem:  # noqa: BLE001 whichever of them it is, it is found below
        log.info("payments are taken one by one", reason=type(problem).__name__)
    else:
        return [
            Outcome(event.id, "ignored" if taken is None else "processed", event.attempts + 1)
            for event, taken in zip(events, results, strict=True)
        ]
    return [outcome for event in events for outcome in _try(opened, [event])]


def _try(opened: OpenConference, events: list[Waiting]) -> list[Outcome]:
    """Work the events of one object in one go, in the order in which they happened."""
    with during(conference=opened.slug, stripe_event_id=events[-1].event_id):
        return _tried(opened, events)


def _tried(opened: OpenConference, events: list[Waiting]) -> list[Outcome]:
    try:
        ordered = sorted(map(_whole, events), key=lambda event: event.get("created") or 0)
        taken = handle(opened, ordered)
    except Exception as problem:
        if isinstance(problem, _UNREADABLE) and not isinstance(problem, PoToolkitError):
            log.warning("webhook event cannot be read", reason=_place(problem))
        elif not isinstance(problem, PoToolkitError):
            log.exception("webhook event failed")
        return [_failed(event, problem, opened.now()) for event in events]
    state = "ignored" if taken is None else "processed"
    return [Outcome(event.id, state, event.attempts + 1) for event in events]


def _place(problem: BaseException) -> str:
    """Name the kind of a failure and where in the code it came up; nothing of what it was about."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{type(problem).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _failed(event: Waiting, problem: Exception, now: datetime) -> Outcome:
    ours = isinstance(problem, PoToolkitError)
    passes = isinstance(problem, _PASSES) or bool(getattr(problem, "retryable", False))
    attempts = event.attempts + 1
    error = str(problem) if ours else f"{type(problem).__name__}: {problem}"[:2000]
    if attempts >= (TRIES_WHILE_STRIPE_IS_DOWN if passes else TRIES):
        return Outcome(event.id, "set_aside", attempts, error)
    pause = min(timedelta(seconds=2 ** min(attempts, 12)), LONGEST_PAUSE)
    return Outcome(event.id, "failed", attempts, error, now + pause)


def _whole(event: Waiting) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(event.payload)
    data = whole.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict) or not isinstance(thing.get("id", ""), str):
        raise PoToolkitError(
            f"Event {event.event_id} contains no object. Look it up in Stripe's dashboard, then "
            f"sync."
        )
    return whole
