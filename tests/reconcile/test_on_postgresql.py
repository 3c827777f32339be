"""The books are the same on PostgreSQL as on SQLite, to the byte."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.reconcile import (
    export,
    front_page,
    journal,
    list_purchase_orders,
    purchase_order_story,
    reconcile_conference,
    sponsor_statement,
)
from po_toolkit.reconcile.closed_report import closed_report
from po_toolkit.store.database import open_store
from po_toolkit.store.tables import Conference, Invoice, RowVersion
from tests.tampering import tamper

DAYS = (date(2027, 1, 31), date(2027, 3, 1))


@pytest.fixture
def on_postgresql(postgres_server, ledgers, conference):
    """The same ledgers, on PostgreSQL."""
    name = postgres_server.create()
    store = open_store(postgres_server.url(name))
    with store.writing(STRIPE, Act.SYNC) as uow:
        there = Conference(
            slug=conference.slug,
            name=conference.name,
            currency="usd",
            timezone=conference.timezone,
        )
        uow.session.add(there)
        uow.session.flush()
    yield type(ledgers)(store, there)
    store.engine.dispose()
    postgres_server.drop(name)


def season(books):
    first = books.order(100_00, -5_50, organization_name="Acme", due_date=date(2027, 2, 1))
    invoice = books.invoice(first, stripe_total=94_50, stripe_amount_paid=40_00)
    books.entry(first, 40_00, invoice_id=invoice)
    books.entry(first, 80_00, method="wire", day=date(2027, 2, 3))
    refunded = books.order(70_00, organization_name="Beta")
    books.invoice(refunded)
    books.entry(refunded, 70_00)
    books.entry(refunded, 20_00, kind="refund", day=date(2027, 2, 7))
    books.credit(books.order(5_000, currency="jpy"), 1_000, currency="jpy")
    books.order(9_00, cancelled_at=datetime(2027, 2, 2, tzinfo=UTC))
    tamper(books.store, "SELECT 1")
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.get_one(Invoice, invoice).stripe_amount_paid = 45_00
        uow.session.flush()
        (version,) = uow.session.query(RowVersion)
        version.until = datetime(2027, 2, 5, tzinfo=UTC)


def told(books):
    """Everything that reconciliation says, as values that can be compared."""
    store, conference = books.store, books.conference
    said = []
    for day in DAYS:
        made = reconcile_conference(store, conference, as_of=day)
        said += [json.loads(export(made, "json")), export(made, "csv")]
        said.append(closed_report(made, after=None))
        said.append(journal(store, conference, through=day))
        said.append(sponsor_statement(store, conference, "acme", as_of=day).lines.to_dict())
    said.append(front_page(store, conference, today=DAYS[1]))
    for sort in ("balance", "due_date", "organization_name"):
        page = list_purchase_orders(store, conference, sort=sort, text="a")
        said.append([(o.reference, o.balance, o.due_date) for o in page.orders])
    story = purchase_order_story(store, conference, "PO-T00001")
    said.append([(e.at, e.day, e.kind, e.text, e.amount) for e in story.events])
    return said


def test_every_table_and_document_is_the_same_on_both(ledgers, on_postgresql):
    season(ledgers)
    season(on_postgresql)
    for here, there in zip(told(ledgers), told(on_postgresql), strict=True):
        assert here == there
