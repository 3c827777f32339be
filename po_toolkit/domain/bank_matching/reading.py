"""What one line says, read once: who pays, what is named, and what speaks against a match."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from po_toolkit.domain.bank_matching.facts import Facts, HandEntry, Line, OpenOrder
from po_toolkit.domain.bank_matching.names import Mention, Names, Payer, same_sponsor
from po_toolkit.domain.bank_matching.numbers import Found, Numbers, number_words
from po_toolkit.domain.bank_matching.parties import (
    BENEFICIARY,
    NUMBER,
    ORIGINAL,
    PAYER,
    PLAIN,
    REFERENCE,
    TEXT,
    Piece,
    pieces,
    upper,
)
from po_toolkit.domain.bank_matching.vocabulary import (
    RETURNS,
    SERVICES,
    fold,
    other_event,
    purpose_word,
    return_word,
    tokens,
)

_SPEAKING = (PLAIN, TEXT, REFERENCE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says.

    Attributes:
        payers: Whom its fields name as payer, the original payer first.
        mentions: Sponsors' names in its free text.
        numbers: The numbers that it names.
        learned: The sponsor for which this account paid in the past, or ``""``.
        returns: A word of money that goes back, or ``""``.
        purpose: A word of money that is no sponsor's invoice, or ``""``.
        event: A word that names another year's or another conference, or ``""``.
        companies: Names of companies in its free text that are no sponsor's.
        unknown: Words of its free text that nothing explains.
        free: Its free text.
        service: A service that pays for others, named in its free text, or ``""``.
    """

    line: Line
    payers: tuple[Payer, ...]
    mentions: tuple[Mention, ...]
    numbers: Found
    learned: str
    returns: str
    purpose: str
    event: str
    companies: tuple[str, ...]
    unknown: tuple[str, ...]
    free: str
    service: str

    def is_payer(self, name: str) -> bool:
        """Tell whether every payer that the line names is this sponsor, and one does."""
        if self.learned == name:
            return True
        named = [p for p in self.payers if p.kind not in ("nobody", "bank", "service")]
        return bool(named) and all(p.kind == "sponsor" and p.sponsors == {name} for p in named)

    def names(self, name: str) -> bool:
        """Tell whether the line names this sponsor for sure, as payer or in its free text."""
        return self.is_payer(name) or self.names_in_text(name)

    def names_in_text(self, name: str) -> bool:
        """Tell whether the free text names this sponsor for sure."""
        return any(m.whole and m.sponsors == {name} for m in self.mentions)

    def may_be_payer(self, name: str) -> bool:
        """Tell whether the payer's field may mean this sponsor, alone or among others."""
        return any(
            p.kind in ("sponsor", "several") and name in p.sponsors and not p.whole
            for p in self.payers
        )

    def may_name(self) -> set[str]:
        """Return every sponsor that the line may name."""
        found = {n for p in self.payers for n in p.sponsors}
        found |= {n for m in self.mentions for n in m.sponsors}
        return found | ({self.learned} if self.learned else set())

    def not_payer(self, name: str, *, by_number: bool = False) -> list[str]:
        """Say why the payer is not this sponsor; empty where nothing says so.

        Args:
            name: The sponsor.
            by_number: A number names it, and tells it from others that the payer's field may mean.
        """
        if self.learned == name:
            return []
        objections = [
            f"the payer is {p.shown!r}, {why}"
            for p in self.payers
            if (why := self._why_not(p, name, by_number=by_number))
        ]
        if self.learned:
            objections.append(f"this account paid for {self.learned} before")
        if not self.payers or all(p.kind in ("nobody", "bank") for p in self.payers):
            objections += [
                f"{company!r} is named, which is not a sponsor" for company in self.companies
            ]
        return objections

    def _why_not(self, payer: Payer, name: str, *, by_number: bool) -> str:
        """Say why a payer is not this sponsor, or ``""``."""
        if payer.kind == "several" and by_number and name in payer.sponsors:
            return ""
        if payer.kind == "service":
            named = self.names(name)
            return "" if named else f"which pays for others, and {name} is not named"
        if payer.kind == "sponsor" and payer.sponsors == {name}:
            return ""
        listed = _listed(payer.sponsors)
        return {
            "stranger": f"not {name}",
            "form": f"another legal form than {name}",
            "longer": f"which is more than the name {listed}",
            "several": f"which may be any of {listed}",
            "sponsor": f"which is {listed}",
        }.get(payer.kind, "")

    def others(self, names: set[str], *, by_number: bool = False) -> list[str]:
        """Say which other sponsors the free text names."""
        objections: list[str] = []
        for mention in self.mentions:
            if mention.sponsors & names:
                if not mention.sponsors <= names and not by_number:
                    objections.append(f"the text may mean any of {_listed(mention.sponsors)}")
            elif mention.whole or mention.words > 1:
                objections.append(f"the text names {_listed(mention.sponsors)}")
        return list(dict.fromkeys(objections))

    def goes_back(self) -> list[str]:
        """Say what tells that money goes back, or that the line is another's twin."""
        objections: list[str] = []
        if self.line.reversal:
            objections.append("the bank marks it as a reversal of an earlier line")
        if self.returns:
            objections.append(f"{self.returns.upper()!r} suggests money that is returned")
        if self.line.duplicate_of is not None:
            objections.append(f"it may repeat bank line {self.line.duplicate_of}")
        return objections


def _listed(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))


class Reader:
    """Reads lines against all sponsors and numbers; each line once."""

    def __init__(self, facts: Facts) -> None:
        """Index what lines may name."""
        spelled = same_sponsor(o.organization_name for o in (*facts.orders, *facts.elsewhere))
        self.sponsor = spelled
        self.names = Names({spelled[o.organization_name] for o in facts.orders}, facts.own)
        self.orders: dict[int, OpenOrder] = {o.id: o for o in facts.orders}
        self.by_sponsor: dict[str, list[OpenOrder]] = defaultdict(list)
        for order in sorted(facts.orders, key=lambda o: o.id):
            self.by_sponsor[spelled[order.organization_name]].append(order)
        self.entries: dict[int, list[HandEntry]] = defaultdict(list)
        for entry in sorted(facts.entries, key=lambda e: e.id):
            self.entries[entry.order_id].append(entry)
        self.elsewhere: dict[str, list[OpenOrder]] = defaultdict(list)
        for order in facts.elsewhere:
            self.elsewhere[spelled[order.organization_name]].append(order)
        self._numbers = Numbers(facts.orders)
        self._joined = sorted({"".join(number_words(o.po_number)) for o in facts.orders})
        self._own = facts.own
        self._accounts = _accounts(facts.accounts, spelled)
        self._read: dict[Line, Reading] = {}

    def name_of(self, order_id: int) -> str:
        """Return the sponsor of a purchase order, in one spelling."""
        return self.sponsor[self.orders[order_id].organization_name]

    def goes_on(self, number: str) -> bool:
        """Tell whether another purchase order's number begins with this one and goes on."""
        begun = "".join(number_words(number))
        after = bisect_right(self._joined, begun)
        return self._joined[after : after + 1] != [] and self._joined[after].startswith(begun)

    def read(self, line: Line) -> Reading:
        """Return what a line says."""
        found = self._read.get(line)
        if found is None:
            found = self._read[line] = self._reading(line)
        return found

    def _reading(self, line: Line) -> Reading:
        marked = pieces(_without(line.text, line.counterparty))
        fields = [p.text for p in marked if p.role == ORIGINAL]
        fields += [p.text for p in marked if p.role == PAYER]
        payers = [self.names.payer(text) for text in (*fields, line.counterparty) if text.strip()]
        free = [p.text for p in marked if p.role in _SPEAKING]
        own = {n for p in payers for n in p.sponsors}
        mentions = [m for text in free for m in self.names.mentions(text)]
        known = own | {n for m in mentions for n in m.sponsors}
        words = _words([*free, *fields, line.counterparty], known)
        if "\n" in line.text:  # a bank breaks its lines within words as well
            words += _words([line.text.replace("\n", "")], known)
        return Reading(
            line,
            tuple(p for p in payers if p.kind != "nobody"),
            tuple(mentions),
            self._numbers.find([*marked, *_extra(line)]),
            self._accounts.get(_account(line.account), "") if line.account else "",
            return_word(words) or _return_in(line.text),
            purpose_word(words),
            other_event(words, line.booked_on.year, self._own),
            tuple(c for text in free for c in self.names.companies(text)),
            tuple(w for p in marked if p.role == PLAIN for w in self.names.unknown(p.text)),
            " ".join([*free, *fields, line.counterparty]),
            _service(words),
        )


def _without(text: str, counterparty: str) -> str:
    """Leave the other party's name out of a text that repeats it, where no longer name begins."""
    whole, name = upper(text), upper(counterparty).strip()
    if len(name) < 3 or name not in whole:
        return whole
    left, begin, at = list[str](), 0, whole.find(name)
    while at >= 0:  # a pattern of each name would have to be compiled
        end = at + len(name)
        inside = at > 0 and _WORD.match(whole, at - 1) is not None
        if not inside and _GOES_ON.match(whole, end) is None:
            left += [whole[begin:at], " ; "]
            begin = end
            at = whole.find(name, end)
        else:
            at = whole.find(name, at + 1)
    return "".join([*left, whole[begin:]])


_GOES_ON = re.compile(r"\w|[ ,&-]+[^\W\d_]")
_WORD = re.compile(r"\w")


def _extra(line: Line) -> list[Piece]:
    """Return the other party's field as text, where banks put numbers there."""
    return [Piece(TEXT, upper(line.counterparty))] if line.counterparty else []


def _words(texts: Iterable[str], known: set[str]) -> list[str]:
    """Return the words of texts without those of the sponsors' names found in them."""
    named = {w for n in known for w, _ in tokens(fold(n))}
    return [w for text in texts for w, _ in tokens(fold(text)) if w not in named]


def _return_in(text: str) -> str:
    """Return a word of money that goes back in a script without spaces."""
    return "" if text.isascii() else next((w for w in _RETURN_SIGNS if w in text), "")


_RETURN_SIGNS = tuple(sorted(w for w in RETURNS if not w.isascii() and len(w) == 2))


def _service(words: list[str]) -> str:
    """Return the first service that some words name, also as two words (``bill.com``)."""
    pairs = [a + b for a, b in pairwise(words)]
    return next((w for w in (*words, *pairs) if w in SERVICES), "")


def _account(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())


def _accounts(accounts: Mapping[str, frozenset[str]], spelled: Mapping[str, str]) -> dict[str, str]:
    """Return the accounts that paid for one sponsor only."""
    found: dict[str, set[str]] = defaultdict(set)
    for account, names in accounts.items():
        found[_account(account)] |= {spelled.get(n, n) for n in names}
    return {account: next(iter(names)) for account, names in found.items() if len(names) == 1}


__all__ = ["BENEFICIARY", "NUMBER", "Reader", "Reading"]
