"""Ledger entries: what is in already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from po_toolkit.store.tables import Conference, LedgerEntry, PurchaseOrder


def all_entered(session: Session, conference: Conference, source_ids: Sequence[str]) -> bool:
    """Tell whether each of these Stripe payments is in the conference's ledger."""
    if not source_ids:
        return True
    count = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(
            LedgerEntry.conference_id == conference.id,
            LedgerEntry.source == "stripe",
            LedgerEntry.source_id.in_(list(source_ids)),
        )
    )
    return count == len(set(source_ids))


def same_by_hand(
    order: PurchaseOrder, *, method: str, reference: str, payment_date: date, amount: int
) -> LedgerEntry | None:
    """Return an entry made by hand that says the very same, if there is one."""
    return next(
        (
            entry
            for entry in order.entries
            if (entry.source, entry.method, entry.reference, entry.payment_date, entry.amount)
            == ("manual", method, reference, payment_date, amount)
        ),
        None,
    )
