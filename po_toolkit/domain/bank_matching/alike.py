"""Credits that name no purchase order: by amount and sponsor's name, or by a check's number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

from po_toolkit.domain.bank_matching.facts import (
    HandEntry,
    Line,
    OpenOrder,
    Part,
    Remaining,
    tolerance,
)
from po_toolkit.domain.bank_matching.named import Index
from po_toolkit.domain.bank_matching.names import Names
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.domain.bank_matching.text import key, words
from po_toolkit.money import display

APART = timedelta(days=30)
"""How far from the bank's day a person may have dated an entry."""
_MOST_TOGETHER = 8
"""More open purchase orders of one sponsor than this are not combined."""

Sponsors = dict[str, list[OpenOrder]]


@dataclass(frozen=True, slots=True)
class ByName:
    """Lines that name sponsors, and what these sponsors owe.

    Attributes:
        lines: Those that name one.
        said: The names in each line.
    """

    lines: list[Line]
    said: dict[Line, set[str]]
    sponsors: Sponsors
    index: Index
    remaining: Remaining
    names: Names


def by_entry_reference(
    lines: list[Line], entries: Sequence[HandEntry], index: Index
) -> dict[Line, list[Candidate]]:
    """Find lines that hold the check number or wire reference of an entry of the same amount."""
    amounts: dict[tuple[str, int], list[HandEntry]] = defaultdict(list)
    for entry in entries:
        if any(c.isdigit() for c in entry.reference):
            amounts[entry.currency, entry.amount].append(entry)
    found: dict[Line, list[Candidate]] = {}
    for line in lines:
        near = amounts.get((line.currency, line.amount), ())
        said = {key(w) for w in words(line.text)} if near else set()
        made = [
            _link(line, entry, index, "entry_reference", f"holds {entry.reference!r}")
            for entry in near
            if abs(line.booked_on - entry.date) <= APART and _holds(said, line, entry)
        ]
        if made:
            found[line] = made
    return found


def _holds(said: set[str], line: Line, entry: HandEntry) -> bool:
    wanted = words(entry.reference)
    if len("".join(wanted)) < 3:
        return False
    if len(wanted) == 1:
        return key(wanted[0]) in said
    return " ".join(wanted) in " ".join(words(line.text))


def by_name(seen: ByName) -> dict[Line, list[Candidate]]:
    """Find entries and purchase orders of the sponsor that a line names, of the same amount."""
    found: dict[Line, list[Candidate]] = {}
    for line in seen.lines:
        orders = [
            o for n in sorted(seen.said[line]) for o in seen.sponsors.get(n, ()) if _fits(o, line)
        ]
        made = [
            _link(
                line,
                e,
                seen.index,
                "amount_and_name",
                f"names {seen.index.orders[e.order_id].organization_name}",
            )
            for o in orders
            for e in seen.index.entries.get(o.id, ())
            if e.id in seen.remaining.entries
            and e.amount == line.amount
            and abs(line.booked_on - e.date) <= APART
        ]
        made += [
            _pay(seen, line, (o,), "amount_and_name")
            for o in orders
            if line.amount > 0 and seen.remaining.balance[o.id] == line.amount
        ]
        if made:
            found[line] = made
    return found


def less_charges(seen: ByName) -> dict[Line, list[Candidate]]:
    """Find a sponsor's purchase order of which a bank has kept a little."""
    found: dict[Line, list[Candidate]] = {}
    for line in seen.lines:
        made = [
            _pay(seen, line, (o,), "less_charges")
            for n in sorted(seen.said[line])
            for o in seen.sponsors.get(n, ())
            if _fits(o, line)
            and 0
            < seen.remaining.balance[o.id] - line.amount
            <= tolerance(seen.remaining.balance[o.id], line.currency)
        ]
        if made:
            found[line] = made
    return found


def together(seen: ByName) -> dict[Line, list[Candidate]]:
    """Find several purchase orders of one sponsor that a credit pays at once."""
    found: dict[Line, list[Candidate]] = {}
    for line in seen.lines:
        made: list[Candidate] = []
        for name in sorted(seen.said[line]):
            due = [
                o
                for o in seen.sponsors.get(name, ())
                if _fits(o, line) and seen.remaining.balance[o.id] > 0
            ]
            if 2 <= len(due) <= _MOST_TOGETHER:
                made += [
                    _pay(seen, line, some, "several_orders")
                    for size in range(2, len(due) + 1)
                    for some in combinations(due, size)
                    if sum(seen.remaining.balance[o.id] for o in some) == line.amount
                ]
        if made:
            found[line] = made
    return found


def in_instalments(seen: ByName) -> dict[Line, list[Candidate]]:
    """Find credits that together pay the one open purchase order of the sponsor they name."""
    by_order: dict[int, list[Line]] = defaultdict(list)
    for line in seen.lines:
        due = [
            o
            for n in seen.said[line]
            for o in seen.sponsors.get(n, ())
            if _fits(o, line) and seen.remaining.balance[o.id] > 0
        ]
        if len(due) == 1 and 0 < line.amount < seen.remaining.balance[due[0].id]:
            by_order[due[0].id].append(line)
    found: dict[Line, list[Candidate]] = {}
    orders = {o.id: o for group in seen.sponsors.values() for o in group}
    for order_id, some in by_order.items():
        if len(some) < 2 or sum(x.amount for x in some) != seen.remaining.balance[order_id]:
            continue
        order = orders[order_id]
        total = display(seen.remaining.balance[order_id], order.currency)
        for line in some:
            part = Part("order", order_id, line.amount, order.reference, 0, order.reference)
            evidence = (
                f"one of {len(some)} credits that name {order.organization_name} and come to "
                f"{total}, what is open on {order.reference}"
            )
            sure = seen.names.surely(line, order.organization_name)
            found[line] = [Candidate((part,), "instalment", evidence, sure)]
    return found


def _fits(order: OpenOrder, line: Line) -> bool:
    return order.currency == line.currency and not order.cancelled


def _link(line: Line, entry: HandEntry, index: Index, rule: str, said: str) -> Candidate:
    reference = index.orders[entry.order_id].reference
    name = f"the entry of {entry.date} on {reference}"
    part = Part("entry", entry.id, abs(line.amount), name, 0, reference)
    evidence = f"the text {said}; {name} has this amount"
    return Candidate((part,), rule, evidence)


def _pay(seen: ByName, line: Line, orders: Sequence[OpenOrder], rule: str) -> Candidate:
    shares = {o.id: min(seen.remaining.balance[o.id], line.amount) for o in orders}
    parts = tuple(Part("order", o.id, shares[o.id], o.reference, 0, o.reference) for o in orders)
    short = sum(seen.remaining.balance[o.id] for o in orders) - line.amount
    less = f", less {display(short, line.currency)} as when banks keep charges" if short else ""
    references = " and ".join(o.reference for o in orders)
    evidence = (
        f"the line names {orders[0].organization_name}; {line.words} is what is open on "
        f"{references}{less}"
    )
    return Candidate(parts, rule, evidence, seen.names.surely(line, orders[0].organization_name))
