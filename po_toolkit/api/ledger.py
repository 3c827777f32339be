"""Single acts on one purchase order's money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from po_toolkit.api.invoices import account_of
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.sums import Status
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.void import void_at_stripe
from po_toolkit.money import display, to_minor
from po_toolkit.payments import by_hand
from po_toolkit.store.purchase_orders import by_reference, refresh_status
from po_toolkit.store.tables import PurchaseOrder


@dataclass(frozen=True, slots=True)
class MoneyResult:
    """How a purchase order stands after an act; the balance in major units."""

    reference: str
    status: str
    balance: Decimal
    currency: str

    def as_json(self) -> dict[str, str]:
        """Return the result as the commands print it."""
        return {
            "reference": self.reference,
            "status": self.status,
            "balance": str(self.balance),
            "currency": self.currency,
        }


def record_payment_by_hand(
    opened: OpenConference,
    reference: str,
    *,
    amount: Decimal,
    method: str,
    payment_reference: str = "",
    payment_date: date | None = None,
    note: str = "",
    again: bool = False,
) -> MoneyResult:
    """Record a wire, ACH, check or other payment that did not come through Stripe.

    Args:
        opened: The conference.
        reference: Our own reference of the purchase order.
        amount: Major units of its currency, above zero.
        method: wire, ach, check or other.
        payment_reference: The bank's or sponsor's reference.
        payment_date: When the money came; by default today in the conference's timezone.
        note: Anything worth knowing.
        again: Record it although the very same is there already.

    Raises:
        NotFoundError: No such purchase order.
        AmountError: The amount cannot be represented in its currency.
        PurchaseOrderError: Wrong amount or method, or a cancelled purchase order.
        DuplicateEntryError: The same payment is there already.
    """
    order = _find(opened, reference)
    minor = to_minor(amount, order.currency)
    with opened.store.writing(opened.actor, Act.RECORD_PAYMENT) as uow:
        locked = uow.lock_purchase_order(order.id)
        by_hand.enter_payment(
            uow,
            locked,
            amount=minor,
            method=method,
            reference=payment_reference,
            payment_date=payment_date or opened.today(),
            note=note,
            again=again,
        )
        return result_of(locked)


def credit(opened: OpenConference, reference: str, *, amount: Decimal, reason: str) -> MoneyResult:
    """Issue a credit note.

    Args:
        opened: The conference.
        reference: Our own reference of the purchase order.
        amount: Major units of its currency, above zero.
        reason: Why.

    Raises:
        NotFoundError: No such purchase order.
        AmountError: The amount cannot be represented in its currency.
        PurchaseOrderError: The amount is more than what can be credited.
    """
    order = _find(opened, reference)
    minor = to_minor(amount, order.currency)
    with opened.store.writing(opened.actor, Act.ISSUE_CREDIT_NOTE) as uow:
        locked = uow.lock_purchase_order(order.id)
        by_hand.enter_credit_note(
            uow, locked, amount=minor, reason=reason, credit_date=opened.today()
        )
        return result_of(locked)


def cancel(opened: OpenConference, reference: str) -> MoneyResult:
    """Cancel a purchase order; its open invoice is voided at Stripe first.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: There is money on it, or Stripe refused; nothing was changed.
        BusyError: It is being invoiced right now.
        StripeGatewayError: Stripe could not be asked.
    """
    require(opened.actor, Act.CANCEL)
    order = _find(opened, reference)
    _refuse_with_money(order)
    if order.live_invoice is not None:
        void_at_stripe(account_of(opened), order.id)
    with opened.store.writing(opened.actor, Act.CANCEL) as uow:
        locked = uow.lock_purchase_order(order.id)
        _refuse_with_money(locked)
        if locked.live_invoice is not None:
            raise PurchaseOrderError(f"{locked.reference} was invoiced meanwhile; try again.")
        if locked.cancelled_at is None:
            before = locked.status
            locked.cancelled_at = opened.now()
            refresh_status(locked)
            uow.audit(
                Act.CANCEL, locked, before={"status": before}, after={"status": locked.status}
            )
        return result_of(locked)


def result_of(order: PurchaseOrder) -> MoneyResult:
    """Say how a purchase order stands."""
    return MoneyResult(order.reference, order.status, order.balance_due, order.currency)


def _find(opened: OpenConference, reference: str) -> PurchaseOrder:
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, reference)


def _refuse_with_money(order: PurchaseOrder) -> None:
    sums = order.sums
    if sums.paid - sums.refunded != 0 and order.status != Status.CANCELLED:
        raise PurchaseOrderError(
            f"{order.reference} has {display(sums.paid - sums.refunded, order.currency)} on it "
            f"and cannot be cancelled; refund the money first, or issue a credit note."
        )
