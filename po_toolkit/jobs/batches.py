"""A batch's life: started by a person, worked by any worker, followed by anyone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from po_toolkit.api.invoices import InvoiceReport, adopt_claimed
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.states import BatchState
from po_toolkit.errors import (
    DatabaseUnavailableError,
    PoToolkitError,
    PurchaseOrderError,
    Reason,
    Remedy,
)
from po_toolkit.invoicing.send import InvoiceResult
from po_toolkit.jobs.tasks import STALLED_AFTER, ring
from po_toolkit.jobs.worker import Worker
from po_toolkit.store import jobs, purchase_orders
from po_toolkit.store.trouble import cause_of, is_busy

RATE_WINDOW = timedelta(seconds=10)
"""The rate shown is that of the last seconds."""

OUTCOMES = ("invoiced", "skipped", "failed")

FIRST_POLL, SLOWEST_POLL = 0.1, 0.5
"""Seconds between two looks of a command at the batch that it waits for: more often at the
beginning and shortly before the end."""

OVERLAP = timedelta(seconds=30)
"""Clocks of several workers differ; results are read from a little earlier on."""


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How a batch is.

    Attributes:
        rate: Purchase orders finished a second, lately.
        seconds_left: At that rate, or None where it cannot be estimated.
        stalled_since: When it last moved, if that is longer ago than a minute.
    """

    batch_id: int
    state: str
    error: str
    entered_by: str
    created_at: datetime
    ended_at: datetime | None
    total: int
    waiting: int
    running: int
    invoiced: int
    skipped: int
    failed: int
    cancelled: int
    rate: float
    stalled_since: datetime | None

    @property
    def done(self) -> int:
        """How many have a result."""
        return self.invoiced + self.skipped + self.failed + self.cancelled

    @property
    def ended(self) -> bool:
        """Whether nothing more happens until a person acts."""
        return self.state in ("done", "cancelled", "paused") and self.running == 0

    @property
    def seconds_left(self) -> int | None:
        """How long the rest takes at the present rate."""
        left = self.waiting + self.running
        return round(left / self.rate) if left and self.rate else None


def start(opened: OpenConference, references: Iterable[str], *, send: bool = True) -> int:
    """Queue purchase orders to be invoiced and return the batch's id; a worker does the rest.

    Purchase orders whose invoice was sent by hand are adopted first.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: A reference does not exist.
        PurchaseOrderError: No purchase order was named.
        SettingsError: The conference has no Stripe key.
    """
    require(opened.actor, Act.INVOICE)
    chosen = list(references)
    if not chosen:
        raise PurchaseOrderError("Nothing to invoice: no purchase order was chosen.")
    opened.check_account()
    adopt_claimed(opened, chosen)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        ids = purchase_orders.ids_of(uow.session, opened.conference, chosen)
        batch = jobs.create_batch(uow, opened.conference, ids, send=send)
        uow.audit(Act.INVOICE, batch, after={"purchase_orders": len(ids), "send": send})
    ring()
    return batch.id


def progress(opened: OpenConference, batch_id: int) -> BatchProgress:
    """Return how a batch is.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    now = datetime.now(UTC)
    with opened.store.reading() as session:
        batch = jobs.batch_by_id(session, opened.conference, batch_id)
        since = max(now - RATE_WINDOW, batch.created_at)
        counts = jobs.batch_counts(session, batch_id, since)
    count, moved_at = counts.by_state, counts.moved_at or batch.created_at
    seconds = max((now - since).total_seconds(), 1.0)
    stalled = batch.state == BatchState.RUNNING and now - moved_at > STALLED_AFTER
    return BatchProgress(
        batch_id=batch.id,
        state=batch.state,
        error=batch.error,
        entered_by=batch.entered_by,
        created_at=batch.created_at,
        ended_at=batch.ended_at,
        total=sum(count.values()),
        waiting=count.get("waiting", 0),
        running=count.get("running", 0),
        invoiced=count.get("invoiced", 0),
        skipped=count.get("skipped", 0),
        failed=count.get("failed", 0),
        cancelled=count.get("cancelled", 0),
        rate=counts.lately / seconds,
        stalled_since=moved_at if stalled else None,
    )


def latest(opened: OpenConference, limit: int = 20) -> list[BatchProgress]:
    """Return how the latest batches are, newest first."""
    with opened.store.reading() as session:
        ids = [batch.id for batch in jobs.recent_batches(session, opened.conference, limit)]
    return [progress(opened, batch_id) for batch_id in ids]


def results(
    opened: OpenConference, batch_id: int, *, after: datetime | None = None
) -> InvoiceReport:
    """Return what became of each purchase order of a batch so far, in order.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    return InvoiceReport([result for _, result in rows(opened, batch_id, after=after)])


def rows(
    opened: OpenConference, batch_id: int, *, after: datetime | None = None
) -> list[tuple[str, InvoiceResult]]:
    """Return organization and result of each purchase order of a batch so far, in order.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    with opened.store.reading() as session:
        jobs.batch_by_id(session, opened.conference, batch_id)
        found = jobs.batch_results(session, batch_id, after=after)
    return [
        (
            organization,
            InvoiceResult(
                reference,
                job.state,
                job.stripe_invoice_id,
                job.hosted_url,
                Reason(job.message, Remedy.from_json(job.remedy) if job.remedy else None),
            ),
        )
        for job, reference, organization in found
        if job.state in OUTCOMES
    ]


def pause(opened: OpenConference, batch_id: int) -> None:
    """Begin no further purchase orders of a batch; those begun are finished."""
    _change(opened, batch_id, BatchState.PAUSED, allowed=(BatchState.RUNNING,))


def resume(opened: OpenConference, batch_id: int) -> None:
    """Go on with a paused batch."""
    _change(opened, batch_id, BatchState.RUNNING, allowed=(BatchState.PAUSED,))
    ring()


def cancel(opened: OpenConference, batch_id: int) -> None:
    """Leave what waits undone; what was begun is finished, what was sent stays sent."""
    _change(opened, batch_id, BatchState.CANCELLED, allowed=(BatchState.RUNNING, BatchState.PAUSED))


def retry(opened: OpenConference, batch_id: int) -> int:
    """Try the failed purchase orders of a batch again, and only those; return how many.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: The conference has no such batch.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        batch = jobs.batch_by_id(uow.session, opened.conference, batch_id)
        again = jobs.retry_failed(uow, batch)
        uow.audit(Act.INVOICE, batch, after={"retried": again})
    ring()
    return again


def _change(
    opened: OpenConference, batch_id: int, state: BatchState, *, allowed: tuple[BatchState, ...]
) -> None:
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        batch = jobs.batch_by_id(uow.session, opened.conference, batch_id)
        if batch.state not in allowed:
            raise PurchaseOrderError(
                f"Batch {batch_id} is {batch.state}; it cannot become {state.value}."
            )
        before = batch.state
        jobs.set_batch_state(uow, batch, state, opened.now())
        uow.audit(Act.INVOICE, batch, before={"state": before}, after={"state": state.value})


def wait_for(
    opened: OpenConference,
    batch_id: int,
    step: Callable[[InvoiceResult], None] | None = None,
    *,
    worker: Worker | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> BatchProgress:
    """Return when a batch has ended or was paused, whichever process works it.

    ``step`` is called once with each result. The troubles of a worker of this process end the
    waiting.

    Raises:
        NotFoundError: The conference has no such batch.
        DatabaseUnavailableError: The database cannot be used, and has not been for a while.
    """
    seen: set[str] = set()
    looked: datetime | None = None
    pause = FIRST_POLL
    while True:
        if worker is not None and worker.stuck:
            raise DatabaseUnavailableError(worker.trouble)
        try:
            since, now = looked, datetime.now(UTC) - OVERLAP
            current = progress(opened, batch_id)
            if step is not None and current.done > len(seen):
                for result in results(opened, batch_id, after=since).results:
                    if result.reference not in seen:
                        seen.add(result.reference)
                        step(result)
            looked = now
        except SQLAlchemyError as error:
            if worker is None or not (is_busy(error) or cause_of(error)):
                raise
            worker.report(error)
            pause = SLOWEST_POLL
        else:
            if current.ended:
                return current
            left = current.seconds_left
            pause = FIRST_POLL if left is not None and left <= 1 else min(pause * 1.2, SLOWEST_POLL)
        sleep(pause)


@dataclass(frozen=True, slots=True)
class Run:
    """What one command did.

    Attributes:
        stopped: Why it stopped before its end, or ``""``.
    """

    report: InvoiceReport
    stopped: str = ""


def invoice_many(
    opened: OpenConference,
    settings: Settings,
    references: Sequence[str],
    *,
    send: bool = True,
    step: Callable[[InvoiceResult], None] | None = None,
) -> Run:
    """Invoice purchase orders as a batch and return when each is done or refused.

    Without ``send`` they are left as checked drafts at Stripe; ``step`` is called with each result.

    Raises:
        NotFoundError: A reference does not exist.
        SettingsError: The conference has no Stripe key.
    """
    batch_id = start(opened, references, send=send)
    seen: list[InvoiceResult] = []

    def keep(result: InvoiceResult) -> None:
        seen.append(result)
        if step is not None:
            step(result)

    worker = Worker(settings, only=[batch_id])
    try:
        with worker:
            state = wait_for(opened, batch_id, keep, worker=worker)
    except DatabaseUnavailableError as error:
        with suppress(SQLAlchemyError, PoToolkitError):
            cancel(opened, batch_id)
        return Run(_with_rest(references, seen, str(error)), stopped=str(error))
    report = results(opened, batch_id)
    if state.state == BatchState.DONE:
        return Run(report)
    stopped = state.error or _BY_A_PERSON[state.state].format(batch=batch_id)
    if state.error:
        cancel(opened, batch_id)
    return Run(_with_rest(references, report.results, stopped), stopped=stopped)


def _with_rest(
    references: Sequence[str], done: Sequence[InvoiceResult], reason: str
) -> InvoiceReport:
    """Return results with one for each purchase order that has none, and why."""
    known = {result.reference for result in done}
    rest = [InvoiceResult(r, "failed", error=reason) for r in references if r not in known]
    return InvoiceReport([*done, *rest])


_BY_A_PERSON = {
    "cancelled": "Batch {batch} was cancelled before it reached this one.",
    "paused": "Batch {batch} was paused; resume it in the app.",
}
