"""One pace for each Stripe account, shared by every process on this database.

Each call reserves its start for its account and for its endpoint in one small table, so no limit
is ever run into by several processes together. A batch queues for its starts inside its own
process first and holds only a few ahead, so that a person's single act goes before it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, bindparam, create_engine, event, select, update
from sqlalchemy.engine import make_url

from po_toolkit.store.database import Store
from po_toolkit.store.tables import RateWindow
from po_toolkit.store.upsert import insert_rows

LIVE_LIMIT = 100
SANDBOX_LIMIT = 25
ENDPOINT_LIMIT = 25
"""Calls a second. Source: Stripe, "Rate limits"."""

SHARE = 0.96
"""Share of a limit that is used in any second, so that one late call does not pass it."""

WINDOW = 1_005_000
"""A second and a little, in microseconds."""

CATCH_UP = 1.25
"""After a standstill calls follow one another faster than on average by this factor at most."""

FAR = 60_000_000
"""Starts later than in a minute come from a clock that was set back since, or is wrong."""

AHEAD = 3
"""Starts of one endpoint that a batch reserves ahead; enough that a late thread wastes none."""

SLOWER = 1.05
SLOWEST = 8.0
CALM_SECONDS = 1.0
"""Each 429 slows the pace by a twentieth, at most to an eighth; each calm second takes one back.

A late thread now and then runs into the limit at full pace; where somebody else uses it up, nearly
every call does, and the pace has halved after fifteen of them.
"""


class Pace:
    """Waits for an account's next start.

    Attributes:
        slowness: 1.0 at full pace; grows with each 429 and falls again when none comes.
    """

    def __init__(self, engine: Engine, key: SecretStr, *, patient: bool) -> None:
        """Know the account by a digest of its key; the key itself is not stored.

        Who is patient lets acts of other callers go first.
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
        self.slowness = min(self.slowness * SLOWER, SLOWEST)
        self._eased_at = time.monotonic()

    def _reserve(self, endpoint: str, now: int) -> int:
        self._ease()
        account, one = self._account, f"{self._account}:{endpoint}"
        limits = {account: self._limit, one: ENDPOINT_LIMIT}
        with self._engine.begin() as connection:
            latest = _latest(connection, account, one)
            starts = {
                key: next_start(latest[key], now, limit, self.slowness)
                for key, limit in limits.items()
            }
            connection.execute(
                _KEEP,
                [
                    {"row": key, "new": [*latest[key], start][-limits[key] :]}
                    for key, start in starts.items()
                ],
            )
        return max(starts.values())

    def _ease(self) -> None:
        if self.slowness > 1.0 and time.monotonic() - self._eased_at > CALM_SECONDS:
            self.slowness = max(1.0, self.slowness / SLOWER)
            self._eased_at = time.monotonic()


def next_start(starts: Sequence[int], now: int, limit: int, slowness: float = 1.0) -> int:
    """Return when the next call may start.

    In no second there are more than a share of the limit, and none follows another closely, so that
    what a standstill has cost is caught up without a burst. Starts, oldest first, and ``now`` are
    in microseconds, the limit in calls a second; every gap is widened by ``slowness``.
    """
    known = [start for start in starts if start < now + FAR]
    most, window = int(limit * SHARE), WINDOW * slowness
    start = now
    if known:
        start = max(start, known[-1] + int(window / (limit * CATCH_UP)))
    if len(known) >= most:
        start = max(start, known[-most] + int(window))
    return start


def _latest(connection: Connection, account: str, endpoint: str) -> dict[str, list[int]]:
    """Return the latest starts under both keys, their rows locked, and made where they are new."""
    keys = {"account": account, "endpoint": endpoint}
    rows = connection.execute(_LATEST, keys).all()
    if len(rows) < len(keys):
        empty = [{"key": key, "starts": []} for key in keys.values()]
        insert_rows(connection, RateWindow, empty, [RateWindow.key])
        rows = connection.execute(_LATEST, keys).all()
    return {row.key: row.starts for row in rows}


_LATEST = (
    select(RateWindow.key, RateWindow.starts)
    .where(RateWindow.key.in_([bindparam("account"), bindparam("endpoint")]))
    .order_by(RateWindow.key)
    .with_for_update()
)
_KEEP = update(RateWindow).where(RateWindow.key == bindparam("row")).values(starts=bindparam("new"))


def windows_engine(store: Store) -> Engine:
    """Return where a database's windows are kept.

    Beside an SQLite file that is a file of its own, since a start is worth no wait for the disk
    and must not wait for the books' writer; one lost in a power cut costs nothing.
    """
    url = make_url(store.engine.url)
    if url.get_backend_name() != "sqlite":
        return store.engine
    if url.database in (None, "", ":memory:"):
        return store._writer  # noqa: SLF001 the windows are the store's own
    path = Path(str(url.database))
    engine = create_engine(url.set(database=str(path.with_name(f"{path.stem}.pace.db"))))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    RateWindow.metadata.create_all(engine, [RateWindow.metadata.tables[RateWindow.__tablename__]])
    return engine


def account_pace(store: Store, key: SecretStr, *, patient: bool = False) -> Pace:
    """Return the pace of an account on this database."""
    return Pace(windows_engine(store), key, patient=patient)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
