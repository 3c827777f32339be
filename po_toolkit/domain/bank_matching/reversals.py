"""Money that a bank takes back: a debit that is the reversal of an earlier match.

Bounced checks, returned ACH credits, MT940 ``RC``/``RD`` and CAMT ``RvslInd``. Always a proposal: a
refund that a person sends looks the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from po_toolkit.domain.bank_matching.facts import Confirmed, Line, Part
from po_toolkit.domain.bank_matching.numbers import number_words
from po_toolkit.domain.bank_matching.reading import Reader, Reading
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.domain.bank_matching.vocabulary import name_in
from po_toolkit.domain.wording import written_day

LONGEST = timedelta(days=120)
"""How long after a credit a bank takes it back at most."""
_ALWAYS = "a reversal is booked only by a person"
_SHORTEST = 4


def reversals(
    lines: list[Line], confirmed: Sequence[Confirmed], reader: Reader
) -> dict[Line, list[Candidate]]:
    """Find debits (or marked credits) that reverse a match of the same amount."""
    amounts: dict[tuple[str, int], list[Confirmed]] = defaultdict(list)
    for match in confirmed:
        sign = 1 if match.line.amount > 0 else -1
        amounts[match.line.currency, -sign * match.amount].append(match)
        if match.amount != abs(match.line.amount):
            amounts[match.line.currency, -match.line.amount].append(match)
    found: dict[Line, list[Candidate]] = {}
    for line in lines:
        if line.amount > 0 and not line.reversal:
            continue
        made = []
        whole: set[int] = set()
        for match in amounts.get((line.currency, line.amount), ()):
            if not timedelta(0) <= line.booked_on - match.line.booked_on <= LONGEST:
                continue
            reasons = _reasons(reader.read(line), match)
            if not reasons or match.line.id in whole:
                continue
            whole.add(match.line.id)
            parts = _parts(line, match, confirmed)
            booked_on = written_day(match.line.booked_on)
            evidence = f"bank line {match.line.id} of {booked_on} has the same amount"
            made.append(Candidate(parts, "reversal", (evidence, *reasons), (_ALWAYS,)))
        if made:
            best = max(len(c.reasons) for c in made)
            found[line] = [c for c in made if len(c.reasons) == best]
    return found


def _parts(line: Line, match: Confirmed, confirmed: Sequence[Confirmed]) -> tuple[Part, ...]:
    """Return the parts that go back: one of the earlier line's, or all of them."""
    if match.amount == abs(line.amount):
        some = [match]
    else:
        some = [m for m in confirmed if m.line.id == match.line.id]
    return tuple(
        Part(
            "reversal",
            m.match_id,
            m.amount,
            f"the payment of {written_day(m.line.booked_on)} on {m.reference}",
            reference=m.reference,
        )
        for m in some
    )


def _reasons(reading: Reading, match: Confirmed) -> list[str]:
    """Say what ties a line to the match that it takes back."""
    line = reading.line
    reasons: list[str] = []
    if line.reversal:
        reasons.append("the bank marks it as a reversal")
    if reading.returns:
        reasons.append(f"{reading.returns.upper()!r} suggests money that is returned")
    if any(match.order_id in h.orders for h in reading.numbers.hits):
        reasons.append(f"it names {match.reference}")
    sponsor = _name(reading, match)
    if sponsor:
        reasons.append(f"it names {sponsor}")
    text = set(number_words(line.text))
    for number in (*match.numbers, match.line.counterparty):
        wanted = "".join(number_words(number))
        if len(wanted) >= _SHORTEST and any(c.isdigit() for c in wanted) and wanted in text:
            reasons.append(f"it names {number}")
    if line.account and line.account == match.line.account:
        reasons.append("it goes to the account that the money came from")
    return reasons


def _name(reading: Reading, match: Confirmed) -> str:
    """Return the sponsor's or payer's name of a match if the line holds it."""
    for name in (match.organization_name, match.line.counterparty):
        if name and name_in(name, f"{reading.line.counterparty} {reading.line.text}"):
            return name
    return ""
