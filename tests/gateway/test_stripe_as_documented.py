"""What a user would lose if Stripe were as it was once imagined here, not as it is documented."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from time import time
from uuid import uuid4

import pytest
import requests
import stripe
from pydantic import SecretStr

from po_toolkit import create_stripe_invoice
from po_toolkit.api.delivery import deliver
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import credit, record_payment_by_hand
from po_toolkit.api.reports import list_purchase_orders, purchase_order_story
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.bootstrap import open_conference
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError, StripeAuthenticationError, StripeGatewayError
from po_toolkit.payments.event_handlers import HANDLERS, handle
from po_toolkit.simulator import unproven
from po_toolkit.store.purchase_orders import by_reference

OLDER = ["2024-06-20", "2025-05-28.basil"]
MINUTES = 60


@pytest.fixture
def key(opened) -> str:
    return opened.settings.stripe_secret_key.get_secret_value()


@pytest.fixture
def sent(opened, simulator, make_order):
    """A purchase order with a sent invoice, known to the books."""
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference)


def status(opened, order) -> str:
    with opened.store.reading() as session:
        return str(by_reference(session, opened.conference, order.reference).status)


# ---- charges without an intent


@pytest.mark.parametrize("happens", ["refund", "dispute"])
@pytest.mark.parametrize("full", [False, True])
def test_money_back_in_an_old_ticket_shop_does_not_stop_the_sync(
    opened, simulator, sent, key, happens, full
):
    """Invoice payments cannot be listed by charge, so each such sync used to end in an error."""
    charge = simulator.control.charge_without_intent(5_000, account=key)
    getattr(simulator.control, happens)(charge["id"])
    invoice = sent.stripe_invoice_id
    simulator.control.pay(invoice)
    report = sync_conference(opened, full=full)
    assert report.problems == []
    assert status(opened, sent) == "paid"


# ---- customers and discounts


def test_a_sponsors_coupon_does_not_lower_the_invoice(opened, simulator, make_order):
    first = make_order()
    create_stripe_invoice(first, opened=opened)
    (customer,) = simulator.control.all("customer")
    simulator.control.give_coupon(customer["id"], percent_off="25")
    second = make_order(po_number="second")
    create_stripe_invoice(second, opened=opened)
    totals = [invoice["total"] for invoice in simulator.control.all("invoice")]
    assert totals[0] == totals[1]


@pytest.mark.parametrize("strangers", [0, 120])
@pytest.mark.parametrize("spelled", ["AP@Acme.Example", "ap@acme.example"])
def test_a_customer_is_found_however_its_email_is_spelled(
    opened, simulator, make_order, key, strangers, spelled
):
    """A second customer has neither the credit, nor the tax id, nor the discount of the first."""
    if strangers and spelled != "ap@acme.example":
        pytest.skip("in an account of many customers an odd spelling at Stripe is not found")
    write = opened.gateway.write
    old = write("/v1/customers", {"name": "Acme Inc", "email": spelled}, idempotency_key="old")
    for number in range(strangers):
        body = {"name": f"Stranger {number}", "email": f"s{number}@example.org"}
        write("/v1/customers", body, idempotency_key=f"stranger {number}")
    order = make_order(organization="Acme Inc", email="Ap@acme.example")
    create_stripe_invoice(order, opened=opened)
    (invoice,) = simulator.control.all("invoice", key)
    assert invoice["customer"] == old["id"]


# ---- the largest amount


def test_what_stripe_would_mark_as_paid_for_its_size_is_not_taken(opened, simulator, make_order):
    order = make_order(("Title sponsor", 1, "999999.99"))
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    assert all(invoice["amount_due"] for invoice in simulator.control.all("invoice"))
    with pytest.raises(PurchaseOrderError, match=r"999,999\.99 USD or less"):
        make_order(("Title sponsor", 1, "1000000.00"), po_number="too large")


# ---- events


@pytest.mark.parametrize("version", OLDER)
@pytest.mark.parametrize("channel", ["webhook", "sync"])
def test_a_payment_counts_when_the_accounts_events_have_an_older_shape(
    opened, simulator, sent, key, version, channel
):
    simulator.control.set_api_version(version, account=key)
    since = len(simulator.control.all("event"))
    invoice = sent.stripe_invoice_id
    simulator.control.pay(invoice, 10_000)
    simulator.control.pay(invoice)
    if channel == "sync":
        assert sync_conference(opened).problems == []
    else:
        for event in simulator.control.all("event")[since:]:
            handle(opened, [event])
    assert status(opened, sent) == "paid"
    assert len(_entries(opened, sent)) == 2


def _entries(opened, order):
    with opened.store.reading() as session:
        return list(by_reference(session, opened.conference, order.reference).entries)


@pytest.mark.parametrize("version", [*OLDER, None])
def test_an_older_payment_event_is_only_a_hint(opened, simulator, sent, version):
    """Its sums may mean something else; the payment is fetched as it is now."""
    payment = simulator.control.pay(sent.stripe_invoice_id)
    (event,) = [
        event
        for event in simulator.control.all("event")
        if event["type"] == "invoice_payment.paid"
        and event["data"]["object"]["id"] == payment["id"]
    ]
    wrong = {**event["data"]["object"], "amount_paid": 1}
    handle(opened, [{**event, "api_version": version, "data": {"object": wrong}}])
    (entry,) = _entries(opened, sent)
    assert entry.amount == payment["amount_paid"]


@pytest.mark.parametrize("minutes", [0, 1])
def test_an_event_that_is_listed_after_newer_ones_is_heard_of(
    opened, simulator, clock, make_order, sent, key, monkeypatch, minutes
):
    """A cursor on the list passes by what appears behind it; until a sweep it was lost.

    Also where it happened in the second of the full sync before, and after that.
    """
    stripes = simulator.control._world.clock
    monkeypatch.setattr(
        stripes, "now", partial(lambda second: int(second + stripes._ahead), time())
    )
    other = make_order(po_number="other")
    create_stripe_invoice(other, opened=opened)
    sync_conference(opened)
    with opened.store.reading() as session:
        other = by_reference(session, opened.conference, other.reference)
    _later(simulator, clock, minutes)
    simulator.control.hold_events(account=key)
    simulator.control.pay(sent.stripe_invoice_id)
    _later(simulator, clock, 1)
    simulator.control.hold_events(account=key, on=False)
    simulator.control.pay(other.stripe_invoice_id)
    sync_conference(opened)
    assert (status(opened, sent), status(opened, other)) == ("sent", "paid")
    simulator.control.release_events(account=key)
    _later(simulator, clock, 15)
    report = sync_conference(opened)
    assert report.sweep is None
    assert status(opened, sent) == "paid"
    _later(simulator, clock, 15)
    sync_conference(opened)
    _later(simulator, clock, 15)
    assert sync_conference(opened).stripe_calls == 1


def test_the_first_events_of_an_account_are_heard_of_however_late_they_are_listed(
    opened, simulator, clock, make_order, key
):
    """Where no event was read yet there is none to list from; until a sweep these were lost."""
    sync_conference(opened)
    simulator.control.hold_events(account=key)
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    simulator.control.pay(simulator.control.all("invoice")[0]["id"])
    _later(simulator, clock, 120)
    sync_conference(opened)
    simulator.control.release_events(account=key)
    assert sync_conference(opened).sweep is None
    assert status(opened, order) == "paid"


def _later(simulator, clock, minutes: int) -> None:
    simulator.control.advance(minutes * MINUTES)
    clock.advance(minutes=minutes)


def test_a_type_that_nobody_handles_never_decides(opened, simulator, sent):
    simulator.control.pay(sent.stripe_invoice_id)
    paid = next(e for e in simulator.control.all("event") if e["type"] == "invoice.paid")
    other = {**paid, "id": "evt_other", "type": "invoice.will_be_due"}
    assert "invoice.will_be_due" not in HANDLERS
    assert handle(opened, [paid, other]) is not None
    assert status(opened, sent) == "paid"
    assert handle(opened, [other]) is None


def test_a_webhook_with_an_unhandled_type_beside_the_payment_pays(opened, simulator, sent):
    """Both wait in one batch; the newer one used to make both be ignored."""
    simulator.control.pay(sent.stripe_invoice_id)
    paid = next(e for e in simulator.control.all("event") if e["type"] == "invoice.paid")
    newer = {**paid, "id": "evt_9", "type": "invoice.will_be_due", "created": paid["created"] + 1}
    for event in (paid, newer):
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, "whsec_pycon2027secret")
        receive(opened, body.encode(), header)
    work_events(opened)
    assert status(opened, sent) == "paid"


# ---- a restricted key


def test_a_restricted_key_is_told_which_permission_it_lacks(
    opened, simulator, settings, make_order, key
):
    opened.gateway.read("/v1/account")
    restricted = f"rk_test_{uuid4().hex}"
    may = ["accounts_kyc_basic_read", "customer_write", "event_read", "invoice_read"]
    simulator.control.add_key(restricted, key, may)
    settings.conferences[opened.slug].stripe_secret_key = SecretStr(restricted)
    again = open_conference(opened.slug, settings=settings, store=opened.store, now=opened.now)
    with pytest.raises(StripeAuthenticationError) as caught:
        create_stripe_invoice(make_order(), opened=again)
    said = str(caught.value)
    assert "'rak_invoice_write' permission" in said
    assert "rk_test" not in said
    assert "valid one" not in said


# ---- links

DAY = 24 * 60


def test_an_old_invoice_can_still_be_delivered_and_its_page_opened(opened, simulator, clock, sent):
    """The stored links have expired; they are fetched again before they are used."""
    _later(simulator, clock, 61 * DAY)
    made = deliver(opened, sent.reference)
    assert made.pdf.startswith(b"%PDF")
    story = purchase_order_story(opened, sent.reference)
    assert requests.get(story.invoices[0].hosted_url, timeout=10).status_code == 200


def test_opening_an_old_purchase_order_gives_a_link_that_works(opened, simulator, clock, sent):
    _later(simulator, clock, 61 * DAY)
    (shown,) = purchase_order_story(opened, sent.reference).invoices
    assert requests.get(shown.hosted_url, timeout=10).status_code == 200
    before = opened.gateway.calls
    purchase_order_story(opened, sent.reference)
    assert opened.gateway.calls == before, "a link that works is not fetched again"


def test_no_page_shows_a_dead_link_while_stripe_cannot_be_asked(opened, simulator, clock, sent):
    _later(simulator, clock, 61 * DAY)
    simulator.control.fail("/v1/invoices/*", method="GET", kind="500", times=99)
    (shown,) = purchase_order_story(opened, sent.reference).invoices
    assert (shown.hosted_url, shown.pdf_url) == ("", "")


def test_a_list_shows_no_dead_link_and_a_full_sync_brings_new_ones(opened, simulator, clock, sent):
    simulator.control.advance(61 * DAY * MINUTES)
    with opened.store.writing(opened.actor, Act.SYNC) as uow:
        order = uow.lock_purchase_order(sent.id)
        order.live_invoice.stripe_read_at -= timedelta(days=61)
    assert list_purchase_orders(opened).orders[0].stripe_invoice_url == ""
    sync_conference(opened, full=True)
    url = list_purchase_orders(opened).orders[0].stripe_invoice_url
    assert requests.get(url, timeout=10).status_code == 200


# ---- what nobody knows: the books are right either way


@pytest.mark.parametrize("switch", sorted(unproven.SWITCHES))
@pytest.mark.parametrize("full", [False, True])
def test_the_books_are_right_whatever_stripe_does(opened, simulator, make_order, key, switch, full):
    """A card pays a part, a wire the rest; another sponsor pays too much; one is written off."""
    opened.gateway.read("/v1/account")
    simulator.control.switch(switch, account=key)
    orders = [make_order(("Gold", 1, "1000.00"), po_number=str(n)) for n in range(4)]
    for order in orders:
        create_stripe_invoice(order, opened=opened)
    sync_conference(opened)
    parts, over, _wired, written_off = (_invoice_of(opened, order) for order in orders)
    simulator.control.pay(parts, 40_000)
    sync_conference(opened, full=full)
    _wire(opened, orders[0], "600.00")
    simulator.control.pay(over, 120_000)
    _wire(opened, orders[2], "1200.00")
    path = f"/v1/invoices/{written_off}/mark_uncollectible"
    opened.gateway.write(path, {}, idempotency_key="written off")
    sync_conference(opened, full=full)
    _wire(opened, orders[3], "1000.00")
    for again in (False, full):
        sync_conference(opened, full=again)
    paid = [sum(entry.amount for entry in _entries(opened, order)) for order in orders]
    assert paid == [100_000, 120_000, 120_000, 100_000]
    assert [status(opened, order) for order in orders] == ["paid", "overpaid", "overpaid", "paid"]


def _invoice_of(opened, order) -> str:
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference).stripe_invoice_id


def _wire(opened, order, amount: str) -> None:
    with suppress(StripeGatewayError):  # it is kept, and must be in the books in the end
        record_payment_by_hand(
            opened,
            order.reference,
            amount=Decimal(amount),
            method="wire",
            payment_reference=f"FT {order.po_number}",
            overpaid=True,
            again=True,
        )


# ---- credit notes


@pytest.mark.parametrize(("delivery", "mails"), [("stripe", 1), ("ourselves", 0)])
def test_a_credit_note_mails_nobody_to_whom_we_deliver_ourselves(
    opened, simulator, make_order, delivery, mails
):
    order = make_order(delivery=delivery)
    create_stripe_invoice(order, opened=opened)
    before = len(simulator.control.mails())
    credit(opened, order.reference, amount=Decimal(100), reason="smaller booth")
    assert len(simulator.control.mails()) - before == mails
