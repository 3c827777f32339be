"""The one door into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.payments.closing import booked, with_late_note
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import LedgerEntry, PurchaseOrder
from po_toolkit.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved, before it is in the ledger.

    Attributes:
        amount: Minor units of ``currency``, above zero; the kind gives the sign.
        source: Where the fact comes from: stripe, manual or bank.
        source_id: That source's own id; the same one is never entered twice.
        entered_by: Who ordered it, where that is not who acts now.
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
    entered_by: str = ""
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
    return bool(record_all(uow, [(order, movement)], act))


def record_all(
    uow: UnitOfWork, moves: Sequence[tuple[PurchaseOrder, Movement]], act: Act
) -> list[LedgerEntry]:
    """Enter movements on locked purchase orders, each unless its source id is there already.

    Returns:
        The new entries. Every status is brought up to its sums.

    Raises:
        PurchaseOrderError: A currency is not its purchase order's; nothing may be kept then.
    """
    for order, movement in moves:
        _refuse_currency(order, movement)
    orders = {order.id: order for order, _ in moves}
    new = _insert(uow, moves)
    before = {order.id: order.status for order in orders.values()}
    for entry in new:
        order = orders[entry.purchase_order_id]
        set_committed_value(order, "entries", [*order.entries, entry])
    for order in orders.values():
        refresh_status(order)
    for entry in new:
        order = orders[entry.purchase_order_id]
        uow.audit(
            act,
            order,
            before={"status": before[order.id]},
            after={
                "status": order.status,
                "kind": entry.kind,
                "amount": entry.amount,
                "currency": entry.currency,
                "source": entry.source,
                "source_id": entry.source_id,
            },
        )
    return new


def _refuse_currency(order: PurchaseOrder, movement: Movement) -> None:
    if movement.currency != order.currency:
        raise PurchaseOrderError(
            f"{order.reference} is in {order.currency.upper()}; "
            f"{display(movement.amount, movement.currency)} cannot be entered on it. "
            f"Amounts are never converted: find out which purchase order it belongs to."
        )


def _insert(uow: UnitOfWork, moves: Sequence[tuple[PurchaseOrder, Movement]]) -> list[LedgerEntry]:
    days: dict[tuple[int, date], date] = {}
    rows = []
    for order, movement in moves:
        day = (order.conference_id, movement.payment_date)
        if day not in days:
            days[day] = booked(uow, order, movement.payment_date)
        rows.append(_row(uow, order, movement, days[day]))
    unique = [LedgerEntry.conference_id, LedgerEntry.source, LedgerEntry.source_id]
    ids = insert_new(uow.session, LedgerEntry, rows, unique)
    if not ids:
        return []
    query = select(LedgerEntry).where(LedgerEntry.id.in_(ids)).order_by(LedgerEntry.id)
    return list(uow.session.scalars(query))


def _row(
    uow: UnitOfWork, order: PurchaseOrder, movement: Movement, booked_on: date
) -> dict[str, Any]:
    return {
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
        "entered_by": movement.entered_by or uow.actor.name,
        "reverses_id": movement.reverses_id,
        "stripe_payment_record_id": movement.stripe_payment_record_id,
        "stripe_payment_id": movement.stripe_payment_id,
        "created_at": utc_now(),
    }
