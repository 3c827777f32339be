"""A copy of the database is restored, which has forgotten what Stripe has: nothing counts twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, choose, match_bank
from po_toolkit.api.invoices import adopt_invoice, preview_invoices
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand, refund
from po_toolkit.api.order_changes import reissue
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import (
    AlreadyBilledError,
    DuplicateEntryError,
    PoToolkitError,
    PurchaseOrderError,
)
from po_toolkit.invoicing import billed
from po_toolkit.invoicing.lease import claim, release
from po_toolkit.invoicing.send import send_invoice
from po_toolkit.payments import refunds
from po_toolkit.payments.sync import sync_one
from tests.bank.statement import Entry, camt
from tests.conftest import ON_SQLITE, fresh, open_unpaced

pytestmark = ON_SQLITE


@pytest.fixture
def copies(opened, settings, simulator, clock, tmp_path):
    """Take a copy of the database, and restore it 25 hours later, without Stripe's keys."""
    book, kept = Path(settings.database_url.removeprefix("sqlite:///")), tmp_path / "kept.db"

    def copy(source, target):
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as two:
            one.backup(two)

    def restore(hours=25):
        opened.store.engine.dispose()
        copy(kept, book)
        clock.advance(hours=hours)
        simulator.control.advance(hours * 3600)

    return lambda: copy(book, kept), restore


def wire(opened, order, amount="400.00", number="FT1", **more):
    record_payment_by_hand(
        opened, order.reference, amount=Decimal(amount), method="wire", payment_reference=number,
        **more,
    )  # fmt: skip


def attached(simulator):
    return [
        payment["amount_requested"]
        for payment in simulator.control.all("invoice_payment")
        if payment["payment"]["type"] == "payment_record"
    ]


def booked(order):
    return [(e.kind, e.amount, e.source, e.stripe_attached) for e in order.entries]


@pytest.mark.parametrize(
    ("path", "finisher", "amount"),
    [
        ("/v1/payment_records/*", "sync", "400.00"),
        ("/v1/payment_records/*", "same command", "1200.00"),
        ("/v1/invoices/*/attach_payment", "full sync", "400.00"),
    ],
)
def test_a_wire_that_was_unfinished_in_the_copy_is_not_attached_twice(
    opened, simulator, make_order, copies, path, finisher, amount
):
    """Else the sponsor's invoice shows twice what they paid."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    simulator.control.switch("record_above_refused")
    simulator.control.fail(path=path, method="POST", kind="drop_before", times=99)
    with pytest.raises(PoToolkitError):
        wire(opened, order, amount, overpaid=True)
    simulator.control.clear_faults()
    keep()
    sync_conference(opened)
    once, entries = attached(simulator), booked(fresh(opened, order))
    restore()
    if finisher == "same command":
        wire(opened, order, amount)
    sync_conference(opened, full=finisher == "full sync")
    assert sync_conference(opened, full=True).problems == []
    assert (attached(simulator), booked(fresh(opened, order))) == (once, entries)
    assert len(once) == len(entries) == 1


def test_a_wire_and_a_credit_note_of_before_the_invoice_are_not_reported_twice(
    opened, simulator, make_order, copies
):
    """The copy has both, and neither the invoice nor that it was told of them."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    wire(opened, order)
    credit(opened, order.reference, amount=Decimal("50.00"), reason="smaller booth")
    keep()
    create_stripe_invoice(order, opened=opened)
    restore()
    create_stripe_invoice(fresh(opened, order), opened=opened)
    for full in (False, True):
        assert sync_conference(opened, full=full).problems == []
    after = fresh(opened, order)
    assert (attached(simulator), booked(after)) == (
        [400_00],
        [("payment", 400_00, "manual", None)],
    )
    assert [note.amount for note in after.credit_notes] == [50_00]
    assert [note["amount"] for note in simulator.control.all("credit_note")] == [50_00]
    (invoice,) = simulator.control.all("invoice")
    assert invoice["amount_remaining"] == after.sums.balance == 550_00


def test_a_sync_says_what_it_did_not_record_and_reads_what_stripe_has(
    opened, simulator, make_order, copies
):
    """Else it ends with the advice to sync, and nobody knows that the second one was dropped."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    keep()
    credit(opened, order.reference, amount=Decimal(50), reason="smaller")
    restore()
    simulator.control.fail(path="/v1/invoices/*", method="GET", kind="drop_before", times=50)
    with pytest.raises(PoToolkitError):
        credit(opened, order.reference, amount=Decimal(70), reason="no badge")
    simulator.control.clear_faults()
    (problem,) = sync_conference(opened).problems
    assert "70.00 USD was not recorded" in problem
    assert "Sync first" not in problem
    assert [note.amount for note in fresh(opened, order).credit_notes] == [50_00]
    assert sync_conference(opened).problems == []


def test_a_wire_that_is_typed_again_before_the_sync_is_not_counted_twice(
    opened, simulator, make_order, copies
):
    """A treasurer restores the backup and types what came after it: it is the same money."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    keep()
    wire(opened, order)
    restore()
    with pytest.raises(PurchaseOrderError, match="Sync first") as refused:
        wire(opened, order)
    assert refused.value.code == "sync_first"
    assert sync_conference(opened).problems == []
    with pytest.raises(DuplicateEntryError):
        wire(opened, order)
    assert attached(simulator) == [400_00]
    assert [(e.kind, e.amount) for e in fresh(opened, order).entries] == [("payment", 400_00)]
    wire(opened, order, "250.00")
    assert fresh(opened, order).sums.balance == 350_00


@pytest.mark.parametrize("act", [cancel, reissue])
def test_an_invoice_that_was_replaced_after_the_backup_is_not_left_open(
    opened, simulator, make_order, copies, act
):
    """Cancelled in the copy, the sponsor would still be asked for the money."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    keep()
    reissue(opened, order.reference)
    restore()
    with pytest.raises(PurchaseOrderError, match="took its place"):
        act(opened, order.reference)
    assert sync_conference(opened, full=True).problems == []
    with pytest.raises(PurchaseOrderError, match="Adopt the invoice") as refused:
        cancel(opened, order.reference)
    adopt_invoice(opened, *refused.value.remedy.command[-2:])
    cancel(opened, order.reference)
    assert {i["status"] for i in simulator.control.all("invoice")} == {"void"}


@pytest.mark.parametrize("replaced", [True, False])
def test_what_was_credited_on_a_void_invoice_is_not_asked_for_from_a_copy(
    opened, simulator, make_order, copies, replaced
):
    """The copy knows neither the invoice nor its credit note, and a sync reads known ones only."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    keep()
    create_stripe_invoice(order, opened=opened)
    credit(opened, order.reference, amount=Decimal("50.00"), reason="Smaller booth")
    if replaced:
        reissue(opened, order.reference)
    else:
        opened.gateway.write(
            f"/v1/invoices/{fresh(opened, order).stripe_invoice_id}/void", {}, idempotency_key="v"
        )
    restore()
    planned = preview_invoices(opened, references=[order.reference], ask=True)
    assert [skip.reason.remedy.command[0] for skip in planned.skipped] == ["sync"]
    assert "Sync first" in planned.skipped[0].reason
    (shown,) = preview_invoices(opened, references=[order.reference]).ready
    assert any("you will have to sync" in check for check in shown.doubts)
    with pytest.raises(PurchaseOrderError, match="Sync first") as refused:
        create_stripe_invoice(fresh(opened, order), opened=opened)
    assert refused.value.remedy.command[0] == "sync"
    assert sync_conference(opened).problems == []
    create_stripe_invoice(fresh(opened, order), opened=opened)
    sums = fresh(opened, order).sums
    assert (sums.credited, sums.balance) == (50_00, 950_00)
    asked = [
        i["amount_remaining"] for i in simulator.control.all("invoice") if i["status"] == "open"
    ]
    assert asked == [950_00]
    assert len(simulator.control.all("credit_note")) == 1


def test_a_revision_that_no_sync_has_read_is_not_left_open(opened, simulator, make_order):
    """Cancelled after only its old invoice was read as void, the revision would still ask."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    sent = fresh(opened, order).stripe_invoice_id
    simulator.control.revise(sent)
    sync_one(opened, sent)
    assert fresh(opened, order).live_invoice is None
    with pytest.raises(PurchaseOrderError, match="Adopt the invoice") as refused:
        cancel(opened, order.reference)
    adopt_invoice(opened, *refused.value.remedy.command[-2:])
    cancel(opened, order.reference)
    assert {i["status"] for i in simulator.control.all("invoice")} == {"void"}


@pytest.fixture
def paid(opened, simulator, make_order):
    """A purchase order of 1,000.00 USD of which 1,400.00 were paid by card."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    simulator.control.pay(fresh(opened, order).stripe_invoice_id, amount=1400_00)
    sync_conference(opened)
    return order


def given_back(opened, simulator, order):
    """Return what Stripe and what the books have given back or credited, and the credit left."""
    there = [row["amount"] for noun in ("refund", "credit_note") for row in
             simulator.control.all(noun)]  # fmt: skip
    after = fresh(opened, order)
    here = [e.amount for e in after.entries if e.kind == "refund"]
    here += [note.amount for note in after.credit_notes]
    (customer,) = simulator.control.all("customer")
    return there, here, -customer["balance"]


@pytest.mark.parametrize("hours", [1, 25])
@pytest.mark.parametrize("act", ["refund", "credit note"])
def test_money_given_back_after_the_backup_is_not_given_back_twice(
    opened, simulator, paid, copies, act, hours
):
    """A treasurer restores the backup and enters again what came after it, before any sync."""
    keep, restore = copies

    def give():
        if act == "refund":
            refund(opened, paid.reference, amount=Decimal("100.00"))
        else:
            credit(opened, paid.reference, amount=Decimal("100.00"), reason="smaller booth")

    keep()
    give()
    once = given_back(opened, simulator, paid)
    assert once == ([100_00], [100_00], 300_00 if act == "refund" else 400_00)
    restore(hours)
    with pytest.raises(PurchaseOrderError, match="Sync first") as refused:
        give()
    assert refused.value.code == "sync_first"
    assert sync_conference(opened).problems == []
    with pytest.raises(DuplicateEntryError):
        give()
    assert sync_conference(opened, full=True).problems == []
    assert given_back(opened, simulator, paid) == once


def test_a_refund_of_one_payment_is_not_made_again_from_another(
    opened, simulator, make_order, copies
):
    """Else the treasurer who names no payment this time gives the same money back twice."""
    keep, restore = copies
    sent = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(sent, opened=opened)
    invoice = fresh(opened, sent).live_invoice.stripe_invoice_id
    first = simulator.control.pay(invoice, 600_00)
    simulator.control.advance(60)
    simulator.control.pay(invoice, 400_00)
    sync_conference(opened)
    keep()
    refund(opened, sent.reference, amount=Decimal("100.00"), payment=first["id"])
    restore()
    with pytest.raises(PurchaseOrderError, match="Sync first"):
        refund(opened, sent.reference, amount=Decimal("100.00"))
    assert [made["amount"] for made in simulator.control.all("refund")] == [100_00]


def test_an_excess_that_was_wired_back_takes_the_sponsors_credit_down_once(
    opened, simulator, paid, copies
):
    """Stripe knows of such a refund only by the credit; a second time, the sponsor loses money."""
    keep, restore = copies
    keep()
    refund(opened, paid.reference, amount=Decimal("100.00"), method="wire")
    restore()
    sync_conference(opened)
    for method in ("stripe", "wire"):
        with pytest.raises(
            PurchaseOrderError, match=r"refund of 100\.00 USD from the bank"
        ) as other:
            refund(opened, paid.reference, amount=Decimal("150.00"), method=method)
    assert other.value.remedy.command[0] == "refund"
    refund(opened, paid.reference, amount=Decimal("100.00"), method="wire")
    assert given_back(opened, simulator, paid) == ([], [100_00], 300_00)
    refund(opened, paid.reference, amount=Decimal("150.00"), method="wire")
    assert sync_conference(opened, full=True).problems == []
    assert given_back(opened, simulator, paid) == ([], [100_00, 150_00], 150_00)
    assert fresh(opened, paid).sums.balance == -150_00


@pytest.mark.parametrize("again", ["50.00", "600.00"])
@pytest.mark.parametrize("synced", [False, True])
def test_what_is_entered_again_before_the_forgotten_invoice_is_found_counts_once(
    opened, simulator, make_order, copies, again, synced
):
    """The copy has no invoice; the one it finds has the wire and the credit note already.

    What was credited on it is not known before, so nothing more is credited.
    """
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    keep()
    create_stripe_invoice(order, opened=opened)

    def credited(amount):
        credit(opened, order.reference, amount=Decimal(amount), reason="smaller booth")

    wire(opened, order)
    credited("50.00")
    restore()
    if synced:
        sync_conference(opened, full=True)
    wire(opened, order)
    with pytest.raises(PurchaseOrderError, match="not connected here") as refused:
        credited(again)
    kind, reference, stripe_id = refused.value.remedy.command[:3]
    assert kind == "adopt"
    adopt_invoice(opened, reference, stripe_id)
    if again == "50.00":
        with pytest.raises(DuplicateEntryError):
            credited(again)
    for full in (False, True):
        assert sync_conference(opened, full=full).problems == []
    after = fresh(opened, order)
    assert (attached(simulator), booked(after)) == (
        [400_00],
        [("payment", 400_00, "manual", None)],
    )
    assert given_back(opened, simulator, order) == ([50_00], [50_00], 0)
    (invoice,) = simulator.control.all("invoice")
    assert invoice["amount_remaining"] == after.sums.balance == 550_00


def test_a_bank_line_confirms_the_wire_that_the_copy_had_forgotten(
    opened, simulator, make_order, copies
):
    """Matched before the sync it would count twice; after it, the line would stay unexplained."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    line = Entry(opened.today(), Decimal("990.00"), f"WIRE {order.reference}")
    import_bank_statement(opened, camt([line]))
    (found,) = bank_lines(opened)
    keep()
    wire(opened, order, "990.00")
    restore()
    with pytest.raises(PurchaseOrderError, match="Sync first"):
        choose(opened, found.line, orders={order.reference: None}, write_off="bank fee")
    assert match_bank(opened, apply=True).applied == 0
    assert sync_conference(opened).problems == []
    assert simulator.control.all("credit_note") == [], "the write-off went with its payment"
    assert match_bank(opened, apply=True).applied == 1
    assert attached(simulator) == [990_00]
    assert [(e.kind, e.amount) for e in fresh(opened, order).entries] == [("payment", 990_00)]


def test_a_refund_that_is_booked_on_another_order_of_the_same_payment_is_not_forgotten(
    opened, simulator, paid, make_order, monkeypatch
):
    """Else what one payment paid for two purchase orders can never be refunded on both."""
    other = make_order(("Booth", 1, "500.00"), po_number="2")
    create_stripe_invoice(other, opened=opened)
    simulator.control.pay(fresh(opened, other).stripe_invoice_id)
    sync_conference(opened)
    refund(opened, paid.reference, amount=Decimal("100.00"))
    shared = refunds.paid_by(fresh(opened, paid).entries[0].stripe_payment_id)
    monkeypatch.setattr(refunds, "paid_by", lambda _: shared)
    refund(opened, other.reference, amount=Decimal("50.00"))
    assert [row["amount"] for row in simulator.control.all("refund")] == [100_00, 50_00]


def test_an_invoice_of_an_order_that_was_only_claimed_in_the_copy_is_not_made_twice(
    opened, simulator, make_order, copies
):
    """The sponsor would get two invoices: the key that keeps them one is older than a day."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    release(claim(opened, order.id))
    keep()
    create_stripe_invoice(fresh(opened, order), opened=opened)
    restore()
    create_stripe_invoice(fresh(opened, order), opened=opened)
    (invoice,) = simulator.control.all("invoice")
    assert fresh(opened, order).stripe_invoice_id == invoice["id"]


def test_money_on_an_invoice_that_a_copy_had_only_begun_is_read_by_the_next_sync(
    opened, simulator, make_order, copies
):
    """Its events were read before the copy had it as sent, so that only the sweep saw them."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    release(claim(opened, order.id))
    keep()
    create_stripe_invoice(fresh(opened, order), opened=opened)
    simulator.control.pay(fresh(opened, order).stripe_invoice_id)
    restore()
    sync_conference(opened, full=True)
    create_stripe_invoice(fresh(opened, order), opened=opened)
    sync_conference(opened)
    assert fresh(opened, order).sums.paid == 1000_00


@pytest.mark.parametrize("hours", [1, 25])
def test_an_order_whose_draft_was_deleted_and_replaced_is_not_billed_again_from_a_copy(
    opened, simulator, make_order, copies, hours
):
    """A day later Stripe makes a second invoice; before, its answer is of before the payment."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    send_invoice(opened, order.id, send=False)
    keep()
    draft = fresh(opened, order).live_invoice.stripe_invoice_id
    opened.gateway.delete(f"/v1/invoices/{draft}")
    create_stripe_invoice(fresh(opened, order), opened=opened)
    simulator.control.pay(fresh(opened, order).stripe_invoice_id, amount=400_00)
    restore(hours)
    sync_conference(opened, full=True)
    create_stripe_invoice(fresh(opened, order), opened=opened)
    sync_conference(opened)
    sent = [row for row in simulator.control.all("invoice") if row["id"] != draft]
    assert [row["id"] for row in sent] == [fresh(opened, order).stripe_invoice_id]
    assert fresh(opened, order).sums.paid == 400_00


def billed_elsewhere(settings, clock, tmp_path, order):
    """Send the invoice of the same purchase order from another database."""
    elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/second.db"})
    second = open_unpaced(elsewhere, clock)
    theirs = create_purchase_order(
        second.slug,
        organization_name=order.organization_name,
        contact_email=order.contact_email,
        po_number=order.po_number,
        line_items=[{"description": "Booth", "unit_price": Decimal("1000.00")}],
        opened=second,
    )
    create_stripe_invoice(theirs, opened=second)
    second.store.engine.dispose()


def test_an_invoice_that_was_edited_just_after_a_batch_had_read_it_is_not_billed_beside(
    opened, settings, simulator, make_order, clock, tmp_path
):
    """A batch believes for a minute what it has read; the revision has come since."""
    order, began = make_order(("Booth", 1, "1000.00"), po_number="4711"), clock()
    billed_elsewhere(settings, clock, tmp_path, order)
    billed.list_invoices(opened)
    (invoice,) = simulator.control.all("invoice")
    revision = simulator.control.revise(invoice["id"])
    with pytest.raises(AlreadyBilledError, match=revision["id"]):
        billed.find_billed(opened, order, since=began)


@pytest.mark.parametrize("send", [None, False])
def test_what_another_database_billed_since_it_was_begun_is_not_billed_beside(
    opened, settings, simulator, make_order, clock, tmp_path, send
):
    """The sponsor would be asked twice: whoever goes on days later believes it has looked."""
    order = make_order(("Booth", 1, "1000.00"), po_number="4711")
    if send is None:
        release(claim(opened, order.id))
    else:
        send_invoice(opened, order.id, send=False)
    clock.advance(hours=25)
    simulator.control.advance(25 * 3600)
    billed_elsewhere(settings, clock, tmp_path, order)
    for _ in range(2):
        with pytest.raises(AlreadyBilledError, match="4711"):
            create_stripe_invoice(fresh(opened, order), opened=opened)
    (invoice,) = simulator.control.all("invoice")
    adopt_invoice(opened, order.reference, invoice["id"])
    assert fresh(opened, order).status == "sent"


def histories(opened, simulator, order):
    """Return what somebody does with a purchase order, step by step; each step can be repeated."""
    ref, at_stripe = order.reference, simulator.control

    def invoice():
        create_stripe_invoice(fresh(opened, order), opened=opened)

    def typed(amount, number, **more):
        return lambda: wire(opened, order, amount, number=number, **more)

    def credited(amount):
        return lambda: credit(opened, ref, amount=Decimal(amount), reason=f"Minus {amount}")

    def given_back(amount, **how):
        return lambda: refund(opened, ref, amount=Decimal(amount), **how)

    def by_card():
        if not any(p["status"] == "paid" for p in at_stripe.all("invoice_payment")):
            at_stripe.pay(fresh(opened, order).stripe_invoice_id, amount=1000_00)
        sync_conference(opened)

    def statement():
        import_bank_statement(
            opened, camt([Entry(opened.today(), Decimal("1000.00"), f"WIRE {ref}")])
        )

    out = {"method": "wire", "payment_reference": "OUT1"}
    return {
        "two wires": [invoice, typed("400", "FT1"), typed("600", "FT2")],
        "wire first": [typed("300", "FT1"), invoice, credited("50")],
        "reissue": [invoice, lambda: reissue(opened, ref), typed("1000", "FT1")],
        "reissue twice": [invoice, lambda: reissue(opened, ref), lambda: reissue(opened, ref)],
        "credit": [invoice, credited("50"), lambda: reissue(opened, ref), credited("30")],
        "cancel": [invoice, lambda: cancel(opened, ref)],
        "refund": [invoice, by_card, given_back("100"), given_back("200")],
        "credit and refund": [invoice, by_card, credited("100"), given_back("100")],
        "statement": [invoice, statement, lambda: match_bank(opened, apply=True)],
        "wire back": [invoice, typed("1000", "FT1"), given_back("100", **out)],
        "too much": [invoice, typed("1200", "FT1", overpaid=True), given_back("200", **out)],
    }


LENGTHS = {name: len(steps) for name, steps in histories(None, SimpleNamespace(control=None),
    SimpleNamespace(reference="")).items()}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "done"), [(name, done) for name, steps in LENGTHS.items() for done in range(steps)]
)
def test_a_copy_of_before_any_step_ends_as_if_nothing_had_been_lost(
    opened, simulator, make_order, copies, name, done
):
    """Whoever does the rest again and follows each refusal neither asks nor pays twice."""
    keep, restore = copies
    order = make_order(("Booth", 1, "1000.00"))
    steps = histories(opened, simulator, order)[name]
    for number, step in enumerate(steps):
        if number == done:
            keep()
        step()
    wanted = outcome(opened, simulator, order)
    restore()
    for step in steps[done:]:
        do_again(opened, step)
    assert sync_conference(opened, full=True).problems == []
    assert outcome(opened, simulator, order) == wanted


def do_again(opened, step):
    for _ in range(3):
        try:
            return step()
        except DuplicateEntryError:
            return None  # it is there already
        except PoToolkitError as error:
            remedy = error.remedy.command if error.remedy else ("",)
            if remedy[0] == "adopt":
                adopt_invoice(opened, *remedy[-2:])
            elif "ync" in str(error):
                sync_conference(opened)
            else:
                return None  # it makes no sense any more
    return None


def outcome(opened, simulator, order):
    order, at_stripe = fresh(opened, order), simulator.control
    return {
        "asked": sorted(
            (i["status"], i["amount_due"], i["amount_remaining"])
            for i in at_stripe.all("invoice") if i["status"] != "void"
        ),
        "refunds": sorted(r["amount"] for r in at_stripe.all("refund")),
        "credit notes": sorted(n["amount"] for n in at_stripe.all("credit_note")),
        "reported": sorted(attached(simulator)),
        "credit left": sorted(c["balance"] for c in at_stripe.all("customer")),
        "books": (order.status, order.sums, sorted((e.kind, e.amount) for e in order.entries)),
    }  # fmt: skip
