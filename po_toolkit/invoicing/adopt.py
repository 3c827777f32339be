"""Taking an invoice that was sent by hand as a purchase order's own."""

from __future__ import annotations

from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    InvoiceMismatchError,
    NotFoundError,
    PurchaseOrderError,
    StripeNotFoundError,
)
from po_toolkit.money import display, minor_from_api
from po_toolkit.store import invoices
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import Invoice, PurchaseOrder

Json = dict[str, Any]


def adopt(opened: OpenConference, order_id: int, stripe_id: str) -> Invoice:
    """Take a Stripe invoice as this purchase order's, instead of billing again.

    Args:
        opened: The conference's account.
        order_id: The purchase order.
        stripe_id: Stripe's invoice, ``in_…``.

    Raises:
        NotFoundError: The account has no such invoice.
        InvoiceMismatchError: Its total or currency is not the purchase order's.
        PurchaseOrderError: One of the two is taken already, cancelled, void or still a draft.
        StripeGatewayError: Stripe could not be asked.
    """
    try:
        said = opened.gateway.read(f"/v1/invoices/{stripe_id}")
    except StripeNotFoundError:
        raise NotFoundError(
            f"The Stripe account of {opened.conference.slug} has no invoice {stripe_id}; "
            f"copy its id (in_…) from the Stripe dashboard."
        ) from None
    with opened.store.writing(opened.actor, Act.ADOPT) as uow:
        order = uow.lock_purchase_order(order_id)
        other = invoices.by_stripe_id(uow.session, opened.conference, stripe_id)
        if other is not None and other.purchase_order_id == order.id:
            return other
        _refuse(order, other, said)
        invoice = Invoice(
            conference_id=order.conference_id,
            purchase_order_id=order.id,
            generation=max((i.generation for i in order.invoices), default=0) + 1,
            state="paid" if said["status"] == "paid" else "adopted",
            step="done",
            adopted=True,
            currency=order.currency,
            stripe_invoice_id=stripe_id,
            sent_at=opened.now(),
        )
        order.invoices.append(invoice)
        order.claimed_invoice_id = ""
        invoices.take_over(invoice, said, opened.conference.timezone, opened.now())
        refresh_status(order)
        uow.audit(Act.ADOPT, order, after={"stripe_invoice_id": stripe_id})
    return invoice


def _refuse(order: PurchaseOrder, other: Invoice | None, said: Json) -> None:
    """Refuse an invoice that cannot be this purchase order's."""
    ref, stripe_id = order.reference, said["id"]
    owner = (said.get("metadata") or {}).get("purchase_order_uuid") or str(order.uuid)
    if other is not None or owner != str(order.uuid):
        raise PurchaseOrderError(
            f"{ref}: invoice {stripe_id} belongs to another purchase order already."
        )
    if order.live_invoice is not None:
        raise PurchaseOrderError(
            f"{ref} has invoice {order.live_invoice.stripe_invoice_id or 'in preparation'} "
            f"already; a purchase order has one live invoice."
        )
    if order.cancelled_at is not None:
        raise PurchaseOrderError(f"{ref} is cancelled; it takes no invoice.")
    if said["status"] not in ("open", "paid", "uncollectible"):
        raise PurchaseOrderError(
            f"{ref}: invoice {stripe_id} is {said['status']} at Stripe; only one that was sent "
            f"can be adopted."
        )
    total = minor_from_api(said["total"], said["currency"])
    if (total, said["currency"]) != (order.sums.total, order.currency):
        raise InvoiceMismatchError(
            f"{ref}: invoice {stripe_id} is {display(total, said['currency'])}, the purchase "
            f"order is {display(order.sums.total, order.currency)}. Total and currency must "
            f"agree; mend the spreadsheet, or name the right invoice."
        )
