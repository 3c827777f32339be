"""Whatever happens, in whatever order it is heard of: the ledger equals Stripe's books.

Random histories of acts at the simulator and here. Their events come late, twice, shuffled or not
at all, between syncs and two handlers at once; answers of Stripe get lost.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from contextlib import suppress
from threading import Thread

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.domain.sums import EntryKind as Kind
from po_toolkit.errors import PoToolkitError, StripeGatewayError
from po_toolkit.money import to_major
from po_toolkit.simulator import Simulator
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store.tables import WebhookEvent
from tests.flows.model_stage import NUMBERS, SECRET, Stage

NOT_NOW = (ApiError, LookupError, ValueError, PoToolkitError)
"""What an act may answer when it makes no sense at the moment."""

AMOUNTS = st.sampled_from([1_00, 33_33, 100_00, 450_50])
PICK = st.integers(0, 10_000)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request, tmp_path_factory):
    """A database and a simulator; each history has a conference and an account of its own."""
    with Simulator() as simulator:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path_factory.mktemp('model') / 'books.db'}", simulator
            return
        server = request.getfixturevalue("postgres_server")
        name = server.create()
        yield server.url(name), simulator
        server.drop(name)


def test_the_ledger_equals_stripes_books_after_any_history(world):
    run_state_machine_as_test(
        lambda: Histories(*world),
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Histories(Stage):
    """What sponsors, staff and banks do, and how the news of it comes."""

    # ---- acts here

    @initialize(amounts=st.lists(AMOUNTS, min_size=2, max_size=4))
    def some_orders(self, amounts):
        for number, amount in enumerate(amounts):
            self.order(amount, sponsor=1 + number % 2, send=number < 3)

    @rule(amount=AMOUNTS, sponsor=st.integers(1, 2), send=st.booleans())
    def order(self, amount, sponsor, send):
        order = create_purchase_order(
            self.slug,
            organization_name=f"Sponsor {sponsor}",
            contact_email=f"ap{sponsor}@example.org",
            line_items=[{"description": "Booth", "unit_price": to_major(amount, "usd")}],
            opened=self.opened,
        )
        if send:
            self.send(order)

    def send(self, order):
        with suppress(*NOT_NOW):
            create_stripe_invoice(order, opened=self.opened)

    @rule(number=PICK)
    def send_one(self, number):
        order = self.pick(self.orders(), number)
        if order is not None:
            self.send(order)

    @rule(number=PICK, amount=AMOUNTS, method=st.sampled_from(["wire", "check"]))
    def by_hand(self, number, amount, method):
        """Money by wire; it is other money than what was marked as paid in the dashboard."""
        order = self.pick(self.orders(), number)
        if order is None or order.status == "cancelled":
            return
        reference = f"FT{next(NUMBERS)}"
        with suppress(StripeGatewayError):  # it is kept, and must be in the books in the end
            ledger.record_payment_by_hand(
                self.opened,
                order.reference,
                amount=to_major(amount, "usd"),
                method=method,
                payment_reference=reference,
                again=True,
            )
        self.wires[order.reference] += amount

    @rule(number=PICK)
    def undo(self, number):
        mine = [
            (order, entry)
            for order in self.orders()
            for entry in order.entries
            if entry.source == "manual" and entry.kind == Kind.PAYMENT
            and not any(e.reverses_id == entry.id for e in order.entries)
        ]  # fmt: skip
        chosen = self.pick(mine, number)
        if chosen is not None:
            order, entry = chosen
            ledger.reverse_entry(self.opened, str(entry.id))
            self.wires[order.reference] -= entry.amount

    @rule(number=PICK, amount=AMOUNTS)
    def credit(self, number, amount):
        order = self.pick(self.orders(), number)
        if order is not None:
            with suppress(*NOT_NOW):
                ledger.credit(
                    self.opened, order.reference, amount=to_major(amount, "usd"), reason="smaller"
                )

    @rule(number=PICK, amount=AMOUNTS)
    def refund(self, number, amount):
        order = self.pick(self.orders(), number)
        if order is not None:
            with suppress(*NOT_NOW):
                ledger.refund(self.opened, order.reference, amount=to_major(amount, "usd"))

    @rule(number=PICK)
    def cancel(self, number):
        order = self.pick(self.orders(), number)
        if order is not None:
            with suppress(*NOT_NOW):
                ledger.cancel(self.opened, order.reference)

    # ---- acts at Stripe

    @rule(number=PICK, amount=st.one_of(st.none(), AMOUNTS), settled=st.booleans())
    def pay(self, number, amount, settled):
        invoice = self.invoice(number, "open", "uncollectible")
        if invoice is not None:
            method = "card" if settled else "us_bank_account"
            with suppress(*NOT_NOW):
                self.sim.pay(invoice["id"], amount, method, settled=settled)

    @rule(number=PICK, arrives=st.booleans())
    def bank_debit_ends(self, number, arrives):
        under_way = [p for p in self.at_stripe("invoice_payment") if p["status"] == "open"]
        payment = self.pick(under_way, number)
        if payment is not None:
            with suppress(*NOT_NOW):
                (self.sim.settle if arrives else self.sim.bounce)(payment["id"])

    @rule(number=PICK, amount=AMOUNTS)
    def bank_transfer(self, number, amount):
        customer = self.pick(self.at_stripe("customer"), number)
        if customer is not None:
            with suppress(*NOT_NOW):
                self.sim.transfer(customer["id"], amount)

    @rule(number=PICK, amount=AMOUNTS)
    def apply_cash(self, number, amount):
        invoice = self.invoice(number, "open")
        if invoice is not None:
            with suppress(*NOT_NOW):
                self.sim.apply_cash(invoice["id"], amount)

    @rule(number=PICK, reason=st.sampled_from(["fraudulent", "insufficient_funds"]))
    def dispute(self, number, reason):
        payment = self.payment(number)
        if payment is not None:
            with suppress(*NOT_NOW):
                self.sim.dispute(payment["id"], reason=reason)

    @rule(number=PICK, won=st.booleans())
    def dispute_ends(self, number, won):
        dispute = self.pick(self.at_stripe("dispute"), number)
        if dispute is not None:
            with suppress(*NOT_NOW):
                self.sim.close_dispute(dispute["id"], won=won)

    @rule(number=PICK, amount=st.one_of(st.none(), AMOUNTS))
    def refund_in_the_dashboard(self, number, amount):
        payment = self.payment(number)
        if payment is not None:
            with suppress(*NOT_NOW):
                self.sim.refund(payment["id"], amount)

    @rule(number=PICK, failed=st.booleans())
    def refund_ends(self, number, failed):
        refund = self.pick(self.at_stripe("refund"), number)
        if refund is not None:
            with suppress(*NOT_NOW):
                self.sim.finish_refund(refund["id"], failed=failed)

    @rule(number=PICK, act=st.sampled_from(["void", "mark_uncollectible"]))
    def in_the_dashboard(self, number, act):
        invoice = self.invoice(number, "open", "uncollectible")
        if invoice is not None:
            self.dashboard(f"/v1/invoices/{invoice['id']}/{act}", {})

    @rule(number=PICK)
    def marked_as_paid_in_the_dashboard(self, number):
        invoice = self.invoice(number, "open")
        if invoice is not None:
            self.dashboard(f"/v1/invoices/{invoice['id']}/pay", {"paid_out_of_band": True})

    @rule(number=PICK, amount=AMOUNTS, to_credit=st.booleans())
    def credit_note_in_the_dashboard(self, number, amount, to_credit):
        invoice = self.invoice(number, "open", "paid")
        if invoice is not None:
            body = {"invoice": invoice["id"], "amount": amount}
            after = amount - min(amount, invoice["amount_remaining"])
            if after:
                body["credit_amount" if to_credit else "out_of_band_amount"] = after
            self.dashboard("/v1/credit_notes", body)

    @rule(number=PICK)
    def credit_note_voided_in_the_dashboard(self, number):
        note = self.pick(self.at_stripe("credit_note"), number)
        if note is not None:
            self.dashboard(f"/v1/credit_notes/{note['id']}/void", {})

    def dashboard(self, path, body):
        with suppress(*NOT_NOW):
            self.opened.gateway.write(path, body, idempotency_key=f"dashboard-{next(NUMBERS)}")

    # ---- news, and the lack of it

    @rule(
        path=st.sampled_from(
            ["/v1/payment_records/*", "/v1/invoices/*", "/v1/credit_notes", "/v1/refunds"]
        ),
        kind=st.sampled_from(
            ["drop_before", "drop_after", "500", "500_stored_before", "500_stored_after", "409"]
        ),
        times=st.sampled_from([1, 6]),
    )
    def answers_get_lost(self, path, kind, times):
        self.sim.fail(path=path, method="POST", kind=kind, times=times)

    @rule()
    def answers_come_again(self):
        self.sim.clear_faults()

    @rule(order=st.randoms(use_true_random=False), share=st.floats(0.2, 1))
    def deliver(self, order, share):
        """Deliver some of what happened, old news too, in any order; the rest never comes."""
        events = self.at_stripe("event")
        chosen = [event for event in events if order.random() < share]
        order.shuffle(chosen)
        for event in chosen[:40]:
            body = json.dumps(event).encode()
            moment = int(time.time())
            digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256)
            receive(self.opened, body, f"t={moment},v1={digest.hexdigest()}")

    @rule(two=st.booleans())
    def work(self, two):
        hands = [self.opened, self.twin] if two else [self.opened]
        threads = [Thread(target=work_events, args=(opened,), kwargs={"limit": 10})
                   for opened in hands]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @rule(full=st.booleans())
    def sync(self, full):
        with suppress(StripeGatewayError):
            sync_conference(self.opened, full=full)

    # ---- the end

    def teardown(self):
        self.sim.clear_faults()
        first = sync_conference(self.opened)
        assert first.problems == []
        self.compare()
        again = sync_conference(self.opened, full=True)
        assert (again.problems, again.changes) == ([], [])
        assert (again.sweep.found, again.sweep.only_here) == (0, [])
        self.compare()
        with self.store.reading() as session:
            mine = session.query(WebhookEvent).filter_by(conference_id=self.opened.conference.id)
            assert {row.state for row in mine} <= {"received", "failed", "processed", "ignored"}
