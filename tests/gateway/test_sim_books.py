"""The simulator's own books balance after any history: they are what the ledger is judged by."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from po_toolkit.simulator import (
    credit_notes,
    customers,
    finalization,
    invoice_payments,
    invoices,
    payment_records,
    refunds,
)
from po_toolkit.simulator.errors import ApiError
from po_toolkit.simulator.world import World

amounts = st.sampled_from([49, 1_000, 2_500, 9_999, 20_000])
"""Few, so that sums meet exactly and fall short by a cent."""

verbs = "bill bill bill pay pay pay_rest wire outside credit void_note void void give_up refund"
acts = st.lists(
    st.tuples(st.sampled_from(verbs.split()), amounts, st.integers(0, 4)),
    min_size=12,
    max_size=40,
)


class History:
    """One customer and whatever happens to his invoices; refusals are fine, imbalances are not."""

    def __init__(self) -> None:
        self.account = World().account("sk_test_books")
        made = customers.create(self.account, {"name": "Acme", "email": "ap@acme.example"})
        self.customer = made["id"]

    def act(self, what: str, amount: int, which: int) -> None:
        if what == "bill":
            self.bill(amount)
            return
        kept = list(self.account.all("invoice").values())
        if not kept:
            return
        invoice = kept[-1 - which % len(kept)]
        with suppress(ApiError):
            getattr(self, what)(amount, invoice)

    def bill(self, amount: int) -> None:
        draft = invoices.create(
            self.account,
            {
                "customer": self.customer,
                "collection_method": "send_invoice",
                "days_until_due": 30,
                "currency": "usd",
            },
        )
        invoices.add_lines(self.account, {"lines": [{"amount": amount}]}, draft["id"])
        finalization.send(self.account, {}, draft["id"])

    def pay(self, amount: int, invoice: dict) -> None:
        invoice_payments.pay_by_customer(self.account, invoice, amount, "card")

    def pay_rest(self, _amount: int, invoice: dict) -> None:
        invoice_payments.pay_by_customer(self.account, invoice, None, "card")

    def wire(self, amount: int, invoice: dict) -> None:
        now = self.account.now()
        record = payment_records.report_payment(
            self.account,
            {
                "amount_requested": {"value": amount, "currency": "usd"},
                "initiated_at": now,
                "outcome": "guaranteed",
                "guaranteed": {"guaranteed_at": now},
                "payment_method_details": {"type": "custom"},
            },
        )
        attach = {"payment_record": record["id"]}
        payment_records.attach_payment(self.account, attach, invoice["id"])

    def outside(self, _amount: int, invoice: dict) -> None:
        finalization.pay(self.account, {"paid_out_of_band": True}, invoice["id"])

    def credit(self, amount: int, invoice: dict) -> None:
        over = max(amount - invoice["amount_remaining"], 0)
        note = {"invoice": invoice["id"], "amount": amount, "credit_amount": over}
        credit_notes.create(self.account, note)

    def void_note(self, _amount: int, _invoice: dict) -> None:
        for note_id in list(self.account.all("credit_note")):
            credit_notes.void(self.account, {}, note_id)

    def void(self, _amount: int, invoice: dict) -> None:
        finalization.void(self.account, {}, invoice["id"])

    def give_up(self, _amount: int, invoice: dict) -> None:
        finalization.mark_uncollectible(self.account, {}, invoice["id"])

    def refund(self, amount: int, _invoice: dict) -> None:
        for charge in list(self.account.all("charge").values())[-1:]:
            refunds.create(self.account, {"charge": charge["id"], "amount": amount})

    def check(self) -> None:
        billed = paid = credited = 0
        for invoice in self.account.all("invoice").values():
            self.check_invoice(invoice)
            if invoice["status"] != "void":
                lowered = invoice["pre_payment_credit_notes_amount"]
                billed += invoice["total"] - lowered - invoice["amount_remaining"]
            paid += invoice["amount_paid"] + invoice["amount_overpaid"]
        for move in self.account.all("customer_balance_transaction").values():
            credited += move["amount"] if move["type"] == "credit_note" else 0
        balance = customers.balance(self.account, self.customer, "usd")
        assert balance == billed - paid + credited
        assert balance == self.account.get("customer", self.customer)["balance"]

    def check_invoice(self, invoice: dict) -> None:
        assert invoice["amount_remaining"] == invoice["amount_due"] - invoice["amount_paid"]
        assert invoice["amount_remaining"] >= 0
        if invoice["status"] in {"open", "uncollectible"}:
            assert invoice["amount_remaining"] > 0
        if invoice["status"] == "paid":
            assert invoice["amount_remaining"] == 0
        made = invoice_payments.of_invoice(self.account, invoice["id"])
        came = sum(payment["amount_paid"] or 0 for payment in made)
        outside = invoice.get("_off_stripe", 0) - sum(
            p["amount_paid"] or 0 for p in made if p["payment"]["type"] == "payment_record"
        )
        assert invoice["amount_paid"] + invoice["amount_overpaid"] == came + outside
        waiting = [p for p in made if p["status"] == "open"]
        expected = [invoice["amount_remaining"]] if invoice["status"] in _OWED else []
        assert [p["amount_requested"] for p in waiting] == expected


_OWED = {"open", "uncollectible"}


@settings(max_examples=100, deadline=None)
@given(acts)
def test_what_was_billed_paid_and_credited_adds_up_to_the_customers_balance(done) -> None:
    history = History()
    for what, amount, which in done:
        history.act(what, amount, which)
        history.check()
