"""A cause that stands in the way of everything ends the command, named, with nothing lost."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from po_toolkit.config import Settings
from po_toolkit.jobs import batches, worker
from po_toolkit.jobs.batches import invoice_many
from po_toolkit.store import database
from po_toolkit.store.trouble import cause_of
from tests.conftest import KEY, ON_SQLITE, open_unpaced, prepare_sqlite
from tests.flows.test_batch import orders_of, unhurried
from tests.postgres import binaries, running

__all__ = ["unhurried"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE_SECONDS", 1.0)


def billed_once(simulator, count):
    found = simulator.control.all("invoice")
    assert len({i["metadata"]["purchase_order_uuid"] for i in found}) == len(found) == count


@pytest.fixture
def on_small_disk(monkeypatch):
    """Let new connections to SQLite find a full disk, until it is given back."""

    def fill():
        real = database._prepare_sqlite

        def small(connection, record):
            real(connection, record)
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        patch = pytest.MonkeyPatch()
        patch.setattr(database, "_prepare_sqlite", small)
        return patch

    return fill


def test_what_was_confirmed_outlasts_a_power_cut(tmp_path):
    """Tests do without the wait for the disk; users do not."""
    with closing(sqlite3.connect(tmp_path / "books.db")) as connection:
        prepare_sqlite(connection, None)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


@ON_SQLITE
def test_a_full_disk_ends_the_command_with_its_name_and_loses_nothing(
    opened, settings, simulator, make_order, on_small_disk
):
    """It used to wait for minutes without a word."""
    references = orders_of(make_order, 12)
    full = on_small_disk()
    try:
        ended = invoice_many(opened, settings, references)
    finally:
        full.undo()
    assert "disk of the database is full" in ended.stopped
    assert ended.report.failed > 0
    assert len(ended.report.results) == 12
    again = invoice_many(opened, settings, references)
    assert (again.stopped, again.report.failed) == ("", 0)
    billed_once(simulator, 12)


@ON_SQLITE
def test_a_batch_of_the_app_is_paused_with_the_cause_and_goes_on_when_it_is_gone(
    opened, settings, simulator, make_order, monkeypatch
):
    batch_id = batches.start(opened, orders_of(make_order, 4))
    real, broken = database.Store.writing, [True]

    def full(self, actor, act):
        if broken[0] and act == "invoice" and actor.name == opened.actor.name:
            error = sqlite3.OperationalError("database or disk is full")
            raise OperationalError("INSERT", {}, error)
        return real(self, actor, act)

    monkeypatch.setattr(database.Store, "writing", full)
    with worker.Worker(settings):
        state = batches.wait_for(opened, batch_id)
        assert (state.state, state.invoiced) == ("paused", 0)
        assert "disk of the database is full" in state.error
        broken[0] = False
        batches.resume(opened, batch_id)
        assert batches.wait_for(opened, batch_id).invoiced == 4
    billed_once(simulator, 4)


@pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")
def test_a_stopped_postgresql_ends_the_command_with_its_name_and_loses_nothing(
    simulator, clock, unhurried
):
    with running() as server:
        settings = Settings(
            database_url=server.url(server.create()),
            stripe_api_base=simulator.url,
            conferences={"pycon-2027": {"name": "PyCon", "stripe_secret_key": KEY}},
        )
        opened = open_unpaced(settings, clock)
        references = orders_of(_maker(opened), 12)
        stopped = []

        def stop_once(_result):
            if not stopped:
                stopped.append(server.stop())

        ended = invoice_many(opened, settings, references, step=stop_once)
        assert "server does not answer" in ended.stopped
        assert len(ended.report.results) == 12
        server.start()
        opened.store.engine.dispose()
        clock.advance(seconds=20)
        again = invoice_many(opened, settings, references)
        assert (again.stopped, again.report.failed) == ("", 0)
        billed_once(simulator, 12)


def _maker(opened):
    from decimal import Decimal

    from po_toolkit import create_purchase_order

    def make(line, *, po_number, organization, email):
        description, quantity, price = line
        return create_purchase_order(
            "pycon-2027",
            organization_name=organization,
            contact_email=email,
            po_number=po_number,
            line_items=[
                {"description": description, "quantity": quantity, "unit_price": Decimal(price)}
            ],
            opened=opened,
        )

    return make


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (OSError(errno.ENOSPC, "x"), "full"),
        (OSError(errno.EROFS, "x"), "read-only"),
        (OperationalError("", {}, sqlite3.OperationalError("database or disk is full")), "full"),
        (OperationalError("", {}, sqlite3.OperationalError("database is locked")), ""),
        (ValueError("disk"), ""),
    ],
)
def test_only_what_stands_in_the_way_of_everything_is_taken_for_it(error, named):
    """One order that fails must not stop the others; a full disk must not fail them one by one."""
    assert named in cause_of(error)
    assert bool(cause_of(error)) == bool(named)


def test_a_read_only_file_is_named(tmp_path):
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(f"file:{tmp_path / 'a.db'}?mode=ro", uri=True)
    assert "cannot be opened" in cause_of(caught.value)
    (tmp_path / "a.db").touch()
    connection = sqlite3.connect(f"file:{tmp_path / 'a.db'}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE a (b)")
    assert "read-only" in cause_of(caught.value)
