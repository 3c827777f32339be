"""A database of an earlier release goes on working: nothing is lost, nothing is billed again."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sqlite3
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, insert, inspect, select, text

from po_toolkit import create_stripe_invoice, record_payment
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import SettingsError
from po_toolkit.reconcile.reconciliation import reconcile_conference
from po_toolkit.store.database import open_store
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.schema import alembic_config, check_tables, current_revision, migrate
from po_toolkit.store.tables import Job, PurchaseOrder
from tests.conftest import KEY, open_unpaced
from tests.postgres import EMPTY
from tests.store.interrupting import interrupted

OLD = Path(__file__).parent / "old"
RELEASES = sorted(path.stem for path in OLD.glob("*.db"))
FROZEN = {
    "0001_the_first_tables.py": "5a39d81be89c40f898b9e70258240824219cc92aa7d3fb1ea4929ae39386e8f4"
}
"""SHA-256 of each migration that was released; such a one is never edited."""


def test_a_stored_database_is_there_to_be_migrated():
    """Else the tests of old databases run on nothing and pass."""
    assert RELEASES


def test_a_released_migration_is_never_edited():
    """Else a database made by it says that it is ready and lacks what the edit added."""
    folder = Path(alembic_config(open_store("sqlite://")).get_main_option("script_location"))
    for name, digest in FROZEN.items():
        content = (folder / "versions" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name


@pytest.fixture(params=RELEASES)
def release(request):
    return request.param


@pytest.fixture(scope="module")
def on_postgresql(postgres_server):
    """The names of databases of PostgreSQL with a release's rows, to be copied."""

    @cache
    def made(release):
        name = postgres_server.create(template=EMPTY)
        store = open_store(postgres_server.url(name))
        with store.migrating() as connection:
            config = alembic_config(store)
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            _copy_rows(OLD / f"{release}.db", connection)
        store.engine.dispose()
        return name

    return made


@pytest.fixture
def old_database(request, database_url, release, tmp_path):
    """The URL of a copy of a release's database."""
    if database_url.startswith("sqlite"):
        shutil.copy(OLD / f"{release}.db", tmp_path / "books.db")
        yield database_url
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("on_postgresql")(release))
    yield server.url(name)
    server.drop(name)


def _copy_rows(path: Path, connection) -> None:
    """Copy every row of an SQLite file into the same tables of PostgreSQL."""
    metadata, source = MetaData(), open_store(f"sqlite:///{path}")
    metadata.reflect(connection)
    connection.execute(text("SET session_replication_role = replica"))  # parents may come later
    old = sqlite3.connect(path)
    old.row_factory = sqlite3.Row
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":
            continue
        columns = Table(table.name, MetaData(), autoload_with=source.engine).columns
        with source.engine.connect() as reading:
            rows = [dict(r._mapping) for r in reading.execute(select(*columns))]
        if rows:
            connection.execute(insert(table), rows)
        if "id" in table.c and rows:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"(SELECT max(id) FROM {table.name}))"
                )
            )
    connection.execute(text("SET session_replication_role = DEFAULT"))
    source.engine.dispose()


@pytest.fixture
def opened_old(simulator, settings, old_database, release, clock):
    """The conference of the old database, and Stripe as it was when that was written."""
    held = json.loads(
        (OLD / f"{release}.stripe.json").read_text().replace("http://stripe.test", simulator.url)
    )
    account = simulator.world.account(KEY)
    account.id, account.created = held["id"], held["created"]
    account.objects, account.payments_of = held["objects"], held["payments_of"]
    for event in account.objects["event"].values():
        event["_data"] = base64.b64decode(event["_data"])
    opened = open_unpaced(settings.model_copy(update={"database_url": old_database}), clock)
    yield opened
    opened.store.engine.dispose()


def _find(opened, sponsor: str) -> PurchaseOrder:
    with opened.store.reading() as session:
        reference = session.scalar(
            select(PurchaseOrder.reference).where(
                PurchaseOrder.organization_name == f"Sponsor {sponsor} GmbH"
            )
        )
        return by_reference(session, opened.conference, reference)


def test_an_old_database_is_migrated_and_works_on(opened_old, simulator):
    """Else an update costs a conference its books in the middle of the season."""
    opened = opened_old
    before = len(simulator.control.all("invoice"))
    sync_conference(opened)
    sync_conference(opened, full=True)
    assert [(e.method, e.amount) for e in _find(opened, "cut").entries] == [("wire", 1_000)]
    create_stripe_invoice(_find(opened, "draft"), opened=opened)
    wired = _find(opened, "wire")
    record_payment(wired, Decimal("400.00"), "wire", "FT3", currency="usd", opened=opened)
    assert _find(opened, "wire").status == "paid"
    assert simulator.control.get(wired.stripe_invoice_id)["status"] == "paid"
    simulator.control.pay(_find(opened, "batch0").stripe_invoice_id)
    sync_conference(opened)
    assert _find(opened, "batch0").status == "paid"
    assert len(simulator.control.all("invoice")) == before + 1
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    assert len(books.rows) == 19
    with opened.store.reading() as session:
        states = session.scalars(select(Job.state).where(Job.kind == "invoice")).all()
    assert sorted(states) == ["invoiced", "waiting", "waiting", "waiting"]


def test_the_id_of_a_row_taken_back_before_is_not_given_again(old_database):
    """Else the audit log tells of one purchase order what was done to another."""
    if not old_database.startswith("sqlite"):
        pytest.skip("PostgreSQL's sequences are not touched by the migration")
    with sqlite3.connect(old_database.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE sqlite_sequence SET seq = 900 WHERE name = 'purchase_orders'")
    raw.close()
    store = open_store(old_database)
    migrate(store)
    with store.engine.connect() as connection:
        seq = connection.execute(text("SELECT name, seq FROM sqlite_sequence")).all()
    assert seq == [("purchase_orders", 900)]
    store.engine.dispose()


def test_an_upgrade_that_is_interrupted_leaves_the_old_books(old_database):
    """Else Ctrl-C shows a fault of the database, and nobody knows what it left."""
    if not old_database.startswith("sqlite"):
        pytest.skip("an interrupted connection to PostgreSQL is closed by the server")
    store = open_store(old_database)
    for after in (30, 700):
        with pytest.raises(KeyboardInterrupt), interrupted(after, KeyboardInterrupt):
            migrate(store)
        assert current_revision(store) == "0001"
    migrate(store)
    check_tables(store)
    store.engine.dispose()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE invoices SET state = 'snet' WHERE id = 1", "snet"),
        (
            "UPDATE ledger_entries SET currency = 'eur' WHERE kind = 'refund'",
            "another currency, eur",
        ),
        ("UPDATE invoices SET purchase_order_id = 3, generation = 9 WHERE id = 2", "2 invoices"),
        ("ALTER TABLE ledger_entries DROP COLUMN note", "note"),
    ],
)
def test_rows_that_break_a_rule_are_named_and_nothing_is_changed(old_database, damage, named):
    """Else an update half done leaves books that neither release can read."""
    store = open_store(old_database)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(damage)
    with pytest.raises(SettingsError, match=named):
        migrate(store)
    with store.engine.connect() as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
        )
        assert "uq_invoices_live" not in {
            i["name"] for i in inspect(connection).get_indexes("invoices")
        }
    store.engine.dispose()
