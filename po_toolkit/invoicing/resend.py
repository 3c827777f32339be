"""Mailing an open invoice once more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.drive import step_slot
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store import invoices, stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import Invoice

Json = dict[str, Any]


def send_again(opened: OpenConference, order_id: int) -> Invoice:
    """Have Stripe mail the open invoice again.

    Each call is an email of its own, except that one whose outcome was unknown is tried again.

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
                f"{order.reference} is delivered by you, so Stripe does not email it; write the "
                f"email draft and send it.",
                remedy=remedies.deliver(order.reference),
            )
        uow.audit(Act.RESEND, order, after={"stripe_invoice_id": invoice.stripe_invoice_id})
    path = f"/v1/invoices/{invoice.stripe_invoice_id}/send"
    write = Write(
        outbox.RESEND,
        step_slot(order, invoice, outbox.RESEND.name),
        path,
        dict,
        find=lambda stored: emailed_since(opened, path, stored),
        conference_id=order.conference_id,
        purchase_order_id=order.id,
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        row = uow.session.get_one(Invoice, invoice.id)
        invoices.take_over(row, outcome.answer, opened.conference.timezone, opened.now())

    outbox.perform(opened, write, Act.RESEND, keep)
    with opened.store.reading() as session:
        return session.get_one(Invoice, invoice.id)


_CLOCKS = timedelta(minutes=5)
"""How far Stripe's clock may be from ours."""


def emailed_since(opened: OpenConference, path: str, stored: StoredWrite) -> Json | None:
    """Return the invoice where Stripe has emailed it once more than we know of, else None.

    Args:
        opened: The conference.
        path: The endpoint that sends the invoice.
        stored: The email whose outcome is in doubt.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    since = stored.stored_at - _CLOCKS
    invoice = path.removesuffix("/send")
    query = {"types": ["invoice.sent"], "created": {"gte": int(since.timestamp())}}
    sent = [
        event["data"]["object"]
        for page in opened.gateway.pages("/v1/events", query)
        for event in page
        if event["data"]["object"]["id"] == invoice.removeprefix("/v1/invoices/")
    ]
    with opened.store.reading() as session:
        known = stripe_writes.done_since(session, path, since - _CLOCKS)
    return opened.gateway.read(invoice) if len(sent) > known else None
