"""How sponsors are asked for what they owe: reminders, each step at most once, and calls."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import ReminderState
from po_toolkit.store.columns import CreatedAt, Key, LongText, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class Reminder(Base):
    """One step of the schedule, as it was taken for one purchase order."""

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("purchase_order_id", "step"), known("state", ReminderState))

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    """Part of the key under which Stripe is asked to mail."""
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    step: Mapped[int]
    """Days from the due date."""
    state: Mapped[str] = mapped_column(String(16), default="sending")
    """sending, sent, drafted (by ourselves), refused (Stripe did not mail it) or passed (a later
    step came first)."""
    stripe_invoice_id: Mapped[StripeId]
    due_date: Mapped[date]
    error: Mapped[LongText] = mapped_column(default="")
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[Time | None]


class ContactCall(Base):
    """A call to a sponsor's contact about a purchase order; logged by hand and never changed."""

    __tablename__ = "contact_calls"

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    note: Mapped[LongText] = mapped_column(default="")
    promised_on: Mapped[date | None]
    """The day by which the sponsor promised to pay."""
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
