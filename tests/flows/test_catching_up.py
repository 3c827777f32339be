"""Whoever was down for a week, or for two months, catches up exactly; and a sweep proves it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.schedules import sync_due
from po_toolkit.api.sync import sync_conference, sync_purchase_order
from po_toolkit.errors import PurchaseOrderError, StripeGatewayError
from po_toolkit.store import cursors
from po_toolkit.store.tables import Invoice, LedgerEntry
from tests.conftest import ON_SQLITE, fresh

DAY = 86_400


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


@pytest.mark.parametrize(("paid", "path", "skip"), [(4, "/v1/invoices/*", 2), (6, "/v1/inv*", 0)])
def test_a_sync_that_stops_short_is_no_success_and_is_made_good(
    opened, simulator, sent, paid, path, skip
):
    sent = sent[:paid]
    for order in sent:
        simulator.control.pay(order.stripe_invoice_id)
    before = cursor(opened)
    simulator.control.fail(path=path, method="GET", kind="500", times=99, skip=skip)
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


def sync_as_due(opened):
    """What a worker does by the clock."""
    asked = sync_due(opened)
    return sync_conference(opened, full=asked == "sweep") if asked else None


def test_the_clock_asks_for_a_sync_every_quarter_of_an_hour_and_a_sweep_every_night(
    opened, simulator, make_order, clock
):
    midday = opened.now().replace(hour=17, minute=0)
    clock.advance(seconds=(midday - opened.now()).total_seconds())
    assert sync_due(opened) == "sweep"
    assert sync_as_due(opened).sweep is not None
    assert sync_due(opened) == ""
    assert sync_as_due(opened) is None
    clock.advance(minutes=16)
    assert sync_due(opened) == "sync"
    assert sync_as_due(opened) is not None
    clock.advance(hours=24)
    assert sync_due(opened) == "sweep"


def test_what_cannot_be_told_or_adopted_is_no_complete_sync_and_stops_no_news(
    opened, simulator, sent, clock
):
    """Else one wire that Stripe does not answer hides every card payment, or looks synced."""
    told, adopting, paying, *_ = sent
    simulator.control.fail(path="/v1/payment_records/*", kind="500", times=999)
    with pytest.raises(StripeGatewayError):
        record_payment_by_hand(opened, told.reference, amount=Decimal(5), method="wire")
    with opened.store.writing(opened.actor, "adopt") as uow:
        uow.lock_purchase_order(adopting.id).claimed_invoice_id = "in_nobodys"
    simulator.control.pay(paying.stripe_invoice_id)
    before = cursor(opened).last_sync_at
    clock.advance(minutes=16)
    report = sync_conference(opened)
    assert [p.split(":")[0] for p in report.problems] == [adopting.reference, told.reference]
    assert fresh(opened, paying).status == "paid"
    after = cursor(opened)
    assert (after.last_sync_at, after.last_error) == (before, " ".join(report.problems))
    simulator.control.clear_faults()
    with opened.store.writing(opened.actor, "adopt") as uow:
        uow.lock_purchase_order(adopting.id).claimed_invoice_id = ""
    assert sync_conference(opened).complete
    assert cursor(opened).last_error == ""
    assert fresh(opened, told).total_paid == Decimal(5)


@pytest.mark.parametrize("where", ["adopt_claimed", "report_waiting"])
def test_a_sync_that_breaks_before_any_news_is_no_success(opened, sent, monkeypatch, where):
    def broken(_opened):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(f"po_toolkit.api.sync.{where}", broken)
    with pytest.raises(RuntimeError):
        sync_conference(opened)
    assert "RuntimeError" in cursor(opened).last_error


def test_what_stopped_short_is_tried_again_after_minutes_not_at_every_look_at_the_clock(
    opened, simulator, sent, clock
):
    simulator.control.fail(path="/v1/*", method="GET", kind="500", times=999)
    clock.advance(minutes=16)
    with pytest.raises(StripeGatewayError):
        sync_as_due(opened)
    assert sync_due(opened) == ""
    simulator.control.clear_faults()
    clock.advance(minutes=6)
    assert sync_due(opened) != ""
    assert sync_as_due(opened).complete
    assert sync_due(opened) == ""


def test_a_quiet_account_costs_one_call_a_sync_and_hears_the_next_news(
    opened, simulator, sent, pass_time
):
    """After 30 days without news Stripe lists no event to go on from."""
    for _ in range(3):
        pass_time(20)
        sync_conference(opened)
    quiet = sync_conference(opened)
    assert (quiet.stripe_calls, quiet.sweep) == (1, None)
    simulator.control.pay(sent[0].stripe_invoice_id)
    assert sync_conference(opened).payments_recorded == 1
    assert sync_conference(opened).payments_recorded == 0


def test_a_purchase_order_whose_first_draft_was_deleted_by_hand_can_be_synced(
    opened, simulator, make_order
):
    order = make_order(("Booth", 1, "100.00"), po_number="d")
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    draft = next(i for i in simulator.control.all("invoice") if i["status"] == "draft")
    opened.gateway.delete(f"/v1/invoices/{draft['id']}")
    with pytest.raises(PurchaseOrderError, match="no Stripe invoice yet"):
        sync_purchase_order(opened, order.reference)
    invoice_purchase_orders(opened, references=[order.reference])
    simulator.control.pay(fresh(opened, order).stripe_invoice_id)
    assert sync_purchase_order(opened, order.reference).payments_recorded == 1
    assert fresh(opened, order).status == "paid"


def test_money_that_came_back_weeks_later_is_dated_when_it_did(opened, simulator, sent, pass_time):
    """Else a closed month changes, and the month in which the money came shows nothing."""
    pay = simulator.control.pay
    dispute = simulator.control.dispute(pay(sent[0].stripe_invoice_id)["id"])
    refund = simulator.control.refund(pay(sent[1].stripe_invoice_id)["id"])
    taken = opened.today()
    pass_time(20)
    simulator.control.close_dispute(dispute["id"], won=True)
    simulator.control.finish_refund(refund["id"], failed=True)
    back = opened.today()
    pass_time(50)
    sync_conference(opened)
    days = [[e.payment_date for e in fresh(opened, order).entries] for order in sent[:2]]
    assert days == [[taken, taken, back]] * 2


@ON_SQLITE
@pytest.mark.parametrize(("paid", "most"), [(3, 4), (50, 10)])
def test_new_payments_cost_few_calls(opened, simulator, make_order, paid, most):
    """Else a busy day uses up the account's limit, which a batch of invoices needs."""
    orders = [make_order(("Booth", 1, "100.00"), po_number=str(n)) for n in range(paid + 2)]
    invoice_purchase_orders(opened, references=[order.reference for order in orders])
    sync_conference(opened)
    sent = [fresh(opened, order) for order in orders]
    for order in sent[:paid]:
        simulator.control.pay(order.stripe_invoice_id)
    simulator.control.clear_calls()
    report = sync_conference(opened)
    assert report.payments_recorded == paid
    assert report.stripe_calls == len(simulator.control.calls()) <= most
    assert [fresh(opened, order).status for order in sent] == ["paid"] * paid + ["sent"] * 2
    with opened.store.reading() as session:
        states = session.query(Invoice.stripe_status).order_by(Invoice.id).all()
    assert [state for (state,) in states] == ["paid"] * paid + ["open"] * 2
