"""Stores deliveries as they come: all that wait are written in one transaction.

A delivery is acknowledged only after the transaction that holds it is committed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from po_toolkit.api.opening import Store
from po_toolkit.api.webhooks import Delivery, keep_deliveries

MOST_AT_ONCE = 200
"""How many deliveries go into one transaction at most."""


class Intake:
    """The one writer of deliveries in a process."""

    def __init__(self, store: Store) -> None:
        """Take the database; nothing runs until the first delivery."""
        self.repeated = 0
        """Deliveries of events that were stored before."""
        self._store = store
        self._waiting: list[tuple[Delivery, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, delivery: Delivery) -> None:
        """Return once the delivery is on disk.

        Raises:
            Exception: Whatever the database says; the sender is to try again.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            rows = [delivery for delivery, _ in batch]
            problem: Exception | None = None
            try:
                new = await asyncio.to_thread(keep_deliveries, self._store, rows)
                self.repeated += len(rows) - new
            except Exception as error:  # noqa: BLE001 each sender gets it
                problem = error
            for _, done in batch:
                with suppress(asyncio.InvalidStateError):  # the sender hung up
                    if problem is None:
                        done.set_result(None)
                    else:
                        done.set_exception(problem)
