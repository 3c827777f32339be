"""Single acts on one purchase order's money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.offline_payments import DETAILS, Confirmed, OfflinePayment
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.records import json_fields
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.sums import Status
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError, PurchaseOrderError, SecondPersonNeededError
from po_toolkit.invoicing.billed import own_at_stripe
from po_toolkit.invoicing.existing import retire_paid, void_at_stripe
from po_toolkit.invoicing.lease import refuse_unfinished
from po_toolkit.money import display, to_major, to_minor
from po_toolkit.payments import (
    credit_notes,
    customer_credit,
    offline_payments,
    refunds,
    stripe_reports,
)
from po_toolkit.payments.intents import Entered
from po_toolkit.store import approvals, ledger, money_intents
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.purchase_orders import by_reference, refresh_status
from po_toolkit.store.tables import Conference, PurchaseOrder


@dataclass(frozen=True, slots=True)
class MoneyResult:
    """How a purchase order stands after an act.

    Attributes:
        balance: What is owed, in major units.
        remark: What a person should know besides, or ``""``.
    """

    reference: str
    status: str
    balance: Decimal
    currency: str
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the result as the commands print it."""
        return json_fields(self, "remark")


def record_payment_by_hand(
    opened: OpenConference,
    reference: str,
    *,
    amount: Decimal,
    method: str,
    payment_date: date | None = None,
    again: bool = False,
    date_as_given: bool = False,
    overpaid: bool = False,
    **details: str,
) -> MoneyResult:
    """Record a wire, ACH, check or other payment that did not come through Stripe.

    Where the purchase order has an open invoice, it is reported to Stripe first, so that the
    sponsor's page and reminders are right; the entry is made once Stripe has taken it.

    Args:
        opened: The conference.
        reference: Our own reference of the purchase order.
        amount: Major units of its currency, above zero.
        method: wire, ach, check or other.
        payment_date: When the money came; by default today in the conference's timezone.
        again: Record it although the same sponsor and amount are there within seven days.
        date_as_given: Its date is right, though before the purchase order or in a closed period.
        overpaid: It is more than what is open.
        details: What a person may add, each by its ``column`` (:data:`DETAILS`).

    Raises:
        NotFoundError: No such purchase order.
        AmountError: The amount cannot be represented in its currency.
        PurchaseOrderError: Wrong amount or method, a date in the future, or a cancelled purchase
            order.
        DuplicateEntryError: The same payment is there already.
        ConfirmationNeededError: The date or the amount is unlikely; an argument confirms it.
        StripeGatewayError: It was to be reported and the outcome is unknown; the same again is
            safe, also later and with another note, and the next sync goes on with it too.
    """
    opened.check_known_account()
    order = _find(opened, reference)
    names = {detail.column: detail.name for detail in DETAILS}
    payment = OfflinePayment(
        amount=to_minor(amount, order.currency),
        currency=order.currency,
        method=method,
        payment_date=payment_date or opened.today(),
        **{names[column]: text for column, text in details.items()},
    )
    with opened.store.writing(opened.actor, Act.RECORD_PAYMENT) as uow:
        locked = uow.lock_purchase_order(order.id)
        confirmed = Confirmed(again=again, date_as_given=date_as_given, overpaid=overpaid)
        entered = offline_payments.type_payment(uow, locked, payment, confirmed, opened.today())
        if entered.intent:
            opened.require_stripe()
    return _finished(opened, entered, reference)


def credit(
    opened: OpenConference, reference: str, *, amount: Decimal, reason: str, again: bool = False
) -> MoneyResult:
    """Issue a credit note, at Stripe too where the purchase order has an invoice there.

    Args:
        opened: The conference.
        reference: Our own reference of the purchase order.
        amount: Major units of its currency, above zero.
        reason: Why.
        again: Issue it although one of this amount is there within seven days.

    Raises:
        NotFoundError: No such purchase order.
        AmountError: The amount cannot be represented in its currency.
        PurchaseOrderError: The amount is more than what can be credited, Stripe refused, or it has
            an invoice of the purchase order that is not connected here.
        DuplicateEntryError: One of this amount is there already.
        StripeGatewayError: The outcome at Stripe is unknown; the same command again is safe.
    """
    opened.check_known_account()
    order = _find(opened, reference)
    minor = to_minor(amount, order.currency)
    require(opened.actor, Act.ISSUE_CREDIT_NOTE)
    if not credit_notes.is_unfinished(opened, order, minor):
        if order.live_invoice is None:  # what was credited on one that a copy forgot counts too
            _refuse_not_connected(opened, order, ask=opened.settings.mode != "none")
        _require_second_person(opened, order, Act.ISSUE_CREDIT_NOTE, minor)
    with opened.store.writing(opened.actor, Act.ISSUE_CREDIT_NOTE) as uow:
        locked = uow.lock_purchase_order(order.id)
        entered = credit_notes.enter_credit_note(
            uow, locked, amount=minor, reason=reason, credit_date=opened.today(), again=again
        )
        if entered.intent:
            opened.require_stripe()
    return _finished(opened, entered, reference)


def refund(
    opened: OpenConference,
    reference: str,
    *,
    amount: Decimal,
    method: str = "stripe",
    payment: str = "",
    payment_reference: str = "",
    refund_date: date | None = None,
    note: str = "",
    again: bool = False,
) -> MoneyResult:
    """Give money back: through Stripe, or by noting what was sent back from the bank.

    Where an excess goes back, the credit that Stripe made of it is taken off the sponsor's balance.

    Args:
        opened: The conference.
        reference: Our own reference of the purchase order.
        amount: Major units of its currency, above zero.
        method: ``stripe`` refunds payments that came through Stripe, the newest first; wire, ach,
            check or other only notes what was sent back another way.
        payment: Refund this payment alone: the entry's number or Stripe's id.
        payment_reference: The bank's reference of what was sent back.
        refund_date: When it was sent; by default today in the conference's timezone.
        note: Anything worth knowing.
        again: Refund although one of this amount went back within seven days.

    Raises:
        NotFoundError: No such purchase order.
        AmountError: The amount cannot be represented in its currency.
        PurchaseOrderError: So much cannot be given back that way, or Stripe refused.
        DuplicateEntryError: One of this amount went back already.
        StripeGatewayError: The outcome is unknown; the same command again is safe.
    """
    opened.check_known_account()
    order = _find(opened, reference)
    minor, by_stripe = to_minor(amount, order.currency), method == "stripe"
    day = refund_date or opened.today()
    offline_payments.refuse_future(order.reference, day, opened.today())

    def begun(uow: UnitOfWork, locked: PurchaseOrder) -> list[int]:
        """Return what was cut off and is gone on with; nothing else may look the same."""
        waiting = refunds.unfinished(uow, locked, minor) if by_stripe else []
        if not waiting and not again:
            refunds.refuse_second(uow, locked, minor, method, day)
        return waiting

    with opened.store.writing(opened.actor, Act.REFUND) as uow:
        locked = uow.lock_purchase_order(order.id)
        waiting = begun(uow, locked)
        if by_stripe and not waiting:
            refunds.plan_refund(uow, locked, minor, payment)  # refused before anybody is asked
    if not waiting:
        if by_stripe:
            refunds.refuse_forgotten(opened, locked)
        _require_second_person(opened, locked, Act.REFUND, minor)
    down = customer_credit.TakeDown()
    if not waiting and locked.sums.balance < 0:
        down = customer_credit.to_take_down(opened, locked, minor, sent_back=not by_stripe)
    with opened.store.writing(opened.actor, Act.REFUND) as uow:
        locked = uow.lock_purchase_order(order.id)
        intents = begun(uow, locked)
        if not intents and by_stripe:
            plan = refunds.plan_refund(uow, locked, minor, payment)
            intents = refunds.intend_refund(uow, locked, plan, down.amount, note)
        elif not intents:
            intents = refunds.enter_refund(
                uow,
                locked,
                amount=minor,
                method=method,
                reference=payment_reference,
                refund_date=day,
                note=note,
                credit=down.amount,
                uuid=down.done_for,
            )
        if intents:
            opened.require_stripe()
    return _settled(opened, intents, reference)


def _require_second_person(
    opened: OpenConference, order: PurchaseOrder, act: Act, amount: int
) -> None:
    """Let a large refund or credit note pass only if another person entered the same before.

    What went back on the same purchase order before counts, so that parts are no way around it.

    Raises:
        SecondPersonNeededError: Nobody else has; that this person asks for it is noted.
    """
    before = order.sums.refunded if act is Act.REFUND else order.sums.credited
    what = "refund" if act is Act.REFUND else "credit note"
    with opened.store.reading() as session:
        before += money_intents.under_way(session, order, what.replace(" ", "_"))
    if not opened.settings.needs_second_person(amount + before, order.currency):
        return
    with opened.store.writing(opened.actor, act) as uow:
        locked = uow.lock_purchase_order(order.id)
        if approvals.confirmed(uow, locked, act, amount, opened.now()):
            return
    raise SecondPersonNeededError(
        f"{order.reference}: A {what} of {display(amount, order.currency)} needs a second person. "
        f"It is noted that {opened.actor.name} asks for it, and nothing else was done. Have "
        f"another treasurer enter the same within {approvals.WAITS.days} days."
    )


def reverse_entry(opened: OpenConference, entry: str, *, reason: str = "") -> MoneyResult:
    """Undo a payment or refund that was entered by mistake, by a reversing entry.

    Raises:
        NotFoundError: The conference has no such entry.
        PurchaseOrderError: It is Stripe's own fact, or undone already.
    """
    require(opened.actor, Act.REVERSE)
    opened.check_known_account()
    with opened.store.writing(opened.actor, Act.REVERSE) as uow:
        found = ledger.entry(uow.session, entry)
        if found.conference_id != opened.conference.id:
            raise NotFoundError(f"Conference {opened.slug} has no ledger entry {entry}.")
        order = uow.lock_purchase_order(found.purchase_order_id)
        booked = next(e for e in order.entries if e.id == found.id)
        offline_payments.reverse(uow, order, booked, today=opened.today(), reason=reason)
        return replace(result_of(order), remark=offline_payments.left_at_stripe(order, booked))


def conference_of_entry(store: Store, entry: str) -> str:
    """Return the slug of the conference whose ledger holds an entry.

    Raises:
        NotFoundError: There is no such entry.
    """
    with store.reading() as session:
        found = ledger.entry(session, entry)
        return session.get_one(Conference, found.conference_id).slug


def cancel(opened: OpenConference, reference: str, *, reason: str = "") -> MoneyResult:
    """Cancel a purchase order; its open invoice is voided at Stripe first.

    One that was paid, also in part, and whose money went back, is credited in full instead. The
    reason goes into the history and the credit note where one is made.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: There is money on it, Stripe refused, or Stripe has an invoice of it
            that is not connected here; nothing was changed.
        BusyError: It is being invoiced right now.
        StripeGatewayError: Stripe could not be asked.
    """
    require(opened.actor, Act.CANCEL)
    opened.check_known_account()
    order = _find(opened, reference)
    live, left = order.live_invoice, order.sums.total - order.sums.credited
    paid = live is not None and (live.stripe_status == "paid" or live.stripe_amount_paid)
    if not (paid and credit_notes.is_unfinished(opened, order, left)):  # it is gone on with below
        with opened.store.reading() as session:
            refuse_unfinished(session, opened, order)
    _refuse_with_money(order)
    if paid:
        if left > 0:
            whole = to_major(left, order.currency)
            credit(opened, reference, amount=whole, reason=reason or "Cancelled")
        retire_paid(opened, order.id)
    elif live is not None:
        void_at_stripe(opened, order.id)
    else:
        _refuse_not_connected(opened, order, ask=False)
    with opened.store.writing(opened.actor, Act.CANCEL) as uow:
        locked = uow.lock_purchase_order(order.id)
        refuse_unfinished(uow.session, opened, locked)
        _refuse_with_money(locked)
        if locked.live_invoice is not None:
            raise PurchaseOrderError(f"{locked.reference} was invoiced meanwhile; try again.")
        if locked.cancelled_at is None:
            before = locked.status
            locked.cancelled_at = opened.now()
            refresh_status(locked)
            after = {"status": locked.status} | ({"reason": reason} if reason else {})
            uow.audit(Act.CANCEL, locked, before={"status": before}, after=after)
            return result_of(locked)
        day = written_day(local_day(locked.cancelled_at, opened.conference.timezone))
        return replace(result_of(locked), remark=f"{reference} was cancelled before, on {day}.")


def result_of(order: PurchaseOrder) -> MoneyResult:
    """Say how a purchase order stands."""
    return MoneyResult(order.reference, order.status, order.balance_due, order.currency)


def _settled(opened: OpenConference, intents: list[int], reference: str) -> MoneyResult:
    """Report intents to Stripe, then return the purchase order's status and balance."""
    for intent in intents:
        stripe_reports.report(opened, intent)
    return result_of(_find(opened, reference))


def _finished(opened: OpenConference, entered: Entered, reference: str) -> MoneyResult:
    """Report to Stripe, then return status and balance, and whether it was begun before."""
    intents = [entered.intent] if entered.intent else []
    return replace(_settled(opened, intents, reference), remark=entered.remark)


def _find(opened: OpenConference, reference: str) -> PurchaseOrder:
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, reference)


def _refuse_not_connected(opened: OpenConference, order: PurchaseOrder, *, ask: bool) -> None:
    own = own_at_stripe(opened, order, ask=ask)
    if own is not None:
        raise PurchaseOrderError(
            f"{order.reference}: Stripe has its invoice {own.stripe_id} ({own.status}), which is "
            f"not connected here. What it asks the sponsor for, and what was credited on it, is "
            f"not in the books. Nothing was changed. Adopt the invoice, then try again.",
            code="invoice_not_connected",
            remedy=remedies.adopt(order.reference, own.stripe_id),
        )


def _refuse_with_money(order: PurchaseOrder) -> None:
    sums = order.sums
    if sums.paid - sums.refunded != 0 and order.status != Status.CANCELLED:
        raise PurchaseOrderError(
            f"{order.reference} has {display(sums.paid - sums.refunded, order.currency)} on it "
            f"and cannot be cancelled; refund the money first, or issue a credit note."
        )
