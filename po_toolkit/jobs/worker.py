"""Works the queue of jobs: threads of this process, or a process of its own.

Any number of workers may run on one database. Each leases jobs, renews the leases of those it
runs, and writes their results. What a dead worker held is leased again by another one; the
journals of invoices and payments make it harmless that a job runs twice.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, Self
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from po_toolkit.api.notices import NoticeError, notify
from po_toolkit.api.schedules import SWEEP_HOUR, SYNC_EVERY, reminders_due, sync_due
from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import STRIPE, Actor, Role
from po_toolkit.domain.states import BatchState, JobState
from po_toolkit.jobs import tasks
from po_toolkit.jobs.invoices import RETRY, Invoicing
from po_toolkit.logs import configure_logging, get_logger
from po_toolkit.store import jobs, webhook_events, workers
from po_toolkit.store.columns import utc_now
from po_toolkit.store.jobs import BATCH, EVENTS, INVOICE, NOTIFY, Claimed, Result
from po_toolkit.store.trouble import cause_of, is_busy

log = get_logger(__name__)

EVERYTHING = frozenset({INVOICE, BATCH, EVENTS, NOTIFY, *tasks.TASKS})
ALL_BUT_BATCHES = EVERYTHING - {INVOICE, BATCH}

CONCURRENCY = 32
"""Invoices at once in one process; at 150 ms a call 15 fill the account's limit."""

TASKS_AT_ONCE = 4

AHEAD = 24
"""Invoices leased ahead, so that no thread waits for the next one."""

ROOM = 16
"""Invoices are leased so many at a time or more, which is cheaper than one by one."""

SWITCH_SECONDS = 0.001
"""How soon a thread that waits for Python's lock gets it. Each statement lets go of the lock, and
who has the database's turn must not wait for it behind the threads that compute."""

BUSY_SECONDS, IDLE_SECONDS = 0.25, 1.0
"""How often the queue is looked at while something runs, and else; for anything but invoices it
is looked at no more than twice a second."""

RENEW_SECONDS = jobs.LEASE.total_seconds() / 3
"""How often leases are renewed, and those of dead workers looked for."""

SCHEDULE_SECONDS = 30.0
NOTIFY_SECONDS = 300.0
"""How often new problems are looked for, where anybody is to be notified."""
SEEN_SECONDS = 15.0
"""How often a worker says that it runs."""
FORGET_AFTER = timedelta(days=30)

PATIENCE_SECONDS = 20.0
"""When the database cannot be used for so long, batches are paused and commands end."""


class Worker:
    """Threads that work the queue until they are stopped.

    Args:
        settings: Which conferences, and the database.
        kinds: Which kinds of jobs; by default all.
        only: Only what belongs to these batches.
        concurrency: Invoices at once.
        sync_every: How often each conference is synced; None leaves the schedules to another one.
        sweep_hour: From which hour of the night everything is compared.
        now: The clock.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        kinds: Collection[str] = EVERYTHING,
        only: Iterable[int] | None = None,
        concurrency: int = CONCURRENCY,
        sync_every: timedelta | None = None,
        sweep_hour: int = SWEEP_HOUR,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = uuid4().hex
        self.settings = settings
        self._kinds = frozenset(kinds)
        self._only = None if only is None else frozenset(only)
        self._every = sync_every
        self._sweep_hour = sweep_hour
        self._now = now
        self._store = open_database(settings, make=False)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._results: SimpleQueue[Result] = SimpleQueue()
        self._invoices = Lane("invoice", concurrency, self._run_invoice)
        self._tasks = Lane("task", TASKS_AT_ONCE, self._run_task)
        self._invoicing = Invoicing(settings, self._store)
        self._held_back: dict[int, str] = {}
        self._calls: dict[int, Callable[[], int]] = {}
        self._trouble = Trouble()
        self._looked_at_clock = float("-inf")
        self._looked_for_tasks = float("-inf")
        self._forgot_at = float("-inf")
        self._notified_at = float("-inf")
        self._seen = float("-inf")
        self._started_at = now()
        self._threads: list[threading.Thread] = []

    # -- life --------------------------------------------------------------------------------

    def start(self) -> Self:
        """Begin; a worker that runs already goes on."""
        if self.alive or self._stop.is_set():
            return self
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.freeze()  # what is loaded by now stays; looking through it again stops every thread
        running = [thread for thread in self._threads if thread.is_alive()]
        for task in (self._dispatch, self._renew):
            name = f"worker-{task.__name__}"
            if name not in {thread.name for thread in running}:
                running.append(threading.Thread(target=task, daemon=True, name=name))
                running[-1].start()
        self._threads = running
        tasks.WORKERS.add(self)
        return self

    def stop(self) -> None:
        """Begin nothing more, finish what runs, give back the rest."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        tasks.WORKERS.discard(self)
        with contextlib.suppress(Exception):  # it is then taken for dead, which harms nothing
            workers.leave(self._store, self.name)
        self._store.engine.dispose()

    def ring(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether it works."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    @property
    def trouble(self) -> str:
        """Why the database cannot be used at present, or ``""``."""
        return self._trouble.cause

    @property
    def stuck(self) -> bool:
        """Whether that has lasted longer than a passing disturbance."""
        return self._trouble.lasts(PATIENCE_SECONDS)

    def report(self, error: BaseException) -> None:
        """Take note that the database failed."""
        self._trouble.note(error)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    # -- the queue ---------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Lease jobs and write results, all in one transaction a turn."""
        done: list[Result] = []
        while not self._stop.is_set():
            pause = IDLE_SECONDS
            try:
                self._check_clock()
                self._turn(done, claim=True)
                busy = self._invoices.held or self._tasks.held
                pause = BUSY_SECONDS if busy and not self._trouble.cause else IDLE_SECONDS
                if self.stuck:
                    jobs.pause_batches(self._store, self.settings.conferences, self.trouble)
                    self._trouble.clear()
            except Exception as error:
                if cause_of(error) or is_busy(error):
                    self._trouble.note(error)
                else:
                    log.exception("the queue could not be worked; it is tried again")
                    self._trouble.note(error, f"{type(error).__name__}: See the log.")
            if self._wake.wait(pause):
                self._looked_for_tasks = float("-inf")
            self._wake.clear()
        self._finish(done)

    def _finish(self, done: list[Result]) -> None:
        done.extend(map(_given_back, [*self._invoices.drain(), *self._tasks.drain()]))
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(Exception):  # the leases expire, and others go on
                self._turn(done, claim=False)
            if not (self._invoices.held or self._tasks.held) or time.monotonic() > until:
                break
            time.sleep(0.02)
        with contextlib.suppress(Exception):
            self._turn(done, claim=False)

    def _turn(self, done: list[Result], *, claim: bool) -> None:
        with contextlib.suppress(Empty):
            while True:
                done.append(self._results.get_nowait())
        probing = bool(self._trouble.cause)
        room = (1 if probing else self._invoices.size + AHEAD) - self._invoices.held
        if room < ROOM and not probing and self._invoices.held:
            room = 0
        free = self._tasks.size - self._tasks.held
        invoices: list[Claimed] = []
        others: list[Claimed] = []
        if not claim and not done:
            return
        now = self._now()
        with self._store.bookkeeping() as connection:
            jobs.settle(connection, done, now)
            if claim:
                slugs = list(self.settings.conferences)
                if self._invoices.batches:
                    states = jobs.batch_states(connection, self._invoices.batches)
                    self._held_back = {b: s for b, s in states.items() if s != BatchState.RUNNING}
                if room > 0 and INVOICE in self._kinds:
                    invoices = jobs.claim_invoices(
                        connection, self.name, now, room, slugs=slugs, only=self._only
                    )
                if free > 0 and time.monotonic() - self._looked_for_tasks > IDLE_SECONDS / 2:
                    self._looked_for_tasks = time.monotonic()
                    others = jobs.claim_others(
                        connection,
                        self.name,
                        now,
                        free,
                        slugs=slugs,
                        kinds=self._kinds,
                        only=self._only,
                    )
        done.clear()
        if invoices:
            self._invoicing.read_ahead(invoices)
        self._invoices.give(invoices)
        self._tasks.give(others)

    def _renew(self) -> None:
        """Keep the leases of what runs here."""
        every = RENEW_SECONDS
        while not (self._stop.is_set() and not (self._invoices.held or self._tasks.held)):
            try:
                self._be_seen()
            except Exception as error:  # noqa: BLE001 it says so again in a few seconds
                self._trouble.note(error)
            self._stop.wait(every) if not self._stop.is_set() else time.sleep(0.1)
            try:
                jobs.put_back(self._store, self._now())
                progress = {job: calls() for job, calls in list(self._calls.items())}
                if self._invoices.held or self._tasks.held:
                    jobs.renew(self._store, self.name, self._now(), progress)
                    self._invoicing.renew()
            except Exception as error:  # noqa: BLE001 it renews again in five seconds
                self._trouble.note(error)

    def _be_seen(self) -> None:
        """Say that it runs, for /healthz, doctor and the notices."""
        if time.monotonic() - self._seen < SEEN_SECONDS or self._only is not None:
            return
        workers.note(
            self._store,
            self.name,
            started_at=self._started_at,
            now=self._now(),
            kinds=self._kinds,
            sync_every=self._every,
        )
        self._seen = time.monotonic()

    # -- the work ----------------------------------------------------------------------------

    def _run_invoice(self, job: Claimed) -> None:
        held_back = self._held_back.get(job.batch_id or 0)
        if held_back is not None:
            cancelled = held_back == BatchState.CANCELLED
            state = JobState.CANCELLED if cancelled else JobState.WAITING
            self._ended(Result(job.id, job.lease, state), self._invoices)
            return
        self._ended(self._guarded(job, self._invoicing.invoice), self._invoices)

    def _run_task(self, job: Claimed) -> None:
        try:
            known = {BATCH: self._invoicing.batch, EVENTS: self._events, NOTIFY: self._notify}
            work = known.get(job.kind, self._task)
            self._ended(self._guarded(job, work), self._tasks)
        finally:
            self._calls.pop(job.id, None)

    def _guarded(self, job: Claimed, work: Callable[[Claimed], Result]) -> Result:
        """Do a job; whatever happens, it has a result."""
        if job.attempts > jobs.MOST_ATTEMPTS and job.kind != EVENTS:
            return self._failed(
                job,
                f"The worker stopped {job.attempts - 1} times while it did this; see its log, then "
                "try again.",
            )
        try:
            result = work(job)
        except Exception as error:
            self._trouble.note(error)
            if cause_of(error) or is_busy(error):
                log.warning("the database cannot be used", reason=cause_of(error) or "busy")
                return _given_back(job, self._now() + RETRY)
            log.exception("a job failed unexpectedly", kind=job.kind, reference=job.reference)
            if job.kind == EVENTS:
                return _given_back(job, self._now() + RETRY)
            return self._failed(job, f"{type(error).__name__}: See the log. Trying again is safe.")
        if result.state is not JobState.WAITING:
            self._trouble.clear()
        return result

    def _failed(self, job: Claimed, message: str) -> Result:
        """Give a job up; a batch of which nobody works the beginning or the end is paused."""
        if job.kind != BATCH:
            return Result(job.id, job.lease, JobState.FAILED, message)
        try:
            jobs.pause_batch(self._store, job.batch_id or 0, message)
        except SQLAlchemyError as error:
            log.warning("a batch could not be paused", batch=job.batch_id, reason=str(error))
            return _given_back(job, self._now() + RETRY)
        return Result(job.id, job.lease, JobState.WAITING)

    def _ended(self, result: Result, lane: Lane) -> None:
        self._results.put(result)
        lane.done()
        if not lane.held or lane is self._tasks:
            self._wake.set()

    def _events(self, job: Claimed) -> Result:
        tasks.work_events_of(self._open(job.slug, STRIPE), self._stop)
        return _given_back(job)

    def _notify(self, job: Claimed) -> Result:
        try:
            sent = notify(self._open(job.slug, STRIPE), self.settings.notify)
        except NoticeError as error:
            log.warning("a notice was not sent", conference=job.slug, reason=str(error))
            return Result(job.id, job.lease, JobState.FAILED, str(error))
        return Result(job.id, job.lease, JobState.DONE, f"{len(sent)} new problems")

    def _task(self, job: Claimed) -> Result:
        opened = self._open(job.slug, Actor(job.entered_by, Role.TREASURER))
        self._calls[job.id] = tasks.calls_of(opened)
        return tasks.run(opened, job)

    def _open(self, slug: str, actor: Actor) -> OpenConference:
        return open_conference(
            slug, settings=self.settings, store=self._store, actor=actor, now=self._now
        )

    # -- the clock ---------------------------------------------------------------------------

    def _check_clock(self) -> None:
        """Queue what the schedules ask for."""
        if time.monotonic() - self._looked_at_clock < SCHEDULE_SECONDS or self._only is not None:
            return
        self._looked_at_clock = time.monotonic()
        opened = [self._open(slug, STRIPE) for slug in self.settings.conferences]
        if EVENTS in self._kinds:
            jobs.ensure_events(self._store, [o.conference.id for o in opened], self._now())
        if self._every is None:
            return
        for one in opened:
            if one.settings.mode != "none":
                self._queue_due(one)
        if self.settings.notify.wanted and time.monotonic() - self._notified_at > NOTIFY_SECONDS:
            self._notified_at = time.monotonic()
            for one in opened:
                self._queue(one, NOTIFY)
        if time.monotonic() - self._forgot_at > 86_400:
            self._forgot_at = time.monotonic()
            now, kept = self._now(), timedelta(days=self.settings.keep_event_payloads_days)
            jobs.forget_tasks(self._store, now - FORGET_AFTER)
            webhook_events.drop_payloads(self._store, now - kept)

    def _queue_due(self, opened: OpenConference) -> None:
        every = self._every or SYNC_EVERY
        asked = [sync_due(opened, every=every, sweep_hour=self._sweep_hour)]
        asked.append("remind_due" if reminders_due(opened) else "")
        for kind in filter(None, asked):
            self._queue(opened, kind)

    def _queue(self, opened: OpenConference, kind: str) -> None:
        with self._store.bookkeeping() as connection:
            jobs.add_task(connection, opened.conference.id, kind, jobs.SCHEDULE, self._now())


def _given_back(job: Claimed, run_after: datetime | None = None) -> Result:
    return Result(
        job.id, job.lease, JobState.WAITING, run_after=run_after, attempts=job.attempts - 1
    )


class Trouble:
    """What keeps the database from being used, and since when."""

    FORGOTTEN_SECONDS = 5.0
    """A cause that has not been seen for so long is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cause, self._first, self._last = "", 0.0, 0.0

    def note(self, error: BaseException, unknown: str = "") -> None:
        """Take note of a failure that stands in the way of everything.

        Args:
            error: The failure.
            unknown: What to call it where its cause is not known; ``""``: then it passes.
        """
        if cause := cause_of(error) or unknown:
            with self._lock:
                if not self._seen_lately():
                    self._first = time.monotonic()
                    log.warning("the work waits", reason=cause)
                self._cause, self._last = cause, time.monotonic()

    def clear(self) -> None:
        """Something was done, so nothing stands in the way."""
        self._cause = ""

    @property
    def cause(self) -> str:
        """The cause, or ``""``."""
        return self._cause if self._seen_lately() else ""

    def lasts(self, seconds: float) -> bool:
        """Tell whether the same has been seen again and again for so long."""
        return bool(self.cause) and self._last - self._first > seconds

    def _seen_lately(self) -> bool:
        return bool(self._cause) and time.monotonic() - self._last < self.FORGOTTEN_SECONDS


class Lane:
    """Threads for one sort of job; as many are started as are needed."""

    def __init__(self, name: str, size: int, work: Callable[[Claimed], None]) -> None:
        self.size = size
        self.held = 0
        """Jobs given and not done."""
        self.batches: set[int] = set()
        """Batches of jobs given lately."""
        self._name = name
        self._work = work
        self._queue: SimpleQueue[Claimed] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0

    def give(self, given: list[Claimed]) -> None:
        """Have jobs done."""
        if not self.held:
            self.batches = set()
        with self._lock:
            self.held += len(given)
        for job in given:
            if job.batch_id is not None:
                self.batches.add(job.batch_id)
            self._queue.put(job)
        while self._threads < min(self.held, self.size):
            self._threads += 1
            thread = threading.Thread(
                target=self._take, daemon=True, name=f"{self._name}-{self._threads}"
            )
            thread.start()

    def done(self) -> None:
        """Take note that one is done."""
        with self._lock:
            self.held -= 1

    def drain(self) -> list[Claimed]:
        """Take back what nobody has begun, and let the threads end."""
        left: list[Claimed] = []
        with contextlib.suppress(Empty):
            while True:
                left.append(self._queue.get_nowait())
        with self._lock:
            self.held -= len(left)
        for _ in range(self._threads):
            self._queue.put(_END)
        return left

    def _take(self) -> None:
        while (job := self._queue.get()) is not _END:
            self._work(job)


_END: Any = object()


class WorkerProcess:
    """A worker in a process of its own; it ends when this process does, however that ends."""

    RESTART_SECONDS = 2.0
    """How soon one that died is replaced."""

    def __init__(
        self,
        settings: Settings,
        *,
        kinds: Collection[str] = EVERYTHING,
        sync_every: timedelta | None,
    ) -> None:
        self._settings = settings
        self._kinds = frozenset(kinds)
        self._every = sync_every
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._bell: Connection | None = None

    def start(self) -> None:
        """Begin, and from then on replace a process that dies."""
        with self._lock:
            if self._keeper is None:
                self._spawn()
                self._keeper = threading.Thread(target=self._keep, daemon=True)
                self._keeper.start()

    @property
    def pid(self) -> int | None:
        """The process that works now."""
        return self._process.pid if self._process is not None else None

    def ring(self) -> None:
        """Look at the queue now."""
        if self._bell is not None:
            with contextlib.suppress(OSError):  # a full pipe has rung enough
                os.write(self._bell.fileno(), b"!")

    def stop(self) -> None:
        """Finish what runs; what is left waits for the next worker."""
        self._stop.set()
        with self._lock:
            if self._bell is not None:
                self._bell.close()
                self._bell = None
            if self._process is not None:
                self._process.join(10)
                self._process.terminate()

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")
        ear, self._bell = context.Pipe(duplex=False)
        os.set_blocking(self._bell.fileno(), False)
        self._process = context.Process(
            target=_run, args=(self._settings, ear, self._kinds, self._every), daemon=True
        )
        self._process.start()
        ear.close()

    def _keep(self) -> None:
        while not self._stop.wait(self.RESTART_SECONDS):
            with self._lock:
                dead = self._process is None or not self._process.is_alive()
                if dead and not self._stop.is_set():
                    log.error("the worker stopped unexpectedly; another one replaces it")
                    self._spawn()


def _run(
    settings: Settings, ear: Connection, kinds_: frozenset[str], sync_every: timedelta | None
) -> None:
    """Work until the other end of the pipe is closed, by its owner or by its death."""
    configure_logging(logging.INFO, server=True)
    settings.settle_logs()
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Worker(settings, kinds=kinds_, sync_every=sync_every) as worker:
        while os.read(ear.fileno(), 4096):
            worker.ring()
