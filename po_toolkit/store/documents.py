"""Files that are kept with a purchase order: invoices as delivered, and what staff attach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from po_toolkit.errors import NotFoundError
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import InvoiceDocument, PurchaseOrder, PurchaseOrderFile
from po_toolkit.store.upsert import insert_if_new


def keep(
    uow: UnitOfWork,
    order: PurchaseOrder,
    *,
    file_name: str,
    content: bytes,
    sha256: str,
    kept_by: str,
) -> None:
    """Keep a file of the live invoice with its digest; the same content is kept once."""
    live = order.live_invoice
    if live is None:
        raise NotFoundError(f"{order.reference} has no invoice to keep a document with.")
    insert_if_new(
        uow.session,
        InvoiceDocument,
        {
            "conference_id": order.conference_id,
            "purchase_order_id": order.id,
            "invoice_id": live.id,
            "stripe_invoice_id": live.stripe_invoice_id,
            "file_name": file_name,
            "sha256": sha256,
            "content": content,
            "fetched_by": kept_by,
            "created_at": utc_now(),
        },
        [InvoiceDocument.invoice_id, InvoiceDocument.sha256],
    )


def kept_of(session: Session, order: PurchaseOrder) -> Sequence[Row[str, str, datetime, str]]:
    """Return name, digest, time and keeper of each PDF, oldest first, without the files."""
    kept = InvoiceDocument
    return session.execute(
        select(kept.file_name, kept.sha256, kept.created_at, kept.fetched_by)
        .where(kept.purchase_order_id == order.id)
        .order_by(kept.id)
    ).all()


def content(session: Session, order: PurchaseOrder, sha256: str) -> bytes:
    """Return a kept PDF.

    Raises:
        NotFoundError: None of this digest is kept with the purchase order.
    """
    kept = InvoiceDocument
    found = session.scalars(
        select(kept.content).where(kept.purchase_order_id == order.id, kept.sha256 == sha256)
    ).first()
    if found is None:
        raise NotFoundError(f"{order.reference} has no PDF with the digest {sha256}.")
    return found


def handed_over(session: Session, order: PurchaseOrder, sha256: str) -> str:
    """Return where a kept file was handed over to, or ``""``."""
    kept = InvoiceDocument
    query = select(kept.handed_over_to).where(
        kept.purchase_order_id == order.id, kept.sha256 == sha256
    )
    return session.scalar(query) or ""


def note_handed_over(
    uow: UnitOfWork, order: PurchaseOrder, sha256: str, *, to: str, now: datetime
) -> None:
    """Note that an access point took a kept file."""
    kept = InvoiceDocument
    uow.session.execute(
        update(kept)
        .where(kept.purchase_order_id == order.id, kept.sha256 == sha256)
        .values(handed_over_to=to, handed_over_at=now)
    )


def attach(
    uow: UnitOfWork, order: PurchaseOrder, *, file_name: str, content: bytes, sha256: str
) -> bool:
    """Attach a file; return whether this content was not attached before."""
    return insert_if_new(
        uow.session,
        PurchaseOrderFile,
        {
            "conference_id": order.conference_id,
            "purchase_order_id": order.id,
            "file_name": file_name,
            "sha256": sha256,
            "content": content,
            "entered_by": uow.actor.name,
            "created_at": utc_now(),
        },
        [PurchaseOrderFile.purchase_order_id, PurchaseOrderFile.sha256],
    )


def attached(session: Session, order: PurchaseOrder) -> Sequence[Row[str, str, datetime, str]]:
    """Return name, digest, time and who attached it of each file, oldest first."""
    file = PurchaseOrderFile
    return session.execute(
        select(file.file_name, file.sha256, file.created_at, file.entered_by)
        .where(file.purchase_order_id == order.id)
        .order_by(file.id)
    ).all()


def attached_content(session: Session, order: PurchaseOrder, sha256: str) -> bytes | None:
    """Return an attached file, or None."""
    file = PurchaseOrderFile
    query = select(file.content).where(file.purchase_order_id == order.id, file.sha256 == sha256)
    return session.scalars(query).first()
