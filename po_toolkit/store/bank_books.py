"""What reconciliation reads of payouts and bank lines; amounts in minor units."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from po_toolkit.store.books import Cutoff, Rows
from po_toolkit.store.tables import BalanceTransaction, BankMatch, BankTransaction, Payout


def payouts(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each payout: whether the bank had it, what it is made of, what became of its return.

    ``sent_again`` is 1 when the money of a failed payout went out with a later one;
    ``read_through`` is the last day for which lines of its currency are known.
    """
    move, p = BalanceTransaction, Payout
    items = (
        select(func.coalesce(cast(func.sum(move.net), BigInteger), 0))
        .where(move.payout_id == p.id, move.type != "payout")
        .scalar_subquery()
    )
    later = aliased(Payout)
    again = exists().where(
        move.conference_id == p.conference_id,
        move.type == "payout_failure",
        move.source_id == p.stripe_payout_id,
        move.payout_id == later.id,
        later.status == "paid",
    )
    last = (
        select(func.max(BankTransaction.booked_on))
        .where(
            BankTransaction.conference_id == conference_id,
            BankTransaction.currency == p.currency,
            BankTransaction.booked_on <= cutoff.day,
        )
        .scalar_subquery()
    )
    matched = exists().where(
        BankMatch.payout_id == p.id, BankMatch.kind == "payout", _standing(cutoff)
    )
    return _read(
        session,
        select(
            p.id.label("payout_id"),
            p.stripe_payout_id,
            p.amount,
            p.currency,
            p.status,
            p.automatic,
            p.arrival_date,
            p.failure_message,
            case((matched, literal(1)), else_=literal(0)).label("at_bank"),
            items.label("items"),
            case((again, literal(1)), else_=literal(0)).label("sent_again"),
            last.label("read_through"),
        )
        .where(p.conference_id == conference_id, p.made_at < cutoff.before)
        .order_by(p.id),
    )


def open_credits(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the credits on the bank account that nothing explained at the cutoff."""
    b = BankTransaction
    matched = exists().where(BankMatch.bank_transaction_id == b.id, _standing(cutoff))
    return _read(
        session,
        select(b.id.label("line_id"), b.amount, b.currency, b.booked_on, b.counterparty, b.text)
        .where(
            b.conference_id == conference_id,
            b.amount > 0,
            b.booked_on <= cutoff.day,
            ~matched,
            or_(b.set_aside_at.is_(None), b.set_aside_at >= cutoff.before),
        )
        .order_by(b.id),
    )


def fee_gaps(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the balance transactions whose fee is not the sum of its details."""
    t = BalanceTransaction
    return _read(
        session,
        select(t.id.label("move_id"), t.stripe_id, t.currency, t.fee, t.fee_gap, t.source_id)
        .where(t.conference_id == conference_id, t.fee_gap != 0, t.made_at < cutoff.before)
        .order_by(t.id),
    )


def _standing(cutoff: Cutoff) -> ColumnElement[bool]:
    return and_(
        BankMatch.applied_at < cutoff.before,
        or_(BankMatch.undone_at.is_(None), BankMatch.undone_at >= cutoff.before),
    )


def _read(session: Session, statement: Executable) -> Rows:
    result = session.execute(statement)
    return Rows(tuple(result.keys()), [tuple(row) for row in result.all()])
