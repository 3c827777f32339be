"""From a bank line to the ledger and back: apply a match, undo it, exclude a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.bank_matching import Part, tolerance
from po_toolkit.domain.offline_payments import OfflinePayment
from po_toolkit.domain.roles import Act
from po_toolkit.domain.same_money import Money, same_money
from po_toolkit.domain.states import MatchKind
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import ConfirmationNeededError, DuplicateEntryError, PurchaseOrderError
from po_toolkit.money import display, to_major
from po_toolkit.payments import credit_notes, ledger, offline_payments
from po_toolkit.payments.intents import slot_of
from po_toolkit.store import bank_matches, money_intents, stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.ledger import money_of_sponsor
from po_toolkit.store.tables import (
    BankMatch,
    BankTransaction,
    Conference,
    CreditNote,
    LedgerEntry,
    MoneyIntent,
    Payout,
    PurchaseOrder,
)

BY_HAND = "by_hand"
"""The rule of what a person chose."""

_CHECK = re.compile(r"\b(CHECK|CHEQUE|CHECKNUM|SCHECK|CHQ)\b", re.IGNORECASE)
_ACH = re.compile(r"\bACH\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a line is what it is said to be.

    Attributes:
        rule: By which rule, or ``by_hand``.
        evidence: Why, in words.
        again: Whether a person says that it is other money than what is in the books.
        overpaid: Whether a person says that it is right though more than what is open.
        write_off: Why what the line is short of its one purchase order is forgiven, or ``""``.
    """

    rule: str
    evidence: str
    again: bool = False
    write_off: str = ""
    overpaid: bool = False


def apply(
    uow: UnitOfWork,
    conference: Conference,
    line_id: int,
    parts: Sequence[Part],
    decision: Decision,
    *,
    now: datetime,
) -> list[int]:
    """Say what a line is; a part that is a purchase order becomes a payment on it.

    The parts' amounts come to the line's.

    Returns:
        Intents for :func:`po_toolkit.payments.stripe_reports.report`: the payments and credit
        notes that an open invoice must get at Stripe first.

    Raises:
        NotFoundError: No such line.
        DuplicateEntryError: An entry of the same sponsor, amount and week may be this money.
        ConfirmationNeededError: A person chose a purchase order that has less open than came.
        PurchaseOrderError: The line or the target is matched already, the amounts do not come to
            the line's, or the currency differs.
    """
    line = bank_matches.line(uow.session, conference.id, line_id, lock=True)
    _refuse_if_explained(uow, line)
    total = sum(part.amount for part in parts)
    if not parts or total != abs(line.amount):
        raise PurchaseOrderError(
            f"Bank line {line.id} is {display(abs(line.amount), line.currency)}; the parts come to "
            f"{display(total, line.currency)}. Divide the whole line."
        )
    intents: list[int] = []
    for part in parts:
        match = BankMatch(
            uuid=uuid4(),
            conference_id=conference.id,
            bank_transaction_id=line.id,
            amount=part.amount,
            charges=part.charges,
            rule=decision.rule,
            evidence=decision.evidence,
            applied_by=uow.actor.name,
            applied_at=now,
        )
        intent = _join(uow, line, part, match, decision)
        uow.session.add(match)
        after = {"rule": decision.rule, "is": part.name, **_sum(line, part.amount)}
        uow.audit(Act.MATCH, line, after=after)
        if intent is not None:
            intents.append(intent)
        if decision.write_off and part.kind == "order":
            intents += _write_off(uow, part, match, decision.write_off, now.date())
    bank_matches.link_new_entries(uow, conference.id)
    return intents


def _write_off(uow: UnitOfWork, part: Part, match: BankMatch, reason: str, day: date) -> list[int]:
    """Forgive what a line is short of its purchase order, where it is little."""
    order = uow.lock_purchase_order(part.id)
    short = money_intents.outstanding(uow.session, order)
    if short <= 0:
        raise PurchaseOrderError(f"{order.reference}: Nothing is left to write off.")
    most = tolerance(part.amount + short, order.currency)
    if short > most:
        raise PurchaseOrderError(
            f"{order.reference}: {display(short, order.currency)} would be written off, more than "
            f"the {display(most, order.currency)} that banks may have "
            f"deducted. Match the line without "
            f"it, and issue a credit note for the rest.",
            remedy=remedies.credit_note(order.reference, to_major(short, order.currency)),
        )
    before = {note.uuid for note in order.credit_notes}
    intent = credit_notes.enter_credit_note(
        uow, order, amount=short, reason=reason, credit_date=day, again=True
    ).intent
    if intent is not None:
        match.credit_note_uuid = uow.session.get_one(MoneyIntent, intent).uuid
        return [intent]
    match.credit_note_uuid = next(n.uuid for n in order.credit_notes if n.uuid not in before)
    return []


def undo(
    uow: UnitOfWork, conference: Conference, line_id: int, *, now: datetime, today: date
) -> tuple[int, list[int]]:
    """Take back what a line was said to be; what the match made in the ledger is reversed.

    Returns:
        How many matches were undone, and the intents to be settled: a reversal that is undone
        enters its payment again.

    Raises:
        NotFoundError: No such line.
        PurchaseOrderError: Nothing is matched, its payment is still on its way to Stripe, a bank
            took it back.
        DuplicateEntryError: The payment that a reversal took back was typed again since.
    """
    line = bank_matches.line(uow.session, conference.id, line_id, lock=True)
    bank_matches.link_new_entries(uow, conference.id)
    uow.session.flush()
    applied = bank_matches.matches_of(uow.session, [line.id])[line.id]
    if not applied:
        raise PurchaseOrderError(f"Bank line {line.id} is not matched; there is nothing to undo.")
    intents: list[int] = []
    for match in applied:
        reversal = bank_matches.reversal_of(uow.session, match)
        if reversal is not None:
            raise PurchaseOrderError(
                f"Bank line {reversal.bank_transaction_id} reverses bank line {line.id}; undo "
                f"that match first (bank line {reversal.bank_transaction_id})."
            )
        _undo_write_off(uow, match, today)
        if match.kind == MatchKind.REVERSAL:
            intents += _enter_again(uow, match)
        elif match.created_entry:
            _reverse(uow, match, today)
        match.state, match.undone_by, match.undone_at = "undone", uow.actor.name, now
        before = {"rule": match.rule, "evidence": match.evidence}
        uow.audit(Act.UNDO_MATCH, line, before=before, after=_sum(line, match.amount))
    return len(applied), intents


def _undo_write_off(uow: UnitOfWork, match: BankMatch, today: date) -> None:
    """Take a write-off back by a credit note of the opposite amount.

    Stripe voids a credit note only while its invoice is open, which a paid and written-off one is
    not. So the books take it back, under the id that a void at Stripe would have: one that comes
    later counts once. What then differs at Stripe is a discrepancy, as with a reversed wire.
    """
    if match.credit_note_uuid is None:
        return
    order = uow.lock_purchase_order(match.purchase_order_id or 0)
    note = next((n for n in order.credit_notes if n.uuid == match.credit_note_uuid), None)
    if note is None:
        _end_write_off(uow, money_intents.of_entry(uow.session, match.credit_note_uuid))
        return
    stripe_id = note.stripe_credit_note_id
    void_id = f"{stripe_id}:void" if stripe_id else None
    if void_id and any(n.stripe_credit_note_id == void_id for n in order.credit_notes):
        return
    back = CreditNote(
        amount=-note.amount,
        currency=note.currency,
        reason=f"The write-off of bank line {match.bank_transaction_id} was undone",
        credit_date=today,
        stripe_credit_note_id=void_id,
    )
    ledger.add_credit_note(uow, order, back)


def _end_write_off(uow: UnitOfWork, intent: MoneyIntent | None) -> None:
    """End a write-off that Stripe has not got; else a sync would issue it without its payment.

    Raises:
        PurchaseOrderError: Stripe may have issued it.
    """
    if intent is None or intent.finished_at is not None:
        return
    if stripe_writes.latest(uow.session, slot_of(intent, "credit")) is not None:
        raise PurchaseOrderError(
            f"The write-off of {display(intent.amount, intent.currency)} is still on its way to "
            f"Stripe; sync first, then undo."
        )
    intent.step, intent.finished_at = "refused", uow.now()
    intent.error = "Not issued, since its payment was not entered."


def _enter_again(uow: UnitOfWork, match: BankMatch) -> list[int]:
    """Enter the payment again that a reversal had taken back, for the line that it came with."""
    first = uow.session.get(BankMatch, match.reversed_match_id)
    if first is None:
        raise PurchaseOrderError("The match that was reversed is gone.")
    order = uow.lock_purchase_order(match.purchase_order_id or 0)
    entry = next(e for e in order.entries if e.id == first.entry_id)
    _refuse_typed_since(uow, order, entry, match)
    # The first line now stands for the new entry, found by the match's uuid.
    first.uuid, first.entry_id, first.created_entry = uuid4(), None, True
    intent = offline_payments.enter_payment(
        uow,
        order,
        OfflinePayment(
            amount=entry.amount,
            currency=entry.currency,
            method=entry.method,
            payment_date=entry.payment_date,
            reference=entry.reference,
            note=f"Entry {entry.id} restored: the bank did not reverse it",
            source="bank",
            source_id=str(first.uuid),
        ),
    )
    return [intent] if intent is not None else []


def _refuse_typed_since(
    uow: UnitOfWork, order: PurchaseOrder, entry: LedgerEntry, match: BankMatch
) -> None:
    """Refuse to enter a payment again that a person typed since the bank took it back.

    Raises:
        DuplicateEntryError: Such an entry stands; it says which.
    """
    new = Money(entry.amount, entry.currency, entry.payment_date, "manual")
    typed = [
        (money, reference)
        for money, reference, own in money_of_sponsor(uow.session, order)
        if money.source == "manual" and money.bank_line is None
        if (money.entry or 0) > (match.entry_id or 0) and own in ("", entry.reference)
    ]
    twin = same_money(new, (money for money, _ in typed))
    if twin is not None:
        reference = next(reference for money, reference in typed if money is twin)
        raise DuplicateEntryError(
            f"{reference} has {display(twin.amount, twin.currency)} of {written_day(twin.day)}, "
            f"typed since as entry {twin.entry}. Undoing bank line {match.bank_transaction_id} "
            f"would enter the same payment again. Reverse entry {twin.entry} first, then undo."
        )


def exclude(
    uow: UnitOfWork, conference: Conference, line_id: int, reason: str, *, now: datetime
) -> None:
    """Exclude a line that has nothing to do with sponsors; without a reason, include it again.

    Raises:
        NotFoundError: No such line.
        PurchaseOrderError: The line is matched.
    """
    line = bank_matches.line(uow.session, conference.id, line_id, lock=True)
    if reason.strip():
        _refuse_if_explained(uow, line, but_aside=True)
    before = line.set_aside
    line.set_aside = reason.strip()
    line.set_aside_at = now if line.set_aside else None
    after = {"set_aside": line.set_aside, **_sum(line, abs(line.amount))}
    uow.audit(Act.SET_ASIDE, line, before={"set_aside": before}, after=after)


def _sum(line: BankTransaction, amount: int) -> dict[str, int | str]:
    """Return what the audit log says of the money of a line: above zero, with its currency."""
    return {"amount": amount, "currency": line.currency}


def _refuse_if_explained(
    uow: UnitOfWork, line: BankTransaction, *, but_aside: bool = False
) -> None:
    if bank_matches.matches_of(uow.session, [line.id])[line.id]:
        conference = uow.session.get_one(Conference, line.conference_id)
        raise PurchaseOrderError(
            f"Bank line {line.id} is matched already. To match it otherwise, undo that match.",
            remedy=remedies.undo_match(conference.slug, line.id),
        )
    if line.set_aside and not but_aside:
        raise PurchaseOrderError(f"Bank line {line.id} is excluded: {line.set_aside}.")


def _join(
    uow: UnitOfWork, line: BankTransaction, part: Part, match: BankMatch, decision: Decision
) -> int | None:
    conference = uow.session.get_one(Conference, line.conference_id)
    if part.kind in ("payout", "payout_return"):
        _join_payout(uow, conference, line, part, match)
        return None
    if part.kind == "entry":
        _join_entry(uow, conference, line, part, match)
        return None
    if part.kind == "reversal":
        _join_reversal(uow, conference, line, part, match)
        return None
    if line.amount < 0:
        raise PurchaseOrderError(f"Bank line {line.id} is a debit and pays no purchase order.")
    order = uow.lock_purchase_order(part.id)
    if order.conference_id != conference.id or order.currency != line.currency:
        raise PurchaseOrderError(
            f"{order.reference} is in {order.currency.upper()}; bank line {line.id} is in "
            f"{line.currency.upper()}. Amounts are never converted."
        )
    if not decision.again:
        _refuse_typed(uow, conference, order, line, part)
    if decision.rule == BY_HAND and not decision.overpaid:
        _ask_about_excess(uow, conference, order, line, part)
    match.kind, match.purchase_order_id, match.created_entry = "entry", order.id, True
    return offline_payments.enter_payment(
        uow,
        order,
        OfflinePayment(
            amount=part.amount,
            currency=line.currency,
            method=_method(line),
            payment_date=line.booked_on,
            reference=(line.bank_reference or line.text)[:100],
            note=f"Bank line {line.id}: {line.text[:200]}",
            source="bank",
            source_id=str(match.uuid),
        ),
    )


def _ask_about_excess(
    uow: UnitOfWork, conference: Conference, order: PurchaseOrder, line: BankTransaction, part: Part
) -> None:
    """Ask before a person's choice makes a purchase order overpaid."""
    still_open = money_intents.outstanding(uow.session, order)
    if part.amount <= still_open:
        return
    has = f"only {display(still_open, order.currency)}" if still_open else "nothing"
    raise ConfirmationNeededError(
        f"{order.reference} of {order.organization_name} has {has} open; with this match it is "
        f"overpaid by {display(part.amount - still_open, order.currency)}. Nothing was matched.",
        questions=("overpaid",),
        remedy=remedies.match_overpaid(
            conference.slug, line.id, order.reference, to_major(part.amount, order.currency)
        ),
    )


def _join_payout(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> None:
    payout = uow.session.get(Payout, part.id, with_for_update=True)
    if payout is None or payout.conference_id != conference.id:
        raise PurchaseOrderError(f"There is no payout {part.name}.")
    expected = payout.amount if part.kind == "payout" else -payout.amount
    if line.currency != payout.currency or (line.amount > 0) != (expected > 0):
        raise PurchaseOrderError(
            f"{payout.stripe_payout_id} is {display(expected, payout.currency)}; bank line "
            f"{line.id} is {display(line.amount, line.currency)}."
        )
    came = bank_matches.came_of_payout(uow.session, conference.id, payout.id, part.kind)
    rest = abs(payout.amount) - came
    if rest <= 0:
        raise PurchaseOrderError(f"{payout.stripe_payout_id} is another bank line already.")
    if part.amount + part.charges > rest:
        raise PurchaseOrderError(
            f"{display(rest, payout.currency)} of {payout.stripe_payout_id} is outstanding; bank "
            f"line {line.id} would be {display(part.amount + part.charges, line.currency)} of it."
        )
    match.kind, match.payout_id = part.kind, payout.id


def _refuse_typed(
    uow: UnitOfWork, conference: Conference, order: PurchaseOrder, line: BankTransaction, part: Part
) -> None:
    """Refuse to enter a payment that a person has typed already, or where nothing is open."""
    for amount in dict.fromkeys((part.amount, line.amount)):
        money = Money(amount, line.currency, line.booked_on, "bank")
        offline_payments.refuse_same_money(
            uow,
            order,
            money,
            lambda entry: remedies.confirm_entry(conference.slug, line.id, entry),
        )
    if money_intents.outstanding(uow.session, order) <= 0 and order.cancelled_at is None:
        raise DuplicateEntryError(
            f"{order.reference} has nothing outstanding. Bank line {line.id} may be for another "
            f"purchase order, or the sponsor paid this one again.",
            remedy=remedies.match_line(conference.slug, line.id),
        )


def _join_reversal(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> None:
    """Book that a bank took an earlier line back: its entry is reversed on the line's day."""
    first = uow.session.get(BankMatch, part.id, with_for_update=True)
    if first is None or first.conference_id != conference.id or first.state != "applied":
        raise PurchaseOrderError(f"There is no match {part.id} that a bank could reverse.")
    earlier = bank_matches.line(uow.session, conference.id, first.bank_transaction_id)
    opposite = (line.amount > 0) != (earlier.amount > 0) and line.currency == earlier.currency
    if first.entry_id is None or first.amount != part.amount or not opposite:
        raise PurchaseOrderError(
            f"Bank line {line.id} of {display(line.amount, line.currency)} does not reverse "
            f"{display(first.amount, earlier.currency)} of bank line {earlier.id}."
        )
    order = uow.lock_purchase_order(first.purchase_order_id or 0)
    entry = next(e for e in order.entries if e.id == first.entry_id)
    why = f"Bank line {line.id} reversed bank line {earlier.id}"
    offline_payments.reverse(uow, order, entry, today=line.booked_on, reason=why)
    uow.session.flush()
    made = next(e for e in order.entries if e.reverses_id == entry.id)
    match.kind, match.reversed_match_id = MatchKind.REVERSAL, first.id
    match.entry_id, match.created_entry = made.id, True
    match.purchase_order_id = order.id
    match.charges = entry.amount - part.amount


def _join_entry(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> None:
    entry = uow.session.get(LedgerEntry, part.id, with_for_update=True)
    if entry is None or entry.conference_id != conference.id or entry.method == "stripe":
        raise PurchaseOrderError(f"There is no entry {part.id} of money outside of Stripe.")
    credit = entry.kind == "payment"
    if entry.currency != line.currency or credit != (line.amount > 0):
        raise PurchaseOrderError(
            f"Entry {entry.id} is a {entry.kind} in {entry.currency.upper()}; bank line {line.id} "
            f"is {display(line.amount, line.currency)}."
        )
    if entry.amount != part.amount + part.charges:
        raise PurchaseOrderError(
            f"Entry {entry.id} is {display(entry.amount, entry.currency)}, not "
            f"{display(part.amount + part.charges, entry.currency)}."
        )
    if bank_matches.entry_match(uow.session, conference.id, entry.id) is not None:
        raise PurchaseOrderError(f"Entry {entry.id} is another bank line already.")
    match.kind, match.entry_id = "entry", entry.id
    match.purchase_order_id = entry.purchase_order_id


def _reverse(uow: UnitOfWork, match: BankMatch, today: date) -> None:
    order = uow.lock_purchase_order(match.purchase_order_id or 0)
    if match.entry_id is None:
        if money_intents.waits_for(uow.session, order, str(match.uuid)):
            raise PurchaseOrderError(
                f"The payment of bank line {match.bank_transaction_id} is still on its way to "
                f"Stripe; sync first, then undo."
            )
        return
    entry = next(e for e in order.entries if e.id == match.entry_id)
    if any(other.reverses_id == entry.id for other in order.entries):
        return
    reason = f"The match of bank line {match.bank_transaction_id} was undone"
    offline_payments.reverse(uow, order, entry, today=today, reason=reason)


def _method(line: BankTransaction) -> str:
    words = f"{line.counterparty} {line.text}"
    if _CHECK.search(words):
        return "check"
    return "ach" if _ACH.search(words) else "wire"
