"""A mistake of staff undone: by a reversing entry, never by a deletion."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display, to_major
from po_toolkit.payments.record import Movement, record
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import LedgerEntry, PurchaseOrder

_OPPOSITE = {
    EntryKind.PAYMENT: EntryKind.PAYMENT_REVERSAL,
    EntryKind.REFUND: EntryKind.REFUND_FAILED,
}


def reverse(
    uow: UnitOfWork, order: PurchaseOrder, entry: LedgerEntry, *, today: date, reason: str = ""
) -> None:
    """Undo an entry that was made by hand or from a bank statement.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        entry: What was entered by mistake.
        today: The date of the correction.
        reason: Why, for the books.

    Raises:
        PurchaseOrderError: It is Stripe's own fact, it is undone already, or is itself an undoing.
    """
    shown = f"entry {entry.id} of {display(entry.amount, entry.currency)}"
    if entry.source == "stripe":
        raise PurchaseOrderError(
            f"{order.reference}: {shown} came from Stripe ({entry.source_id}) and is not reversed "
            f"here. Refund it.",
            remedy=remedies.refund(order.reference, to_major(entry.amount, entry.currency)),
        )
    if EntryKind(entry.kind) not in _OPPOSITE or entry.reverses_id is not None:
        raise PurchaseOrderError(
            f"{order.reference}: {shown} is a {entry.kind.replace('_', ' ')}; only a payment or a "
            f"refund made by hand is undone. Enter it again where it belongs."
        )
    if any(other.reverses_id == entry.id for other in order.entries):
        raise PurchaseOrderError(f"{order.reference}: {shown} is undone already.")
    movement = Movement(
        kind=_OPPOSITE[EntryKind(entry.kind)],
        method=entry.method,
        amount=entry.amount,
        currency=entry.currency,
        source=entry.source,
        source_id=f"{entry.uuid}:reversed",
        reference=entry.reference,
        payment_date=today,
        note=reason.strip() or f"Entry {entry.id} was a mistake",
        invoice_id=entry.invoice_id,
        reverses_id=entry.id,
        uuid=uuid4(),
    )
    record(uow, order, movement, Act.REVERSE)


def left_at_stripe(order: PurchaseOrder, entry: LedgerEntry) -> str:
    """Say what Stripe still counts of an entry that was undone, or ``""``.

    Stripe has no call that takes a payment record off an invoice, nor voids an invoice with one.
    """
    if not entry.stripe_payment_record_id or entry.kind != EntryKind.PAYMENT:
        return ""
    invoice = next((i for i in order.invoices if i.id == entry.invoice_id), None)
    named = invoice.stripe_invoice_id if invoice else "its invoice"
    shown = display(entry.amount, entry.currency)
    return (
        f"Stripe was told of it and cannot take it back: {named} still counts {shown} as paid, and "
        f"neither its page nor its reminders ask for that. Ask for it yourself, by wire or check. "
        f"The same amount entered again on {order.reference} is taken for what Stripe counts."
    )
