"""Who did what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, Key
from po_toolkit.store.tables.base import Base


class AuditEntry(Base):
    """Who did what, and what it changed."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_type", "subject_id"),)

    id: Mapped[Key]
    at: Mapped[CreatedAt]
    actor: Mapped[str]
    act: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conferences.id"), index=True)
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 over the entry before and this one; empty in entries older than the chain."""
