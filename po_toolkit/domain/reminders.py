"""Which reminder is due, and what forbids one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from po_toolkit.domain.sums import EntryKind, Sums
from po_toolkit.money import display


def due_step(schedule: Iterable[int], taken: Collection[int], days: int) -> int | None:
    """Return the step to take now: the latest that is due, if none after it was taken.

    Args:
        schedule: Days from the due date; below 0 is before it.
        taken: Steps that were taken, whatever became of them.
        days: How many days the due date is past; below 0 while it is to come.
    """
    due = [step for step in schedule if step <= days]
    latest = max(due, default=None)
    if latest is None or any(step >= latest for step in taken):
        return None
    return latest


def passed_steps(schedule: Iterable[int], taken: Collection[int], step: int) -> list[int]:
    """Return the earlier steps that are never taken any more once this one is."""
    return [earlier for earlier in schedule if earlier < step and earlier not in taken]


def why_not(sums: Sums, entries: Iterable[tuple[str, int]], currency: str) -> str:
    """Return why the books forbid a reminder, or ``""``.

    Args:
        sums: Of the purchase order.
        entries: Kind and amount of each ledger entry.
        currency: Of all amounts.
    """
    if sums.balance <= 0:
        return "nothing is left to pay"
    signs = {EntryKind.DISPUTE.value: 1, EntryKind.DISPUTE_REINSTATED.value: -1}
    disputed = sum(signs.get(kind, 0) * amount for kind, amount in entries)
    if disputed > 0:
        return f"{display(disputed, currency)} is disputed"
    if sums.refunded > sums.credited:
        return "money was refunded without a credit note; a person decides whether it is still owed"
    return ""


def step_words(step: int) -> str:
    """Write a step for people: ``7 days before it is due``."""
    if step == 0:
        return "on the due date"
    days = f"{abs(step)} day{'s' if abs(step) != 1 else ''}"
    return f"{days} before it is due" if step < 0 else f"{days} past due"
