"""docs/reconciliation.md says what the program does: its examples are entered and compared."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.money import to_minor
from po_toolkit.reconcile import reconcile_conference, tables
from po_toolkit.reconcile.schema import Table, decimal_text
from po_toolkit.store.tables import (
    BalanceTransaction,
    BankMatch,
    BankTransaction,
    CustomerBalance,
    Invoice,
    Payout,
    StrayInvoice,
)

DOC = Path(__file__).parents[2] / "docs" / "reconciliation.md"
AS_OF = date(2027, 3, 1)
NOON = datetime(2027, 1, 30, 12, tzinfo=UTC)
SECTIONS = re.findall(
    r"^### (.+?)\n\nCode `(\w+)`\. (.*?)Happened:\n\n(.*?)\nShows:\n\n    (.*?)\n",
    DOC.read_text(),
    re.MULTILINE | re.DOTALL,
)


def cents(amount, currency="usd"):
    return to_minor(Decimal(amount.replace(",", "")), currency)


class Story:
    """Enters what an example says has happened."""

    def __init__(self, ledgers):
        self.ledgers = ledgers
        self.order = self.invoice = self.payout = None
        self.total = 0

    def tell(self, line):
        for pattern, act in ACTS:
            found = re.fullmatch(pattern, line)
            if found:
                act(self, *found.groups())
                return
        raise AssertionError(f"The document says {line!r}, which no test understands.")

    def ordered(self, amount, sponsor="Acme AG", **columns):
        self.total = cents(amount)
        columns = {"organization_name": sponsor, "po_number": "77"} | columns
        self.order = self.ledgers.order(self.total, contact_email="ap@acme.example", **columns)

    def sent(self, **columns):
        self.invoice = self.ledgers.invoice(self.order, **columns)

    def credited(self, amount):
        used = cents(amount)
        move = {"id": "cbtxn_1", "type": "applied_to_invoice", "amount": used}
        self.sent(
            stripe_status="open", stripe_total=self.total, stripe_amount_due=self.total - used,
            stripe_amount_paid=0, stripe_credit_used=used, stripe_balance_moves=[move],
        )  # fmt: skip

    def recorded(self, amount, method, on_it=None):
        known = {"stripe_payment_record_id": ""} if method == "wire" else {}
        self.ledgers.entry(
            self.order,
            cents(amount),
            method=method,
            invoice_id=self.invoice if on_it else None,
            **known,
        )

    def entry(self, amount, kind):
        self.ledgers.entry(self.order, cents(amount), kind=kind)

    def undone(self, amount):
        on = {"invoice_id": self.invoice, "method": "wire"}
        wire = self.ledgers.entry(self.order, cents(amount), stripe_payment_record_id="pr_1", **on)
        details = {"kind": "payment_reversal", "reverses_id": wire, **on}
        self.ledgers.entry(self.order, cents(amount), **details)

    def change(self, table, row_id, **values):
        from po_toolkit.domain.roles import STRIPE, Act

        with self.ledgers.store.writing(STRIPE, Act.SYNC) as uow:
            row = uow.session.get_one(table, row_id)
            for name, value in values.items():
                setattr(row, name, value)

    def replaced(self):
        self.change(Invoice, self.invoice, state="void", stripe_status="void")
        self.ledgers.invoice(self.order, generation=2)

    def cancelled(self):
        from po_toolkit.store.tables import PurchaseOrder

        self.change(PurchaseOrder, self.order, cancelled_at=NOON)

    def add(self, row):
        row.conference_id = self.ledgers.conference.id
        return self.ledgers._add(row)

    def stray(self, amount):
        self.add(
            StrayInvoice(
                stripe_invoice_id="in_stray", stripe_status="open", currency="usd",
                total=cents(amount), amount_paid=0, read_at=NOON, created_at=NOON,
            )
        )  # fmt: skip

    def stuck(self, amount):
        self.add(
            CustomerBalance(
                stripe_customer_id="cus_1", kind="cash", currency="usd", amount=cents(amount),
                read_at=NOON, created_at=NOON,
            )
        )  # fmt: skip

    def paid_out(self, amount, day, **columns):
        self.payout = self.add(
            Payout(
                stripe_payout_id="po_1", amount=cents(amount), currency="usd",
                arrival_date=date.fromisoformat(day), made_at=NOON, read_at=NOON,
                **({"status": "paid", "automatic": True} | columns),
            )
        )  # fmt: skip

    def bank_line(self, amount, day, text="TRANSFER"):
        return self.add(
            BankTransaction(
                currency="usd", amount=amount, booked_on=date.fromisoformat(day), text=text,
                fingerprint=text, occurrence=0,
            )
        )  # fmt: skip

    def matched(self, amount, day):
        entry = self.ledgers.entry(self.order, cents(amount), method="check")
        line = self.bank_line(cents(amount), day)
        self.add(
            BankMatch(
                bank_transaction_id=line, kind="entry", purchase_order_id=self.order,
                entry_id=entry, amount=cents(amount), rule="by_hand", evidence="seen",
                applied_by="treasurer", applied_at=NOON,
            )
        )  # fmt: skip

    def items(self, net):
        self.add(
            BalanceTransaction(
                stripe_id="txn_1", payout_id=self.payout, type="charge", currency="usd",
                amount=cents(net), fee=0, net=cents(net), made_at=NOON,
                available_on=date(2027, 1, 30),
            )
        )  # fmt: skip


A = r"([\d,.]+)"
ACTS = [
    (rf"ordered {A} USD", Story.ordered),
    (rf"the same sponsor ordered {A} USD under the same number", Story.ordered),
    ("invoice sent", Story.sent),
    (r"invoice sent, due (\S+)", lambda s, d: s.sent(due_date=date.fromisoformat(d))),
    (rf"invoice sent; Stripe's total is {A}", lambda s, a: s.sent(stripe_total=cents(a))),
    (rf"invoice sent; Stripe asks {A}", lambda s, a: s.sent(stripe_amount_due=cents(a))),
    (rf"invoice sent; Stripe got {A}", lambda s, a: s.sent(stripe_amount_paid=cents(a))),
    (
        rf"invoice sent; Stripe calls it paid and got {A}",
        lambda s, a: s.sent(state="paid", stripe_status="paid", stripe_amount_paid=cents(a)),
    ),
    (rf"invoice sent; Stripe took {A} from the sponsor's balance", Story.credited),
    (r"invoice sent; Stripe names (\S+)", lambda s, e: s.sent(stripe_customer_email=e)),
    ("invoice sent in EUR", lambda s: s.sent(currency="eur")),
    ("that invoice was replaced by another", Story.replaced),
    (
        "that invoice was voided in Stripe's dashboard",
        lambda s: s.change(Invoice, s.invoice, state="void", stripe_status="void"),
    ),
    (rf"recorded {A} through Stripe", lambda s, a: s.recorded(a, "stripe")),
    (
        rf"recorded {A} through Stripe on the first invoice",
        lambda s, a: s.recorded(a, "stripe", on_it=True),
    ),
    (rf"recorded {A} by wire", lambda s, a: s.recorded(a, "wire")),
    (rf"a wire of {A} that was reported to Stripe was reversed", Story.undone),
    (rf"refunded {A}", lambda s, a: s.entry(a, "refund")),
    (rf"a dispute took back {A}", lambda s, a: s.entry(a, "dispute")),
    (rf"the bank returned {A}", lambda s, a: s.entry(a, "payment_reversal")),
    ("cancelled", Story.cancelled),
    (rf"an invoice over {A} USD was sent in Stripe's dashboard", Story.stray),
    (rf"a bank transfer of {A} USD fitted no invoice", Story.stuck),
    (rf"Stripe paid out {A} USD, to arrive on (\S+)", Story.paid_out),
    (
        rf"Stripe's payout of {A} USD came back",
        lambda s, a: s.paid_out(a, "2027-01-30", status="failed"),
    ),
    (
        r"the bank statement goes through (\S+) without it",
        lambda s, d: s.bank_line(-1_00, d),
    ),
    (
        rf"the bank statement shows {A} USD from nobody we know",
        lambda s, a: s.bank_line(cents(a), "2027-02-20"),
    ),
    (
        rf"a check of {A} USD was matched to the bank line of (\S+)",
        lambda s, a, d: s.matched(a, d),
    ),
    (
        rf"the bank took {A} USD back on (\S+): (.+)",
        lambda s, a, d, text: s.bank_line(-cents(a), d, text),
    ),
    (
        rf"the bank statement shows that {A} USD went to nobody we know",
        lambda s, a: s.bank_line(-cents(a), "2027-02-20"),
    ),
    (rf"the payout's balance transactions come to {A}", Story.items),
]


def shown(row):
    amount = decimal_text(row.at_stake, row.currency)
    return f"{amount} {row.currency.upper()} at stake: {row.evidence}"


def test_every_class_has_its_section_in_the_programs_own_words():
    assert [code for _, code, *_ in SECTIONS] == list(DISCREPANCY_CLASSES)
    for title, code, words, *_ in SECTIONS:
        about = DISCREPANCY_CLASSES[code]
        assert title == about.title
        assert words.startswith(about.explanation)
        assert about.remedy in words


@pytest.mark.parametrize(("code", "happened", "line"), [(s[1], s[3], s[4]) for s in SECTIONS])
def test_an_example_shows_what_the_document_says(code, happened, line, ledgers, store, conference):
    story = Story(ledgers)
    for step in happened.strip().splitlines():
        story.tell(step.removeprefix("- "))
    found = reconcile_conference(store, conference, as_of=AS_OF).discrepancies
    rows = found[found["code"] == code]
    assert line in [shown(row) for row in rows.itertuples()]


def test_the_worked_example_adds_up_as_the_document_says(ledgers, store, conference):
    text = DOC.read_text()
    start = text.index("## A worked example")
    part = text[start : text.index("## Exports", start)]
    orders = re.findall(rf"^\| ([A-Z]\w+) \| {A} \| (.+?) \| (.+?) \|$", part, re.MULTILINE)
    assert len(orders) == 4
    for number, (sponsor, amount, invoice, money) in enumerate(orders):
        story = Story(ledgers)
        story.ordered(amount, sponsor, po_number=str(number), reference=f"PO-{sponsor[:6].upper()}")
        if "due" in invoice:
            story.sent(due_date=date.fromisoformat(invoice.rsplit(" ", 1)[1]))
        for paid, method in re.findall(rf"{A} by (card|wire)", money):
            story.recorded(paid, "stripe" if method == "card" else "wire")
    made = reconcile_conference(store, conference, as_of=AS_OF)
    assert worked(made) in part
    totals = made.totals["usd"]
    for name in ("open", "total", "credited", "paid", "refunded", "balance"):
        assert f"{Decimal(totals[name]) / 100:,.2f}" in part
    late = made.rows.set_index("organization_name")["days_overdue"]
    assert f"Northwind is {late['Northwind']} days late" in part


def worked(made):
    head = "| sponsor | status | total | paid | balance | discrepancies |"
    rule = "| --- | --- | ---: | ---: | ---: | --- |"
    rows = [
        f"| {r.organization_name} | {r.status} | {r.total} | {r.paid} | {r.balance} | "
        f"{', '.join(r.discrepancies)} |"
        for r in made.readable("rows").sort_values("organization_name").itertuples()
    ]
    return "\n".join([head, rule, *rows])


def test_the_tables_are_described_column_by_column():
    text = DOC.read_text()
    for table in vars(tables).values():
        if isinstance(table, Table) and f"`{table.name}`" in text:
            for column in table.columns:
                assert f"| `{column.name}` | {column.kind.dtype} | {column.meaning} |" in text
    assert text.count("| column | type | meaning |") >= 10
