"""Invoicing that goes on when its page is left, and that everybody at the conference can watch.

A thread does the work; this register holds only its progress. What was done stands in the
database: after a crash the same purchase orders are chosen again and go on where they stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from po_toolkit.api.invoices import InvoiceReport
from po_toolkit.bootstrap import OpenConference
from po_toolkit.errors import PoToolkitError
from po_toolkit.invoicing.batch import InvoiceResult

Work = Callable[[Callable[[InvoiceResult], None]], InvoiceReport]


@dataclass
class Run:
    """One batch of invoices under way or done."""

    organizations: Mapping[str, str]
    """Reference → sponsor of each purchase order that was chosen."""
    started_by: str
    results: list[InvoiceResult] = field(default_factory=list)
    report: InvoiceReport | None = None
    error: str = ""
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def total(self) -> int:
        """How many purchase orders were chosen."""
        return len(self.organizations)

    @property
    def active(self) -> bool:
        """Whether it is still at work."""
        return not self.finished.is_set()


_runs: dict[tuple[str, str], Run] = {}
_lock = threading.Lock()


def current(opened: OpenConference) -> Run | None:
    """Return this conference's latest run since the app started, or None."""
    return _runs.get(_key(opened))


def start(opened: OpenConference, organizations: Mapping[str, str], work: Work) -> Run:
    """Begin the work, unless this conference has a run under way: then join that one."""
    with _lock:
        before = _runs.get(_key(opened))
        if before is not None and before.active:
            return before
        run = _runs[_key(opened)] = Run(organizations, opened.actor.name)
    threading.Thread(target=_work, args=(run, work), name="invoicing", daemon=True).start()
    return run


def _key(opened: OpenConference) -> tuple[str, str]:
    return str(opened.store.engine.url), opened.slug


def _work(run: Run, work: Work) -> None:
    try:
        run.report = work(run.results.append)
    except PoToolkitError as error:
        run.error = str(error)
    except Exception:
        run.error = (
            "Something unexpected stopped the work; the server's log has the details. What was "
            "sent is kept: choose the same purchase orders again and the rest follows."
        )
        raise
    finally:
        run.finished.set()
