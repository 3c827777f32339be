"""Every way in which money moves is in the books, whoever brings the news: webhook, sync, sweep."""

from __future__ import annotations

import json
import random
import time
from datetime import timedelta
from decimal import Decimal

import pytest
import stripe

from po_toolkit import create_stripe_invoice
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import receive
from po_toolkit.domain.roles import Act
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.purchase_orders import by_reference
from tests.flows.test_payments import SECRET

WHOLE = 100_000
"""Each purchase order is over 1,000.00 USD."""


class Sponsor:
    """One purchase order with its invoice, and what its sponsor, his bank and staff do."""

    def __init__(self, opened, simulator, order):
        self.opened, self.sim, self.order = opened, simulator.control, order
        self.invoice = order.stripe_invoice_id
        self.customer = self.sim.get(self.invoice)["customer"]

    def pay(self, amount=None, **how):
        return self.sim.pay(self.invoice, amount, **how)

    def debit(self):
        return self.pay(method="us_bank_account", settled=False)

    def staff(self, path, **body):
        """Do something in Stripe's dashboard."""
        key = f"dashboard {path} {self.invoice}"
        return self.opened.gateway.write(path, body, idempotency_key=key)

    def credit_note(self, amount, **more):
        return self.staff("/v1/credit_notes", invoice=self.invoice, amount=amount, **more)

    def mark(self, act, **body):
        self.staff(f"/v1/invoices/{self.invoice}/{act}", **body)

    def here(self, **changes):
        """Change our own row, as an act of ours has done before the news comes."""
        with self.opened.store.writing(self.opened.actor, Act.CANCEL) as uow:
            locked = uow.lock_purchase_order(self.order.id)
            for name, value in changes.items():
                setattr(locked, name, value)


def one_payment(sponsor):
    sponsor.pay()


def a_part(sponsor):
    sponsor.pay(40_000)


def several_payments(sponsor):
    for amount in (40_000, 25_000, 35_000):
        sponsor.pay(amount)


def too_much(sponsor):
    sponsor.pay(WHOLE + 5_000)


def a_bank_debit_under_way(sponsor):
    sponsor.debit()


def a_bank_debit_that_arrives(sponsor):
    sponsor.sim.settle(sponsor.debit()["id"])


def a_bank_debit_that_bounces(sponsor):
    sponsor.sim.bounce(sponsor.debit()["id"])


def a_bank_debit_returned_after_it_looked_paid(sponsor):
    paid = sponsor.sim.settle(sponsor.debit()["id"])
    sponsor.sim.dispute(paid["id"], reason="insufficient_funds")


def a_transfer_that_fits(sponsor):
    sponsor.staff(f"/v1/invoices/{sponsor.invoice}", auto_advance=True)
    sponsor.sim.transfer(sponsor.customer, WHOLE)


def a_transfer_that_waits(sponsor):
    sponsor.sim.transfer(sponsor.customer, 30_000)


def a_transfer_used_in_part(sponsor):
    sponsor.sim.transfer(sponsor.customer, 30_000)
    sponsor.sim.apply_cash(sponsor.invoice, 20_000)


def a_refund(sponsor):
    sponsor.sim.refund(sponsor.pay()["id"])


def a_refund_in_part(sponsor):
    sponsor.sim.refund(sponsor.pay()["id"], 30_000)


def a_refund_that_fails(sponsor):
    back = sponsor.sim.refund(sponsor.pay()["id"], 30_000)
    sponsor.sim.finish_refund(back["id"], failed=True)


def a_dispute(sponsor):
    sponsor.sim.dispute(sponsor.pay()["id"])


def a_dispute_won(sponsor):
    sponsor.sim.close_dispute(sponsor.sim.dispute(sponsor.pay()["id"])["id"], won=True)


def a_dispute_lost(sponsor):
    sponsor.sim.close_dispute(sponsor.sim.dispute(sponsor.pay()["id"], 60_000)["id"], won=False)


def a_credit_note_before_payment(sponsor):
    sponsor.credit_note(25_000)


def a_credit_note_after_payment(sponsor):
    sponsor.pay()
    sponsor.credit_note(25_000, out_of_band_amount=25_000)


def a_credit_note_that_refunds(sponsor):
    sponsor.pay()
    sponsor.credit_note(25_000, refund_amount=25_000)


def a_credit_note_taken_back(sponsor):
    note = sponsor.credit_note(25_000)
    sponsor.staff(f"/v1/credit_notes/{note['id']}/void")


def a_payment_record_of_others(sponsor):
    now = int(time.time()) - 60
    record = sponsor.staff(
        "/v1/payment_records/report_payment",
        amount_requested={"value": 40_000, "currency": "usd"},
        initiated_at=now,
        outcome="guaranteed",
        guaranteed={"guaranteed_at": now},
        payment_method_details={"type": "custom", "custom": {"display_name": "Cash"}},
        metadata={"for": sponsor.invoice},
    )
    sponsor.mark("attach_payment", payment_record=record["id"])


def voided(sponsor):
    sponsor.mark("void")


def given_up(sponsor):
    sponsor.mark("mark_uncollectible")


def paid_after_it_was_given_up(sponsor):
    sponsor.mark("mark_uncollectible")
    sponsor.pay()


def marked_as_paid(sponsor):
    sponsor.pay(30_000)
    sponsor.mark("pay", paid_out_of_band=True)


def paid_although_cancelled(sponsor):
    sponsor.here(cancelled_at=sponsor.opened.now())
    sponsor.pay()


def paid_on_a_replaced_invoice(sponsor):
    with sponsor.opened.store.writing(sponsor.opened.actor, Act.REISSUE) as uow:
        uow.lock_purchase_order(sponsor.order.id).invoices[0].state = "void"
    create_stripe_invoice(sponsor.order, opened=sponsor.opened)
    sponsor.pay()


EXPECTED = {
    one_payment: ("paid", 0, ["payment"], []),
    a_part: ("partially_paid", 600, ["payment"], []),
    several_payments: ("paid", 0, ["payment"] * 3, []),
    too_much: ("overpaid", -50, ["payment"], ["overpaid", "money_stuck_at_stripe"]),
    a_bank_debit_under_way: ("sent", 1000, [], []),
    a_bank_debit_that_arrives: ("paid", 0, ["payment"], []),
    a_bank_debit_that_bounces: ("sent", 1000, [], []),
    a_bank_debit_returned_after_it_looked_paid: (
        "sent", 1000, ["payment", "payment_reversal"], ["ach_returned_late"],
    ),
    a_transfer_that_fits: ("paid", 0, ["payment"], []),
    a_transfer_that_waits: ("sent", 1000, [], ["money_stuck_at_stripe"]),
    a_transfer_used_in_part: ("partially_paid", 800, ["payment"], ["money_stuck_at_stripe"]),
    a_refund: ("partially_paid", 1000, ["payment", "refund"], ["refunded_without_credit"]),
    a_refund_in_part: ("partially_paid", 300, ["payment", "refund"], ["refunded_without_credit"]),
    a_refund_that_fails: ("paid", 0, ["payment", "refund", "refund_failed"], []),
    a_dispute: ("sent", 1000, ["payment", "dispute"], ["disputed"]),
    a_dispute_won: ("paid", 0, ["payment", "dispute", "dispute_reinstated"], []),
    a_dispute_lost: ("partially_paid", 600, ["payment", "dispute"], ["disputed"]),
    a_credit_note_before_payment: ("sent", 750, [], []),
    a_credit_note_after_payment: ("overpaid", -250, ["payment"], ["overpaid"]),
    a_credit_note_that_refunds: ("paid", 0, ["payment", "refund"], []),
    a_credit_note_taken_back: ("sent", 1000, [], []),
    a_payment_record_of_others: ("partially_paid", 600, ["payment"], []),
    voided: ("draft", 1000, [], ["not_invoiced", "voided_at_stripe"]),
    given_up: ("sent", 1000, [], ["voided_at_stripe"]),
    paid_after_it_was_given_up: ("paid", 0, ["payment"], []),
    marked_as_paid: ("paid", 0, ["payment", "payment"], []),
    paid_although_cancelled: ("cancelled", 0, ["payment"], ["paid_after_cancelled"]),
    paid_on_a_replaced_invoice: ("paid", 0, ["payment"], ["paid_on_old_generation"]),
}  # fmt: skip
"""Act → status, balance, the ledger's kinds, discrepancies."""


@pytest.fixture
def sponsors(opened, simulator, make_order):
    """One sponsor with a sent invoice for each act; all news so far is in the books."""
    opened.conference.payment_methods = ["card", "us_bank_account", "customer_balance"]
    orders = [
        make_order(
            ("Booth", 1, "1000.00"),
            organization=act.__name__.replace("_", " "),
            email=f"{act.__name__}@sponsor.example",
            po_number=act.__name__,
        )
        for act in EXPECTED
    ]
    references = [order.reference for order in orders]
    assert invoice_purchase_orders(opened, references=references).failed == 0
    sync_conference(opened)
    with opened.store.reading() as session:
        sent = [by_reference(session, opened.conference, r) for r in references]
    return {act: Sponsor(opened, simulator, o) for act, o in zip(EXPECTED, sent, strict=True)}


def by_webhook(opened, simulator, since):
    """Deliver every event twice, in any order, worked by whoever comes."""
    events = simulator.control.all("event")[since:] * 2
    random.Random(20261124).shuffle(events)
    for event in events:
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET)
        receive(opened, body.encode(), header)
    while work_events(opened, limit=13):
        pass


CHANNELS = {
    "webhook": by_webhook,
    "sync": lambda opened, _simulator, _since: sync_conference(opened),
    "sweep": lambda opened, _simulator, _since: sync_conference(opened, full=True),
}


@pytest.mark.parametrize(
    ("database_url", "first"),
    [*(("sqlite", channel) for channel in CHANNELS), ("postgresql", "webhook")],
    indirect=["database_url"],
)
def test_what_happens_at_stripe_is_in_the_books_by_each_channel_alone(
    opened, simulator, sponsors, first
):
    since = len(simulator.control.all("event"))
    for act, sponsor in sponsors.items():
        act(sponsor)
    CHANNELS[first](opened, simulator, since)
    assert standing(opened, sponsors) == EXPECTED_BY_NAME
    for bring in CHANNELS.values():
        bring(opened, simulator, since)
    assert standing(opened, sponsors) == EXPECTED_BY_NAME
    again = sync_conference(opened, full=True)
    assert (again.problems, again.changes) == ([], [])
    assert (again.sweep.found, again.sweep.only_here) == (0, [])


EXPECTED_BY_NAME = {
    act.__name__: (status, Decimal(balance), kinds, sorted(codes))
    for act, (status, balance, kinds, codes) in EXPECTED.items()
}


def standing(opened, sponsors):
    """Return how each act's purchase order stands, and what reconciliation shows of it."""
    tomorrow = opened.today() + timedelta(days=1)
    rows = reconcile_conference(opened.store, opened.conference, as_of=tomorrow).discrepancies
    seen = {}
    for act, sponsor in sponsors.items():
        with opened.store.reading() as session:
            order = by_reference(session, opened.conference, sponsor.order.reference)
        mine = rows["reference"].eq(order.reference) | rows["evidence"].str.contains(
            sponsor.customer, regex=False
        )
        seen[act.__name__] = (
            order.status,
            order.balance_due,
            sorted((e.kind for e in order.entries), key=EVER.index),
            sorted(rows[mine]["code"]),
        )
    return seen


EVER = ["payment", "refund", "refund_failed", "dispute", "dispute_reinstated", "payment_reversal"]
