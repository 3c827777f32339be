"""Seasons nobody planned: whatever happens at Stripe and the bank, every cent has its row."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, match_bank, undo_match
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.tie_out import tie_out
from tests.bank.statement import Entry, camt
from tests.conftest import KEY

DAY = 86_400


class Season:
    """Random acts of sponsors, ticket buyers, Stripe and two banks."""

    def __init__(self, opened, make_order, control, clock, seed: int) -> None:
        self.rng = random.Random(seed)
        self.opened, self.control, self.clock = opened, control, clock
        for n in range(4):
            make_order(("Sponsorship", 1, f"{self.rng.randrange(500, 9000)}.00"),
                       organization=f"Sponsor {n} Inc.", po_number=f"4500{seed}{n:05}",
                       email=f"ap{n}@sponsor.example")  # fmt: skip
        report = invoice_purchase_orders(opened, all_draft=True)
        self.orders = [r.reference for r in report.results]
        self.invoices = {r.reference: r.stripe_invoice_id for r in report.results}
        self.lines: list[Entry] = []
        self.number = 0

    def play(self, acts: int) -> None:
        for _ in range(acts):
            self.rng.choice(
                [self.pay] * 4 + [self.sell] * 3 + [self.payout] * 4 + [self.wire] * 2
                + [self.refund, self.refund_fails, self.dispute, self.payout_fails,
                   self.other_line, self.books]
            )()  # fmt: skip
            days = self.rng.choice([0, 1, 3])
            self.control.advance(days * DAY)
            self.clock.advance(days=days)
        self.books()

    def pay(self) -> None:
        reference = self.rng.choice(self.orders)
        invoice = self.control.get(self.invoices[reference])
        if invoice["status"] != "open":
            return
        part = self.rng.choice([None, invoice["amount_remaining"] // 2, None])
        method = self.rng.choice(["card", "us_bank_account"])
        self.control.pay(invoice["id"], part, method)

    def sell(self) -> None:
        self.control.sell(self.rng.randrange(1000, 90_000), "usd", "Ticket", KEY)

    def _charge(self):
        found = [
            c
            for c in self.control.all("charge")
            if c["status"] == "succeeded" and not c["disputed"]
            and c["amount"] - c["amount_refunded"] > 500
        ]  # fmt: skip
        return self.rng.choice(found) if found else None

    def refund(self) -> None:
        charge = self._charge()
        if charge:
            left = charge["amount"] - charge["amount_refunded"]
            self.control.refund(charge["id"], self.rng.choice([left, left // 3]))

    def refund_fails(self) -> None:
        waiting = [r for r in self.control.all("refund") if r["status"] == "pending"]
        if waiting:
            refund = self.rng.choice(waiting)
            self.control.finish_refund(refund["id"], failed=self.rng.random() < 0.5)

    def dispute(self) -> None:
        charge = self._charge()
        if charge and not charge["amount_refunded"]:
            made = self.control.dispute(charge["id"])
            if made["status"] == "needs_response" and self.rng.random() < 0.5:
                self.control.close_dispute(made["id"], won=True)

    def payout(self) -> None:
        amount = self.rng.choice([None, None, None, self.rng.randrange(5000, 50_000)])
        instant = amount is not None and self.rng.random() < 0.5
        self.number += 1
        trace = self.rng.choice([f"TRACE{self.number:06}", None])
        try:
            payout = self.control.payout("usd", amount, instant=instant, trace=trace, account=KEY)
        except ValueError:
            return  # there is not so much to pay out
        if self.rng.random() < 0.9:
            self.control.payout_arrives(payout["id"])
            self._line(payout["amount"], f"STRIPE TRANSFER {trace or ''}", "STRIPE")

    def payout_fails(self) -> None:
        paid = [p for p in self.control.all("payout") if p["status"] == "paid"]
        if paid:
            payout = self.rng.choice(paid)
            self.control.payout_fails(payout["id"])
            trace = payout["trace_id"]["value"] or ""
            self._line(-payout["amount"], f"STRIPE RETURN {trace}", "STRIPE")

    def wire(self) -> None:
        reference = self.rng.choice(self.orders)
        amount = self.rng.randrange(10_000, 200_000)
        if self.rng.random() < 0.5:
            record_payment_by_hand(
                self.opened, reference, amount=Decimal(amount) / 100, method="wire",
                payment_reference=f"W{self.number}{amount}", payment_date=self.opened.today(),
                overpaid=True,
            )  # fmt: skip
        if self.rng.random() < 0.8:
            kept = self.rng.choice([0, 0, 1500])
            self._line(amount - kept, f"WIRE {reference}", "SPONSOR")

    def other_line(self) -> None:
        self._line(self.rng.choice([37, -1200, 45_000]), "THE BANK'S OWN", "BANK")

    def _line(self, amount: int, text: str, name: str) -> None:
        day = self.opened.today() + timedelta(days=self.rng.randrange(2))
        self.lines.append(Entry(day, Decimal(amount) / 100, text, name))

    def books(self) -> None:
        """Sync, pull, load and match, as every night; now and then a person undoes something."""
        sync_conference(self.opened)
        pull_payouts(self.opened)
        if self.lines:
            data = camt(sorted(self.lines, key=lambda e: e.day), number=f"S{len(self.lines)}")
            import_bank_statement(self.opened, data)
        match_bank(self.opened, apply=True)
        applied = [x.line for x in bank_lines(self.opened) if x.state == "applied"]
        if applied and self.rng.random() < 0.3:
            undo_match(self.opened, self.rng.choice(applied))


SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cent_is_on_one_row_of_the_tie_out(
    seed: int, opened, make_order, simulator, clock
) -> None:
    """Else the tie-out is right for the stories we thought of and wrong for a real season."""
    season = Season(opened, make_order, simulator.control, clock, seed)
    season.play(45)
    found = tie_out(opened.store, opened.conference, as_of=opened.today() + timedelta(days=9))
    assert found.checks["difference"].eq(0).all(), found.checks.to_string()
    assert len(found.bank_lines) == len(season.lines)
    table = found.payouts
    parts = table["sponsors"] + table["others"] + table["not_itemised"]
    assert parts.eq(table["amount"]).all()
    automatic = table[table["way"].eq("automatic")]
    assert automatic["not_itemised"].eq(0).all()
    lines = found.bank_lines
    explained = lines["payouts"] + lines["payments"] + lines["set_aside"] + lines["unexplained"]
    assert explained.eq(lines["amount"]).all()
    assert not found.rows["words"].str.contains("no balance transaction").any()
    gross = found.rows["gross"] - found.rows["fee"]
    assert gross.eq(found.rows["net"]).all()
    books = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    paid = books.rows.set_index("reference")
    sums = found.rows[found.rows["reference"].ne("")].groupby("reference")["po_amount"].sum()
    for reference, total in sums.items():
        assert total == paid.loc[reference, "paid"] - paid.loc[reference, "refunded"]
