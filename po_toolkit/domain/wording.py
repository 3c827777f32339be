"""Numbers with their nouns, and words for codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

from po_toolkit.domain.sums import Status

STATUS_LABELS: dict[str, str] = {
    Status.DRAFT: "Draft",
    Status.ISSUED: "Ready to deliver",
    Status.SENT: "Sent",
    Status.PARTIALLY_PAID: "Partially paid",
    Status.PAID: "Paid",
    Status.OVERPAID: "Overpaid",
    Status.CANCELLED: "Cancelled",
}
"""The money status in a treasurer's words."""


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 purchase order``, ``2 purchase orders``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def written_day(day: date) -> str:
    """Write a date so that nobody confuses day and month: ``5 Mar 2027``."""
    return f"{day.day} {day:%b %Y}"


def named_rows(numbers: Sequence[int]) -> str:
    """Name lines: ``Row 3``, ``Rows 3, 7-9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    shown = [f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts]
    listed = ", ".join(shown[:12]) + (" …" if len(shown) > 12 else "")
    return f"Row {listed}" if len(numbers) == 1 else f"Rows {listed}"


def sentence(text: str) -> str:
    """Begin a text in upper case, unless its first word is a code: ``in_1`` stays as it is."""
    return text[:1].upper() + text[1:] if _A_WORD.match(text) else text


_A_WORD = re.compile(r"[a-z]+(?=[ ,;:.]|$)")


def label(code: str) -> str:
    """Turn a code into words: ``payment_reversal`` into ``Payment reversal``."""
    words = code.replace("_", " ").capitalize()
    return _OTHERWISE.get(code) or _SHORT.sub(lambda found: found[0].upper(), words)


_OTHERWISE = {
    "customer_balance": "Bank transfer",
    "sepa_debit": "SEPA debit",
    "us_bank_account": "ACH debit",
    "bank_set_aside": "Excluded bank line",
    "bank_unexplained": "Unmatched bank line",
    "not_itemised": "Not itemized",
    "payout_not_itemised": "Payout, not itemized",
    "quickbooks": "QuickBooks",
}
"""Codes whose words are not the glossary's."""


WAYS_IN = {"cli": "command line", "python": "Python"}


def person(actor: str, say: Callable[[str], str] = str) -> str:
    """Name who acted as people read it: ``cli:ada`` is ``ada (command line)``.

    ``say`` writes the words in the reader's language.
    """
    way, _colon, name = actor.partition(":")
    if way == "app" and name:
        return name
    if way in WAYS_IN and name:
        return f"{name} ({say(WAYS_IN[way])})"
    return {"stripe": "Stripe", "schedule": say("automatic")}.get(actor, actor)


_SHORT = re.compile(r"\b(?:ach|api|cc|id|pdf|po|sepa|url)\b", re.IGNORECASE)
"""Words that are written in capitals."""
