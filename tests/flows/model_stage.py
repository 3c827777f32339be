"""Where random histories play: a conference, its account, and how both are compared."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter
from contextlib import contextmanager, suppress
from itertools import count

from hypothesis.stateful import RuleBasedStateMachine
from pydantic import SecretStr

from po_toolkit.api.webhooks import receive
from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.domain.sums import EntryKind as Kind
from po_toolkit.domain.sums import money_status
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store.purchase_orders import by_reference, references
from po_toolkit.stripe_gateway import StripeGateway

SECRET = "whsec_model"
OURS = {"credit_note": "credit_note_uuid", "refund": "refund_uuid"}
"""What we make at Stripe, and where it carries our own id. Payment records cannot be listed; one
that was stored behind a failure counts nowhere, since only the second is attached."""

NUMBERS = count(1)


class Stage(RuleBasedStateMachine):
    """One conference, its Stripe account, and what happens to both."""

    def __init__(self, url, simulator):
        super().__init__()
        number = next(NUMBERS)
        self.slug, self.key = f"model-{number}", f"sk_test_model{number:012d}"
        self.sim = simulator.control
        configured = {
            "name": "Model",
            "stripe_secret_key": self.key,
            "stripe_webhook_secret": SECRET,
            "payment_methods": ["card", "us_bank_account", "customer_balance"],
        }
        chosen = Settings(
            database_url=url, stripe_api_base=simulator.url, conferences={self.slug: configured}
        )
        self.store = open_database(chosen)
        self.opened = self.open(chosen)
        self.twin = self.open(chosen)
        self.heard: list[dict] = []
        self.wires: Counter[str] = Counter()
        self.known_events = 0

    def open(self, chosen):
        actor = Actor("model", Role.ADMIN)
        opened = open_conference(self.slug, settings=chosen, store=self.store, actor=actor)
        opened.__dict__["gateway"] = StripeGateway(
            SecretStr(self.key),
            api_base=chosen.stripe_api_base,
            permit=lambda _endpoint: None,
            sleep=lambda _seconds: None,
        )
        return opened

    # ---- what there is

    def orders(self):
        with self.store.reading() as session:
            names = references(session, self.opened.conference)
            return [by_reference(session, self.opened.conference, name) for name in names]

    def at_stripe(self, noun):
        return self.sim.all(noun, account=self.key)

    def pick(self, things, number):
        return things[number % len(things)] if things else None

    def invoice(self, number, *statuses):
        return self.pick([i for i in self.at_stripe("invoice") if i["status"] in statuses], number)

    def payment(self, number):
        paid = [
            p
            for p in self.at_stripe("invoice_payment")
            if p["status"] == "paid" and p["payment"]["type"] == "payment_intent"
        ]
        return self.pick(paid, number)

    def payment_or_one_now(self, number):
        """A payment that came, or else one that comes now."""
        if self.payment(number) is None:
            invoice = self.invoice(number, "open", "uncollectible")
            if invoice is not None:
                with suppress(ApiError):
                    self.sim.pay(invoice["id"])
        return self.payment(number)

    # ---- how they talk

    @contextmanager
    def trouble(self, path, kind_and_times, *, method="POST", skip=0):
        """Let calls go wrong while the block runs."""
        if kind_and_times is not None:
            kind, times = kind_and_times
            self.sim.fail(path=path, method=method, kind=kind, times=times, skip=skip)
        yield
        self.sim.clear_faults()

    def hear(self, events):
        """Take deliveries as the service does: signed, stored, not worked yet."""
        for event in events:
            body = json.dumps(event).encode()
            moment = int(time.time())
            digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256)
            receive(self.opened, body, f"t={moment},v1={digest.hexdigest()}")

    # ---- how both compare

    def compare(self):
        orders = self.orders()
        entries = [entry for order in orders for entry in order.entries]
        self.compare_ids(entries)
        self.compare_sums(orders)
        self.compare_invoices(orders)
        self.compare_credit(orders)
        self.compare_acts()
        for order in orders:
            live = order.live_invoice
            sent = live is not None and live.state in {"sent", "paid", "adopted"}
            cancelled = order.cancelled_at is not None
            assert order.status == money_status(order.sums, sent=sent, cancelled=cancelled)
            manual = sum(
                entry.amount * (1 if entry.kind == Kind.PAYMENT else -1)
                for entry in order.entries
                if entry.source == "manual"
            )
            assert manual == self.wires[order.reference]

    def compare_ids(self, entries):
        """Each fact of Stripe is in the ledger once, and nothing else is."""
        facts = Counter(e.source_id for e in entries if e.source == "stripe")
        facts = {i: n for i, n in facts.items() if not i.startswith("in_")}
        expected = {
            p["id"]
            for p in self.at_stripe("invoice_payment")
            if p["status"] == "paid" and p["payment"]["type"] == "payment_intent"
        }
        for refund in self.at_stripe("refund"):
            expected |= {refund["id"]}
            expected |= {f"{refund['id']}:failed"} if refund["status"] == "failed" else set()
        for dispute in self.at_stripe("dispute"):
            expected |= {dispute["id"]}
            expected |= {f"{dispute['id']}:won"} if dispute["status"] == "won" else set()
        assert facts == dict.fromkeys(expected, 1)
        told = Counter(
            p["payment"]["payment_record"]
            for p in self.at_stripe("invoice_payment")
            if p["payment"]["type"] == "payment_record"
        )
        known = Counter(e.stripe_payment_record_id for e in entries if e.stripe_payment_record_id)
        assert told == known
        assert set(told.values()) <= {1}

    def compare_sums(self, orders):
        """Each purchase order has what Stripe has on its invoices, whatever their generation."""
        owner = {invoice.stripe_invoice_id: order for order in orders for invoice in order.invoices}
        paid, back = Counter(), Counter()
        behind = {}
        for payment in self.at_stripe("invoice_payment"):
            if payment["status"] == "paid" and payment["payment"]["type"] == "payment_intent":
                paid[owner[payment["invoice"]].reference] += payment["amount_requested"]
                behind[payment["payment"]["payment_intent"]] = owner[payment["invoice"]].reference
        for refund in self.at_stripe("refund"):
            if refund["status"] != "failed":
                back[behind[refund["payment_intent"]]] += refund["amount"]
        for dispute in self.at_stripe("dispute"):
            if dispute["status"] != "won":
                paid[behind[dispute["payment_intent"]]] -= dispute["amount"]
        credited = Counter()
        for note in self.at_stripe("credit_note"):
            if note["status"] == "issued":
                credited[owner[note["invoice"]].reference] += note["amount"]
        for order in orders:
            transfers = (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)
            moved = sum(
                e.amount * (1 if e.kind == Kind.TRANSFER_IN else -1)
                for e in order.entries
                if e.kind in transfers
            )
            outside = sum(e.amount for e in order.entries if e.source_id.endswith(":outside"))
            only_here = sum(n.amount for n in order.credit_notes if not n.stripe_credit_note_id)
            sums = order.sums
            wires = self.wires[order.reference]
            assert sums.paid == paid[order.reference] + wires + moved + outside
            assert sums.refunded == back[order.reference]
            assert sums.credited == credited[order.reference] + only_here

    def compare_invoices(self, orders):
        """What is shown of each invoice is what Stripe says now."""
        at_stripe = {i["id"]: i for i in self.at_stripe("invoice")}
        for order in orders:
            for invoice in order.invoices:
                said = at_stripe.get(invoice.stripe_invoice_id)
                if said is not None and invoice.step == "done":
                    shown = (invoice.stripe_status, invoice.stripe_amount_paid)
                    assert shown == (said["status"], said["amount_paid"])

    def compare_credit(self, orders):
        """No invoice shows more credit than it used, and none less while somebody has it."""
        for order in orders:
            returned = {e.reverses_id for e in order.entries}
            for invoice in order.invoices:
                got = sum(
                    e.amount
                    for e in order.entries
                    if (e.kind, e.invoice_id) == (Kind.TRANSFER_IN, invoice.id)
                    and e.id not in returned
                )
                assert got <= invoice.stripe_credit_used
                donors = [
                    other.reference
                    for other in orders
                    if other.id != order.id
                    and other.sums.balance < 0
                    and other.organization_key == order.organization_key
                    and any(i.stripe_customer_id for i in other.invoices)
                ]
                assert got == invoice.stripe_credit_used or not donors
        in_all = sum(
            e.amount * (1 if e.kind == Kind.TRANSFER_IN else -1)
            for order in orders
            for e in order.entries
            if e.kind in (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)
        )
        assert in_all == 0

    def compare_acts(self):
        """What we told Stripe or asked of it is there once, however often it was tried."""
        for noun, name in OURS.items():
            found = (thing.get("metadata") or {} for thing in self.at_stripe(noun))
            told = Counter(metadata[name] for metadata in found if name in metadata)
            assert set(told.values()) <= {1}, noun
