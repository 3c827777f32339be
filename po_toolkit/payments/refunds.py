"""Refunds: chosen and ordered here, and taken from Stripe as they are there."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.same_money import SAME_MONEY
from po_toolkit.domain.sums import EntryKind
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import (
    DuplicateEntryError,
    PurchaseOrderError,
    StripeAuthenticationError,
    StripeNotFoundError,
)
from po_toolkit.money import display, minor_from_api, to_major
from po_toolkit.payments import customer_credit
from po_toolkit.payments.intents import intend
from po_toolkit.payments.ledger import Change, Movement, Taken, record, record_all
from po_toolkit.payments.stripe_invoices import fetch_invoice, take_invoice
from po_toolkit.store import invoices, ledger, money_intents
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import id_of
from po_toolkit.store.tables import LedgerEntry, MoneyIntent, PurchaseOrder

Json = dict[str, Any]


def refundable(order: PurchaseOrder) -> list[tuple[LedgerEntry, int]]:
    """Return the payments that came through Stripe and what can be refunded of each.

    Newest first; minor units of the purchase order's currency.
    """
    found = []
    for entry in reversed(order.entries):
        if entry.kind == EntryKind.PAYMENT and entry.stripe_payment_id:
            left = entry.amount - _gone(order, entry)
            if left > 0:
                found.append((entry, left))
    return found


def plan_refund(
    uow: UnitOfWork, order: PurchaseOrder, amount: int, payment: str = ""
) -> list[tuple[LedgerEntry, int]]:
    """Choose the payments that a refund is taken from, the newest first.

    The amount is in minor units, above zero. A payment, the entry's number or Stripe's id, is the
    only one it is then taken from. What was begun and is not in the books yet is gone already.

    Raises:
        PurchaseOrderError: The amount is wrong, or so much did not come through Stripe.
    """
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: A refund must be more than zero.")
    sources = [
        (entry, left)
        for entry, left in refundable(order)
        if not payment
        or payment.lstrip("#") in (str(entry.id), entry.source_id, entry.stripe_payment_id)
    ]
    begun: Counter[str] = Counter()
    for intent in money_intents.not_in_books(uow.session, order):
        begun[intent.details.get("stripe_payment_id", "")] += intent.amount
    plan, missing = [], amount
    for entry, left in sources:
        part = min(left - begun[entry.stripe_payment_id or ""], missing)
        if part > 0:
            plan.append((entry, part))
            missing -= part
    if missing:
        _refuse_while_begun(uow, order, amount)
        there = display(amount - missing, order.currency)
        raise PurchaseOrderError(
            f"{order.reference}: {display(amount, order.currency)} is more than the {there} that "
            f"came through Stripe{' by that payment' if payment else ''} and can be refunded. Send "
            f"the rest back from the bank, and record that.",
            remedy=remedies.refund(
                order.reference, to_major(missing, order.currency), method="wire"
            ),
        )
    return plan


def _refuse_while_begun(uow: UnitOfWork, order: PurchaseOrder, amount: int) -> None:
    """Refuse a refund for which too little is left while another is under way, if one is."""
    begun = money_intents.under_way(uow.session, order, "refund")
    if begun:
        raise PurchaseOrderError(
            f"{order.reference}: A refund of {display(begun, order.currency)} was begun and is not "
            f"in the books yet. With it, one of {display(amount, order.currency)} is more than "
            f"what came. Nothing was done. Sync first, which finishes it.",
            remedy=remedies.sync(order.conference.slug),
        )


def paid_by(payment_id: str) -> Json:
    """Return the query that names a payment intent (``pi_…``) or a charge, by its id."""
    return {"payment_intent" if payment_id.startswith("pi_") else "charge": payment_id}


def refuse_forgotten(opened: OpenConference, order: PurchaseOrder) -> None:
    """Refuse a refund where Stripe has one of any of its payments that the books do not have.

    Whoever restores a copy of the database and refunds again what was refunded after it would give
    the money back twice, also where the next refund would be taken from another payment.

    Raises:
        PurchaseOrderError: There is one; nothing was refunded.
        StripeGatewayError: Stripe could not be asked.
    """
    there = [
        made
        for payment_id in dict.fromkeys(
            entry.stripe_payment_id for entry in order.entries if entry.kind == EntryKind.PAYMENT
        )
        if payment_id
        for page in opened.gateway.pages("/v1/refunds", paid_by(payment_id))
        for made in page
        if made.get("status") not in FAILED_REFUNDS
    ]
    with opened.store.reading() as session:
        begun = {str(intent.uuid) for intent in money_intents.refunds_of(session, order)}
        known = ledger.known_facts(session, opened.conference, [made["id"] for made in there])
    for made in there:
        if made["id"] in known or (made.get("metadata") or {}).get("refund_uuid") in begun:
            continue
        shown = display(minor_from_api(made["amount"], made["currency"]), made["currency"])
        raise PurchaseOrderError(
            f"{order.reference}: Stripe has refunded {shown} of it ({made['id']}), which "
            f"these books do not have, as after a backup was restored. Nothing was "
            f"refunded. Sync first to read it; then refund if another is meant.",
            code="sync_first",
            remedy=remedies.sync(opened.slug),
        )


def intend_refund(
    uow: UnitOfWork,
    order: PurchaseOrder,
    plan: list[tuple[LedgerEntry, int]],
    credit: int = 0,
    note: str = "",
) -> list[int]:
    """Store a refund's parts and who orders it; return the ids of the intents to be settled.

    ``credit`` is how much of the customer's credit at Stripe goes with it, in minor units.
    """
    ids = []
    whole, together = sum(amount for _, amount in plan), str(uuid4())
    for entry, amount in plan:
        invoice = next(i for i in order.invoices if i.id == entry.invoice_id)
        details: dict[str, Any] = {
            "stripe_payment_id": entry.stripe_payment_id,
            "whole": whole,
            "refund": together,
            "note": note,
        }
        if credit:
            with_it = min(credit, amount)
            details["credit"] = with_it
            credit -= with_it
        ids.append(intend(uow, order, invoice, kind="refund", amount=amount, details=details))
    uow.audit(
        Act.REFUND,
        order,
        before={"status": order.status},
        after={"amount": whole, "currency": order.currency, "method": "stripe"},
    )
    return ids


def unfinished(uow: UnitOfWork, order: PurchaseOrder, amount: int) -> list[int]:
    """Return the intents of a Stripe refund of this amount that was cut off, to be gone on with."""
    return [
        intent.id
        for intent in money_intents.refunds_of(uow.session, order)
        if intent.finished_at is None
        and intent.details.get("stripe_payment_id")
        and intent.details["whole"] == amount
    ]


def refuse_second(
    uow: UnitOfWork, order: PurchaseOrder, amount: int, method: str, day: date
) -> None:
    """Refuse a refund that seems to be made already: a sync may have finished what was cut off.

    The amount is in minor units; the method is stripe, wire, ach, check or other.

    Raises:
        DuplicateEntryError: One of the same amount, by any method, went back within seven days.
    """
    if method != "stripe" and unfinished(uow, order, amount):
        raise DuplicateEntryError(
            f"{order.reference}: A refund of {display(amount, order.currency)} through Stripe was "
            f"begun and is not in the books yet. Nothing was done. Sync first, which finishes it; "
            f"then record this one as a second refund if it went back as well.",
            remedy=remedies.sync(order.conference.slug),
        )
    failed = {e.reverses_id for e in order.entries if e.kind == EntryKind.REFUND_FAILED}
    made = [e for e in order.entries if e.kind == EntryKind.REFUND and e.id not in failed]
    near = [e for e in made if abs(e.payment_date - day) <= SAME_MONEY]
    parts = [
        intent
        for intent in money_intents.refunds_of(uow.session, order)
        if intent.step == "done" and intent.details["whole"] == amount != intent.amount
    ]
    back = {intent.stripe_id for intent in parts}
    twin = next((e for e in near if e.amount == amount or e.source_id in back), None)
    if twin is None:
        return
    again = remedies.refund(
        order.reference,
        to_major(amount, order.currency),
        method="" if method == "stripe" else method,
        again=True,
    )
    raise DuplicateEntryError(
        f"{order.reference} has a refund of {display(amount, order.currency)} of "
        f"{written_day(twin.payment_date)} already (entry {twin.id}, {twin.method}). Nothing was "
        "done. If "
        f"another is meant, refund it as a second one.",
        remedy=again,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """How a refund that is taken from several payments stands; minor units."""

    whole: int
    done: int


def give_up_rest(uow: UnitOfWork, refused: MoneyIntent, now: datetime) -> Parts | None:
    """End the other parts of a refund of which Stripe refused one; None where it had only one.

    Else a later sync would give back what the person was told had not gone back.
    """
    parts = money_intents.of_one_refund(uow.session, refused)
    if len(parts) == 1:
        return None
    for part in parts:
        if part.finished_at is None:
            part.step, part.finished_at = "refused", now
            part.error = "Not tried, since Stripe refused another part of the same refund."
    done = sum(part.amount for part in parts if part.step == "done")
    return Parts(whole=refused.details["whole"], done=done)


def enter_refund(
    uow: UnitOfWork,
    order: PurchaseOrder,
    *,
    amount: int,
    method: str,
    reference: str,
    refund_date: date,
    note: str = "",
    credit: int = 0,
    uuid: UUID | None = None,
) -> list[int]:
    """Enter money that was sent back from the bank, by check or otherwise.

    Args:
        uow: The transaction.
        order: The purchase order, locked.
        amount: Minor units of its currency, above zero.
        method: wire, ach, check or other.
        reference: The bank's own reference.
        refund_date: When it was sent.
        note: Anything worth knowing.
        credit: How much of the customer's credit at Stripe goes with it, in minor units.
        uuid: The entry's, where its credit was taken down at Stripe already.

    Returns:
        The id of the intent that takes the credit down; empty where none goes with it.

    Raises:
        PurchaseOrderError: It is more than was paid.
    """
    sums = order.sums
    if amount <= 0:
        raise PurchaseOrderError(f"{order.reference}: A refund must be more than zero.")
    if amount > sums.paid - sums.refunded - money_intents.under_way(uow.session, order, "refund"):
        _refuse_while_begun(uow, order, amount)
        raise PurchaseOrderError(
            f"{order.reference}: A refund of {display(amount, order.currency)} is more than the "
            f"{display(sums.paid - sums.refunded, order.currency)} that is on it."
        )
    uuid = uuid or uuid4()
    movement = Movement(
        kind=EntryKind.REFUND,
        method=method,
        amount=amount,
        currency=order.currency,
        source="manual",
        source_id=str(uuid),
        reference=reference,
        payment_date=refund_date,
        note=note,
        uuid=uuid,
    )
    record(uow, order, movement, Act.REFUND)
    if not credit:
        return []
    details = {"whole": amount, "refund": str(uuid), "credit": credit}
    over = [i for i in order.invoices if i.stripe_amount_overpaid][-1]
    return [intend(uow, order, over, kind="refund", amount=amount, details=details)]


_SIGNS = {
    EntryKind.REFUND: 1,
    EntryKind.DISPUTE: 1,
    EntryKind.PAYMENT_REVERSAL: 1,
    EntryKind.REFUND_FAILED: -1,
    EntryKind.DISPUTE_REINSTATED: -1,
}


def _gone(order: PurchaseOrder, payment: LedgerEntry) -> int:
    """Return how much of a payment went back already, net of what failed or was won."""
    return sum(
        _SIGNS.get(EntryKind(entry.kind), 0) * entry.amount
        for entry in order.entries
        if entry.stripe_payment_id == payment.stripe_payment_id and entry.id != payment.id
    )


FAILED_REFUNDS = frozenset({"failed", "canceled"})
"""States of a refund whose money came back, or never left."""


def take_refund(opened: OpenConference, stripe_object: Json) -> Taken | None:
    """Enter a refund, and that it failed; None where its payment is not ours.

    The same entries stand at the end whatever of the refund was heard of first.
    """
    moves = [Move(EntryKind.REFUND, stripe_object["id"], stripe_object["created"])]
    if stripe_object.get("status") in FAILED_REFUNDS:
        failed = f"{stripe_object['id']}:failed"
        moves.append(Move(EntryKind.REFUND_FAILED, failed, _came_back(opened, stripe_object)))
    return take_moves(opened, stripe_object, moves)


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of a refund's or dispute's money, and its Unix time."""

    kind: EntryKind
    source_id: str
    at: int


def _came_back(opened: OpenConference, stripe_object: Json) -> int:
    """Return when a refund's money came back: weeks after the refund, often in another period."""
    booked = id_of(stripe_object.get("failure_balance_transaction"))
    if booked:
        with suppress(StripeNotFoundError, StripeAuthenticationError):  # a key may not see it
            return int(opened.gateway.read(f"/v1/balance_transactions/{booked}")["created"])
    return int(opened.now().timestamp())


def concerns_us(opened: OpenConference, stripe_object: Json) -> bool:
    """Tell whether the payment behind a refund or dispute is ours; asks Stripe where unsure."""
    return _payment(opened, stripe_object) is not None


def payment_ids(stripe_object: Json) -> list[str]:
    """Return the payment intent and the charge that a refund or dispute names."""
    return [
        i
        for i in (id_of(stripe_object.get("payment_intent")), id_of(stripe_object.get("charge")))
        if i
    ]


def take_moves(opened: OpenConference, stripe_object: Json, moves: list[Move]) -> Taken | None:
    """Enter the movements of a refund or dispute; None where its payment is not ours."""
    paid = _payment(opened, stripe_object)
    if paid is None:
        return None
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        order = uow.lock_purchase_order(paid.purchase_order_id)
        before = order.status
        new: list[LedgerEntry] = []
        reverses = paid.id
        mark = (stripe_object.get("metadata") or {}).get("refund_uuid")
        ordered = (r for r in money_intents.refunds_of(uow.session, order) if str(r.uuid) == mark)
        by_us = next(ordered, None)
        for move in moves:
            movement = _movement(opened, stripe_object, paid, move)
            if by_us is not None and move.kind is EntryKind.REFUND:
                note = by_us.details.get("note") or movement.note
                movement = replace(movement, note=note, entered_by=by_us.entered_by)
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
        gives_credit = customer_credit.concerned(order)
        customer = next((i.stripe_customer_id for i in order.invoices if i.stripe_customer_id), "")
    if gives_credit:
        taken.add(customer_credit.settle(opened, customer))
    return taken


def _movement(
    opened: OpenConference,
    stripe_object: Json,
    paid: LedgerEntry,
    move: Move,
) -> Movement:
    currency = stripe_object["currency"]
    return Movement(
        kind=move.kind,
        method="stripe",
        amount=minor_from_api(stripe_object["amount"], currency),
        currency=currency,
        source="stripe",
        source_id=move.source_id,
        reference=paid.reference,
        payment_date=opened.day_of(move.at),
        note=f"Stripe says: {stripe_object['reason']}" if stripe_object.get("reason") else "",
        invoice_id=paid.invoice_id,
        stripe_payment_id=paid.stripe_payment_id,
        uuid=uuid4(),
    )


def _payment(opened: OpenConference, stripe_object: Json) -> LedgerEntry | None:
    """Find the payment in the ledger, else ask Stripe which invoice it paid and take that.

    Stripe lists invoice payments by payment intent, never by charge; a charge without an intent
    that the ledger does not hold is not ours. Source: API reference, list all invoice payments.
    """
    ids = payment_ids(stripe_object)
    with opened.store.reading() as session:
        paid = ledger.payment_behind(session, opened.conference, ids)
    intent = id_of(stripe_object.get("payment_intent"))
    if paid is not None or not intent:
        return paid
    query = {"payment": {"type": "payment_intent", "payment_intent": intent}, "limit": 10}
    for row in opened.gateway.read("/v1/invoice_payments", query)["data"]:
        stripe_id = id_of(row.get("invoice"))
        with opened.store.reading() as session:
            if invoices.by_stripe_id(session, opened.conference, stripe_id) is None:
                continue
        read_at = opened.now()
        take_invoice(opened, fetch_invoice(opened.gateway, stripe_id), read_at=read_at)
    with opened.store.reading() as session:
        return ledger.payment_behind(session, opened.conference, ids)
