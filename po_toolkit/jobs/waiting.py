"""Standing by while a batch is worked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from po_toolkit.bootstrap import OpenConference
from po_toolkit.invoicing.send import InvoiceResult
from po_toolkit.jobs import batches
from po_toolkit.jobs.batches import BatchProgress

LOOK_SECONDS = 0.2

OVERLAP = timedelta(seconds=30)
"""Clocks of several workers differ; look a little further back for new results."""


def wait_for(
    opened: OpenConference,
    batch_id: int,
    step: Callable[[InvoiceResult], None] | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> BatchProgress:
    """Return when a batch has ended or was paused, also when other processes work it.

    Args:
        opened: The conference.
        batch_id: The batch.
        step: Called once with each result.
        sleep: Waits between looks, in seconds.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    told: set[str] = set()
    looked: datetime | None = None
    while True:
        since, looked = looked, datetime.now(UTC) - OVERLAP
        progress = batches.progress(opened, batch_id)
        if step is not None and progress.done > len(told):
            for result in batches.results(opened, batch_id, after=since).results:
                if result.reference not in told:
                    told.add(result.reference)
                    step(result)
        if progress.ended:
            return progress
        sleep(LOOK_SECONDS)
