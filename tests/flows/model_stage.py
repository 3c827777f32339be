"""Where random histories play: a conference, its account, and how both are compared."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine
from pydantic import SecretStr

from po_toolkit.api.webhooks import receive
from po_toolkit.bootstrap import open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.domain.sums import EntryKind as Kind
from po_toolkit.domain.sums import money_status
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.simulator.errors import ApiError
from po_toolkit.store.money_intents import unfinished
from po_toolkit.store.purchase_orders import by_reference, references
from po_toolkit.stripe_gateway import StripeGateway

SECRET = "whsec_model"
OURS = {"credit_note": "credit_note_uuid", "refund": "refund_uuid"}
"""What we make at Stripe, and where it carries our own id. Payment records cannot be listed; one
that was stored behind a failure counts nowhere, since only the second is attached."""

EXPLAINS = {
    "asked_is_not_owed",
    "amount_differs_from_stripe",
    "paid_at_stripe_not_here",
    "paid_here_not_at_stripe",
    "undone_here_not_at_stripe",
    "refunded_without_credit",
    "disputed",
    "ach_returned_late",
}
"""What says of a purchase order why it is asked another sum than it owes."""

NUMBERS = count(1)


class Stage(RuleBasedStateMachine):
    """One conference, its Stripe account, and what happens to both."""

    def __init__(self, url, simulator, template):
        super().__init__()
        number = next(NUMBERS)
        self.url, self.template, self.number = url, template, number
        self.kept, self.other = None, None
        self.slug, self.key = f"model-{number}", f"sk_test_model{number:012d}"
        self.sim = simulator.control
        started = datetime.fromtimestamp(self.sim.advance(0), UTC)
        self.offset = max(started - datetime.now(UTC), timedelta())
        configured = {
            "name": "Model",
            "stripe_secret_key": self.key,
            "stripe_webhook_secret": SECRET,
            "payment_methods": ["card", "us_bank_account", "customer_balance"],
        }
        chosen = Settings(
            database_url=url, stripe_api_base=simulator.url, conferences={self.slug: configured}
        )
        self.settings = chosen
        self.store = open_database(chosen)
        self.opened = self.open(chosen, self.store)
        self.twin = self.open(chosen, self.store)
        self.heard: list[dict] = []
        self.wires: Counter[str] = Counter()
        self.banked: Counter[str] = Counter()
        self.known_events = 0

    def now(self):
        """The toolkit's clock; it goes with the simulator's."""
        return datetime.now(UTC) + self.offset

    def open(self, chosen, store):
        actor = Actor("model", Role.ADMIN)
        opened = open_conference(self.slug, settings=chosen, store=store, actor=actor, now=self.now)
        opened.__dict__["gateway"] = StripeGateway(
            SecretStr(self.key),
            api_base=chosen.stripe_api_base,
            permit=lambda _endpoint: None,
            sleep=lambda _seconds: None,
        )
        return opened

    def second_database(self):
        """The same conference in another database on the same account."""
        if self.other is None:
            path = self.template.with_name(f"second-{self.number}.db")
            shutil.copy(self.template, path)
            chosen = self.settings.model_copy(update={"database_url": f"sqlite:///{path}"})
            self.other = self.open(chosen, open_database(chosen))
        return self.other

    def keep_a_copy(self):
        """Back the database up, where it is a file."""
        if self.url.startswith("sqlite"):
            self.kept = self.template.with_name(f"kept-{self.number}.db")
            self._copy(Path(self.url.removeprefix("sqlite:///")), self.kept)

    def restore(self):
        """Put the copy in the place of the database."""
        self.store.engine.dispose()
        self._copy(self.kept, Path(self.url.removeprefix("sqlite:///")))
        orders = {order.id: order for order in self.orders()}
        entries = [(o.reference, e) for o in orders.values() for e in o.entries]
        entered = {entry.uuid for _, entry in entries}
        with self.store.reading() as session:
            begun = [i for i in unfinished(session, self.opened.conference)
                     if i.kind == "payment" and i.uuid not in entered]  # fmt: skip
        for source, counted in (("manual", self.wires), ("bank", self.banked)):
            counted.clear()
            for reference, entry in entries:
                if entry.source == source:
                    counted[reference] += entry.amount * (1 if entry.kind == Kind.PAYMENT else -1)
            for intent in begun:  # it is entered once Stripe answers
                if intent.details.get("source", "manual") == source:
                    counted[orders[intent.purchase_order_id].reference] += intent.amount

    def _copy(self, source, target):
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as two:
            one.backup(two)

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
            moment = int(self.now().timestamp())
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
        self.compare_bills(orders)
        self.compare_asked(orders)
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
        facts = Counter(
            e.source_id for e in entries if e.source == "stripe" and not e.stripe_payment_record_id
        )
        facts = {i: n for i, n in facts.items() if not i.startswith("in_")}
        owner = self.owners()
        ours = [p for p in self.at_stripe("invoice_payment") if p["invoice"] in owner]
        paid = [p for p in ours if p["status"] == "paid"]
        paid = [p for p in paid if p["payment"]["type"] == "payment_intent"]
        expected = {p["id"] for p in paid}
        behind = {p["payment"]["payment_intent"] for p in paid}
        for refund in self.at_stripe("refund"):
            if refund["payment_intent"] not in behind:
                continue
            expected |= {refund["id"]}
            expected |= {f"{refund['id']}:failed"} if refund["status"] == "failed" else set()
        for dispute in self.at_stripe("dispute"):
            if dispute["payment_intent"] not in behind:
                continue
            expected |= {dispute["id"]}
            expected |= {f"{dispute['id']}:won"} if dispute["status"] == "won" else set()
        assert facts == dict.fromkeys(expected, 1)
        told = Counter(
            p["payment"]["payment_record"] for p in ours if p["payment"]["type"] == "payment_record"
        )
        known = Counter(e.stripe_payment_record_id for e in entries if e.stripe_payment_record_id)
        assert told == known
        assert set(told.values()) <= {1}

    def owners(self, orders=None):
        """Purchase orders of this database by their invoices' Stripe ids."""
        orders = self.orders() if orders is None else orders
        return {i.stripe_invoice_id: o for o in orders for i in o.invoices}

    def compare_bills(self, orders):
        """No purchase order has two invoices that count, in whatever database it is billed."""
        counting = [i for i in self.at_stripe("invoice") if i["status"] not in ("draft", "void")]
        numbers = Counter(
            field["value"]
            for invoice in counting
            for field in invoice["custom_fields"] or ()
            if field["name"] == "PO number"
        )
        assert set(numbers.values()) <= {1}, numbers

    def compare_asked(self, orders):
        """What is asked is owed, or the difference is shown with its purchase order."""
        still_open = {i["id"]: i for i in self.at_stripe("invoice") if i["status"] == "open"}
        differ = {}
        for order in orders:
            mine = [still_open[i.stripe_invoice_id] for i in order.invoices
                    if i.stripe_invoice_id in still_open]  # fmt: skip
            owed = 0 if order.cancelled_at else max(order.sums.balance, 0)
            if mine and sum(i["amount_remaining"] for i in mine) != owed:
                differ[order.reference] = (owed, mine)
        if differ:
            day = self.opened.today() + timedelta(days=1)
            made = reconcile_conference(self.store, self.opened.conference, as_of=day)
            found = made.discrepancies
            shown = set(found["reference"][found["code"].isin(EXPLAINS)])
            assert differ.keys() <= shown, {r: differ[r] for r in differ.keys() - shown}

    def compare_sums(self, orders):
        """Each purchase order has what Stripe has on its invoices, whatever their generation."""
        owner = self.owners(orders)
        paid, back = Counter(), Counter()
        behind = {}
        for payment in self.at_stripe("invoice_payment"):
            if payment["invoice"] not in owner:
                continue
            if payment["status"] == "paid" and payment["payment"]["type"] == "payment_intent":
                paid[owner[payment["invoice"]].reference] += payment["amount_requested"]
                behind[payment["payment"]["payment_intent"]] = owner[payment["invoice"]].reference
        for refund in self.at_stripe("refund"):
            if refund["status"] != "failed" and refund["payment_intent"] in behind:
                back[behind[refund["payment_intent"]]] += refund["amount"]
        for dispute in self.at_stripe("dispute"):
            if dispute["status"] != "won" and dispute["payment_intent"] in behind:
                paid[behind[dispute["payment_intent"]]] -= dispute["amount"]
        credited = self.credited(owner)
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
            wires = self.wires[order.reference] + self.banked[order.reference]
            lost = sum(  # entered after the copy, and found again at Stripe
                e.amount
                for e in order.entries
                if e.source == "stripe" and e.stripe_payment_record_id
            )
            expected = paid[order.reference] + wires + moved + outside + lost
            assert sums.paid == expected, (order.reference, expected, entries_of(order))
            assert sums.refunded == back[order.reference]
            assert sums.credited == credited[order.reference] + only_here

    def credited(self, owner):
        """What Stripe's credit notes on our invoices come to, by purchase order."""
        credited = Counter()
        for note in self.at_stripe("credit_note"):
            if note["status"] == "issued" and note["invoice"] in owner:
                credited[owner[note["invoice"]].reference] += note["amount"]
        return credited

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
                used = max(invoice.stripe_credit_used, 0)
                assert got <= used
                donors = [
                    other.reference
                    for other in orders
                    if other.id != order.id
                    and other.sums.balance < 0
                    and other.organization_key == order.organization_key
                    and any(i.stripe_customer_id for i in other.invoices)
                ]
                assert got == used or not donors
        moves = [e for o in orders for e in o.entries
                 if e.kind in (Kind.TRANSFER_IN, Kind.TRANSFER_OUT)]  # fmt: skip
        sides = Counter(e.source_id.rpartition(":")[0] for e in moves)
        in_all = sum(
            e.amount * (1 if e.kind == Kind.TRANSFER_IN else -1)
            for e in moves
            if sides[e.source_id.rpartition(":")[0]] == 2
        )
        assert in_all == 0

    def compare_acts(self):
        """What we told Stripe or asked of it is there once, however often it was tried."""
        for noun, name in OURS.items():
            found = (thing.get("metadata") or {} for thing in self.at_stripe(noun))
            told = Counter(metadata[name] for metadata in found if name in metadata)
            assert set(told.values()) <= {1}, noun


def entries_of(order):
    """Say what is entered, since a race that made it wrong seldom comes again."""
    return [
        (e.kind, e.method, e.amount, e.source, e.source_id, e.stripe_payment_record_id)
        for e in order.entries
    ]
