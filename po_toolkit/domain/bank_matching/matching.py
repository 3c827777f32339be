"""All rules, the strongest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, partial

from po_toolkit.domain.bank_matching import alike, named, payouts
from po_toolkit.domain.bank_matching.facts import (
    Facts,
    HandEntry,
    Line,
    PayoutFact,
    Proposal,
    Remaining,
)
from po_toolkit.domain.bank_matching.names import Names
from po_toolkit.domain.bank_matching.resolve import Candidate, settle
from po_toolkit.domain.bank_matching.text import References

Found = dict[Line, list[Candidate]]


def match(facts: Facts) -> list[Proposal]:
    """Find what each line is; a line that nothing fits has no proposal.

    Args:
        facts: Lines, and what they may be. Their order does not matter.

    Returns:
        At most one proposal for each line, by the line's date, then id.
    """
    search = _Search(facts)
    waiting = sorted(facts.lines, key=lambda line: line.id)
    proposals: list[Proposal] = []
    for rule in search.rules():
        done = settle(rule(waiting), search.remaining, facts.refused)
        proposals += done
        taken = {p.line.id for p in done}
        waiting = [line for line in waiting if line.id not in taken]
    return sorted(proposals, key=lambda p: (p.line.booked_on, p.line.id))


class _Search:
    """What the rules look things up in; each line is read once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.remaining = Remaining(
            balance={o.id: o.balance for o in facts.orders},
            entries={e.id: e for e in facts.entries},
            payouts={p.id: p for p in facts.payouts},
        )
        self._read: dict[int, named.Named] = {}
        self._said: dict[Line, set[str]] = {}

    def rules(self) -> Iterable[Callable[[list[Line]], Found]]:
        """Yield the rules in their order."""
        yield lambda lines: payouts.by_trace(lines, self._payouts())
        yield lambda lines: payouts.by_amount(lines, self._payouts())
        yield lambda lines: self._each(lines, named.exactly)
        yield lambda lines: alike.by_entry_reference(
            lines, list(self.remaining.entries.values()), self._index
        )
        yield lambda lines: self._each(lines, named.roughly)
        for rule in (alike.by_name, alike.less_charges, alike.together, alike.in_instalments):
            yield partial(self._by_name, rule)

    def _payouts(self) -> list[PayoutFact]:
        return sorted(self.remaining.payouts.values(), key=lambda p: p.id)

    @cached_property
    def _index(self) -> named.Index:
        by_order: dict[int, list[HandEntry]] = defaultdict(list)
        for entry in sorted(self.facts.entries, key=lambda e: e.id):
            by_order[entry.order_id].append(entry)
        return named.Index({o.id: o for o in self.facts.orders}, by_order)

    @cached_property
    def _names(self) -> Names:
        return Names(self.facts.orders)

    @cached_property
    def _references(self) -> References:
        return References(self.facts.orders)

    @cached_property
    def _sponsors(self) -> alike.Sponsors:
        sponsors: alike.Sponsors = defaultdict(list)
        for order in sorted(self.facts.orders, key=lambda o: o.id):
            sponsors[order.organization_name].append(order)
        return sponsors

    def _each(
        self,
        lines: list[Line],
        rule: Callable[[named.Named, named.Index, Remaining], list[Candidate]],
    ) -> Found:
        found: Found = {}
        for line in lines:
            if line.id not in self._read:
                hits = self._references.named(line.text)
                self._read[line.id] = named.read(line, hits, self._index.orders, self._names)
            reading = self._read[line.id]
            candidates = rule(reading, self._index, self.remaining) if reading.hits else []
            if candidates:
                found[line] = candidates
        return found

    def _by_name(self, rule: Callable[[alike.ByName], Found], lines: list[Line]) -> Found:
        for line in lines:
            if line not in self._said:
                self._said[line] = self._names.named(line)
        known = [line for line in lines if self._said[line]]
        return rule(
            alike.ByName(
                known, self._said, self._sponsors, self._index, self.remaining, self._names
            )
        )
