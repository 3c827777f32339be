"""When two entries are the same money: one rule for what is typed and what a bank line says.

Same sponsor or purchase order, amount and currency within seven days is the same money until a
person says otherwise, whatever the source. Two bank lines are two payments, and Stripe's own
payments never come as a sponsor's bank line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

SAME_MONEY = timedelta(days=7)
"""How far apart two people may date one payment."""


@dataclass(frozen=True, slots=True)
class Money:
    """A payment that stands in the books or is about to.

    Attributes:
        amount: Minor units.
        source: manual, bank, stripe (paid through Stripe) or outside (marked as paid in Stripe's
            dashboard).
        bank_line: The bank line that it was matched to, if any.
        entry: The ledger entry's number; None while it is only intended.
    """

    amount: int
    currency: str
    day: date
    source: str
    bank_line: int | None = None
    entry: int | None = None


def same_money(new: Money, there: Iterable[Money]) -> Money | None:
    """Return what is the same money as a new payment of a sponsor, the nearest day first."""
    alike = [
        money
        for money in there
        if (money.amount, money.currency) == (new.amount, new.currency)
        and abs(money.day - new.day) <= SAME_MONEY
        and not _proven_apart(new, money)
    ]
    return min(alike, key=lambda m: (abs(m.day - new.day), m.entry or 0), default=None)


def _proven_apart(new: Money, there: Money) -> bool:
    """Tell whether two cannot be one: two bank lines, or a bank line and Stripe's money."""
    if new.source != "bank":
        return False
    return there.bank_line is not None or there.source in ("bank", "stripe")
