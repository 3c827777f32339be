"""What each type of Stripe event does here: one function each, in a plain registry.

Webhook and sync call the same functions. An event is a bell, not the truth: the object is fetched
again, so order and repetition do not matter. Only ``invoice_payment.paid`` in our API version
carries a finished payment whole and is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import StripeNotFoundError
from po_toolkit.payments import customer_credit
from po_toolkit.payments.credit_notes import take_credit_note
from po_toolkit.payments.disputes import take_dispute
from po_toolkit.payments.ledger import Taken
from po_toolkit.payments.payouts import take_payout
from po_toolkit.payments.refunds import concerns_us, take_refund
from po_toolkit.payments.stripe_invoices import (
    fetch_invoice,
    take_invoice,
    take_payment,
    take_strays,
)
from po_toolkit.store.invoices import by_stripe_id, id_of, undelivered
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.stripe_only import with_money
from po_toolkit.stripe_gateway.client import API_VERSION

Json = dict[str, Any]
Handler = Callable[[OpenConference, Json], Taken | None]


def handle(opened: OpenConference, events: Sequence[Json]) -> Taken | None:
    """Do what several events of one object ask for: the newest that we handle does for all.

    The events are whole, oldest first.

    Returns:
        What changed, or None when it is not ours or of no type that moves anything here.

    Raises:
        StripeGatewayError: The object could not be fetched; try the events again later.
        PurchaseOrderError: What it says cannot be booked; a person must look.
    """
    take_mailed(opened, events)
    handled = [event for event in events if event["type"] in HANDLERS]
    return HANDLERS[handled[-1]["type"]](opened, handled[-1]) if handled else None


def carries_payment(event: Json) -> bool:
    """Tell whether an event holds a finished payment in the shape of our API version.

    Events have the shape of the account's version when they were made. Source: API reference,
    list all events.
    """
    return event["type"] == "invoice_payment.paid" and event.get("api_version") == API_VERSION


def take_mailed(opened: OpenConference, events: Iterable[Json]) -> None:
    """Note which invoices that we were to deliver yourself Stripe has mailed after all.

    Nothing but this event tells it.
    """
    mailed = [e["data"]["object"]["id"] for e in events if e["type"] == "invoice.sent"]
    if not mailed:
        return
    with opened.store.reading() as session:
        waiting = undelivered(session, opened.conference, mailed)
    for order_id in sorted(waiting):
        with opened.store.writing(STRIPE, Act.SYNC) as uow:
            order = uow.lock_purchase_order(order_id)
            for invoice in order.invoices:
                if invoice.stripe_invoice_id in mailed and invoice.state == "finalized":
                    invoice.state = "sent"
            refresh_status(order)


def invoice_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the invoice and take what it says now; note it where it is nobody's."""
    invoice = event["data"]["object"]
    stripe_id = str(invoice["id"])
    with opened.store.reading() as session:
        ours = by_stripe_id(session, opened.conference, stripe_id)
    if ours is None:
        if invoice.get("status") == "draft":
            return None  # most often one of ours that is being made
        take_strays(opened.store, opened.conference, [invoice], read_at=_happened(opened, event))
        return None
    read_at = opened.now()
    try:
        stripe_object = fetch_invoice(opened.gateway, stripe_id)
    except StripeNotFoundError:
        if ours.sent_at is not None:
            raise opened.does_not_know(stripe_id) from None
        return Taken()  # a draft that was deleted since; its worker sees to it
    return take_invoice(opened, stripe_object, read_at=read_at)


def invoice_payment_paid(opened: OpenConference, event: Json) -> Taken | None:
    """Take a finished payment as it is, or as Stripe says it now where the shape is another."""
    payment = event["data"]["object"]
    if not carries_payment(event):
        if not _ours(opened, id_of(payment["invoice"])):
            return None
        payment = opened.gateway.read(f"/v1/invoice_payments/{payment['id']}")
        if payment["status"] != "paid":
            return Taken()
    return take_payment(opened, payment)


def refund_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the refund and take what it says now."""
    return _refund_or_dispute(opened, event, "/v1/refunds", take_refund)


def dispute_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the dispute and take what it says now."""
    return _refund_or_dispute(opened, event, "/v1/disputes", take_dispute)


def _refund_or_dispute(
    opened: OpenConference,
    event: Json,
    path: str,
    take: Callable[[OpenConference, Json], Taken | None],
) -> Taken | None:
    """Fetch what a refund or dispute is now, unless its payment is not ours.

    In an earlier version it may not name its payment intent; then it is fetched to tell.
    """
    sent = event["data"]["object"]
    if event.get("api_version") == API_VERSION and not concerns_us(opened, sent):
        return None
    now = opened.gateway.read(f"{path}/{sent['id']}")
    return take(opened, now) if concerns_us(opened, now) else None


def credit_note_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the credit note and take what it says now."""
    note = event["data"]["object"]
    if not _ours(opened, id_of(note["invoice"])):
        return None
    return take_credit_note(opened, opened.gateway.read(f"/v1/credit_notes/{note['id']}"))


def customer_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch a customer whose money lies at Stripe without paying an invoice, and note it.

    An event never holds the credit in a second currency, which comes only when expanded; so every
    customer is fetched of whom more may have changed than name and address.
    """
    customer = event["data"]["object"]
    changed = (event["data"].get("previous_attributes") or {}).keys()
    with opened.store.reading() as session:
        known = customer["id"] in with_money(session, opened.conference)
    if known or customer_credit.says_money(customer) or not changed or changed - _NOT_MONEY:
        return note_money(opened, customer["id"])
    return Taken()


_NOT_MONEY = frozenset(
    "address description discount email invoice_prefix invoice_settings metadata name "
    "next_invoice_sequence phone preferred_locales shipping tax tax_exempt".split()
)
"""What of a customer can change without any money."""


def customer_cash_moved(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the customer and note what waits in its cash balance now."""
    return note_money(opened, id_of(event["data"]["object"]["customer"]))


def note_money(opened: OpenConference, customer_id: str) -> Taken:
    """Fetch a customer, note what lies at Stripe of its money, and see what was used elsewhere."""
    read_at = opened.now()
    query = {"expand": list(customer_credit.MONEY_FIELDS)}
    stripe_object = opened.gateway.read(f"/v1/customers/{customer_id}", query)
    if stripe_object.get("deleted"):
        return Taken()
    customer_credit.take_customer(opened.store, opened.conference, stripe_object, read_at=read_at)
    return customer_credit.settle_elsewhere(opened, stripe_object)


def payout_changed(opened: OpenConference, event: Json) -> Taken | None:
    """Fetch the payout and keep what it says now."""
    payout_id = event["data"]["object"]["id"]
    take_payout(opened, opened.gateway.read(f"/v1/payouts/{payout_id}"))
    return Taken()


def _ours(opened: OpenConference, stripe_id: str) -> bool:
    with opened.store.reading() as session:
        return by_stripe_id(session, opened.conference, stripe_id) is not None


def _happened(opened: OpenConference, event: Json) -> datetime:
    """Return when an event was made: the end of its second, since Stripe tells no finer."""
    created = event.get("created")
    return datetime.fromtimestamp(created + 1, UTC) if created else opened.now()


HANDLERS: dict[str, Handler] = {
    "invoice.finalized": invoice_changed,
    "invoice.sent": invoice_changed,
    "invoice.updated": invoice_changed,
    "invoice.paid": invoice_changed,
    "invoice.payment_succeeded": invoice_changed,
    "invoice.payment_failed": invoice_changed,
    "invoice.overpaid": invoice_changed,
    "invoice.voided": invoice_changed,
    "invoice.marked_uncollectible": invoice_changed,
    "invoice_payment.paid": invoice_payment_paid,
    "refund.created": refund_changed,
    "refund.updated": refund_changed,
    "refund.failed": refund_changed,
    "charge.dispute.created": dispute_changed,
    "charge.dispute.updated": dispute_changed,
    "charge.dispute.closed": dispute_changed,
    "charge.dispute.funds_withdrawn": dispute_changed,
    "charge.dispute.funds_reinstated": dispute_changed,
    "credit_note.created": credit_note_changed,
    "credit_note.updated": credit_note_changed,
    "credit_note.voided": credit_note_changed,
    "customer.updated": customer_changed,
    "customer_cash_balance_transaction.created": customer_cash_moved,
    "payout.created": payout_changed,
    "payout.updated": payout_changed,
    "payout.paid": payout_changed,
    "payout.failed": payout_changed,
    "payout.canceled": payout_changed,
}
"""Every type that moves an invoice, a payment, a refund, a dispute, a credit note or a payout."""

LISTENED = (
    "invoice.finalized",
    "invoice.updated",
    "invoice.paid",
    "invoice.overpaid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice_payment.paid",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "credit_note.created",
    "credit_note.voided",
    "customer.updated",
    "customer_cash_balance_transaction.created",
)
"""The types that a sync reads: enough to hear of every change. Stripe takes at most 20 in one list.
Payouts are read apart, with their balance transactions.

Endpoints registered at Stripe may send all of ``HANDLERS``.
"""
