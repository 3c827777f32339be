"""Credit notes as Stripe has them, also those that staff made in its dashboard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.money import display, minor_from_api
from po_toolkit.payments import credit, tell_book
from po_toolkit.payments.books import Change, Taken
from po_toolkit.payments.from_stripe import id_of
from po_toolkit.store import invoices
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import CreditNote, MoneyIntent, PurchaseOrder

Json = dict[str, Any]


def take_credit_note(opened: OpenConference, said: Json) -> Taken | None:
    """Enter a credit note, and that it was voided; None where its invoice is not ours."""
    taken = Taken()
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        found = invoices.by_stripe_id(uow.session, opened.conference, id_of(said["invoice"]))
        if found is None:
            return None
        order = uow.lock_purchase_order(found.purchase_order_id)
        before = order.status
        _enter(opened, uow, order, said, taken)
        if said.get("status") == "void":
            _take_back(opened, uow, order, said, taken)
        if order.status != before:
            taken.statuses_changed += 1
            taken.changes.append(Change(order.reference, f"{before} → {order.status}"))
        customer = found.stripe_customer_id if credit.concerned(order) else ""
    taken.add(credit.settle(opened, customer))
    return taken


def _enter(
    opened: OpenConference, uow: UnitOfWork, order: PurchaseOrder, said: Json, taken: Taken
) -> None:
    if any(note.stripe_credit_note_id == said["id"] for note in order.credit_notes):
        return
    intent = _intent(uow, said)
    if intent is not None:
        tell_book.book_credit_note(uow, order, intent, stripe_id=said["id"], now=opened.now())
        return
    amount = minor_from_api(said["amount"], said["currency"])
    note = CreditNote(
        amount=amount,
        currency=said["currency"],
        reason=said.get("memo") or said.get("reason") or "Credit note made at Stripe",
        credit_date=opened.day_of(said["created"]),
        stripe_credit_note_id=said["id"],
    )
    tell_book.add_credit_note(uow, order, note)
    shown = display(amount, order.currency)
    taken.changes.append(Change(order.reference, f"credit note of {shown} ({said['id']})"))


def _intent(uow: UnitOfWork, said: Json) -> MoneyIntent | None:
    """Return the intent of ours that a credit note carries, if it waits for its answer."""
    named = (said.get("metadata") or {}).get("credit_note_uuid")
    try:
        uuid = UUID(named) if named else None
    except ValueError:
        return None
    if uuid is None:
        return None
    return uow.session.scalars(
        select(MoneyIntent).where(MoneyIntent.uuid == uuid, MoneyIntent.finished_at.is_(None))
    ).one_or_none()


def _take_back(
    opened: OpenConference, uow: UnitOfWork, order: PurchaseOrder, said: Json, taken: Taken
) -> None:
    void_id = f"{said['id']}:void"
    if any(note.stripe_credit_note_id == void_id for note in order.credit_notes):
        return
    amount = minor_from_api(said["amount"], said["currency"])
    note = CreditNote(
        amount=-amount,
        currency=said["currency"],
        reason=f"Credit note {said['id']} was voided at Stripe",
        credit_date=opened.day_of(said.get("voided_at") or said["created"]),
        stripe_credit_note_id=void_id,
    )
    tell_book.add_credit_note(uow, order, note)
    shown = display(amount, order.currency)
    taken.changes.append(Change(order.reference, f"credit note of {shown} voided ({said['id']})"))
