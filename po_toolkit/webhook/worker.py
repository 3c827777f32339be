"""Works stored events and keeps the schedules, in threads beside the server or alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog

from po_toolkit.api.schedules import SWEEP_HOUR, SYNC_EVERY, run_due
from po_toolkit.api.webhook_work import work
from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import PoToolkitError
from po_toolkit.webhook.metrics import Counts

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
"""How often events that another process stored, or that failed before, are looked for."""

SCHEDULE_SECONDS = 30.0
"""How often the clock is looked at."""


class Worker:
    """Threads that work events, and one that syncs by the clock."""

    def __init__(
        self,
        conferences: Sequence[OpenConference],
        counts: Counts,
        *,
        threads: int = 2,
        sync_every: timedelta | None = SYNC_EVERY,
        sweep_hour: int = SWEEP_HOUR,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            conferences: Whose events, all on one database.
            counts: Where results are counted.
            threads: How many work at once.
            sync_every: How often to sync; None leaves the schedules to somebody else.
            sweep_hour: From which hour of the night everything is compared.
        """
        self._conferences = conferences
        self._counts = counts
        self._stop = threading.Event()
        self._news = threading.Event()
        self._every = sync_every
        self._sweep_hour = sweep_hour
        self._count = threads
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; once started it does nothing."""
        if self._threads or self._stop.is_set():
            return
        tasks = [self._work] * self._count
        if self._every is not None:
            tasks.append(self._keep_schedules)
        for task in tasks:
            thread = threading.Thread(target=task, name="po-toolkit-webhook", daemon=True)
            self._threads.append(thread)
            thread.start()

    def ring(self) -> None:
        """Say that something new is stored."""
        self._news.set()

    def stop(self, seconds: float = 10.0) -> None:
        """Finish what is in hand; what is not done stays stored and is worked by the next one."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            thread.join(seconds)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                worked = work(self._conferences)
            except Exception:
                log.exception("webhook work failed; it is tried again")
                self._stop.wait(LOOK_AGAIN_SECONDS)
                continue
            self._counts.worked.update(worked.by_state)
            if not worked.count:
                self._news.wait(LOOK_AGAIN_SECONDS)

    def _keep_schedules(self) -> None:
        while not self._stop.is_set():
            for opened in self._conferences:
                if opened.settings.mode != "none" and not self._stop.is_set():
                    self._sync(opened)
            self._stop.wait(SCHEDULE_SECONDS)

    def _sync(self, opened: OpenConference) -> None:
        every = self._every or SYNC_EVERY
        try:
            report = run_due(opened, every=every, sweep_hour=self._sweep_hour)
        except PoToolkitError as error:
            log.warning("sync stopped short", conference=opened.slug, error=str(error))
            self._counts.syncs[opened.slug, "failed"] += 1
        except Exception:
            log.exception("sync failed", conference=opened.slug)
            self._counts.syncs[opened.slug, "failed"] += 1
        else:
            if report is not None:
                result = "complete" if report.complete else "partial"
                self._counts.syncs[opened.slug, result] += 1
                log.info("synced", conference=opened.slug, result=result, **_figures(report))


def _figures(report: object) -> dict[str, int]:
    return {k: v for k, v in vars(report).items() if isinstance(v, int)}
