"""A statement proves itself: opening balance + lines = closing balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
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


def follows(moves: Sequence[tuple[Decimal | None, Decimal | None]]) -> bool:
    """Tell whether the running balance follows from the amounts, oldest line first or last.

    Args:
        moves: Amount and balance of each line, in major units; at least two with a balance.
    """
    if len(moves) < 2 or any(a is None or b is None for a, b in moves):
        return False
    return any(
        all(b[1] == (a[1] or 0) + (b[0] or 0) for a, b in pairwise(ordered))
        for ordered in (list(moves), list(moves)[::-1])
    )


def prove_by_running_balance(
    statement: Statement, moves: list[tuple[int, int, int | None]]
) -> None:
    """Take opening and closing from the running balance, newest line first or last.

    A balance that is shown only on some lines (the last of a day, say) must fit the lines between.

    Args:
        statement: The lines' statement.
        moves: Row, amount and balance of each line, in the file's order; minor units.
    """
    if not moves or sum(balance is not None for _, _, balance in moves) < min(2, len(moves)):
        return
    breaks = []
    for ordered in (moves, moves[::-1]):
        opening, closing, broken = _walk(ordered)
        breaks.append((len(broken), opening, closing, broken))
    count, opening, closing, broken = min(breaks, key=lambda b: b[0])
    statement.opening, statement.closing = opening, closing
    days = [line.booked_on for line in statement.lines]
    statement.opening_date = min(days, default=None)
    statement.closing_date = max(days, default=None)
    if count:
        row, apart = broken[0]
        statement.problems.append(
            f"the running balance does not follow in row {row}: "
            f"{display(apart, statement.currency)} apart"
        )


def _walk(
    moves: list[tuple[int, int, int | None]],
) -> tuple[int | None, int | None, list[tuple[int, int]]]:
    opening: int | None = None
    running, since = 0, 0
    broken: list[tuple[int, int]] = []
    for row, amount, balance in moves:
        since += amount
        if balance is None:
            continue
        if opening is None:
            opening = balance - since
        elif balance != running + since:
            broken.append((row, balance - running - since))
        running, since = balance, 0
    return opening, None if opening is None else running + since, broken
