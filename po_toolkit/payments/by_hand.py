"""What a treasurer enters: wires, checks and what is forgiven."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import DuplicateEntryError, PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.payments.closing import booked, with_late_note
from po_toolkit.payments.record import Movement, record
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ledger import same_by_hand
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import CreditNote, PurchaseOrder

METHODS = ("wire", "ach", "check", "other", "stripe")


def enter_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    *,
    amount: int,
    method: str,
    reference: str,
    payment_date: date,
    note: str = "",
    again: bool = False,
) -> None:
    """Enter a payment that did not come through Stripe.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero.
        method: wire, ach, check or other.
        reference: The bank's or the sponsor's own reference.
        payment_date: When the money came.
        note: Anything worth knowing.
        again: Enter it although the very same is there already.

    Raises:
        PurchaseOrderError: The amount or method is wrong, or the purchase order is cancelled.
        DuplicateEntryError: The same method, reference, date and amount is there already.
    """
    if amount <= 0:
        raise PurchaseOrderError(
            f"{order.reference}: a payment must be more than zero, not "
            f"{display(amount, order.currency)}."
        )
    if method not in METHODS:
        raise PurchaseOrderError(
            f"{method!r} is no method of payment; use one of {', '.join(METHODS)}."
        )
    if order.cancelled_at is not None:
        raise PurchaseOrderError(
            f"{order.reference} is cancelled and takes no payment by hand; find out which "
            f"purchase order the money is for."
        )
    twin = same_by_hand(
        order, method=method, reference=reference, payment_date=payment_date, amount=amount
    )
    if twin is not None and not again:
        raise DuplicateEntryError(
            f"{order.reference} has a {method} of {display(amount, order.currency)} dated "
            f"{payment_date} with reference {reference!r} already. If it really came twice, "
            f"repeat with --again."
        )
    movement = Movement(
        kind=EntryKind.PAYMENT,
        method=method,
        amount=amount,
        currency=order.currency,
        source="manual",
        source_id="",
        reference=reference,
        payment_date=payment_date,
        note=note,
        uuid=uuid4(),
    )
    record(uow, order, replace(movement, source_id=str(movement.uuid)), Act.RECORD_PAYMENT)


def enter_credit_note(
    uow: UnitOfWork, order: PurchaseOrder, *, amount: int, reason: str, credit_date: date
) -> CreditNote:
    """Forgive part of what a purchase order owes.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero and at most what is not yet credited.
        reason: Why, for the audit.
        credit_date: The date of the note.

    Raises:
        PurchaseOrderError: The amount is wrong, the reason is missing, or it is cancelled.
    """
    sums = order.sums
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: a credit note must be more than zero.")
    if not reason.strip():
        raise PurchaseOrderError(f"{order.reference}: say why the credit note is issued.")
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{order.reference} is cancelled; there is nothing to credit.")
    if amount > sums.total - sums.credited:
        raise PurchaseOrderError(
            f"{order.reference}: a credit note of {display(amount, order.currency)} is more than "
            f"the {display(sums.total - sums.credited, order.currency)} that is not credited yet."
        )
    before = order.status
    booked_on = booked(uow, order, credit_date)
    note = CreditNote(
        conference_id=order.conference_id,
        amount=amount,
        currency=order.currency,
        reason=with_late_note(reason.strip(), credit_date, booked_on),
        credit_date=credit_date,
        booked_on=booked_on,
        issued_by=uow.actor.name,
    )
    order.credit_notes.append(note)
    uow.session.flush()
    refresh_status(order)
    uow.audit(
        Act.ISSUE_CREDIT_NOTE,
        order,
        before={"status": before},
        after={"status": order.status, "amount": amount, "currency": order.currency},
    )
    return note
