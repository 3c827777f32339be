"""Home: what needs somebody today; a figure that is wrong here is believed all day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.reconcile import list_purchase_orders, reconcile_conference


@pytest.fixture
def books(conference, sample):
    """A season's drafts, one of them overpaid by wire."""
    opened = conference()
    for file in ("sponsors-2027.csv", "sponsors-currencies.csv"):
        name, data, _ = sample(file)
        report = import_purchase_orders(opened, data, file_name=name)
    record_payment_by_hand(
        opened, report.references[0], amount=Decimal(1650001), method="wire", overpaid=True
    )
    return opened


def test_the_first_visit_shows_the_steps_and_sample_data_that_go_away(show, read, conference):
    """Who has just arrived wants to try it, and to leave no made-up sponsor behind."""
    opened = conference()
    app = show("home")
    assert "The job takes four steps" in read(app)
    app.button(key="pycon-2027:sample.load").click().run()
    assert not app.exception
    assert list_purchase_orders(opened.store, opened.conference).matching == 40
    assert "40 drafts to invoice" in links(app)
    app.button(key="pycon-2027:sample.away").click().run()
    assert not app.exception
    assert list_purchase_orders(opened.store, opened.conference).matching == 0
    assert "The job takes four steps" in read(app)


def test_sample_data_are_not_offered_where_money_is_real(show):
    """Forty made-up invoices in a live account would take days to undo."""
    assert not show("home", name="Live 2027").button


def links(app):
    return " | ".join(link.proto.label for link in app.get("page_link"))


def test_totals_are_those_of_the_reconciliation(show, books):
    """Two pages that disagree by a cent are worse than one page."""
    app = show("home")
    assert not app.exception
    table = app.dataframe[0].value
    totals = reconcile_conference(books.store, books.conference, as_of=books.today()).totals_text()
    for currency, sums in totals.items():
        rows = table[table["currency"] == currency]
        assert rows["purchase_orders"].sum() == sums["purchase_orders"]
        for name in ("total", "paid", "balance"):
            assert rows[name].sum() == Decimal(sums[name])


def test_a_total_opens_to_its_purchase_orders(show, books):
    """A figure that cannot be opened cannot be believed."""
    app = show("home")
    totals = app.dataframe[0]
    at = list(totals.value["status"]).index("Overpaid")
    app.session_state[totals.key] = {"selection": {"rows": [at], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert app.title[0].value == "Purchase orders"
    assert list(app.dataframe[0].value["organization_name"]) == ["Kaito Works KK"]


def test_what_waits_is_named_with_the_way_there(show, books):
    """An overpaid purchase order that nobody mentions is found by the auditor."""
    assert "44 drafts to invoice" in links(show("home"))
    assert "1 purchase order overpaid" in links(show("home"))


def test_an_old_sync_and_failed_events_are_in_sight(show, read, books, finish):
    """News that stopped coming looks exactly like no news."""
    from po_toolkit.domain.roles import STRIPE, Act
    from po_toolkit.store.cursors import cursor_row
    from po_toolkit.store.tables import WebhookEvent

    assert "Never synced yet." in read(show("home"))
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor_row(uow, books.conference).last_sync_at = books.now() - timedelta(days=3)
        uow.session.add(
            WebhookEvent(
                conference_id=books.conference.id,
                stripe_event_id="evt_1",
                type="invoice.paid",
                payload='{"id": "evt_1", "type": "x", "data": {"object": {"id": "in_1"}}}',
                state="set_aside",
                error="no such thing",
            )
        )
    seen = read(show("home"))
    assert "That is more than a day ago." in seen
    assert "1 webhook event failed." in seen
    activity = show("activity", **{"activity-view": "Webhook events"})
    assert not activity.exception
    assert list(activity.dataframe[0].value["Error"]) == ["no such thing"]
    finish(activity.button(key="pycon-2027:activity.replay").click().run())
    assert not activity.exception
    seen = read(activity)
    assert "1 event processed." in seen or "0 events processed." in seen, "a worker may be faster"
    assert list(activity.dataframe[0].value["State"]) == ["Ignored"]


def test_a_sync_that_stopped_short_and_what_a_sweep_proved_are_in_sight(show, read, books):
    """Books that only look synced are believed."""
    from po_toolkit.domain.roles import STRIPE, Act
    from po_toolkit.store.cursors import cursor_row

    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor = cursor_row(uow, books.conference)
        cursor.last_error = "Stripe failed with 500"
        cursor.last_sweep_at = books.now()
        cursor.last_sweep = {"invoices": 12, "payments": 1, "found": 2, "only_here": ["inpay_x"]}
    seen = read(show("home"))
    assert "The last sync did not finish. Stripe failed with 500" in seen
    assert "12 invoices, 1 payment, 0 refunds" in seen
    assert "2 missing entries recorded" in seen
    assert "no longer at Stripe: inpay_x" in seen
