"""Runs a worker until it is killed, with leases so short that others take over soon."""

from __future__ import annotations

import threading
from datetime import timedelta

from po_toolkit.config import Settings
from po_toolkit.jobs import worker
from po_toolkit.store import invoices, jobs

LEASE = timedelta(seconds=3)


def work(database_url: str, api_base: str, key: str) -> None:
    jobs.LEASE = invoices.LEASE = LEASE
    worker.RENEW_SECONDS = LEASE.total_seconds() / 3
    settings = Settings(
        database_url=database_url,
        stripe_api_base=api_base,
        conferences={
            "pycon-2027": {
                "name": "PyCon 2027",
                "stripe_secret_key": key,
                "timezone": "America/New_York",
            }
        },
    )
    with worker.Worker(settings, concurrency=8):
        threading.Event().wait()
