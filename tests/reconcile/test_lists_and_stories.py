"""The pages of the app that show thousands of purchase orders, and one of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.reconcile import list_purchase_orders, purchase_order_story
from po_toolkit.reconcile.front_page import front_page
from po_toolkit.store.listing import SORT_KEYS, View
from po_toolkit.store.purchase_orders import refresh_status


def test_a_page_holds_what_was_asked_for_and_says_how_many_there_are(ledgers, store, conference):
    for amount in (300_00, 100_00, 200_00):
        ledgers.order(amount)
    page = list_purchase_orders(
        store, conference, sort="balance", descending=True, offset=1, limit=1
    )
    assert page.matching == 3
    assert [o.balance for o in page.orders] == [Decimal("200.00")]


@pytest.mark.parametrize("sort", SORT_KEYS)
def test_every_column_can_be_sorted_by(ledgers, store, conference, sort):
    first = ledgers.order(300_00, due_date=date(2027, 2, 1))
    ledgers.order(100_00)
    ledgers.entry(first, 50_00)
    ledgers.entry(first, 20_00, kind="refund")
    ledgers.credit(first, 10_00)
    up = list_purchase_orders(store, conference, sort=sort).orders
    down = list_purchase_orders(store, conference, sort=sort, descending=True).orders
    assert sorted(o.reference for o in up) == sorted(o.reference for o in down)
    paid = next(o for o in up if o.paid)
    assert (paid.paid, paid.refunded, paid.credited) == (
        Decimal("50.00"),
        Decimal("20.00"),
        Decimal("10.00"),
    )
    assert paid.balance == Decimal("260.00")


@pytest.mark.parametrize("text", ["ÅKE", "åke", "po-aa", "77-x", "pay@", "100%"])
def test_a_search_finds_a_sponsor_however_it_is_typed(ledgers, store, conference, text):
    ledgers.order(
        100_00,
        organization_name="Åke 100% AB",
        reference="PO-AAAAAA",
        po_number="77-X",
        contact_email="Pay@ake.example",
    )
    ledgers.order(100_00, organization_name="100 others")
    found = list_purchase_orders(store, conference, text=text).orders
    assert [o.reference for o in found] == ["PO-AAAAAA"]


def test_filters_by_status_and_currency_combine(ledgers, store, conference):
    paid = ledgers.order(100_00)
    ledgers.entry(paid, 100_00)
    ledgers.order(100_00)
    ledgers.order(100, currency="jpy")
    found = list_purchase_orders(store, conference, status=["draft"], currency=["USD"])
    assert found.matching == 1


def test_an_unknown_sort_key_is_refused(store, conference):
    with pytest.raises(PurchaseOrderError, match="sorted by"):
        list_purchase_orders(store, conference, sort="colour")


def test_a_story_tells_everything_in_order(ledgers, store, conference):
    order = ledgers.order(100_00, 20_00, reference="PO-AAAAAA")
    invoice = ledgers.invoice(order, stripe_total=120_00, stripe_amount_paid=100_00, number="A-1")
    ledgers.entry(order, 100_00, invoice_id=invoice, reference="in_1")
    ledgers.credit(order, 20_00)
    story = purchase_order_story(store, conference, "po-aaaaaa")
    assert [e.kind for e in story.events[:3]] == ["created", "invoice_sent", "payment"]
    assert story.status == "paid"
    assert story.balance == Decimal(0)
    assert [line.line_total for line in story.lines] == [Decimal("100.00"), Decimal("20.00")]
    assert [e.kind for e in story.entries] == ["payment", "credit_note"]
    assert story.invoices[0].stripe_amount_paid == Decimal("100.00")


def test_a_wrong_reference_is_named(store, conference):
    with pytest.raises(NotFoundError, match="PO-NOPE"):
        purchase_order_story(store, conference, "PO-NOPE")


def paid(ledgers, *, method="stripe", **entry):
    """A purchase order of 500.00, invoiced and paid."""
    order = ledgers.order(500_00)
    invoice = ledgers.invoice(order, stripe_status="paid")
    entry = ledgers.entry(order, 500_00, method=method, invoice_id=invoice, **entry)
    return order, {"invoice_id": invoice, "reverses_id": entry}


def went_back(ledgers, order, kind, **entry):
    return ledgers.entry(order, 500_00, kind=kind, day=date(2027, 1, 28), **entry)


def dispute(ledgers):
    order, _ = paid(ledgers)
    went_back(ledgers, order, "dispute", source_id="dp_1")
    return order


def returned_debit(ledgers):
    order, _ = paid(ledgers)
    went_back(ledgers, order, "payment_reversal")
    return order


def check_that_stripe_still_counts(ledgers):
    order, undoing = paid(ledgers, method="check", stripe_payment_record_id="pyr_1")
    went_back(ledgers, order, "payment_reversal", method="check", **undoing)
    return order


def slip_of_the_pen(ledgers):
    order, undoing = paid(ledgers, method="check")
    went_back(ledgers, order, "payment_reversal", method="check", **undoing)
    return order


def shown(store, conference):
    """How many the first page counts, and which the list and each story show."""
    listed = list_purchase_orders(store, conference, view=View.REVERSED).orders
    references = {order.reference for order in listed}
    for order in list_purchase_orders(store, conference).orders:
        story = purchase_order_story(store, conference, order.reference)
        assert story.owed_again == (order.reference in references)
    page = front_page(store, conference, today=date(2027, 2, 1))
    assert page.waiting["reversed_payments"] == len(references)
    return len(references)


@pytest.mark.parametrize(
    ("lose", "warned"),
    [
        (dispute, 1),
        (returned_debit, 1),
        (check_that_stripe_still_counts, 1),
        (slip_of_the_pen, 0),
    ],
)
@pytest.mark.parametrize("settle", ["paid again", "credited", "reissued", "cancelled"])
def test_a_payment_that_went_back_is_shown_until_it_is_dealt_with(
    ledgers, store, conference, lose, warned, settle
):
    """Money that a bank took back is lost for good once nobody is reminded of it."""
    order = lose(ledgers)
    assert shown(store, conference) == warned
    if settle == "paid again":
        ledgers.entry(order, 500_00, method="wire", day=date(2027, 1, 30))
    elif settle == "credited":
        ledgers.credit(order, 500_00)
    with store.writing(STRIPE, Act.SYNC) as uow:
        row = uow.lock_purchase_order(order)
        if settle == "reissued":
            row.invoices[0].state = "replaced"
            row.asked_again = row.sums.refunded + row.sums.reversed_payments
        elif settle == "cancelled":
            row.cancelled_at = store.now()
        refresh_status(row)
    assert shown(store, conference) == 0


def test_a_dispute_that_was_won_needs_nobody(ledgers, store, conference):
    """A warning that stays for nothing teaches people to overlook warnings."""
    order = dispute(ledgers)
    ledgers.entry(order, 500_00, kind="dispute_reinstated", source_id="dp_1:won")
    assert shown(store, conference) == 0
