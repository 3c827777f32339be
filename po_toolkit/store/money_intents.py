"""What of money is being reported to Stripe, until it is settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from po_toolkit.domain.references import comparable
from po_toolkit.domain.sums import EntryKind
from po_toolkit.store.tables import (
    LIVE_STATES,
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    MoneyIntent,
    PurchaseOrder,
)


def unfinished(session: Session, conference: Conference) -> list[MoneyIntent]:
    """Return a conference's intents whose end is not known, oldest first."""
    return list(session.scalars(_UNFINISHED, {"conference": conference.id}))


_UNFINISHED = (
    select(MoneyIntent)
    .where(
        MoneyIntent.conference_id == bindparam("conference"),
        MoneyIntent.finished_at.is_(None),
    )
    .order_by(MoneyIntent.id)
)


def same_unfinished(
    session: Session,
    order: PurchaseOrder,
    kind: str,
    amount: int,
    *,
    method: str = "",
    reference: str = "",
) -> MoneyIntent | None:
    """Return the typed payment or the credit note that was cut off and is the same act, if any.

    Purchase order, kind, amount, method and reference make the act. Whoever repeats it a day later
    or adds a note repeats the same act. The kind is payment or credit_note; the amount is in minor
    units, method and reference are a payment's.
    """
    act = (method, comparable(reference))
    rows = session.scalars(
        select(MoneyIntent).where(
            MoneyIntent.purchase_order_id == order.id,
            MoneyIntent.kind == kind,
            MoneyIntent.amount == amount,
            MoneyIntent.finished_at.is_(None),
        )
    )
    return next(
        (
            row
            for row in rows
            if row.details.get("source", "manual") == "manual"
            and (row.details.get("method", ""), comparable(row.details.get("reference", ""))) == act
        ),
        None,
    )


def unfinished_payments(
    session: Session, order: PurchaseOrder
) -> list[tuple[PurchaseOrder, MoneyIntent]]:
    """Return what is being reported of a sponsor's payments and is in no ledger entry yet."""
    rows = session.execute(
        select(PurchaseOrder, MoneyIntent)
        .join(PurchaseOrder, PurchaseOrder.id == MoneyIntent.purchase_order_id)
        .outerjoin(LedgerEntry, LedgerEntry.uuid == MoneyIntent.uuid)
        .where(
            MoneyIntent.conference_id == order.conference_id,
            PurchaseOrder.organization_key == order.organization_key,
            MoneyIntent.kind == "payment",
            MoneyIntent.finished_at.is_(None),
            LedgerEntry.id.is_(None),
        )
        .order_by(MoneyIntent.id)
    )
    return [(on, intent) for on, intent in rows]


def not_in_books(session: Session, order: PurchaseOrder) -> list[MoneyIntent]:
    """Return what of an order's money was begun and is not in the books yet, oldest first.

    Of a refund that was sent from the bank only its credit is taken down, which changes no sum.
    """
    return [
        intent
        for intent in session.scalars(_NOT_IN_BOOKS, {"order_id": order.id})
        if intent.kind != "refund" or "stripe_payment_id" in intent.details
    ]


_NOT_IN_BOOKS = (
    select(MoneyIntent)
    .outerjoin(LedgerEntry, LedgerEntry.uuid == MoneyIntent.uuid)
    .outerjoin(CreditNote, CreditNote.uuid == MoneyIntent.uuid)
    .where(
        MoneyIntent.purchase_order_id == bindparam("order_id"),
        MoneyIntent.kind.in_(("payment", "credit_note", "refund")),
        MoneyIntent.finished_at.is_(None),
        LedgerEntry.id.is_(None),
        CreditNote.id.is_(None),
    )
    .order_by(MoneyIntent.id)
)


def under_way(session: Session, order: PurchaseOrder, *kinds: str) -> int:
    """Return what was begun of these kinds and is not in the books yet, in minor units."""
    return sum(i.amount for i in not_in_books(session, order) if i.kind in kinds)


def outstanding(session: Session, order: PurchaseOrder) -> int:
    """Return the balance less the payments and credit notes that are under way, at least 0."""
    return max(order.sums.balance - under_way(session, order, "payment", "credit_note"), 0)


def refunds_of(session: Session, order: PurchaseOrder) -> list[MoneyIntent]:
    """Return the intents of a purchase order's refunds, oldest first, finished or not."""
    return list(
        session.scalars(
            select(MoneyIntent)
            .where(MoneyIntent.purchase_order_id == order.id, MoneyIntent.kind == "refund")
            .order_by(MoneyIntent.id)
        )
    )


def of_one_refund(session: Session, part: MoneyIntent) -> list[MoneyIntent]:
    """Return all parts of the refund that this intent is a part of, itself among them."""
    order = session.get_one(PurchaseOrder, part.purchase_order_id)
    return [r for r in refunds_of(session, order) if r.details["refund"] == part.details["refund"]]


def waits_for(session: Session, order: PurchaseOrder, source_id: str) -> bool:
    """Tell whether a payment with its source's own id is still being reported to Stripe."""
    rows = session.scalars(
        select(MoneyIntent).where(
            MoneyIntent.purchase_order_id == order.id,
            MoneyIntent.kind == "payment",
            MoneyIntent.finished_at.is_(None),
        )
    )
    return any(row.details.get("source_id") == source_id for row in rows)


def of_entry(session: Session, uuid: UUID) -> MoneyIntent | None:
    """Return the intent that reports a ledger entry or credit note."""
    return session.scalars(select(MoneyIntent).where(MoneyIntent.uuid == uuid)).one_or_none()


def by_stripe_id(
    session: Session, conference: Conference, kind: str, stripe_id: str
) -> MoneyIntent | None:
    """Return the intent from which Stripe made an object."""
    return session.scalars(
        select(MoneyIntent).where(
            MoneyIntent.conference_id == conference.id,
            MoneyIntent.kind == kind,
            MoneyIntent.stripe_id == stripe_id,
        )
    ).first()


def invoices_with_unreported(session: Session, conference: Conference) -> set[str]:
    """Return the Stripe ids of invoices whose purchase order has a payment without a record.

    It is being reported, or stands in the ledger and was never reported.
    """
    unfinished = select(MoneyIntent.purchase_order_id).where(
        MoneyIntent.conference_id == conference.id,
        MoneyIntent.kind == "payment",
        MoneyIntent.finished_at.is_(None),
    )
    never = select(LedgerEntry.purchase_order_id).where(
        LedgerEntry.conference_id == conference.id,
        LedgerEntry.source.in_(("manual", "bank")),
        LedgerEntry.kind == "payment",
        LedgerEntry.stripe_payment_record_id == "",
    )
    query = select(Invoice.stripe_invoice_id).where(
        Invoice.conference_id == conference.id,
        Invoice.stripe_invoice_id.is_not(None),
        Invoice.purchase_order_id.in_(unfinished.union_all(never)),
    )
    return {stripe_id for stripe_id in session.scalars(query) if stripe_id}


def orders_to_report(session: Session, conference: Conference) -> list[int]:
    """Return the purchase orders with an entry of ours not yet reported to their invoice."""
    mine = {"conference": conference.id}
    return sorted({order for query in _TO_REPORT for order in session.scalars(query, mine)})


def unreported(session: Session, order: PurchaseOrder) -> list[LedgerEntry | CreditNote]:
    """Return the payments and credit notes of an order that its invoice was never asked to take.

    Without a live invoice: those that Stripe has not taken. An earlier generation may have been
    asked, and have been void or paid by then.
    """
    live = order.live_invoice
    asked = live.stripe_invoice_id if live is not None else None
    undone = {entry.reverses_id for entry in order.entries}
    rows: list[LedgerEntry | CreditNote] = [
        entry
        for entry in order.entries
        if entry.kind == EntryKind.PAYMENT
        and entry.source in ("manual", "bank")
        and not entry.stripe_payment_record_id
        and entry.id not in undone
    ]
    rows += [
        note
        for note in order.credit_notes
        if note.amount > 0 and note.stripe_credit_note_id is None
    ]
    intents = {row.uuid: of_entry(session, row.uuid) for row in rows}
    return [
        row
        for row in rows
        if (intent := intents[row.uuid]) is None or intent.stripe_invoice_id != asked
    ]


def _reachable(*statuses: str) -> tuple[Any, ...]:
    """Return the conditions under which an invoice still takes what is reported."""
    return (
        Invoice.state.in_(sorted(LIVE_STATES)),
        Invoice.step == "done",
        Invoice.stripe_status.in_(statuses),
    )


def _to_report() -> tuple[Any, Any]:
    """Put together what finds the payments and the credit notes that were not reported yet."""
    never_tried = or_(
        MoneyIntent.id.is_(None),
        and_(
            MoneyIntent.finished_at.is_not(None),
            MoneyIntent.stripe_invoice_id != Invoice.stripe_invoice_id,
        ),
    )
    payments = (
        select(LedgerEntry.purchase_order_id)
        .join(Invoice, Invoice.purchase_order_id == LedgerEntry.purchase_order_id)
        .outerjoin(MoneyIntent, MoneyIntent.uuid == LedgerEntry.uuid)
        .where(
            LedgerEntry.conference_id == bindparam("conference"),
            LedgerEntry.source.in_(("manual", "bank")),
            LedgerEntry.kind == "payment",
            LedgerEntry.stripe_payment_record_id == "",
            never_tried,
            *_reachable("open", "uncollectible"),
        )
    )
    notes = (
        select(CreditNote.purchase_order_id)
        .join(Invoice, Invoice.purchase_order_id == CreditNote.purchase_order_id)
        .outerjoin(MoneyIntent, MoneyIntent.uuid == CreditNote.uuid)
        .where(
            CreditNote.conference_id == bindparam("conference"),
            CreditNote.stripe_credit_note_id.is_(None),
            CreditNote.amount > 0,
            never_tried,
            *_reachable("open", "uncollectible", "paid"),
        )
    )
    return payments, notes


_TO_REPORT = _to_report()
