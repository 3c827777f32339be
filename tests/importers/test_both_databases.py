"""What is saved is the same on SQLite and on PostgreSQL, and two imports at once save it once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import po_toolkit
from po_toolkit.api.imports import import_purchase_orders, undo_import
from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import ConferenceSettings, Settings
from po_toolkit.store.tables import ImportRow, PurchaseOrder, PurchaseOrderLineItem

SAMPLES = Path(po_toolkit.__file__).parent / "samples"


@pytest.fixture(params=["sqlite", "postgresql"])
def conference(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenConference]:
    """A conference on a fresh database of either kind."""
    if request.param == "sqlite":
        yield opened(f"sqlite:///{tmp_path / 'books.db'}")
        return
    server: Any = request.getfixturevalue("postgres_server")
    name = server.create()
    conference = opened(server.url(name))
    yield conference
    conference.store.engine.dispose()
    server.drop(name)


def opened(url: str) -> OpenConference:
    conferences = {"pycon-2027": ConferenceSettings(name="PyCon 2027")}
    settings = Settings(database_url=url, conferences=conferences)
    return open_conference("pycon-2027", settings=settings)


def test_an_import_is_read_back_whole(conference: OpenConference) -> None:
    report = import_purchase_orders(conference, SAMPLES / "sponsors-2027.csv")
    import_purchase_orders(conference, SAMPLES / "sponsors-with-errors.csv")
    with conference.store.reading() as session:
        orders = session.scalars(
            select(PurchaseOrder)
            .where(PurchaseOrder.import_batch_id == report.batch)
            .order_by(PurchaseOrder.id)
        ).all()
        assert [order.reference for order in orders] == report.references
        assert len({order.uuid for order in orders}) == 40
        assert sum(order.sums.total for order in orders) == 68937866
        assert {order.status for order in orders} == {"draft"}
        assert {order.marked_sent for order in orders} == {False}
        assert all(order.created_at.tzinfo is not None for order in orders)
        lines = session.scalar(select(func.count()).select_from(PurchaseOrderLineItem))
        assert lines == 118
        outcomes = session.execute(
            select(ImportRow.outcome, func.count()).group_by(ImportRow.outcome)
        )
        assert dict(outcomes.all()) == {"accepted": 118, "rejected": 24}
        bad = session.scalars(select(ImportRow).where(ImportRow.outcome == "rejected")).all()
        assert sum(len(row.problems) for row in bad) == 8
    later = import_purchase_orders(conference, SAMPLES / "sponsors-currencies.csv")
    assert later.accepted == 5
    assert report.batch is not None
    assert len(undo_import(conference, report.batch).purchase_orders) == 40


def test_two_imports_of_one_file_at_once_save_it_once(conference: OpenConference) -> None:
    """Two people of a team upload the same list in the same minute."""
    reports = []

    def run() -> None:
        reports.append(import_purchase_orders(conference, SAMPLES / "sponsors-2027.csv"))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((r.accepted, r.duplicates) for r in reports) == [(0, 40), (0, 40), (40, 0)]
    with conference.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(PurchaseOrder)) == 40
