"""Money and invoices at Stripe that no purchase order explains are shown, never dropped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.sync import sync_conference
from po_toolkit.payments.event_handlers import handle
from po_toolkit.reconcile import reconcile_conference


@pytest.fixture
def found(opened):
    def codes():
        day = opened.today() + timedelta(days=1)
        made = reconcile_conference(opened.store, opened.conference, as_of=day)
        rows = made.discrepancies
        return {code: rows[rows["code"] == code] for code in rows["code"].unique()}

    return codes


@pytest.fixture
def by_hand(opened):
    """Send an invoice as somebody would in Stripe's dashboard."""

    def send(**metadata):
        api = opened.gateway
        customer = api.write(
            "/v1/customers",
            {"name": "Cater GmbH", "email": "ap@cater.example"},
            idempotency_key=f"hand-c{metadata}",
        )
        invoice = api.write(
            "/v1/invoices",
            {
                "customer": customer["id"],
                "collection_method": "send_invoice",
                "days_until_due": 30,
                "currency": "usd",
                "metadata": metadata,
                "auto_advance": False,
            },
            idempotency_key=f"hand-i{metadata}",
        )
        path = f"/v1/invoices/{invoice['id']}"
        api.write(
            f"{path}/add_lines",
            {"lines": [{"description": "Lunch", "amount": 12_345}]},
            idempotency_key=f"hand-l{metadata}",
        )
        return api.write(f"{path}/send", {}, idempotency_key=f"hand-s{metadata}")["id"]

    return send


@pytest.mark.parametrize("first", [True, False])
def test_an_invoice_sent_in_the_dashboard_is_shown(opened, by_hand, found, first):
    if not first:
        by_hand(n="0")
        sync_conference(opened)
    stripe_id = by_hand(n="1")
    sync_conference(opened)
    rows = found()["invoice_without_order"]
    assert stripe_id in rows["evidence"].iloc[-1]
    assert rows["at_stake"].iloc[-1] == 12_345
    assert rows["organization_name"].iloc[-1] == "Cater GmbH"


def test_an_invoice_that_staff_marked_as_known_is_left_alone(opened, by_hand, found):
    by_hand(po_toolkit="ignore")
    by_hand(conference_slug="another-2027")
    sync_conference(opened)
    assert "invoice_without_order" not in found()


def test_a_stray_that_is_voided_is_settled(opened, by_hand, found):
    stripe_id = by_hand(n="1")
    sync_conference(opened)
    opened.gateway.write(f"/v1/invoices/{stripe_id}/void", {}, idempotency_key="hand-v")
    sync_conference(opened)
    assert "invoice_without_order" not in found()


@pytest.mark.parametrize("first", [True, False])
def test_the_credit_an_overpayment_leaves_is_shown(opened, simulator, make_order, found, first):
    create_stripe_invoice(make_order(), opened=opened)
    if not first:
        sync_conference(opened)
    (invoice,) = simulator.control.all("invoice")
    simulator.control.pay(invoice["id"], amount=invoice["total"] + 5_000)
    sync_conference(opened)
    rows = found()
    assert rows["money_stuck_at_stripe"]["at_stake"].tolist() == [5_000]
    assert rows["overpaid"]["at_stake"].tolist() == [5_000]


@pytest.fixture
def owing(opened, make_order, simulator):
    """A sponsor who owes 17,550.00 USD, payable by bank transfer."""
    opened.conference.payment_methods = ["card", "customer_balance"]
    create_stripe_invoice(make_order(), opened=opened)
    sync_conference(opened)
    (customer,) = simulator.control.all("customer")
    return customer["id"]


def heard(opened, simulator, channel, since):
    """Let the news since then come by webhook, shuffled and twice, or by one kind of sync."""
    if channel == "webhook":
        for event in [*reversed(simulator.control.all("event")[since:])] * 2:
            handle(opened, [event])
    else:
        sync_conference(opened, full=channel == "sweep")


@pytest.mark.parametrize("channel", ["webhook", "sync", "sweep"])
def test_a_bank_transfer_that_fits_no_invoice_is_shown_until_it_is_used(
    opened, simulator, owing, found, channel
):
    since = len(simulator.control.all("event"))
    simulator.control.transfer(owing, 300_000)
    simulator.control.transfer(owing, 200_000)
    heard(opened, simulator, channel, since)
    assert found()["money_stuck_at_stripe"]["at_stake"].tolist() == [500_000]
    (invoice,) = simulator.control.all("invoice")
    simulator.control.apply_cash(invoice["id"], 500_000)
    heard(opened, simulator, channel, since)
    assert "money_stuck_at_stripe" not in found()


def test_a_transfer_that_waits_is_found_after_two_months_without_a_webhook(
    opened, simulator, owing, found, clock
):
    simulator.control.transfer(owing, 300_000)
    simulator.control.advance(61 * 86_400)
    clock.advance(days=61)
    sync_conference(opened)
    assert found()["money_stuck_at_stripe"]["at_stake"].tolist() == [300_000]


@pytest.mark.parametrize("channel", ["webhook", "sync", "sweep"])
def test_credit_that_a_credit_note_gave_is_shown(opened, simulator, make_order, found, channel):
    create_stripe_invoice(make_order(), opened=opened)
    (invoice,) = simulator.control.all("invoice")
    simulator.control.pay(invoice["id"])
    sync_conference(opened)
    since = len(simulator.control.all("event"))
    opened.gateway.write(
        "/v1/credit_notes",
        {"invoice": invoice["id"], "amount": 7_000, "credit_amount": 7_000},
        idempotency_key="by hand",
    )
    (customer,) = simulator.control.all("customer")
    path = f"/v1/customers/{customer['id']}"
    opened.gateway.write(path, {"description": "of no matter"}, idempotency_key="note")
    heard(opened, simulator, channel, since)
    assert found()["money_stuck_at_stripe"]["at_stake"].tolist() == [7_000]


def test_credit_in_a_second_currency_is_shown_as_credit(opened, simulator, make_order, found):
    """Stripe writes the one balance below zero, and the list of all currencies above it."""
    for currency in ("usd", "eur"):
        create_stripe_invoice(make_order(currency=currency, po_number=currency), opened=opened)
    for invoice in simulator.control.all("invoice"):
        simulator.control.pay(invoice["id"], amount=invoice["total"] + 5_000)
    for full in (False, True):
        sync_conference(opened, full=full)
        stuck = found()["money_stuck_at_stripe"]
        assert sorted(zip(stuck["currency"], stuck["at_stake"], strict=True)) == [
            ("eur", 5_000),
            ("usd", 5_000),
        ]


@pytest.mark.parametrize("channel", ["webhook", "sync"])
def test_credit_in_a_second_currency_is_heard_of_though_no_event_holds_it(
    opened, simulator, make_order, found, channel
):
    """It comes only when expanded; a harmless change of the customer afterwards hides nothing."""
    create_stripe_invoice(make_order(), opened=opened)
    sync_conference(opened)
    since = len(simulator.control.all("event"))
    (customer,) = simulator.control.all("customer")
    simulator.control.move_balance(customer["id"], -4_200, "eur")
    path = f"/v1/customers/{customer['id']}"
    opened.gateway.write(path, {"description": "of no matter"}, idempotency_key="note")
    heard(opened, simulator, channel, since)
    stuck = found()["money_stuck_at_stripe"]
    assert list(zip(stuck["currency"], stuck["at_stake"], strict=True)) == [("eur", 4_200)]
