"""What matching looks at and what it answers; money in minor units of one currency each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from po_toolkit.money import display, exponent

Certainty = Literal["certain", "proposed", "ambiguous"]


@dataclass(frozen=True, slots=True)
class BatchPart:
    """One payment inside a line that the bank booked as a whole.

    Attributes:
        amount: Minor units of the line's currency; None where the bank does not give it.
        text: What the bank says of it.
        counterparty: The other party's name.
        account: The other party's account number.
    """

    amount: int | None
    text: str = ""
    counterparty: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A bank line that nothing explains yet; a debit is below 0.

    Attributes:
        account: The other party's IBAN or account number.
        parts: The payments that the bank booked together as this line.
        reversal: The bank says that the line takes back an earlier one.
        duplicate_of: The line that this one may be again.
        part: Which part of the line this is, from 1; 0 for the whole line.
        elsewhere: The conference that has matched the same line of a shared account.
    """

    id: int
    amount: int
    currency: str
    booked_on: date
    text: str = ""
    counterparty: str = ""
    account: str = ""
    parts: tuple[BatchPart, ...] = ()
    reversal: bool = False
    duplicate_of: int | None = None
    part: int = 0
    elsewhere: str = ""

    @property
    def words(self) -> str:
        """The amount for evidence."""
        return display(abs(self.amount), self.currency)


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A purchase order, and what is open on it (below 0 when overpaid).

    Attributes:
        total: What was ordered, less credit notes; None counts as the balance.
        invoices: The numbers that Stripe gave to its invoices.
        conference: The other conference whose purchase order it is, or ``""``.
    """

    id: int
    reference: str
    po_number: str
    organization_name: str
    currency: str
    balance: int
    cancelled: bool = False
    total: int | None = None
    invoices: tuple[str, ...] = ()
    conference: str = ""


@dataclass(frozen=True, slots=True)
class HandEntry:
    """An entry made by hand that no bank line confirms yet; money sent back is below 0."""

    id: int
    order_id: int
    amount: int
    currency: str
    date: date
    reference: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """A payout that no bank line confirms yet, or not in full.

    Attributes:
        amount: What is still to come of it (below 0 where Stripe collects).
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
class Confirmed:
    """A match that stands: what a later line may take back.

    Attributes:
        match_id: The match's number.
        line: The line it explains.
        amount: The part of the line, without sign.
        entry_id: The ledger entry that it confirms or made.
        reference: Of the purchase order.
        organization_name: The sponsor.
        numbers: The sponsor's own number, Stripe's invoice numbers, the entry's reference.
    """

    match_id: int
    line: Line
    amount: int
    entry_id: int
    order_id: int
    reference: str
    organization_name: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that matching looks at.

    Attributes:
        refused: Pairs of line and target (as ``Part.target``) that a person undid: never again by
            themselves.
        own: Our own names: never the payer.
        accounts: The other party's account in matches of the past → the sponsors it paid for.
        confirmed: Matches that stand.
        elsewhere: What is open in other conferences, whose sponsors may pay to the same account.
    """

    lines: Sequence[Line]
    orders: Sequence[OpenOrder] = ()
    entries: Sequence[HandEntry] = ()
    payouts: Sequence[PayoutFact] = ()
    refused: frozenset[tuple[int, str]] = frozenset()
    own: Sequence[str] = ()
    accounts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    confirmed: Sequence[Confirmed] = ()
    elsewhere: Sequence[OpenOrder] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What a line, or a part of it, is.

    Attributes:
        kind: payout, payout_return, entry (one made by hand), order (a payment to be entered) or
            reversal (an earlier match taken back by the bank).
        id: Of the payout, entry, purchase order or match.
        amount: Minor units, always above 0.
        name: What it is, in words.
        charges: What the entry or payout has and the line has not.
        reference: The purchase order's reference, or the payout's id.
    """

    kind: Literal["payout", "payout_return", "entry", "order", "reversal"]
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
        certainty: certain (one candidate, and nothing speaks against it); proposed (one candidate,
            but a person should look); ambiguous (several fit).
        parts: What it is; with several candidates, one part for each of them.
        reasons: What speaks for it.
        against: What speaks against it; empty where it is certain.
    """

    line: Line
    rule: str
    certainty: Certainty
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """Both sides of the evidence in one sentence."""
        because = "; ".join(self.reasons)
        return f"{because}. But {'; '.join(self.against)}" if self.against else because


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
