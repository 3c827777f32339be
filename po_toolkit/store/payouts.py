"""Payouts and balance transactions as Stripe last said them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, insert, select, true
from sqlalchemy.orm import Session

from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import BalanceTransaction, Payout

_FEW = 500


def newest_move(session: Session, conference_id: int) -> datetime | None:
    """Return when the newest balance transaction was made: up to there all of them were read."""
    return session.scalar(
        select(func.max(BalanceTransaction.made_at)).where(
            BalanceTransaction.conference_id == conference_id
        )
    )


def keep_payouts(uow: UnitOfWork, conference_id: int, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add payouts, or bring them up to what Stripe says; return how many are new."""
    given = {row["stripe_payout_id"]: row for row in rows}
    known = {
        p.stripe_payout_id: p
        for p in uow.session.scalars(
            select(Payout).where(
                Payout.conference_id == conference_id, Payout.stripe_payout_id.in_(list(given))
            )
        )
    }
    for stripe_id, row in given.items():
        if stripe_id not in known:
            uow.session.add(Payout(conference_id=conference_id, **row))
            continue
        for name, value in row.items():
            if getattr(known[stripe_id], name) != value:
                setattr(known[stripe_id], name, value)
    return len(given) - len(known)


def keep_moves(
    uow: UnitOfWork,
    conference_id: int,
    rows: Iterable[Mapping[str, Any]],
    *,
    payout_id: int | None = None,
) -> int:
    """Add or correct balance transactions, and note which payout they are part of.

    Returns:
        How many are new.
    """
    given = {row["stripe_id"]: row for row in rows}
    ids = list(given)
    known: dict[str, BalanceTransaction] = {}
    for start in range(0, len(ids), _FEW):
        found = uow.session.scalars(
            select(BalanceTransaction).where(
                BalanceTransaction.conference_id == conference_id,
                BalanceTransaction.stripe_id.in_(ids[start : start + _FEW]),
            )
        )
        known.update({t.stripe_id: t for t in found})
    part_of = {} if payout_id is None else {"payout_id": payout_id}
    for stripe_id, move in known.items():
        for name, value in {**given[stripe_id], **part_of}.items():
            if getattr(move, name) != value:
                setattr(move, name, value)
    now = utc_now()
    new = [
        {**row, "conference_id": conference_id, "payout_id": payout_id, "created_at": now}
        for stripe_id, row in given.items()
        if stripe_id not in known
    ]
    if new:
        uow.session.execute(insert(BalanceTransaction), new)
    return len(new)


def to_itemise(session: Session, conference_id: int, *, recount: bool = False) -> list[Payout]:
    """Return the automatic payouts whose balance transactions are not all known.

    ``recount`` adds up again those that came to their amount before.
    """
    known = Payout.itemised.is_(True) & (_items() == Payout.amount if recount else true())
    return list(
        session.scalars(
            select(Payout)
            .where(
                Payout.conference_id == conference_id,
                Payout.automatic,
                ~known,
                Payout.status != "canceled",
            )
            .order_by(Payout.id)
        )
    )


def _items() -> ScalarSelect[Any]:
    """Return the sum of a payout's balance transactions."""
    item = BalanceTransaction
    total = select(func.coalesce(func.sum(item.net), 0))
    return total.where(item.payout_id == Payout.id, item.type != "payout").scalar_subquery()


def note_itemised(uow: UnitOfWork, payout_id: int) -> bool:
    """Mark a payout whose balance transactions come to its amount; tell whether they do."""
    payout = uow.session.get_one(Payout, payout_id)
    total = uow.session.scalar(select(_items()).where(Payout.id == payout_id))
    payout.itemised = int(total or 0) == payout.amount
    return payout.itemised
