"""What reconciliation reads of payouts and bank lines; amounts in minor units.

The lines are those booked up to a day. What explains them counts whenever it was found: a month's
statements come and are matched after its end.
"""

from __future__ import annotations

from dataclasses import replace

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
    select,
)
from sqlalchemy.orm import Session, aliased

from po_toolkit.domain.bank_matching import match
from po_toolkit.store import bank_matches
from po_toolkit.store.books import Cutoff, Rows
from po_toolkit.store.tables import BalanceTransaction, BankMatch, BankTransaction, Payout


def payouts(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read each payout: how much the bank had, what it is made of, what became of its return.

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
    came = (
        select(func.coalesce(cast(func.sum(BankMatch.amount + BankMatch.charges), BigInteger), 0))
        .join(BankTransaction, BankTransaction.id == BankMatch.bank_transaction_id)
        .where(
            BankMatch.payout_id == p.id,
            BankMatch.kind == "payout",
            BankMatch.state == "applied",
            BankTransaction.booked_on <= cutoff.day,
        )
        .scalar_subquery()
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
            came.label("came"),
            items.label("items"),
            case((again, literal(1)), else_=literal(0)).label("sent_again"),
            last.label("read_through"),
        )
        .where(p.conference_id == conference_id, p.made_at < cutoff.before)
        .order_by(p.id),
    )


def open_credits(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the credits on the bank account up to the cutoff that nothing explains."""
    b = BankTransaction
    return _read(
        session,
        select(b.id.label("line_id"), b.amount, b.currency, b.booked_on, b.counterparty, b.text)
        .where(
            b.conference_id == conference_id,
            b.amount > 0,
            b.booked_on <= cutoff.day,
            unexplained(),
        )
        .order_by(b.id),
    )


def open_debits(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the debits on the bank account up to the cutoff that nothing explains.

    ``amount`` is above 0; ``order_id`` and ``earlier_line`` name the payment that a debit seems to
    take back, as matching sees it now.
    """
    b = BankTransaction
    found = session.execute(
        select(b.id, b.amount, b.currency, b.booked_on, b.counterparty, b.text)
        .where(
            b.conference_id == conference_id,
            b.amount < 0,
            b.booked_on <= cutoff.day,
            unexplained(),
        )
        .order_by(b.id)
    ).all()
    taken = _reversed_payments(session, conference_id, {row.id: -row.amount for row in found})
    names = ("line_id", "amount", "currency", "booked_on", "counterparty", "text")
    return Rows(
        (*names, "order_id", "earlier_line"),
        [(row.id, -row.amount, *tuple(row)[2:], *taken.get(row.id, (0, 0))) for row in found],
    )


def _reversed_payments(
    session: Session, conference_id: int, lines: dict[int, int]
) -> dict[int, tuple[int, int]]:
    """Return the purchase order and the earlier line of each line that takes a payment back.

    Matching is asked only where an amount agrees, since it reads every purchase order.
    """
    confirmed = bank_matches.confirmed(session, conference_id) if lines else []
    came = {m.amount for m in confirmed} | {abs(m.line.amount) for m in confirmed}
    if not came & set(lines.values()):
        return {}
    facts = bank_matches.facts(session, conference_id)
    some = replace(facts, lines=[x for x in facts.lines if x.id in lines])
    by_match = {m.match_id: m for m in confirmed}
    return {
        p.line.id: (by_match[p.parts[0].id].order_id, by_match[p.parts[0].id].line.id)
        for p in match(some)
        if p.rule == "reversal"
    }


def fee_gaps(session: Session, conference_id: int, cutoff: Cutoff) -> Rows:
    """Read the balance transactions whose fee is not the sum of its details."""
    t = BalanceTransaction
    return _read(
        session,
        select(t.id.label("move_id"), t.stripe_id, t.currency, t.fee, t.fee_gap, t.source_id)
        .where(t.conference_id == conference_id, t.fee_gap != 0, t.made_at < cutoff.before)
        .order_by(t.id),
    )


def unexplained() -> ColumnElement[bool]:
    """Return what is true of a bank line that is neither matched nor excluded."""
    b, m = BankTransaction, BankMatch
    matched = exists().where(m.bank_transaction_id == b.id, m.state == "applied")
    return and_(~matched, b.set_aside_at.is_(None))


def _read(session: Session, statement: Executable) -> Rows:
    result = session.execute(statement)
    return Rows(tuple(result.keys()), [tuple(row) for row in result.all()])
