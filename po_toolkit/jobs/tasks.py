"""Work that a person or the clock starts and anybody follows: sync, payouts, reminders, matches.

It is journalled where it is done, so that one that was cut off with its worker loses and doubles
nothing when another worker does it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from weakref import WeakSet

from po_toolkit.api.bank_matching import match_bank
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.schedules import remind_due
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_held_events, work_until_none_is_due
from po_toolkit.api.webhooks import events_on_hold
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import JobState
from po_toolkit.domain.wording import count
from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import get_logger
from po_toolkit.store import jobs
from po_toolkit.store.database import Store
from po_toolkit.store.jobs import SCHEDULE, Claimed, Result
from po_toolkit.store.tables import Job

log = get_logger(__name__)

STALLED_AFTER = timedelta(seconds=60)
"""Work that has not moved for so long is shown as stalled."""

FEWEST, MOST = 10, 40
"""Events in one go: few at first, so that a delivery never waits long for the database."""


class _Listener(Protocol):
    def ring(self) -> None:
        """Look at the queue now."""


WORKERS: WeakSet[_Listener] = WeakSet()
"""The workers that run in this process."""


def ring() -> None:
    """Tell the workers of this process that something new is in the queue."""
    for worker in list(WORKERS):
        worker.ring()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task.

    Attributes:
        act: What it takes to start it.
        work: Does it and returns what it brought, and what it could not do.
        calls_stripe: Whether it takes a Stripe key.
    """

    act: Act
    work: Callable[[OpenConference], tuple[str, Sequence[str]]]
    calls_stripe: bool = True


@dataclass(frozen=True, slots=True)
class Task:
    """How the latest task of a kind is.

    Attributes:
        message: What it brought, or why it failed.
        stripe_calls: How far it is.
        stalled_since: When it last moved, if that is longer ago than a minute.
    """

    id: int
    kind: str
    state: JobState
    message: str
    stripe_calls: int
    entered_by: str
    created_at: datetime
    ended_at: datetime | None
    stalled_since: datetime | None

    @property
    def active(self) -> bool:
        """Whether it waits for a worker or runs."""
        return self.state in (JobState.WAITING, JobState.RUNNING)

    @property
    def by_clock(self) -> bool:
        """Whether the schedule started it, not a person."""
        return self.entered_by == SCHEDULE


def start(opened: OpenConference, kind: str) -> bool:
    """Queue a task; False where one of its kind waits or runs already.

    Raises:
        NotAllowedError: The actor's role is too low.
        SettingsError: The conference has no Stripe key.
    """
    wanted = TASKS[kind]
    if wanted.calls_stripe:
        _ = opened.gateway  # without a key there is nothing to start
    with opened.store.writing(opened.actor, wanted.act) as uow:
        connection, conference = uow.connection, opened.conference
        job = jobs.add_task(connection, conference.id, kind, opened.actor.name, opened.now())
        if job is None:
            return False
        uow.audit(wanted.act, uow.session.get_one(Job, job), after={"started": kind})
    ring()
    return True


def latest(opened: OpenConference, kind: str) -> Task | None:
    """Return how the latest task of a kind is; None where there was never one."""
    with opened.store.reading() as session:
        row = jobs.latest_task(session, opened.conference, kind)
    return None if row is None else _shown(row, opened.now())


def failed(opened: OpenConference, limit: int = 50) -> list[Task]:
    """Return the tasks that did not do all they were started for, newest first."""
    with opened.store.reading() as session:
        rows = jobs.failed_tasks(session, opened.conference, limit)
    return [_shown(row, opened.now()) for row in rows]


def _shown(row: Job, now: datetime) -> Task:
    state = JobState(row.state)
    moved_at = row.moved_at or row.created_at
    active = state in (JobState.WAITING, JobState.RUNNING)
    return Task(
        id=row.id,
        kind=row.kind,
        state=state,
        message=row.message,
        stripe_calls=row.progress,
        entered_by=row.entered_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
        stalled_since=moved_at if active and now - moved_at > STALLED_AFTER else None,
    )


def work_left(store: Store, settings: Settings) -> bool:
    """Tell whether something waits that no worker may be doing."""
    with store.reading() as session:
        return jobs.work_left(session, settings.conferences)


def run(opened: OpenConference, job: Claimed) -> Result:
    """Do a task that a worker holds and return what became of it."""
    kind = TASKS[job.kind]
    try:
        brought, problems = kind.work(opened)
        state = JobState.PARTLY if problems else JobState.DONE
        message = " ".join([brought, *problems])
    except PoToolkitError as error:
        state, message = JobState.FAILED, str(error)
    if job.entered_by != SCHEDULE:
        with opened.store.writing(opened.actor, kind.act) as uow:
            row = uow.session.get_one(Job, job.id)
            uow.audit(kind.act, row, before={"state": "running"}, after={state.value: message})
    elif state is not JobState.DONE:
        log.warning("scheduled work is not complete", kind=job.kind, reason=message)
    else:
        log.info("scheduled work is done", kind=job.kind, result=message)
    return Result(job.id, job.lease, state, message)


def calls_of(opened: OpenConference) -> Callable[[], int]:
    """Return what tells how many calls to Stripe have been made."""
    if opened.settings.mode == "none":
        return lambda: 0
    gateway = opened.gateway
    return lambda: gateway.calls


def work_events_of(opened: OpenConference, stop: threading.Event) -> None:
    """Work a conference's events until none is due, or the worker stops."""
    limit = FEWEST
    while not stop.is_set():
        worked = work_held_events(opened, limit=limit)
        if not worked:
            return
        limit = min(limit * 2, MOST) if worked == limit else FEWEST


def _sweep(opened: OpenConference) -> tuple[str, Sequence[str]]:
    found, problems = _sync(opened, full=True)
    payouts, unread = _payouts(opened)
    return f"{found} {payouts}", [*problems, *unread]


def _sync(opened: OpenConference, *, full: bool = False) -> tuple[str, Sequence[str]]:
    report = sync_conference(opened, full=full)
    found = (
        f"Stripe was asked about {count(report.invoices_seen, 'invoice')}: "
        f"{count(report.payments_recorded, 'new payment')}, "
        f"{count(report.refunds_recorded, 'new refund')}."
    )
    return found, ["The sync is not complete.", *report.problems] if report.problems else []


def _payouts(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = pull_payouts(opened)
    found = (
        f"{count(report.payouts_new, 'new payout')}, "
        f"{count(report.balance_transactions_new, 'new move')}."
    )
    return found, report.problems


def _remind(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = send_reminders(opened, only="stripe")
    others = [f"{r.reference}: {r.reason}." for r in report.results if r.outcome != "sent"]
    return f"{count(report.count('sent'), 'reminder')} sent.", others


def _remind_by_clock(opened: OpenConference) -> tuple[str, Sequence[str]]:
    report = remind_due(opened)
    if report is None:
        return "Reminders were sent already.", []
    failed = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome == "failed"]
    return f"{count(report.count('sent'), 'reminder')} sent.", failed


def _match(opened: OpenConference) -> tuple[str, Sequence[str]]:
    return f"{count(match_bank(opened, apply=True).applied, 'bank line')} applied.", []


def _replay(opened: OpenConference) -> tuple[str, Sequence[str]]:
    worked = work_until_none_is_due(opened)
    left = [f"{event.event_id}: {event.error}" for event in events_on_hold(opened)]
    return f"{count(worked, 'event')} processed.", left


TASKS: Mapping[str, Kind] = {
    "sync": Kind(Act.SYNC, _sync),
    "sweep": Kind(Act.SYNC, _sweep),
    "payouts": Kind(Act.SYNC, _payouts),
    "remind": Kind(Act.REMIND, _remind),
    "remind_due": Kind(Act.REMIND, _remind_by_clock),
    "match": Kind(Act.MATCH, _match, calls_stripe=False),
    "replay": Kind(Act.SYNC, _replay, calls_stripe=False),
}
"""Every kind of task by its name in the database."""
