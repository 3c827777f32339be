"""Who delivers an invoice, and delivering it by ourselves where a portal wants a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain import remedies
from po_toolkit.domain.deliveries import refuse_unknown, way_words
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.invoicing.delivery import fetch_pdf, file_name, mail_draft, recipients
from po_toolkit.store import documents
from po_toolkit.store.columns import utc_now
from po_toolkit.store.purchase_orders import by_reference, by_references, refresh_status
from po_toolkit.store.tables import Invoice, InvoiceDocument, PurchaseOrder
from po_toolkit.store.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class Delivery:
    """An invoice ready to be delivered.

    Attributes:
        reference: Ours.
        file_name: The PDF's.
        sha256: Digest of the PDF, as it is kept.
        pdf: The PDF.
        recipients: Whom the mail draft addresses.
        mail: The mail draft (.eml) with link and PDF.
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


def deliver(opened: OpenConference, reference: str) -> Delivery:
    """Fetch the live invoice's PDF, keep it with its digest, and write a mail draft around it.

    Nothing is sent; the draft is for a person to look at and send.

    Raises:
        NotFoundError: No such purchase order.
        NotAllowedError: The actor's role is too low.
        PurchaseOrderError: It has no finalized invoice, or Stripe's file is no PDF.
        StripeUnknownError: The PDF could not be fetched; again is safe.
    """
    require(opened.actor, Act.DELIVER)
    order, live, pdf = final_pdf(opened, reference)
    digest, name = hashlib.sha256(pdf).hexdigest(), file_name(live, order)
    with opened.store.writing(opened.actor, Act.DELIVER) as uow:
        insert_if_new(
            uow.session,
            InvoiceDocument,
            {
                "conference_id": order.conference_id,
                "purchase_order_id": order.id,
                "invoice_id": live.id,
                "stripe_invoice_id": live.stripe_invoice_id,
                "file_name": name,
                "sha256": digest,
                "content": pdf,
                "fetched_by": opened.actor.name,
                "created_at": utc_now(),
            },
            [InvoiceDocument.invoice_id, InvoiceDocument.sha256],
        )
        addressed = recipients(order)
        uow.audit(Act.DELIVER, order, after={"sha256": digest, "recipients": addressed})
    mail = mail_draft(order, live, opened.conference, pdf)
    return Delivery(order.reference, name, digest, pdf, addressed, mail)


def final_pdf(opened: OpenConference, reference: str) -> tuple[PurchaseOrder, Invoice, bytes]:
    """Return a purchase order, its final invoice, and Stripe's PDF of it.

    Raises:
        NotFoundError: No such purchase order.
        PurchaseOrderError: It has no final invoice, or Stripe's file is no PDF.
        StripeUnknownError: The PDF could not be fetched; again is safe.
    """
    with opened.store.reading() as session:
        order = by_reference(session, opened.conference, reference)
    live = order.live_invoice
    if live is None or live.step != "done" or not live.stripe_invoice_id:
        raise PurchaseOrderError(
            f"{order.reference} has no finalized invoice; invoice it first.",
            remedy=remedies.invoice(opened.slug, order.reference),
        )
    return order, live, fetch_pdf(live.pdf_url, order.reference)


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

    Args:
        opened: The conference.
        references: The purchase orders; those whose invoice is final already stay as they are.
        way: ``stripe`` or ``ourselves``.

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
            way = f"is {way_words(live.delivery)}" if live else "has no invoice"
            raise PurchaseOrderError(
                f"{order.reference} {way}; only a final invoice that we deliver by ourselves can "
                f"be noted as delivered."
            )
        if live.state == "finalized":
            live.state = "sent"
            refresh_status(order)
            uow.audit(Act.DELIVERED, order, after={"delivered": True})
        return order.status
