"""Ledger entries: what is in already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from po_toolkit.domain.same_money import Money
from po_toolkit.domain.sums import DISPUTED_SIGN, RETURNED_SIGN, EntryKind
from po_toolkit.errors import NotFoundError
from po_toolkit.store.tables import (
    BankMatch,
    Conference,
    CreditNote,
    LedgerEntry,
    PurchaseOrder,
)

_AT_ONCE = 500
"""How many values go into one IN list."""


def signed(signs: Mapping[EntryKind, int]) -> ColumnElement[int]:
    """Return the amount of a ledger entry with the sign that its kind has, 0 for other kinds."""
    amounts = (
        (LedgerEntry.kind == kind.value, LedgerEntry.amount * s) for kind, s in signs.items()
    )
    return case(*amounts, else_=0)


def reversed_sum() -> ColumnElement[int]:
    """Return what a ledger entry says was taken back by a bank or a dispute."""
    returned = case((LedgerEntry.source == "stripe", signed(RETURNED_SIGN)), else_=0)
    return signed(DISPUTED_SIGN) + returned


def entered(session: Session, conference: Conference, source_ids: Iterable[str]) -> set[str]:
    """Return which of these Stripe ids are in the conference's ledger."""
    ids = list(source_ids)
    return {
        source_id
        for start in range(0, len(ids), _AT_ONCE)
        for source_id in session.scalars(
            select(LedgerEntry.source_id).where(
                LedgerEntry.conference_id == conference.id,
                LedgerEntry.source == "stripe",
                LedgerEntry.source_id.in_(ids[start : start + _AT_ONCE]),
            )
        )
    }


def known_records(session: Session, conference: Conference, record_ids: Iterable[str]) -> set[str]:
    """Return which of these payment records of Stripe stand for an entry of ours."""
    ids = list(record_ids)
    return {
        record_id
        for start in range(0, len(ids), _AT_ONCE)
        for record_id in session.scalars(
            select(LedgerEntry.stripe_payment_record_id).where(
                LedgerEntry.conference_id == conference.id,
                LedgerEntry.stripe_payment_record_id.in_(ids[start : start + _AT_ONCE]),
            )
        )
    }


def payment_behind(
    session: Session, conference: Conference, payment_ids: Iterable[str]
) -> LedgerEntry | None:
    """Return the payment that was made with one of these payment intents or charges.

    Where one intent paid several invoices it is the latest.
    """
    ids = [payment_id for payment_id in payment_ids if payment_id]
    if not ids:
        return None
    return session.scalars(
        select(LedgerEntry)
        .where(
            LedgerEntry.conference_id == conference.id,
            LedgerEntry.stripe_payment_id.in_(ids),
            LedgerEntry.kind == EntryKind.PAYMENT.value,
        )
        .order_by(LedgerEntry.id.desc())
        .limit(1)
    ).one_or_none()


def known_payments(
    session: Session, conference: Conference, payment_ids: Iterable[str]
) -> set[str]:
    """Return which of these payment intents and charges paid something of ours."""
    ids = [payment_id for payment_id in payment_ids if payment_id]
    return {
        payment_id
        for start in range(0, len(ids), _AT_ONCE)
        for payment_id in session.scalars(
            select(LedgerEntry.stripe_payment_id).where(
                LedgerEntry.conference_id == conference.id,
                LedgerEntry.stripe_payment_id.in_(ids[start : start + _AT_ONCE]),
            )
        )
    }


def known_facts(session: Session, conference: Conference, stripe_ids: Sequence[str]) -> set[str]:
    """Return which of these refunds, disputes or payments of Stripe are entries of ours."""
    rows = session.scalars(
        select(LedgerEntry.source_id).where(
            LedgerEntry.conference_id == conference.id,
            LedgerEntry.source == "stripe",
            LedgerEntry.source_id.in_(list(stripe_ids)),
        )
    )
    return set(rows)


def credit_notes(session: Session, conference: Conference, stripe_ids: Iterable[str]) -> set[str]:
    """Return which of these credit notes of Stripe are in the books."""
    rows = session.scalars(
        select(CreditNote.stripe_credit_note_id).where(
            CreditNote.conference_id == conference.id,
            CreditNote.stripe_credit_note_id.in_(list(stripe_ids)),
        )
    )
    return {stripe_id for stripe_id in rows if stripe_id}


def facts_of_stripe(session: Session, conference: Conference, before: datetime) -> dict[str, str]:
    """Return, by Stripe id, the purchase order of each fact that Stripe had told of by then."""
    rows = session.execute(
        select(LedgerEntry.source_id, PurchaseOrder.reference)
        .join(PurchaseOrder, PurchaseOrder.id == LedgerEntry.purchase_order_id)
        .where(
            LedgerEntry.conference_id == conference.id,
            LedgerEntry.source == "stripe",
            LedgerEntry.created_at < before,
        )
    ).all()
    notes = session.execute(
        select(CreditNote.stripe_credit_note_id, PurchaseOrder.reference)
        .join(PurchaseOrder, PurchaseOrder.id == CreditNote.purchase_order_id)
        .where(
            CreditNote.conference_id == conference.id,
            CreditNote.stripe_credit_note_id.is_not(None),
            CreditNote.created_at < before,
        )
    ).all()
    return {
        str(stripe_id): reference
        for stripe_id, reference in [*rows, *notes]
        if ":" not in str(stripe_id)
    }


def entry(session: Session, named: str) -> LedgerEntry:
    """Return an entry by its number.

    Raises:
        NotFoundError: There is none.
    """
    number = named.strip().lstrip("#")
    found = session.get(LedgerEntry, int(number)) if number.isdecimal() else None
    if found is None:
        raise NotFoundError(
            f"There is no ledger entry {named}; the page of a purchase order and the entries "
            f"table of the reconciliation's workbook show their numbers."
        )
    return found


def money_of_sponsor(session: Session, order: PurchaseOrder) -> list[tuple[Money, str, str]]:
    """Return the payments of a purchase order's sponsor that stand, on all its purchase orders.

    Each with our reference of its purchase order and the payment's own reference.
    """
    e, po, m = LedgerEntry, PurchaseOrder, BankMatch
    undone = select(e.reverses_id).where(
        e.conference_id == order.conference_id, e.reverses_id.is_not(None)
    )
    query = (
        select(e, po.reference, func.min(m.bank_transaction_id))
        .join(po, po.id == e.purchase_order_id)
        .outerjoin(m, and_(m.entry_id == e.id, m.state == "applied", m.kind == "entry"))
        .where(
            po.conference_id == order.conference_id,
            or_(po.id == order.id, po.organization_key == order.organization_key),
            e.kind == EntryKind.PAYMENT.value,
            e.id.not_in(undone),
        )
        .group_by(e.id, po.reference)
        .order_by(e.id)
    )
    return [
        (
            Money(
                entry.amount,
                entry.currency,
                entry.payment_date,
                "outside" if entry.source == "stripe" and entry.method == "other" else entry.source,
                line,
                entry.id,
            ),
            reference,
            entry.reference,
        )
        for entry, reference, line in session.execute(query)
    ]
