"""From each line's candidates to one answer for all lines, whatever their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from po_toolkit.domain.bank_matching.facts import Certainty, Line, Part, Proposal, Remaining


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that a line may be."""

    parts: tuple[Part, ...]
    rule: str
    evidence: str
    sure: bool = True


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
        elif proposal.certainty == "ambiguous":
            remaining.contested |= {part.target for part in proposal.parts}
    return proposals


class _Claims:
    """What the lines of one rule want."""

    def __init__(self, contested: set[str]) -> None:
        self.amounts: dict[str, int] = defaultdict(int)
        self.lines: dict[str, int] = defaultdict(int)
        self.contested = set(contested)

    def add(self, candidates: list[Candidate]) -> None:
        """Note one line's candidates; where it has several, what it wants is contested."""
        for part in _parts(candidates):
            if len(candidates) > 1:
                self.contested.add(part.target)
            self.amounts[part.target] += part.amount
            self.lines[part.target] += 1


def _parts(candidates: Iterable[Candidate]) -> Iterable[Part]:
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
        options = sorted(set(_parts(candidates)), key=lambda p: (p.kind, p.id))
        words = "; or ".join(sorted({c.evidence for c in candidates}))
        return Proposal(line, first.rule, f"Several fit: {words}", "ambiguous", tuple(options))
    for part in first.parts:
        if part.target in claims.contested:
            why = f"{first.evidence}; another line may be {part.name} as well"
            return Proposal(line, first.rule, why, "ambiguous", first.parts)
        wanted = claims.lines[part.target]
        if wanted > 1 and not _room(part, claims.amounts[part.target], remaining):
            why = f"{first.evidence}; {wanted} lines want {part.name}"
            return Proposal(line, first.rule, why, "ambiguous", first.parts)
    undone = any((line.id, part.target) in refused for part in first.parts)
    certainty: Certainty = "certain" if first.sure and not undone else "proposed"
    evidence = f"{first.evidence}; undone before" if undone else first.evidence
    return Proposal(line, first.rule, evidence, certainty, first.parts)


def _room(part: Part, claimed: int, remaining: Remaining) -> bool:
    """Several lines may pay one purchase order, as long as together they do not overpay it."""
    return part.kind == "order" and claimed <= remaining.balance[part.id]


def _take(parts: Iterable[Part], remaining: Remaining) -> None:
    for part in parts:
        if part.kind == "order":
            remaining.balance[part.id] -= part.amount
        elif part.kind == "entry":
            remaining.entries.pop(part.id, None)
        elif part.kind == "payout" and remaining.payouts[part.id].failed:
            remaining.payouts[part.id] = replace(remaining.payouts[part.id], credited=True)
        else:
            remaining.payouts.pop(part.id, None)
