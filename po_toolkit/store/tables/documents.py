"""PDFs of invoices as Stripe made them, kept as evidence of what was delivered."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, Key, StripeId
from po_toolkit.store.tables.base import Base


class InvoiceDocument(Base):
    """One PDF of one invoice; the same content is kept once."""

    __tablename__ = "invoice_documents"
    __table_args__ = (UniqueConstraint("invoice_id", "sha256"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    stripe_invoice_id: Mapped[StripeId]
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_by: Mapped[str]
    created_at: Mapped[CreatedAt]
