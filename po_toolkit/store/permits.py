"""One pace for each Stripe account, shared by every process on this database.

Each call reserves the next free slot of its account and of its endpoint in one small table, so no
limit is ever run into by several processes together. A batch queues for its slots inside its own
process first and holds only a few ahead, so that a person's single act goes before it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from po_toolkit.store.database import Store
from po_toolkit.store.tables import RateSlot

_RESERVE = text(
    """
    INSERT INTO rate_slots (key, next_free) VALUES (:key, :now + :gap)
    ON CONFLICT (key) DO UPDATE SET next_free =
      CASE WHEN rate_slots.next_free > :now THEN rate_slots.next_free ELSE :now END + :gap
    RETURNING next_free
    """
)

PACE = 0.92
"""Share of Stripe's limit that is used, so that jitter never passes it."""

LIVE_LIMIT = 100
SANDBOX_LIMIT = 25
ENDPOINT_LIMIT = 25
"""Calls a second. Source: Stripe, "Rate limits"."""

AHEAD = 3
"""Slots of one endpoint that a batch reserves ahead; enough that a late thread wastes none."""

SLOWEST = 8.0
CALM_SECONDS = 5.0
"""After a 429 the pace falls to two thirds, at most to an eighth; calm brings it back."""


class Pace:
    """Waits for an account's next free slot.

    Attributes:
        slowness: 1.0 at full pace; grows with each 429 and falls again when none comes.
    """

    def __init__(self, engine: Engine, key: SecretStr, *, patient: bool) -> None:
        """Know the account by a digest of its key; the key itself is not stored.

        Args:
            engine: Where the slots are kept.
            key: The account's secret key.
            patient: True lets acts of other callers go first.
        """
        secret = key.get_secret_value()
        self._engine = engine
        self._account = hashlib.sha256(secret.encode()).hexdigest()[:16]
        live = secret.startswith(("sk_live_", "rk_live_"))
        self._limit = LIVE_LIMIT if live else SANDBOX_LIMIT
        self._turns: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(AHEAD)
        )
        self._patient = patient
        self._eased_at = 0.0
        self.slowness = 1.0

    def wait(self, endpoint: str) -> None:
        """Return when the next call to this endpoint may start."""
        with self._turns[endpoint] if self._patient else nullcontext():
            now = time.time_ns() // 1000
            start = self._reserve(endpoint, now)
            if start > now:
                time.sleep((start - now) / 1_000_000)

    def slow_down(self) -> None:
        """Take note that Stripe answered 429."""
        self.slowness = min(self.slowness * 1.5, SLOWEST)
        self._eased_at = time.monotonic()

    def _reserve(self, endpoint: str, now: int) -> int:
        self._ease()
        start = now
        slots = ((self._account, self._limit), (f"{self._account}:{endpoint}", ENDPOINT_LIMIT))
        with self._engine.begin() as connection:
            for slot, rate in slots:
                gap = int(1_000_000 / (rate * PACE) * self.slowness)
                free = connection.execute(
                    _RESERVE, {"key": slot, "now": now, "gap": gap}
                ).scalar_one()
                start = max(start, free - gap)
        return start

    def _ease(self) -> None:
        if self.slowness > 1.0 and time.monotonic() - self._eased_at > CALM_SECONDS:
            self.slowness = max(1.0, self.slowness / 1.5)
            self._eased_at = time.monotonic()


def slots_engine(store: Store) -> Engine:
    """Return where a database's slots are kept.

    Beside an SQLite file that is a file of its own, since a slot is worth no wait for the disk and
    must not wait for the books' writer; a slot lost in a power cut costs nothing.
    """
    url = make_url(store.engine.url)
    if url.get_backend_name() != "sqlite":
        return store.engine
    if url.database in (None, "", ":memory:"):
        return store._writer  # noqa: SLF001 the slots are the store's own
    path = Path(str(url.database))
    engine = create_engine(url.set(database=str(path.with_name(f"{path.stem}.pace.db"))))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    RateSlot.metadata.create_all(engine, [RateSlot.metadata.tables[RateSlot.__tablename__]])
    return engine


def account_pace(store: Store, key: SecretStr, *, patient: bool = False) -> Pace:
    """Return the pace of an account on this database."""
    return Pace(slots_engine(store), key, patient=patient)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
