"""Background work: jobs that wait or run, and the batches that many of them belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import BatchState, JobState
from po_toolkit.store.columns import CreatedAt, Key, LongText, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class InvoiceBatch(Base):
    """Purchase orders that a person asked to invoice in one go."""

    __tablename__ = "invoice_batches"
    __table_args__ = (known("state", BatchState),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default=BatchState.RUNNING.value, index=True)
    """A ``BatchState``."""
    send: Mapped[bool] = mapped_column(default=True)
    error: Mapped[LongText] = mapped_column(default="")
    """Why the worker paused it."""
    entered_by: Mapped[str]
    customers_found_at: Mapped[Time | None]
    """When the sponsors were looked up at Stripe, all in one go."""
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[Time | None]


_ACTIVE = text("state IN ('waiting', 'running') AND batch_id IS NULL")


class Job(Base):
    """One piece of background work, leased by the worker that runs it.

    A worker renews the leases of its running jobs. When it dies they expire, and another worker
    runs the jobs again, which the journals of invoices and payments make harmless.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        known("state", JobState),
        Index("ix_jobs_state", "state", "kind", "batch_id"),
        Index("ix_jobs_batch_id", "batch_id", "state"),
        Index(
            "uq_jobs_active",
            "conference_id",
            "kind",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """``invoice`` (one purchase order of a batch), ``batch`` (its beginning and end), or the name
    of a task. One task of a kind waits or runs in a conference at a time."""
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("invoice_batches.id"))
    purchase_order_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_orders.id"), index=True
    )
    state: Mapped[str] = mapped_column(String(16), default=JobState.WAITING.value)
    """A ``JobState``."""
    run_after: Mapped[Time | None]
    """Not before this moment; None: at once."""
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[Time | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was begun since it last ended or was given back in order."""
    progress: Mapped[int] = mapped_column(default=0)
    """Calls to Stripe so far."""
    moved_at: Mapped[Time | None]
    """When it was begun or its progress last changed."""
    message: Mapped[LongText] = mapped_column(default="")
    """What it brought, or why it failed."""
    remedy: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What solves that, where one act does."""
    stripe_invoice_id: Mapped[StripeId] = mapped_column(default="")
    hosted_url: Mapped[LongText] = mapped_column(default="")
    entered_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[Time | None]
