"""A batch of purchase orders: queued once, worked to the end, paced, paused, retried."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from po_toolkit import create_stripe_invoice, record_payment
from po_toolkit.api.invoices import invoice_purchase_orders, preview_invoices
from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.billed import Listing
from po_toolkit.invoicing.customers import WORTH_PAGES
from po_toolkit.invoicing.lease import claim
from po_toolkit.jobs import batches, worker
from po_toolkit.jobs.batches import invoice_many, wait_for
from po_toolkit.jobs.invoices import Invoicing
from po_toolkit.jobs.worker import Worker
from po_toolkit.store import jobs, stripe_only
from po_toolkit.store.tables import Job
from po_toolkit.stripe_gateway.client import StripeGateway
from tests.conftest import KEY, open_unpaced


def orders_of(make_order, count, **details):
    return [
        make_order(
            ("Booth", 1, f"{n}.00"),
            po_number=str(n),
            organization=f"Sponsor {n}",
            email=f"ap{n}@sponsor.example",
            **details,
        ).reference
        for n in range(1, count + 1)
    ]


def run(opened, settings, batch_id, step=None):
    with Worker(settings, only=[batch_id]):
        return wait_for(opened, batch_id, step)


@pytest.fixture
def unhurried(simulator, monkeypatch):
    """A worker that has not done all of a batch before its first result is heard of."""
    simulator.world.options = replace(simulator.world.options, latency=0.05)
    few = Worker.__init__.__kwdefaults__ | {"concurrency": 2}
    monkeypatch.setattr(Worker.__init__, "__kwdefaults__", few)


def test_a_batch_is_worked_to_the_end_and_tells_each_result(
    opened, settings, simulator, make_order
):
    references = orders_of(make_order, 12)
    batch_id = batches.start(opened, references)
    seen = []
    progress = run(opened, settings, batch_id, seen.append)
    assert (progress.state, progress.invoiced, progress.failed) == ("done", 12, 0)
    assert Counter(result.reference for result in seen) == Counter(references)
    assert sorted(i["total"] for i in simulator.control.all("invoice")) == [
        n * 100 for n in range(1, 13)
    ]
    report = batches.results(opened, batch_id)
    assert [r.reference for r in report.results] == references
    assert all(r.hosted_invoice_url for r in report.results)


def test_many_new_sponsors_are_looked_for_by_pages(opened, settings, simulator, make_order):
    opened.gateway.write(
        "/v1/customers", {"name": "sponsor 3", "email": "AP3@sponsor.example"}, idempotency_key="k"
    )
    references = orders_of(make_order, 25)
    simulator.control.clear_calls()
    progress = run(opened, settings, batches.start(opened, references))
    calls = Counter(call.method for call in simulator.control.calls())
    assert progress.invoiced == 25
    assert calls.total() <= 4.2 * 25
    assert len(simulator.control.all("customer")) == 25


@pytest.mark.parametrize(("age", "lists"), [(20, 0), (40, 1), (70, 1)])
def test_a_long_batch_reads_what_is_new_once_and_not_with_each_purchase_order(
    opened, settings, simulator, make_order, age, lists
):
    """Each thread read every invoice of the batch again: a thousand cost twice as much."""
    simulator.world.options = replace(simulator.world.options, latency=0.02)
    batches.start(opened, orders_of(make_order, WORTH_PAGES))
    invoicing, now = Invoicing(settings, opened.store), datetime.now(UTC)
    whose = {"slugs": [opened.slug]}
    with opened.store.bookkeeping() as connection:
        (beginning,) = jobs.claim_others(connection, "w", now, 9, kinds=[jobs.BATCH], **whose)
    invoicing.batch(beginning)
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        stripe_only.note_listed(uow, opened.conference, now - timedelta(seconds=age))
    with opened.store.bookkeeping() as connection:
        claimed = jobs.claim_invoices(connection, "w", now, 99, **whose)
    simulator.control.clear_calls()
    with ThreadPoolExecutor(8) as pool:
        begun = [replace(job, batch_created_at=now - timedelta(minutes=2)) for job in claimed]
        done = list(pool.map(invoicing.invoice, begun))
    assert [result.state for result in done] == ["invoiced"] * WORTH_PAGES
    calls = [c for c in simulator.control.calls() if (c.method, c.path) == ("GET", "/v1/invoices")]
    assert len(calls) == lists


def test_what_is_new_is_read_from_the_newest_on_that_was_read(
    opened, clock, simulator, make_order, monkeypatch
):
    """An hour of a large batch is many pages, and only its last minute can be new."""
    listing, began, asked = Listing(), clock(), []
    pages = StripeGateway.pages
    monkeypatch.setattr(
        StripeGateway, "pages", lambda *a: asked.append(a[2].get("created")) or pages(*a)
    )
    listing.begin(opened)
    for number in ("first", "second"):
        create_stripe_invoice(make_order(("Booth", 1, "10.00"), po_number=number), opened=opened)
        clock.advance(seconds=40)
        simulator.control.advance(40)
        listing.renew(opened, began)
    first, second = sorted(i["created"] for i in simulator.control.all("invoice"))
    assert asked[-1] == {"gte": first - 60}
    assert first < second


def test_a_paused_batch_waits_and_goes_on_when_resumed(opened, settings, simulator, make_order):
    references = orders_of(make_order, 3)
    batch_id = batches.start(opened, references)
    batches.pause(opened, batch_id)
    assert run(opened, settings, batch_id).invoiced == 0
    assert simulator.control.all("invoice") == []
    batches.resume(opened, batch_id)
    assert run(opened, settings, batch_id).invoiced == 3


def left_by_a_dead_worker(opened, count):
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        for job in uow.session.query(Job).order_by(Job.id).limit(count):
            job.state, job.lease_owner, job.attempts = "running", "dead", 1
            job.lease_until = datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("stop", "waiting", "cancelled"), [(batches.pause, 3, 0), (batches.cancel, 0, 3)]
)
def test_what_died_with_its_worker_before_a_batch_was_stopped_does_not_run_for_ever(
    opened, settings, make_order, monkeypatch, stop, waiting, cancelled
):
    """Else the batch never ends, and whoever waits for it waits for ever."""
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.1)
    batch_id = batches.start(opened, orders_of(make_order, 3))
    left_by_a_dead_worker(opened, 2)
    stop(opened, batch_id)
    with Worker(settings):
        progress = wait_for(opened, batch_id)
    assert (progress.running, progress.waiting, progress.cancelled) == (0, waiting, cancelled)


def test_what_several_dead_workers_left_behind_is_taken_up_again(
    opened, settings, simulator, make_order
):
    """Else a batch stands still for ever when all it has in hand died with a machine."""
    batch_id = batches.start(opened, orders_of(make_order, 6))
    left_by_a_dead_worker(opened, 4)
    pauses, pause = iter([0.1] * 300), threading.Event()
    with Worker(settings, only=[batch_id], concurrency=2):
        progress = wait_for(opened, batch_id, sleep=lambda _: pause.wait(next(pauses)))
    assert progress.invoiced == 6


def test_a_batch_whose_worker_dies_again_and_again_is_paused_and_can_go_on(
    opened, settings, simulator, make_order
):
    """Else it shows as running for ever, and nobody does it."""
    batch_id = batches.start(opened, orders_of(make_order, 3))
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        uow.session.query(Job).filter_by(kind="batch").one().attempts = jobs.MOST_ATTEMPTS
    progress = run(opened, settings, batch_id)
    assert (progress.state, progress.invoiced) == ("paused", 0)
    assert "stopped 5 times" in progress.error
    batches.resume(opened, batch_id)
    assert run(opened, settings, batch_id).invoiced == 3


def test_a_cancelled_batch_sends_nothing_more(opened, settings, simulator, make_order):
    batch_id = batches.start(opened, orders_of(make_order, 3))
    batches.cancel(opened, batch_id)
    progress = run(opened, settings, batch_id)
    assert (progress.state, progress.cancelled, progress.invoiced) == ("cancelled", 3, 0)
    with pytest.raises(PurchaseOrderError, match="cancelled"):
        batches.resume(opened, batch_id)


@pytest.mark.parametrize(
    ("stop", "said"), [(batches.cancel, "cancelled"), (batches.pause, "paused")]
)
def test_a_command_whose_batch_somebody_else_stopped_says_what_was_not_done(
    opened, settings, simulator, make_order, unhurried, stop, said
):
    references = orders_of(make_order, 12)
    stopped = []

    def look(_result):
        if not stopped:
            stopped.append(batches.latest(opened)[0].batch_id)
            stop(opened, stopped[0])

    done = invoice_many(opened, settings, references, step=look)
    left = [r for r in done.report.results if said in r.error]
    assert sorted(r.reference for r in done.report.results) == sorted(references)
    assert said in done.stopped
    assert 0 < len(left) < len(references)


def test_only_the_failures_of_a_batch_are_tried_again(opened, settings, simulator, make_order):
    good = orders_of(make_order, 2)
    bad = make_order(po_number="bad", due_date=opened.today() + timedelta(days=7 * 365)).reference
    batch_id = batches.start(opened, [*good, bad])
    assert run(opened, settings, batch_id).failed == 1
    simulator.control.clear_calls()
    assert batches.retry(opened, batch_id) == 1
    progress = run(opened, settings, batch_id)
    assert (progress.invoiced, progress.failed) == (2, 1)
    calls = simulator.control.calls()
    drafts = [call for call in calls if (call.method, call.path) == ("POST", "/v1/invoices")]
    assert [call.status for call in drafts] == [400]


def test_a_key_revoked_midway_pauses_the_batch_with_its_reason(
    opened, settings, simulator, make_order
):
    references = orders_of(make_order, 8)
    simulator.control.revoke_key(KEY)
    ended = invoice_many(opened, settings, references)
    assert "key" in ended.stopped
    assert ended.report.failed == 8
    simulator.control.revoke_key(KEY, revoked=False)
    assert invoice_many(opened, settings, references).report.invoiced == 8
    assert len(simulator.control.all("invoice")) == 8


def test_two_engines_on_one_batch_bill_once(opened, settings, simulator, make_order):
    references = orders_of(make_order, 6)
    first, second = (batches.start(opened, references) for _ in range(2))
    with Worker(settings, only=[first, second]):
        a, b = wait_for(opened, first), wait_for(opened, second)
    assert a.invoiced + b.invoiced >= 6
    assert a.failed + b.failed == 0
    assert len(simulator.control.all("invoice")) == 6


def test_two_drivers_of_one_order_bill_once(opened, settings, clock, simulator, make_order):
    order = make_order()
    barrier = threading.Barrier(4)
    reports = []

    def press() -> None:
        mine = open_unpaced(settings, clock)
        barrier.wait()
        reports.append(invoice_purchase_orders(mine, references=[order.reference]))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.invoiced for r in reports) == [0, 0, 0, 1]
    assert sum(r.failed for r in reports) == 0
    assert len(simulator.control.all("invoice")) == 1


def test_settings_changed_between_two_tries_change_no_stored_body(opened, simulator, make_order):
    order = make_order()
    simulator.control.fail(path="/v1/invoices", kind="drop_after", times=20)
    assert invoice_purchase_orders(opened, references=[order.reference]).failed == 1
    simulator.control.clear_faults()
    opened.conference.invoice_footer = "New footer"
    opened.conference.days_until_due = 7
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    (invoice,) = simulator.control.all("invoice")
    assert invoice["footer"] is None


@pytest.mark.parametrize("act", ["delete", "edit", "finalize"])
def test_a_draft_touched_by_hand_is_noticed(opened, simulator, make_order, act):
    order = make_order()
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    (draft,) = simulator.control.all("invoice")
    path = f"/v1/invoices/{draft['id']}"
    if act == "delete":
        opened.gateway.delete(path)
    elif act == "edit":
        extra = {"lines": [{"description": "Lunch", "amount": 500}]}
        opened.gateway.write(f"{path}/add_lines", extra, idempotency_key="by-hand")
    else:
        opened.gateway.write(f"{path}/finalize", {}, idempotency_key="by-hand")
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    (invoice,) = simulator.control.all("invoice")
    assert (invoice["status"], invoice["total"]) == ("open", 1_755_000)
    assert invoice["metadata"]["generation"] == ("1" if act == "finalize" else "2")


def test_a_customer_deleted_in_the_dashboard_is_made_anew(opened, simulator, make_order):
    invoice_purchase_orders(opened, references=[make_order(po_number="1").reference])
    (customer,) = simulator.control.all("customer")
    opened.gateway.delete(f"/v1/customers/{customer['id']}")
    second = make_order(po_number="2")
    assert invoice_purchase_orders(opened, references=[second.reference]).invoiced == 1


def test_a_driver_risen_from_the_dead_changes_nothing(opened, clock, simulator, make_order):
    order = make_order()
    opened.check_account()
    dead = claim(opened, order.id)
    clock.advance(seconds=20)
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    with pytest.raises(PurchaseOrderError, match="Another process is invoicing"):
        dead.advance(step="draft", state="planned")
    assert len(simulator.control.all("invoice")) == 1


def test_a_database_that_fails_midway_bills_once_afterwards(
    opened, simulator, make_order, monkeypatch
):
    order = make_order()
    real, left = type(opened.store).writing, iter(range(4))

    def full(self, actor, act):
        if next(left, None) is None:
            raise sqlite3.OperationalError("database or disk is full")
        return real(self, actor, act)

    monkeypatch.setattr(type(opened.store), "writing", full)
    with pytest.raises(sqlite3.OperationalError):
        invoice_purchase_orders(opened, references=[order.reference])
    monkeypatch.undo()
    opened_later = replace(opened, now=lambda: opened.now().replace(year=2027))
    opened_later.__dict__["gateway"] = opened.gateway
    assert invoice_purchase_orders(opened_later, references=[order.reference]).invoiced == 1
    assert len(simulator.control.all("invoice")) == 1


def test_a_preview_tells_mode_totals_doubts_and_what_is_skipped(opened, make_order):
    ready = make_order(("Booth", 1, "10.00"), po_number="")
    gone = make_order(("Booth", 2, "10.00"))
    invoice_purchase_orders(opened, references=[gone.reference])
    preview = preview_invoices(opened, references=[ready.reference, gone.reference])
    assert (preview.mode, [line.reference for line in preview.ready]) == ("test", [ready.reference])
    assert preview.ready[0].doubts == ["no PO number"]
    assert "already invoiced" in preview.skipped[0].reason
    live = ConferenceSettings(name="x", stripe_secret_key=SecretStr("sk_live_x"))
    assert preview_invoices(replace(opened, settings=live), all_draft=True).mode == "live"


def test_a_wire_before_the_batch_is_told_to_stripe_when_it_ends(
    opened, settings, simulator, make_order
):
    order = make_order()
    record_payment(order, Decimal("10000.00"), "wire", "FT1", opened=opened)
    run(opened, settings, batches.start(opened, [order.reference]))
    (invoice,) = simulator.control.all("invoice")
    assert (invoice["amount_paid"], invoice["amount_remaining"]) == (1_000_000, 755_000)
