"""What a credit may pay, or which typed entry it is: by number, by check, by the sponsor's name.

Each rule returns candidates with what speaks for and against them; a candidate with nothing against
it applies by itself (:mod:`po_toolkit.domain.bank_matching.resolve`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import TypeVar

from po_toolkit.domain.bank_matching.facts import (
    HandEntry,
    Line,
    OpenOrder,
    Part,
    Remaining,
    tolerance,
)
from po_toolkit.domain.bank_matching.names import FIELDS
from po_toolkit.domain.bank_matching.numbers import Hit, key, number_words
from po_toolkit.domain.bank_matching.reading import Reader, Reading
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.domain.bank_matching.vocabulary import other_currency
from po_toolkit.domain.same_money import SAME_MONEY
from po_toolkit.domain.wording import written_day
from po_toolkit.money import display

APART = timedelta(days=30)
"""How far from the bank's day a person may have dated an entry."""
_MOST_TOGETHER = 8
"""More open purchase orders of one sponsor, or checks of one deposit, are not combined."""
_MOST_SHOWN = 6
_TELLING = 6
"""A check's number of fewer digits may stand in a line by chance."""
CUT_TEXTS = (34, 35)
"""How long a text is that a bank cut off, a space at its end left off."""
_DEPOSIT = frozenset(
    "DEPOSIT CHECK CHECKS CHEQUE CHEQUES REMOTE LOCKBOX EINREICHUNG SCHECK".split()
)

Found = dict[Line, list[Candidate]]
T = TypeVar("T")


class Rules:
    """The rules about purchase orders and typed entries."""

    def __init__(self, reader: Reader, remaining: Remaining) -> None:
        """Look at what the reader knows and at what no line has taken yet."""
        self.reader = reader
        self.remaining = remaining

    # By number

    def by_number(self, lines: list[Line]) -> Found:
        """Find what a line names whose amount agrees to the cent: typed entries first."""
        return _each(lines, lambda line: self._exactly(self.reader.read(line)))

    def _exactly(self, reading: Reading) -> list[Candidate]:
        line, hits = reading.line, self._hits(reading)
        ids = sorted({o for h in hits for o in h.orders})
        entries = [e for o in ids for e in self._entries(o)]
        linked = [
            self._link(reading, (e,), self._rule(e.order_id, hits), hits)
            for e in entries
            if e.amount == line.amount
        ]
        if linked or line.amount < 0:
            return linked
        each = len(entries) == len({e.order_id for e in entries}) == len(ids) > 1
        if each and sum(e.amount for e in entries) == line.amount:
            return [self._link(reading, tuple(entries), "references", hits)]
        if len(hits) > 1 and all(len(h.orders) == 1 for h in hits):
            shares = {o: self.remaining.balance[o] for o in ids}
            if len(ids) > 1 and min(shares.values()) > 0 and sum(shares.values()) == line.amount:
                return [self._pay(reading, shares, "references", hits)]
        fitting = [o for o in ids if self.remaining.balance[o] == line.amount]
        made = [self._pay(reading, {o: line.amount}, self._rule(o, hits), hits) for o in fitting]
        twins = {e.id: e for o in fitting for e in self._typed(line, [o], [line.amount])}
        made += [self._link(reading, (e,), "typed", ()) for _, e in sorted(twins.items())]
        return made

    def _hits(self, reading: Reading) -> list[Hit]:
        """Keep what is in the line's currency, and of a shared number the sponsor who is named.

        Short numbers count only where nothing better is named.
        """
        named = reading.may_name()
        kept: list[Hit] = []
        for hit in reading.numbers.hits:
            same = frozenset(
                o for o in hit.orders if self._order(o).currency == reading.line.currency
            )
            mine = frozenset(o for o in same if self.reader.name_of(o) in named)
            if same:
                kept.append(replace(hit, orders=mine or same))
        better = [h for h in kept if h.strength != "short"]
        return better or kept

    def _rule(self, order_id: int, hits: Sequence[Hit]) -> str:
        strengths = {h.strength for h in hits if order_id in h.orders}
        if "own" in strengths:
            return "reference"
        return "invoice_number" if "invoice" in strengths else "po_number"

    def by_number_roughly(self, lines: list[Line]) -> Found:
        """Find what a line names although the amount is less or more than what is open."""
        return _each(lines, lambda line: self._roughly(self.reader.read(line)))

    def _roughly(self, reading: Reading) -> list[Candidate]:
        line, hits = reading.line, self._hits(reading)
        ids = sorted({o for h in hits for o in h.orders})
        if line.amount < 0 or not ids:
            return []
        if len(ids) > 1:
            return self._several_less_charges(reading, ids, hits)
        return self._one_roughly(reading, ids[0], hits)

    def _one_roughly(self, reading: Reading, order_id: int, hits: Sequence[Hit]) -> list[Candidate]:
        line = reading.line
        if hits[0].strength == "short" and not reading.names(self.reader.name_of(order_id)):
            return []
        balance, rule = self.remaining.balance[order_id], self._rule(order_id, hits)
        entries = self._entries(order_id)
        less = [e for e in entries if 0 < e.amount - line.amount <= _kept(e.amount, line)]
        if less:
            return [self._link(reading, (e,), "less_charges", hits) for e in less]
        short = balance - line.amount
        against = self._not_all(reading, order_id, hits)
        if entries:
            against.append(f"entry {entries[0].id} on it has no bank line yet")
        shares = {order_id: line.amount}
        if 0 < short <= _kept(balance, line):
            why = f"{display(short, line.currency)} short, as when banks deduct charges"
            return [self._pay(reading, shares, "less_charges", hits, why=why, against=against)]
        opened = f"{display(balance, line.currency)} is open"
        if 0 < line.amount < balance:
            return [
                self._pay(reading, shares, f"{rule}_in_part", hits, why=opened, against=against)
            ]
        reference = self._order(order_id).reference
        much = f"it is more than is outstanding on {reference}"
        against.append(f"{reference} is paid already" if balance <= 0 else much)
        return [self._pay(reading, shares, f"{rule}_too_much", hits, why=opened, against=against)]

    def _not_all(self, reading: Reading, order_id: int, hits: Sequence[Hit]) -> list[str]:
        """Say why a part of what is open may be for something else."""
        name, objections = self.reader.name_of(order_id), list[str]()
        strength = {h.strength for h in hits}
        if not reading.names(name):
            objections.append(
                f"the amount is not what is outstanding, and {name} is not certainly the payer"
            )
        elif strength == {"short"}:
            objections.append(
                "the amount is not what is outstanding, and so short a number may mean anything"
            )
        if reading.purpose:
            objections.append(f"{reading.purpose.upper()!r} suggests other money")
        objections += [
            f"the amount equals what is outstanding on {o.reference}"
            for o in self.reader.by_sponsor[name]
            if o.id != order_id and self.remaining.balance[o.id] == reading.line.amount
        ]
        return objections

    def _several_less_charges(
        self, reading: Reading, ids: list[int], hits: Sequence[Hit]
    ) -> list[Candidate]:
        """Find several purchase orders that are named and of which a bank kept a little."""
        line = reading.line
        shares = {o: self.remaining.balance[o] for o in ids}
        total = sum(shares.values())
        if any(len(h.orders) > 1 for h in hits) or min(shares.values()) <= 0:
            return []
        if not 0 < total - line.amount <= _kept(total, line):
            return []
        short = total - line.amount
        most = max(ids, key=lambda o: (shares[o], o))
        shares[most] -= short
        why = f"together {display(total, line.currency)} is open"
        less = f"{display(short, line.currency)} is missing, as when banks deduct charges"
        return [self._pay(reading, shares, "references", hits, why=why, against=[less])]

    # By a check's number, or several checks

    def by_entry_reference(self, lines: list[Line]) -> Found:
        """Find lines that hold the check number or wire reference of an entry of the amount."""
        amounts: dict[tuple[str, int], list[HandEntry]] = defaultdict(list)
        for entry in self.remaining.entries.values():
            if any(c.isdigit() for c in entry.reference):
                amounts[entry.currency, entry.amount].append(entry)
        return _each(
            lines,
            lambda line: [
                self._held(self.reader.read(line), entry)
                for entry in sorted(
                    amounts.get((line.currency, line.amount), ()), key=lambda e: e.id
                )
                if abs(line.booked_on - entry.date) <= APART and _holds(line, entry)
            ],
        )

    def _held(self, reading: Reading, entry: HandEntry) -> Candidate:
        hits = [h for h in self._hits(reading) if entry.order_id in h.orders]
        chance = [] if hits else self._chance(reading, entry)
        return self._link(reading, (entry,), "entry_reference", hits, against=chance)

    def _chance(self, reading: Reading, entry: HandEntry) -> list[str]:
        """Say why a short reference may stand in a line by chance: a year, a ZIP, an account."""
        digits = "".join(c for c in entry.reference if c.isdigit())
        day = len(digits) == 8 and digits[:2] in ("19", "20")
        short = day or len(digits) < _TELLING
        checks = _DEPOSIT & set(number_words(reading.line.text)) and not day
        if not short or checks or reading.names(self.reader.name_of(entry.order_id)):
            return []
        return [f"{entry.reference!r} is short, and may be there as something else"]

    def deposits(self, lines: list[Line]) -> Found:
        """Find a deposit of several typed checks."""
        checks = sorted(
            (e for e in self.remaining.entries.values() if _is_check(e)), key=lambda e: e.id
        )
        return _each(lines, lambda line: self._deposit(line, checks))

    def _deposit(self, line: Line, checks: list[HandEntry]) -> list[Candidate]:
        if line.amount <= 0 or not _DEPOSIT & set(number_words(line.text)):
            return []
        near = [
            e
            for e in checks
            if e.currency == line.currency
            and e.amount < line.amount
            and -timedelta(days=3) <= line.booked_on - e.date <= APART
        ]
        named = [e for e in near if _holds(line, e)]
        if len(named) > 1 and sum(e.amount for e in named) == line.amount:
            return [self._link(self.reader.read(line), tuple(named), "deposit", ())]
        near.sort(key=lambda e: (abs(line.booked_on - e.date), e.id))
        some = _sums(near[: _MOST_TOGETHER + 4], [e.amount for e in near], line.amount)
        less = ["only the sum agrees, and the line does not name the checks"]
        return [
            self._link(self.reader.read(line), tuple(chosen), "deposit", (), against=less)
            for chosen in some
        ]

    # By the sponsor's name

    def by_name(self, lines: list[Line]) -> Found:
        """Find entries and purchase orders of a sponsor that a line names, of the same amount."""
        return _each(lines, self._of_amount)

    def _of_amount(self, line: Line) -> list[Candidate]:
        reading, made = self.reader.read(line), list[Candidate]()
        for order in self._named(reading):
            for entry in self._entries(order.id):
                days = abs(line.booked_on - entry.date)
                if entry.amount == line.amount and days <= APART:
                    far = f"entry {entry.id} is dated {days.days} days from the line"
                    against = [far] if days > SAME_MONEY else []
                    made.append(
                        self._link(reading, (entry,), "amount_and_name", (), against=against)
                    )
            if line.amount > 0 and self.remaining.balance[order.id] == line.amount:
                against = self._twins(reading, order)
                made.append(
                    self._pay(reading, {order.id: line.amount}, "amount_and_name", (),
                              against=against)
                )  # fmt: skip
        return made

    def _named(self, reading: Reading) -> list[OpenOrder]:
        return [
            order
            for name in sorted(reading.may_name())
            for order in self.reader.by_sponsor.get(name, ())
            if order.currency == reading.line.currency
        ]

    def _twins(self, reading: Reading, order: OpenOrder) -> list[str]:
        """Say which other purchase order of the sponsor was of the same amount."""
        return [
            f"{other.reference} was of the same amount and is paid"
            for other in self.reader.by_sponsor[self.reader.name_of(order.id)]
            if other.id != order.id
            and other.total == reading.line.amount
            and other.currency == order.currency
            and self.remaining.balance[other.id] <= 0
        ]

    def less_charges(self, lines: list[Line]) -> Found:
        """Find a sponsor's purchase order of which a bank has kept a little."""
        return _each(lines, self._less_charges)

    def _less_charges(self, line: Line) -> list[Candidate]:
        reading = self.reader.read(line)
        made: list[Candidate] = []
        for order in self._named(reading):
            owed = self.remaining.balance[order.id]
            short = owed - line.amount
            if line.amount > 0 and 0 < short <= _kept(owed, line):
                why = f"{display(owed, line.currency)} is outstanding on {order.reference}"
                less = f"{display(short, line.currency)} is missing, as when banks deduct charges"
                shares = {order.id: line.amount}
                made.append(self._pay(reading, shares, "less_charges", (), why=why, against=[less]))
        return made

    def together(self, lines: list[Line]) -> Found:
        """Find several purchase orders of one sponsor that a credit pays at once."""
        return _each(lines, self._together)

    def _together(self, line: Line) -> list[Candidate]:
        reading = self.reader.read(line)
        made: list[Candidate] = []
        for name in sorted(reading.may_name()):
            due = [
                o
                for o in self.reader.by_sponsor.get(name, ())
                if o.currency == line.currency and self.remaining.balance[o.id] > 0
            ]
            balances = [self.remaining.balance[o.id] for o in due]
            if line.amount > 0 and 2 <= len(due) <= _MOST_TOGETHER:
                for some in _sums(due, balances, line.amount):
                    shares = {o.id: self.remaining.balance[o.id] for o in some}
                    less = [] if len(some) == len(due) else ["the sponsor owes for others too"]
                    less += self._twins(reading, some[0])
                    made.append(self._pay(reading, shares, "several_orders", (), against=less))
        return made

    def in_instalments(self, lines: list[Line]) -> Found:
        """Find credits that together pay the one open purchase order of the sponsor they name."""
        by_order: dict[int, list[Line]] = defaultdict(list)
        for line in lines:
            due = [
                o
                for o in self._named(self.reader.read(line))
                if 0 < line.amount < self.remaining.balance[o.id]
            ]
            if len(due) == 1:
                by_order[due[0].id].append(line)
        found: Found = {}
        for order_id, some in by_order.items():
            total = self.remaining.balance[order_id]
            if len(some) < 2 or sum(x.amount for x in some) != total:
                continue
            for line in some:
                why = f"one of {len(some)} credits that come to {display(total, line.currency)}"
                less = ["only together with the others does it equal what is outstanding"]
                found[line] = [
                    self._pay(self.reader.read(line), {order_id: line.amount}, "instalment", (),
                              why=why, against=less)
                ]  # fmt: skip
        return found

    # What speaks for and against

    def _link(
        self,
        reading: Reading,
        entries: tuple[HandEntry, ...],
        rule: str,
        hits: Sequence[Hit],
        *,
        against: Iterable[str] = (),
    ) -> Candidate:
        """Return the candidate that a line is these typed entries."""
        line = reading.line
        parts, left = [], abs(line.amount)
        for entry in entries:
            reference = self._order(entry.order_id).reference
            amount = min(abs(entry.amount), left)
            left -= amount
            name = f"the entry of {written_day(entry.date)} on {reference}"
            charges = abs(entry.amount) - amount
            parts.append(Part("entry", entry.id, amount, name, charges, reference))
        ids = [e.order_id for e in entries]
        reasons = self._reasons(reading, ids, hits)
        if rule in ("entry_reference", "deposit"):
            held = [e.reference for e in entries if e.reference and _holds(line, e)]
            reasons += [f"it holds {reference!r}" for reference in held]
        kept = sum(p.charges for p in parts)
        less = f", {display(kept, line.currency)} deducted by banks" if kept else ""
        reasons.append(f"{' and '.join(p.name for p in parts)} has this amount{less}")
        by_number = rule != "amount_and_name"
        objections = [*against, *self._against(reading, ids, hits, by_number=by_number)]
        if line.amount < 0:  # money sent back: that it goes back speaks for it
            objections = [a for a in objections if a not in reading.goes_back()]
            objections += [
                a for a in reading.goes_back() if line.duplicate_of is not None and "once" in a
            ]
        return Candidate(tuple(parts), rule, tuple(reasons), tuple(dict.fromkeys(objections)))

    def _pay(
        self,
        reading: Reading,
        shares: dict[int, int],
        rule: str,
        hits: Sequence[Hit],
        *,
        why: str = "",
        against: Iterable[str] = (),
    ) -> Candidate:
        """Return the candidate that a line pays these purchase orders."""
        line = reading.line
        orders = [self._order(o) for o in shares]
        parts = tuple(
            Part("order", o.id, shares[o.id], o.reference, 0, o.reference) for o in orders
        )
        reasons = self._reasons(reading, shares, hits)
        listed = " and ".join(o.reference for o in orders)
        reasons.append(why or f"{line.words} equals what is outstanding on {listed}")
        objections = [*against, *self._against(reading, list(shares), hits, by_number=bool(hits))]
        objections += [f"{o.reference} is cancelled" for o in orders if o.cancelled]
        objections += [
            f"entry {e.id} of {written_day(e.date)} has the same amount: it may be this money"
            for e in self._typed(line, shares, (line.amount, *shares.values()))
        ]
        return Candidate(parts, rule, tuple(reasons), tuple(dict.fromkeys(objections)))

    def _reasons(self, reading: Reading, ids: Iterable[int], hits: Sequence[Hit]) -> list[str]:
        objections: list[str] = []
        for order_id in dict.fromkeys(ids):
            order, name = self._order(order_id), self.reader.name_of(order_id)
            shown = [h.shown.strip() for h in hits if order_id in h.orders]
            if shown:
                what = (
                    f"{order.reference} ({order.po_number})" if order.po_number else order.reference
                )
                objections.append(f"the text names {what}")
            if reading.learned == name:
                objections.append(f"this account paid for {name} before")
            elif reading.is_payer(name):
                objections.append(f"the payer is {name}")
            elif name in reading.may_name():
                objections.append(f"the line names {name}")
        return list(dict.fromkeys(objections))

    def _against(
        self, reading: Reading, ids: Sequence[int], hits: Sequence[Hit], *, by_number: bool
    ) -> list[str]:
        """Return everything in the line that speaks against these purchase orders."""
        names = {self.reader.name_of(o) for o in ids}
        line = reading.line
        objections = reading.goes_back()
        if line.elsewhere:
            objections.append(f"{line.elsewhere} has matched the same bank line")
        if code := other_currency(line.text, line.amount, line.currency):
            objections.append(f"the text names the amount in {code.upper()}")
        for name in sorted(names):
            objections += reading.not_payer(name, by_number=by_number)
        if (
            len(names) > 1
            and len({n for n in names if reading.is_payer(n)}) == 0
            and reading.payers
        ):
            objections.append("one payer pays for several sponsors")
        objections += reading.others(names, by_number=by_number)
        objections += self._other_numbers(reading, set(ids), by_number=by_number)
        for order_id in ids:
            objections += self._doubts(reading, order_id, hits) if hits else []
        if not any(h.strength in ("own", "invoice") for h in hits):
            objections += self._another_conference(reading, ids, by_number=by_number)
        if not by_number:
            for name in sorted(names):
                objections += self._only_by_name(reading, name)
        return objections

    def _another_conference(
        self, reading: Reading, ids: Sequence[int], *, by_number: bool
    ) -> list[str]:
        """Say why a line may be for another conference or another year's."""
        year = by_number and reading.event.isdigit()  # the sponsor's number may be of that year
        objections = (
            [f"{reading.event.upper()!r} may be another conference or year"]
            if reading.event and not year
            else []
        )
        for order_id in ids:
            objections += self._elsewhere(reading.line, order_id, by_number=by_number)
        return objections

    def _elsewhere(self, line: Line, order_id: int, *, by_number: bool) -> list[str]:
        """Say which other conference's purchase order of the sponsor the line may pay as well."""
        mine = self._order(order_id)
        return [
            f"{other.reference} of {other.conference} may be meant as well"
            for other in self.reader.elsewhere.get(self.reader.name_of(order_id), ())
            if other.currency == line.currency
            and (
                number_words(other.po_number) == number_words(mine.po_number)
                if by_number
                else other.balance == line.amount
            )
        ]

    def _other_numbers(self, reading: Reading, ids: set[int], *, by_number: bool) -> list[str]:
        objections: list[str] = []
        for hit in reading.numbers.hits:
            if hit.orders & ids:
                continue
            sure = hit.strength != "short" and not hit.doubts and not hit.wrong
            here = [self._order(o) for o in sorted(hit.orders)][:_MOST_SHOWN]
            foreign = [o for o in here if o.currency != reading.line.currency]
            if foreign and (sure or not by_number):
                objections.append(
                    f"it names {foreign[0].reference}, which is in {foreign[0].currency.upper()}"
                )
            elif sure or not by_number:
                objections.append(f"{hit.shown.strip()} is a number of {here[0].reference}")
        unknown = [*reading.numbers.unknown_orders, *reading.numbers.unknown]
        if not by_number:
            objections += [
                f"it names {number}, which is not a number of this sponsor's"
                for number in unknown
                if not any(self._is_number_of(number, o) for o in ids)
            ]
        return objections

    def _is_number_of(self, number: str, order_id: int) -> bool:
        """Tell whether a number is a purchase order's own one, too short to be found alone."""
        theirs = key("".join(number_words(self._order(order_id).po_number))).partition("|")[2]
        letters, _, digits = key(number).partition("|")
        return digits == theirs != "" and letters in ("", "P", "INV", "RE", "RG")

    def _doubts(self, reading: Reading, order_id: int, hits: Sequence[Hit]) -> list[str]:
        """Return why the numbers that name a purchase order may mean something else."""
        mine = [h for h in hits if order_id in h.orders]
        name = self.reader.name_of(order_id)
        begun = any(p.whole and name in p.sponsors for p in reading.payers)
        known = not begun and (reading.names(name) or reading.may_be_payer(name))
        if any(h.strength in ("own", "invoice") and not h.doubts for h in mine):
            return []
        objections = [w for h in mine for w in h.wrong]
        last = number_words(reading.line.text)[-1:]
        full = len(reading.line.text) in CUT_TEXTS or (
            len(reading.line.text) in FIELDS and any(self.reader.goes_on(h.shown) for h in mine)
        )
        if full and any(h.shown.endswith(last) for h in mine):
            objections.append(f"{last[0]} stands where the text is cut off, and may go on")
        banks = [p.shown for p in reading.payers if p.kind == "bank"]
        if not known and banks:
            objections.append(f"the payer is {banks[0]!r}, a bank, and {name} is not named")
        if not known and reading.service and not reading.payers:
            objections.append(
                f"{reading.service.upper()!r} pays for others, and {name} is not named"
            )
        objections += [
            d for h in mine for d in h.doubts if not known or h.strength in ("own", "invoice")
        ]
        if len({o for h in mine for o in h.orders}) > 1 and not known:
            objections.append("several purchase orders have this number")
        if not known and all(h.strength == "short" for h in mine):
            objections.append(
                f"the number is short, and the line may name another than {name}"
                if name in reading.may_name()
                else f"the number is short, and {name} is not named"
            )
        if not known and reading.unknown and not reading.payers:
            objections.append(f"no known payer is called {' '.join(reading.unknown[:4])!r}")
        if reading.numbers.unknown_orders:
            objections.append(f"it names {reading.numbers.unknown_orders[0]} too, which is unknown")
        return objections

    def _only_by_name(self, reading: Reading, name: str) -> list[str]:
        """Return what speaks against a match that only a sponsor's name and the amount carry."""
        objections: list[str] = []
        if reading.purpose:
            objections.append(f"{reading.purpose.upper()!r} suggests other money")
        if len(reading.line.text) in CUT_TEXTS:
            objections.append("the text fills its field and may be cut off")
        if self.reader.names.is_service(name) and reading.learned != name:
            objections.append(f"{name} pays and sends for others as well")
        if any(p.through for p in reading.payers):
            objections.append("a service paid for the sponsor")
        if reading.learned == name:
            objections += self._pays_for_others(reading, name)
        objections += [
            f"{p.shown!r} is only the beginning of the name {name}, and may be another's"
            for p in reading.payers
            if p.whole and reading.learned != name
        ]
        objections += [
            f"a letter of {p.shown!r} is lost, and it may be another's name"
            for p in reading.payers
            if "?" in p.shown and reading.learned != name
        ]
        if not reading.is_payer(name):
            objections += self._only_in_text(reading, name)
        return objections

    def _pays_for_others(self, reading: Reading, name: str) -> list[str]:
        """Say whom else an agent may pay for whose account paid for a sponsor before."""
        agents = [p.shown for p in reading.payers if name not in p.sponsors]
        amount = reading.line.amount
        others = sorted(
            self.reader.name_of(o.id)
            for o in self.reader.orders.values()
            if self.remaining.balance[o.id] == amount and self.reader.name_of(o.id) != name
        )
        if not agents or not others or reading.names_in_text(name):
            return []
        return [f"{agents[0]!r} is not {name}, and {others[0]} owes the same amount"]

    def _only_in_text(self, reading: Reading, name: str) -> list[str]:
        """Return what speaks against a sponsor whose name is in the free text only."""
        objections: list[str] = []
        if any(m.cut and name in m.sponsors for m in reading.mentions):
            objections.append(f"the legal form may be cut off, and it may not be that of {name}")
        if not reading.names(name):
            objections.append(f"the line may name {name} and may not")
        elif self.reader.names.one_word(name) and not any(
            m.form and m.sponsors == {name} for m in reading.mentions
        ):
            objections.append(f"{name} is one word, which may mean something else")
        if reading.unknown:
            objections.append(f"no known payer is called {' '.join(reading.unknown[:4])!r}")
        return objections

    def _typed(self, line: Line, ids: Iterable[int], amounts: Iterable[int]) -> list[HandEntry]:
        """Return the typed entries of a sponsor of the same amount within seven days."""
        wanted = set(amounts)
        return [
            e
            for name in sorted({self.reader.name_of(o) for o in ids})
            for o in self.reader.by_sponsor[name]
            for e in self._entries(o.id)
            if e.currency == line.currency
            and e.amount in wanted
            and abs(e.date - line.booked_on) <= SAME_MONEY
        ]

    def _order(self, order_id: int) -> OpenOrder:
        return self.reader.orders[order_id]

    def _entries(self, order_id: int) -> list[HandEntry]:
        """Return the typed entries of a purchase order that no line has taken."""
        return [e for e in self.reader.entries.get(order_id, ()) if e.id in self.remaining.entries]


def _each(lines: list[Line], rule: Callable[[Line], list[Candidate]]) -> Found:
    return {line: made for line in lines if (made := rule(line))}


def _kept(amount: int, line: Line) -> int:
    return tolerance(amount, line.currency)


def _is_check(entry: HandEntry) -> bool:
    entry_words = set(number_words(f"{entry.reference} {entry.method}"))
    return entry.amount > 0 and bool(entry_words & {"CHECK", "CHEQUE", "CHK", "CHQ"})


def _holds(line: Line, entry: HandEntry) -> bool:
    """Tell whether a line holds the reference of an entry as a whole."""
    wanted = [w for w in number_words(entry.reference) if any(c.isdigit() for c in w)]
    joined = "".join(wanted)
    if len(joined) < 3:
        return False
    line_words = number_words(line.text)
    if len(wanted) == 1:
        return key(wanted[0]) in {key(w) for w in line_words}
    return " ".join(wanted) in " ".join(line_words)


def _sums(things: Sequence[T], amounts: Sequence[int], wanted: int) -> list[list[T]]:
    """Return the choices of two or more things whose amounts come to a sum; a few at most."""
    found: list[list[T]] = []
    for size in range(2, min(len(things), _MOST_TOGETHER) + 1):
        for chosen in combinations(range(len(things)), size):
            if sum(amounts[i] for i in chosen) == wanted:
                found.append([things[i] for i in chosen])
                if len(found) >= _MOST_SHOWN:
                    return found
    return found
