"""Lines that are Stripe's payouts: by the bank's trace, else by amount, day and descriptor.

One line may be several payouts, and one payout several lines; a bank may keep a fee. What is not
one payout for one line of its exact amount is proposed only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

from po_toolkit.domain.bank_matching.facts import Line, Part, PayoutFact
from po_toolkit.domain.bank_matching.names import name_words
from po_toolkit.domain.bank_matching.numbers import number_words
from po_toolkit.domain.bank_matching.reading import Reader, Reading
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.money import display

EARLY, LATE = timedelta(days=2), timedelta(days=7)
"""How far from its arrival date a payout may be booked: weekends and holidays."""
_SHORTEST_TRACE = 6
_DESCRIPTOR = 10
"""US statements cut a payout's descriptor to 10 characters."""
_MOST_TOGETHER = 5
_NEAR = 12
_HIGHEST_FEE = 50
"""A bank's fee for taking a payout is at most one part in 50 of it."""

Found = dict[Line, list[Candidate]]


def by_trace(lines: list[Line], payouts: list[PayoutFact], reader: Reader) -> Found:
    """Find lines that hold a payout's trace id, whatever its date."""
    traces: dict[str, list[PayoutFact]] = defaultdict(list)
    for payout in payouts:
        trace = "".join(number_words(payout.trace_id))
        if len(trace) >= _SHORTEST_TRACE:
            traces[trace].append(payout)
    found: Found = {}
    for line in lines if traces else ():
        hits = [p for trace in _joined(line) for p in traces.get(trace, ())]
        made = []
        for payout in sorted(set(hits), key=lambda p: p.id):
            reason = f"the text holds trace {payout.trace_id} of {payout.stripe_id}"
            candidate = _whole(line, payout, "payout_trace", reason, reader)
            if candidate is not None:
                made.append(candidate)
        if made:
            found[line] = made
    return found


def _joined(line: Line) -> set[str]:
    tokens = number_words(line.text)
    return {
        "".join(tokens[i:j])
        for i in range(len(tokens))
        for j in range(i + 1, min(i + 4, len(tokens)) + 1)
    }


def _whole(
    line: Line, payout: PayoutFact, rule: str, reason: str, reader: Reader
) -> Candidate | None:
    """Return the candidate that a line is a payout, or its going back, of the exact amount."""
    if line.currency != payout.currency:
        return None
    if line.amount == payout.amount and not payout.credited:
        against = _against(reader.read(line), returned=False)
        return Candidate((_part(payout, line),), rule, (reason,), against)
    if payout.failed and line.amount == -payout.amount:
        part = Part(
            "payout_return", payout.id, abs(line.amount), payout.stripe_id, 0, payout.stripe_id
        )
        reasons = (reason, "the payout failed and is returned")
        return Candidate(
            (part,), "payout_return", reasons, _against(reader.read(line), returned=True)
        )
    return None


def _part(payout: PayoutFact, line: Line, amount: int | None = None, charges: int = 0) -> Part:
    share = abs(line.amount) if amount is None else amount
    return Part("payout", payout.id, share, payout.stripe_id, charges, payout.stripe_id)


def _against(reading: Reading, *, returned: bool) -> tuple[str, ...]:
    """Say why a line of Stripe's may be a sponsor's payment, or money that goes back."""
    objections = [] if returned else reading.goes_back()
    if reading.purpose:
        objections.append(f"{reading.purpose.upper()!r} suggests other money")
    sure = [h for h in reading.numbers.hits if h.strength != "short" and not h.doubts]
    if sure:
        objections.append(f"it names {sure[0].shown.strip()}, a number of a purchase order")
    for payer in reading.payers:
        if payer.kind == "sponsor":
            objections.append(f"the payer is {' or '.join(sorted(payer.sponsors))}")
    named = {n for m in reading.mentions for n in m.sponsors if name_words(n)[:1] != ("stripe",)}
    objections += [f"the text names {name}" for name in sorted(named)]
    objections += [
        f"it names {number}, a purchase order" for number in reading.numbers.unknown_orders
    ]
    return tuple(objections)


def by_amount(lines: list[Line], payouts: list[PayoutFact], reader: Reader) -> Found:
    """Find lines with a payout's amount, about its arrival date, that bear its descriptor.

    Of several the one that is due on this very day comes first, where no other line is booked on
    the day of another.
    """
    amounts: dict[tuple[str, int], list[PayoutFact]] = defaultdict(list)
    for payout in payouts:
        if not payout.credited:
            amounts[payout.currency, payout.amount].append(payout)
        if payout.failed:
            amounts[payout.currency, -payout.amount].append(payout)
    wanted = {line: _near(line, amounts.get((line.currency, line.amount), ())) for line in lines}
    wanted = {line: some for line, some in wanted.items() if some and bears(line, some, reader)}
    exact = _of_the_day(wanted)
    found: Found = {}
    for line, some in wanted.items():
        made = []
        for payout in [exact[line]] if line in exact else some:
            day, due = payout.arrival, payout.stripe_id
            reason = f"{line.words} about {day}, when {due} was to arrive"
            if day == line.booked_on:
                reason = f"{line.words} on {day}, when {due} was to arrive"
            candidate = _whole(line, payout, "payout_amount", reason, reader)
            if candidate is not None:
                late = tuple(
                    f"{p.stripe_id} of the same amount was to arrive {p.arrival} and has no line"
                    for p in some
                    if line in exact and p not in exact.values() and p.arrival < line.booked_on
                )
                made.append(replace(candidate, against=candidate.against + late))
        if made:
            found[line] = made
    return found


def _near(line: Line, payouts: Iterable[PayoutFact]) -> list[PayoutFact]:
    return [p for p in payouts if p.arrival - EARLY <= line.booked_on <= p.arrival + LATE]


def _of_the_day(wanted: dict[Line, list[PayoutFact]]) -> dict[Line, PayoutFact]:
    """Choose the payout that is due on the very day, where each has its one line on its day.

    Several alike whose lines are all late by a day would else be told apart wrongly.
    """
    alike: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in wanted:
        alike[line.currency, line.amount].append(line)
    chosen: dict[Line, PayoutFact] = {}
    for lines in alike.values():
        pairs = {line: [p for p in wanted[line] if p.arrival == line.booked_on] for line in lines}
        for line in lines:
            if len(pairs[line]) != 1:
                continue
            rivals = [x for x in lines if x is not line and set(wanted[x]) & set(wanted[line])]
            if all(len(pairs[x]) == 1 and pairs[x] != pairs[line] for x in rivals):
                chosen[line] = pairs[line][0]
    return chosen


def bears(line: Line, payouts: Sequence[PayoutFact], reader: Reader) -> bool:
    """Tell whether a line names Stripe, or a payout's descriptor where no other payer is named."""
    reading = reader.read(line)
    stripe = _STRIPE.search(f"{line.counterparty} {line.text}")
    strangers = [p for p in reading.payers if not _STRIPE.search(p.shown)]
    if stripe:
        return not any(p.kind == "stranger" for p in strangers)
    spelled = "".join(number_words(reading.free))
    own = {"".join(number_words(p.descriptor))[:_DESCRIPTOR] for p in payouts}
    return not (strangers or reading.mentions or reading.companies or reading.service) and any(
        len(name) >= 5 and name in spelled for name in own
    )


_STRIPE = re.compile(r"(?<![^\W_])STRIPE(?!S?[^\W\d_])|STRIPE(?:PAY|TECH|TRANSFER)", re.IGNORECASE)
"""Stripe's name as a word, also before a number; ``STRIPES`` is another's."""


def shared(lines: list[Line], payouts: list[PayoutFact], reader: Reader) -> Found:
    """Find several payouts in one line, one payout in two lines, and a payout less a fee."""
    due = [p for p in payouts if not p.credited and not p.failed]
    stripes = [x for x in lines if due and bears(x, due, reader)]
    found: Found = {}
    for line in stripes:
        near = sorted(
            (p for p in _near(line, due) if p.currency == line.currency),
            key=lambda p: (abs(p.arrival - line.booked_on), p.id),
        )[:_NEAR]
        made = _several(line, near) or _less_fee(line, near)
        if made:
            found[line] = made
    rest = [x for x in stripes if x not in found and x.amount > 0]
    for payout in due:
        pair = [
            x
            for x in rest
            if x.currency == payout.currency
            and 0 < x.amount < payout.amount
            and payout.arrival - EARLY <= x.booked_on <= payout.arrival + LATE
        ]
        for one, other in combinations(pair, 2):
            if one.amount + other.amount == payout.amount:
                for line in (one, other):
                    reason = (
                        f"bank lines {one.id} and {other.id} come to {payout.stripe_id} of "
                        f"{display(payout.amount, payout.currency)}"
                    )
                    less = ("only both lines together are the payout",)
                    made = [Candidate((_part(payout, line),), "payout_in_part", (reason,), less)]
                    found.setdefault(line, []).extend(made)
    return found


def _several(line: Line, near: list[PayoutFact]) -> list[Candidate]:
    made = []
    some = [p for p in near if (p.amount > 0) == (line.amount > 0)]
    for size in range(2, min(len(some), _MOST_TOGETHER) + 1):
        for chosen in combinations(some, size):
            if sum(p.amount for p in chosen) == line.amount:
                parts = tuple(_part(p, line, abs(p.amount)) for p in chosen)
                reason = f"{line.words} is the sum of {' and '.join(p.stripe_id for p in chosen)}"
                less = ("only the sum of several payouts agrees",)
                made.append(Candidate(parts, "payouts_together", (reason,), less))
    return made


def _less_fee(line: Line, near: list[PayoutFact]) -> list[Candidate]:
    made = []
    for payout in near:
        fee = payout.amount - line.amount
        if line.amount > 0 and 0 < fee <= payout.amount // _HIGHEST_FEE:
            shown = display(fee, line.currency)
            reason = f"{payout.stripe_id} of {display(payout.amount, line.currency)} was to arrive"
            less = (f"{shown} is missing, as when the bank deducts a fee",)
            part = _part(payout, line, charges=fee)
            made.append(Candidate((part,), "payout_less_fee", (reason,), less))
    return made
