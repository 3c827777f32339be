"""From a bank line to the ledger and back: apply a match, undo it, set a line aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from po_toolkit.domain import remedies
from po_toolkit.domain.bank_matching import Part
from po_toolkit.domain.offline_payments import OfflinePayment
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display
from po_toolkit.payments import offline_payments
from po_toolkit.store import bank_matches, money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import BankMatch, BankTransaction, Conference, LedgerEntry, Payout

_CHECK = re.compile(r"\b(CHECK|CHEQUE|CHECKNUM|SCHECK|CHQ)\b", re.IGNORECASE)
_ACH = re.compile(r"\bACH\b", re.IGNORECASE)


def apply(
    uow: UnitOfWork,
    conference: Conference,
    line_id: int,
    parts: Sequence[Part],
    *,
    rule: str,
    evidence: str,
    now: datetime,
) -> list[int]:
    """Say what a line is; a part that is a purchase order becomes a payment on it.

    Args:
        uow: The transaction.
        conference: Whose line.
        line_id: The line.
        parts: What it is; their amounts come to the line's.
        rule: By which rule, or ``by_hand``.
        evidence: Why, in words.
        now: The present.

    Returns:
        Intents for :func:`po_toolkit.payments.stripe_reports.report`: the payments that an open
        invoice must get at Stripe first.

    Raises:
        NotFoundError: No such line.
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
            rule=rule,
            evidence=evidence,
            applied_by=uow.actor.name,
            applied_at=now,
        )
        intent = _join(uow, conference, line, part, match)
        uow.session.add(match)
        uow.audit(Act.MATCH, line, after={"rule": rule, "is": part.name, "amount": part.amount})
        if intent is not None:
            intents.append(intent)
    bank_matches.link_new_entries(uow, conference.id)
    return intents


def undo(
    uow: UnitOfWork, conference: Conference, line_id: int, *, now: datetime, today: date
) -> int:
    """Take back what a line was said to be; payments that it made are reversed in the ledger.

    Returns:
        How many matches were undone.

    Raises:
        NotFoundError: No such line.
        PurchaseOrderError: Nothing is matched, or its payment is still on its way to Stripe.
    """
    line = bank_matches.line(uow.session, conference.id, line_id, lock=True)
    bank_matches.link_new_entries(uow, conference.id)
    uow.session.flush()
    standing = bank_matches.matches_of(uow.session, [line.id])[line.id]
    if not standing:
        raise PurchaseOrderError(f"Bank line {line.id} is not matched; there is nothing to undo.")
    for match in standing:
        if match.created_entry:
            _reverse(uow, match, today)
        match.state, match.undone_by, match.undone_at = "undone", uow.actor.name, now
        uow.audit(Act.UNDO_MATCH, line, before={"rule": match.rule, "evidence": match.evidence})
    return len(standing)


def set_aside(
    uow: UnitOfWork, conference: Conference, line_id: int, reason: str, *, now: datetime
) -> None:
    """Say that a line has to do with no sponsor; without a reason, take that back.

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
    uow.audit(
        Act.SET_ASIDE, line, before={"set_aside": before}, after={"set_aside": line.set_aside}
    )


def _refuse_if_explained(
    uow: UnitOfWork, line: BankTransaction, *, but_aside: bool = False
) -> None:
    if bank_matches.matches_of(uow.session, [line.id])[line.id]:
        conference = uow.session.get_one(Conference, line.conference_id)
        raise PurchaseOrderError(
            f"Bank line {line.id} is matched already; undo that match first.",
            remedy=remedies.undo_match(conference.slug, line.id),
        )
    if line.set_aside and not but_aside:
        raise PurchaseOrderError(f"Bank line {line.id} was set aside: {line.set_aside}.")


def _join(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> int | None:
    if part.kind in ("payout", "payout_return"):
        _join_payout(uow, conference, line, part, match)
        return None
    if part.kind == "entry":
        _join_entry(uow, conference, line, part, match)
        return None
    if line.amount < 0:
        raise PurchaseOrderError(f"Bank line {line.id} is a debit and pays no purchase order.")
    order = uow.lock_purchase_order(part.id)
    if order.conference_id != conference.id or order.currency != line.currency:
        raise PurchaseOrderError(
            f"{order.reference} is in {order.currency.upper()}; bank line {line.id} is in "
            f"{line.currency.upper()}. Amounts are never converted."
        )
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
        again=True,
    )


def _join_payout(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> None:
    payout = uow.session.get(Payout, part.id, with_for_update=True)
    if payout is None or payout.conference_id != conference.id:
        raise PurchaseOrderError(f"There is no payout {part.name}.")
    signed = payout.amount if part.kind == "payout" else -payout.amount
    if (line.amount, line.currency) != (signed, payout.currency):
        raise PurchaseOrderError(
            f"{payout.stripe_payout_id} is {display(signed, payout.currency)}; bank line {line.id} "
            f"is {display(line.amount, line.currency)}."
        )
    if bank_matches.standing(
        uow.session, conference.id, payout_id=payout.id, kind=part.kind
    ):  # fmt: skip
        raise PurchaseOrderError(f"{payout.stripe_payout_id} is another bank line already.")
    match.kind, match.payout_id = part.kind, payout.id


def _join_entry(
    uow: UnitOfWork, conference: Conference, line: BankTransaction, part: Part, match: BankMatch
) -> None:
    entry = uow.session.get(LedgerEntry, part.id, with_for_update=True)
    if entry is None or entry.conference_id != conference.id or entry.source == "stripe":
        raise PurchaseOrderError(f"There is no entry {part.id} that was made by hand.")
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
    if bank_matches.standing(uow.session, conference.id, entry_id=entry.id):
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
