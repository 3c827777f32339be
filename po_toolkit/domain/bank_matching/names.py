"""Sponsors' names in what a bank says: cut off, without accents, without their legal form."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from po_toolkit.domain.bank_matching.facts import Line, OpenOrder

_LEGAL_WORDS = """
ab ag aps as asa bv bvba co company corp corporation cv ev foundation gbr gmbh group holding
holdings inc incorporated kft kg kk limited llc llp lp ltd ltda mbh nv oy oyj plc pte pty pvt
sa sarl sas se sl snc spa spol srl sro ug und and the of de la le les los et y
"""
_LEGAL = frozenset(_LEGAL_WORDS.split())
"""Legal forms and small words."""

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae"})
_WORD = re.compile(r"[a-z0-9]+")
_CUT = 8
"""A name may be cut off by the bank, but not before so many letters."""


@lru_cache(maxsize=400_000)
def name_words(text: str) -> tuple[str, ...]:
    """Return the words that tell a name: folded, without its legal form."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize(
            "NFKD", unicodedata.normalize("NFC", folded).translate(_GERMAN)
        )
        folded = "".join(c for c in folded if not unicodedata.combining(c))
    found = _WORD.findall(folded.replace("&", " ").replace("'", ""))
    return tuple(w for w in found if w not in _LEGAL) or tuple(found)


class Names:
    """Finds the sponsors that a line names."""

    def __init__(self, orders: Iterable[OpenOrder]) -> None:
        """Index them by the rarest word of each name, and by how each begins."""
        self._words = {o.organization_name: name_words(o.organization_name) for o in orders}
        times = Counter(w for ws in self._words.values() for w in set(ws))
        self._by_word: dict[str, set[str]] = defaultdict(set)
        self._by_whole: dict[str, set[str]] = defaultdict(set)
        for name, ws in self._words.items():
            if ws:
                self._by_word[min(ws, key=lambda w: (times[w], -len(w), w))].add(name)
            self._by_whole["".join(ws)].add(name)
        self._sorted = sorted(self._by_whole)

    def named(self, line: Line) -> set[str]:
        """Return the sponsors' names that the line holds.

        All words of a name stand in the line, or the other party's name is the beginning of it.
        A name that is a part of another found name does not count.
        """
        said = set(name_words(line.text)) | set(name_words(line.counterparty))
        found = {
            name
            for word in said
            for name in self._by_word.get(word, ())
            if set(self._words[name]) <= said and _tells(self._words[name])
        }
        found |= self._beginning("".join(name_words(line.counterparty)))
        return {n for n in found if not any(self._within(n, other) for other in found)}

    def surely(self, line: Line, name: str) -> bool:
        """Tell whether a found name is enough: of one word it must be all of the other party's."""
        return len(self._words[name]) > 1 or name_words(line.counterparty) == self._words[name]

    def _beginning(self, start: str) -> set[str]:
        """Return the names of which the bank printed the beginning; the whole name goes first."""
        if len(start) < _CUT:
            return set()
        if start in self._by_whole:
            return set(self._by_whole[start])
        found: set[str] = set()
        at = bisect_left(self._sorted, start)
        while at < len(self._sorted) and self._sorted[at].startswith(start):
            found |= self._by_whole[self._sorted[at]]
            at += 1
        for length in range(_CUT, len(start)):
            found |= self._by_whole.get(start[:length], set())
        return found

    def _within(self, name: str, other: str) -> bool:
        return set(self._words[name]) < set(self._words[other])


def _tells(ws: tuple[str, ...]) -> bool:
    """Tell whether a name is long enough to be found inside a text."""
    return len("".join(ws)) >= 4
