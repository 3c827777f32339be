"""The money rules of a purchase order: its sums, balance, status, and what it still owes.

All amounts are in the minor unit of one currency. The identity that every table keeps:
``total = credited + paid - refunded + balance``.

Each rule is written once, in operators that numbers, columns of a database and columns of a frame
understand alike. Front page, lists, reminders, reconciliation and documents take them from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """The money status of a purchase order."""

    DRAFT = "draft"
    ISSUED = "issued"
    """Its invoice is final and owed, and waits to be delivered by you."""
    SENT = "sent"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    CANCELLED = "cancelled"


class EntryKind(StrEnum):
    """What a ledger entry is; the kind gives the sign, the amount is always positive."""

    PAYMENT = "payment"
    PAYMENT_REVERSAL = "payment_reversal"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_REINSTATED = "dispute_reinstated"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"


PAID_SIGN = {
    EntryKind.PAYMENT: 1,
    EntryKind.PAYMENT_REVERSAL: -1,
    EntryKind.DISPUTE: -1,
    EntryKind.DISPUTE_REINSTATED: 1,
    EntryKind.TRANSFER_IN: 1,
    EntryKind.TRANSFER_OUT: -1,
}
"""Kinds that move ``paid``, net of their reversals."""

REFUNDED_SIGN = {EntryKind.REFUND: 1, EntryKind.REFUND_FAILED: -1}
"""Kinds that move ``refunded``, net of refunds that failed."""

DISPUTED_SIGN = {EntryKind.DISPUTE: 1, EntryKind.DISPUTE_REINSTATED: -1}
"""Kinds that move what disputes hold back, net of those that were won."""

RETURNED_SIGN = {EntryKind.PAYMENT_REVERSAL: 1}
"""Kinds that move what a bank returned, of entries that come from Stripe.

One entered by a person corrects a slip: that payment never was."""


def reversed_sign(kind: EntryKind, source: str) -> int:
    """Return how an entry moves what was paid once and then taken back by a bank or dispute."""
    return DISPUTED_SIGN.get(kind, 0) + (RETURNED_SIGN.get(kind, 0) if source == "stripe" else 0)


def balance_of(total: Any, credited: Any, paid: Any, refunded: Any) -> Any:
    """Return what is still owed, below 0 when overpaid; of numbers or columns."""
    return total - credited - paid + refunded


def excess_of(total: Any, credited: Any, paid: Any, reversed_payments: Any) -> Any:
    """Return by how much more than owed was paid at some time; below 0 when never; of any kind."""
    return paid + reversed_payments - (total - credited)


def gone_back_since(refunded: Any, reversed_payments: Any, asked_again: Any) -> Any:
    """Return what went back since a reissued invoice last asked for it; of any kind.

    Refunds, and what banks and disputes took back; ``asked_again`` is the sum of both at the last
    reissue.
    """
    return refunded + reversed_payments - asked_again


def is_held(
    total: Any, credited: Any, paid: Any, refunded: Any, reversed_payments: Any, *, asked_again: Any
) -> Any:
    """Tell whether an open balance waits for a decision; of numbers or columns.

    A refund gives back an excess, or it leaves a debt of which only a person can say whether it is
    still owed: then a credit note says that it is not. What a bank or a dispute took back was paid
    once and is owed again, so it explains no refund. Who reissues the invoice has decided: it asks
    for all that went back before.
    """
    excess = excess_of(total, credited, paid, reversed_payments)
    is_open = balance_of(total, credited, paid, refunded) > 0
    since = gone_back_since(refunded, reversed_payments, asked_again)
    return is_open & (refunded > 0) & (refunded > excess) & (since > 0)


def held_amount(
    total: Any, credited: Any, paid: Any, refunded: Any, reversed_payments: Any, *, asked_again: Any
) -> Any:
    """Return how much of an open balance waits for a decision; of numbers or a frame's columns."""
    excess = _least(refunded, _at_least_zero(excess_of(total, credited, paid, reversed_payments)))
    still_open = _at_least_zero(balance_of(total, credited, paid, refunded))
    since = _at_least_zero(gone_back_since(refunded, reversed_payments, asked_again))
    return _least(_least(_at_least_zero(refunded - excess), since), still_open)


def _at_least_zero(amount: Any) -> Any:
    return amount * (amount > 0)


def _least(one: Any, other: Any) -> Any:
    return one - (one - other) * (one > other)


def open_amount(balance: Any, *, cancelled: Any) -> Any:
    """Return what an open invoice should still ask; of numbers or a frame's columns.

    A cancelled purchase order owes nothing, and an overpaid one asks for nothing.
    """
    return balance * ((balance > 0) & (cancelled == 0))


def status_rules(
    balance: Any, paid: Any, *, active: Any, sent: Any, waits: Any, cancelled: Any
) -> list[tuple[Any, Status]]:
    """Return condition and status, the first that is true counts; of truths or columns of them.

    Args:
        balance: What is still owed.
        paid: Payments net of their reversals.
        active: Whether any ledger entry or credit note exists.
        sent: Whether its invoice (ours, adopted or by hand) is final and owed.
        waits: Whether that invoice waits to be delivered by a person.
        cancelled: Cancelled stays cancelled, whatever money arrives.
    """
    return [
        (cancelled, Status.CANCELLED),
        (balance < 0, Status.OVERPAID),
        ((balance == 0) & active, Status.PAID),
        (paid > 0, Status.PARTIALLY_PAID),
        (sent & waits, Status.ISSUED),
        (sent, Status.SENT),
    ]


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one purchase order, in minor units."""

    total: int
    credited: int = 0
    paid: int = 0
    refunded: int = 0
    reversed_payments: int = 0
    """What banks and disputes took back; it is gone from ``paid`` already."""
    disputed: int = 0
    """The part of ``reversed_payments`` that disputes hold."""
    asked_again: int = 0
    """What had gone back when a reissued invoice asked for it again."""
    active: bool = False
    """True when any ledger entry or credit note exists."""

    @property
    def balance(self) -> int:
        """What is still owed; negative when overpaid."""
        return int(balance_of(self.total, self.credited, self.paid, self.refunded))

    @property
    def held(self) -> bool:
        """Whether the balance waits for a person's decision after a refund."""
        parts = (self.total, self.credited, self.paid, self.refunded, self.reversed_payments)
        return bool(is_held(*parts, asked_again=self.asked_again))

    @property
    def contested(self) -> bool:
        """Whether a dispute holds money that was not asked for again."""
        since = gone_back_since(self.refunded, self.reversed_payments, self.asked_again)
        return self.disputed > 0 and bool(since > 0)


def sums_of(
    lines: Iterable[int],
    credits_: Iterable[int],
    entries: Iterable[tuple[str, str, int]],
    *,
    asked_again: int = 0,
) -> Sums:
    """Add up one purchase order.

    Credits are the amounts of the credit notes; entries are kind, source and amount;
    ``asked_again`` is what had gone back when the invoice was last reissued.
    """
    notes = list(credits_)
    rows = [(EntryKind(kind), source, amount) for kind, source, amount in entries]
    return Sums(
        total=sum(lines),
        credited=sum(notes),
        paid=sum(PAID_SIGN.get(kind, 0) * amount for kind, _, amount in rows),
        refunded=sum(REFUNDED_SIGN.get(kind, 0) * amount for kind, _, amount in rows),
        reversed_payments=sum(
            reversed_sign(kind, source) * amount for kind, source, amount in rows
        ),
        disputed=sum(DISPUTED_SIGN.get(kind, 0) * amount for kind, _, amount in rows),
        asked_again=asked_again,
        active=bool(rows or notes),
    )


def money_status(sums: Sums, *, sent: bool, cancelled: bool, delivered: bool = True) -> Status:
    """Return the status that follows from the sums alone.

    ``sent``: its invoice (ours, adopted or by hand) stands and is owed. Cancelled stays cancelled,
    whatever money arrives. Not ``delivered``: a person has yet to do that.
    """
    rules = status_rules(
        sums.balance,
        sums.paid,
        active=sums.active,
        sent=sent,
        waits=not delivered,
        cancelled=cancelled,
    )
    return next((status for holds, status in rules if holds), Status.DRAFT)


def due_date(
    on_invoice: date | None,
    own: date | None,
    sent_on: date | None,
    *,
    own_days: int | None,
    usual_days: int,
) -> date | None:
    """Return when the sponsor has to have paid, or None where nothing says it.

    Args:
        on_invoice: The due date that the live invoice shows.
        own: The purchase order's own due date.
        sent_on: The day its invoice was sent, or is dated.
        own_days: The purchase order's own days until it is due.
        usual_days: The conference's.
    """
    if on_invoice is not None or own is not None or sent_on is None:
        return on_invoice or own
    return sent_on + timedelta(days=usual_days if own_days is None else own_days)
