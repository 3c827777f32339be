"""A wire that Stripe was told of, and what is left there when it was a mistake."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand, refund, reverse_entry
from po_toolkit.api.order_changes import reissue
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.payments import refunds
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.purchase_orders import by_reference


@pytest.fixture
def fresh(opened):
    def read(order):
        with opened.store.reading() as session:
            return by_reference(session, opened.conference, order.reference)

    return read


@pytest.fixture
def found(opened):
    """The discrepancies as they stand, each with what is at stake."""

    def codes():
        day = opened.today() + timedelta(days=1)
        rows = reconcile_conference(opened.store, opened.conference, as_of=day).discrepancies
        return dict(zip(rows["code"], rows["at_stake"], strict=True))

    return codes


@pytest.fixture
def sent(opened, make_order, fresh):
    """A sent invoice over 1,000.00 USD."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    return fresh(order)


@pytest.fixture
def wire(opened, sent):
    def enter(amount="400.00", reference="FT1"):
        return record_payment_by_hand(
            opened,
            sent.reference,
            amount=Decimal(amount),
            method="wire",
            payment_reference=reference,
            payment_date=opened.today(),
            overpaid=True,
        )

    return enter


def undo_last(opened, order):
    return reverse_entry(opened, str(order.entries[-1].id))


def records(simulator, sent):
    return [
        p["amount_paid"]
        for p in simulator.control.all("invoice_payment")
        if p["invoice"] == sent.stripe_invoice_id and p["payment"]["type"] == "payment_record"
    ]


def test_money_just_told_to_stripe_is_no_discrepancy_until_the_next_sync(
    opened, simulator, sent, wire, found, fresh
):
    wire()
    assert found() == {}
    credit(opened, sent.reference, amount=Decimal("100.00"), reason="smaller booth")
    assert found() == {}
    wire("500.00", "FT2")
    assert (found(), fresh(sent).status) == ({}, "paid")
    assert fresh(sent).live_invoice.stripe_status == "paid"


def test_a_reversed_wire_that_stripe_counts_is_said_and_shown(
    opened, simulator, sent, wire, found, fresh
):
    """Else the sponsor is never asked for that money, and nobody knows why."""
    wire()
    result = undo_last(opened, fresh(sent))
    assert sent.stripe_invoice_id in result.remark
    assert "400.00 USD" in result.remark
    for full in (False, True):
        sync_conference(opened, full=full)
        assert found() == {"undone_here_not_at_stripe": 40_000}
    assert cancel(opened, sent.reference).status == "cancelled"
    sync_conference(opened, full=True)
    assert (found(), fresh(sent).balance_due) == ({}, 0)
    assert simulator.control.get(sent.stripe_invoice_id)["amount_remaining"] == 0


def test_a_reversed_wire_that_paid_all_is_not_said_to_have_settled_by_itself(
    opened, sent, wire, found, fresh
):
    wire("1000.00")
    undo_last(opened, fresh(sent))
    sync_conference(opened)
    assert found() == {"undone_here_not_at_stripe": 100_000}
    wire("1000.00", "the right one")
    assert (found(), fresh(sent).status) == ({}, "paid")


def test_a_wire_entered_again_rightly_is_what_stripe_counts_already(
    opened, simulator, sent, wire, found, fresh
):
    """Told twice, it would leave the sponsor a credit that nobody paid."""
    for reference in ("FT1", "FT2", "FT3"):
        wire(reference=reference)
        if reference != "FT3":
            undo_last(opened, fresh(sent))
    assert records(simulator, sent) == [40_000]
    sync_conference(opened, full=True)
    after = fresh(sent)
    assert (found(), after.balance_due) == ({}, Decimal("600.00"))
    assert [bool(e.stripe_payment_record_id) for e in after.entries] == [False] * 4 + [True]
    report = sync_conference(opened, full=True)
    assert (report.problems, report.changes, report.sweep.only_here) == ([], [], [])


def asked(simulator, order):
    return simulator.control.get(order.live_invoice.stripe_invoice_id)["amount_remaining"]


def test_what_a_reissued_invoice_asks_again_is_reported_to_it(
    opened, simulator, sent, wire, found, fresh
):
    """Else the sponsor's page asks for what they have paid, for good."""
    wire("1000.00")
    undo_last(opened, fresh(sent))
    reissue(opened, sent.reference)
    assert asked(simulator, fresh(sent)) == 100_000
    wire("1000.00", "FT2")
    assert (found(), fresh(sent).status) == ({}, "paid")
    assert asked(simulator, fresh(sent)) == 0


@pytest.mark.parametrize("paid", [False, True])
def test_a_wire_on_a_replaced_invoice_that_is_reversed_later_is_named(
    opened, simulator, sent, wire, found, fresh, paid
):
    """Else it is owed, the later invoice does not ask for it, and nobody knows."""
    wire()
    wire("600.00", "FT2")
    first, second = fresh(sent).entries
    reverse_entry(opened, str(second.id))
    reissue(opened, sent.reference)
    if paid:
        simulator.control.pay(fresh(sent).stripe_invoice_id)
        sync_conference(opened)
    reverse_entry(opened, str(first.id))
    assert found() == {"undone_here_not_at_stripe": 40_000}
    if paid:
        reissue(opened, sent.reference)
        assert (found(), asked(simulator, fresh(sent))) == ({}, 40_000)


def test_another_amount_than_the_reversed_one_is_told(opened, simulator, sent, wire, found, fresh):
    wire()
    undo_last(opened, fresh(sent))
    wire("150.00", "FT2")
    sync_conference(opened)
    assert records(simulator, sent) == [40_000, 15_000]
    assert found() == {"undone_here_not_at_stripe": 40_000}


def test_a_refund_of_which_stripe_refuses_a_part_says_what_went_back_and_tries_no_more(
    opened, simulator, sent, fresh, monkeypatch
):
    """Else money goes back twice: once by the next sync, once by the treasurer who repeats it."""
    parts = []
    for amount in (50_000, 20_000, 30_000):
        parts.append(simulator.control.pay(sent.stripe_invoice_id, amount))
        simulator.control.advance(60)
    sync_conference(opened, full=True)
    look = refunds.refuse_forgotten

    def refuse_forgotten(*shown):
        look(*shown)
        simulator.control.refund(parts[1]["id"])  # staff, in the instant after

    monkeypatch.setattr(refunds, "refuse_forgotten", refuse_forgotten)
    with pytest.raises(PurchaseOrderError, match=r"700\.00 USD, 300\.00 USD did") as refused:
        refund(opened, sent.reference, amount=Decimal("700.00"))
    assert "half done" not in str(refused.value)
    monkeypatch.undo()
    sync_conference(opened)
    assert [r["amount"] for r in simulator.control.all("refund")] == [20_000, 30_000]
    assert fresh(sent).total_refunded == Decimal("500.00")
    refund(opened, sent.reference, amount=Decimal("400.00"))
    assert fresh(sent).total_refunded == Decimal("900.00")


def test_a_wire_that_was_sent_back_is_a_refund_and_stripe_keeps_its_record(
    opened, sent, wire, fresh
):
    wire("1000.00")
    refund(opened, sent.reference, amount=Decimal("1000.00"), method="wire")
    sync_conference(opened, full=True)
    assert fresh(sent).balance_due == Decimal("1000.00")
