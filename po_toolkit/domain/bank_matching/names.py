"""Sponsors' names in what a bank says, compared by words.

A name is the sponsor's where all its words stand together and nothing longer: ``ORACLE PARK`` is
not Oracle, and ``ACME GMBH`` is not Acme Inc. A name that the bank cut off counts where only one
sponsor's begins like it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from po_toolkit.domain.bank_matching.vocabulary import (
    BANK_WORDS,
    BOILERPLATE,
    LEGAL,
    LONG_FORMS,
    PERHAPS_NAMES,
    SERVICES,
    fold,
    tokens,
)

_CUT = 10
"""A name may be cut off by the bank, but not before so many letters."""
FIELDS = frozenset((15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 70))
"""How long a name is that fills a bank's field, a space at its end left off."""
_WIDE = 15
"""A name that is cut between two words fills at least this much of its field."""

Tokens = Sequence[tuple[str, bool]]
Kind = Literal["nobody", "sponsor", "form", "longer", "several", "service", "bank", "stranger"]


def name_words(text: str) -> tuple[str, ...]:
    """Return the words of a name, without its legal form."""
    return split_form(tuple(w for w, _ in tokens(fold(text))))[0]


def split_form(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of a name, and those of its legal form at the end."""
    end = len(words)
    while end > 1 and words[end - 1] in LEGAL:
        end -= 1
    return words[:end], words[end:]


@dataclass(slots=True)
class _Node:
    """A place in the tree of all names' words."""

    next: dict[str, _Node] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom a payer's field names.

    Attributes:
        kind: nobody (empty, or words that name no one), sponsor, form (a sponsor but for the legal
            form), longer (a sponsor's name with more words), several (sponsors that the text does
            not tell apart), service, bank or stranger.
        sponsors: The sponsors concerned.
        shown: The field as it stands.
        through: A service that paid for the sponsor.
        cut: The name or its legal form may be cut off.
        whole: It is only the beginning of the sponsor's name, and may be another's in full.
    """

    kind: Kind
    sponsors: frozenset[str] = frozenset()
    shown: str = ""
    through: bool = False
    cut: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A sponsor's name inside a text.

    Attributes:
        sponsors: The sponsors of this name.
        whole: Nothing stands beside it that may belong to a longer name.
        form: Its legal form is written too.
        words: How many words it has.
        cut: The legal form may be cut off.
    """

    sponsors: frozenset[str]
    whole: bool
    form: bool
    words: int
    cut: bool = False


class Names:
    """Finds sponsors' names; a sponsor is known by its name as written in the purchase order."""

    def __init__(self, names: Iterable[str], own: Iterable[str] = ()) -> None:
        """Index names and our own by their words, in each spelling that banks print."""
        self._root = _Node()
        self._form: dict[str, tuple[str, ...]] = {}
        self._core: dict[str, tuple[str, ...]] = {}
        for name in dict.fromkeys(names):
            core, form = split_form(tuple(w for w, _ in tokens(fold(name))))
            if core:
                self._form[name], self._core[name] = form, core
                for spelled in _spellings(name, core):
                    self._add(spelled, name)
        self._own = [
            words for name in own if (words := tuple(w for w, _ in tokens(fold(name)))) != ()
        ]

    def _add(self, words: tuple[str, ...], name: str) -> None:
        node = self._root
        for word in words:
            node = node.next.setdefault(word, _Node())
        node.ends.add(name)

    def is_service(self, name: str) -> bool:
        """Tell whether a sponsor is itself a service that pays for others, or a bank."""
        core = self._core.get(name, ())
        return any(w in SERVICES or w in BANK_WORDS for w in core) or "".join(core) in SERVICES

    def one_word(self, name: str) -> bool:
        """Tell whether a sponsor's name is one word, which may mean something else."""
        return len(self._core.get(name, ())) < 2

    def payer(self, text: str) -> Payer:
        """Return whom a payer's field names."""
        best = Payer("nobody")
        for plain in (False, True):
            found = self._payer(self._without_own(tokens(fold(text, plain=plain))), text.strip())
            if found.kind == "sponsor":
                return found
            best = found if not plain else best
        return best

    def _payer(self, sequence: Tokens, shown: str) -> Payer:
        while sequence and not (
            sequence[0][0].replace("?", "").isalpha() or self._walk(sequence, 0)[1]
        ):  # a number stands before
            sequence = sequence[1:]
        speaking = [
            w for w, _ in sequence if w.isalpha() and w not in BOILERPLATE and w not in LEGAL
        ]
        if not sequence or not (speaking or self._walk(sequence, 0)[1]):
            return Payer("nobody", shown=shown)
        end, names = self._walk(sequence, 0)
        return self._known(sequence, end, names, shown) if names else self._unknown(sequence, shown)

    def _unknown(self, sequence: Tokens, shown: str) -> Payer:
        """Return whom a payer's field names that does not begin with a sponsor's whole name."""
        rest = _after_service(sequence)
        if rest is not None:
            inner = self._payer(rest, shown)
            kind: Kind = "sponsor" if inner.kind == "sponsor" else "service"
            return Payer(kind, inner.sponsors, shown, through=True)
        cut = self._cut(sequence, shown)
        if cut:
            # What is shorter than any field, or ends with a word, may be another's whole name.
            whole = len(shown) not in FIELDS or not self._within_word(sequence)
            kind = "sponsor" if len(cut) == 1 else "several"
            return Payer(kind, cut, shown, cut=True, whole=whole)
        return Payer(
            "bank" if any(w in BANK_WORDS for w, _ in sequence) else "stranger", shown=shown
        )

    def _known(self, sequence: Tokens, end: int, names: set[str], shown: str) -> Payer:
        """Return whom a payer's field names that begins with a sponsor's name."""
        short, after = self._short_form(sequence, end, names)
        if short and after == len(sequence) and len(shown) >= _CUT:
            return _one_of(short, shown)
        form, after = _form_at(sequence, end)
        if _goes_on(sequence[after:], form):
            return Payer("longer", frozenset(names), shown)
        kind, chosen = self._by_form(names, form)
        begun = {n for n in chosen if _is_beginning(form, self._form[n])}
        if kind == "form" and len(shown) in FIELDS and begun:
            return _one_of(begun, shown)
        if kind == "sponsor" and all(self._form[n] != form for n in chosen):
            longer = self._longer(sequence[:end])
            if longer:
                return Payer("several", chosen | longer, shown)
        return Payer(kind, chosen, shown, cut=self._lost_form(chosen, form, len(shown)))

    def _longer(self, sequence: Tokens) -> set[str]:
        """Return the sponsors whose names begin with these words and go on."""
        node = self._root
        for word, _ in sequence:
            node = node.next[word]
        found = set[str]()
        for _, one in sorted(node.next.items()):
            _collect(one, found)
        return found

    def _lost_form(self, names: Iterable[str], form: tuple[str, ...], length: int) -> bool:
        """Tell whether a name without its legal form fills a bank's field to its end."""
        return not form and length in FIELDS and any(self._form[n] for n in names)

    def _short_form(self, sequence: Tokens, at: int, names: set[str]) -> tuple[set[str], int]:
        """Return whose legal form stands here cut off, and where it ends."""
        end = at
        while end < len(sequence) and sequence[end][0] in LEGAL and not sequence[end][1]:
            end += 1
        whole = [w for w, _ in sequence[at:end]]
        last = end < len(sequence) and not sequence[end][1] and sequence[end][0].isalpha()
        if last and _ends(sequence, end + 1):
            whole, end = [*whole, sequence[end][0]], end + 1
        elif whole[-1:] != ["co"] or len(whole) < 2:
            return set(), at
        found = {n for n in names if _is_beginning(whole, self._form[n])}
        return found, end

    def _by_form(self, names: set[str], form: tuple[str, ...]) -> tuple[Kind, frozenset[str]]:
        """Choose between sponsors of the same words by the legal form that is written."""
        same = {n for n in names if self._form[n] == form}
        forms = {self._form[n] for n in names}
        if same and (form or len(forms) == 1):
            return "sponsor", frozenset(same)
        if not form and len(forms) == 1:
            return "sponsor", frozenset(names)
        if form and not same:
            bare = {n for n in names if not self._form[n]}
            if bare and len(forms) == 1:
                return "sponsor", frozenset(bare)
            return "form", frozenset(names)
        return "several", frozenset(names)

    def mentions(self, text: str) -> list[Mention]:
        """Return every sponsor's name in a text, the longest at each place."""
        found: list[Mention] = []
        for sequence in {tokens(fold(text)), tokens(fold(text, plain=True))}:
            found += self._mentions(self._without_own(sequence))
        return list(dict.fromkeys(found))

    def _mentions(self, sequence: Tokens) -> list[Mention]:
        found: list[Mention] = []
        at = 0
        while at < len(sequence):
            end, names = self._walk(sequence, at)
            if not names:
                begun, after = self._cut_inside(sequence, at)
                if begun:
                    one = len(begun) == 1 and (
                        at == 0 or _says_nothing(sequence[at - 1]) or sequence[at][1]
                    )
                    found.append(Mention(begun, one, form=False, words=after - at, cut=True))
                at = after
                continue
            starts = at == 0 or sequence[at][1] or _says_nothing(sequence[at - 1], end - at)
            short, after = self._short_form(sequence, end, names)
            if short:
                one = starts and len(short) == 1
                found.append(Mention(frozenset(short), one, form=False, words=end - at, cut=True))
                at = after
                continue
            form, after = _form_at(sequence, end)
            whole = starts and _ends(sequence, after, 2 if form else end - at)
            kind, chosen = self._by_form(names, form)
            length = len(" ".join(w for w, _ in sequence[at:end]))
            cut = self._lost_form(chosen, form, length)
            found.append(Mention(chosen, whole and kind == "sponsor", bool(form), end - at, cut))
            at = after
        return found

    def _cut_inside(self, sequence: Tokens, at: int) -> tuple[frozenset[str], int]:
        """Return the sponsors whose name stands here cut off within a word, and where it ends."""
        if sequence[at][0] not in self._root.next:
            return frozenset(), at + 1
        for end in range(at + 2, min(at + 6, len(sequence)) + 1):
            if sequence[end - 1][1]:
                break
            name = " ".join(w for w, _ in sequence[at:end])
            if end == len(sequence) or len(name) in FIELDS:
                cut = self._cut(sequence[at:end], name, within=True)
                if cut:
                    return cut, end
        return frozenset(), at + 1

    def companies(self, text: str) -> list[str]:
        """Return the names in a text that have a legal form and are none of the sponsors'."""
        sequence = self._without_own(tokens(fold(text)))
        found: list[str] = []
        start = 0
        for at, (word, hard) in enumerate(sequence):
            if hard or not word.isalpha() or (word in BOILERPLATE and word not in LEGAL):
                start = at if hard and word.isalpha() and word not in BOILERPLATE else at + 1
            elif word in LEGAL and len(word) > 1 and word not in _ALSO_WORDS and at > start:
                run = sequence[start : at + 1]
                if all(w in LEGAL for w, _ in run):  # the rest of a form: ``& Co. KG``
                    start = at + 1
                    continue
                if not any(self._walk(run, i)[1] for i in range(len(run))):
                    found.append(" ".join(w for w, _ in run))
                start = at + 1
        return found

    def unknown(self, text: str) -> list[str]:
        """Return the words of a text that are neither a sponsor's name nor mean nothing."""
        sequence = self._without_own(tokens(fold(text)))
        left: list[str] = []
        at = 0
        while at < len(sequence):
            end, names = self._walk(sequence, at)
            if names:
                short, after = self._short_form(sequence, end, names)
                at = after if short else _form_at(sequence, end)[1]
                continue
            cut, after = self._cut_inside(sequence, at)
            if cut:
                at = after
                continue
            word = sequence[at][0]
            means = word.isalpha() and not _says_nothing(sequence[at]) and word not in LEGAL
            if len(word) > 1 and means:
                left.append(word)
            at += 1
        return left

    def _walk(self, sequence: Tokens, start: int) -> tuple[int, set[str]]:
        """Return the longest name that begins here: its end, and whose it is."""
        node, end, names = self._root, start, set[str]()
        for at in range(start, len(sequence)):
            word, hard = sequence[at]
            if hard and at > start:
                break
            step = node.next.get(word)
            if step is None:
                break
            node = step
            if node.ends:
                end, names = at + 1, node.ends
        return end, names

    def _cut(self, sequence: Tokens, shown: str, *, within: bool = False) -> frozenset[str]:
        """Return the sponsors whose name begins like a field that the bank cut off."""
        if len("".join(w for w, _ in sequence)) < _CUT or any(h for _, h in sequence[1:]):
            return frozenset()
        node = self._root
        for at, (word, _) in enumerate(sequence):
            last = at == len(sequence) - 1
            step = node.next.get(word)
            if last:
                below = [n for w, n in node.next.items() if w.startswith(word) and w != word]
                if step is not None and len(shown) >= _WIDE and not within:
                    below.append(step)
                found = set[str]()
                for one in below:
                    _collect(one, found)
                return frozenset(found)
            if step is None:
                return frozenset()
            node = step
        return frozenset()

    def _within_word(self, sequence: Tokens) -> bool:
        """Tell whether a name that is cut off ends within a word of the sponsor's."""
        node = self._root
        for word, _ in sequence:
            step = node.next.get(word)
            if step is None:
                return True
            node = step
        return False

    def _without_own(self, sequence: Tokens) -> Tokens:
        """Leave our own names out; what stands after them begins something else."""
        words = [w for w, _ in sequence]
        for own in self._own:
            at = 0
            while at + len(own) <= len(words):
                if tuple(words[at : at + len(own)]) == own and not self._within_sponsor(
                    sequence, at
                ):
                    rest = sequence[at + len(own) :]
                    tail = ((rest[0][0], True), *rest[1:]) if rest else ()
                    sequence = (*sequence[:at], *tail)
                    words = [w for w, _ in sequence]
                else:
                    at += 1
        return sequence

    def _within_sponsor(self, sequence: Tokens, at: int) -> bool:
        """Tell whether a longer sponsor's name begins here than our own."""
        end, names = self._walk(sequence, at)
        return bool(names) and any(end - at > len(own) for own in self._own)


_ALSO_WORDS = frozenset("as se co sa pl sas sl ab ev cv og ag lp".split())
"""Legal forms that are words as well, or too short to tell a company."""


def _spellings(name: str, core: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Return how banks print a name: umlauts as two letters, as one, as a mark or not at all."""
    found = {core, split_form(tuple(w for w, _ in tokens(fold(name, plain=True))))[0]}
    if not name.isascii():
        for mark in ("?", "??", ""):
            marked = "".join(c if c.isascii() else mark for c in name.lower())
            found.add(split_form(tuple(w for w, _ in tokens(marked)))[0])
    return {words for words in found if words}


def _form_at(words: Tokens, at: int) -> tuple[tuple[str, ...], int]:
    """Return the legal form that stands here, and where it ends."""
    end = at
    while end < len(words) and words[end][0] in LEGAL:
        end += 1
    return tuple(w for w, _ in words[at:end]), end


def _one_of(names: set[str], shown: str) -> Payer:
    """Return the payer of a name whose end is cut off."""
    return Payer("sponsor" if len(names) == 1 else "several", frozenset(names), shown, cut=True)


def _goes_on(rest: Tokens, form: tuple[str, ...]) -> bool:
    """Tell whether what stands behind a name belongs to it, and is no address."""
    if not rest:
        return False
    number = any(c.isdigit() for c in rest[0][0])
    if not (rest[0][1] or number):
        return True
    return not form and not any(c.isdigit() for w, _ in rest for c in w)


def _is_beginning(written: Sequence[str], form: tuple[str, ...]) -> bool:
    """Tell whether a legal form begins like what is written, and goes on."""
    short, joined = "".join(written), "".join(form)
    spelled = "".join(LONG_FORMS.get(w, w) for w in form)
    return any(f.startswith(short) and f != short for f in (joined, spelled))


def _ends(sequence: Tokens, at: int, words: int = 2) -> bool:
    return at >= len(sequence) or sequence[at][1] or _says_nothing(sequence[at], words)


def _says_nothing(token: tuple[str, bool], words: int = 2) -> bool:
    """Tell whether a word beside a name of so many words does not belong to it."""
    word = token[0]
    if any(c.isdigit() for c in word) or word in BOILERPLATE:
        return True
    return words > 1 and word in PERHAPS_NAMES


def _after_service(words: Tokens) -> Tokens | None:
    """Return what stands after a service's name, or None where it is no service."""
    first = words[0][0]
    second = first + words[1][0] if len(words) > 1 else first
    if second in SERVICES and second != first:
        return words[2:]
    if first in SERVICES:
        return words[1:]
    return None


def _collect(node: _Node, found: set[str]) -> None:
    """Add every name below a place; more than a few are of no use."""
    if len(found) > 3:
        return
    found |= node.ends
    for _, step in sorted(node.next.items()):
        _collect(step, found)


def same_sponsor(names: Iterable[str]) -> dict[str, str]:
    """Return one spelling for each sponsor, by every spelling: ``ACME INC`` and ``Acme, Inc.``."""
    first: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    found: dict[str, str] = {}
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[split_form(tuple(w for w, _ in tokens(fold(name))))].append(name)
    for key, some in groups.items():
        first.setdefault(key, some[0])
        for name in some:
            found[name] = first[key]
    return found
