"""``worker``: a process that works what others have queued."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import timedelta
from typing import Annotated

import typer

from po_toolkit.cli.boundary import tell
from po_toolkit.cli.opening import settings_of
from po_toolkit.logs import configure_logging


def worker(
    ctx: typer.Context,
    sync_minutes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Sync each conference every N minutes, compare everything at night, and remind "
            "where remind_from_hour is set; 0: none of these.",
        ),
    ] = 15,
) -> None:
    """Work batches, other background work and webhook events until stopped, and sync.

    Needed only where one machine is outgrown: the app, invoice and webhook serve work their queues
    themselves. Any number of workers may run on one PostgreSQL. Stopped by Ctrl-C or SIGTERM, it
    finishes what it has begun; killed, it loses nothing: another worker does the rest within 30
    seconds.

    Example: po-toolkit worker
    """
    from po_toolkit.jobs.worker import Worker

    settings = settings_of(ctx)
    configure_logging(logging.INFO)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    every = timedelta(minutes=sync_minutes) if sync_minutes else None
    with Worker(settings, sync_every=every):
        tell("Working. Stop with Ctrl-C.")
        stop.wait()
    tell("Stopped; nothing is left half done.")
