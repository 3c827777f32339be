"""The one door into the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.payments.closing import booked, with_late_note
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import LedgerEntry, PurchaseOrder
from po_toolkit.store.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved, before it is in the ledger.

    Attributes:
        amount: Minor units of ``currency``, above zero; the kind gives the sign.
        source: Where the fact comes from: stripe, manual or bank.
        source_id: That source's own id; the same one is never entered twice.
    """

    kind: EntryKind
    method: str
    amount: int
    currency: str
    source: str
    source_id: str
    payment_date: date
    reference: str = ""
    note: str = ""
    invoice_id: int | None = None
    reverses_id: int | None = None
    stripe_payment_record_id: str = ""
    stripe_payment_id: str = ""
    uuid: UUID = field(default_factory=uuid4)


def record(uow: UnitOfWork, order: PurchaseOrder, movement: Movement, act: Act) -> bool:
    """Enter a movement unless its source id is in the ledger already.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        movement: What moved.
        act: What the audit trail calls it.

    Returns:
        True when the entry is new. The status is brought up to the sums either way.

    Raises:
        PurchaseOrderError: The currency is not the purchase order's.
    """
    if movement.currency != order.currency:
        raise PurchaseOrderError(
            f"{order.reference} is in {order.currency.upper()}; "
            f"{display(movement.amount, movement.currency)} cannot be entered on it. "
            f"Amounts are never converted: find out which purchase order it belongs to."
        )
    booked_on = booked(uow, order, movement.payment_date)
    new = insert_if_new(
        uow.session,
        LedgerEntry,
        {
            "uuid": movement.uuid,
            "conference_id": order.conference_id,
            "purchase_order_id": order.id,
            "invoice_id": movement.invoice_id,
            "kind": movement.kind.value,
            "method": movement.method,
            "amount": movement.amount,
            "currency": movement.currency,
            "source": movement.source,
            "source_id": movement.source_id,
            "reference": movement.reference,
            "payment_date": movement.payment_date,
            "booked_on": booked_on,
            "note": with_late_note(movement.note, movement.payment_date, booked_on),
            "entered_by": uow.actor.name,
            "reverses_id": movement.reverses_id,
            "stripe_payment_record_id": movement.stripe_payment_record_id,
            "stripe_payment_id": movement.stripe_payment_id,
            "created_at": utc_now(),
        },
        [LedgerEntry.conference_id, LedgerEntry.source, LedgerEntry.source_id],
    )
    if new:
        uow.session.expire(order, ["entries"])
    before = order.status
    refresh_status(order)
    if new:
        uow.audit(
            act,
            order,
            before={"status": before},
            after={
                "status": order.status,
                "kind": movement.kind.value,
                "amount": movement.amount,
                "currency": movement.currency,
                "source": movement.source,
                "source_id": movement.source_id,
            },
        )
    return new
