"""From each line's candidates to one answer for all lines, whatever their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from po_toolkit.domain.bank_matching.facts import Certainty, Line, Part, Proposal, Remaining


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that a line may be.

    Attributes:
        reasons: What speaks for it.
        against: What speaks against it; only without any does it apply by itself.
    """

    parts: tuple[Part, ...]
    rule: str
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()


def settle(
    found: dict[Line, list[Candidate]],
    remaining: Remaining,
    refused: frozenset[tuple[int, str]],
) -> list[Proposal]:
    """Decide one rule's candidates, and take what is certain out of what remains.

    A line with several candidates is ambiguous, and so is every line that wants what it may be,
    what another line wants too, or what a stronger rule left open.
    """
    claims = _Claims(remaining.contested)
    for candidates in found.values():
        claims.add(candidates)
    proposals = [
        _decide(line, candidates, claims, remaining, refused)
        for line, candidates in found.items()
        if candidates
    ]
    for proposal in proposals:
        if proposal.certainty == "certain":
            _take(proposal.parts, remaining)
        else:
            remaining.contested |= {part.target for part in proposal.parts}
    return proposals


class _Claims:
    """What the lines of one rule want.

    A line with nothing against it does not wait for one that something speaks against.
    """

    def __init__(self, contested: set[str]) -> None:
        self.wanted: dict[str, list[int]] = defaultdict(list)
        """Target → the amounts that every line wants of it."""
        self.surely: dict[str, list[int]] = defaultdict(list)
        """The same of the lines that nothing speaks against."""
        self.contested = set(contested)

    def add(self, candidates: list[Candidate]) -> None:
        """Note one line's candidates; where it has several, what it wants is contested."""
        for part in _parts(candidates):
            self.wanted[part.target].append(part.amount)
            if len(candidates) > 1:
                self.contested.add(part.target)
            elif not candidates[0].against:
                self.surely[part.target].append(part.amount)

    def of(self, part: Part, *, sure: bool) -> list[int]:
        """Return the amounts that lines match of what a part is."""
        return (self.surely if sure else self.wanted)[part.target]


def _parts(candidates: Iterable[Candidate]) -> set[Part]:
    return {part for candidate in candidates for part in candidate.parts}


def _decide(
    line: Line,
    candidates: list[Candidate],
    claims: _Claims,
    remaining: Remaining,
    refused: frozenset[tuple[int, str]],
) -> Proposal:
    first = candidates[0]
    if len(candidates) > 1:
        options = sorted(_parts(candidates), key=lambda p: (p.kind, p.id, p.amount))
        reasons = tuple(dict.fromkeys(r for c in candidates for r in c.reasons))
        objections = [
            f"{len(candidates)} candidates match",
            *(a for c in candidates for a in c.against),
        ]
        against = tuple(dict.fromkeys(objections))
        return Proposal(line, first.rule, "ambiguous", tuple(options), reasons, against)
    objections = list(first.against)
    wanted = False
    for part in first.parts:
        claimed = claims.of(part, sure=not first.against)
        if part.target in claims.contested:
            objections.append(f"another line may be {part.name} as well")
            wanted = True
        elif len(claimed) > 1 and not _room(part, sum(claimed), remaining):
            objections.append(f"{len(claimed)} lines match {part.name}")
            wanted = True
    if any((line.id, part.target) in refused for part in first.parts):
        objections.append("this match was undone before")
    certainty: Certainty = "ambiguous" if wanted else "proposed" if objections else "certain"
    objections = list(dict.fromkeys(objections))
    return Proposal(line, first.rule, certainty, first.parts, first.reasons, tuple(objections))


def _room(part: Part, claimed: int, remaining: Remaining) -> bool:
    """Several lines may share one purchase order or payout, as long as it is enough for all."""
    if part.kind == "order":
        return claimed <= remaining.balance[part.id]
    return part.kind == "payout" and claimed <= abs(remaining.payouts[part.id].amount)


def _take(parts: Iterable[Part], remaining: Remaining) -> None:
    for part in parts:
        if part.kind == "order":
            remaining.balance[part.id] -= part.amount
        elif part.kind == "entry":
            remaining.entries.pop(part.id, None)
        elif part.kind == "payout" and remaining.payouts[part.id].failed:
            remaining.payouts[part.id] = replace(remaining.payouts[part.id], credited=True)
        elif part.kind in ("payout", "payout_return"):
            remaining.payouts.pop(part.id, None)
