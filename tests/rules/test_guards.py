"""What keeps money right, tried without a server and without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.payments import customer_credit, stripe_invoices
from po_toolkit.payments.ledger import Movement, record_all
from po_toolkit.store.tables import Invoice, LedgerEntry, PurchaseOrder, PurchaseOrderLineItem

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def order(number: int, total: int, *, paid: int = 0, currency: str = "usd") -> PurchaseOrder:
    entries = [
        LedgerEntry(
            id=number, kind="payment", source="stripe", source_id="inpay", amount=paid,
            currency=currency,
        )
    ]  # fmt: skip
    return PurchaseOrder(
        id=number,
        reference=f"PO-{number}",
        currency=currency,
        line_items=[PurchaseOrderLineItem(line_total=total, tax_on_top=0)],
        entries=entries if paid else [],
    )


def test_foreign_money_is_refused_before_anything_is_written():
    """Else euros pay dollars one for one."""
    movement = Movement(
        kind=EntryKind.PAYMENT,
        method="wire",
        amount=100,
        currency="eur",
        source="manual",
        source_id="x",
        payment_date=date(2027, 3, 1),
    )
    with pytest.raises(PurchaseOrderError, match="never converted"):
        record_all(SimpleNamespace(), [(order(1, 100), movement)], Act.RECORD_PAYMENT)


class Moves:
    """Notes what credit would move."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, int]] = []

    def credit(self, donor, receiver, _invoice, amount) -> None:
        self.made.append((donor.reference, receiver.reference, amount))


@pytest.mark.parametrize(
    ("currency", "moved"), [("usd", [("PO-2", "PO-1", 300)]), ("eur", []), ("jpy", [])]
)
def test_credit_settles_invoices_of_its_own_currency_only(currency, moved):
    """Else an overpayment in yen settles an invoice in dollars, unit for unit."""
    invoice = Invoice(id=9, stripe_credit_used=300, state="paid", stripe_invoice_id="in_9")
    receiver, donor = order(1, 1000), order(2, 1000, paid=1500, currency=currency)
    moves = Moves()
    customer_credit._settle_invoice(moves, receiver, invoice, {1: receiver, 2: donor})
    assert moves.made == moved


@pytest.mark.parametrize(("seconds", "state"), [(-1, "paid"), (0, "sent"), (1, "sent")])
def test_an_older_answer_of_stripe_undoes_no_newer_one(monkeypatch, seconds, state):
    """Else a slow answer opens an invoice again that was paid meanwhile."""
    invoice = Invoice(id=9, state="paid", step="done", stripe_read_at=NOW, adopted=False)
    monkeypatch.setattr(stripe_invoices.invoices, "copy_stripe_invoice", lambda *_: None)
    opened = SimpleNamespace(conference=SimpleNamespace(timezone="UTC"))
    holder = PurchaseOrder(id=1, invoices=[invoice])
    read_at = NOW + timedelta(seconds=seconds)
    stripe_invoices._read(opened, holder, invoice, {"status": "open"}, read_at)
    assert invoice.state == state


def test_an_invoice_that_was_replaced_does_not_live_again_beside_its_heir(monkeypatch):
    """Else a purchase order has two invoices that count."""
    old = Invoice(id=8, generation=1, state="void", step="done", adopted=False)
    new = Invoice(id=9, generation=2, state="sent", step="done", adopted=False)
    monkeypatch.setattr(stripe_invoices.invoices, "copy_stripe_invoice", lambda *_: None)
    opened = SimpleNamespace(conference=SimpleNamespace(timezone="UTC"))
    holder = PurchaseOrder(id=1, invoices=[old, new])
    stripe_invoices._read(opened, holder, old, {"status": "paid"}, NOW)
    assert (old.state, new.state) == ("void", "sent")
