"""Credits whose text names purchase orders, by our reference or by the sponsor's own number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from po_toolkit.domain.bank_matching.facts import (
    HandEntry,
    Line,
    OpenOrder,
    Part,
    Remaining,
    tolerance,
)
from po_toolkit.domain.bank_matching.names import Names
from po_toolkit.domain.bank_matching.resolve import Candidate
from po_toolkit.domain.bank_matching.text import Hit
from po_toolkit.money import display


@dataclass(frozen=True, slots=True)
class Named:
    """The purchase orders that a line names, each place narrowed by the sponsor's name."""

    line: Line
    hits: tuple[Hit, ...]
    by_name: frozenset[int]
    """Those of them whose sponsor the line names too."""


@dataclass(frozen=True, slots=True)
class Index:
    """The purchase orders, and the hand-made entries that are left on each."""

    orders: dict[int, OpenOrder]
    entries: dict[int, list[HandEntry]]


def read(line: Line, hits: list[Hit], orders: dict[int, OpenOrder], names: Names) -> Named:
    """Keep the hits in the line's currency; short numbers only where nothing better is named."""
    said = names.named(line) if hits else set()
    kept: list[Hit] = []
    for hit in hits:
        same = frozenset(o for o in hit.orders if orders[o].currency == line.currency)
        mine = frozenset(o for o in same if orders[o].organization_name in said)
        if same:
            kept.append(Hit(mine or same, hit.strength))
    better = [h for h in kept if h.strength != "short"]
    chosen = tuple(better or kept)
    named = {o for h in chosen for o in h.orders}
    return Named(line, chosen, frozenset(o for o in named if orders[o].organization_name in said))


def exactly(named: Named, index: Index, remaining: Remaining) -> list[Candidate]:
    """Return the candidates whose amounts agree to the cent: entries first, then what is open."""
    line, ids = named.line, sorted({o for h in named.hits for o in h.orders})
    rule, sure = _rule(named)
    entries = [e for o in ids for e in index.entries.get(o, ()) if e.id in remaining.entries]
    linked = [_link(line, (e,), index, rule, sure=sure) for e in entries if e.amount == line.amount]
    if linked:
        return linked
    each_has_one = len(entries) == len({e.order_id for e in entries}) == len(ids) > 1
    if each_has_one and sum(e.amount for e in entries) == line.amount:
        return [_link(line, tuple(entries), index, rule, sure=True)]
    if line.amount < 0:
        return []
    fitting = [o for o in ids if remaining.balance[o] == line.amount]
    if fitting:
        # Of several that one place names, the amount chooses; two places may both be meant.
        alone = len(named.hits) == 1
        return [_pay(line, {o: line.amount}, index, rule, sure=sure and alone) for o in fitting]
    if len(named.hits) > 1 and all(len(h.orders) == 1 for h in named.hits):
        shares = {o: remaining.balance[o] for o in ids}
        if min(shares.values()) > 0 and sum(shares.values()) == line.amount:
            return [_pay(line, shares, index, "references", sure=True)]
    return []


def roughly(named: Named, index: Index, remaining: Remaining) -> list[Candidate]:
    """Return what is named although the amount is less or more than what is open."""
    ids = {o for h in named.hits for o in h.orders}
    if len(ids) != 1 or named.hits[0].strength == "short" or named.line.amount < 0:
        return []
    (order_id,) = ids
    line, rule = named.line, _rule(named)[0]
    order, balance = index.orders[order_id], remaining.balance[order_id]
    entries = [e for e in index.entries.get(order_id, ()) if e.id in remaining.entries]
    less_charges = [
        e for e in entries if 0 < e.amount - line.amount <= tolerance(e.amount, line.currency)
    ]
    if less_charges:
        return [
            _link(line, (e,), index, "less_charges", sure=len(less_charges) == 1)
            for e in less_charges
        ]
    open_words = f"{display(balance, line.currency)} is open"
    short = balance - line.amount
    own = named.hits[0].strength == "own" or order_id in named.by_name
    certain = own and not entries and not order.cancelled
    shares = {order_id: line.amount}
    if 0 < short <= tolerance(balance, line.currency):
        why = f"{display(short, line.currency)} short, as when banks keep charges"
        return [_pay(line, shares, index, "less_charges", sure=certain, more=why)]
    if 0 < line.amount < balance:
        return [_pay(line, shares, index, f"{rule}_in_part", sure=certain, more=open_words)]
    return [_pay(line, shares, index, f"{rule}_too_much", sure=False, more=open_words)]


def _rule(named: Named) -> tuple[str, bool]:
    """Return the rule's name, and whether an agreeing amount makes it certain."""
    strengths = {h.strength for h in named.hits}
    if "own" in strengths:
        return "reference", True
    certain = strengths == {"strong"} or bool(named.by_name)
    return "po_number", certain


def _link(
    line: Line, entries: tuple[HandEntry, ...], index: Index, rule: str, *, sure: bool
) -> Candidate:
    parts = []
    for entry in entries:
        amount = min(abs(entry.amount), abs(line.amount))
        name = f"the entry of {entry.date} on {index.orders[entry.order_id].reference}"
        charges = abs(entry.amount) - amount
        reference = index.orders[entry.order_id].reference
        parts.append(Part("entry", entry.id, amount, name, charges, reference))
    charges = sum(p.charges for p in parts)
    kept = f", {display(charges, line.currency)} kept by banks" if charges else ""
    words = _naming(index, (e.order_id for e in entries))
    evidence = f"the text names {words}, which has an entry by hand of this amount{kept}"
    return Candidate(tuple(parts), rule, evidence, sure)


def _pay(
    line: Line, shares: dict[int, int], index: Index, rule: str, *, sure: bool, more: str = ""
) -> Candidate:
    orders = [index.orders[o] for o in shares]
    parts = tuple(Part("order", o.id, shares[o.id], o.reference, 0, o.reference) for o in orders)
    words = _naming(index, shares)
    said = more or f"{line.words} is what is open"
    evidence = f"the text names {words}; {said}"
    if any(o.cancelled for o in orders):
        return Candidate(parts, rule, f"{evidence}; it is cancelled", sure=False)
    return Candidate(parts, rule, evidence, sure)


def _naming(index: Index, ids: Iterable[int]) -> str:
    return " and ".join(
        f"{o.reference} ({o.po_number})" if o.po_number else o.reference
        for o in (index.orders[i] for i in ids)
    )
