"""Mailing an open invoice once more."""

from __future__ import annotations

from uuid import uuid4

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store import invoices
from po_toolkit.store.tables import Invoice


def send_again(opened: OpenConference, order_id: int) -> Invoice:
    """Have Stripe mail the open invoice again.

    Two mails are what the person asks for, so each call has a key of its own.

    Raises:
        PurchaseOrderError: There is no open invoice, or we deliver it by ourselves.
        StripeGatewayError: Stripe refused or could not be asked.
    """
    with opened.store.writing(opened.actor, Act.RESEND) as uow:
        order = uow.lock_purchase_order(order_id)
        invoice = order.live_invoice
        if invoice is None or invoice.stripe_status not in ("open", "uncollectible"):
            raise PurchaseOrderError(
                f"{order.reference} has no open invoice to send again; invoice it first."
            )
        if invoice.delivery == "ourselves":
            raise PurchaseOrderError(
                f"{order.reference} is delivered by ourselves, so Stripe does not mail it; write "
                f"the mail with: po-toolkit deliver {order.reference} --out invoice.eml."
            )
        uow.audit(Act.RESEND, order, after={"stripe_invoice_id": invoice.stripe_invoice_id})
    said = opened.gateway.write(
        f"/v1/invoices/{invoice.stripe_invoice_id}/send",
        {},
        idempotency_key=f"po-{order.uuid}-g{invoice.generation}-resend-{uuid4().hex}",
    )
    with opened.store.writing(opened.actor, Act.RESEND) as uow:
        row = uow.session.get_one(Invoice, invoice.id)
        invoices.take_over(row, said, opened.conference.timezone, opened.now())
    return row
