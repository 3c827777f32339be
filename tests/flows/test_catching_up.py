"""Whoever was down for a week, or for two months, catches up exactly; and a sweep proves it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.schedules import run_due, sync_due
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import StripeGatewayError
from po_toolkit.store import cursors
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import Invoice, LedgerEntry

DAY = 86_400


def fresh(opened, order):
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference)


def cursor(opened):
    with opened.store.reading() as session:
        return cursors.cursor_of(session, opened.conference)


@pytest.fixture
def pass_time(simulator, clock):
    def days(number):
        simulator.control.advance(number * DAY)
        clock.advance(days=number)

    return days


@pytest.fixture
def sent(opened, make_order):
    """Six sent invoices of 100.00 USD, due in a year, synced once."""
    due = opened.today() + timedelta(days=365)
    orders = [make_order(("Booth", 1, "100.00"), po_number=str(n), due_date=due) for n in range(6)]
    invoice_purchase_orders(opened, references=[o.reference for o in orders])
    sync_conference(opened)
    return [fresh(opened, order) for order in orders]


@pytest.mark.parametrize("days", [7, 61])
def test_what_happened_while_nobody_listened_is_all_there_afterwards(
    opened, simulator, sent, pass_time, days
):
    whole, part, refunded, disputed, failed, credited = sent
    pay = simulator.control.pay
    pay(whole.stripe_invoice_id)
    pay(part.stripe_invoice_id, 4_000)
    back = simulator.control.refund(pay(refunded.stripe_invoice_id)["id"], 2_500)
    simulator.control.dispute(pay(disputed.stripe_invoice_id)["id"])
    undone = simulator.control.refund(pay(failed.stripe_invoice_id)["id"])
    simulator.control.finish_refund(undone["id"], failed=True)
    opened.gateway.write(
        "/v1/credit_notes",
        {"invoice": credited.stripe_invoice_id, "amount": 3_000},
        idempotency_key="by hand",
    )
    pass_time(days)
    report = sync_conference(opened)
    assert (report.payments_recorded, report.refunds_recorded) == (5, 2)
    assert (report.sweep is not None) == (days > 29)
    balances = [fresh(opened, order).balance_due for order in sent]
    assert balances == [Decimal(n) for n in (0, 60, 25, 100, 0, 70)]
    assert back["id"] in {e.source_id for e in fresh(opened, refunded).entries}
    again = sync_conference(opened, full=True)
    assert (again.changes, again.sweep.found, again.sweep.only_here) == ([], 0, [])
    counted = again.sweep.as_json()
    del counted["only_here"]
    assert counted == {
        "invoices": 6, "payments": 5, "refunds": 2, "disputes": 1, "credit_notes": 1, "found": 0,
    }  # fmt: skip


def test_a_sync_that_stops_short_is_no_success_and_is_made_good(opened, simulator, sent):
    for order in sent:
        simulator.control.pay(order.stripe_invoice_id)
    before = cursor(opened)
    simulator.control.fail(path="/v1/invoices/*", method="GET", kind="500", times=99, skip=2)
    with pytest.raises(StripeGatewayError):
        sync_conference(opened)
    after = cursor(opened)
    assert after.last_event_id == before.last_event_id
    assert "failed with 500" in after.last_error
    simulator.control.clear_faults()
    sync_conference(opened)
    assert {fresh(opened, order).status for order in sent} == {"paid"}
    assert cursor(opened).last_error == ""


def test_one_payment_that_cannot_be_booked_stops_no_other_and_is_named(opened, simulator, sent):
    odd, *others = sent
    with opened.store._writer.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE purchase_orders SET currency = 'eur' WHERE id = {odd.id}"
        )
    for order in sent:
        simulator.control.pay(order.stripe_invoice_id)
    for full in (False, True):
        report = sync_conference(opened, full=full)
        assert not report.complete
        assert odd.reference in report.problems[0]
        assert {fresh(opened, order).status for order in others} == {"paid"}
        assert cursor(opened).last_error


def test_a_sweep_finds_what_no_event_told_and_what_stripe_no_longer_has(opened, simulator, sent):
    simulator.control.pay(sent[0].stripe_invoice_id)
    with opened.store.writing(opened.actor, "sync") as uow:
        row = cursors.cursor_row(uow, opened.conference)
        newest = simulator.control.all("event")[-1]
        row.last_event_id = newest["id"]
        invoice = uow.session.query(Invoice).filter_by(purchase_order_id=sent[1].id).one()
        uow.session.add(
            LedgerEntry(
                conference_id=opened.conference.id,
                purchase_order_id=sent[1].id,
                invoice_id=invoice.id,
                kind="payment",
                method="stripe",
                amount=500,
                currency="usd",
                source="stripe",
                source_id="inpay_invented",
                payment_date=opened.today(),
                entered_by="nobody",
            )
        )
    assert sync_conference(opened).payments_recorded == 0
    report = sync_conference(opened, full=True)
    assert report.sweep.found == 1
    assert report.sweep.only_here == [f"inpay_invented ({sent[1].reference})"]
    assert cursor(opened).last_sweep["only_here"] == report.sweep.only_here
    assert fresh(opened, sent[0]).status == "paid"


def test_the_clock_asks_for_a_sync_every_quarter_of_an_hour_and_a_sweep_every_night(
    opened, simulator, make_order, clock
):
    midday = opened.now().replace(hour=17, minute=0)
    clock.advance(seconds=(midday - opened.now()).total_seconds())
    assert sync_due(opened) == "sweep"
    assert run_due(opened).sweep is not None
    assert sync_due(opened) == ""
    assert run_due(opened) is None
    clock.advance(minutes=16)
    assert sync_due(opened) == "sync"
    assert run_due(opened) is not None
    clock.advance(hours=24)
    assert sync_due(opened) == "sweep"
