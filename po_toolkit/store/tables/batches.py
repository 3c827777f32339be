"""Batches of purchase orders to be invoiced, and how each of them stands."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import BatchItemState, BatchState
from po_toolkit.store.columns import CreatedAt, Key, LongText, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class InvoiceBatch(Base):
    """Purchase orders that a person asked to invoice in one go."""

    __tablename__ = "invoice_batches"
    __table_args__ = (known("state", BatchState),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="running", index=True)
    """running, paused, cancelled or done."""
    send: Mapped[bool] = mapped_column(default=True)
    error: Mapped[LongText] = mapped_column(default="")
    """Why it paused by itself."""
    entered_by: Mapped[str]
    customers_found_at: Mapped[Time | None]
    """When the sponsors were looked for at Stripe, all in one go."""
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[Time | None]


class InvoiceBatchItem(Base):
    """One purchase order of a batch."""

    __tablename__ = "invoice_batch_items"
    __table_args__ = (
        known("state", BatchItemState),
        Index("ix_invoice_batch_items_state", "state", "batch_id"),
    )

    id: Mapped[Key]
    batch_id: Mapped[int] = mapped_column(ForeignKey("invoice_batches.id"), index=True)
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    """waiting, queued, invoiced, skipped, failed or cancelled."""
    round: Mapped[int] = mapped_column(default=0)
    """How often it was queued; work of an earlier round is void."""
    queued_at: Mapped[Time | None]
    not_before: Mapped[Time | None]
    finished_at: Mapped[Time | None]
    stripe_invoice_id: Mapped[StripeId] = mapped_column(default="")
    hosted_url: Mapped[LongText] = mapped_column(default="")
    error: Mapped[LongText] = mapped_column(default="")
