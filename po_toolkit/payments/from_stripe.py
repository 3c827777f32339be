"""What Stripe says of an invoice and its payments, into the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.money import minor_from_api
from po_toolkit.payments.record import Movement, record
from po_toolkit.store import invoices
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one invoice's news changed here."""

    payments: int = 0
    status_changed: bool = False


def fetch_invoice(gateway: StripeGateway, stripe_id: str) -> Json:
    """Fetch an invoice with every one of its payments.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    said = gateway.read(f"/v1/invoices/{stripe_id}", {"expand": ["payments"]})
    return with_all_payments(gateway, said)


def with_all_payments(gateway: StripeGateway, said: Json) -> Json:
    """Complete an invoice's payments where the answer left some out."""
    listed = said.get("payments")
    if listed is None and not said.get("amount_paid"):
        return {**said, "payments": {"data": [], "has_more": False}}
    if listed is not None and not listed.get("has_more"):
        return said
    rows = [
        row
        for page in gateway.pages("/v1/invoice_payments", {"invoice": said["id"]})
        for row in page
    ]
    return {**said, "payments": {"data": rows, "has_more": False}}


def take_invoice(store: Store, conference: Conference, said: Json, *, read_at: datetime) -> Taken:
    """Enter an invoice's payments that are new, and what Stripe says of the invoice now.

    Args:
        store: The database.
        conference: Whose account said it.
        said: The invoice with its payments.
        read_at: When it was asked for; an older answer does not undo a newer one.

    Raises:
        PurchaseOrderError: A payment is in another currency than the purchase order.
    """
    with store.writing(STRIPE, Act.SYNC) as uow:
        found = invoices.by_stripe_id(uow.session, conference, said["id"])
        if found is None:
            return Taken()
        order = uow.lock_purchase_order(found.purchase_order_id)
        invoice = next(i for i in order.invoices if i.id == found.id)
        before = order.status
        new = sum(
            _take_payment(uow, order, invoice, payment, conference)
            for payment in said["payments"]["data"]
        )
        if invoice.stripe_read_at is None or invoice.stripe_read_at <= read_at:
            invoices.take_over(invoice, said, conference.timezone, read_at)
            _follow_status(invoice, said["status"])
        refresh_status(order)
        return Taken(payments=new, status_changed=order.status != before)


def take_payment(store: Store, conference: Conference, payment: Json) -> Taken:
    """Enter one finished InvoicePayment, which carries all that the ledger needs."""
    stripe_id = id_of(payment.get("invoice"))
    with store.writing(STRIPE, Act.SYNC) as uow:
        found = invoices.by_stripe_id(uow.session, conference, stripe_id)
        if found is None:
            return Taken()
        order = uow.lock_purchase_order(found.purchase_order_id)
        invoice = next(i for i in order.invoices if i.id == found.id)
        before = order.status
        new = _take_payment(uow, order, invoice, payment, conference)
        return Taken(payments=int(new), status_changed=order.status != before)


def settled(payments: Iterable[Json]) -> list[Json]:
    """Return the payments whose money has come."""
    return [p for p in payments if p.get("status") == "paid" and p.get("amount_paid")]


def id_of(reference: Any) -> str:
    """Return the id of an object that Stripe gave whole or by its id."""
    return str(reference["id"] if isinstance(reference, dict) else reference or "")


def _take_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    invoice: Invoice,
    payment: Json,
    conference: Conference,
) -> bool:
    if not settled([payment]):
        return False
    details = payment.get("payment") or {}
    ours = id_of(details.get("payment_record"))
    if ours and any(entry.stripe_payment_record_id == ours for entry in order.entries):
        return False
    paid_at = (payment.get("status_transitions") or {}).get("paid_at") or payment["created"]
    day = datetime.fromtimestamp(paid_at, UTC).astimezone(ZoneInfo(conference.timezone)).date()
    currency = payment["currency"]
    return record(
        uow,
        order,
        Movement(
            kind=EntryKind.PAYMENT,
            method="other" if details.get("type") == "payment_record" else "stripe",
            amount=minor_from_api(payment["amount_paid"], currency),
            currency=currency,
            source="stripe",
            source_id=payment["id"],
            reference=invoice.stripe_invoice_id or "",
            payment_date=day,
            note=f"Auto-synced from Stripe invoice {invoice.stripe_invoice_id}",
            invoice_id=invoice.id,
        ),
        Act.SYNC,
    )


_STATE_OF = {"open": "sent", "uncollectible": "sent", "paid": "paid", "void": "void"}


def _follow_status(invoice: Invoice, status: str) -> None:
    """Let the state follow Stripe's, once its driver has finished with it."""
    if invoice.step != "done" or status not in _STATE_OF:
        return
    state = _STATE_OF[status]
    invoice.state = "adopted" if invoice.adopted and state == "sent" else state
