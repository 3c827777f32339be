"""Works the deliveries that were kept: the table of events is a durable queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import OperationalError

from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import PoToolkitError, SettingsError, StripeAuthenticationError
from po_toolkit.logs import get_logger
from po_toolkit.payments.event_handlers import carries_payment, handle
from po_toolkit.payments.stripe_invoices import take_payments
from po_toolkit.store import webhook_events
from po_toolkit.store.webhook_events import Claimed, Outcome

log = get_logger(__name__)

TRIES = 8
"""How often an event that cannot be booked is tried before it is set aside for a person."""

TRIES_WHILE_STRIPE_IS_DOWN = 60
"""How often one is tried whose failure passes by itself: some twelve hours."""

LONGEST_PAUSE = timedelta(minutes=15)

_PASSES = (OperationalError, SettingsError, StripeAuthenticationError)
"""Failures of the installation, not of the event."""


@dataclass(frozen=True, slots=True)
class Worked:
    """How many events a round of work took, by what became of them."""

    by_state: Mapping[tuple[str, str], int]
    """Conference slug and state → number."""

    @property
    def count(self) -> int:
        """How many events were worked."""
        return sum(self.by_state.values())


def work_events(opened: OpenConference, *, limit: int = 100) -> int:
    """Work events of one conference that wait, oldest first; return how many were worked."""
    return work([opened], limit=limit).count


def work(conferences: Sequence[OpenConference], *, limit: int = 100) -> Worked:
    """Work events that wait, oldest first; any number of processes may do so at once.

    One that fails keeps its error and is tried again later, longer apart each time; in the end it
    is set aside for a person. None is ever dropped.

    Args:
        conferences: Whose events; all on one database.
        limit: How many at most.
    """
    if not conferences:
        return Worked({})
    by_id = {opened.conference.id: opened for opened in conferences}
    store, now = conferences[0].store, conferences[0].now
    claimed = webhook_events.claim(store, by_id, now(), limit)
    counts: dict[tuple[str, str], int] = {}
    deadline = now() + webhook_events.LEASE / 2
    for conference_id, opened in by_id.items():
        mine = [event for event in claimed if event.conference_id == conference_id]
        outcomes, left = _work_of(opened, mine, deadline)
        webhook_events.note(store, outcomes, now())
        webhook_events.let_go(store, [event.id for event in left])
        for outcome in outcomes:
            key = (opened.slug, outcome.state)
            counts[key] = counts.get(key, 0) + 1
    return Worked(counts)


def _work_of(
    opened: OpenConference, events: list[Claimed], deadline: datetime
) -> tuple[list[Outcome], list[Claimed]]:
    """Work one conference's events; return what became of them, and which were not begun."""
    payments = [event for event in events if _carries_payment(event)]
    outcomes = _work_payments(opened, payments)
    whole = {event.id for event in payments}
    groups: dict[tuple[str, str], list[Claimed]] = {}
    for event in events:
        if event.id not in whole:
            groups.setdefault(_subject(event), []).append(event)
    left: list[Claimed] = []
    for group in groups.values():
        if opened.now() > deadline:
            left += group
        else:
            outcomes += _try(opened, group)
    return outcomes, left


def _carries_payment(event: Claimed) -> bool:
    """Tell whether an event holds a whole payment; one that cannot be read does not."""
    try:
        return carries_payment(_whole(event) | {"type": event.type})
    except (PoToolkitError, ValueError):
        return False


def _subject(event: Claimed) -> tuple[str, str]:
    """Return what an event is about; one that cannot be read stands alone."""
    try:
        thing = _whole(event)["data"]["object"]
    except (PoToolkitError, ValueError):
        return "unreadable", event.event_id
    return str(thing.get("object")), str(thing.get("id") or event.event_id)


def _work_payments(opened: OpenConference, events: list[Claimed]) -> list[Outcome]:
    """Enter payments that came whole: all at once, or one by one where one of them fails."""
    if not events:
        return []
    try:
        said = [_whole(event)["data"]["object"] for event in events]
        results = take_payments(opened, said)
    except Exception as problem:  # noqa: BLE001 whichever of them it is, it is found below
        log.info("payments are taken one by one", reason=type(problem).__name__)
    else:
        return [
            Outcome(event.id, "ignored" if taken is None else "processed", event.attempts + 1)
            for event, taken in zip(events, results, strict=True)
        ]
    return [outcome for event in events for outcome in _try(opened, [event])]


def _try(opened: OpenConference, events: list[Claimed]) -> list[Outcome]:
    """Work the events of one object in one go, in the order in which they happened."""
    try:
        said = sorted(map(_whole, events), key=lambda event: event.get("created") or 0)
        taken = handle(opened, said)
    except Exception as problem:
        if not isinstance(problem, PoToolkitError):
            log.exception("webhook event failed", stripe_event_id=events[-1].event_id)
        return [_failed(event, problem, opened.now()) for event in events]
    state = "ignored" if taken is None else "processed"
    return [Outcome(event.id, state, event.attempts + 1) for event in events]


def _failed(event: Claimed, problem: Exception, now: datetime) -> Outcome:
    ours = isinstance(problem, PoToolkitError)
    passes = isinstance(problem, _PASSES) or bool(getattr(problem, "retryable", False))
    attempts = event.attempts + 1
    error = str(problem) if ours else f"{type(problem).__name__}: {problem}"[:2000]
    if attempts >= (TRIES_WHILE_STRIPE_IS_DOWN if passes else TRIES):
        return Outcome(event.id, "set_aside", attempts, error)
    pause = min(timedelta(seconds=2 ** min(attempts, 12)), LONGEST_PAUSE)
    return Outcome(event.id, "failed", attempts, error, now + pause)


def _whole(event: Claimed) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(event.payload)
    data = whole.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise PoToolkitError(
            f"Event {event.event_id} contains no object. Look it up in Stripe's dashboard, then "
            f"sync."
        )
    return whole
