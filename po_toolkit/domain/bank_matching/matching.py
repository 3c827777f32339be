"""All rules, the strongest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from po_toolkit.domain.bank_matching import payouts
from po_toolkit.domain.bank_matching.facts import (
    Certainty,
    Facts,
    Line,
    Part,
    PayoutFact,
    Proposal,
    Remaining,
)
from po_toolkit.domain.bank_matching.reading import Reader
from po_toolkit.domain.bank_matching.resolve import Candidate, settle
from po_toolkit.domain.bank_matching.reversals import reversals
from po_toolkit.domain.bank_matching.rules import Rules

Found = dict[Line, list[Candidate]]


def match(facts: Facts) -> list[Proposal]:
    """Find what each line is; a line that nothing fits has no proposal.

    Returns:
        At most one proposal for each line, by the line's date, then id.
    """
    remaining = Remaining(
        balance={o.id: o.balance for o in facts.orders},
        entries={e.id: e for e in facts.entries},
        payouts={p.id: p for p in facts.payouts},
    )
    waiting = [part for line in sorted(facts.lines, key=lambda x: x.id) for part in _parts(line)]
    proposals: list[Proposal] = []
    for rule in _rules(facts, remaining):
        done = settle(rule(waiting), remaining, facts.refused)
        proposals += done
        taken = {p.line for p in done}
        waiting = [line for line in waiting if line not in taken]
    whole = _joined(proposals, {line.id: line for line in facts.lines})
    return sorted(whole, key=lambda p: (p.line.booked_on, p.line.id))


def _rules(facts: Facts, remaining: Remaining) -> Iterable[Callable[[list[Line]], Found]]:
    """Yield the rules in their order."""
    reader = Reader(facts)
    rules = Rules(reader, remaining)

    def open_payouts() -> list[PayoutFact]:
        return sorted(remaining.payouts.values(), key=lambda p: p.id)

    yield lambda lines: payouts.by_trace(lines, open_payouts(), reader)
    yield lambda lines: payouts.by_amount(lines, open_payouts(), reader)
    yield rules.by_entry_reference  # first: another line may name the purchase order it is on
    yield rules.by_number
    yield rules.by_number_roughly
    yield rules.by_name
    yield lambda lines: payouts.shared(lines, open_payouts(), reader)
    yield rules.deposits
    yield rules.less_charges
    yield rules.together
    yield rules.in_instalments
    yield lambda lines: reversals(lines, facts.confirmed, reader)


def _parts(line: Line) -> list[Line]:
    """Cut a line into the payments that the bank booked together, where it gives their amounts."""
    amounts = [part.amount for part in line.parts if part.amount is not None]
    if len(amounts) < 2 or len(amounts) < len(line.parts) or sum(amounts) != line.amount:
        return [line]
    return [
        replace(
            line,
            amount=amount,
            text=part.text,
            counterparty=part.counterparty,
            account=part.account,
            parts=(),
            part=number,
        )
        for number, (part, amount) in enumerate(zip(line.parts, amounts, strict=True), 1)
    ]


def _joined(proposals: list[Proposal], lines: dict[int, Line]) -> list[Proposal]:
    """Put the parts of each line together again: it is certain only where each part is."""
    whole = [p for p in proposals if p.line.part == 0]
    of_line: dict[int, list[Proposal]] = {}
    for proposal in proposals:
        if proposal.line.part:
            of_line.setdefault(proposal.line.id, []).append(proposal)
    for line_id, some in of_line.items():
        line = lines[line_id]
        some.sort(key=lambda p: p.line.part)
        against = [f"part {p.line.part}: {a}" for p in some for a in p.against]
        unknown = len(line.parts) - len(some)
        if unknown:
            against.append(f"{unknown} of its {len(line.parts)} parts fit nothing")
        states = {p.certainty for p in some}
        certainty: Certainty = "certain"
        if "ambiguous" in states or unknown:
            certainty = "ambiguous"
        elif against:
            certainty = "proposed"
        reasons = tuple(f"part {p.line.part}: {r}" for p in some for r in p.reasons)
        parts = tuple(_summed(part for p in some for part in p.parts))
        whole.append(Proposal(line, some[0].rule, certainty, parts, reasons, tuple(against)))
    return whole


def _summed(parts: Iterable[Part]) -> list[Part]:
    """Put parts of one purchase order together."""
    found: dict[str, Part] = {}
    for part in parts:
        there = found.get(part.target)
        found[part.target] = replace(part, amount=part.amount + there.amount) if there else part
    return list(found.values())
