"""Giving money back: through Stripe, from the payments that came through it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display, to_major
from po_toolkit.payments.intend import intend
from po_toolkit.payments.record import Movement, record
from po_toolkit.store import money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import LedgerEntry, MoneyIntent, PurchaseOrder


def refundable(order: PurchaseOrder) -> list[tuple[LedgerEntry, int]]:
    """Return the payments that came through Stripe and what can be refunded of each.

    Newest first; minor units of the purchase order's currency.
    """
    found = []
    for entry in reversed(order.entries):
        if entry.kind == EntryKind.PAYMENT and entry.stripe_payment_id:
            left = entry.amount - _gone(order, entry)
            if left > 0:
                found.append((entry, left))
    return found


def plan_refund(
    order: PurchaseOrder, amount: int, payment: str = ""
) -> list[tuple[LedgerEntry, int]]:
    """Choose the payments that a refund is taken from, the newest first.

    Args:
        order: The purchase order.
        amount: Minor units of its currency, above zero.
        payment: Take it from this payment alone: the entry's number or Stripe's id.

    Raises:
        PurchaseOrderError: The amount is wrong, or so much did not come through Stripe.
    """
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: a refund must be more than zero.")
    sources = [
        (entry, left)
        for entry, left in refundable(order)
        if not payment
        or payment.lstrip("#") in (str(entry.id), entry.source_id, entry.stripe_payment_id)
    ]
    plan, missing = [], amount
    for entry, left in sources:
        part = min(left, missing)
        if part:
            plan.append((entry, part))
            missing -= part
    if missing:
        there = display(amount - missing, order.currency)
        raise PurchaseOrderError(
            f"{order.reference}: {display(amount, order.currency)} is more than the {there} that "
            f"came through Stripe{' by that payment' if payment else ''} and can be refunded. Send "
            f"the rest back from the bank, and record that.",
            remedy=remedies.refund(
                order.reference, to_major(missing, order.currency), method="wire"
            ),
        )
    return plan


def intend_refund(
    uow: UnitOfWork, order: PurchaseOrder, plan: list[tuple[LedgerEntry, int]]
) -> list[int]:
    """Store a refund's parts and who orders it; return the ids of the intents to be settled."""
    ids = []
    whole, together = sum(amount for _, amount in plan), str(uuid4())
    for entry, amount in plan:
        invoice = next(i for i in order.invoices if i.id == entry.invoice_id)
        details = {
            "stripe_payment_id": entry.stripe_payment_id,
            "whole": whole,
            "refund": together,
        }
        ids.append(intend(uow, order, invoice, kind="refund", amount=amount, details=details))
    uow.audit(
        Act.REFUND,
        order,
        before={"status": order.status},
        after={"amount": whole, "currency": order.currency, "method": "stripe"},
    )
    return ids


def unfinished(uow: UnitOfWork, order: PurchaseOrder, amount: int) -> list[int]:
    """Return the intents of a refund of this amount that was cut off, to be gone on with."""
    waiting = [
        intent
        for intent in money_intents.unfinished(uow.session, order.conference)
        if intent.purchase_order_id == order.id and intent.kind == "refund"
    ]
    return [intent.id for intent in waiting if intent.details["whole"] == amount]


@dataclass(frozen=True, slots=True)
class Parts:
    """How a refund that is taken from several payments stands; minor units."""

    whole: int
    done: int


def give_up_rest(uow: UnitOfWork, refused: MoneyIntent, now: datetime) -> Parts | None:
    """End the other parts of a refund of which Stripe refused one; None where it had only one.

    Else a later sync would give back what the person was told did not go.
    """
    parts = money_intents.of_one_refund(uow.session, refused)
    if len(parts) == 1:
        return None
    for part in parts:
        if part.finished_at is None:
            part.step, part.finished_at = "refused", now
            part.error = "Not tried, since Stripe refused another part of the same refund."
    done = sum(part.amount for part in parts if part.step == "done")
    return Parts(whole=refused.details["whole"], done=done)


def enter_refund(
    uow: UnitOfWork,
    order: PurchaseOrder,
    *,
    amount: int,
    method: str,
    reference: str,
    refund_date: date,
    note: str = "",
) -> None:
    """Enter money that was sent back from the bank, by check or otherwise.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero.
        method: wire, ach, check or other.
        reference: The bank's own reference.
        refund_date: When it was sent.
        note: Anything worth knowing.

    Raises:
        PurchaseOrderError: It is more than was paid.
    """
    sums = order.sums
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: a refund must be more than zero.")
    if amount > sums.paid - sums.refunded:
        raise PurchaseOrderError(
            f"{order.reference}: a refund of {display(amount, order.currency)} is more than the "
            f"{display(sums.paid - sums.refunded, order.currency)} that is on it."
        )
    uuid = uuid4()
    movement = Movement(
        kind=EntryKind.REFUND,
        method=method,
        amount=amount,
        currency=order.currency,
        source="manual",
        source_id=str(uuid),
        reference=reference,
        payment_date=refund_date,
        note=note,
        uuid=uuid,
    )
    record(uow, order, movement, Act.REFUND)


_TAKEN_BACK = {
    EntryKind.REFUND: 1,
    EntryKind.DISPUTE: 1,
    EntryKind.PAYMENT_REVERSAL: 1,
    EntryKind.REFUND_FAILED: -1,
    EntryKind.DISPUTE_REINSTATED: -1,
}


def _gone(order: PurchaseOrder, payment: LedgerEntry) -> int:
    """Return how much of a payment went back already, net of what failed or was won."""
    return sum(
        _TAKEN_BACK.get(EntryKind(entry.kind), 0) * entry.amount
        for entry in order.entries
        if entry.stripe_payment_id == payment.stripe_payment_id and entry.id != payment.id
    )
