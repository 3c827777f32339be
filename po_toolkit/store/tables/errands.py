"""Long work that a person started and need not wait for."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import JobState
from po_toolkit.store.columns import CreatedAt, Key, LongText, Time, known
from po_toolkit.store.tables.base import Base


class Errand(Base):
    """One run of one kind of long work; of each kind only one runs in a conference."""

    __tablename__ = "errands"
    __table_args__ = (
        known("state", JobState),
        Index("ix_errands_kind", "conference_id", "kind"),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="running")
    """running, done, partly or failed."""
    said: Mapped[LongText] = mapped_column(default="")
    """What it brought, or why it failed."""
    stripe_calls: Mapped[int] = mapped_column(default=0)
    """How far it is."""
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    alive_at: Mapped[Time]
    """When its process last said that it still works on it."""
    ended_at: Mapped[Time | None]
