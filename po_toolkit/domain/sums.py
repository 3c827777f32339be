"""What a purchase order's sums say: its balance and its money status.

All amounts are in the minor unit of one currency. The identity that every table keeps:
``total = credited + paid - refunded + balance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The money status of a purchase order."""

    DRAFT = "draft"
    ISSUED = "issued"
    """Its invoice is final and owed, and waits to be delivered by ourselves."""
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


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one purchase order, in minor units."""

    total: int
    credited: int = 0
    paid: int = 0
    refunded: int = 0
    active: bool = False
    """True when any ledger entry or credit note exists."""

    @property
    def balance(self) -> int:
        """What is still owed; negative when overpaid."""
        return self.total - self.credited - self.paid + self.refunded


def money_status(sums: Sums, *, sent: bool, cancelled: bool, delivered: bool = True) -> Status:
    """Return the status that follows from the sums alone.

    Args:
        sums: The purchase order's sums.
        sent: Whether its invoice (ours, adopted or by hand) stands and is owed.
        cancelled: Cancelled stays cancelled, whatever money arrives.
        delivered: False while a person has yet to deliver the invoice.
    """
    if cancelled:
        return Status.CANCELLED
    if sums.balance < 0:
        return Status.OVERPAID
    if sums.balance == 0 and sums.active:
        return Status.PAID
    if sums.paid > 0:
        return Status.PARTIALLY_PAID
    if sent and not delivered:
        return Status.ISSUED
    return Status.SENT if sent else Status.DRAFT
