"""Money that came is in the ledger once, whoever brings the news, in whatever order."""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal

import pytest
import stripe

from po_toolkit import (
    cancel_purchase_order,
    create_stripe_invoice,
    handle_invoice_paid_webhook,
    issue_credit_note,
    record_payment,
    sync_stripe_invoice_status,
)
from po_toolkit.api import ledger
from po_toolkit.api.invoices import adopt_invoice, invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import ForgedError, receive
from po_toolkit.domain.offline_payments import OfflinePayment
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    DuplicateEntryError,
    InvoiceMismatchError,
    PurchaseOrderError,
    StripeGatewayError,
)
from po_toolkit.payments.offline_payments import enter_payment
from po_toolkit.store.tables import Invoice
from tests.conftest import ON_SQLITE, fresh

SECRET = "whsec_pycon2027secret"


@pytest.fixture
def sent(opened, make_order):
    """A sent invoice over 17,550.00 USD."""
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    return fresh(opened, order)


def events(simulator, kind):
    return [e for e in simulator.control.all("event") if e["type"] == kind]


def deliver(opened, event):
    body = json.dumps(event).encode()
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET)
    new = receive(opened, body, header)
    work_events(opened)
    return new


def test_webhook_and_sync_of_one_payment_record_it_once(opened, simulator, sent):
    simulator.control.pay(sent.stripe_invoice_id)
    for kind in ("invoice.paid", "invoice_payment.paid", "invoice.paid"):
        deliver(opened, events(simulator, kind)[0])
    sync_conference(opened)
    sync_conference(opened, full=True)
    sync_stripe_invoice_status(sent, opened=opened)
    handle_invoice_paid_webhook(
        events(simulator, "invoice.paid")[0], settings=_settings(opened), store=opened.store
    )
    after = fresh(opened, sent)
    (entry,) = after.entries
    assert (after.status, after.balance_due) == ("paid", 0)
    assert (entry.amount_major, entry.method, entry.reference) == (
        Decimal("17550.00"),
        "stripe",
        sent.stripe_invoice_id,
    )
    assert entry.source_id.startswith("inpay_")


def test_a_wire_recorded_first_does_not_hide_a_later_stripe_payment(opened, simulator, sent):
    record_payment(sent, Decimal("10000.00"), "wire", "FT1", opened=opened)
    simulator.control.pay(sent.stripe_invoice_id, 750_000)
    sync_conference(opened)
    after = fresh(opened, sent)
    assert (after.total_paid, after.balance_due) == (Decimal("17500.00"), Decimal("50.00"))
    assert after.status == "partially_paid"


def test_parts_and_too_much_are_taken_whole(opened, simulator, sent):
    simulator.control.pay(sent.stripe_invoice_id, 700_000)
    sync_conference(opened)
    assert fresh(opened, sent).status == "partially_paid"
    simulator.control.pay(sent.stripe_invoice_id, 1_155_000)
    sync_conference(opened)
    after = fresh(opened, sent)
    assert (after.status, after.balance_due) == ("overpaid", Decimal("-1000.00"))
    assert [e.amount for e in after.entries] == [700_000, 1_155_000]


@pytest.mark.parametrize("read_between", [True, False], ids=["read between", "read at the end"])
@pytest.mark.parametrize("left_out", [True, False], ids=["excess left out", "excess shown"])
def test_a_debit_that_arrives_after_an_overpayment_is_not_lost(
    opened, simulator, sent, left_out, read_between
):
    """Stripe does not say whether a payment's amount shows what the invoice did not need."""
    simulator.control.switch("overpaid_left_out", left_out)
    debit = simulator.control.pay(sent.stripe_invoice_id, None, "us_bank_account", settled=False)
    simulator.control.pay(sent.stripe_invoice_id, 1_755_000 + 10_000)
    if read_between:
        sync_conference(opened)
    simulator.control.settle(debit["id"])
    sync_conference(opened)
    after = fresh(opened, sent)
    assert sum(e.amount for e in after.entries) == 2 * 1_755_000 + 10_000
    of_debit = [e.amount for e in after.entries if e.source_id == debit["id"]]
    assert of_debit == [1_755_000]
    again = sync_conference(opened, full=True)
    assert (again.changes, again.sweep.found, again.sweep.only_here) == ([], 0, [])


@pytest.mark.parametrize("read_between", [True, False], ids=["read between", "read at the end"])
@pytest.mark.parametrize("left_out", [True, False], ids=["excess left out", "excess shown"])
def test_a_debit_that_arrives_after_a_mark_as_paid_is_booked_once(
    opened, simulator, sent, left_out, read_between
):
    """What somebody marked as paid outside of Stripe made the debit too much, and counted twice."""
    simulator.control.switch("overpaid_left_out", left_out)
    debit = simulator.control.pay(sent.stripe_invoice_id, None, "us_bank_account", settled=False)
    opened.gateway.write(
        f"/v1/invoices/{sent.stripe_invoice_id}/pay",
        {"paid_out_of_band": True},
        idempotency_key="marked",
    )
    if read_between:
        sync_conference(opened)
    simulator.control.settle(debit["id"])
    sync_conference(opened)
    after = fresh(opened, sent)
    assert sum(e.amount for e in after.entries) == 2 * 1_755_000
    again = sync_conference(opened, full=True)
    assert (again.changes, again.sweep.found, again.sweep.only_here) == ([], 0, [])


def test_a_payment_is_dated_when_stripe_was_paid_where_the_conference_is(opened, simulator, sent):
    payment = simulator.control.pay(sent.stripe_invoice_id)
    sync_conference(opened)
    (entry,) = fresh(opened, sent).entries
    paid_at = payment["status_transitions"]["paid_at"]
    assert entry.payment_date == _new_york_date(paid_at)


@ON_SQLITE
def test_a_sync_of_120_invoices_takes_at_most_nine_calls(opened, simulator, make_order):
    orders = [make_order(("Booth", 1, "10.00"), po_number=str(n)) for n in range(120)]
    invoice_purchase_orders(opened, references=[o.reference for o in orders])
    for order in orders[:20]:
        simulator.control.pay(fresh(opened, order).stripe_invoice_id)
    first = sync_conference(opened)
    assert (first.invoices_seen, first.payments_recorded) == (120, 20)
    assert first.stripe_calls <= 9
    again = sync_conference(opened)
    assert (again.payments_recorded, again.statuses_changed) == (0, 0)
    assert again.stripe_calls <= 3


def test_news_of_a_stranger_or_an_old_day_changes_nothing(opened, simulator, sent):
    simulator.control.pay(sent.stripe_invoice_id)
    body = json.dumps(events(simulator, "invoice.paid")[0]).encode()
    forged = stripe.WebhookSignature.generate_signature_header(body.decode(), "whsec_other")
    stale = stripe.WebhookSignature.generate_signature_header(
        body.decode(), SECRET, timestamp=int(time.time()) - 301
    )
    for header in (forged, stale, "", "t=abc", "v1=00"):
        with pytest.raises(ForgedError):
            receive(opened, body, header)
    assert work_events(opened) == 0
    assert fresh(opened, sent).entries == []


def test_a_failed_event_is_tried_again_and_not_taken_for_a_duplicate(
    opened, simulator, sent, clock
):
    simulator.control.pay(sent.stripe_invoice_id)
    simulator.control.fail(path="/v1/invoices/*", method="GET", kind="500", times=20)
    assert deliver(opened, events(simulator, "invoice.paid")[0])
    assert fresh(opened, sent).entries == []
    simulator.control.clear_faults()
    assert not deliver(opened, events(simulator, "invoice.paid")[0])
    clock.advance(minutes=1)
    assert work_events(opened) == 1
    assert fresh(opened, sent).status == "paid"


@ON_SQLITE
@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        {},
        {"data": None},
        {"data": []},
        {"data": {"object": None}},
        {"data": {"object": {}}},
        {"data": {"object": {"id": None}}},
        {"data": {"object": {"id": ["in_1"]}}},
        {"data": {"object": {"id": "in_unknown", "metadata": "odd"}}},
    ],
)
def test_a_malformed_payload_changes_nothing_and_raises_nothing(opened, sent, payload):
    handle_invoice_paid_webhook(payload, settings=_settings(opened), store=opened.store)
    assert fresh(opened, sent).entries == []


def test_a_payment_on_a_cancelled_order_is_kept_and_shown(opened, simulator, sent, make_order):
    record = create_stripe_invoice(make_order(po_number="other"), opened=opened)
    assert record
    simulator.control.pay(sent.stripe_invoice_id)
    with opened.store.writing(opened.actor, "cancel") as uow:
        locked = uow.lock_purchase_order(sent.id)
        locked.cancelled_at = opened.now()
    sync_conference(opened, full=True)
    after = fresh(opened, sent)
    assert (after.status, after.total_paid) == ("cancelled", Decimal("17550.00"))


def test_cancelling_voids_the_open_invoice(opened, simulator, sent):
    invoice_id = sent.stripe_invoice_id
    cancelled = cancel_purchase_order(sent, opened=opened)
    assert cancelled.status == "cancelled"
    assert simulator.control.get(invoice_id)["status"] == "void"
    assert cancel_purchase_order(sent, opened=opened).status == "cancelled"


def test_cancelling_with_money_on_it_is_refused(opened, simulator, sent):
    simulator.control.pay(sent.stripe_invoice_id, 100)
    with pytest.raises(PurchaseOrderError, match="Stripe has"):
        cancel_purchase_order(sent, opened=opened)
    sync_conference(opened)
    with pytest.raises(PurchaseOrderError, match="cannot be cancelled"):
        cancel_purchase_order(sent, opened=opened)
    assert simulator.control.get(sent.stripe_invoice_id)["status"] == "open"


def test_the_same_wire_by_hand_twice_is_refused_unless_said(opened, sent):
    wire = (Decimal("5.00"), "wire", "FT1")
    record_payment(sent, *wire, opened=opened)
    with pytest.raises(DuplicateEntryError):
        record_payment(sent, *wire, opened=opened)
    record_payment(sent, *wire, opened=opened, again=True)
    assert fresh(opened, sent).total_paid == Decimal("10.00")


def test_what_came_through_stripe_is_not_entered_by_hand(opened, sent):
    """It would count twice as soon as the sync brings it."""
    with pytest.raises(PurchaseOrderError, match="sync brings it"):
        record_payment_by_hand(opened, sent.reference, amount=Decimal(1), method="stripe")


@pytest.mark.parametrize("amount", ["0", "-1", "1.001"])
def test_a_wrong_amount_is_refused_and_nothing_is_written(opened, sent, amount):
    with pytest.raises(ValueError, match="USD"):
        record_payment(sent, Decimal(amount), "wire", opened=opened)
    assert fresh(opened, sent).entries == []


def test_a_credit_note_lowers_the_balance_and_never_below_the_total(opened, make_order):
    order = make_order(("Booth", 1, "100.00"))
    issue_credit_note(order, Decimal("40.00"), "smaller booth", opened=opened)
    assert fresh(opened, order).balance_due == Decimal("60.00")
    with pytest.raises(PurchaseOrderError, match="not credited yet"):
        issue_credit_note(order, Decimal("60.01"), "too much", opened=opened)


def test_an_invoice_sent_by_hand_is_adopted_with_its_money_and_never_billed(
    opened, simulator, make_order
):
    by_hand = make_order()
    create_stripe_invoice(by_hand, opened=opened)
    stripe_id = fresh(opened, by_hand).stripe_invoice_id
    with opened.store.writing(opened.actor, "adopt") as uow:
        uow.session.delete(uow.session.query(Invoice).one())
    order = fresh(opened, by_hand)
    simulator.control.pay(stripe_id, 500)
    result = adopt_invoice(opened, order.reference, stripe_id)
    after = fresh(opened, order)
    assert (result.stripe_invoice_id, after.status) == (stripe_id, "partially_paid")
    assert invoice_purchase_orders(opened, references=[order.reference]).skipped == 1
    other = make_order(("Booth", 1, "1.00"), po_number="other")
    with pytest.raises(PurchaseOrderError, match="another purchase order"):
        adopt_invoice(opened, other.reference, stripe_id)
    assert len(simulator.control.all("invoice")) == 1


def test_a_dispute_on_an_adopted_invoice_is_read_though_the_adoption_was_cut_off(
    opened, simulator, make_order
):
    """Else money that is gone counts as received until somebody syncs everything."""
    order = make_order(("Booth", 1, "100.00"))
    create_stripe_invoice(order, opened=opened)
    stripe_id = fresh(opened, order).stripe_invoice_id
    with opened.store.writing(opened.actor, "adopt") as uow:
        uow.session.delete(uow.session.query(Invoice).one())
    simulator.control.dispute(simulator.control.pay(stripe_id, 10_000)["id"])
    sync_conference(opened)  # nobody's dispute yet
    simulator.control.fail(path="/v1/disputes", method="GET", kind="500", times=99)
    with pytest.raises(StripeGatewayError):
        adopt_invoice(opened, order.reference, stripe_id)
    assert fresh(opened, order).sums.paid == 10_000
    simulator.control.clear_faults()
    sync_conference(opened)
    after = fresh(opened, order)
    assert (after.sums.paid, after.sums.disputed) == (0, 10_000)
    calls = sync_conference(opened).stripe_calls
    assert calls == 1, "it is read once"


def test_adopting_an_invoice_of_another_total_is_refused(opened, simulator, make_order):
    customer = opened.gateway.write(
        "/v1/customers", {"name": "X", "email": "x@x.example"}, idempotency_key="c"
    )
    invoice = opened.gateway.write(
        "/v1/invoices",
        {"customer": customer["id"], "collection_method": "send_invoice", "days_until_due": 30},
        idempotency_key="i",
    )
    opened.gateway.write(
        f"/v1/invoices/{invoice['id']}/add_lines",
        {"lines": [{"description": "Gold", "amount": 1_755_001}]},
        idempotency_key="l",
    )
    opened.gateway.write(f"/v1/invoices/{invoice['id']}/send", {}, idempotency_key="s")
    order = make_order()
    with pytest.raises(InvoiceMismatchError, match=r"17,550\.01 USD"):
        adopt_invoice(opened, order.reference, invoice["id"])
    assert fresh(opened, order).stripe_invoice_id == ""


def _settings(opened):
    from po_toolkit.config import Settings

    return Settings(
        stripe_api_base=opened.stripe_api_base, conferences={opened.slug: opened.settings}
    )


def _new_york_date(timestamp):
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.astimezone(ZoneInfo("America/New_York")).date()


def test_a_recorded_payment_comes_back_though_another_process_records_one_meanwhile(
    opened, sent, monkeypatch
):
    """Whoever stores the returned entry beside a check must not get somebody else's wire."""
    record = ledger.record_payment_by_hand

    def record_then_another(*arguments, **named):
        result = record(*arguments, **named)
        record(opened, sent.reference, amount=Decimal("7.00"), method="check", note="Later")
        return result

    monkeypatch.setattr(ledger, "record_payment_by_hand", record_then_another)
    entry = record_payment(sent, Decimal("5.00"), "wire", "FT1", opened=opened)
    assert (entry.method, entry.amount_major, entry.reference) == ("wire", Decimal("5.00"), "FT1")
    assert fresh(opened, sent).total_paid == Decimal("12.00")


def test_a_payment_in_another_currency_reaches_neither_stripe_nor_the_ledger(
    opened, simulator, sent
):
    wire = OfflinePayment(40_000, "eur", "wire", date(2027, 3, 1))
    simulator.control.clear_calls()
    with (
        pytest.raises(PurchaseOrderError, match="EUR"),
        opened.store.writing(opened.actor, Act.RECORD_PAYMENT) as uow,
    ):
        enter_payment(uow, uow.lock_purchase_order(sent.id), wire)
    assert (simulator.control.calls(), fresh(opened, sent).entries) == ([], [])
