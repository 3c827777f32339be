"""News from Stripe: deliveries, and how far it has been read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import EventState
from po_toolkit.store.columns import CreatedAt, Key, LongText, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class WebhookEvent(Base):
    """A Stripe event as it was delivered, and what became of it."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("conference_id", "stripe_event_id"),
        known("state", EventState),
        Index("ix_webhook_events_state", "state", "received_at"),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    stripe_event_id: Mapped[StripeId]
    type: Mapped[str] = mapped_column(String(64))
    payload: Mapped[LongText]
    """As it came; empty where it is none of ours, or was processed long ago."""
    state: Mapped[str] = mapped_column(String(16), default="received")
    """received, processed, ignored (not ours), failed (to be tried again) or set_aside."""
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[LongText] = mapped_column(default="")
    received_at: Mapped[CreatedAt]
    processed_at: Mapped[Time | None]
    next_try_at: Mapped[Time | None]


class SyncCursor(Base):
    """How far a conference's events have been read, and when all was last compared."""

    __tablename__ = "sync_cursors"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), primary_key=True)
    last_event_id: Mapped[StripeId] = mapped_column(default="")
    last_event_at: Mapped[Time | None]
    last_read_at: Mapped[Time | None]
    """Until when all news is in the books."""
    reread_from: Mapped[Time | None]
    """From where the list of events is read again for those that appeared late."""
    recent_events: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    """Id and Unix time of the events that were read since then."""
    last_sync_at: Mapped[Time | None]
    """When the last complete sync began: everything new read, and everything reported to Stripe."""
    last_tried_at: Mapped[Time | None]
    last_full_at: Mapped[Time | None]
    last_sweep_at: Mapped[Time | None]
    last_sweep: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the last sweep compared and found."""
    invoices_listed_at: Mapped[Time | None]
    """Until when every invoice of the account was read, whosever it is."""
    last_error: Mapped[LongText] = mapped_column(default="")
    """Why the last sync or sweep stopped short; empty when it reached the end."""
    last_reminders_at: Mapped[Time | None]
    """When the clock last had sponsors reminded."""
    last_reminders: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What became of that: how many were sent, held and failed, or why it stopped."""
    remind_again_at: Mapped[Time | None]
    """When the day's reminders are tried again, where some failed."""
