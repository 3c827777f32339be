"""What Stripe really has, when nobody here knows for sure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from po_toolkit import outbox
from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeNotFoundError
from po_toolkit.invoicing.lease import Lease, step_slot
from po_toolkit.invoicing.plan import all_lines, line_taxes, same_lines
from po_toolkit.outbox import Write
from po_toolkit.store.stripe_writes import StoredWrite

Json = dict[str, Any]

_MARGIN = timedelta(hours=1)
"""Clocks differ; look a little further back."""


class Found(Enum):
    """What stands at Stripe for this generation."""

    NOTHING = auto()
    EMPTY_DRAFT = auto()
    FULL_DRAFT = auto()
    OTHER_DRAFT = auto()
    OPEN = auto()
    PAID = auto()
    VOID = auto()
    OTHER_LINES = auto()
    """Finalized, but not with the planned lines."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look at Stripe."""

    found: Found
    invoice: Json


NOTHING = Lookup(Found.NOTHING, {})


def look_up(lease: Lease) -> Lookup:
    """Find this generation's invoice at Stripe, by its id or by its metadata.

    Raises:
        WrongAccountError: It was sent, and the account does not know it.
        StripeGatewayError: Stripe could not be asked.
    """
    stripe_id = lease.invoice.stripe_invoice_id
    if stripe_id is None:
        stripe_id = _by_metadata(lease)
    if not stripe_id:
        return NOTHING
    try:
        invoice = lease.opened.gateway.read(f"/v1/invoices/{stripe_id}")
    except StripeNotFoundError:
        if lease.invoice.sent_at is not None:
            raise lease.opened.does_not_know(stripe_id) from None
        return NOTHING
    return compare(lease, invoice)


def compare(lease: Lease, invoice: Json) -> Lookup:
    """Compare an invoice as Stripe has it with the plan."""
    gateway = lease.opened.gateway
    if not invoice or invoice.get("deleted"):
        return NOTHING
    if invoice["status"] == "void":
        return Lookup(Found.VOID, invoice)
    lines = all_lines(gateway, invoice)
    equal = same_lines(lease.plan, lines) and agrees(lease, invoice)
    if invoice["status"] == "draft":
        draft = Found.FULL_DRAFT if equal else Found.OTHER_DRAFT
        return Lookup(draft if lines else Found.EMPTY_DRAFT, invoice)
    if not equal:
        return Lookup(Found.OTHER_LINES, invoice)
    settled = invoice["status"] in ("paid", "uncollectible")  # neither can be sent any more
    return Lookup(Found.PAID if settled else Found.OPEN, invoice)


def delete_draft(lease: Lease) -> None:
    """Delete the draft at Stripe; one that is gone already is as good.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    path = f"/v1/invoices/{lease.invoice.stripe_invoice_id}"

    def gone(_stored: StoredWrite) -> Json | None:
        with suppress(StripeNotFoundError):
            invoice = lease.opened.gateway.read(path)
            return invoice if invoice.get("deleted") else None
        return {}

    write = Write(
        outbox.DRAFT_DELETION,
        step_slot(lease.order, lease.invoice, outbox.DRAFT_DELETION.name),
        path,
        dict,
        find=gone,
        conference_id=lease.invoice.conference_id,
        purchase_order_id=lease.invoice.purchase_order_id,
    )
    outbox.perform(lease.opened, write, Act.INVOICE)


def agrees(lease: Lease, invoice: Json) -> bool:
    """Tell whether Stripe's total and currency are the purchase order's, to the minor unit.

    Where Stripe computes the tax, the sum before tax must be the planned one and all else be tax.
    """
    plan = lease.plan
    if plan.content.automatic_tax:
        on_top = line_taxes({"taxes": invoice.get("total_taxes")})[0]
        return (invoice["subtotal"], invoice["total"], invoice["currency"]) == (
            plan.api_subtotal,
            plan.api_subtotal + on_top,
            lease.order.currency,
        ) and invoice["automatic_tax"]["status"] == "complete"
    return (invoice["total"], invoice["currency"]) == (plan.api_total, lease.order.currency)


def was_sent(lease: Lease, stripe_id: str) -> bool:
    """Tell whether Stripe has sent this invoice, by its events."""
    since = _since(lease.invoice.first_tried_at or lease.opened.now())
    query = {"types": ["invoice.sent"], "created": {"gte": since}}
    return any(
        event["data"]["object"]["id"] == stripe_id
        for page in lease.opened.gateway.pages("/v1/events", query)
        for event in page
    )


def _by_metadata(lease: Lease) -> str | None:
    """Return the id of the invoice that carries this purchase order's uuid and generation."""
    invoice = lease.invoice
    query: Json = {"created": {"gte": _since(invoice.first_tried_at or lease.opened.now())}}
    customer = invoice.customer.stripe_customer_id if invoice.customer else None
    if customer:
        try:
            return _first_match(lease, {**query, "customer": customer})
        except StripeNotFoundError:
            pass  # the customer is gone; its invoices are still listed without it
    return _first_match(lease, query)


def _first_match(lease: Lease, query: Json) -> str | None:
    metadata = lease.plan.metadata()
    wanted = (metadata["purchase_order_uuid"], metadata["generation"])
    for page in lease.opened.gateway.pages("/v1/invoices", query):
        for row in page:
            has = row.get("metadata") or {}
            if (has.get("purchase_order_uuid"), has.get("generation")) == wanted:
                return str(row["id"])
    return None


def _since(time: datetime) -> int:
    return int((time - _MARGIN).timestamp())
