"""A statement proves itself: opening balance + lines = closing balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from po_toolkit.importers.bank.model import Statement
from po_toolkit.money import display


@dataclass(frozen=True, slots=True)
class Proof:
    """What a statement's own numbers say of it.

    Attributes:
        state: proven; unproven (it names no two balances); held (they do not add up).
        difference: closing - (opening + lines) in minor units, None where that is unknown.
        reason: Why it is held, or why nothing is proven; empty when proven.
    """

    state: Literal["proven", "unproven", "held"]
    difference: int | None
    reason: str


def prove(statement: Statement) -> Proof:
    """Add a statement up."""
    difference = _difference(statement)
    reasons = list(statement.problems)
    if difference:
        reasons.append(_words(statement, difference))
    unread = [bad for bad in statement.bad if bad.amount is None]
    if statement.opening is not None and statement.closing is not None and unread:
        rows = ", ".join(str(bad.row) for bad in unread)
        reasons.append(f"the amount in row {rows} cannot be read, so nothing adds up")
    if reasons:
        return Proof("held", difference or None, "; ".join(reasons))
    if difference is None:
        missing = " and ".join(
            name
            for name, value in (("opening", statement.opening), ("closing", statement.closing))
            if value is None
        )
        return Proof("unproven", None, f"the file holds no {missing} balance to prove it by")
    return Proof("proven", None, "")


def _difference(statement: Statement) -> int | None:
    if statement.opening is None or statement.closing is None:
        return None
    moved = sum(line.amount for line in statement.lines)
    moved += sum(bad.amount for bad in statement.bad if bad.amount is not None)
    return statement.closing - statement.opening - moved


def _words(statement: Statement, difference: int) -> str:
    currency = statement.currency
    opening, closing = statement.opening or 0, statement.closing or 0
    moved = closing - opening - difference
    return (
        f"opening {display(opening, currency)} + lines {display(moved, currency)} is "
        f"{display(opening + moved, currency)}, but it closes with {display(closing, currency)}: "
        f"{display(difference, currency)} apart"
    )
