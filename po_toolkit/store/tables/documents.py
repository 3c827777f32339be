"""Files: invoices, kept as evidence of what was delivered, and what staff attach."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, Key, StripeId, Time
from po_toolkit.store.tables.base import Base


class InvoiceDocument(Base):
    """One file of one invoice or its credit notes; the same content is kept once."""

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
    handed_over_to: Mapped[str] = mapped_column(default="", server_default="")
    """The access point's address or directory, once it took the file."""
    handed_over_at: Mapped[Time | None]


class PurchaseOrderFile(Base):
    """A file that staff attached to a purchase order, such as the sponsor's own document."""

    __tablename__ = "purchase_order_files"
    __table_args__ = (UniqueConstraint("purchase_order_id", "sha256"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
