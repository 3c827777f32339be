"""Who delivers an invoice, and delivering it by ourselves where a portal wants a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.deliveries import links_work, refuse_unknown, way_label
from po_toolkit.domain.e_invoices import Format
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PoToolkitError, PurchaseOrderError
from po_toolkit.invoicing.delivery import fetch_pdf, file_name, mail_draft, recipients
from po_toolkit.payments.stripe_invoices import fetch_invoice, take_invoice
from po_toolkit.store import documents
from po_toolkit.store.purchase_orders import by_reference, by_references, refresh_status
from po_toolkit.store.tables import Invoice, PurchaseOrder


@dataclass(frozen=True, slots=True)
class Delivery:
    """An invoice ready to be delivered.

    Attributes:
        reference: Ours.
        file_name: The PDF's.
        sha256: Digest of the PDF, as it is kept.
        pdf: The PDF.
        recipients: Whom the email draft addresses.
        mail: The email draft (.eml) with link and PDF.
    """

    reference: str
    file_name: str
    sha256: str
    pdf: bytes
    recipients: list[str]
    mail: bytes

    def as_json(self) -> dict[str, Any]:
        """Return what was kept, without the files."""
        return {
            "reference": self.reference,
            "file_name": self.file_name,
            "sha256": self.sha256,
            "bytes": len(self.pdf),
            "recipients": self.recipients,
        }


def deliver(
    opened: OpenConference, reference: str, e_invoice_format: Format | None = None
) -> Delivery:
    """Fetch the live invoice's PDF, keep it with its digest, and write an email draft around it.

    Nothing is sent; the draft is for a person to look at and send. An e-invoice's format attaches
    it too; ``facturx`` takes the place of Stripe's PDF.

    Raises:
        EInvoiceError: The e-invoice lacks something; it names each rule and the field to fill.
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        PurchaseOrderError: It has no finalized invoice, or Stripe's file is no PDF.
        StripeUnknownError: The PDF could not be fetched; again is safe.
    """
    require(opened.actor, Act.DELIVER)
    made = None
    if e_invoice_format:
        from po_toolkit.api.e_invoices import e_invoice

        made = e_invoice(opened, reference, e_invoice_format)
    order, live, pdf = final_pdf(opened, reference)
    if made is not None and made.format == "facturx":
        pdf = made.content
    digest, name = hashlib.sha256(pdf).hexdigest(), file_name(live, order)
    with opened.store.writing(opened.actor, Act.DELIVER) as uow:
        documents.keep(
            uow,
            order,
            file_name=name,
            content=pdf,
            sha256=digest,
            kept_by=opened.actor.name,
        )
        addressed = recipients(order)
        uow.audit(Act.DELIVER, order, after={"sha256": digest, "recipients": addressed})
    xml = (made.name, made.content) if made and made.format != "facturx" else None
    mail = mail_draft(order, live, opened.conference, pdf, e_invoice=xml)
    return Delivery(order.reference, name, digest, pdf, addressed, mail)


def final_pdf(opened: OpenConference, reference: str) -> tuple[PurchaseOrder, Invoice, bytes]:
    """Return a purchase order, its final invoice, and Stripe's PDF of it.

    Stripe's links expire, so the invoice is read again first.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no final invoice, or Stripe's file is no PDF.
        StripeUnknownError: The PDF could not be fetched; again is safe.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    order = with_fresh_links(opened, order)
    live = order.live_invoice
    if live is None or live.step != "done" or not live.stripe_invoice_id:
        raise PurchaseOrderError(
            f"{order.reference} has no finalized invoice; invoice it first.",
            remedy=remedies.invoice(opened.slug, order.reference),
        )
    return order, live, fetch_pdf(live.pdf_url, order.reference)


def with_fresh_links(opened: OpenConference, order: PurchaseOrder) -> PurchaseOrder:
    """Read a final invoice again, and return the purchase order with links that work.

    Raises:
        StripeGatewayError: Stripe could not be asked.
        PurchaseOrderError: What Stripe says of the invoice cannot be booked.
    """
    live = order.live_invoice
    if live is None or live.step != "done" or not live.stripe_invoice_id:
        return order
    read_at = opened.now()
    take_invoice(opened, fetch_invoice(opened.gateway, live.stripe_invoice_id), read_at=read_at)
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, order.reference)


def refresh_old_links(opened: OpenConference, order: PurchaseOrder) -> PurchaseOrder:
    """Return the purchase order with links that work, or with none where Stripe cannot be asked."""
    live = order.live_invoice
    if live is None or not live.hosted_url or links_work(live.stripe_read_at, opened.now()):
        return order
    if opened.settings.mode != "none":
        with suppress(PoToolkitError):
            return with_fresh_links(opened, order)
    live.hosted_url = live.pdf_url = ""
    return order


@dataclass(frozen=True, slots=True)
class Kept:
    """A PDF of Stripe's that is kept with a purchase order.

    Attributes:
        file_name: As it was called in the mail.
        sha256: Digest of the PDF.
        kept_at: When it was fetched.
        kept_by: Who fetched it.
    """

    file_name: str
    sha256: str
    kept_at: datetime
    kept_by: str


def kept_documents(opened: OpenConference, reference: str) -> list[Kept]:
    """Return which PDFs are kept with a purchase order, oldest first.

    Raises:
        NotFoundError: No such purchase order.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
        rows = documents.kept_of(session, order)
    return [Kept(*row) for row in rows]


def kept_pdf(opened: OpenConference, reference: str, sha256: str) -> bytes:
    """Return a PDF that is kept with a purchase order, as Stripe gave it then.

    Raises:
        NotFoundError: None of this digest is kept there.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
        return documents.content(session, order, sha256)


def choose_delivery(opened: OpenConference, references: Iterable[str], way: str) -> int:
    """Set who delivers the invoices of purchase orders that have none out yet.

    Those whose invoice is final already stay as they are. The way is ``stripe`` or ``ourselves``.

    Returns:
        How many were changed.

    Raises:
        NotAllowedError: The actor's role is too low.
        PurchaseOrderError: There is no such way.
    """
    require(opened.actor, Act.AMEND)
    refuse_unknown(way)
    with opened.store.reading() as session:
        orders = by_references(session, opened.conference, references)
    changed = 0
    for order in orders:
        live = order.live_invoice
        if order.delivery == way or (live is not None and live.step == "done"):
            continue
        with opened.store.writing(opened.actor, Act.AMEND) as uow:
            row = uow.lock_purchase_order(order.id)
            before, row.delivery = row.delivery, way
            uow.audit(Act.AMEND, row, before={"delivery": before}, after={"delivery": way})
        changed += 1
    return changed


def mark_delivered(opened: OpenConference, reference: str) -> str:
    """Note that a person has delivered the invoice; return the purchase order's status.

    Repeated, it changes nothing.

    Raises:
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        PurchaseOrderError: It has no final invoice, or Stripe mails it.
    """
    require(opened.actor, Act.DELIVERED)
    with opened.store.reading() as session:
        found = by_reference(session, opened.conference, reference)
    with opened.store.writing(opened.actor, Act.DELIVERED) as uow:
        order = uow.lock_purchase_order(found.id)
        live = order.live_invoice
        if live is None or live.step != "done" or live.delivery != "ourselves":
            way = f"is {way_label(live.delivery)}" if live else "has no invoice"
            raise PurchaseOrderError(
                f"{order.reference} {way}; only a finalized invoice that you deliver yourself can "
                f"be marked as delivered."
            )
        if live.state == "finalized":
            live.state = "sent"
            refresh_status(order)
            uow.audit(Act.DELIVERED, order, after={"delivered": True})
        return order.status
