"""Whatever happens, in whatever order it is heard of: the ledger equals Stripe's books.

Random histories of acts at the simulator and here. Their events come late, twice, shuffled or not
at all, between syncs and two handlers at once; answers of Stripe get lost.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import timedelta
from random import Random
from threading import Thread

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from po_toolkit import create_purchase_order, create_stripe_invoice
from po_toolkit.api import ledger
from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, choose
from po_toolkit.api.invoices import decide_balance
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.domain.same_money import SAME_MONEY
from po_toolkit.domain.sums import EntryKind as Kind
from po_toolkit.errors import PoToolkitError, StripeGatewayError
from po_toolkit.money import to_major
from po_toolkit.payments.intents import takes_payments
from po_toolkit.payments.refunds import refundable
from po_toolkit.simulator import Simulator, unproven
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store.tables import WebhookEvent
from tests.bank.statement import Entry, camt
from tests.flows.model_stage import NUMBERS, Stage

EXAMPLES = int(os.environ.get("PO_TOOLKIT_HISTORIES", "18"))
"""How many histories, in real threads and over sockets; whole seasons look for the rest."""

NOT_NOW = (ApiError, LookupError, ValueError, PoToolkitError)
"""What an act may answer when it makes no sense at the moment."""

AMOUNTS = st.sampled_from([1_00, 33_33, 100_00, 450_50])
PICK = st.integers(0, 10_000)
KINDS = ["drop_before", "drop_after", "500", "500_stored_before", "500_stored_after", "409"]
DRAWN = sorted(unproven.SWITCHES)
"""The switches drawn for a history."""

CHOICES = ["", "use", "remove"]

TROUBLE = st.one_of(
    st.none(), st.tuples(st.sampled_from(KINDS), st.sampled_from([1, 6]))
)  # fmt: skip
"""What goes wrong with an act's calls, and how often; None: nothing."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request, tmp_path_factory):
    """How many histories, a database and a simulator.

    Each history has a conference and an account of its own. PostgreSQL plays the first third of
    those that SQLite plays: a sequence of acts asks the database nothing new, threads do.
    """
    template = tmp_path_factory.mktemp("model") / "template.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), template)
    with Simulator() as simulator:
        if request.param == "sqlite":
            yield EXAMPLES, f"sqlite:///{template.with_name('books.db')}", simulator, template
            return
        server = request.getfixturevalue("postgres_server")
        name = server.create()
        yield EXAMPLES // 3, server.url(name), simulator, template
        server.drop(name)


def test_the_ledger_equals_stripes_books_after_any_history(world):
    histories, *place = world
    run_state_machine_as_test(
        lambda: Histories(*place),
        settings=settings(
            max_examples=histories,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Histories(Stage):
    """What sponsors, staff and banks do, and how the news of it comes."""

    # ---- acts here

    @initialize(
        amounts=st.lists(AMOUNTS, min_size=4, max_size=6),
        switches=st.sets(st.sampled_from(DRAWN)),
    )
    def some_orders(self, amounts, switches):
        """Stripe behaves in one of the ways that it might where it documents nothing."""
        for switch in sorted(switches):
            self.sim.switch(switch, account=self.key)
        for number, amount in enumerate(amounts):
            self.new_order(450_50 + amount, sponsor=1 + number % 2, send=number < 5)

    @rule(amount=AMOUNTS, sponsor=st.integers(1, 2), send=st.booleans(), trouble=TROUBLE)
    def order(self, amount, sponsor, send, trouble):
        self.new_order(amount, sponsor, send=send, trouble=trouble)

    def new_order(self, amount, sponsor, *, send, trouble=None):
        order = create_purchase_order(
            self.slug,
            organization_name=f"Sponsor {sponsor}",
            contact_email=f"ap{sponsor}@example.org",
            po_number=f"N-{next(NUMBERS)}",
            line_items=[{"description": "Booth", "unit_price": to_major(amount, "usd")}],
            allow_duplicates=True,
            opened=self.opened,
        )
        if send:
            with self.trouble("/v1/invoices*", trouble):
                self.send(order)
        return order

    def send(self, order):
        with suppress(*NOT_NOW):
            create_stripe_invoice(order, opened=self.opened)

    @rule(number=PICK)
    def send_one(self, number):
        order = self.pick(self.orders(), number)
        if order is not None:
            self.send(order)

    @rule(
        number=PICK,
        amount=AMOUNTS,
        method=st.sampled_from(["wire", "check"]),
        path=st.sampled_from(["/v1/payment_records/*", "/v1/invoices/*/attach_payment"]),
        trouble=TROUBLE,
        heard=st.booleans(),
    )
    def by_hand(self, number, amount, method, path, trouble, heard):
        """Money by wire; other than what was marked as paid. Stripe's news of it may come first."""
        orders = [order for order in self.orders() if order.cancelled_at is None]
        order = self.pick([o for o in orders if takes_payments(o)] or orders, number)
        if order is None:
            return
        since = len(self.at_stripe("event"))
        with self.trouble(path, trouble):
            self.enter(order, amount, method)
        if heard:
            self.hear(self.at_stripe("event")[since:])
            work_events(self.opened)

    def enter(self, order, amount, method):
        with suppress(StripeGatewayError):  # it is kept, and must be in the books in the end
            ledger.record_payment_by_hand(
                self.opened,
                order.reference,
                amount=to_major(amount, "usd"),
                method=method,
                payment_reference=f"FT{next(NUMBERS)}",
                again=True,
                overpaid=True,
            )
        self.wires[order.reference] += amount

    @rule(number=PICK, again=st.booleans())
    def undo(self, number, again):
        """A mistake undone, and perhaps entered again as it should have been."""
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
            if again and order.status != "cancelled":
                self.enter(order, entry.amount, "wire")

    @rule(number=PICK, amount=AMOUNTS, trouble=TROUBLE)
    def credit(self, number, amount, trouble):
        order = self.pick(self.orders(), number)
        if order is not None:
            with self.trouble("/v1/credit_notes", trouble), suppress(*NOT_NOW):
                ledger.credit(
                    self.opened, order.reference, amount=to_major(amount, "usd"), reason="smaller"
                )

    @rule(number=PICK, amount=AMOUNTS, trouble=TROUBLE)
    def refund(self, number, amount, trouble):
        if not any(refundable(order) for order in self.orders()):
            self.payment_or_one_now(number)
            self.sync(full=False)
        order = self.pick([order for order in self.orders() if refundable(order)], number)
        if order is not None:
            most = sum(left for _, left in refundable(order))
            whole = to_major(min(amount, most), "usd")
            with self.trouble("/v1/refunds", trouble), suppress(*NOT_NOW):
                ledger.refund(self.opened, order.reference, amount=whole, again=True)

    @rule(number=PICK)
    def cancel(self, number):
        order = self.pick(self.orders(), number)
        if order is not None:
            with suppress(*NOT_NOW):
                ledger.cancel(self.opened, order.reference)

    # ---- acts at Stripe

    @rule(number=PICK, amount=st.one_of(st.none(), AMOUNTS))
    def pay(self, number, amount):
        invoice = self.invoice(number, "open", "uncollectible")
        if invoice is not None:
            with suppress(*NOT_NOW):
                self.sim.pay(invoice["id"], amount, "card")

    @rule(number=PICK, arrives=st.sampled_from([True, False, None]), back=st.booleans())
    def bank_debit(self, number, arrives, back):
        """It stays under way, arrives, bounces, or comes back after it looked paid."""
        invoice = self.invoice(number, "open", "uncollectible")
        if invoice is None:
            return
        with suppress(*NOT_NOW):
            payment = self.sim.pay(invoice["id"], None, "us_bank_account", settled=False)
            if arrives is not None:
                (self.sim.settle if arrives else self.sim.bounce)(payment["id"])
            if arrives and back:
                self.sim.dispute(payment["id"], reason="insufficient_funds")

    @rule(number=PICK, amount=AMOUNTS, used=st.booleans())
    def bank_transfer(self, number, amount, used):
        """It pays what it fits, waits, or is applied by staff."""
        invoice = self.invoice(number, "open")
        if invoice is not None:
            with suppress(*NOT_NOW):
                self.sim.transfer(invoice["customer"], amount)
                if used:
                    self.sim.apply_cash(invoice["id"], min(amount, invoice["amount_remaining"]))

    @rule(number=PICK, won=st.sampled_from([True, False, None]))
    def dispute(self, number, won):
        payment = self.payment_or_one_now(number)
        if payment is not None:
            with suppress(*NOT_NOW):
                dispute = self.sim.dispute(payment["id"])
                if won is not None:
                    self.sim.close_dispute(dispute["id"], won=won)

    @rule(number=PICK, amount=st.one_of(st.none(), AMOUNTS), failed=st.booleans())
    def refund_in_the_dashboard(self, number, amount, failed):
        payment = self.payment_or_one_now(number)
        if payment is not None:
            with suppress(*NOT_NOW):
                refund = self.sim.refund(payment["id"], amount)
                if failed:
                    self.sim.finish_refund(refund["id"], failed=True)

    @rule(number=PICK, well=st.booleans())
    def later(self, number, well):
        """What was under way ends: a bank debit, a dispute, a refund."""
        debit, dispute, refund = (
            self.at_stripe(noun) for noun in ("invoice_payment", "dispute", "refund")
        )
        end = self.sim.settle if well else self.sim.bounce
        under_way = [(end, p["id"], {}) for p in debit if p["status"] == "open"]
        under_way += [(self.sim.close_dispute, d["id"], {"won": well}) for d in dispute]
        under_way += [(self.sim.finish_refund, r["id"], {"failed": not well}) for r in refund]
        chosen = self.pick(under_way, number)
        if chosen is not None:
            act, what, how = chosen
            with suppress(*NOT_NOW):
                act(what, **how)

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

    @rule(number=PICK, amount=AMOUNTS)
    def credit_used_later(self, number, amount):
        """Staff use a customer's credit on an invoice that is open already."""
        invoice = self.invoice(number, "open", "uncollectible")
        if invoice is not None:
            with suppress(ApiError):
                self.sim.apply_credit(invoice["id"], amount)

    @rule(number=PICK, amount=AMOUNTS, to_credit=st.booleans(), voided=st.booleans())
    def credit_note_in_the_dashboard(self, number, amount, to_credit, voided):
        invoice = self.invoice(number, "open") if voided else self.invoice(number, "open", "paid")
        if invoice is not None:
            amount = min(amount, invoice["amount_remaining"] - 1) if voided else amount
            body = {"invoice": invoice["id"], "amount": amount}
            after = amount - min(amount, invoice["amount_remaining"])
            if after:
                body["credit_amount" if to_credit else "out_of_band_amount"] = after
            self.dashboard("/v1/credit_notes", body)
        note = self.pick(self.at_stripe("credit_note"), -1)
        if voided and note is not None:
            self.dashboard(f"/v1/credit_notes/{note['id']}/void", {})

    @rule(number=PICK, amount=AMOUNTS, voided=st.booleans())
    def credit_of_an_overpayment(self, number, amount, voided):
        """It settles the sponsor's next invoice, which may be voided afterwards."""
        invoice = self.invoice(number, "open")
        if invoice is None:
            return
        with suppress(*NOT_NOW):
            self.sim.pay(invoice["id"], invoice["amount_remaining"] + amount)
        self.sync(full=False)
        sponsor = int(invoice["customer_name"].split()[-1])
        order = self.new_order(450_50, sponsor, send=True)
        sent = next(o for o in self.orders() if o.reference == order.reference)
        if voided and sent.stripe_invoice_id:
            self.sync(full=False)
            self.dashboard(f"/v1/invoices/{sent.stripe_invoice_id}/void", {})

    @rule(number=PICK, amount=st.one_of(st.none(), AMOUNTS))
    def revised_in_the_dashboard(self, number, amount):
        invoice = self.invoice(number, "open")
        if invoice is not None and not invoice["amount_paid"]:
            with suppress(*NOT_NOW):
                self.sim.revise(invoice["id"], amount)

    @rule(number=PICK, amount=AMOUNTS, credit=st.booleans(), choice=st.sampled_from(CHOICES))
    def balance_moved_in_the_dashboard(self, number, amount, credit, choice):
        """The next invoice is not sent until a person lets it count or removes it."""
        customer = self.pick(self.at_stripe("customer"), number)
        if customer is None:
            return
        self.sim.move_balance(customer["id"], -amount if credit else amount)
        sponsor = int(customer["name"].split()[-1])
        order = self.new_order(450_50, sponsor, send=True)
        if choice:
            decide_balance(self.opened, order.reference, choice)
            self.send(order)

    # ---- what becomes of a database

    @rule(number=PICK, amount=AMOUNTS, same=st.booleans())
    def another_database(self, number, amount, same):
        """It has the same sponsors, and perhaps the same purchase order."""
        theirs = self.pick(self.orders(), number)
        if theirs is None:
            return
        other = self.second_database()
        with suppress(*NOT_NOW):
            made = create_purchase_order(
                self.slug,
                organization_name=theirs.organization_name,
                contact_email=theirs.contact_email,
                po_number=theirs.po_number if same else f"N-{next(NUMBERS)}",
                line_items=[{"description": "Booth", "unit_price": to_major(amount, "usd")}],
                opened=other,
            )
            create_stripe_invoice(made, opened=other)

    @rule()
    def keep(self):
        self.keep_a_copy()

    @rule()
    def restored(self):
        """What was entered since the copy is lost with it; what Stripe has comes back."""
        if self.kept is not None:
            self.restore()
            self.sync(full=True)

    @rule(hours=st.sampled_from([1, 9, 25]))
    def time_passes(self, hours):
        self.sim.advance(hours * 3600)
        self.offset += timedelta(hours=hours)

    @rule(number=PICK, amount=AMOUNTS, again=st.booleans())
    def bank_line(self, number, amount, again):
        """A line that is the same money as what was typed is not counted beside it."""
        order = self.pick([o for o in self.orders() if o.cancelled_at is None], number)
        if order is None:
            return
        line = Entry(self.opened.today(), to_major(amount, "usd"), order.reference,
                     order.organization_name, f"L{next(NUMBERS)}")  # fmt: skip
        file = camt([line], number=f"S{next(NUMBERS)}")
        import_bank_statement(self.opened, file, file_name="s.xml")
        found = max(bank_lines(self.opened), key=lambda row: row.line)
        twins = [
            e
            for o in self.orders()
            if o.organization_key == order.organization_key
            for e in o.entries
            if (e.kind, e.amount, e.source) == (Kind.PAYMENT, amount, "manual")
            and abs(e.payment_date - self.opened.today()) <= SAME_MONEY
            and not any(other.reverses_id == e.id for other in o.entries)
        ]
        with suppress(*NOT_NOW):
            choose(self.opened, found.line, orders={order.reference: None}, again=again)
            assert again or not twins
            self.banked[order.reference] += amount

    def dashboard(self, path, body):
        with suppress(*NOT_NOW):
            self.opened.gateway.write(path, body, idempotency_key=f"dashboard-{next(NUMBERS)}")

    # ---- news, and the lack of it

    @rule(kind=st.sampled_from(["drop_before", "500", "429"]), skip=st.integers(0, 3))
    def stripe_stops_answering(self, kind, skip):
        """A sync or a handler that is cut off midway must be made good by a later one."""
        with self.trouble("/v1/*", (kind, 99), method="GET", skip=skip):
            self.sync(full=False)
            work_events(self.opened, limit=5)

    @rule(seed=st.integers(0, 2**32), share=st.floats(0.2, 1))
    def deliver(self, seed, share):
        """Deliver some of what happened, old news too, in any order; the rest never comes."""
        order = Random(seed)  # how much is drawn may not depend on how many events there are
        chosen = [event for event in self.at_stripe("event") if order.random() < share]
        order.shuffle(chosen)
        self.hear(chosen[:40])

    @rule(two=st.booleans(), meanwhile=st.booleans())
    def work(self, two, meanwhile):
        """One or two handlers at once, and perhaps a sync besides."""
        hands = [self.opened, self.twin] if two else [self.opened]
        threads = [Thread(target=work_events, args=(opened,), kwargs={"limit": 10})
                   for opened in hands]  # fmt: skip
        if meanwhile:
            threads.append(Thread(target=self.sync, kwargs={"full": False}))
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
        if sync_conference(self.opened).problems:  # a refund cut off, that Stripe refuses now
            assert sync_conference(self.opened).problems == []
        self.compare()
        again = sync_conference(self.opened, full=True)
        assert (again.problems, again.changes) == ([], [])
        assert (again.sweep.found, again.sweep.only_here) == (0, [])
        self.compare()
        with self.store.reading() as session:
            mine = session.query(WebhookEvent).filter_by(conference_id=self.opened.conference.id)
            assert {row.state for row in mine} <= {"received", "failed", "processed", "ignored"}
