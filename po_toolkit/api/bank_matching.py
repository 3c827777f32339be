"""Bank lines matched: proposals, what applies by itself, what a person decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.bank_matching import Facts, Part, Proposal, match, tolerance
from po_toolkit.domain.records import json_fields
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act, require
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.money import display, to_major, to_minor
from po_toolkit.payments import bank_matches as matches
from po_toolkit.payments import stripe_reports
from po_toolkit.store import bank_matches
from po_toolkit.store.approvals import person
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import BankMatch, BankTransaction

_NEAREST, _FOUND = 6, 12
"""How many a person is shown without a search, and with one."""


@dataclass(frozen=True, slots=True)
class LineMatch:
    """What a line is, or may be.

    Attributes:
        line: The bank line's number.
        references: Our references of purchase orders, or Stripe's ids of payouts.
        amount: Major units as a decimal string; a debit is below 0.
        rule: By which rule; ``""`` for a line that nothing fits.
        evidence: Why, in words, with what speaks against it.
        state: applied, proposed, ambiguous, unmatched or set_aside.
        sure: A proposal that ``--apply`` applies by itself.
        evidence_for: What speaks for it.
        evidence_against: What speaks against it; only without any is it applied by itself.
        targets: What a rule proposes, as ``Part.target``; not part of the command's output.
    """

    line: int
    references: list[str]
    amount: str
    currency: str
    rule: str
    evidence: str
    state: str
    booked_on: date
    text: str
    sure: bool = False
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the match as JSON values."""
        return json_fields(self, "targets")


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What matching found: each line that was open before, once."""

    applied: int
    proposed: int
    ambiguous: int
    unmatched: int
    matches: list[LineMatch]

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return json_fields(self, "matches") | {
            "matches": [m.as_json() for m in self.matches if m.state != "unmatched"],
            "unmatched_lines": [m.as_json() for m in self.matches if m.state == "unmatched"],
        }


def match_bank(opened: OpenConference, *, apply: bool = False) -> MatchReport:
    """Match the lines that nothing explains yet.

    Args:
        opened: The conference.
        apply: Apply what has one candidate and good evidence; the rest is left to a person.

    Raises:
        NotAllowedError: The actor may not match.
        StripeGatewayError: Stripe was to be told of a payment and could not be reached; what was
            applied before stands, and the next run or sync goes on.
    """
    require(opened.actor, Act.MATCH)
    opened.check_known_account()
    with opened.store.writing(opened.actor, Act.MATCH) as uow:
        bank_matches.link_new_entries(uow, opened.conference.id)
    with opened.store.reading() as session:
        facts = bank_matches.facts(session, opened.conference.id)
    proposals = match(facts)
    found = [_try(opened, p) if apply else _shown(p, applied=False) for p in proposals]
    known = {p.line.id for p in proposals}
    states = [m.state for m in found]
    found += [
        LineMatch(
            x.id, [], str(to_major(x.amount, x.currency)), x.currency, "", "", "unmatched",
            x.booked_on, x.text,
        )
        for x in facts.lines
        if x.id not in known
    ]  # fmt: skip
    return MatchReport(
        applied=states.count("applied"),
        proposed=states.count("proposed"),
        ambiguous=states.count("ambiguous"),
        unmatched=len(found) - len(states),
        matches=found,
    )


def _try(opened: OpenConference, proposal: Proposal) -> LineMatch:
    """Apply a proposal that is certain; what is refused stays proposed, and says why."""
    if proposal.certainty != "certain":
        return _shown(proposal, applied=False)
    try:
        _apply(opened, proposal.line.id, proposal.parts, _decided(proposal))
    except PurchaseOrderError as error:
        refused = replace(proposal, against=(*proposal.against, f"it was not applied: {error}"))
        return replace(_shown(refused, applied=False), sure=False)
    return _shown(proposal, applied=True)


def apply_line(opened: OpenConference, line_id: int, *, again: bool = False) -> LineMatch:
    """Apply the one proposal of a line, as a person who has looked at it says.

    Raises:
        NotAllowedError: The actor may not match.
        NotFoundError: No such line.
        DuplicateEntryError: An entry of the same sponsor, amount and week may be this money.
        PurchaseOrderError: Nothing is proposed for it, or several things are.
    """
    require(opened.actor, Act.MATCH)
    opened.check_known_account()
    with opened.store.reading() as session:
        bank_matches.line(session, opened.conference.id, line_id)
    proposal = next((p for p in _proposals(opened) if p.line.id == line_id), None)
    if proposal is None or proposal.certainty == "ambiguous":
        why = "There are several matches" if proposal else "There is no match"
        raise PurchaseOrderError(
            f"Bank line {line_id}: {why}; choose what it is.",
            remedy=remedies.match_line(opened.slug, line_id),
        )
    _apply(opened, line_id, proposal.parts, replace(_decided(proposal), again=again))
    return _shown(proposal, applied=True)


def choose(
    opened: OpenConference,
    line_id: int,
    *,
    orders: Mapping[str, Decimal | None] | None = None,
    payout: str | Sequence[str] = (),
    entry: int | Sequence[int] | None = None,
    reversal: int | None = None,
    again: bool = False,
    overpaid: bool = False,
    write_off: str = "",
) -> None:
    """Say what a line is: purchase orders, payouts, entries made by hand, or a reversal.

    Args:
        opened: The conference.
        line_id: The bank line.
        orders: Our reference → major units; None takes what the others leave.
        payout: Stripe's id of a payout, ``po_…``, or several.
        entry: The number of an entry made by hand, which the line confirms, or several.
        reversal: The number of an earlier bank line, which this line takes back.
        again: It is other money than an entry of the same sponsor, amount and week.
        overpaid: It is right though the purchase order has less open.
        write_off: Why what the line is short of is forgiven: a credit note on its one purchase
            order, or a fee that the bank kept of a payout.

    Raises:
        NotAllowedError: The actor may not match.
        NotFoundError: No such line, purchase order, payout or entry.
        DuplicateEntryError: An entry of the same sponsor, amount and week may be this money.
        ConfirmationNeededError: The purchase order has less open; ``overpaid`` confirms it.
        PurchaseOrderError: It is matched already, or the amounts do not come to the line's.
    """
    payouts = [payout] if isinstance(payout, str) and payout else list(payout)
    entries = [entry] if isinstance(entry, int) else list(entry or ())
    require(opened.actor, Act.MATCH)
    opened.check_known_account()
    with opened.store.reading() as session:
        line = bank_matches.line(session, opened.conference.id, line_id)
        facts = bank_matches.facts(session, opened.conference.id)
        if payouts:
            parts = _payouts(line, facts, payouts, fee=bool(write_off))
        elif entries:
            parts = _entries(line, facts, entries)
        elif reversal is not None:
            parts = _reversal(line, facts, reversal)
        else:
            parts = _shares(opened, session, line, orders or {})
    if write_off and not orders and not any(p.charges for p in parts):
        raise PurchaseOrderError(f"Bank line {line_id}: Nothing is left to write off.")
    if write_off and len(orders or {}) > 1:
        raise PurchaseOrderError("A difference is written off on one purchase order only.")
    why = f"Matched by {person(opened.actor.name)}"
    if write_off:
        why = f"{why}; written off: {write_off}"
    _apply(
        opened, line_id, parts, matches.Decision(matches.BY_HAND, why, again, write_off, overpaid)
    )


def _payouts(
    line: BankTransaction, facts: Facts, payouts: Sequence[str], *, fee: bool
) -> list[Part]:
    """Return the parts of a line that is one or several payouts, or a part of one."""
    parts: list[Part] = []
    left = abs(line.amount)
    for stripe_id in payouts:
        hit = next((p for p in facts.payouts if p.stripe_id == stripe_id), None)
        if hit is None:
            raise NotFoundError(f"There is no payout {stripe_id} that still needs a bank line.")
        back = hit.failed and (line.amount > 0) != (hit.amount > 0)
        share = min(abs(hit.amount), left)
        kept = abs(hit.amount) - share if fee else 0
        _refuse_much(kept, abs(hit.amount), line.currency)
        kind: Literal["payout", "payout_return"] = "payout_return" if back else "payout"
        parts.append(Part(kind, hit.id, share, stripe_id, kept, stripe_id))
        left -= share
    return parts


def _entries(line: BankTransaction, facts: Facts, entries: Sequence[int]) -> list[Part]:
    """Return the parts of a line that confirms entries made by hand, less what a bank kept."""
    parts: list[Part] = []
    left = abs(line.amount)
    for number in entries:
        made = next((e for e in facts.entries if e.id == number), None)
        if made is None:
            raise NotFoundError(f"There is no entry {number} that still needs a bank line.")
        share = min(abs(made.amount), left)
        kept = abs(made.amount) - share
        _refuse_much(kept, abs(made.amount), line.currency)
        parts.append(Part("entry", number, share, f"entry {number}", kept))
        left -= share
    if left:
        raise PurchaseOrderError(
            f"The entries come to {display(abs(line.amount) - left, line.currency)}, less than "
            f"bank line {line.id} of {display(abs(line.amount), line.currency)}."
        )
    return parts


def _refuse_much(kept: int, amount: int, currency: str) -> None:
    if kept > tolerance(amount, currency):
        raise PurchaseOrderError(
            f"{display(kept, currency)} of {display(amount, currency)} is missing: more than "
            f"banks deduct. Find out what the line is."
        )


def _reversal(line: BankTransaction, facts: Facts, earlier: int) -> list[Part]:
    """Return the parts of a line by which the bank takes an earlier line back."""
    some = [m for m in facts.confirmed if m.line.id == earlier]
    if not some:
        raise NotFoundError(f"Bank line {earlier} has no match that a bank could reverse.")
    one = [m for m in some if m.amount == abs(line.amount)]
    chosen = some if sum(m.amount for m in some) == abs(line.amount) else one[:1]
    if not chosen:
        raise PurchaseOrderError(
            f"Bank line {line.id} of {display(line.amount, line.currency)} is not what bank line "
            f"{earlier} brought."
        )
    return [Part("reversal", m.match_id, m.amount, m.reference, 0, m.reference) for m in chosen]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a line may be: a key for :func:`choose`, and words for it.

    Attributes:
        kind: ``order``, ``entry``, ``payout`` or ``reversal``, as the argument of :func:`choose`.
        key: Our reference, the entry's number, Stripe's id of the payout, or the earlier line's
            number, as text.
        title: What it is.
        details: What tells it from others: numbers and dates.
        amount: What is open on it, recorded or still to come, major units of the line's currency.
        difference: The line's amount less this one.
        may_write_off: The line is short of it by no more than banks keep.
        evidence_for: What speaks for it, where a rule found it.
        evidence_against: What speaks against it.
    """

    kind: Literal["order", "entry", "payout", "reversal"]
    key: str
    title: str
    details: str
    amount: Decimal
    difference: Decimal
    may_write_off: bool = False
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()


def candidates(opened: OpenConference, line: LineMatch, *, text: str = "") -> list[Candidate]:
    """Return what an unmatched line may be, the likeliest first.

    First what a rule proposes, then purchase orders of sponsors whom the line names, then typed
    entries, payouts, other purchase orders and earlier lines by the nearness of their amount and
    day.

    Args:
        opened: The conference.
        line: The bank line, as :func:`bank_lines` returned it.
        text: Only what has all these words in its name, number or date; then purchase orders with
            nothing open are among it too.
    """
    with opened.store.reading() as session:
        facts = bank_matches.facts(session, opened.conference.id)
    words = comparable(text).split()
    amount = abs(to_minor(Decimal(line.amount), line.currency))
    said = _spaced(line.text)
    named = {f"order {o.id}" for o in facts.orders if _spaced(o.organization_name) in said}
    found: list[tuple[tuple[int, int, int], Candidate]] = []
    for target, other, day, one in _possible(line, facts, all_orders=bool(words)):
        if not all(word in comparable(f"{one.key} {one.title} {one.details}") for word in words):
            continue
        likely = target in line.targets
        days = abs((day - line.booked_on).days) if day else 0
        rank = (
            (line.targets.index(target), 0, 0)
            if likely
            else (98 if target in named else 99, abs(abs(other) - amount), days)
        )
        evidence = (line.evidence_for, line.evidence_against) if likely else ((), ())
        shown = replace(one, evidence_for=evidence[0], evidence_against=evidence[1])
        found.append((rank, shown))
    found.sort(key=lambda pair: pair[0])
    return [one for _, one in found[: _FOUND if words else _NEAREST]]


def _spaced(text: str) -> str:
    """Return the words of a text, each between spaces."""
    words = " ".join(re.findall(r"[^\W_]+", comparable(text)))
    return f" {words} "


def _possible(
    line: LineMatch, facts: Facts, *, all_orders: bool
) -> Iterator[tuple[str, int, date | None, Candidate]]:
    """Yield everything of the line's currency and direction: its target, amount and day."""
    names = {o.id: o for o in facts.orders}
    booked = to_minor(Decimal(line.amount), line.currency)
    details: tuple[str, ...]

    def made(
        kind: Literal["order", "entry", "payout", "reversal"],
        key: object,
        title: str,
        parts: Sequence[str],
        amount: int,
    ) -> Candidate:
        short = abs(amount) - abs(booked)
        return Candidate(
            kind,
            str(key),
            title,
            " · ".join(part for part in parts if part),
            to_major(abs(amount), line.currency),
            to_major(-short, line.currency),
            kind in ("order", "payout") and 0 < short <= tolerance(amount, line.currency),
        )

    for e in facts.entries:
        if e.currency == line.currency and (e.amount > 0) == (booked > 0):
            order = names[e.order_id]
            details = (order.reference, e.method, e.reference, f"entry {e.id}", written_day(e.date))
            title = f"Recorded: {order.organization_name}"
            yield f"entry {e.id}", e.amount, e.date, made("entry", e.id, title, details, e.amount)
    for p in facts.payouts:
        if p.currency == line.currency and (p.failed or (p.amount > 0) == (booked > 0)):
            kind = "payout_return" if p.failed and (p.amount > 0) != (booked > 0) else "payout"
            details = (p.stripe_id, f"due {written_day(p.arrival)}", p.trace_id)
            title = "Returned payout" if kind == "payout_return" else "Stripe payout"
            payout = made("payout", p.stripe_id, title, details, p.amount)
            yield f"{kind} {p.id}", p.amount, p.arrival, payout
    for o in facts.orders if booked > 0 else ():
        due, proposed = o.balance > 0 and not o.cancelled, f"order {o.id}" in line.targets
        if o.currency == line.currency and (all_orders or proposed or due):
            details = (o.po_number, o.reference, *o.invoices, "cancelled" if o.cancelled else "")
            still = max(o.balance, 0)
            order_ = made("order", o.reference, o.organization_name, details, still)
            yield f"order {o.id}", still, None, order_
    for m in facts.confirmed:
        if m.line.currency == line.currency and m.line.amount == -booked > 0:
            details = (m.reference, f"bank line {m.line.id}", written_day(m.line.booked_on))
            title = f"Reverses a payment: {m.organization_name}"
            taken = made("reversal", m.line.id, title, details, m.line.amount)
            yield f"reversal {m.match_id}", m.line.amount, m.line.booked_on, taken


def undo_match(opened: OpenConference, line_id: int) -> int:
    """Take back what a line was said to be; return how many matches were undone.

    An excluded line is included again; it has no match, so that is 0.

    Raises:
        NotFoundError: No such line.
        PurchaseOrderError: It is neither matched nor excluded.
    """
    require(opened.actor, Act.UNDO_MATCH)
    with opened.store.reading() as session:
        excluded = bool(bank_matches.line(session, opened.conference.id, line_id).set_aside)
    if excluded:
        exclude_line(opened, line_id, "")
        return 0
    opened.check_known_account()
    with opened.store.writing(opened.actor, Act.UNDO_MATCH) as uow:
        undone, intents = matches.undo(
            uow, opened.conference, line_id, now=opened.now(), today=opened.today()
        )
        if intents:
            opened.require_stripe()
    for intent in intents:
        stripe_reports.report(opened, intent)
    return undone


def exclude_line(opened: OpenConference, line_id: int, reason: str) -> None:
    """Exclude a line that has nothing to do with sponsors; an empty reason includes it again.

    Raises:
        NotFoundError: No such line.
        PurchaseOrderError: It is matched.
    """
    with opened.store.writing(opened.actor, Act.SET_ASIDE) as uow:
        matches.exclude(uow, opened.conference, line_id, reason, now=opened.now())


def bank_lines(opened: OpenConference) -> list[LineMatch]:
    """Return every bank line with what it is or may be, newest first: for a page."""
    with opened.store.reading() as session:
        lines = bank_matches.all_lines(session, opened.conference.id)
        matched = bank_matches.matches_of(session, [x.id for x in lines])
        orders = [m.purchase_order_id for ms in matched.values() for m in ms]
        names = bank_matches.references(session, [i for i in orders if i is not None])
        payouts = bank_matches.payout_ids(session, opened.conference.id)
        facts = bank_matches.facts(session, opened.conference.id)
    proposed = {p.line.id: _shown(p, applied=False) for p in match(facts)}
    return [
        proposed.get(x.id) or _as_shown(x, matched.get(x.id, []), {**names}, payouts) for x in lines
    ]


def _as_shown(
    line: BankTransaction,
    matches: list[BankMatch],
    names: Mapping[int, str],
    payouts: Mapping[int, str],
) -> LineMatch:
    state = "applied" if matches else "set_aside" if line.set_aside else "unmatched"
    references = [
        payouts.get(m.payout_id or 0) or names.get(m.purchase_order_id or 0, "") for m in matches
    ]
    return LineMatch(
        line.id,
        references,
        str(to_major(line.amount, line.currency)),
        line.currency,
        matches[0].rule if matches else "",
        matches[0].evidence if matches else line.set_aside,
        state,
        line.booked_on,
        line.text,
    )


def _proposals(opened: OpenConference) -> list[Proposal]:
    with opened.store.reading() as session:
        return match(bank_matches.facts(session, opened.conference.id))


def _shares(
    opened: OpenConference,
    session: Any,
    line: BankTransaction,
    orders: Mapping[str, Decimal | None],
) -> list[Part]:
    found = {ref: by_reference(session, opened.conference, ref) for ref in orders}
    given = {
        ref: to_minor(amount, line.currency) for ref, amount in orders.items() if amount is not None
    }
    open_ones = [ref for ref in orders if ref not in given]
    left, due = (
        abs(line.amount) - sum(given.values()),
        {r: found[r].sums.balance for r in open_ones},
    )
    if len(open_ones) > 1 and (sum(due.values()) != left or min(due.values()) <= 0):
        each = " and ".join(
            f"{r} ({display(due[r], found[r].currency)} is outstanding)" for r in open_ones
        )
        rest = display(left, line.currency)
        raise PurchaseOrderError(
            f"Say how much of the {rest} of bank line {line.id} is for each of {each}: REF=AMOUNT."
        )
    given |= due if len(open_ones) > 1 else dict.fromkeys(open_ones, left)
    return [Part("order", found[ref].id, given[ref], found[ref].reference) for ref in orders]


def _apply(
    opened: OpenConference, line_id: int, parts: Sequence[Part], decision: matches.Decision
) -> None:
    with opened.store.writing(opened.actor, Act.MATCH) as uow:
        intents = matches.apply(uow, opened.conference, line_id, parts, decision, now=opened.now())
        if intents:
            opened.require_stripe()
    try:
        for intent in intents:
            stripe_reports.report(opened, intent)
    except PurchaseOrderError:
        # Stripe refused a payment, so it is not in the books: the line is open again.
        with opened.store.writing(opened.actor, Act.UNDO_MATCH) as uow:
            matches.undo(uow, opened.conference, line_id, now=opened.now(), today=opened.today())
        raise


def _decided(proposal: Proposal) -> matches.Decision:
    return matches.Decision(proposal.rule, proposal.evidence)


def _shown(proposal: Proposal, *, applied: bool) -> LineMatch:
    line = proposal.line
    if applied:
        state = "applied"
    else:
        state = "ambiguous" if proposal.certainty == "ambiguous" else "proposed"
    return LineMatch(
        line=line.id,
        references=list(dict.fromkeys(p.reference or p.name for p in proposal.parts)),
        amount=str(to_major(line.amount, line.currency)),
        currency=line.currency,
        rule=proposal.rule,
        evidence=proposal.evidence,
        state=state,
        booked_on=line.booked_on,
        text=line.text,
        sure=proposal.certainty == "certain",
        evidence_for=proposal.reasons,
        evidence_against=proposal.against,
        targets=tuple(part.target for part in proposal.parts),
    )
