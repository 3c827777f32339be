"""The worker of this server: it goes on whoever leaves the page, and after a restart."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import streamlit as st

from po_toolkit.api.opening import Store
from po_toolkit.config import Settings
from po_toolkit.jobs import tasks
from po_toolkit.jobs.worker import Worker
from po_toolkit.ui.session import fingerprint


@dataclass
class _Place:
    """Where the worker of this process is kept; settings that change replace it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    worker: Worker | None = None
    settings: str = ""

    def stop(self) -> None:
        """Finish what runs."""
        with self.lock:
            if self.worker is not None:
                self.worker.stop()
                self.worker = None


def work_on(settings: Settings) -> None:
    """Start the worker if it does not run.

    Where settings have changed a new one starts with them, and the old one finishes what it began.
    """
    place, now = _place(), fingerprint(settings)
    with place.lock:
        old = place.worker
        if old is not None and old.alive and place.settings == now:
            return
        place.worker, place.settings = Worker(settings).start(), now
    if old is not None:
        threading.Thread(target=old.stop, daemon=True).start()


def work_on_if_needed(settings: Settings, store: Store) -> None:
    """Start the worker when there is work that nobody may be doing, and after changed settings."""
    running = _place().worker is not None
    if not running:
        running = tasks.work_left(store, settings)
    if running:
        work_on(settings)


def trouble() -> str:
    """Return why the worker of this server cannot work at present, or ``""``."""
    worker = _place().worker
    return worker.trouble if worker is not None else ""


@st.cache_resource(show_spinner=False, on_release=lambda place: place.stop())
def _place() -> _Place:
    return _Place()
