"""What the installation knows of itself: workers, notices sent, the head of the audit chain."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, MinorUnits, Time
from po_toolkit.store.tables.base import Base


class WorkerSeen(Base):
    """A worker that runs, or ran until it was last seen."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[Time]
    seen_at: Mapped[Time]
    kinds: Mapped[str] = mapped_column(String(255))
    """The kinds of jobs that it does, separated by spaces."""
    sync_seconds: Mapped[int]
    """How often it syncs each conference; 0: never."""


class Notice(Base):
    """A problem that people were notified of; kept while the problem lasts."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("conference_id", "subject"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    subject: Mapped[str] = mapped_column(String(255))
    """What the problem is, the same as long as it lasts."""
    sent_at: Mapped[CreatedAt]


class AuditHead(Base):
    """The end of the chain of audit entries: one row."""

    __tablename__ = "audit_head"

    id: Mapped[Key]
    entries: Mapped[int]
    """How many entries the chain has."""
    digest: Mapped[str] = mapped_column(String(64))
    """The digest of the last one."""


class Approval(Base):
    """A refund or credit note that one person entered and another one is to confirm."""

    __tablename__ = "approvals"

    id: Mapped[Key]
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    act: Mapped[str] = mapped_column(String(32))
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    asked_by: Mapped[str]
    asked_at: Mapped[CreatedAt]
    confirmed_by: Mapped[str] = mapped_column(default="")
    confirmed_at: Mapped[Time | None]
