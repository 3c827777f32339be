"""How old a debt is: the buckets of the ageing table, by due date."""

from __future__ import annotations

from enum import StrEnum


class Bucket(StrEnum):
    """Where an open balance stands; the buckets of one currency add up to all that is open."""

    NOT_INVOICED = "not_invoiced"
    CURRENT = "current"
    DAYS_1_30 = "days_1_30"
    DAYS_31_60 = "days_31_60"
    DAYS_61_90 = "days_61_90"
    OVER_90 = "over_90"
    HELD = "held"
    """Refunded without a credit note: it does not age until a person decides."""


BUCKET_LABELS = {
    Bucket.NOT_INVOICED: "Not invoiced yet",
    Bucket.CURRENT: "Not due yet",
    Bucket.DAYS_1_30: "1 to 30 days overdue",
    Bucket.DAYS_31_60: "31 to 60 days overdue",
    Bucket.DAYS_61_90: "61 to 90 days overdue",
    Bucket.OVER_90: "Over 90 days overdue",
    Bucket.HELD: "On hold",
}
"""The buckets in a treasurer's words, in the order of the table."""

LATE_BUCKETS = (
    (30, Bucket.DAYS_1_30),
    (60, Bucket.DAYS_31_60),
    (90, Bucket.DAYS_61_90),
)
"""The last day late that still belongs to each bucket; more is :attr:`Bucket.OVER_90`."""


def bucket(days_overdue: int, *, sent: bool, held: bool) -> Bucket:
    """Return the bucket of an open balance.

    Args:
        days_overdue: Whole days since the due date; 0 or less when it has not passed.
        sent: Whether an invoice reached the sponsor.
        held: Whether the balance waits for a person's decision.
    """
    if held:
        return Bucket.HELD
    if not sent:
        return Bucket.NOT_INVOICED
    if days_overdue <= 0:
        return Bucket.CURRENT
    return next((b for last, b in LATE_BUCKETS if days_overdue <= last), Bucket.OVER_90)
