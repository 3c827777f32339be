"""A conference on a fresh database, and the simulator it talks to."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import pytest
from hypothesis import settings
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from po_toolkit import create_purchase_order
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.simulator import Simulator
from po_toolkit.store import database, permits
from po_toolkit.store.database import open_store
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.schema import migrate
from po_toolkit.store.tables import PurchaseOrder
from po_toolkit.stripe_gateway import StripeGateway, client
from tests.postgres import EMPTY, TEMPLATE, postgres_server

__all__ = ["postgres_server"]

settings.load_profile("ci")
"""Hypothesis draws the same everywhere and fails no example for being slow: machines are busy."""

gc.set_threshold(50_000)
"""Searches for garbage less often, which took each test a fifteenth of its time."""

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
"""Lets jsonschema do without a format that no schema here has: its grammar takes a second."""

COMPILED: LRUCache[Any, Any] = LRUCache(3_000)
"""Statements that were compiled once in this process: each test opens a new engine, and compiling
took a third of its time."""

for _dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
    _dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    _dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


@event.listens_for(Engine, "engine_connect")
def _share_compiled(connection: Connection) -> None:
    connection.execution_options(compiled_cache=COMPILED)
    ENGINES.add(connection.engine)


ENGINES: WeakSet[Engine] = WeakSet()
"""What tests opened in this process."""

client.StripeGateway.__init__.__kwdefaults__["sleep"] = lambda _seconds: None
permits.time = SimpleNamespace(  # type: ignore[assignment]
    time_ns=time.time_ns, monotonic=time.monotonic, sleep=lambda _seconds: None
)
"""Nobody waits for Stripe: neither between two tries nor for the account's pace."""

prepare_sqlite = database._prepare_sqlite


def _prepare_in_a_hurry(connection: Any, record: Any) -> None:
    """Let a commit not wait for the disk, which only a power cut would show."""
    prepare_sqlite(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


database._prepare_sqlite = _prepare_in_a_hurry


FOR_EACH = ("test_model", "test_seasons")
"""Files whose few tests are the longest: each process begins with some of them."""
FIRST = ("browser", "operations", "notebooks")
"""Folders whose tests take seconds; one process begins with them, to start one browser."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests: one that came last would leave the other cores idle.

    Of n processes, each begins with an n-th of the tests as they stand here, and takes from the
    end of another's when it has done its own.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    dealt = [item for item in items if item.path.stem in FOR_EACH]
    others = [item for item in items if item.path.stem not in FOR_EACH]
    others.sort(key=lambda item: item.path.parent.name not in FIRST)
    ends = [len(items) * number // processes for number in range(1, processes + 1)]
    items.clear()
    for number, end in enumerate(ends):
        items += dealt[number::processes]
        room = end - len(items)
        items += others[:room]
        del others[:room]


def pytest_collection_finish() -> None:
    """Keep what the imports left from being searched for garbage again and again."""
    gc.collect()
    gc.freeze()


KEY = "sk_test_pycon2027abcdefghijkl"
SLUG = "pycon-2027"
TREASURER = Actor("test:treasurer", Role.ADMIN)


class Clock:
    """The toolkit's clock, which a test can move."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **parts: float) -> None:
        self.offset += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


BOTH = ("sqlite", "postgresql")
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Marks a test in those folders that asks nothing which one database does unlike the other."""
ON_BOTH = ("flows", "store")
"""Folders whose tests run on both databases, wherever they open one."""
LENT = ("flows", "bank")
"""Folders whose tests change rows only, so that the next one may have the same database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks = metafunc.definition.iter_markers("parametrize")
    chosen = any("database_url" in mark.args[0] for mark in marks)
    if "database_url" not in metafunc.fixturenames or chosen:
        return
    if metafunc.definition.path.parent.name in ON_BOTH:
        metafunc.parametrize("database_url", BOTH, indirect=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    """A migrated database without rows; copying it saves each test the migrations."""
    path = tmp_path_factory.mktemp("template") / "books.db"
    store = open_store(f"sqlite:///{path}")
    migrate(store)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.engine.dispose()
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """A fresh database, in store without tables: SQLite, or what the parameter says."""
    bare = request.path.parent.name == "store"
    if getattr(request, "param", "sqlite") == "sqlite":
        if not bare:
            shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "books.db")
        yield f"sqlite:///{tmp_path / 'books.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    if request.path.parent.name in LENT:
        name = server.lend()
        yield server.url(name)
        server.take_back(name)
        return
    name = server.create(template=EMPTY if bare else TEMPLATE)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def settings(simulator: Simulator, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("PO_TOOLKIT_CONFIG", "PO_TOOLKIT_DATABASE_URL", "PO_TOOLKIT_STRIPE_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    return Settings(
        database_url=database_url,
        stripe_api_base=simulator.url,
        conferences={
            SLUG: {
                "name": "PyCon 2027",
                "currency": "usd",
                "stripe_secret_key": KEY,
                "stripe_webhook_secret": "whsec_pycon2027secret",
                "timezone": "America/New_York",
            }
        },
    )


@pytest.fixture
def opened(settings: Settings, clock: Clock) -> OpenConference:
    return open_unpaced(settings, clock)


def open_unpaced(settings: Settings, clock: Callable[[], datetime], **kw: Any) -> OpenConference:
    """Open the conference with a gateway that neither paces nor sleeps between tries."""
    conference = open_conference(SLUG, settings=settings, actor=TREASURER, now=clock, **kw)
    conference.__dict__["gateway"] = StripeGateway(
        SecretStr(KEY),
        api_base=settings.stripe_api_base,
        permit=lambda _endpoint: None,
        sleep=lambda _seconds: None,
    )
    return conference


def fresh(opened: OpenConference, order: PurchaseOrder) -> PurchaseOrder:
    """Read a purchase order anew."""
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference)


MakeOrder = Callable[..., PurchaseOrder]


@pytest.fixture
def make_order(opened: OpenConference) -> MakeOrder:
    """Create a purchase order; ``lines`` are (description, quantity, unit price)."""

    def make(
        *lines: tuple[str, int, str], organization: str = "Acme GmbH", **details: Any
    ) -> PurchaseOrder:
        chosen = lines or (("Gold sponsorship", 1, "15000.00"), ("Corporate ticket", 3, "850.00"))
        return create_purchase_order(
            SLUG,
            organization_name=organization,
            contact_email=details.pop("email", "ap@acme.example"),
            po_number=details.pop("po_number", "4500012345"),
            line_items=[
                {"description": text, "quantity": quantity, "unit_price": Decimal(price)}
                for text, quantity, price in chosen
            ],
            allow_duplicates=True,
            opened=opened,
            **details,
        )

    return make
