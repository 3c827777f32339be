"""What a sponsor is asked at Stripe equals what the books say is owed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.amend import reissue
from po_toolkit.api.content import compare_content
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import (
    DuplicateEntryError,
    PurchaseOrderError,
    StripeGatewayError,
    WrongAccountError,
)
from po_toolkit.reconcile import reconcile_conference
from tests.conftest import fresh

KEYS = count(1)


@pytest.fixture
def sent(opened, make_order):
    """A sent invoice over 1,000.00 USD."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    return fresh(opened, order)


@pytest.fixture
def dashboard(opened):
    """Do something with an invoice or customer as staff do in Stripe's dashboard."""

    def act(path, **body):
        return opened.gateway.write(f"/v1/{path}", body, idempotency_key=f"staff-{next(KEYS)}")

    return act


def found(opened):
    day = opened.today() + timedelta(days=1)
    rows = reconcile_conference(opened.store, opened.conference, as_of=day).discrepancies
    return dict(zip(rows["code"], rows["at_stake"], strict=True))


def wire(opened, order, amount="400.00", **more):
    ledger.record_payment_by_hand(
        opened, order.reference, amount=Decimal(amount), method="wire", payment_reference="FT1",
        **more,
    )  # fmt: skip


def credit(opened, order, amount="100.00"):
    ledger.credit(opened, order.reference, amount=Decimal(amount), reason="smaller booth")


def asked(opened, order):
    live = fresh(opened, order).live_invoice
    said = opened.gateway.read(f"/v1/invoices/{live.stripe_invoice_id}")
    assert said["status"] == "open"
    return said["amount_remaining"]


@pytest.mark.parametrize("entered", ["before it was voided", "meanwhile", "after that was seen"])
def test_row_11_what_was_entered_about_a_void_invoice_lowers_the_next_one(
    opened, simulator, sent, dashboard, entered
):
    """Else the sponsor is asked the full sum for ever, and nobody is told."""
    if entered == "before it was voided":
        credit(opened, sent)
        dashboard(f"invoices/{sent.stripe_invoice_id}/void")
        wire(opened, sent)
    else:
        dashboard(f"invoices/{sent.stripe_invoice_id}/void")
        if entered == "after that was seen":
            sync_conference(opened)
        wire(opened, sent)
        credit(opened, sent)
    sync_conference(opened)
    assert fresh(opened, sent).sums.balance == 500_00
    assert fresh(opened, sent).live_invoice is None
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    assert asked(opened, sent) == 500_00
    for full in (False, True):
        report = sync_conference(opened, full=full)
        assert (report.problems, fresh(opened, sent).sums.balance) == ([], 500_00)
    assert asked(opened, sent) == 500_00
    assert found(opened) == {}
    simulator.control.pay(fresh(opened, sent).stripe_invoice_id)
    sync_conference(opened)
    assert (fresh(opened, sent).status, found(opened)) == ("paid", {})


def test_row_11_each_generation_hears_of_a_wire_that_none_before_could_take(
    opened, simulator, sent, dashboard
):
    """The second invoice is void too before Stripe answers that it has taken the wire."""
    dashboard(f"invoices/{sent.stripe_invoice_id}/void")
    wire(opened, sent)
    path = "/v1/invoices/*/attach_payment"
    simulator.control.fail(path=path, method="POST", kind="drop_before", times=99)
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    dashboard(f"invoices/{fresh(opened, sent).stripe_invoice_id}/void")
    simulator.control.clear_faults()
    sync_conference(opened)
    create_stripe_invoice(fresh(opened, sent), opened=opened)
    assert (asked(opened, sent), fresh(opened, sent).sums.balance) == (600_00, 600_00)


def test_row_11_a_reissued_invoice_asks_less_by_the_credit_note_of_the_void_one(opened, sent):
    credit(opened, sent)
    assert reissue(opened, sent.reference).outcome == "invoiced"
    assert (asked(opened, sent), fresh(opened, sent).sums.balance) == (900_00, 900_00)
    assert compare_content(opened, sent.reference).equal
    sync_conference(opened, full=True)
    assert found(opened) == {}


def test_row_11_a_wire_that_was_sent_back_does_not_lower_the_first_invoice(opened, make_order):
    order = make_order(("Booth", 1, "1000.00"))
    wire(opened, order)
    ledger.refund(opened, order.reference, amount=Decimal("400.00"), method="wire")
    create_stripe_invoice(fresh(opened, order), opened=opened)
    assert (asked(opened, order), fresh(opened, order).sums.balance) == (1000_00, 1000_00)


# ---- an excess that goes back, and the credit that Stripe made of it


@pytest.fixture
def overpaid(opened, simulator, sent):
    """The sent invoice paid with 50.00 USD too much, which lie on the sponsor's balance."""
    simulator.control.pay(sent.stripe_invoice_id, 1050_00)
    sync_conference(opened)
    return fresh(opened, sent)


def back(opened, order, amount="50.00", method="wire", **more):
    return ledger.refund(opened, order.reference, amount=Decimal(amount), method=method, **more)


def credit_at_stripe(simulator):
    (customer,) = simulator.control.all("customer")
    return -customer["balance"]


@pytest.mark.parametrize("kind", ["", "drop_before", "drop_after", "500"])
def test_row_13_an_excess_sent_back_by_wire_takes_the_credit_down_once(
    opened, simulator, overpaid, kind
):
    """Else the sponsor gets it twice: from the bank, and on the next invoice."""
    if kind:
        path = "/v1/customers/*/balance_transactions"
        simulator.control.fail(path=path, method="POST", kind=kind, times=99)
        with pytest.raises(StripeGatewayError, match="the refund is in the books"):
            back(opened, overpaid)
        simulator.control.clear_faults()
        sync_conference(opened)
    else:
        back(opened, overpaid)
    for _ in range(2):
        with pytest.raises(DuplicateEntryError):
            back(opened, overpaid)
        sync_conference(opened, full=True)
        assert credit_at_stripe(simulator) == 0
    assert (fresh(opened, overpaid).sums.balance, found(opened)) == (0, {})


def test_row_13_an_excess_whose_credit_was_used_is_not_sent_back_as_an_excess(
    opened, simulator, overpaid, make_order
):
    second = make_order(("Dinner", 1, "500.00"), po_number="2")
    create_stripe_invoice(second, opened=opened)
    with pytest.raises(PurchaseOrderError, match=r"only 0\.00 USD are left"):
        back(opened, overpaid)
    assert fresh(opened, overpaid).sums.refunded == 0
    sync_conference(opened)
    assert fresh(opened, overpaid).sums.balance == 0


def test_row_13_what_staff_took_off_the_balance_themselves_is_not_taken_again(
    opened, simulator, overpaid
):
    """Money that went back must be recordable, also where somebody put Stripe right before."""
    (customer,) = simulator.control.all("customer")
    simulator.control.move_balance(customer["id"], 30_00)
    back(opened, overpaid)
    assert (credit_at_stripe(simulator), fresh(opened, overpaid).sums.balance) == (0, 0)


def test_row_13_two_parts_of_an_excess_take_their_own_part_of_the_credit(
    opened, simulator, overpaid
):
    back(opened, overpaid, "20.00")
    assert credit_at_stripe(simulator) == 30_00
    back(opened, overpaid, "30.00", method="stripe")
    assert (credit_at_stripe(simulator), fresh(opened, overpaid).sums.balance) == (0, 0)


@pytest.mark.parametrize("parts", [1, 2])
def test_a_refund_that_a_sync_finished_is_not_given_again_by_whoever_repeats_it(
    opened, simulator, sent, parts
):
    """Else "try again: it is safe" pays the sponsor twice."""
    for _ in range(parts):
        simulator.control.pay(sent.stripe_invoice_id, 1000_00 // parts)
    sync_conference(opened)
    simulator.control.fail(path="/v1/refunds", method="POST", kind="drop_after", times=99)
    with pytest.raises(StripeGatewayError):
        back(opened, sent, "800.00", method="stripe")
    simulator.control.clear_faults()
    sync_conference(opened)
    assert fresh(opened, sent).sums.refunded == 800_00
    for method in ("stripe", "wire"):
        with pytest.raises(DuplicateEntryError) as asks:
            back(opened, sent, "800.00", method=method)
        assert "--again" in asks.value.remedy.command
    assert sum(r["amount"] for r in simulator.control.all("refund")) == 800_00
    back(opened, sent, "100.00", method="stripe")
    back(opened, sent, "100.00", method="stripe", again=True)
    assert fresh(opened, sent).sums.refunded == 1000_00


# ---- an account that does not know an invoice that was sent


@pytest.mark.parametrize(
    "act",
    [
        lambda o, order: ledger.cancel(o, order.reference),
        lambda o, order: reissue(o, order.reference),
        wire,
        credit,
        lambda o, order: sync_conference(o, full=True),
    ],
    ids=["cancel", "reissue", "payment", "credit-note", "sync --full"],
)
def test_row_5_an_account_that_does_not_know_a_sent_invoice_is_the_wrong_one_at_any_time(
    opened, simulator, sent, act
):
    """Else it is taken for deleted: cancelled without being void, or billed again."""
    at_stripe = simulator.control._world.account_of(sent.stripe_invoice_id).objects["invoice"]
    kept = at_stripe.pop(sent.stripe_invoice_id)
    with pytest.raises(WrongAccountError, match="does not know"):
        act(opened, sent)
    at_stripe[kept["id"]] = kept
    now = fresh(opened, sent)
    assert (now.status, now.sums.balance, now.live_invoice.state) == ("sent", 1000_00, "sent")
    sync_conference(opened)
    assert len(simulator.control.all("invoice")) == 1
