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
from po_toolkit.invoicing.drive import Drive, step_slot
from po_toolkit.invoicing.plan import line_taxes, same_lines
from po_toolkit.outbox import Write
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.stripe_gateway import StripeGateway

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
class Sight:
    """One look at Stripe."""

    found: Found
    invoice: Json


NOTHING = Sight(Found.NOTHING, {})


def look(drive: Drive) -> Sight:
    """Find this generation's invoice at Stripe, by its id or by its metadata."""
    stripe_id = drive.invoice.stripe_invoice_id
    if stripe_id is None:
        stripe_id = _by_metadata(drive)
    if not stripe_id:
        return NOTHING
    try:
        invoice = drive.opened.gateway.read(f"/v1/invoices/{stripe_id}")
    except StripeNotFoundError:
        return NOTHING
    return look_at(drive, invoice)


def look_at(drive: Drive, invoice: Json) -> Sight:
    """Compare an invoice as Stripe has it with the plan."""
    gateway = drive.opened.gateway
    if not invoice or invoice.get("deleted"):
        return NOTHING
    if invoice["status"] == "void":
        return Sight(Found.VOID, invoice)
    lines = all_lines(gateway, invoice)
    equal = same_lines(drive.plan, lines) and agrees(drive, invoice)
    if invoice["status"] == "draft":
        draft = Found.FULL_DRAFT if equal else Found.OTHER_DRAFT
        return Sight(draft if lines else Found.EMPTY_DRAFT, invoice)
    if not equal:
        return Sight(Found.OTHER_LINES, invoice)
    settled = invoice["status"] in ("paid", "uncollectible")  # neither can be sent any more
    return Sight(Found.PAID if settled else Found.OPEN, invoice)


def delete_draft(drive: Drive) -> None:
    """Delete the draft at Stripe; one that is gone already is as good.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    path = f"/v1/invoices/{drive.invoice.stripe_invoice_id}"

    def gone(_stored: StoredWrite) -> Json | None:
        with suppress(StripeNotFoundError):
            invoice = drive.opened.gateway.read(path)
            return invoice if invoice.get("deleted") else None
        return {}

    write = Write(
        outbox.DRAFT_DELETION,
        step_slot(drive.order, drive.invoice, outbox.DRAFT_DELETION.name),
        path,
        dict,
        find=gone,
        conference_id=drive.invoice.conference_id,
        purchase_order_id=drive.invoice.purchase_order_id,
    )
    outbox.perform(drive.opened, write, Act.INVOICE)


def agrees(drive: Drive, invoice: Json) -> bool:
    """Tell whether Stripe's total and currency are the purchase order's, to the minor unit.

    Where Stripe computes the tax, the sum before tax must be the planned one and all else be tax.
    """
    plan = drive.plan
    if plan.content.automatic_tax:
        on_top = line_taxes({"taxes": invoice.get("total_taxes")})[0]
        return (invoice["subtotal"], invoice["total"], invoice["currency"]) == (
            plan.api_subtotal,
            plan.api_subtotal + on_top,
            drive.order.currency,
        ) and invoice["automatic_tax"]["status"] == "complete"
    return (invoice["total"], invoice["currency"]) == (plan.api_total, drive.order.currency)


def all_lines(gateway: StripeGateway, invoice: Json) -> list[Json]:
    """Return every line of an invoice, fetching what its first page leaves out."""
    first = invoice.get("lines") or {}
    if first.get("data") is not None and not first.get("has_more"):
        return list(first["data"])
    path = f"/v1/invoices/{invoice['id']}/lines"
    return [line for page in gateway.pages(path) for line in page]


def was_sent(drive: Drive, stripe_id: str) -> bool:
    """Tell whether Stripe has told of sending this invoice."""
    since = _since(drive.invoice.first_tried_at or drive.opened.now())
    query = {"types": ["invoice.sent"], "created": {"gte": since}}
    return any(
        event["data"]["object"]["id"] == stripe_id
        for page in drive.opened.gateway.pages("/v1/events", query)
        for event in page
    )


def _by_metadata(drive: Drive) -> str | None:
    """Return the id of the invoice that carries this purchase order's uuid and generation."""
    invoice = drive.invoice
    query: Json = {"created": {"gte": _since(invoice.first_tried_at or drive.opened.now())}}
    customer = invoice.customer.stripe_customer_id if invoice.customer else None
    if customer:
        try:
            return _first_match(drive, {**query, "customer": customer})
        except StripeNotFoundError:
            pass  # the customer is gone; its invoices are still listed without it
    return _first_match(drive, query)


def _first_match(drive: Drive, query: Json) -> str | None:
    metadata = drive.plan.metadata()
    wanted = (metadata["purchase_order_uuid"], metadata["generation"])
    for page in drive.opened.gateway.pages("/v1/invoices", query):
        for row in page:
            has = row.get("metadata") or {}
            if (has.get("purchase_order_uuid"), has.get("generation")) == wanted:
                return str(row["id"])
    return None


def _since(time: datetime) -> int:
    return int((time - _MARGIN).timestamp())
