"""What a treasurer enters: wires, checks and what is forgiven."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import DuplicateEntryError, PurchaseOrderError
from po_toolkit.money import display, to_major
from po_toolkit.payments import tell_book
from po_toolkit.payments.intend import (
    intend,
    takes_credit_notes,
    takes_payments,
    undone_but_told,
)
from po_toolkit.payments.outside import marked
from po_toolkit.payments.record import Movement, record
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ledger import same_by_hand
from po_toolkit.store.tables import CreditNote, PurchaseOrder

METHODS = ("wire", "ach", "check", "other")


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
    source: str = "manual",
    source_id: str = "",
) -> int | None:
    """Enter a payment that did not come through Stripe, or intend to tell Stripe of it first.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero.
        method: wire, ach, check or other.
        reference: The bank's or the sponsor's own reference.
        payment_date: When the money came.
        note: Anything worth knowing.
        again: Enter it although the very same is there already.
        source: manual, or bank where a statement proves it.
        source_id: The source's own id; for a manual entry its uuid.

    Returns:
        None once it is entered. Where an open invoice must hear of it: the id of the intent that
        :func:`po_toolkit.payments.telling.settle` takes to its end.

    Raises:
        PurchaseOrderError: The amount or method is wrong, or the purchase order is cancelled.
        DuplicateEntryError: The same method, reference, date and amount is there already.
    """
    _refuse_impossible(order, amount, method)
    if not again:
        _refuse_twin(order, amount, method, reference, payment_date)
    invoice, told = takes_payments(order), undone_but_told(order, amount)
    if invoice is None or told is not None:
        movement = Movement(
            kind=EntryKind.PAYMENT,
            method=method,
            amount=amount,
            currency=order.currency,
            source=source,
            source_id=source_id,
            reference=reference,
            payment_date=payment_date,
            note=note,
            uuid=uuid4(),
        )
        movement = replace(movement, source_id=source_id or str(movement.uuid))
        if told is not None:  # Stripe counts it already; to tell it again would count it twice
            record_id, told.stripe_payment_record_id = told.stripe_payment_record_id, ""
            movement = replace(
                movement, stripe_payment_record_id=record_id, invoice_id=told.invoice_id
            )
        record(uow, order, movement, Act.RECORD_PAYMENT)
        return None
    details = {
        "method": method,
        "reference": reference,
        "payment_date": payment_date.isoformat(),
        "note": note,
        "source": source,
        "source_id": source_id,
    }
    return intend(uow, order, invoice, kind="payment", amount=amount, details=details)


def _refuse_impossible(order: PurchaseOrder, amount: int, method: str) -> None:
    if amount <= 0:
        raise PurchaseOrderError(
            f"{order.reference}: a payment must be more than zero, not "
            f"{display(amount, order.currency)}."
        )
    if method == "stripe":
        raise PurchaseOrderError(
            f"{order.reference}: what came through Stripe is not entered by hand, else it would "
            f"count twice; sync brings it."
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


def _refuse_twin(
    order: PurchaseOrder, amount: int, method: str, reference: str, payment_date: date
) -> None:
    """Refuse what seems to be in the ledger already, as a person's second press of the button."""
    second = remedies.record_again(
        order.reference, to_major(amount, order.currency), method, reference, payment_date
    )
    twin = same_by_hand(
        order, method=method, reference=reference, payment_date=payment_date, amount=amount
    )
    if twin is not None:
        raise DuplicateEntryError(
            f"{order.reference} has a {method} of {display(amount, order.currency)} dated "
            f"{payment_date} with reference {reference!r} already. If it really came twice, record "
            f"it as a second payment.",
            remedy=second,
        )
    outside_stripe = marked(order, amount)
    if outside_stripe is not None:
        raise DuplicateEntryError(
            f"{order.reference} has {display(amount, order.currency)} in the ledger already: the "
            f"invoice was marked as paid outside of Stripe on {outside_stripe.payment_date}. If "
            f"this is other money, record it as a second payment.",
            remedy=second,
        )


def enter_credit_note(
    uow: UnitOfWork, order: PurchaseOrder, *, amount: int, reason: str, credit_date: date
) -> int | None:
    """Forgive part of what a purchase order owes, or intend to tell Stripe of it first.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero and at most what is not yet credited.
        reason: Why, for the audit.
        credit_date: The date of the note.

    Returns:
        None once it is entered. Where an invoice must hear of it: the id of the intent that
        :func:`po_toolkit.payments.telling.settle` takes to its end.

    Raises:
        PurchaseOrderError: The amount is wrong, the reason is missing, or it is cancelled.
    """
    _refuse_credit(order, amount, reason)
    invoice = takes_credit_notes(order)
    if invoice is not None:
        details = {"reason": reason.strip(), "credit_date": credit_date.isoformat()}
        return intend(uow, order, invoice, kind="credit_note", amount=amount, details=details)
    note = CreditNote(
        amount=amount, currency=order.currency, reason=reason.strip(), credit_date=credit_date
    )
    tell_book.add_credit_note(uow, order, note)
    return None


def _refuse_credit(order: PurchaseOrder, amount: int, reason: str) -> None:
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
