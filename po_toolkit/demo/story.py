"""What happens in the demo: spreadsheets come in, invoices go out, sponsors pay as sponsors do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

from po_toolkit.api.activity import event_counts
from po_toolkit.api.imports import ImportReport, import_purchase_orders
from po_toolkit.api.ledger import cancel, credit, record_payment_by_hand
from po_toolkit.api.reports import PurchaseOrder, purchase_orders_of
from po_toolkit.api.sync import sync_conference
from po_toolkit.demo.stage import KEY, Stage, wait_for_webhooks
from po_toolkit.jobs.batches import invoice_many
from po_toolkit.money import convert_amount_for_api, to_major

GOOD = "sponsors-2027.csv"
FAULTY = "sponsors-with-errors.csv"
CURRENCIES = "sponsors-currencies.csv"

_FIRST_DUE = date(2027, 2, 15)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Facts:
    """What the story did to one purchase order, known without asking the books; major units."""

    paid_stripe: Decimal = Decimal(0)
    paid_other: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)
    status: str = "sent"


@dataclass(frozen=True)
class Purchase:
    """One purchase order on the stage."""

    stage: Stage
    order: PurchaseOrder

    def part(self, of: int) -> Decimal:
        """Return a fraction of the total that every currency can represent."""
        return to_major(self.order.sums.total // (10 * of) * 10, self.order.currency)

    def pay(self, amount: Decimal, method: str = "card") -> Decimal:
        """Pay on Stripe's page."""
        self.stage.simulator.control.pay(
            self.order.stripe_invoice_id,
            amount=convert_amount_for_api(amount, self.order.currency),
            method=method,
            account=KEY,
        )
        return amount

    def wire(self, amount: Decimal) -> Decimal:
        """Pay by wire, which somebody enters by hand."""
        record_payment_by_hand(
            self.stage.opened,
            self.order.reference,
            amount=amount,
            method="wire",
            payment_reference=f"FT{self.order.id:06}",
        )
        return amount


def _by_card(one: Purchase) -> Facts:
    return Facts(paid_stripe=one.pay(one.order.total), status="paid")


def _by_ach(one: Purchase) -> Facts:
    return Facts(paid_stripe=one.pay(one.order.total, "us_bank_account"), status="paid")


def _in_part(one: Purchase) -> Facts:
    return Facts(paid_stripe=one.pay(one.part(2)), status="partially_paid")


def _too_much(one: Purchase) -> Facts:
    return Facts(paid_stripe=one.pay(one.order.total + 100), status="overpaid")


def _by_wire(one: Purchase) -> Facts:
    return Facts(paid_other=one.wire(one.order.total), status="paid")


def _wire_then_card(one: Purchase) -> Facts:
    wired = one.wire(one.part(3))
    return Facts(paid_other=wired, paid_stripe=one.pay(one.order.total - wired), status="paid")


def _credited(one: Purchase) -> Facts:
    forgiven = one.part(10)
    credit(one.stage.opened, one.order.reference, amount=forgiven, reason="Booth was smaller")
    paid = one.pay(one.order.total - forgiven)
    return Facts(credited=forgiven, paid_stripe=paid, status="paid")


def _cancelled(one: Purchase) -> Facts:
    cancel(one.stage.opened, one.order.reference)
    return Facts(status="cancelled")


Habit = Callable[[Purchase], Facts]

_HABITS: dict[str, tuple[Habit, ...]] = {
    GOOD: (
        *[_by_card] * 12,
        *[_by_ach] * 6,
        *[_in_part] * 5,
        *[_too_much] * 3,
        *[_by_wire] * 4,
        *[_wire_then_card] * 2,
        _credited,
        _cancelled,
    ),
    CURRENCIES: (_by_card, _in_part, _by_wire, _by_card, _too_much),
}
"""What the sponsors do, in the order of the spreadsheet; the rest have not paid yet."""


def sample(name: str, today: date) -> bytes:
    """Return a sample spreadsheet; its due dates are moved on by years where they have passed."""
    content = (files("po_toolkit") / "samples" / name).read_bytes()
    years = max(0, today.year - _FIRST_DUE.year + (today >= _FIRST_DUE.replace(year=today.year)))
    return re.sub(rb"\b2027-(\d\d-\d\d)\b", rb"%d-\1" % (2027 + years), content)


def tell(stage: Stage, say: Say) -> dict[str, Facts]:
    """Play it all; returns what must now stand in the books, by reference."""
    facts: dict[str, Facts] = {}
    for name in (GOOD, FAULTY, CURRENCIES):
        report = _take_in(stage, name, say)
        if report.accepted:
            _invoice(stage, report, say)
            facts |= _pay(stage, report.references, _HABITS.get(name, ()))
    paid = sum(f.status in {"paid", "overpaid", "partially_paid"} for f in facts.values())
    say(
        f"Sponsors pay: {paid} of {len(facts)} in full, in part or too much, by card, ACH and wire."
    )
    _take_in_webhooks(stage, say)
    missed = sync_conference(stage.opened).payments_recorded
    say(f"Sync with Stripe: {missed} payments that no webhook had reported.")
    return facts


def _take_in(stage: Stage, name: str, say: Say) -> ImportReport:
    content = sample(name, stage.opened.today())
    report = import_purchase_orders(stage.opened, content, file_name=name)
    say(
        f"Import of {name}: {report.accepted} purchase orders imported, {report.rejected} "
        "rejected, "
        f"{report.duplicates} duplicates."
    )
    for problem in report.problems:
        say(f"  {problem.message}")
    return report


def _invoice(stage: Stage, report: ImportReport, say: Say) -> None:
    sent = invoice_many(stage.opened, stage.settings, report.references).report
    say(f"Invoices: {sent.invoiced} sent, {sent.failed} failed.")
    for result in sent.results:
        if result.error:
            say(f"  {result.reference}: {result.error}")


def _pay(stage: Stage, references: list[str], habits: tuple[Habit, ...]) -> dict[str, Facts]:
    orders = purchase_orders_of(stage.opened, references)
    facts = {order.reference: Facts() for order in orders}
    for order, habit in zip(orders, habits, strict=False):
        facts[order.reference] = habit(Purchase(stage, order))
    return facts


def _take_in_webhooks(stage: Stage, say: Say) -> None:
    def waiting() -> tuple[int, dict[str, int]]:
        return len(stage.simulator.control.pending()), _events(stage)

    def settled() -> bool:
        pending, events = waiting()
        return not pending and not events.get("received")

    wait_for_webhooks(settled, waiting)
    states = _events(stage)
    say(f"Signed webhooks: {sum(states.values())} processed, {states.get('failed', 0)} failed.")


def _events(stage: Stage) -> dict[str, int]:
    return event_counts(stage.opened)
