"""What is left to match, and what was matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from po_toolkit.domain.bank_matching import Facts, HandEntry, Line, OpenOrder, PayoutFact
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, EntryKind
from po_toolkit.errors import NotFoundError
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import (
    BankMatch,
    BankTransaction,
    CreditNote,
    LedgerEntry,
    Payout,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

_BY_HAND = {EntryKind.PAYMENT.value: 1, EntryKind.REFUND.value: -1}
_FEW = 500


def facts(session: Session, conference_id: int) -> Facts:
    """Read the lines that nothing explains yet, and all that they may be."""
    active = list(
        session.execute(
            select(
                BankMatch.bank_transaction_id,
                BankMatch.kind,
                BankMatch.payout_id,
                BankMatch.entry_id,
            ).where(BankMatch.conference_id == conference_id, BankMatch.state == "applied")
        )
    )
    matched = {row.bank_transaction_id for row in active}
    return Facts(
        lines=[x for x in _lines(session, conference_id) if x.id not in matched],
        orders=_orders(session, conference_id),
        entries=_hand_entries(session, conference_id, {row.entry_id for row in active}),
        payouts=_payouts(session, conference_id, {(r.kind, r.payout_id) for r in active}),
        refused=_refused(session, conference_id),
    )


def _lines(session: Session, conference_id: int) -> list[Line]:
    tx = BankTransaction
    return [
        Line(*row)
        for row in session.execute(
            select(tx.id, tx.amount, tx.currency, tx.booked_on, tx.text, tx.counterparty)
            .where(tx.conference_id == conference_id, tx.set_aside == "", tx.amount != 0)
            .order_by(tx.id)
        )
    ]


def _orders(session: Session, conference_id: int) -> list[OpenOrder]:
    po = PurchaseOrder
    balance: dict[int, int] = defaultdict(int)
    for sign, statement in _sums(conference_id):
        for order_id, amount in session.execute(statement):
            balance[order_id] += sign * int(amount)
    return [
        OpenOrder(
            row.id,
            row.reference,
            row.po_number,
            row.organization_name,
            row.currency,
            balance[row.id],
            row.cancelled_at is not None,
        )
        for row in session.execute(
            select(
                po.id,
                po.reference,
                po.po_number,
                po.organization_name,
                po.currency,
                po.cancelled_at,
            )
            .where(po.conference_id == conference_id)
            .order_by(po.id)
        )
    ]


def _sums(conference_id: int) -> Iterable[tuple[int, Any]]:
    """Return what makes up each purchase order's balance, and its sign."""
    item, note, entry = PurchaseOrderLineItem, CreditNote, LedgerEntry
    mine = PurchaseOrder.conference_id == conference_id
    yield (
        1,
        (
            select(item.purchase_order_id, cast(func.sum(item.billed), BigInteger))
            .join(PurchaseOrder, PurchaseOrder.id == item.purchase_order_id)
            .where(mine)
            .group_by(item.purchase_order_id)
        ),
    )
    yield (
        -1,
        (
            select(note.purchase_order_id, cast(func.sum(note.amount), BigInteger))
            .where(note.conference_id == conference_id)
            .group_by(note.purchase_order_id)
        ),
    )
    signs = {k.value: -s for k, s in PAID_SIGN.items()} | {
        k.value: s for k, s in REFUNDED_SIGN.items()
    }
    signed = entry.amount * case(signs, value=entry.kind, else_=0)
    yield (
        1,
        (
            select(entry.purchase_order_id, cast(func.sum(signed), BigInteger))
            .where(entry.conference_id == conference_id)
            .group_by(entry.purchase_order_id)
        ),
    )


def _hand_entries(session: Session, conference_id: int, linked: set[int | None]) -> list[HandEntry]:
    entry = LedgerEntry
    reversed_ = set(
        session.scalars(
            select(entry.reverses_id).where(
                entry.conference_id == conference_id, entry.reverses_id.is_not(None)
            )
        )
    )
    return [
        HandEntry(
            row.id,
            row.purchase_order_id,
            _BY_HAND[row.kind] * row.amount,
            row.currency,
            row.payment_date,
            row.reference,
        )
        for row in session.execute(
            select(
                entry.id,
                entry.purchase_order_id,
                entry.kind,
                entry.amount,
                entry.currency,
                entry.payment_date,
                entry.reference,
            )
            .where(
                entry.conference_id == conference_id,
                entry.source == "manual",
                entry.method != "stripe",
                entry.kind.in_(_BY_HAND),
                entry.reverses_id.is_(None),
            )
            .order_by(entry.id)
        )
        if row.id not in linked and row.id not in reversed_
    ]


def _payouts(
    session: Session, conference_id: int, matched: set[tuple[str, int | None]]
) -> list[PayoutFact]:
    found = []
    for p in session.scalars(
        select(Payout)
        .where(Payout.conference_id == conference_id, Payout.status != "canceled")
        .order_by(Payout.id)
    ):
        credited = ("payout", p.id) in matched
        failed = p.status == "failed"
        if (credited and not failed) or ("payout_return", p.id) in matched:
            continue
        found.append(
            PayoutFact(
                p.id,
                p.stripe_payout_id,
                p.amount,
                p.currency,
                p.arrival_date,
                p.trace_id,
                p.statement_descriptor,
                failed,
                credited,
            )
        )
    return found


def _refused(session: Session, conference_id: int) -> frozenset[tuple[int, str]]:
    undone = session.scalars(
        select(BankMatch).where(
            BankMatch.conference_id == conference_id, BankMatch.state == "undone"
        )
    )
    return frozenset((m.bank_transaction_id, _target(m)) for m in undone)


def _target(match: BankMatch) -> str:
    if match.kind != "entry":
        return f"{match.kind} {match.payout_id}"
    made = match.created_entry
    return f"order {match.purchase_order_id}" if made else f"entry {match.entry_id}"


def line(
    session: Session, conference_id: int, line_id: int, *, lock: bool = False
) -> BankTransaction:
    """Return one bank line, locked where it is to be changed.

    Raises:
        NotFoundError: The conference has no such line.
    """
    query = select(BankTransaction).where(
        BankTransaction.id == line_id, BankTransaction.conference_id == conference_id
    )
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no bank line {line_id} in this conference.")
    return found


def matches_of(session: Session, line_ids: Iterable[int]) -> dict[int, list[BankMatch]]:
    """Return the standing matches of some lines."""
    found: dict[int, list[BankMatch]] = defaultdict(list)
    ids = sorted(set(line_ids))
    for start in range(0, len(ids), _FEW):
        for row in session.scalars(
            select(BankMatch)
            .where(
                BankMatch.bank_transaction_id.in_(ids[start : start + _FEW]),
                BankMatch.state == "applied",
            )
            .order_by(BankMatch.id)
        ):
            found[row.bank_transaction_id].append(row)
    return found


def standing(session: Session, conference_id: int, **target: int | str) -> BankMatch | None:
    """Return the standing match of a payout (with its kind) or an entry, if there is one."""
    conditions = [getattr(BankMatch, name) == value for name, value in target.items()]
    return session.scalars(
        select(BankMatch).where(
            BankMatch.conference_id == conference_id, BankMatch.state == "applied", *conditions
        )
    ).first()


def link_new_entries(uow: UnitOfWork, conference_id: int) -> None:
    """Give each match the entry that it made, once that is in the ledger."""
    waiting = {
        str(m.uuid): m
        for m in uow.session.scalars(
            select(BankMatch).where(
                BankMatch.conference_id == conference_id,
                BankMatch.kind == "entry",
                BankMatch.entry_id.is_(None),
            )
        )
    }
    entry = LedgerEntry
    names = sorted(waiting)
    for start in range(0, len(names), _FEW):
        for entry_id, source_id in uow.session.execute(
            select(entry.id, entry.source_id).where(
                entry.conference_id == conference_id,
                entry.source == "bank",
                entry.source_id.in_(names[start : start + _FEW]),
            )
        ):
            waiting[source_id].entry_id = entry_id


def all_lines(session: Session, conference_id: int) -> list[BankTransaction]:
    """Return every line, newest first."""
    tx = BankTransaction
    return list(
        session.scalars(
            select(tx)
            .where(tx.conference_id == conference_id)
            .order_by(tx.booked_on.desc(), tx.id.desc())
        )
    )


def references(session: Session, ids: Iterable[int]) -> Mapping[int, str]:
    """Return our reference of each of these purchase orders."""
    wanted = sorted(set(ids))
    return {
        row.id: row.reference
        for start in range(0, len(wanted), _FEW)
        for row in session.execute(
            select(PurchaseOrder.id, PurchaseOrder.reference).where(
                PurchaseOrder.id.in_(wanted[start : start + _FEW])
            )
        )
    }


def payout_ids(session: Session, conference_id: int) -> dict[int, str]:
    """Return Stripe's id of each payout by ours."""
    return {
        row.id: row.stripe_payout_id
        for row in session.execute(
            select(Payout.id, Payout.stripe_payout_id).where(Payout.conference_id == conference_id)
        )
    }
