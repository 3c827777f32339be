"""What Stripe has not answered counts when the next is begun: both may be done in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, choose
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand, refund
from po_toolkit.api.new_order import LineItem
from po_toolkit.api.order_changes import Changes, change_order, reissue
from po_toolkit.api.reminders import send_reminders
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import (
    ConfirmationNeededError,
    DuplicateEntryError,
    PoToolkitError,
    PurchaseOrderError,
    SecondPersonNeededError,
)
from po_toolkit.payments.sync import sync_one
from tests.bank.statement import Entry, camt
from tests.conftest import ON_SQLITE, fresh
from tests.flows.test_asked_is_owed import sent
from tests.operations.test_second_person import people

__all__ = ["people", "sent"]

pytestmark = ON_SQLITE


@pytest.fixture
def paid(opened, simulator, sent):
    """One that was paid by card, in two payments of 600.00 and 400.00."""
    for amount in (600_00, 400_00):
        simulator.control.pay(sent.stripe_invoice_id, amount)
    sync_conference(opened)
    return fresh(opened, sent)


def cut_off(simulator, path, begin):
    """Begin something while Stripe does not answer."""
    simulator.control.fail(path=path, method="POST", kind="drop_before", times=50)
    with pytest.raises(PoToolkitError):
        begin()
    simulator.control.clear_faults()


def refund_cut_off(opened, simulator, order, amount):
    cut_off(simulator, "/v1/refunds", lambda: refund(opened, order.reference, amount=amount))


def credit_cut_off(opened, simulator, order, amount):
    def begin():
        credit(opened, order.reference, amount=amount, reason="smaller")

    cut_off(simulator, "/v1/credit_notes", begin)


def wire_cut_off(opened, simulator, order, amount):
    def begin():
        record_payment_by_hand(
            opened, order.reference, amount=amount, method="wire", payment_reference="FT1"
        )

    cut_off(simulator, "/v1/payment_records/*", begin)


def test_credit_notes_together_are_never_more_than_the_purchase_order(opened, simulator, sent):
    """Else both forgive more than the sponsor was ever asked for, or nobody says what to do."""
    credit_cut_off(opened, simulator, sent, Decimal(50))
    with pytest.raises(PurchaseOrderError, match=r"note of 50\.00 USD was begun") as refused:
        credit(opened, sent.reference, amount=Decimal(1000), reason="given up")
    assert refused.value.remedy.command[0] == "sync"
    assert sync_conference(opened).problems == []
    assert [note.amount for note in fresh(opened, sent).credit_notes] == [50_00]
    credit(opened, sent.reference, amount=Decimal(950), reason="given up")
    assert fresh(opened, sent).sums.balance == 0


@pytest.mark.parametrize("begin", [credit_cut_off, wire_cut_off])
def test_nothing_is_cancelled_beside_what_is_under_way(begin, opened, simulator, sent):
    """Else a cancelled purchase order has money on it, or its invoice is void for nothing."""
    begin(opened, simulator, sent, Decimal(50))
    with pytest.raises(PurchaseOrderError, match=r"50\.00 USD was begun") as refused:
        cancel(opened, sent.reference)
    assert refused.value.remedy.command[0] == "sync"
    assert simulator.control.all("invoice")[0]["status"] == "open"
    sync_conference(opened)
    assert fresh(opened, sent).sums.balance == 950_00


@pytest.mark.parametrize("amount", [50, 1000])
def test_a_paid_invoice_is_cancelled_once_its_credit_note_is_finished(
    amount, opened, simulator, paid
):
    """Else the cancellation names amounts, and not what to do about them."""
    refund(opened, paid.reference, amount=Decimal(1000))
    credit_cut_off(opened, simulator, paid, Decimal(amount))
    if amount < 1000:
        with pytest.raises(PurchaseOrderError, match="Sync first, which finishes it"):
            cancel(opened, paid.reference)
        sync_conference(opened)
    assert cancel(opened, paid.reference).status == "cancelled"
    assert fresh(opened, paid).sums.credited == 1000_00


def test_a_refund_is_not_taken_from_what_another_is_refunding(opened, simulator, paid):
    """Else Stripe refuses one of two refunds for which there was money enough."""
    refund_cut_off(opened, simulator, paid, Decimal(300))
    with pytest.raises(PurchaseOrderError, match=r"refund of 300\.00 USD was begun") as refused:
        refund(opened, paid.reference, amount=Decimal(800))
    assert refused.value.remedy.command[0] == "sync"
    refund(opened, paid.reference, amount=Decimal(500))
    assert sync_conference(opened).problems == []
    assert fresh(opened, paid).sums.refunded == 800_00


def test_a_wire_back_is_asked_about_while_stripe_may_refund_the_same(opened, simulator, paid):
    """Else a sponsor gets the money twice, and nobody was asked."""
    refund_cut_off(opened, simulator, paid, Decimal(300))
    with pytest.raises(DuplicateEntryError, match="through Stripe was begun") as refused:
        refund(opened, paid.reference, amount=Decimal(300), method="wire")
    assert refused.value.remedy.command[0] == "sync"
    with pytest.raises(PurchaseOrderError, match=r"refund of 300\.00 USD was begun"):
        refund(opened, paid.reference, amount=Decimal(800), method="wire")
    refund(opened, paid.reference, amount=Decimal(700), method="wire")
    sync_conference(opened)
    assert fresh(opened, paid).sums.refunded == 1000_00


def test_nothing_is_billed_again_while_a_refund_is_under_way(opened, simulator, paid):
    """Else the new invoice asks for less than is owed once the money has gone back."""
    refund_cut_off(opened, simulator, paid, Decimal(300))
    with pytest.raises(PurchaseOrderError, match=r"refund of 300\.00 USD was begun"):
        reissue(opened, paid.reference)
    with pytest.raises(PurchaseOrderError, match=r"refund of 300\.00 USD was begun"):
        cancel(opened, paid.reference)


def test_lines_are_not_lowered_beside_a_credit_note_that_is_under_way(opened, simulator, sent):
    """Else more is credited in the end than was ordered."""
    credit_cut_off(opened, simulator, sent, Decimal(400))
    path = f"/v1/invoices/{sent.stripe_invoice_id}/void"
    opened.gateway.write(path, {}, idempotency_key="in the dashboard")
    sync_one(opened, sent.stripe_invoice_id)
    smaller = Changes(line_items=[LineItem(description="Booth", unit_price=Decimal(300))])
    with pytest.raises(PurchaseOrderError, match=r"note of 400\.00 USD was begun"):
        change_order(opened, sent.reference, smaller)


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (refund_cut_off, refund),
        (credit_cut_off, lambda *x, **y: credit(*x, **y, reason="smaller")),
    ],
)
def test_parts_under_way_take_two_people_too(begin, again, people, simulator, paid):
    """Else whoever may send 499 alone sends nine times as much while Stripe does not answer."""
    begin(people[0], simulator, paid, Decimal(400))
    with pytest.raises(SecondPersonNeededError):
        again(people[0], paid.reference, amount=Decimal(200))


def test_a_match_that_overpays_is_asked_about_while_a_payment_is_under_way(opened, simulator, sent):
    """Else a wire is booked on what another wire has paid, and nobody was asked."""
    wire_cut_off(opened, simulator, sent, Decimal(1000))
    day = opened.today()
    import_bank_statement(opened, camt([Entry(day, Decimal(500), "SPONSORING", "ACME")]))
    line = bank_lines(opened)[0].line
    with pytest.raises(DuplicateEntryError, match="has nothing outstanding"):
        choose(opened, line, orders={sent.reference: None})
    with pytest.raises(ConfirmationNeededError, match=r"overpaid by 500\.00 USD"):
        choose(opened, line, orders={sent.reference: None}, again=True)


def test_nobody_is_reminded_of_what_they_have_paid(opened, simulator, clock, sent):
    """Else a sponsor whose wire was typed is asked for it because Stripe did not answer."""
    reminding = replace(opened, settings=opened.settings.model_copy(update={"reminders": [14]}))
    wire_cut_off(opened, simulator, sent, Decimal(1000))
    late = timedelta(days=50)
    clock.advance(days=late.days)
    simulator.control.advance(late.total_seconds())
    (result,) = send_reminders(reminding).results
    assert (result.outcome, "sync first" in result.reason) == ("held", True)
