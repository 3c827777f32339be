"""Two hands on one purchase order: nothing is entered twice, nobody waits in a ring."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import select

from po_toolkit import create_stripe_invoice
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import events_on_hold
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import WriteState
from po_toolkit.errors import DuplicateEntryError, LostLeaseError
from po_toolkit.invoicing.lease import claim
from po_toolkit.payments.stripe_invoices import take_payments
from po_toolkit.store import jobs, stripe_only, stripe_writes, webhook_events
from po_toolkit.store.columns import utc_now
from po_toolkit.store.tables import Invoice, LedgerEntry, RowVersion, StrayInvoice, WebhookEvent
from po_toolkit.store.webhook_events import Delivery
from tests.conftest import fresh


def together(*tasks):
    """Start all tasks at the same moment; return their results, or raise what one raised."""
    gate = threading.Barrier(len(tasks))

    def run(task):
        gate.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(60) for future in [pool.submit(run, task) for task in tasks]]


@pytest.fixture
def paid(opened, simulator, make_order):
    """Eight sent invoices, each paid in two parts."""
    orders = []
    for number in range(8):
        order = make_order(("Booth", 1, "100.00"), po_number=str(number))
        create_stripe_invoice(order, opened=opened)
        stripe_id = fresh(opened, order).stripe_invoice_id
        simulator.control.pay(stripe_id, 4_000)
        simulator.control.pay(stripe_id, 6_000)
        orders.append(order)
    return orders


def test_a_locked_purchase_order_waits_for_the_first_to_finish(opened, make_order):
    order = make_order()
    locked, trying, seen = threading.Event(), threading.Event(), []

    def first():
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            uow.lock_purchase_order(order.id).notes = "first"
            locked.set()
            assert trying.wait(10)
            seen.append("first")

    def second():
        assert locked.wait(10)
        trying.set()
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            found = uow.lock_purchase_order(order.id)
            seen.append(f"second after {found.notes}")

    together(first, second)
    assert seen == ["first", "second after first"]


def test_the_same_payments_by_webhook_and_sync_at_once_are_entered_once(opened, simulator, paid):
    said = [p for p in simulator.control.all("invoice_payment") if p["status"] == "paid"]
    together(
        lambda: take_payments(opened, said),
        lambda: take_payments(opened, said[::-1]),
        lambda: sync_conference(opened, full=True),
        lambda: sync_conference(opened, full=True),
    )
    for order in paid:
        after = fresh(opened, order)
        assert sorted(e.amount for e in after.entries) == [4_000, 6_000]
        assert after.status == "paid"


def test_events_worked_by_many_at_once_are_each_worked_by_one(opened, simulator, paid):
    events = [e for e in simulator.control.all("event") if e["type"] == "invoice_payment.paid"]
    webhook_events.keep(
        opened.store,
        [Delivery(opened.conference.id, e["id"], e["type"], json.dumps(e)) for e in events],
    )

    def hand():
        done = 0
        while number := work_events(opened, limit=3):
            done += number
        return done

    assert sum(together(*[hand] * 4)) == len(events) == 16
    with opened.store.reading() as session:
        assert {(r.state, r.attempts) for r in session.query(WebhookEvent)} == {("processed", 1)}
        assert session.query(LedgerEntry).count() == 16
    assert events_on_hold(opened) == []


def test_what_a_dead_process_had_claimed_is_worked_by_the_next(opened, simulator, paid, clock):
    (event, *_) = [e for e in simulator.control.all("event") if e["type"] == "invoice_payment.paid"]
    delivery = Delivery(opened.conference.id, event["id"], event["type"], json.dumps(event))
    webhook_events.keep(opened.store, [delivery])
    jobs.ensure_events(opened.store, [opened.conference.id], opened.now())
    slugs, kinds = [opened.slug], [jobs.EVENTS]
    with opened.store.bookkeeping() as connection:
        held = jobs.claim_others(connection, "dead", opened.now(), 4, slugs=slugs, kinds=kinds)
    assert len(held) == 1
    assert work_events(opened) == 0
    clock.advance(seconds=jobs.LEASE.total_seconds() + 1)
    assert work_events(opened) == 1


def test_a_slow_worker_does_not_fail_an_event_that_another_has_ended(opened):
    """Else it is tried again without its payload, which was dropped, until a person must look."""
    ended = {"evt_theirs": "ignored", "evt_ours": "processed"}
    webhook_events.keep(
        opened.store, [Delivery(opened.conference.id, name, "invoice.paid", "{}") for name in ended]
    )
    with opened.store.reading() as session:
        events = webhook_events.waiting(session, opened.conference, utc_now(), 9)
    for states in (ended.values(), ("failed", "failed")):
        outcomes = [
            webhook_events.Outcome(event.id, state, 1, "No answer." if state == "failed" else "")
            for event, state in zip(events, states, strict=True)
        ]
        webhook_events.note(opened.store, outcomes, utc_now())
    with opened.store.reading() as session:
        rows = session.scalars(select(WebhookEvent))
        assert {row.stripe_event_id: row.state for row in rows} == ended


def test_the_same_wire_from_two_windows_is_entered_once(opened, make_order):
    order = make_order(("Booth", 1, "100.00"))

    def enter():
        try:
            record_payment_by_hand(
                opened,
                order.reference,
                amount=Decimal("40.00"),
                method="wire",
                payment_reference="FT1",
                payment_date=opened.today(),
            )
        except DuplicateEntryError:
            return "refused"
        return "entered"

    assert sorted(together(enter, enter)) == ["entered", "refused"]
    assert [e.amount for e in fresh(opened, order).entries] == [4_000]


def test_the_same_wire_for_an_open_invoice_from_two_windows_reaches_stripe_once(
    opened, simulator, make_order
):
    order = make_order(("Booth", 1, "100.00"))
    create_stripe_invoice(order, opened=opened)

    def enter():
        try:
            record_payment_by_hand(
                opened,
                order.reference,
                amount=Decimal("40.00"),
                method="wire",
                payment_reference="FT1",
                payment_date=opened.today(),
            )
        except DuplicateEntryError:
            return

    together(enter, enter)
    after = fresh(opened, order)
    assert [e.amount for e in after.entries] == [4_000]
    assert simulator.control.get(after.stripe_invoice_id)["amount_paid"] == 4_000


def test_two_transactions_that_store_the_same_write_at_once_both_end(opened):
    def insert(slot):
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            return stripe_writes.insert(
                uow,
                kind="payment_record",
                slot=slot,
                attempt=1,
                state=WriteState.PENDING,
                path="/v1/payment_records/report_payment",
                body={},
                conference_id=opened.conference.id,
                purchase_order_id=None,
                now=utc_now(),
            )

    for number in range(30):
        stored = together(*[partial(insert, f"slot-{number}")] * 4)
        assert sum(write is not None for write in stored) == 1


def test_locks_on_several_purchase_orders_never_wait_in_a_ring(opened, make_order):
    ids = [make_order(po_number=str(n)).id for n in range(6)]

    def lock(order_ids):
        for _ in range(10):
            with opened.store.writing(opened.actor, Act.SYNC) as uow:
                for order in uow.lock_purchase_orders(order_ids).values():
                    order.notes = "touched"

    together(lambda: lock(ids), lambda: lock(ids[::-1]), lambda: lock(ids[2:] + ids[:2]))


def change_beside(opened, lease, **values):
    """Change the leased row from outside, as a sync or another worker does."""
    with opened.store.writing(opened.actor, Act.SYNC) as uow:
        row = uow.session.get_one(Invoice, lease.invoice.id)
        for name, value in values.items():
            setattr(row, name, value)


def test_a_worker_keeps_what_a_sync_wrote_between_two_of_its_steps(opened, make_order):
    """Else a step would put the sums of an older read over those of a newer one."""
    lease = claim(opened, make_order().id)
    change_beside(opened, lease, number="F-7", stripe_status="open")
    lease.advance(state="drafting", stripe_invoice_id="in_1")
    lease.advance(stripe_status="paid")
    with opened.store.reading() as session:
        row = session.get_one(Invoice, lease.invoice.id)
        versions = session.scalars(select(RowVersion.old_values).order_by(RowVersion.id)).all()
    assert (row.number, row.state, row.stripe_invoice_id) == ("F-7", "drafting", "in_1")
    assert lease.invoice.number == "F-7"
    assert versions == [
        {"stripe_status": ""},
        {"state": "planned", "stripe_invoice_id": None},
        {"stripe_status": "open"},
    ]


@pytest.mark.parametrize("taken", [{"lease_owner": "another"}, {"generation": 2}])
def test_a_worker_whose_lease_another_has_commits_nothing(opened, make_order, taken):
    """It would bill what the other one is billing."""
    lease = claim(opened, make_order().id)
    change_beside(opened, lease, **taken)
    with pytest.raises(LostLeaseError):
        lease.advance(state="drafting", stripe_invoice_id="in_1")
    assert (lease.invoice.state, lease.invoice.stripe_invoice_id) == ("planned", None)
    with opened.store.reading() as session:
        row = session.get_one(Invoice, lease.invoice.id)
        assert (row.state, row.stripe_invoice_id) == ("planned", None)


def test_an_invoice_that_two_workers_read_at_once_is_kept_once(opened):
    """The second worker's purchase order would fail with a database error."""
    said = {
        "id": "in_1",
        "status": "open",
        "currency": "usd",
        "total": 100,
        "created": 1_800_000_000,
        "customer_name": "Acme",
    }

    def keep():
        with opened.store.writing(opened.actor, Act.SYNC) as uow:
            stripe_only.note_strays(uow, opened.conference, [said], opened.now())

    together(*[keep] * 6)
    with opened.store.reading() as session:
        assert session.scalars(select(StrayInvoice.stripe_invoice_id)).all() == ["in_1"]
