"""What matching looks at and what it answers; money in minor units of one currency each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from po_toolkit.money import display, exponent

Certainty = Literal["certain", "proposed", "ambiguous"]


@dataclass(frozen=True, slots=True)
class Line:
    """A bank line that nothing explains yet; a debit is below 0."""

    id: int
    amount: int
    currency: str
    booked_on: date
    text: str = ""
    counterparty: str = ""

    @property
    def words(self) -> str:
        """The amount for evidence."""
        return display(abs(self.amount), self.currency)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A purchase order, and what is open on it (below 0 when overpaid)."""

    id: int
    reference: str
    po_number: str
    organization_name: str
    currency: str
    balance: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class HandEntry:
    """An entry made by hand that no bank line confirms yet; money sent back is below 0."""

    id: int
    order_id: int
    amount: int
    currency: str
    date: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """A payout that no bank line confirms yet.

    Attributes:
        failed: It failed: where the bank had it, it goes back.
        credited: A line confirms that it came; only its going back is looked for.
    """

    id: int
    stripe_id: str
    amount: int
    currency: str
    arrival: date
    trace_id: str = ""
    descriptor: str = ""
    failed: bool = False
    credited: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that matching looks at.

    Attributes:
        refused: Pairs of line and target (as ``Part.target``) that a person undid: never again by
            themselves.
    """

    lines: Sequence[Line]
    orders: Sequence[OpenOrder] = ()
    entries: Sequence[HandEntry] = ()
    payouts: Sequence[PayoutFact] = ()
    refused: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """What a line, or a part of it, is.

    Attributes:
        kind: payout, payout_return, entry (one made by hand) or order (a payment to be entered).
        id: Of the payout, entry or purchase order.
        amount: Minor units, always above 0.
        name: What it is, in words.
        charges: What the entry has and the line has not.
        reference: The purchase order's reference, or the payout's id.
    """

    kind: Literal["payout", "payout_return", "entry", "order"]
    id: int
    amount: int
    name: str
    charges: int = 0
    reference: str = ""

    @property
    def target(self) -> str:
        """What it is, as text: ``payout 3``."""
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a line seems to be.

    Attributes:
        certainty: certain (one candidate, good enough to apply by itself); proposed (one
            candidate, but a person should look); ambiguous (several fit).
        parts: What it is; with several candidates, one part for each of them.
    """

    line: Line
    rule: str
    evidence: str
    certainty: Certainty
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Remaining:
    """What no rule has taken yet."""

    balance: dict[int, int]
    entries: dict[int, HandEntry]
    payouts: dict[int, PayoutFact]
    contested: set[str] = field(default_factory=set)


def tolerance(amount: int, currency: str) -> int:
    """Return how much of an amount banks may have kept: 50 major units, at most 5 %."""
    fifty: int = 50 * 10 ** max(exponent(currency), 2)
    return min(fifty, abs(amount) // 20)
