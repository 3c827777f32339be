"""Books what Stripe was told of: each intent ends in one entry, whoever brings the answer."""

from __future__ import annotations

from datetime import date, datetime

from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.payments.closing import booked, with_late_note
from po_toolkit.payments.record import Movement, record
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import CreditNote, MoneyIntent, PurchaseOrder


def book_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    *,
    invoice_id: int | None,
    now: datetime,
    told: bool = True,
) -> None:
    """Enter the payment of an intent, or add Stripe's id to the entry that is there.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        intent: What was told.
        invoice_id: Our invoice that it went to.
        now: The present.
        told: False where Stripe could not take it any more and only we know of it.
    """
    record_id = intent.stripe_id if told else ""
    standing = next((e for e in order.entries if e.uuid == intent.uuid), None)
    if standing is None:
        _enter_payment(uow, order, intent, record_id, invoice_id if told else None)
    elif told:
        standing.stripe_payment_record_id = record_id
        standing.invoice_id = standing.invoice_id or invoice_id
    finish(intent, now)


def _enter_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    record_id: str,
    invoice_id: int | None,
) -> None:
    details = intent.details
    movement = Movement(
        kind=EntryKind.PAYMENT,
        method=details["method"],
        amount=intent.amount,
        currency=intent.currency,
        source=details["source"],
        source_id=details["source_id"] or str(intent.uuid),
        reference=details["reference"],
        payment_date=date.fromisoformat(details["payment_date"]),
        note=details["note"],
        invoice_id=invoice_id,
        stripe_payment_record_id=record_id,
        entered_by=intent.entered_by,
        uuid=intent.uuid,
    )
    record(uow, order, movement, Act.RECORD_PAYMENT)


def book_credit_note(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    *,
    stripe_id: str | None,
    now: datetime,
) -> None:
    """Enter the credit note of an intent, or add Stripe's id to the one that is there."""
    standing = next((note for note in order.credit_notes if note.uuid == intent.uuid), None)
    if standing is not None:
        standing.stripe_credit_note_id = standing.stripe_credit_note_id or stripe_id
    elif not any(n.stripe_credit_note_id == stripe_id for n in order.credit_notes if stripe_id):
        details = intent.details
        note = CreditNote(
            uuid=intent.uuid,
            amount=intent.amount,
            currency=intent.currency,
            reason=details["reason"],
            credit_date=date.fromisoformat(details["credit_date"]),
            stripe_credit_note_id=stripe_id,
            issued_by=intent.entered_by,
        )
        add_credit_note(uow, order, note)
    if stripe_id:
        intent.stripe_id = stripe_id
    finish(intent, now)


def add_credit_note(uow: UnitOfWork, order: PurchaseOrder, note: CreditNote) -> None:
    """Put a credit note on a locked purchase order and bring its status up to the sums."""
    before = order.status
    note.conference_id = order.conference_id
    note.booked_on = booked(uow, order, note.credit_date)
    note.reason = with_late_note(note.reason, note.credit_date, note.booked_on)
    note.issued_by = note.issued_by or uow.actor.name
    order.credit_notes.append(note)
    uow.session.flush()
    refresh_status(order)
    uow.audit(
        Act.ISSUE_CREDIT_NOTE,
        order,
        before={"status": before},
        after={"status": order.status, "amount": note.amount, "currency": note.currency},
    )


def finish(intent: MoneyIntent, now: datetime) -> None:
    """Note that nothing is left to do for an intent."""
    intent.step = "done"
    intent.error = ""
    intent.finished_at = now
