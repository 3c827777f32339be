"""What a treasurer enters: wires, checks and what is forgiven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.domain.same_money import SAME_MONEY, Money, same_money
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import DuplicateEntryError, PurchaseOrderError, Remedy
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
from po_toolkit.store.ledger import money_of_sponsor
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
        DuplicateEntryError: The same money is there already (:func:`same_money`).
    """
    _refuse_impossible(order, amount, method)
    if not again:
        second = remedies.record_again(
            order.reference, to_major(amount, order.currency), method, reference, payment_date
        )
        money = Money(amount, order.currency, payment_date, source)
        refuse_same_money(uow, order, money, lambda _: second)
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


def refuse_same_money(
    uow: UnitOfWork, order: PurchaseOrder, money: Money, remedy: Callable[[int], Remedy]
) -> None:
    """Refuse a payment that seems to be in the books already, until a person says otherwise.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        money: What is about to be entered.
        remedy: What to do about it, given the entry that is there.

    Raises:
        DuplicateEntryError: The sponsor has a payment of this amount within seven days.
    """
    there = money_of_sponsor(uow.session, order)
    twin = same_money(money, (m for m, _, _ in there))
    shown = display(money.amount, order.currency)
    again = "If it is other money, repeat with --again."
    if twin is not None and twin.entry is not None:
        reference, own = next((ref, own) for m, ref, own in there if m.entry == twin.entry)
        named = f" with reference {own!r}" if own else ""
        seen = f", bank line {twin.bank_line}" if twin.bank_line else ""
        raise DuplicateEntryError(
            f"{reference} has {shown} of {twin.day}{named} already (entry {twin.entry}{seen}). The "
            f"same sponsor and amount within {SAME_MONEY.days} days may be the same money. {again}",
            remedy=remedy(twin.entry),
        )
    outside_stripe = marked(order, money.amount)
    if outside_stripe is not None:
        raise DuplicateEntryError(
            f"{order.reference} has {shown} in the ledger already: the invoice was marked as paid "
            f"outside of Stripe on {outside_stripe.payment_date}. {again}",
            remedy=remedy(outside_stripe.id),
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
