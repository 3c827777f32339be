"""A copy of the database is restored after Stripe has forgotten the keys: nothing counts twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.amend import reissue
from po_toolkit.api.invoices import adopt_invoice
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import DuplicateEntryError, PoToolkitError, PurchaseOrderError
from tests.conftest import fresh

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def copies(opened, settings, simulator, clock, tmp_path):
    """Take a copy of the database, and restore it 25 hours later."""
    book, kept = Path(settings.database_url.removeprefix("sqlite:///")), tmp_path / "kept.db"

    def copy(source, target):
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as two:
            one.backup(two)

    def restore():
        opened.store.engine.dispose()
        copy(kept, book)
        clock.advance(hours=25)
        simulator.control.advance(25 * 3600)

    return lambda: copy(book, kept), restore


def wire(opened, order, amount="400.00", **more):
    record_payment_by_hand(
        opened, order.reference, amount=Decimal(amount), method="wire", payment_reference="FT1",
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
