"""Works stored events and keeps the schedules: threads of this process, or one of its own.

The server runs them in a process beside itself, so that acknowledging never waits for booking. An
application that mounts the service has them as threads.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Protocol

from po_toolkit.api.opening import OpenConference, open_conference, open_database
from po_toolkit.api.schedules import SWEEP_HOUR, SYNC_EVERY, remind_due, run_due
from po_toolkit.api.terms import STRIPE
from po_toolkit.api.webhook_work import work
from po_toolkit.config import Settings
from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import get_logger

log = get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
"""How often events that another process stored, or that failed before, are looked for."""

SCHEDULE_SECONDS = 30.0
"""How often the clock is looked at."""

FEWEST, MOST = 10, 40
"""Events in one go: few at first, so that a delivery never waits long for the database."""


class Working(Protocol):
    """What the service needs of whoever works its events."""

    def start(self) -> None:
        """Begin; once started it does nothing."""

    def ring(self) -> None:
        """Say that something new is stored."""

    def stop(self) -> None:
        """Finish what is in hand; what is not done stays stored."""


class Worker:
    """A thread that works events, and one that syncs and reminds by the clock."""

    def __init__(
        self,
        conferences: Sequence[OpenConference],
        *,
        sync_every: timedelta | None = SYNC_EVERY,
        sweep_hour: int = SWEEP_HOUR,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            conferences: Whose events, all on one database.
            sync_every: How often to sync; None leaves the schedules, reminders too, to somebody
                else.
            sweep_hour: From which hour of the night everything is compared.
        """
        self._conferences = conferences
        self._stop = threading.Event()
        self._news = threading.Event()
        self._every = sync_every
        self._sweep_hour = sweep_hour
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; once started it does nothing."""
        if self._threads or self._stop.is_set():
            return
        tasks = [self._work] if self._every is None else [self._work, self._keep_schedules]
        for task in tasks:
            thread = threading.Thread(target=task, name="po-toolkit-webhook", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ring(self) -> None:
        """Say that something new is stored."""
        self._news.set()

    def stop(self) -> None:
        """Finish what is in hand; what is not done stays stored and is worked by the next one."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            thread.join(10)

    def _work(self) -> None:
        limit = FEWEST
        while not self._stop.is_set():
            self._news.clear()
            try:
                count = work(self._conferences, limit=limit).count
            except Exception:
                log.exception("webhook work failed; it is tried again")
                self._stop.wait(LOOK_AGAIN_SECONDS)
                continue
            limit = min(limit * 2, MOST) if count == limit else FEWEST
            if not count:
                self._news.wait(LOOK_AGAIN_SECONDS)

    def _keep_schedules(self) -> None:
        while not self._stop.is_set():
            for opened in self._conferences:
                if opened.settings.mode != "none" and not self._stop.is_set():
                    self._sync(opened)
                    self._remind(opened)
            self._stop.wait(SCHEDULE_SECONDS)

    def _sync(self, opened: OpenConference) -> None:
        every = self._every or SYNC_EVERY
        try:
            report = run_due(opened, every=every, sweep_hour=self._sweep_hour)
        except PoToolkitError as error:
            log.warning("sync stopped short", conference=opened.slug, error=str(error))
        except Exception:
            log.exception("sync failed", conference=opened.slug)
        else:
            if report is not None:
                figures = {k: v for k, v in vars(report).items() if isinstance(v, int)}
                log.info("synced", conference=opened.slug, complete=report.complete, **figures)

    def _remind(self, opened: OpenConference) -> None:
        try:
            report = remind_due(opened)
        except PoToolkitError as error:
            log.warning("reminding stopped short", conference=opened.slug, error=str(error))
        except Exception:
            log.exception("reminding failed", conference=opened.slug)
        else:
            if report is not None:
                figures = {name: report.count(name) for name in ("sent", "held", "failed")}
                log.info("reminded", conference=opened.slug, **figures)


class WorkerProcess:
    """A worker in a process of its own; it ends when this process does, however that ends."""

    def __init__(self, settings: Settings, *, sync_every: timedelta | None) -> None:
        """Prepare; nothing runs yet."""
        self._settings = settings
        self._every = sync_every
        self._process: multiprocessing.process.BaseProcess | None = None
        self._bell: Connection | None = None

    def start(self) -> None:
        """Begin, or begin again where it died."""
        if self._process is not None and self._process.is_alive():
            return
        context = multiprocessing.get_context("spawn")
        ear, self._bell = context.Pipe(duplex=False)
        os.set_blocking(self._bell.fileno(), False)
        self._process = context.Process(
            target=_run, args=(self._settings, ear, self._every), daemon=True
        )
        self._process.start()
        ear.close()

    def ring(self) -> None:
        """Say that something new is stored."""
        if self._bell is not None:
            with contextlib.suppress(OSError):  # a full pipe has rung enough
                os.write(self._bell.fileno(), b"!")

    def stop(self) -> None:
        """Finish what is in hand; what is not done stays stored and is worked by the next one."""
        if self._bell is not None:
            self._bell.close()
            self._bell = None
        if self._process is not None:
            self._process.join(10)
            self._process.terminate()


def _run(settings: Settings, ear: Connection, sync_every: timedelta | None) -> None:
    """Work until the other end of the pipe is closed, by its owner or by its death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = open_worker(settings, sync_every=sync_every)
    gc.freeze()  # what is loaded by now stays; looking through it again takes 100 ms each time
    worker.start()
    while os.read(ear.fileno(), 4096):
        worker.ring()
    worker.stop()


def open_worker(settings: Settings, *, sync_every: timedelta | None) -> Worker:
    """Open every conference of the settings and return who works its events.

    Raises:
        SettingsError: A setting is wrong.
    """
    store = open_database(settings, make=False)
    conferences = [
        open_conference(slug, settings=settings, store=store, actor=STRIPE)
        for slug in settings.conferences
    ]
    return Worker(conferences, sync_every=sync_every)
