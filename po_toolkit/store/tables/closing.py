"""What was: superseded values, accepted discrepancies, and periods that are closed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CurrencyCode, Key, LongText, MinorUnits, Time
from po_toolkit.store.tables.base import Base


class RowVersion(Base):
    """Values a row had until they were replaced, so that any past day can be told again."""

    __tablename__ = "row_versions"
    __table_args__ = (Index("ix_row_versions_until", "conference_id", "until"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    table_name: Mapped[str] = mapped_column(String(32))
    row_id: Mapped[int]
    until: Mapped[Time]
    """When the values were replaced."""
    old_values: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The old values of the columns that changed; dates and times in ISO 8601."""


class AcceptedDiscrepancy(Base):
    """A discrepancy that a treasurer leaves as it is, until its amount or its evidence changes."""

    __tablename__ = "accepted_discrepancies"

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    code: Mapped[str] = mapped_column(String(64))
    subject: Mapped[LongText]
    """The purchase order's reference, or the evidence where it belongs to none."""
    currency: Mapped[CurrencyCode]
    at_stake: Mapped[MinorUnits]
    reason: Mapped[LongText]
    accepted_by: Mapped[str]
    accepted_at: Mapped[Time]
    withdrawn_by: Mapped[str] = mapped_column(default="")
    withdrawn_at: Mapped[Time | None]


class ClosedPeriod(Base):
    """All that was booked up to a day is closed; later corrections count from the day after."""

    __tablename__ = "closed_periods"
    __table_args__ = (UniqueConstraint("conference_id", "last_day"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    last_day: Mapped[date]
    timezone: Mapped[str]
    """Where the last day ended."""
    closed_at: Mapped[Time]
    closed_by: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the report, in hexadecimal."""
    report: Mapped[bytes] = mapped_column(LargeBinary)
    """The report as it was closed, compressed with zlib."""
    audit_entries: Mapped[int] = mapped_column(default=0)
    audit_digest: Mapped[str] = mapped_column(String(64), default="")
    """How long the chain of audit entries was, and its head, when the period was closed."""
