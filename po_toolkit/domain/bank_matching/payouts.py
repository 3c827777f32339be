"""Lines that are Stripe's payouts: by the bank's trace, else by amount, date and descriptor."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from po_toolkit.domain.bank_matching.facts import Line, Part, PayoutFact
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.domain.bank_matching.text import words

EARLY, LATE = timedelta(days=2), timedelta(days=7)
"""How far from its arrival date a payout may be booked: weekends and holidays."""
_SHORTEST_TRACE = 6
_DESCRIPTOR = 10
"""US statements cut a payout's descriptor to 10 characters."""


def by_trace(lines: list[Line], payouts: list[PayoutFact]) -> dict[Line, list[Candidate]]:
    """Find lines that hold a payout's trace id, whatever its date."""
    traces: dict[str, list[PayoutFact]] = defaultdict(list)
    for payout in payouts:
        trace = "".join(words(payout.trace_id))
        if len(trace) >= _SHORTEST_TRACE:
            traces[trace].append(payout)
    found: dict[Line, list[Candidate]] = {}
    for line in lines if traces else ():
        hits = [p for trace in _joined(line) for p in traces.get(trace, ())]
        made = [c for p in hits if p.currency == line.currency and (c := _trace(line, p))]
        if made:
            found[line] = made
    return found


def _joined(line: Line) -> set[str]:
    tokens = words(line.text)
    return {
        "".join(tokens[i:j])
        for i in range(len(tokens))
        for j in range(i + 1, min(i + 4, len(tokens)) + 1)
    }


def _trace(line: Line, payout: PayoutFact) -> Candidate | None:
    evidence = f"the text holds trace {payout.trace_id} of {payout.stripe_id}"
    if line.amount == payout.amount and not payout.credited:
        part = Part("payout", payout.id, abs(line.amount), payout.stripe_id, 0, payout.stripe_id)
        return Candidate((part,), "payout_trace", evidence)
    if payout.failed and line.amount == -payout.amount:
        part = Part(
            "payout_return", payout.id, abs(line.amount), payout.stripe_id, 0, payout.stripe_id
        )
        return Candidate((part,), "payout_return", f"{evidence}, which failed and goes back")
    return None


def by_amount(lines: list[Line], payouts: list[PayoutFact]) -> dict[Line, list[Candidate]]:
    """Find lines with a payout's amount, about its arrival date, that bear its descriptor."""
    amounts: dict[tuple[str, int], list[PayoutFact]] = defaultdict(list)
    for payout in payouts:
        if not payout.credited:
            amounts[payout.currency, payout.amount].append(payout)
        if payout.failed:
            amounts[payout.currency, -payout.amount].append(payout)
    found: dict[Line, list[Candidate]] = {}
    for line in lines:
        made = [
            _amount(line, payout)
            for payout in amounts.get((line.currency, line.amount), ())
            if payout.arrival - EARLY <= line.booked_on <= payout.arrival + LATE
            and _bears(line, payout)
        ]
        if made:
            found[line] = made
    return found


def _bears(line: Line, payout: PayoutFact) -> bool:
    tokens = words(f"{line.counterparty} {line.text}")
    own = "".join(words(payout.descriptor))[:_DESCRIPTOR]
    return any(t.startswith("STRIPE") for t in tokens) or (len(own) >= 5 and own in "".join(tokens))


def _amount(line: Line, payout: PayoutFact) -> Candidate:
    evidence = f"{line.words} about {payout.arrival}, when {payout.stripe_id} was to arrive"
    if line.amount == payout.amount:
        part = Part("payout", payout.id, abs(line.amount), payout.stripe_id, 0, payout.stripe_id)
        return Candidate((part,), "payout_amount", evidence)
    part = Part("payout_return", payout.id, abs(line.amount), payout.stripe_id, 0, payout.stripe_id)
    return Candidate((part,), "payout_return", f"{evidence}, and which failed")
