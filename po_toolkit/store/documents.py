"""PDFs of Stripe's that are kept with a purchase order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from po_toolkit.errors import NotFoundError
from po_toolkit.store.tables import InvoiceDocument, PurchaseOrder


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
