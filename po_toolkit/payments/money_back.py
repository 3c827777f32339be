"""Money that Stripe gives or takes back: refunds, disputes, bank debits returned late."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import StripeAuthenticationError, StripeNotFoundError
from po_toolkit.money import display, minor_from_api
from po_toolkit.payments import credit
from po_toolkit.payments.books import Change, Taken
from po_toolkit.payments.from_stripe import fetch_invoice, id_of, take_invoice
from po_toolkit.payments.record import Movement, record_all
from po_toolkit.store import invoices, ledger
from po_toolkit.store.tables import LedgerEntry

Json = dict[str, Any]

RETURNED = frozenset(
    {
        "insufficient_funds",
        "bank_cannot_process",
        "debit_not_authorized",
        "incorrect_account_details",
    }
)
"""Reasons of a dispute by which Stripe tells of a bank debit that came back after it looked paid.

Source: Stripe, "ACH Direct Debit", disputed payments.
"""

_NOTHING_MOVED = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)
"""States of an inquiry: no money has been withdrawn."""


def take_refund(opened: OpenConference, said: Json, *, entered_by: str = "") -> Taken | None:
    """Enter a refund, and that it failed; None where its payment is not ours.

    The same entries stand at the end whatever of the refund was heard of first.
    """
    moves = [Move(EntryKind.REFUND, said["id"], said["created"])]
    if said.get("status") in ("failed", "canceled"):
        failed = f"{said['id']}:failed"
        moves.append(Move(EntryKind.REFUND_FAILED, failed, _came_back(opened, said)))
    return _take(opened, said, moves, entered_by)


def take_dispute(opened: OpenConference, said: Json) -> Taken | None:
    """Enter a dispute, and that it was won; None where its payment is not ours.

    A bank debit that was returned late comes as a dispute too, and is entered as what it is.
    """
    if said.get("status") in _NOTHING_MOVED:
        return Taken()
    kind = EntryKind.PAYMENT_REVERSAL if said.get("reason") in RETURNED else EntryKind.DISPUTE
    booked = [(b["created"], b["amount"]) for b in said.get("balance_transactions") or []]
    withdrawn = min((at for at, amount in booked if amount < 0), default=said["created"])
    moves = [Move(kind, said["id"], withdrawn)]
    if said.get("status") == "won":
        now = int(opened.now().timestamp())
        back = max((at for at, amount in booked if amount > 0), default=now)
        moves.append(Move(EntryKind.DISPUTE_REINSTATED, f"{said['id']}:won", back))
    return _take(opened, said, moves, "")


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of a refund's or dispute's money, and its Unix time."""

    kind: EntryKind
    source_id: str
    at: int


def _came_back(opened: OpenConference, said: Json) -> int:
    """Return when a refund's money came back: weeks after the refund, often in another period."""
    booked = id_of(said.get("failure_balance_transaction"))
    if booked:
        with suppress(StripeNotFoundError, StripeAuthenticationError):  # a key may not see it
            return int(opened.gateway.read(f"/v1/balance_transactions/{booked}")["created"])
    return int(opened.now().timestamp())


def concerns_us(opened: OpenConference, said: Json) -> bool:
    """Tell whether the payment behind a refund or dispute is ours; asks Stripe where unsure."""
    return _payment(opened, said) is not None


def payment_ids(said: Json) -> list[str]:
    """Return the payment intent and the charge that a refund or dispute names."""
    return [i for i in (id_of(said.get("payment_intent")), id_of(said.get("charge"))) if i]


def _take(opened: OpenConference, said: Json, moves: list[Move], entered_by: str) -> Taken | None:
    paid = _payment(opened, said)
    if paid is None:
        return None
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        order = uow.lock_purchase_order(paid.purchase_order_id)
        before = order.status
        new: list[LedgerEntry] = []
        reverses = paid.id
        for move in moves:
            movement = _movement(opened, said, paid, move, entered_by=entered_by)
            new += record_all(uow, [(order, replace(movement, reverses_id=reverses))], Act.SYNC)
            reverses = next((e.id for e in order.entries if e.source_id == move.source_id), paid.id)
        taken = Taken(
            refunds=sum(e.kind == EntryKind.REFUND for e in new),
            statuses_changed=int(order.status != before),
            changes=[
                Change(
                    order.reference,
                    f"{e.kind.replace('_', ' ')} of {display(e.amount, e.currency)} "
                    f"({e.source_id})",
                )
                for e in new
            ],
        )
        if order.status != before:
            taken.changes.append(Change(order.reference, f"{before} → {order.status}"))
        gives_credit = credit.concerned(order)
        customer = next((i.stripe_customer_id for i in order.invoices if i.stripe_customer_id), "")
    if gives_credit:
        taken.add(credit.settle(opened, customer))
    return taken


def _movement(
    opened: OpenConference,
    said: Json,
    paid: LedgerEntry,
    move: Move,
    *,
    entered_by: str,
) -> Movement:
    currency = said["currency"]
    return Movement(
        kind=move.kind,
        method="stripe",
        amount=minor_from_api(said["amount"], currency),
        currency=currency,
        source="stripe",
        source_id=move.source_id,
        reference=paid.reference,
        payment_date=opened.day_of(move.at),
        note=f"Stripe says: {said['reason']}" if said.get("reason") else "",
        invoice_id=paid.invoice_id,
        stripe_payment_id=paid.stripe_payment_id,
        entered_by=entered_by,
        uuid=uuid4(),
    )


def _payment(opened: OpenConference, said: Json) -> LedgerEntry | None:
    """Find the payment in the ledger, else ask Stripe which invoice it paid and take that."""
    ids = payment_ids(said)
    with opened.store.reading() as session:
        paid = ledger.payment_behind(session, opened.conference, ids)
    if paid is not None or not ids:
        return paid
    kind = "payment_intent" if ids[0].startswith("pi_") else "charge"
    query = {"payment": {"type": kind, kind: ids[0]}, "limit": 10}
    for row in opened.gateway.read("/v1/invoice_payments", query)["data"]:
        stripe_id = id_of(row.get("invoice"))
        with opened.store.reading() as session:
            if invoices.by_stripe_id(session, opened.conference, stripe_id) is None:
                continue
        read_at = opened.now()
        take_invoice(opened, fetch_invoice(opened.gateway, stripe_id), read_at=read_at)
    with opened.store.reading() as session:
        return ledger.payment_behind(session, opened.conference, ids)
