"""Credit notes: issued here, and those that Stripe has, also from its dashboard."""

from __future__ import annotations

from datetime import date
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.same_money import SAME_MONEY
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import DuplicateEntryError, PurchaseOrderError, Reason
from po_toolkit.money import display, minor_from_api, to_major
from po_toolkit.payments import customer_credit, ledger
from po_toolkit.payments.intents import (
    Entered,
    intend,
    takes_credit_notes,
)
from po_toolkit.payments.ledger import Change, Taken
from po_toolkit.store import invoices, money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import id_of
from po_toolkit.store.tables import CreditNote, MoneyIntent, PurchaseOrder

Json = dict[str, Any]


NOTE_MARK = "credit_note_uuid"
"""Metadata of a credit note that we reported: its uuid."""


def is_unfinished(opened: OpenConference, order: PurchaseOrder, amount: int) -> bool:
    """Tell whether a credit note of this amount was begun and cut off; minor units."""
    with opened.store.reading() as session:
        return any(
            intent.purchase_order_id == order.id
            and intent.kind == "credit_note"
            and intent.amount == amount
            for intent in money_intents.unfinished(session, opened.conference)
        )


def at_stripe(opened: OpenConference, stripe_invoice: Json) -> list[Json]:
    """Return an invoice's credit notes; Stripe is asked only where the invoice says it has any.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    when = ("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount")
    if not any(stripe_invoice.get(name) for name in when):
        return []
    pages = opened.gateway.pages("/v1/credit_notes", {"invoice": stripe_invoice["id"]})
    return [note for page in pages for note in page]


def take_credit_note(opened: OpenConference, stripe_note: Json) -> Taken | None:
    """Enter a credit note, and that it was voided; None where its invoice is not ours."""
    taken = Taken()
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        found = invoices.by_stripe_id(uow.session, opened.conference, id_of(stripe_note["invoice"]))
        if found is None:
            return None
        order = uow.lock_purchase_order(found.purchase_order_id)
        before = order.status
        _enter(opened, uow, order, stripe_note, taken)
        if stripe_note.get("status") == "void":
            _enter_voided(opened, uow, order, stripe_note, taken)
        if order.status != before:
            taken.statuses_changed += 1
            taken.changes.append(Change(order.reference, f"{before} → {order.status}"))
        customer = found.stripe_customer_id if customer_credit.concerned(order) else ""
    taken.add(customer_credit.settle(opened, customer))
    return taken


def _enter(
    opened: OpenConference, uow: UnitOfWork, order: PurchaseOrder, stripe_note: Json, taken: Taken
) -> None:
    if any(note.stripe_credit_note_id == stripe_note["id"] for note in order.credit_notes):
        return
    mark = ledger.uuid_in(stripe_note, NOTE_MARK)
    intent = money_intents.of_entry(uow.session, mark) if mark else None
    if intent is not None and intent.finished_at is None:
        ledger.book_credit_note(uow, order, intent, stripe_id=stripe_note["id"], now=opened.now())
        return
    amount = minor_from_api(stripe_note["amount"], stripe_note["currency"])
    issued = opened.day_of(stripe_note["created"])
    existing = next((note for note in order.credit_notes if note.uuid == mark), None)
    if existing is None and mark is not None:
        existing = _entered_again(order, amount, issued)
    if existing is not None and existing.stripe_credit_note_id is None:
        existing.stripe_credit_note_id = stripe_note["id"]  # a restored copy had forgotten it
        waiting = money_intents.of_entry(uow.session, existing.uuid)
        if waiting is not None and waiting.finished_at is None:
            ledger.finish_intent(waiting, opened.now())
        return
    note = CreditNote(
        amount=amount,
        currency=stripe_note["currency"],
        reason=stripe_note.get("memo") or stripe_note.get("reason") or "Credit note made at Stripe",
        credit_date=issued,
        stripe_credit_note_id=stripe_note["id"],
    )
    ledger.add_credit_note(uow, order, note)
    shown = display(amount, order.currency)
    taken.changes.append(Change(order.reference, f"credit note of {shown} ({stripe_note['id']})"))


def _entered_again(order: PurchaseOrder, amount: int, day: date) -> CreditNote | None:
    """Return the credit note that a restored copy, which had forgotten this one, was given again.

    The copy did not know the invoice, so Stripe got no second one.
    """
    return next(
        (
            note
            for note in order.credit_notes
            if note.stripe_credit_note_id is None
            and note.amount == amount
            and abs(note.credit_date - day) <= SAME_MONEY
        ),
        None,
    )


def _enter_voided(
    opened: OpenConference, uow: UnitOfWork, order: PurchaseOrder, stripe_note: Json, taken: Taken
) -> None:
    void_id = f"{stripe_note['id']}:void"
    if any(note.stripe_credit_note_id == void_id for note in order.credit_notes):
        return
    amount = minor_from_api(stripe_note["amount"], stripe_note["currency"])
    note = CreditNote(
        amount=-amount,
        currency=stripe_note["currency"],
        reason=f"Credit note {stripe_note['id']} was voided at Stripe",
        credit_date=opened.day_of(stripe_note.get("voided_at") or stripe_note["created"]),
        stripe_credit_note_id=void_id,
    )
    ledger.add_credit_note(uow, order, note)
    shown = display(amount, order.currency)
    taken.changes.append(
        Change(order.reference, f"credit note of {shown} voided ({stripe_note['id']})")
    )


def enter_credit_note(
    uow: UnitOfWork,
    order: PurchaseOrder,
    *,
    amount: int,
    reason: str,
    credit_date: date,
    again: bool = False,
) -> Entered:
    """Credit part of what a purchase order owes, or intend to report it to Stripe first.

    One of the same amount that was cut off before is gone on with, whatever its day and reason. The
    amount is in minor units of the locked purchase order's currency, above zero and at most what is
    not yet credited. ``again`` issues it beside one of the same amount and week.

    Raises:
        PurchaseOrderError: The amount is wrong, the reason is missing, or it is cancelled.
        DuplicateEntryError: One of the same amount and week is there already.
    """
    begun = money_intents.same_unfinished(uow.session, order, "credit_note", amount)
    if begun is not None:
        return Entered(begun.id, _goes_on(order, begun, reason))
    under_way = money_intents.under_way(uow.session, order, "credit_note")
    _refuse_credit(order, amount, reason, under_way)
    if not again:
        _refuse_second(order, amount, credit_date, reason)
    invoice = takes_credit_notes(order)
    if invoice is not None:
        details = {"reason": reason.strip(), "credit_date": credit_date.isoformat()}
        kind = "credit_note"
        return Entered(intend(uow, order, invoice, kind=kind, amount=amount, details=details))
    note = CreditNote(
        amount=amount, currency=order.currency, reason=reason.strip(), credit_date=credit_date
    )
    ledger.add_credit_note(uow, order, note)
    return Entered(None)


def _goes_on(order: PurchaseOrder, begun: MoneyIntent, reason: str) -> Reason:
    """Say that a credit note that was cut off is gone on with, and how to issue another."""
    credit_date = written_day(date.fromisoformat(begun.details["credit_date"]))
    return Reason(
        f"{order.reference}: The credit note of {display(begun.amount, begun.currency)} for "
        f"{begun.details['reason']!r}, dated {credit_date}, was begun before and "
        f"not finished. It was finished now and counts once, as it was first given. If another is "
        f"meant, issue it as a second one.",
        remedies.credit_note(
            order.reference, to_major(begun.amount, begun.currency), reason=reason, again=True
        ),
    )


def _refuse_second(order: PurchaseOrder, amount: int, day: date, reason: str) -> None:
    """Refuse what seems to be issued already: a sync may have finished what was cut off."""
    near = [n for n in order.credit_notes if abs(n.credit_date - day) <= SAME_MONEY]
    alike = [note for note in near if note.amount == amount]
    if len(alike) <= sum(note.amount == -amount for note in near):
        return
    shown, last = display(amount, order.currency), alike[-1]
    raise DuplicateEntryError(
        f"{order.reference} has a credit note of {shown} of {written_day(last.credit_date)} "
        "already, for "
        f"{last.reason!r}. Nothing was issued. If another is meant, issue it as a second one.",
        remedy=remedies.credit_note(
            order.reference, to_major(amount, order.currency), reason=reason, again=True
        ),
    )


def _refuse_credit(order: PurchaseOrder, amount: int, reason: str, under_way: int) -> None:
    left = order.sums.total - order.sums.credited
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: A credit note must be more than zero.")
    if not reason.strip():
        raise PurchaseOrderError(f"{order.reference}: Say why the credit note is issued.")
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{order.reference} is cancelled; there is nothing to credit.")
    if amount > left:
        raise PurchaseOrderError(
            f"{order.reference}: A credit note of {display(amount, order.currency)} is more than "
            f"the {display(left, order.currency)} that is not credited yet."
        )
    if amount > left - under_way:
        raise PurchaseOrderError(
            f"{order.reference}: A credit note of {display(under_way, order.currency)} was begun "
            f"and is not in the books yet. With it, one of {display(amount, order.currency)} is "
            f"more than the purchase order. Nothing was issued. Sync first, which finishes it.",
            remedy=remedies.sync(order.conference.slug),
        )
