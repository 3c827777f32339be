"""The one queue of background work: jobs are leased, renewed, finished, and leased again.

Batches of invoices are jobs with a common row of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from po_toolkit.domain.states import BatchState, JobState
from po_toolkit.errors import NotFoundError
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import Conference, InvoiceBatch, Job, PurchaseOrder, WebhookEvent

INVOICE, BATCH, EVENTS, NOTIFY = "invoice", "batch", "events", "notify"
"""Kinds of jobs that the queue itself knows: one purchase order of a batch, the batch as a whole,
a conference's webhook events, and notices of its new problems."""

LEASE = timedelta(seconds=15)
"""How long a job stays with a worker that does not renew it."""

MOST_ATTEMPTS = 5
"""A job whose worker died so often in a row is not tried again until a person asks."""

_T = cast(Table, Job.__table__)

OPEN = (JobState.WAITING.value, JobState.RUNNING.value)
WAITING_EVENTS = ("received", "failed")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that a worker holds.

    Attributes:
        lease: Fences the result: whoever holds the job later has another one.
        send: For an invoice: False leaves a checked draft.
        prepared: For a batch: whether its sponsors were looked up already.
    """

    id: int
    lease: str
    kind: str
    slug: str
    entered_by: str
    attempts: int
    batch_id: int | None = None
    purchase_order_id: int | None = None
    reference: str = ""
    send: bool = True
    prepared: bool = False
    batch_created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job; a ``waiting`` one is given back."""

    id: int
    lease: str
    state: JobState
    message: str = ""
    """A :class:`~po_toolkit.errors.Reason` keeps its remedy."""
    stripe_invoice_id: str = ""
    hosted_url: str = ""
    run_after: datetime | None = None
    attempts: int = 0
    """For one given back: how often workers died with it."""


# -- batches ---------------------------------------------------------------------------------


def create_batch(
    uow: UnitOfWork, conference: Conference, order_ids: Iterable[int], *, send: bool
) -> InvoiceBatch:
    """Queue purchase orders to be invoiced."""
    batch = InvoiceBatch(conference_id=conference.id, send=send, entered_by=uow.actor.name)
    uow.session.add(batch)
    uow.session.flush()
    common = {
        "conference_id": conference.id,
        "batch_id": batch.id,
        "entered_by": uow.actor.name,
    }
    rows = [{**common, "kind": INVOICE, "purchase_order_id": order_id} for order_id in order_ids]
    rows.append({**common, "kind": BATCH, "purchase_order_id": None})
    uow.session.execute(insert(Job), rows)
    return batch


def batch_by_id(session: Session, conference: Conference, batch_id: int) -> InvoiceBatch:
    """Return a batch of this conference.

    Raises:
        NotFoundError: It has no such batch.
    """
    found = session.get(InvoiceBatch, batch_id)
    if found is None or found.conference_id != conference.id:
        raise NotFoundError(f"Conference {conference.slug} has no invoice batch {batch_id}.")
    return found


def recent_batches(
    session: Session, conference: Conference, limit: int = 20
) -> Sequence[InvoiceBatch]:
    """Return the latest batches, newest first."""
    return session.scalars(
        select(InvoiceBatch)
        .where(InvoiceBatch.conference_id == conference.id)
        .order_by(InvoiceBatch.id.desc())
        .limit(limit)
    ).all()


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How the jobs of a batch are.

    Attributes:
        by_state: How many purchase orders are in each state.
        lately: How many were finished after the moment asked about, for the rate.
        moved_at: When a job last began, ended or made progress.
    """

    by_state: dict[str, int]
    lately: int
    moved_at: datetime | None


def batch_counts(session: Session, batch_id: int, since: datetime) -> BatchCounts:
    """Count a batch's purchase orders, and those finished after a moment."""
    by_state: dict[str, int] = {}
    lately, moments = 0, []
    for row in session.execute(_COUNTS, {"batch": batch_id, "since": since}):
        moments += [moment for moment in (row.ended, row.moved) if moment is not None]
        if row.kind == INVOICE:
            by_state[row.state] = row.items
            lately += row.lately
    return BatchCounts(by_state, lately, max(moments, default=None))


_COUNTS = (
    select(
        Job.kind,
        Job.state,
        func.count().label("items"),
        func.count(case((Job.ended_at > bindparam("since"), 1))).label("lately"),
        func.max(Job.ended_at).label("ended"),
        func.max(Job.moved_at).label("moved"),
    )
    .where(Job.batch_id == bindparam("batch"))
    .group_by(Job.kind, Job.state)
)


def batch_results(
    session: Session, batch_id: int, *, after: datetime | None = None
) -> Sequence[Row[Job, str, str]]:
    """Return a batch's jobs with reference and organization; or those ended after a moment."""
    query = (
        select(Job, PurchaseOrder.reference, PurchaseOrder.organization_name)
        .join(PurchaseOrder, PurchaseOrder.id == Job.purchase_order_id)
        .where(Job.batch_id == batch_id, Job.kind == INVOICE)
        .order_by(Job.id)
    )
    if after is not None:
        query = query.where(Job.ended_at > after)
    return session.execute(query).all()


def sponsors_of(session: Session, batch_id: int) -> list[tuple[str, str]]:
    """Return email and organization, folded, of a batch's sponsors, each once."""
    rows = session.execute(
        select(PurchaseOrder.contact_email, PurchaseOrder.organization_key)
        .join(Job, Job.purchase_order_id == PurchaseOrder.id)
        .where(Job.batch_id == batch_id, Job.kind == INVOICE)
    )
    return list(dict.fromkeys((email.strip().casefold(), key) for email, key in rows))


def customers_found(store: Store, batch_id: int, now: datetime) -> None:
    """Note that a batch's sponsors were looked up at Stripe, so that its invoices can begin."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(InvoiceBatch).where(InvoiceBatch.id == batch_id).values(customers_found_at=now)
        )


def pause_batch(store: Store, batch_id: int, reason: str) -> None:
    """Pause a running batch; a person removes the cause and resumes it."""
    with store.bookkeeping() as connection:
        _pause(connection, InvoiceBatch.id == batch_id, reason)


def pause_batches(store: Store, slugs: Iterable[str], reason: str) -> None:
    """Pause every running batch of some conferences for one reason."""
    mine = select(Conference.id).where(Conference.slug.in_(list(slugs)))
    with store.bookkeeping() as connection:
        _pause(connection, InvoiceBatch.conference_id.in_(mine), reason)


def _pause(connection: Connection, which: ColumnElement[bool], reason: str) -> None:
    connection.execute(
        update(InvoiceBatch)
        .where(which, InvoiceBatch.state == BatchState.RUNNING)
        .values(state=BatchState.PAUSED.value, error=reason)
    )


def end_batch(store: Store, batch_id: int, now: datetime) -> None:
    """End a running batch of which nothing is left."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(InvoiceBatch)
            .where(InvoiceBatch.id == batch_id, InvoiceBatch.state == BatchState.RUNNING)
            .values(state=BatchState.DONE.value, ended_at=now)
        )


def set_batch_state(uow: UnitOfWork, batch: InvoiceBatch, state: BatchState, now: datetime) -> None:
    """Pause, resume or cancel a batch; jobs that run are finished, those that wait obey."""
    row = uow.session.get_one(InvoiceBatch, batch.id)
    row.state, row.error = state.value, ""
    row.ended_at = now if state is BatchState.CANCELLED else None
    if state is BatchState.CANCELLED:
        uow.session.execute(
            update(Job)
            .where(Job.batch_id == batch.id, Job.state == JobState.WAITING)
            .values(state=JobState.CANCELLED.value, ended_at=now)
        )


def retry_failed(uow: UnitOfWork, batch: InvoiceBatch) -> int:
    """Let the failed jobs of a batch wait again; return how many purchase orders that are."""
    mine = Job.batch_id == batch.id
    failed = and_(mine, Job.kind == INVOICE, Job.state == JobState.FAILED)
    again = uow.session.scalar(select(func.count()).where(failed))
    whole = and_(mine, Job.kind == BATCH, Job.state.not_in(OPEN))
    uow.session.execute(
        update(Job)
        .where(or_(failed, whole))
        .values(state=JobState.WAITING.value, ended_at=None, run_after=None, message="", attempts=0)
    )
    row = uow.session.get_one(InvoiceBatch, batch.id)
    row.state, row.ended_at, row.error = BatchState.RUNNING.value, None, ""
    return again or 0


def batch_states(connection: Connection, batch_ids: Iterable[int]) -> dict[int, str]:
    """Return the states of batches."""
    rows = connection.execute(_STATES, {"batches": list(batch_ids)})
    return {row.id: row.state for row in rows}


_STATES = select(InvoiceBatch.id, InvoiceBatch.state).where(
    InvoiceBatch.id.in_(bindparam("batches", expanding=True))
)


def work_left(session: Session, slugs: Iterable[str]) -> bool:
    """Tell whether there is background work that no worker may be doing."""
    return bool(session.connection().execute(_WORK_LEFT, {"slugs": list(slugs)}).scalar())


_WORK_LEFT = select(
    exists().where(
        Job.conference_id == Conference.id,
        Conference.slug.in_(bindparam("slugs", expanding=True)),
        Job.state.in_(OPEN),
        Job.kind != EVENTS,
        or_(
            Job.batch_id.is_(None),
            exists().where(
                InvoiceBatch.id == Job.batch_id, InvoiceBatch.state == BatchState.RUNNING
            ),
        ),
    )
)


# -- tasks -----------------------------------------------------------------------------------


def add_task(
    connection: Connection, conference_id: int, kind: str, entered_by: str, now: datetime
) -> int | None:
    """Queue a task and return its id; None while one of its kind waits or runs."""
    row = {
        "conference_id": conference_id,
        "kind": kind,
        "state": JobState.WAITING.value,
        "entered_by": entered_by,
        "created_at": now,
        "lease_owner": "",
        "attempts": 0,
        "progress": 0,
        "message": "",
        "stripe_invoice_id": "",
        "hosted_url": "",
    }
    return connection.execute(_ADD[connection.dialect.name], row).scalar_one_or_none()


_ADD: dict[str, Any] = {
    dialect: insert(_T).on_conflict_do_nothing().returning(_T.c.id)
    for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


def latest_task(session: Session, conference: Conference, kind: str) -> Job | None:
    """Return the last task of a kind, if there was any."""
    return session.scalars(
        select(Job)
        .where(Job.conference_id == conference.id, Job.kind == kind, Job.batch_id.is_(None))
        .order_by(Job.id.desc())
        .limit(1)
    ).one_or_none()


def failed_tasks(session: Session, conference: Conference, limit: int) -> Sequence[Job]:
    """Return the latest tasks that ended otherwise than done, newest first."""
    return session.scalars(
        select(Job)
        .where(
            Job.conference_id == conference.id,
            Job.batch_id.is_(None),
            Job.state.in_((JobState.FAILED.value, JobState.PARTLY.value)),
        )
        .order_by(Job.id.desc())
        .limit(limit)
    ).all()


def forget_tasks(store: Store, before: datetime) -> None:
    """Delete tasks that the clock started and that ended long ago; a person's stay."""
    with store.bookkeeping() as connection:
        connection.execute(
            _T.delete().where(
                _T.c.batch_id.is_(None),
                _T.c.state.not_in(OPEN),
                _T.c.entered_by == SCHEDULE,
                _T.c.ended_at < before,
            )
        )


SCHEDULE = "schedule"
"""Who starts what the clock asks for, as the history names it."""


# -- leases ----------------------------------------------------------------------------------


_NOW = bindparam("now", type_=_T.c.run_after.type)
_SLUGS: BindParameter[Any] = bindparam("slugs", expanding=True)
_MOST = bindparam("most", type_=Integer())
_ONLY: BindParameter[Any] = bindparam("only", expanding=True)
"""What changes from turn to turn, so that the statements are built and compiled once."""

_FREE = or_(
    and_(Job.state == JobState.WAITING, or_(Job.run_after.is_(None), Job.run_after <= _NOW)),
    and_(Job.state == JobState.RUNNING, Job.lease_until < _NOW),
)
"""Which jobs nobody holds: they wait, or their worker's lease has expired."""


def claim_invoices(
    connection: Connection,
    owner: str,
    now: datetime,
    limit: int,
    *,
    slugs: Iterable[str],
    only: Iterable[int] | None = None,
) -> list[Claimed]:
    """Lease invoices of running batches, oldest first.

    Only of conferences that the worker has settings for (``slugs``), and of the batches in
    ``only``.
    """
    query, batches = _of_batches(_INVOICES_DUE, only)
    rows = connection.execute(
        query, {"now": now, "most": limit, "slugs": list(slugs), **batches}
    ).all()
    return _lease(
        connection,
        owner,
        now,
        [
            Claimed(
                row.id,
                "",
                INVOICE,
                row.slug,
                row.entered_by,
                row.attempts,
                row.batch_id,
                row.purchase_order_id,
                row.reference,
                row.send,
                batch_created_at=row.created_at,
            )
            for row in rows
        ],
    )


def claim_others(
    connection: Connection,
    owner: str,
    now: datetime,
    limit: int,
    *,
    slugs: Iterable[str],
    kinds: Iterable[str],
    only: Iterable[int] | None = None,
) -> list[Claimed]:
    """Lease tasks, events, and the beginning or the end of batches.

    Only of conferences that the worker has settings for (``slugs``), of the kinds it does, and what
    belongs to the batches in ``only``.
    """
    query, batches = _of_batches(_OTHERS_DUE, only)
    mine = [kind for kind in kinds if kind != INVOICE]
    rows = connection.execute(
        query, {"now": now, "most": limit, "slugs": list(slugs), "kinds": mine, **batches}
    ).all()
    return _lease(
        connection,
        owner,
        now,
        [
            Claimed(
                row.id,
                "",
                row.kind,
                row.slug,
                row.entered_by,
                row.attempts,
                row.batch_id,
                prepared=row.customers_found_at is not None,
            )
            for row in rows
        ],
    )


def _of_batches(query: Any, only: Iterable[int] | None) -> tuple[Any, dict[str, Any]]:
    """Limit a query to some batches, where it is to be."""
    if only is None:
        return query, {}
    return query.where(Job.batch_id.in_(_ONLY)), {"only": list(only)}


_INVOICES_DUE = (
    select(
        Job.id,
        Conference.slug,
        Job.entered_by,
        Job.attempts,
        Job.batch_id,
        Job.purchase_order_id,
        PurchaseOrder.reference,
        InvoiceBatch.send,
        InvoiceBatch.created_at,
    )
    .join(InvoiceBatch, InvoiceBatch.id == Job.batch_id)
    .join(Conference, Conference.id == Job.conference_id)
    .join(PurchaseOrder, PurchaseOrder.id == Job.purchase_order_id)
    .where(
        Job.kind == INVOICE,
        _FREE,
        InvoiceBatch.state == BatchState.RUNNING,
        InvoiceBatch.customers_found_at.is_not(None),
        Conference.slug.in_(_SLUGS),
    )
    .order_by(Job.id)
    .limit(_MOST)
    .with_for_update(of=Job, skip_locked=True)
)

_ITEM = aliased(Job)
_BATCH_DUE = and_(
    InvoiceBatch.state == BatchState.RUNNING,
    or_(
        InvoiceBatch.customers_found_at.is_(None),
        ~exists().where(
            _ITEM.batch_id == Job.batch_id, _ITEM.kind == INVOICE, _ITEM.state.in_(OPEN)
        ),
    ),
)


def _events_due(conference_id: Any) -> ColumnElement[bool]:
    return exists().where(
        WebhookEvent.conference_id == conference_id,
        WebhookEvent.state.in_(WAITING_EVENTS),
        or_(WebhookEvent.next_try_at.is_(None), WebhookEvent.next_try_at <= _NOW),
    )


_OTHERS_DUE = (
    select(
        Job.id,
        Job.kind,
        Conference.slug,
        Job.entered_by,
        Job.attempts,
        Job.batch_id,
        InvoiceBatch.customers_found_at,
    )
    .join(Conference, Conference.id == Job.conference_id)
    .outerjoin(InvoiceBatch, InvoiceBatch.id == Job.batch_id)
    .where(
        Job.kind.in_(bindparam("kinds", expanding=True)),
        _FREE,
        or_(Job.kind != BATCH, _BATCH_DUE),
        or_(Job.kind != EVENTS, _events_due(Job.conference_id)),
        Conference.slug.in_(_SLUGS),
    )
    .order_by(Job.id)
    .limit(_MOST)
    .with_for_update(of=Job, skip_locked=True)
)


def events_due(session: Session, conference_id: int, now: datetime) -> bool:
    """Tell whether a conference has events to be worked now."""
    return bool(session.scalar(select(_events_due(conference_id)), {"now": now}))


def _lease(
    connection: Connection, owner: str, now: datetime, found: list[Claimed]
) -> list[Claimed]:
    if not found:
        return []
    lease = f"{owner}:{uuid4().hex[:8]}"
    ids = [job.id for job in found]
    connection.execute(_LEASE, {"ids": ids, "lease": lease, "until": now + LEASE, "now": now})
    return [replace(job, lease=lease, attempts=job.attempts + 1) for job in found]


_LEASE = (
    update(_T)
    .where(_T.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=JobState.RUNNING.value,
        lease_owner=bindparam("lease"),
        lease_until=bindparam("until"),
        attempts=_T.c.attempts + 1,
        moved_at=bindparam("now"),
    )
)


def renew(store: Store, owner: str, now: datetime, progress: dict[int, int]) -> None:
    """Keep every job that a worker holds, and note how far those have come that say so."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(Job)
            .where(Job.state == JobState.RUNNING, Job.lease_owner.startswith(owner))
            .values(lease_until=now + LEASE)
        )
        if progress:
            connection.execute(
                _PROGRESS, [{"job": job, "calls": n, "now": now} for job, n in progress.items()]
            )


def put_back(store: Store, now: datetime) -> None:
    """Let go of what a dead worker held of batches that were paused, cancelled or ended since."""
    stopped: dict[str, dict[str, Any]] = {
        BatchState.DONE.value: {"state": JobState.DONE.value, "ended_at": now},
        BatchState.PAUSED.value: {"state": JobState.WAITING.value},
        BatchState.CANCELLED.value: {"state": JobState.CANCELLED.value, "ended_at": now},
    }
    dead = and_(Job.state == JobState.RUNNING, Job.lease_until < now)
    of_batch = select(Job.id, InvoiceBatch.state).join(
        InvoiceBatch, InvoiceBatch.id == Job.batch_id
    )
    with store.reading() as session:
        found = session.execute(of_batch.where(dead, InvoiceBatch.state.in_(stopped))).all()
    if not found:
        return
    with store.bookkeeping() as connection:
        for state, values in stopped.items():
            ids = [job for job, of in found if of == state]
            connection.execute(
                update(Job).where(Job.id.in_(ids), dead).values(**values, lease_owner="")
            )


_PROGRESS = (
    update(_T)
    .where(_T.c.id == bindparam("job"))
    .values(
        progress=bindparam("calls"),
        moved_at=case(
            (_T.c.progress != bindparam("calls"), bindparam("now", type_=_T.c.moved_at.type)),
            else_=_T.c.moved_at,
        ),
    )
)


def settle(connection: Connection, results: Sequence[Result], now: datetime) -> None:
    """Write down what became of jobs.

    That a purchase order was invoiced holds whoever reports it; anything else is reported by the
    holder of the lease alone.
    """
    for statement, some in (
        (_SETTLED, [r for r in results if r.state is not JobState.INVOICED]),
        (_INVOICED, [r for r in results if r.state is JobState.INVOICED]),
    ):
        if some:
            connection.execute(statement, [_values(result, now) for result in some])


def _values(result: Result, now: datetime) -> dict[str, Any]:
    waits = result.state is JobState.WAITING
    remedy = getattr(result.message, "remedy", None)
    return {
        "job": result.id,
        "lease": result.lease,
        "new_state": result.state.value,
        "new_message": result.message,
        "new_remedy": remedy.as_json() if remedy else None,
        "invoice": result.stripe_invoice_id,
        "url": result.hosted_url,
        "after": result.run_after,
        "tried": result.attempts,
        "ended": None if waits else now,
    }


_OUTCOME: dict[str, Any] = {
    "state": bindparam("new_state"),
    "message": bindparam("new_message"),
    "remedy": bindparam("new_remedy"),
    "stripe_invoice_id": bindparam("invoice"),
    "hosted_url": bindparam("url"),
    "run_after": bindparam("after"),
    "ended_at": bindparam("ended"),
    "lease_owner": "",
    "lease_until": None,
    "attempts": bindparam("tried"),
}
_SETTLED = (
    update(_T)
    .where(
        _T.c.id == bindparam("job"),
        _T.c.state == JobState.RUNNING.value,
        _T.c.lease_owner == bindparam("lease"),
    )
    .values(_OUTCOME)
)
_INVOICED = (
    update(_T)
    .where(_T.c.id == bindparam("job"), _T.c.state != JobState.INVOICED.value)
    .values(_OUTCOME)
)


def ensure_events(store: Store, conference_ids: Iterable[int], now: datetime) -> None:
    """Make the job that works each conference's events, where it is missing."""
    with store.bookkeeping() as connection:
        for conference_id in conference_ids:
            add_task(connection, conference_id, EVENTS, SCHEDULE, now)


@contextmanager
def event_turn(store: Store, conference_id: int, now: datetime) -> Iterator[bool]:
    """Hold the job that works a conference's events; False while a worker holds it."""
    ensure_events(store, [conference_id], now)
    lease = f"here:{uuid4().hex}"
    mine = {"conference": conference_id, "owner": lease}
    with store.bookkeeping() as connection:
        values = {**mine, "until": now + LEASE, "now": now}
        taken = connection.execute(_TAKE_EVENTS, values).rowcount
    try:
        yield bool(taken)
    finally:
        if taken:
            with store.bookkeeping() as connection:
                connection.execute(_GIVE_EVENTS_BACK, mine)


_EVENTS_JOB = update(Job).where(Job.conference_id == bindparam("conference"), Job.kind == EVENTS)
_TAKE_EVENTS = _EVENTS_JOB.where(_FREE).values(
    state=JobState.RUNNING.value, lease_owner=bindparam("owner"), lease_until=bindparam("until")
)
_GIVE_EVENTS_BACK = _EVENTS_JOB.where(Job.lease_owner == bindparam("owner")).values(
    state=JobState.WAITING.value, lease_owner="", lease_until=None
)
