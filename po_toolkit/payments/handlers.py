"""What each type of Stripe event does here: one function each, in a plain registry.

An event is a bell, not the truth: the object is fetched again, so order and repetition do not
matter. Only ``invoice_payment.paid`` carries a finished payment whole and is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from po_toolkit.errors import StripeNotFoundError
from po_toolkit.payments.from_stripe import Taken, fetch_invoice, id_of, take_invoice, take_payment
from po_toolkit.payments.sync import Books
from po_toolkit.store.invoices import by_stripe_id

Json = dict[str, Any]
Handler = Callable[[Books, Json], Taken | None]


def handle(books: Books, event: Json) -> Taken | None:
    """Do what an event asks for.

    Args:
        books: The conference whose account sent it.
        event: The event, whole.

    Returns:
        What it changed, or None when it is not ours or of no type that moves anything here.

    Raises:
        StripeGatewayError: The object could not be fetched; try the event again later.
    """
    handler = HANDLERS.get(event["type"])
    return handler(books, event["data"]["object"]) if handler else None


def invoice_changed(books: Books, invoice: Json) -> Taken | None:
    """Fetch the invoice and take what it says now."""
    stripe_id = str(invoice["id"])
    if not _ours(books, stripe_id):
        return None
    read_at = books.now()
    try:
        said = fetch_invoice(books.gateway, stripe_id)
    except StripeNotFoundError:
        return None  # a draft that was deleted since: no money was ever on it
    return take_invoice(books.store, books.conference, said, read_at=read_at)


def invoice_payment_paid(books: Books, payment: Json) -> Taken | None:
    """Take a finished payment as it is."""
    if not _ours(books, id_of(payment.get("invoice"))):
        return None
    return take_payment(books.store, books.conference, payment)


def _ours(books: Books, stripe_id: str) -> bool:
    with books.store.reading() as session:
        return by_stripe_id(session, books.conference, stripe_id) is not None


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
}
