"""The calls by which Stripe is told of money, each with its body stored before its first try."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.domain.states import IntentKind, IntentStep
from po_toolkit.errors import StripeGatewayError
from po_toolkit.money import minor_to_api
from po_toolkit.outbox import Kind, Outcome, Write
from po_toolkit.payments import tell_book
from po_toolkit.payments.from_stripe import fetch_invoice, take_invoice
from po_toolkit.payments.money_back import take_refund
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import MoneyIntent, PurchaseOrder

Json = dict[str, Any]

ACTS = {
    IntentKind.PAYMENT: Act.RECORD_PAYMENT,
    IntentKind.CREDIT_NOTE: Act.ISSUE_CREDIT_NOTE,
    IntentKind.REFUND: Act.REFUND,
}


def _report_payment(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    write = _write(
        intent,
        outbox.PAYMENT_RECORD,
        "report",
        "/v1/payment_records/report_payment",
        lambda: _payment_body(opened, intent, order),
        find=lambda: None,  # records cannot be listed, and only an attached one counts anywhere
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        row = row_of(uow, intent)
        if row.step == "report":
            row.step, row.stripe_id = "attach", outcome.answer["id"]

    _perform(opened, intent, write, keep)


def _attach_payment(opened: OpenConference, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    write = _write(
        intent,
        outbox.PAYMENT_ATTACHMENT,
        "attach",
        f"/v1/invoices/{intent.stripe_invoice_id}/attach_payment",
        lambda: {"payment_record": intent.stripe_id},
        find=lambda: _attached(opened, intent),
    )
    _perform(opened, intent, write, lambda uow, _: book(opened, uow, intent))
    _look_at_invoice(opened, intent)


def _credit(opened: OpenConference, intent: MoneyIntent, _order: PurchaseOrder) -> None:
    invoice = opened.gateway.read(f"/v1/invoices/{intent.stripe_invoice_id}")
    amount = minor_to_api(intent.amount, intent.currency)
    body: Json = {
        "invoice": intent.stripe_invoice_id,
        "amount": amount,
        "memo": intent.details["reason"][:500],
        "metadata": {"credit_note_uuid": str(intent.uuid)},
    }
    given_back = amount - min(amount, invoice["amount_remaining"])
    if given_back:
        body["out_of_band_amount"] = given_back
    query: Json = {"invoice": intent.stripe_invoice_id}
    path, mark = "/v1/credit_notes", "credit_note_uuid"
    write = _write(
        intent,
        outbox.CREDIT_NOTE,
        "credit",
        path,
        lambda: body,
        find=lambda: _by_metadata(opened, path, query, mark, intent),
    )
    _perform(
        opened,
        intent,
        write,
        lambda uow, outcome: book(opened, uow, intent, stripe_id=outcome.answer["id"]),
    )
    _look_at_invoice(opened, intent)


def _look_at_invoice(opened: OpenConference, intent: MoneyIntent) -> None:
    """Read how the invoice stands now: the answer to the write may be a replay, and old."""
    read_at = opened.now()
    with suppress(StripeGatewayError):  # what was told is booked; the next sync reads the rest
        said = fetch_invoice(opened.gateway, intent.stripe_invoice_id)
        take_invoice(opened, said, read_at=read_at)


def _refund(opened: OpenConference, intent: MoneyIntent, order: PurchaseOrder) -> None:
    payment = intent.details["stripe_payment_id"]
    paid_by = {"charge" if payment.startswith(("ch_", "py_")) else "payment_intent": payment}
    body = {
        **paid_by,
        "amount": minor_to_api(intent.amount, intent.currency),
        "metadata": {
            "refund_uuid": str(intent.uuid),
            "purchase_order_ref": order.reference,
            "conference_slug": opened.conference.slug,
        },
    }
    write = _write(
        intent,
        outbox.REFUND,
        "refund",
        "/v1/refunds",
        lambda: body,
        find=lambda: _by_metadata(opened, "/v1/refunds", paid_by, "refund_uuid", intent),
    )
    refund = _perform(opened, intent, write).answer
    take_refund(opened, refund, entered_by=intent.entered_by)
    with opened.store.writing(actor_of(intent), Act.REFUND) as uow:
        row = row_of(uow, intent)
        row.stripe_id = str(refund["id"])
        tell_book.finish(row, opened.now())


Step = Callable[[OpenConference, MoneyIntent, PurchaseOrder], None]
STEPS: dict[tuple[IntentKind, IntentStep], Step] = {
    (IntentKind.PAYMENT, IntentStep.REPORT): _report_payment,
    (IntentKind.PAYMENT, IntentStep.ATTACH): _attach_payment,
    (IntentKind.CREDIT_NOTE, IntentStep.REPORT): _credit,
    (IntentKind.REFUND, IntentStep.REPORT): _refund,
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


def _attached(opened: OpenConference, intent: MoneyIntent) -> Json | None:
    """Return the payment of the invoice that carries the intent's record, if it is attached."""
    query = {"invoice": intent.stripe_invoice_id, "status": "paid"}
    return next(
        (
            row
            for page in opened.gateway.pages("/v1/invoice_payments", query)
            for row in page
            if (row.get("payment") or {}).get("payment_record") == intent.stripe_id
        ),
        None,
    )


def _by_metadata(
    opened: OpenConference, path: str, query: Json, name: str, intent: MoneyIntent
) -> Json | None:
    for page in opened.gateway.pages(path, query):
        for row in page:
            if (row.get("metadata") or {}).get(name) == str(intent.uuid):
                return row
    return None


def book(
    opened: OpenConference,
    uow: UnitOfWork,
    intent: MoneyIntent,
    *,
    stripe_id: str | None = None,
    told: bool = True,
) -> None:
    """Put into the books what an intent says, unless somebody else just did.

    Args:
        opened: Whose.
        uow: The transaction.
        intent: A payment's or a credit note's.
        stripe_id: What Stripe made of a credit note.
        told: False where Stripe could not take it any more and only we know of it.
    """
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


def _write(
    intent: MoneyIntent,
    kind: Kind,
    step: str,
    path: str,
    body: Callable[[], Json],
    *,
    find: Callable[[], Json | None],
) -> Write:
    return Write(
        kind,
        f"po-money-{intent.uuid}-{step}",
        path,
        body,
        find=lambda _stored: find(),
        conference_id=intent.conference_id,
        purchase_order_id=intent.purchase_order_id,
    )


def _perform(
    opened: OpenConference,
    intent: MoneyIntent,
    write: Write,
    keep: Callable[[UnitOfWork, Outcome], None] = lambda _uow, _outcome: None,
) -> Outcome:
    """Do it in the name of whoever ordered it."""
    theirs = opened.acting_as(actor_of(intent))
    return outbox.perform(theirs, write, ACTS[IntentKind(intent.kind)], keep)


def row_of(uow: UnitOfWork, intent: MoneyIntent) -> MoneyIntent:
    """Lock the intent's row and return it as it stands now."""
    return uow.session.get_one(MoneyIntent, intent.id, with_for_update=True, populate_existing=True)


def actor_of(intent: MoneyIntent) -> Actor:
    """Return whoever ordered it; what the role permits was checked then."""
    return Actor(intent.entered_by, Role.TREASURER)
