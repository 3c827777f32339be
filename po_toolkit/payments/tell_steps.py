"""The calls by which Stripe is told of money, each with its body stored before its first try."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import LostLeaseError, StripeGatewayError
from po_toolkit.money import minor_to_api
from po_toolkit.payments import tell_book
from po_toolkit.payments.from_stripe import fetch_invoice, take_invoice
from po_toolkit.payments.money_back import take_refund
from po_toolkit.store import stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import MoneyIntent, PurchaseOrder

Json = dict[str, Any]

KEYS_LAST = timedelta(hours=23)
"""Stripe forgets idempotency keys after a day; an older intent is looked for first."""

ACTS = {
    "payment": Act.RECORD_PAYMENT,
    "credit_note": Act.ISSUE_CREDIT_NOTE,
    "refund": Act.REFUND,
}


def _report_payment(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    body = _payment_body(opened, intent, order)
    answer = _write(opened, intent, "report", "/v1/payment_records/report_payment", body)
    advance(opened, intent, step="attach", stripe_id=str(answer["id"]))


def _attach_payment(opened: OpenConference, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    if _old(opened, intent) and found(opened, intent):
        return
    path = f"/v1/invoices/{intent.stripe_invoice_id}/attach_payment"
    _write(opened, intent, "attach", path, {"payment_record": intent.stripe_id})
    book(opened, intent)
    _look_at_invoice(opened, intent)


def _credit(opened: OpenConference, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    if _old(opened, intent) and found(opened, intent):
        return
    said = opened.gateway.read(f"/v1/invoices/{intent.stripe_invoice_id}")
    amount = minor_to_api(intent.amount, intent.currency)
    body: Json = {
        "invoice": intent.stripe_invoice_id,
        "amount": amount,
        "memo": intent.details["reason"][:500],
        "metadata": {"credit_note_uuid": str(intent.uuid)},
    }
    given_back = amount - min(amount, said["amount_remaining"])
    if given_back:
        body["out_of_band_amount"] = given_back
    answer = _write(opened, intent, "credit", "/v1/credit_notes", body)
    book(opened, intent, stripe_id=str(answer["id"]))
    _look_at_invoice(opened, intent)


def _look_at_invoice(opened: OpenConference, intent: MoneyIntent) -> None:
    """Read how the invoice stands now: the answer to the write may be a replay, and old."""
    read_at = opened.now()
    with suppress(StripeGatewayError):  # what was told is booked; the next sync reads the rest
        said = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
        take_invoice(opened, said, read_at=read_at)


def _refund(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    if _old(opened, intent) and found(opened, intent):
        return
    payment = intent.details["stripe_payment_id"]
    body = {
        "charge" if payment.startswith(("ch_", "py_")) else "payment_intent": payment,
        "amount": minor_to_api(intent.amount, intent.currency),
        "metadata": {
            "refund_uuid": str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": opened.conference.slug,
        },
    }
    _refunded(opened, intent, _write(opened, intent, "refund", "/v1/refunds", body))


Step = Callable[[OpenConference, MoneyIntent, PurchaseOrder], None]
STEPS: dict[tuple[str, str], Step] = {
    ("payment", "report"): _report_payment,
    ("payment", "attach"): _attach_payment,
    ("credit_note", "report"): _credit,
    ("refund", "report"): _refund,
}


def _payment_body(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> Json:
    when = _instant(date.fromisoformat(intent.details["payment_date"]), opened)
    method = intent.details["method"]
    name = {"wire": "Wire transfer", "ach": "ACH credit", "check": "Check"}.get(method, "Other")
    said = intent.details["reference"] or order.reference
    return {
        "amount_requested": {
            "value": minor_to_api(intent.amount, intent.currency),
            "currency": intent.currency,
        },
        "initiated_at": when,
        "outcome": "guaranteed",
        "guaranteed": {"guaranteed_at": when},
        "payment_method_details": {"type": "custom", "custom": {"display_name": name}},
        "processor_details": {"type": "custom", "custom": {"payment_reference": said[:200]}},
        "metadata": {
            "ledger_entry_uuid": str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": opened.conference.slug,
        },
    }


def _instant(day: date, opened: OpenConference) -> int:
    """Return noon of the day where the conference is, but never what Stripe calls the future."""
    noon = datetime.combine(day, time(12), ZoneInfo(opened.conference.timezone)).astimezone(UTC)
    return int(min(noon, opened.now() - timedelta(minutes=1)).timestamp())


def found(opened: OpenConference, intent: MoneyIntent) -> bool:
    """Look whether Stripe did it under a key that can say nothing more; book it then."""
    if intent.kind == "payment":
        return intent.step == "attach" and _found_attached(opened, intent)
    if intent.kind == "credit_note":
        query: Json = {"invoice": intent.stripe_invoice_id}
        said = _by_metadata(opened, "/v1/credit_notes", query, "credit_note_uuid", intent)
        if said is not None:
            book(opened, intent, stripe_id=str(said["id"]))
        return said is not None
    payment = intent.details["stripe_payment_id"]
    query = {"charge" if payment.startswith(("ch_", "py_")) else "payment_intent": payment}
    said = _by_metadata(opened, "/v1/refunds", query, "refund_uuid", intent)
    if said is not None:
        _refunded(opened, intent, said)
    return said is not None


def _found_attached(opened: OpenConference, intent: MoneyIntent) -> bool:
    for page in opened.gateway.pages(
        "/v1/invoice_payments", {"invoice": intent.stripe_invoice_id, "status": "paid"}
    ):
        for row in page:
            if (row.get("payment") or {}).get("payment_record") == intent.stripe_id:
                book(opened, intent)
                return True
    return False


def _by_metadata(
    opened: OpenConference, path: str, query: Json, name: str, intent: MoneyIntent
) -> Json | None:
    for page in opened.gateway.pages(path, query):
        for row in page:
            if (row.get("metadata") or {}).get(name) == str(intent.uuid):
                return row
    return None


def _refunded(opened: OpenConference, intent: MoneyIntent, said: Json) -> None:
    take_refund(opened, said, entered_by=intent.entered_by)
    with opened.store.writing(actor_of(intent), Act.REFUND) as uow:
        row = row_of(uow, intent)
        row.stripe_id = str(said["id"])
        tell_book.finish(row, opened.now())


def book(
    opened: OpenConference, intent: MoneyIntent, *, stripe_id: str | None = None, told: bool = True
) -> None:
    """Put into the books what an intent says, unless somebody else just did.

    Args:
        opened: Whose.
        intent: A payment's or a credit note's.
        stripe_id: What Stripe made of a credit note.
        told: False where Stripe could not take it any more and only we know of it.
    """
    with opened.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        order = uow.lock_purchase_order(intent.purchase_order_id)
        row = row_of(uow, intent)
        if row.finished_at is not None:
            return
        if row.kind == "credit_note":
            tell_book.book_credit_note(uow, order, row, stripe_id=stripe_id, now=opened.now())
            return
        invoice = next(
            (i for i in order.invoices if i.stripe_invoice_id == row.stripe_invoice_id), None
        )
        tell_book.book_payment(
            uow,
            order,
            row,
            invoice_id=invoice.id if invoice else None,
            now=opened.now(),
            told=told,
        )


def _write(opened: OpenConference, intent: MoneyIntent, step: str, path: str, body: Json) -> Json:
    """Store the call, then do it; what was stored first is what is sent, always."""
    key = f"po-money-{intent.uuid}-{step}-a{intent.attempt}"
    with opened.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        stored = stripe_writes.intend(
            uow,
            key,
            path,
            body,
            conference_id=intent.conference_id,
            purchase_order_id=intent.purchase_order_id,
            now=opened.now(),
        )
    answer = opened.gateway.write(stored.path, stored.body, idempotency_key=key)
    with opened.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        stripe_writes.finish(uow, key, str(answer["id"]), opened.now())
    return answer


def advance(opened: OpenConference, intent: MoneyIntent, **changes: Any) -> None:
    """Commit changes of the intent, unless another process went on with it meanwhile.

    Raises:
        LostLeaseError: It did.
    """
    with opened.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        row = row_of(uow, intent)
        if (row.step, row.attempt) != (intent.step, intent.attempt):
            raise LostLeaseError("Another process goes on with it.")
        for name, value in changes.items():
            setattr(row, name, value)


def row_of(uow: UnitOfWork, intent: MoneyIntent) -> MoneyIntent:
    """Lock the intent's row and return it as it stands now."""
    return uow.session.get_one(MoneyIntent, intent.id, with_for_update=True, populate_existing=True)


def _old(opened: OpenConference, intent: MoneyIntent) -> bool:
    return intent.created_at < opened.now() - KEYS_LAST


def actor_of(intent: MoneyIntent) -> Actor:
    """Return whoever ordered it; what the role permits was checked then."""
    return Actor(intent.entered_by, Role.TREASURER)
