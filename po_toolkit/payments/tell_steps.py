"""The calls by which Stripe is told of money, each with its body stored before its first try."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import LostLeaseError, StripeGatewayError
from po_toolkit.money import minor_to_api
from po_toolkit.payments import tell_book
from po_toolkit.payments.books import Books
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


def _report_payment(books: Books, intent: MoneyIntent, order: PurchaseOrder) -> None:
    body = _payment_body(books, intent, order)
    answer = _write(books, intent, "report", "/v1/payment_records/report_payment", body)
    advance(books, intent, step="attach", stripe_id=str(answer["id"]))


def _attach_payment(books: Books, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    if _old(books, intent) and found(books, intent):
        return
    path = f"/v1/invoices/{intent.stripe_invoice_id}/attach_payment"
    _write(books, intent, "attach", path, {"payment_record": intent.stripe_id})
    book(books, intent)
    _look_at_invoice(books, intent)


def _credit(books: Books, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    if _old(books, intent) and found(books, intent):
        return
    said = books.gateway.read(f"/v1/invoices/{intent.stripe_invoice_id}")
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
    answer = _write(books, intent, "credit", "/v1/credit_notes", body)
    book(books, intent, stripe_id=str(answer["id"]))
    _look_at_invoice(books, intent)


def _look_at_invoice(books: Books, intent: MoneyIntent) -> None:
    """Read how the invoice stands now: the answer to the write may be a replay, and old."""
    read_at = books.now()
    with suppress(StripeGatewayError):  # what was told is booked; the next sync reads the rest
        said = fetch_invoice(books.gateway, intent.stripe_invoice_id)
        take_invoice(books, said, read_at=read_at)


def _refund(books: Books, intent: MoneyIntent, order: PurchaseOrder) -> None:
    if _old(books, intent) and found(books, intent):
        return
    payment = intent.details["stripe_payment_id"]
    body = {
        "charge" if payment.startswith(("ch_", "py_")) else "payment_intent": payment,
        "amount": minor_to_api(intent.amount, intent.currency),
        "metadata": {
            "refund_uuid": str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": books.conference.slug,
        },
    }
    _refunded(books, intent, _write(books, intent, "refund", "/v1/refunds", body))


Step = Callable[[Books, MoneyIntent, PurchaseOrder], None]
STEPS: dict[tuple[str, str], Step] = {
    ("payment", "report"): _report_payment,
    ("payment", "attach"): _attach_payment,
    ("credit_note", "report"): _credit,
    ("refund", "report"): _refund,
}


def _payment_body(books: Books, intent: MoneyIntent, order: PurchaseOrder) -> Json:
    when = _instant(date.fromisoformat(intent.details["payment_date"]), books)
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
            "conference_slug": books.conference.slug,
        },
    }


def _instant(day: date, books: Books) -> int:
    """Return noon of the day where the conference is, but never what Stripe calls the future."""
    noon = datetime.combine(day, time(12), ZoneInfo(books.conference.timezone)).astimezone(UTC)
    return int(min(noon, books.now() - timedelta(minutes=1)).timestamp())


def found(books: Books, intent: MoneyIntent) -> bool:
    """Look whether Stripe did it under a key that can say nothing more; book it then."""
    if intent.kind == "payment":
        return intent.step == "attach" and _found_attached(books, intent)
    if intent.kind == "credit_note":
        query: Json = {"invoice": intent.stripe_invoice_id}
        said = _by_metadata(books, "/v1/credit_notes", query, "credit_note_uuid", intent)
        if said is not None:
            book(books, intent, stripe_id=str(said["id"]))
        return said is not None
    payment = intent.details["stripe_payment_id"]
    query = {"charge" if payment.startswith(("ch_", "py_")) else "payment_intent": payment}
    said = _by_metadata(books, "/v1/refunds", query, "refund_uuid", intent)
    if said is not None:
        _refunded(books, intent, said)
    return said is not None


def _found_attached(books: Books, intent: MoneyIntent) -> bool:
    for page in books.gateway.pages(
        "/v1/invoice_payments", {"invoice": intent.stripe_invoice_id, "status": "paid"}
    ):
        for row in page:
            if (row.get("payment") or {}).get("payment_record") == intent.stripe_id:
                book(books, intent)
                return True
    return False


def _by_metadata(
    books: Books, path: str, query: Json, name: str, intent: MoneyIntent
) -> Json | None:
    for page in books.gateway.pages(path, query):
        for row in page:
            if (row.get("metadata") or {}).get(name) == str(intent.uuid):
                return row
    return None


def _refunded(books: Books, intent: MoneyIntent, said: Json) -> None:
    take_refund(books, said, entered_by=intent.entered_by)
    with books.store.writing(actor_of(intent), Act.REFUND) as uow:
        row = row_of(uow, intent)
        row.stripe_id = str(said["id"])
        tell_book.finish(row, books.now())


def book(
    books: Books, intent: MoneyIntent, *, stripe_id: str | None = None, told: bool = True
) -> None:
    """Put into the books what an intent says, unless somebody else just did.

    Args:
        books: Whose.
        intent: A payment's or a credit note's.
        stripe_id: What Stripe made of a credit note.
        told: False where Stripe could not take it any more and only we know of it.
    """
    with books.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        order = uow.lock_purchase_order(intent.purchase_order_id)
        row = row_of(uow, intent)
        if row.finished_at is not None:
            return
        if row.kind == "credit_note":
            tell_book.book_credit_note(uow, order, row, stripe_id=stripe_id, now=books.now())
            return
        invoice = next(
            (i for i in order.invoices if i.stripe_invoice_id == row.stripe_invoice_id), None
        )
        tell_book.book_payment(
            uow,
            order,
            row,
            invoice_id=invoice.id if invoice else None,
            now=books.now(),
            told=told,
        )


def _write(books: Books, intent: MoneyIntent, step: str, path: str, body: Json) -> Json:
    """Store the call, then do it; what was stored first is what is sent, always."""
    key = f"po-money-{intent.uuid}-{step}-a{intent.attempt}"
    with books.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        stored = stripe_writes.intend(
            uow,
            key,
            path,
            body,
            conference_id=intent.conference_id,
            purchase_order_id=intent.purchase_order_id,
            now=books.now(),
        )
    answer = books.gateway.write(stored.path, stored.body, idempotency_key=key)
    with books.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        stripe_writes.finish(uow, key, str(answer["id"]), books.now())
    return answer


def advance(books: Books, intent: MoneyIntent, **changes: Any) -> None:
    """Commit changes of the intent, unless another process went on with it meanwhile.

    Raises:
        LostLeaseError: It did.
    """
    with books.store.writing(actor_of(intent), ACTS[intent.kind]) as uow:
        row = row_of(uow, intent)
        if (row.step, row.attempt) != (intent.step, intent.attempt):
            raise LostLeaseError("Another process goes on with it.")
        for name, value in changes.items():
            setattr(row, name, value)


def row_of(uow: UnitOfWork, intent: MoneyIntent) -> MoneyIntent:
    """Lock the intent's row and return it as it stands now."""
    return uow.session.get_one(MoneyIntent, intent.id, with_for_update=True, populate_existing=True)


def _old(books: Books, intent: MoneyIntent) -> bool:
    return intent.created_at < books.now() - KEYS_LAST


def actor_of(intent: MoneyIntent) -> Actor:
    """Return whoever ordered it; what the role permits was checked then."""
    return Actor(intent.entered_by, Role.TREASURER)
