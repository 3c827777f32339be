"""References in what a bank says: whole words only, however they are spaced or zero-filled."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from po_toolkit.domain.bank_matching.facts import OpenOrder
from po_toolkit.domain.references import REFERENCE_ALPHABET

_TOKEN = re.compile(r"[A-Z0-9]+")
_OWN = re.compile(r"(?<![A-Z0-9])P[O0][\W_]*((?:[A-Z0-9][\W_]?){5}[A-Z0-9])(?![A-Z0-9])")
_PREFIX = re.compile(r"[A-Z]*")
_LONGEST = 4
"""Most words that one number may be broken into."""
_STRONG = 5
"""Characters that make a number tell on its own."""


@lru_cache(maxsize=200_000)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in upper case, cut at everything but letters and digits."""
    return tuple(_TOKEN.findall(text.upper()))


@lru_cache(maxsize=200_000)
def key(joined: str) -> str:
    """Fold a number: letters and digits alone, O as 0, without leading zeros.

    ``PO-0012``, ``P0 12`` and ``po12`` are one; ``PO-1`` and ``PO-12`` are two.
    """
    prefix = _PREFIX.match(joined)
    letters = prefix[0] if prefix else ""
    rest = joined[len(letters) :].replace("O", "0").lstrip("0")
    return f"{letters.rstrip('O').replace('O', '0')}|{rest}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text that names purchase orders.

    Attributes:
        orders: Their ids; several when they share a number.
        strength: own (our reference), strong (a long number) or short.
    """

    orders: frozenset[int]
    strength: str


class References:
    """Finds the purchase orders that a text names."""

    def __init__(self, orders: Iterable[OpenOrder]) -> None:
        """Index them by our reference and by the sponsor's number."""
        self._own: dict[str, int] = {}
        self._numbers: dict[str, set[int]] = defaultdict(set)
        self._exact: dict[int, str] = {}
        for order in orders:
            self._own[order.reference.upper().removeprefix("PO-")] = order.id
            joined = "".join(words(order.po_number))
            self._exact[order.id] = joined
            for found in _keys(joined):
                self._numbers[found].add(order.id)

    def named(self, text: str) -> list[Hit]:
        """Return each place that names purchase orders; the longest reading of each place."""
        upper = text.upper()
        own = {self._own[r] for r in _own_in(upper) if r in self._own}
        hits = [Hit(frozenset({order}), "own") for order in sorted(own)]
        tokens = words(text)
        spans: list[tuple[int, int, frozenset[int], str]] = []
        for start in range(len(tokens)):
            joined = ""
            for end in range(start + 1, min(start + _LONGEST, len(tokens)) + 1):
                joined += tokens[end - 1]
                found = self._numbers.get(key(joined))
                if found:
                    exact = {o for o in found if self._exact[o] == joined}
                    spans.append((start, end, frozenset(exact or found), joined))
        for start, end, orders, joined in spans:
            longer = any(s <= start and e >= end and (s, e) != (start, end) for s, e, _, _ in spans)
            if not longer and not (len(orders) == 1 and orders <= own):
                hits.append(Hit(orders, _strength(joined)))
        return hits


def _own_in(upper: str) -> set[str]:
    found = {"".join(_TOKEN.findall(m)) for m in _OWN.findall(upper)}
    return found | {
        t
        for t in _TOKEN.findall(upper)
        if len(t) == 6
        and not t.isdigit()
        and not t.isalpha()
        and all(c in REFERENCE_ALPHABET for c in t)
    }


def _keys(joined: str) -> set[str]:
    """Return under which keys a sponsor's number is found; none without a digit."""
    if not any(c.isdigit() for c in joined):
        return set()
    folded = key(joined)
    letters, _, rest = folded.partition("|")
    keys = {folded}
    if letters in ("", "P"):
        keys = {f"P|{rest}"}
        if len(rest) >= _STRONG:
            keys.add(f"|{rest}")
    return keys


def _strength(joined: str) -> str:
    return "strong" if len(key(joined).partition("|")[2]) >= _STRONG else "short"
