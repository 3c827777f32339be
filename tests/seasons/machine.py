"""The machine of a season: one seed decides time, randomness, order, faults and deaths.

Real code runs in greenlets, one at a time. Before and after each call to Stripe and each
transaction it pauses here, and the seed decides what happens there: nothing, somebody else goes
on, time passes, a fault, or the actor dies. A dead actor's memory is gone and it writes nothing any
more; its database stays.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pandas as pd
import psycopg
import stripe
import structlog
from greenlet import getcurrent, greenlet

from po_toolkit import context
from po_toolkit.invoicing import send as invoicing_send
from po_toolkit.jobs import batches, invoices
from po_toolkit.simulator.api import Api, ConnectionDropped
from po_toolkit.simulator.control import Control
from po_toolkit.simulator.webhooks import Webhooks
from po_toolkit.simulator.world import Options, World
from po_toolkit.store import columns
from po_toolkit.store.database import Store, open_store
from po_toolkit.store.schema import migrate
from po_toolkit.store.tables import Base
from po_toolkit.stripe_gateway import client
from tests.postgres import TEMPLATE

BEGINNING = datetime(2027, 1, 11, 14, 0, tzinfo=UTC)


class Killed(BaseException):
    """The actor's process ends here; nothing of what it had in memory is left."""


class TroubleError(AssertionError):
    """Something that must never happen did."""


def need(truth: Any, words: str) -> None:
    """Refuse what must never be.

    Raises:
        TroubleError: It is not so.
    """
    if not truth:
        raise TroubleError(words)


@dataclass(frozen=True)
class Weather:
    """How rough a season is: each chance is for one pause or one call."""

    switch: float = 0.0
    kill: float = 0.0
    fault: float = 0.0
    wait: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> Weather:
        """Draw how rough it will be; a third of the seasons has no faults at all."""
        rough = chance.choice([0.0, 0.5, 1.0, 2.0])
        return cls(0.06 * rough, 0.012 * rough, 0.06 * rough, 0.02 * rough)


CALM = Weather()

ON_READS = ("drop_before", "drop_after", "500", "429", "lock_timeout", "cut", "proxy")
ON_WRITES = (*ON_READS, "500_stored_before", "500_stored_after", "409")
SPELLS = (1, 2, 7, 7)
"""For how many calls of the same job a fault lasts; the gateway itself tries six times."""


class Clock:
    """The present, for the toolkit and for Stripe; it moves only when the season says so."""

    def __init__(self) -> None:
        self.present = BEGINNING

    def __call__(self) -> datetime:
        return self.present

    def now(self) -> int:
        """Return the present as Stripe writes it."""
        return int(self.present.timestamp())

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.present += timedelta(seconds=seconds)


class OneFault:
    """Stands in for the simulator's own list of faults: the next call's fault or none."""

    def __init__(self) -> None:
        self.next: str | None = None

    def take(self, _method: str, _path: str) -> Any:
        kind, self.next = self.next, None
        return kind

    def clear(self) -> None:
        self.next = None


class Letter:
    """A request as the simulator's endpoint expects it."""

    def __init__(self, method: str, url: str, headers: Any, body: Any) -> None:
        self.method = method.upper()
        self.url = urlsplit(url)
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._body = body.encode() if isinstance(body, str) else (body or b"")

    async def body(self) -> bytes:
        """Return what was sent."""
        return self._body


@dataclass
class Job:
    """One act while it runs: who acts, and the chance that decides about it."""

    number: int
    actor: str
    what: str
    chance: random.Random
    run: Callable[[], None]
    dead: bool = False
    over: bool = False
    writing: bool = False
    fault: str | None = None
    spell: int = 0
    weather: Weather = CALM
    error: BaseException | None = None
    let: greenlet | None = field(default=None, repr=False)


class Machine:
    """Time, randomness, databases, Stripe, and whose turn it is."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.seed, self.weather = seed, weather
        self.clock = Clock()
        self.chance = random.Random(f"{seed}:machine")
        self.calm = False
        self.commits = 0
        self.running: Job | None = None
        self.waiting: list[Job] = []
        self.log: list[tuple[Any, ...]] = []
        self.visited: Counter[str] = Counter()
        self.main = getcurrent()
        self.mail: list[dict[str, Any]] = []
        self.refused: set[str | None] = set()
        """Keys of the calls that Stripe has refused for certain."""
        self.world = World(Options(), base_url="https://stripe.example")
        self.world.clock = self.clock  # type: ignore[assignment]
        self.world._run = f"{seed % 2**32:08x}"
        self.api = Api(self.world)
        self.faults = OneFault()
        self.api.faults = self.faults  # type: ignore[assignment]
        self.webhooks = Webhooks(at_once=False)
        self.world.on_event = lambda _account, event: self.mail.append(event)
        self.stripe = Control(self.world, self.api, self.webhooks)

    # ---- whose turn it is

    def note(self, *what: Any) -> None:
        """Write down what happened; two runs of one seed write the same."""
        who = self.running.actor if self.running else "-"
        self.log.append((self.clock.now(), who, *what))

    def start(self, job: Job) -> None:
        """Begin an act; it runs until it pauses, ends or dies."""
        job.weather = CALM if self.calm else self.weather
        job.let = greenlet(lambda: self._body(job), parent=self.main)
        self.go_on(job)

    def go_on(self, job: Job) -> None:
        """Let an act go on until it pauses, ends or dies.

        Raises:
            BaseException: What it ended with, if that is no death.
        """
        self.running = job
        assert job.let is not None
        try:
            job.let.switch()
        finally:
            self.running = None
        if job.over:
            if job.error is not None:
                raise job.error
        elif job not in self.waiting:
            self.waiting.append(job)

    def _body(self, job: Job) -> None:
        try:
            job.run()
        except Killed:
            self.note("died", job.what)
            self.visited["died"] += 1
        except BaseException as error:  # noqa: BLE001 it is raised again where it was started
            job.error = error
        job.over = True
        if job in self.waiting:
            self.waiting.remove(job)

    def go_on_with_one(self, chance: random.Random) -> None:
        """Let one act that paused go on."""
        if self.waiting:
            self.go_on(chance.choice(self.waiting))

    def finish_all(self) -> None:
        """Let every act that paused go on to its end."""
        turn = 0
        while self.waiting:
            turn += 1
            if turn > 5000:
                raise TroubleError(f"these acts never end: {[job.what for job in self.waiting]}")
            self.go_on(self.waiting[turn % len(self.waiting)])

    def kill_all(self) -> None:
        """Let the machine lose its power."""
        while self.waiting:
            job = self.waiting[0]
            job.dead = True
            self.go_on(job)

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """Let no fault, pause or death touch the running act meanwhile."""
        was, self.calm = self.calm, True
        try:
            yield
        finally:
            self.calm = was

    def must_live(self) -> None:
        """End an actor that has died.

        Raises:
            Killed: It has.
        """
        if self.running is not None and self.running.dead:
            raise Killed

    def pause(self, where: str) -> None:
        """Let the seed decide what happens at this point of an act.

        Raises:
            Killed: The actor dies, or has died before.
        """
        job = self.running
        if job is None:
            return
        if job.dead:
            raise Killed
        if job.writing:
            return
        weather = CALM if self.calm else job.weather
        drawn = job.chance.random()
        if drawn < weather.kill:
            job.dead = True
            raise Killed
        if drawn < weather.kill + weather.wait:
            seconds = job.chance.choice([1, 5, 20, 40, 130, 400, 7200, 90_000])
            self.clock.advance(seconds)
            self.note("time passes", seconds, where)
        elif drawn < weather.kill + weather.wait + weather.switch:
            self.note("pauses", where)
            self.visited["paused"] += 1
            self.main.switch()
            self.running = job
            if job.dead:
                raise Killed

    # ---- Stripe

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> tuple[bytes, int, dict[str, str]]:
        """Carry one request to Stripe, or lose it or its answer."""
        job = self.running
        if job is not None and job.writing:
            raise TroubleError(f"{job.what}: calls Stripe while its transaction is open: {url}")
        path = urlsplit(url).path
        fault = self._fault(job, method.upper())
        self.faults.next = fault if fault not in ("cut", "proxy") else None
        answer = self._answer(Letter(method, url, headers, post_data))
        self.note(method.upper(), path, fault or "", answer[1] if answer else 0)
        if answer and 400 <= answer[1] < 500 and answer[1] not in (409, 429):
            self.refused.add((headers or {}).get("Idempotency-Key"))
        self.visited[f"call {fault or 'well'}"] += 1
        self.pause("after the call")
        if answer is None:
            raise stripe.APIConnectionError("No whole answer came.", should_retry=True)
        if fault == "cut":
            return answer[0][: len(answer[0]) // 2], answer[1], answer[2]
        if fault == "proxy":
            return b"<html>Sign in to the network</html>", 200, {}
        return answer

    def _fault(self, job: Job | None, method: str) -> str | None:
        if job is None or self.calm:
            return None
        if job.spell:
            job.spell -= 1
        elif job.chance.random() < job.weather.fault * (3 if method == "POST" else 1):
            job.fault = job.chance.choice(ON_WRITES if method == "POST" else ON_READS)
            job.spell = job.chance.choice(SPELLS) - 1
        else:
            job.fault = None
        return job.fault if method == "POST" or job.fault in (None, *ON_READS) else "500"

    def _answer(self, letter: Letter) -> tuple[bytes, int, dict[str, str]] | None:
        asked = self.api.answer(letter)  # type: ignore[arg-type]
        try:
            while True:
                asked.send(None)
        except StopIteration as done:
            response = done.value
        except ConnectionDropped:
            return None
        finally:
            self.faults.clear()
        return response.body, response.status_code, dict(response.headers)

    # ---- time that is waited for

    def sleep(self, seconds: float) -> None:
        """Wait without waiting: others go on meanwhile."""
        self.clock.advance(max(seconds, 1.0))
        job = self.running
        if job is None or job.writing:
            return
        self.pause("before it waits")
        if len(self.waiting) > (job in self.waiting):
            self.main.switch()
            self.running = job
            if job.dead:
                raise Killed


class Wire(stripe.HTTPClient):
    """The SDK's way to the simulator in this process."""

    name = "season"

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        """Carry one request."""
        return _MACHINE[0].request(method, url, headers, post_data)

    def close(self) -> None:
        """Nothing is open."""


_MACHINE: list[Machine] = []
"""The machine of the season that is played now."""


def _now(_zone: Any = None) -> datetime:
    return _MACHINE[0].clock.present


class _Datetime(datetime):
    """What the toolkit's modules take for ``datetime``: its present is the season's."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        """Return the season's present."""
        del tz
        return _now()


@contextmanager
def _writing(store: Store, actor: Any, act: Any) -> Iterator[Any]:
    machine = _MACHINE[0]
    machine.pause("before a transaction")
    job = machine.running
    if job is not None:
        job.writing = True
    try:
        with _REAL_WRITING(store, actor, act) as uow:
            yield uow
    finally:
        if job is not None:
            job.writing = False
    machine.commits += 1
    machine.note("committed", str(act))
    machine.pause("after a transaction")


@contextmanager
def _bookkeeping(store: Store) -> Iterator[Any]:
    machine = _MACHINE[0]
    machine.pause("before a transaction")
    job = machine.running
    if job is not None:
        job.writing = True
    try:
        with _REAL_BOOKKEEPING(store) as connection:
            yield connection
    finally:
        if job is not None:
            job.writing = False
    machine.commits += 1
    machine.note("committed")
    machine.pause("after a transaction")


@contextmanager
def _reading(store: Store) -> Iterator[Any]:
    _MACHINE[0].must_live()
    with _REAL_READING(store) as session:
        yield session


_REAL_WRITING, _REAL_BOOKKEEPING = Store.writing, Store.bookkeeping
_REAL_READING = Store.reading


@contextmanager
def _no_heartbeat(_opened: Any) -> Iterator[None]:
    yield


class _FreePace:
    """Nobody is kept waiting for a place in the account's second, but somebody may pause there.

    After it a write looks at the clock, and goes out: nobody could notice a day that passes then.
    """

    @staticmethod
    def wait(_endpoint: str) -> None:
        """Go at once, or when it is one's turn again."""
        _MACHINE[0].pause("before the call")

    @staticmethod
    def slow_down() -> None:
        """Go on as before."""


@contextmanager
def played_on(machine: Machine) -> Iterator[Machine]:
    """Put the machine under the toolkit: its clock, randomness, transport and transactions."""
    drawn, real = random.Random(f"{machine.seed}:ids"), os.urandom

    def entropy(size: int) -> bytes:
        # SQLAlchemy names what it compiles first in a process by chance: no season may notice.
        asks = sys._getframe(1).f_globals.get("__name__", "")
        return real(size) if asks.startswith("sqlalchemy.") else drawn.randbytes(size)

    _MACHINE[:] = [machine]
    kept = random.getstate()
    random.seed(machine.seed)
    logging.disable(logging.CRITICAL)
    structlog_before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=False,
    )
    with ExitStack() as undone:
        patch = mock.patch.object
        for place, name, value in (
            (os, "urandom", entropy),
            (random, "_urandom", entropy),
            (columns, "datetime", _Datetime),
            (invoices, "datetime", _Datetime),
            (batches, "datetime", _Datetime),
            (client, "Transport", Wire),
            (context.permits, "account_pace", lambda *_a, **_k: _FreePace),
            (Store, "writing", _writing),
            (Store, "bookkeeping", _bookkeeping),
            (Store, "reading", _reading),
            (invoicing_send, "renewed_leases", _no_heartbeat),
            (time, "sleep", machine.sleep),
            (time, "monotonic", lambda: float(machine.clock.now())),
        ):
            undone.enter_context(patch(place, name, value))
        # Its tables have a handful of rows, for which Arrow's strings cost half as much again.
        undone.enter_context(pd.option_context("mode.string_storage", "python"))
        undone.enter_context(
            mock.patch.dict(
                client.StripeGateway.__init__.__kwdefaults__,
                sleep=machine.sleep,
                clock=machine.clock.now,
            )
        )
        try:
            yield machine
        finally:
            machine.calm = True
            machine.kill_all()
            random.setstate(kept)
            logging.disable(logging.NOTSET)
            structlog.configure(**structlog_before)
            _MACHINE.clear()


# ---- databases


class Disk:
    """Databases as files in memory; one engine for each serves all seasons of a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template.db"
        self._stores: dict[str, Store] = {}
        self.upgraded: Path | None = None
        """What the old installation becomes: an upgrade ends alike each time."""
        self.cut_off: set[int] = set()
        """After so many statements an upgrade was cut off already."""
        self._make_template()

    def _make_template(self) -> None:
        store = open_store(f"sqlite:///{self.template}")
        migrate(store)
        store.engine.dispose()
        with closing(sqlite3.connect(self.template)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fresh(self, name: str) -> Store:
        """Return an empty migrated database under this name, in place of the one that was there."""
        return self.put(name, self.template)

    def put(self, name: str, copy: Path) -> Store:
        """Replace a database by a copy of another."""
        path = self.folder / f"{name}.db"
        store = self._stores.get(name)
        if store is not None:
            store.engine.dispose()
        for old in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            with suppress(FileNotFoundError):
                old.unlink()
        shutil.copyfile(copy, path)
        if store is None:
            store = self._stores[name] = open_store(f"sqlite:///{path}")
        return store

    def close(self) -> None:
        """Leave the files to whoever made the folder."""

    def back_up(self, name: str, to: str) -> Path:
        """Copy a database as it stands, as its own command does."""
        target = self.folder / f"{to}.backup"
        with suppress(FileNotFoundError):
            target.unlink()
        with (
            closing(sqlite3.connect(self.folder / f"{name}.db")) as one,
            closing(sqlite3.connect(target)) as other,
        ):
            one.backup(other)
        return target


class Server:
    """Databases of a PostgreSQL server, which take the place of a :class:`Disk`'s files.

    Each process has its own, made from the server's migrated template and dropped at the end. All
    actors run in one thread: who waits for a row that a paused one has locked would wait for ever,
    so the server refuses after a moment, and the season has failed.
    """

    def __init__(self, url: Callable[[str], str]) -> None:
        """Take how the address of a database of the server reads."""
        self._url = url
        self._stores: dict[str, Store] = {}

    def _name(self, name: str) -> str:
        return f"season_{os.getpid()}_{name}"

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def fresh(self, name: str) -> Store:
        """Return an empty migrated database under this name, in place of the one that was there."""
        store = self._stores.get(name)
        if store is None:
            url = f"{self._url(self._name(name))}?options=-c%20lock_timeout%3D{LOCK_MS}"
            store = self._stores[name] = open_store(url)
        store.engine.dispose()
        made = self._name(name)
        self._do(
            f"DROP DATABASE IF EXISTS {made} WITH (FORCE)",
            f"CREATE DATABASE {made} TEMPLATE {TEMPLATE}",
        )
        return store

    def back_up(self, name: str, to: str) -> dict[str, bytes]:
        """Copy what stands in every table at one moment."""
        del to
        tables = [table.name for table in Base.metadata.sorted_tables]
        with psycopg.connect(self._url(self._name(name))) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return {table: _copied(connection, table) for table in tables}

    def put(self, name: str, copy: dict[str, bytes]) -> Store:
        """Replace a database by a copy of another."""
        store = self.fresh(name)
        with psycopg.connect(self._url(self._name(name))) as connection:
            connection.execute("SET session_replication_role = replica")  # in any order
            connection.execute(f"TRUNCATE {', '.join(copy)}")  # type: ignore[call-overload]
            for table, rows in copy.items():
                with connection.cursor().copy(
                    f"COPY {table} FROM STDIN (FORMAT binary)"  # type: ignore[arg-type]
                ) as into:
                    into.write(rows)
            connection.execute(_COUNT_ON)  # type: ignore[call-overload]
        return store

    def close(self) -> None:
        """Drop the databases."""
        for name, store in self._stores.items():
            store.engine.dispose()
            self._do(f"DROP DATABASE IF EXISTS {self._name(name)} WITH (FORCE)")


LOCK_MS = 500
_COUNT_ON = """
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT table_name AS t, column_name AS n,
                  pg_get_serial_sequence(quote_ident(table_name), column_name) AS s
           FROM information_schema.columns WHERE table_schema = 'public' LOOP
    IF c.s IS NOT NULL THEN
      EXECUTE format('SELECT setval(%L, coalesce(max(%I), 0) + 1, false) FROM %I', c.s, c.n, c.t);
    END IF;
  END LOOP;
END $$"""
"""Sequences go on behind the rows that were put in."""


def _copied(connection: Any, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as rows:
        return b"".join(bytes(part) for part in rows)


Place = Disk | Server
"""Where a season's databases are."""


def digest(log: list[tuple[Any, ...]]) -> str:
    """Return one word for a whole log."""
    return hashlib.sha256(json.dumps(log, default=str).encode()).hexdigest()[:16]
