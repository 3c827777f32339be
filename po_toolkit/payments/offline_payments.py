"""Offline payments: what a treasurer enters of wires and checks, and its reversal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.offline_payments import Confirmed, OfflinePayment
from po_toolkit.domain.periods import booking_day, local_day
from po_toolkit.domain.roles import Act
from po_toolkit.domain.same_money import SAME_MONEY, Money, same_money
from po_toolkit.domain.sums import EntryKind
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import (
    ConfirmationNeededError,
    DuplicateEntryError,
    PurchaseOrderError,
    Reason,
    Remedy,
)
from po_toolkit.money import display, to_major
from po_toolkit.payments.intents import (
    Entered,
    intend,
    reversed_but_reported,
    takes_payments,
)
from po_toolkit.payments.ledger import Movement, record, refuse_currency
from po_toolkit.payments.stripe_invoices import marked_out_of_band
from po_toolkit.store import closing, money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ledger import money_of_sponsor
from po_toolkit.store.tables import LedgerEntry, MoneyIntent, PurchaseOrder

METHODS = ("wire", "ach", "check", "other")


def type_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    payment: OfflinePayment,
    confirmed: Confirmed,
    today: date,
) -> Entered:
    """Enter a payment that a person types; what is unlikely about it must be confirmed.

    The same act that was cut off before is gone on with, whatever its day and note: the same
    purchase order, amount, method and reference. The purchase order is locked; ``today`` is the
    date in the conference's timezone.

    Raises:
        PurchaseOrderError: The amount, currency, method or date is wrong, or the purchase order is
            cancelled.
        DuplicateEntryError: The same money is there already (:func:`same_money`).
        ConfirmationNeededError: The date or the amount is unlikely.
    """
    refuse_currency(order, payment)
    refuse_future(order.reference, payment.payment_date, today)
    begun = money_intents.same_unfinished(
        uow.session,
        order,
        "payment",
        payment.amount,
        method=payment.method,
        reference=payment.reference,
    )
    if begun is not None:
        return Entered(begun.id, _goes_on(order, begun))
    _refuse_impossible(order, payment.amount, payment.method)
    doubts = _doubts(uow, order, payment, confirmed, today)

    def as_given(*names: str) -> Remedy:
        return remedies.record_payment(
            order.reference,
            to_major(payment.amount, order.currency),
            payment.method,
            payment.payment_date,
            details=payment,
            confirmed=dict.fromkeys((*confirmed.names, *names, *doubts)),
        )

    if not confirmed.again:
        money = Money(payment.amount, order.currency, payment.payment_date, payment.source)
        refuse_same_money(uow, order, money, lambda _: as_given("again"))
    if doubts:
        raise ConfirmationNeededError(
            f"{' '.join(doubts.values())} Nothing was recorded. Check it; if it is right, record "
            f"it as given.",
            questions=tuple(doubts),
            remedy=as_given(),
        )
    return Entered(enter_payment(uow, order, payment))


def _goes_on(order: PurchaseOrder, begun: MoneyIntent) -> Reason:
    """Say that an act that was cut off is gone on with, and what to do where another is meant."""
    payment = OfflinePayment.from_details(
        begun.details, amount=begun.amount, currency=begun.currency, entered_by=begun.entered_by
    )
    return Reason(
        f"{order.reference}: {display(begun.amount, begun.currency)} by {payment.named}, dated "
        f"{written_day(payment.payment_date)}, was begun before and not finished. It was "
        "finished now and "
        f"counts once, as it was first given. If another payment came, record it as a second one.",
        remedies.record_payment(
            order.reference,
            to_major(begun.amount, begun.currency),
            payment.method,
            payment.payment_date,
            details=replace(payment, note=""),
            confirmed=("again",),
        ),
    )


def refuse_future(reference: str, day: date, today: date) -> None:
    """Refuse a date on which no money can have moved yet.

    Raises:
        PurchaseOrderError: It is after today.
    """
    if day > today:
        raise PurchaseOrderError(
            f"{reference}: {written_day(day)} is in the future, and today is "
            f"{written_day(today)}. Give the day on which the "
            f"money moved; nothing was recorded.",
            code="date_in_future",
        )


def _doubts(
    uow: UnitOfWork,
    order: PurchaseOrder,
    payment: OfflinePayment,
    confirmed: Confirmed,
    today: date,
) -> dict[str, str]:
    """Return what is unlikely and not confirmed: the confirmation's name → a sentence."""
    found = {}
    day = payment.payment_date
    if not confirmed.date_as_given:
        closed = closing.closed_through(uow.session, order.conference_id)
        created = local_day(order.created_at, order.conference.timezone)
        counts = booking_day(day, closed_through=closed, today=today)
        if closed is not None and day <= closed and day != today:
            found["date_as_given"] = (
                f"{written_day(day)} is in a period that is closed through "
                f"{written_day(closed)}; the payment would count "
                f"from {written_day(counts)}."
            )
        elif day < created:
            found["date_as_given"] = (
                f"{written_day(day)} is before {order.reference} was created on "
                f"{written_day(created)}; the payment would "
                f"count from {written_day(counts)}."
            )
    still_open = money_intents.outstanding(uow.session, order)
    if payment.amount > still_open and not confirmed.overpaid:
        found["overpaid"] = (
            f"{order.reference} has {display(still_open, order.currency)} open; "
            f"{display(payment.amount, order.currency)} is "
            f"{display(payment.amount - still_open, order.currency)} more."
        )
    return found


def enter_payment(uow: UnitOfWork, order: PurchaseOrder, payment: OfflinePayment) -> int | None:
    """Enter a payment that did not come through Stripe, or store that Stripe must get it first.

    The purchase order is locked.

    Returns:
        None once it is entered. Where an open invoice must get it: the id of the intent that
        :func:`po_toolkit.payments.stripe_reports.report` takes to its end.

    Raises:
        PurchaseOrderError: The amount, currency or method is wrong, or the purchase order is
            cancelled.
    """
    refuse_currency(order, payment)
    _refuse_impossible(order, payment.amount, payment.method)
    invoice, reported = takes_payments(order), reversed_but_reported(order, payment.amount)
    if invoice is not None and reported is None:
        details, amount = payment.as_details(), payment.amount
        return intend(uow, order, invoice, kind="payment", amount=amount, details=details)
    movement = Movement.of_offline(payment, uuid4())
    if reported is not None:  # Stripe counts it already; to report it again would count it twice
        movement = replace(
            movement,
            stripe_payment_record_id=reported.stripe_payment_record_id,
            stripe_attached=reported.stripe_attached,
            invoice_id=reported.invoice_id,
        )
        reported.stripe_payment_record_id = ""
    record(uow, order, movement, Act.RECORD_PAYMENT)
    return None


def _refuse_impossible(order: PurchaseOrder, amount: int, method: str) -> None:
    if amount <= 0:
        raise PurchaseOrderError(
            f"{order.reference}: A payment must be more than zero, not "
            f"{display(amount, order.currency)}."
        )
    if method == "stripe":
        raise PurchaseOrderError(
            f"{order.reference}: What came through Stripe is not entered by hand, else it would "
            f"count twice; sync brings it."
        )
    if method not in METHODS:
        raise PurchaseOrderError(
            f"{method!r} is not a payment method; use one of {', '.join(METHODS)}."
        )
    if order.cancelled_at is not None:
        raise PurchaseOrderError(
            f"{order.reference} is cancelled, so no payment can be recorded on it; find out which "
            f"purchase order the money is for."
        )


def refuse_same_money(
    uow: UnitOfWork, order: PurchaseOrder, money: Money, remedy: Callable[[int], Remedy]
) -> None:
    """Refuse a payment that seems to be in the books already, until a person says otherwise.

    ``remedy`` says what to do about the entry that is there, given its number.

    Raises:
        DuplicateEntryError: The sponsor has a payment of this amount within seven days.
    """
    there = money_of_sponsor(uow.session, order) + _under_way(uow, order)
    twin = same_money(money, (m for m, _, _ in there))
    shown = display(money.amount, order.currency)
    again = "If it is other money, record it as a second payment."
    if twin is not None:
        reference, own = next((ref, own) for m, ref, own in there if m is twin)
        named = f" with reference {own!r}" if own else ""
        seen = f", bank line {twin.bank_line}" if twin.bank_line else ""
        entry = f"entry {twin.entry}{seen}" if twin.entry else "not finished; a sync finishes it"
        raise DuplicateEntryError(
            f"{reference} has {shown} of {written_day(twin.day)}{named} already ({entry}). The "
            f"same sponsor and amount within {SAME_MONEY.days} days may be the same money. {again}",
            remedy=remedy(twin.entry) if twin.entry else remedies.sync(order.conference.slug),
        )
    outside_stripe = marked_out_of_band(order, money.amount)
    if outside_stripe is not None:
        raise DuplicateEntryError(
            f"{order.reference} has {shown} in the ledger already: the invoice was marked as paid "
            f"outside of Stripe on {written_day(outside_stripe.payment_date)}. {again}",
            remedy=remedy(outside_stripe.id),
        )


def _under_way(uow: UnitOfWork, order: PurchaseOrder) -> list[tuple[Money, str, str]]:
    """Return the sponsor's payments that are being reported and are in no ledger entry yet."""
    found = []
    for on, intent in money_intents.unfinished_payments(uow.session, order):
        day = date.fromisoformat(intent.details["payment_date"])
        source = intent.details.get("source", "manual")
        money = Money(intent.amount, intent.currency, day, source)
        found.append((money, on.reference, intent.details.get("reference", "")))
    return found


_OPPOSITE = {
    EntryKind.PAYMENT: EntryKind.PAYMENT_REVERSAL,
    EntryKind.REFUND: EntryKind.REFUND_FAILED,
}


def reverse(
    uow: UnitOfWork, order: PurchaseOrder, entry: LedgerEntry, *, today: date, reason: str = ""
) -> None:
    """Undo an entry that was made by hand or from a bank statement.

    The purchase order is locked; ``today`` is the date of the correction.

    Raises:
        PurchaseOrderError: It is Stripe's own fact, it is undone already, or is itself an undoing.
    """
    shown = f"Entry {entry.id} of {display(entry.amount, entry.currency)}"
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
        raise PurchaseOrderError(f"{order.reference}: {shown} is already undone.")
    live = order.live_invoice  # which does not ask for it; one made later does
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
        invoice_id=live.id if live else entry.invoice_id,
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
    shown = display(entry.stripe_attached or entry.amount, entry.currency)
    return (
        f"It was reported to Stripe, which cannot undo it: {named} still counts {shown} as "
        f"paid, and neither its page nor its reminders ask for that. Ask for it yourself, by wire "
        f"or check. The same amount entered again on {order.reference} counts as what Stripe "
        f"counts."
    )
