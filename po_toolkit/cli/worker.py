"""``worker``: a process that works what others have queued."""

from __future__ import annotations

import logging
import signal
import threading

import typer

from po_toolkit.cli.boundary import tell
from po_toolkit.cli.opening import settings_of
from po_toolkit.logs import configure_logging


def worker(ctx: typer.Context) -> None:
    """Work the batches of every conference until stopped.

    Needed only where one machine is outgrown: the app and invoice work their queue themselves.
    Any number of workers may run on one PostgreSQL. Stopped by Ctrl-C or SIGTERM, it finishes what
    it has in hand; killed, it loses nothing, since another takes over after 15 seconds.

    Example: po-toolkit worker
    """
    from po_toolkit.jobs.engine import Engine

    settings = settings_of(ctx)
    configure_logging(logging.INFO)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with Engine(settings):
        tell("Working. Stop with Ctrl-C.")
        stop.wait()
    tell("Stopped; nothing is left half done.")
