"""Invoices that staff marked as paid outside of Stripe in its dashboard.

Stripe then counts the rest as paid, without a payment that could be fetched. It is entered once,
less what was entered by hand and Stripe was not told of: that is the same money.
"""

from __future__ import annotations

from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.money import display, minor_from_api
from po_toolkit.payments.books import Change, Taken
from po_toolkit.payments.record import Movement, record
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import LedgerEntry, PurchaseOrder

Json = dict[str, Any]

_SUFFIX = ":outside"


def enter(
    opened: OpenConference, uow: UnitOfWork, order: PurchaseOrder, said: Json, taken: Taken
) -> None:
    """Enter what was marked as paid outside of Stripe, unless it is in already.

    Args:
        opened: Whose account said it.
        uow: The transaction.
        order: The purchase order, locked, with all of the invoice's payments entered.
        said: The invoice with its payments.
        taken: Where the change is noted.
    """
    currency = said["currency"]
    come = sum(p["amount_paid"] or 0 for p in said["payments"]["data"] if p["status"] == "paid")
    missing = minor_from_api(max(said["amount_paid"] - come, 0), currency) - _only_here(order)
    if said["status"] != "paid" or missing <= 0 or _entered(order, said["id"]):
        return
    paid_at = (said.get("status_transitions") or {}).get("paid_at") or said["created"]
    invoice = next(i for i in order.invoices if i.stripe_invoice_id == said["id"])
    movement = Movement(
        kind=EntryKind.PAYMENT,
        method="other",
        amount=missing,
        currency=currency,
        source="stripe",
        source_id=f"{said['id']}{_SUFFIX}",
        reference=said["id"],
        payment_date=opened.day_of(paid_at),
        note="Marked as paid outside of Stripe, in its dashboard",
        invoice_id=invoice.id,
    )
    if record(uow, order, movement, Act.SYNC):
        taken.payments += 1
        shown = display(missing, currency)
        taken.changes.append(Change(order.reference, f"{shown} marked as paid outside of Stripe"))


def marked(order: PurchaseOrder, amount: int) -> LedgerEntry | None:
    """Return the entry that says this amount was marked as paid outside of Stripe, if any."""
    return next(
        (e for e in order.entries if e.source_id.endswith(_SUFFIX) and e.amount == amount), None
    )


def _entered(order: PurchaseOrder, stripe_id: str) -> bool:
    return any(entry.source_id == f"{stripe_id}{_SUFFIX}" for entry in order.entries)


def _only_here(order: PurchaseOrder) -> int:
    """Return what was entered by hand or from the bank and Stripe was not told of."""
    undone = {entry.reverses_id for entry in order.entries}
    return sum(
        entry.amount
        for entry in order.entries
        if entry.kind == EntryKind.PAYMENT
        and entry.source != "stripe"
        and not entry.stripe_payment_record_id
        and entry.id not in undone
    )
