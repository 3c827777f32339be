"""Spreadsheets as they came."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import ImportRowOutcome
from po_toolkit.store.columns import CreatedAt, Key, Time, UpdatedAt, known
from po_toolkit.store.tables.base import Base


class ImportBatch(Base):
    """One spreadsheet taken in."""

    __tablename__ = "import_batches"

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), index=True)
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[str] = mapped_column(default="")
    headers: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """The columns' names, in the order of each row's cells."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Field → column name."""
    reading: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How its values were read: decimal mark, order of dates, what became of unknown columns."""
    accepted: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    undone_at: Mapped[Time | None]


class ImportRow(Base):
    """One row of a spreadsheet as it came."""

    __tablename__ = "import_rows"
    __table_args__ = (
        UniqueConstraint("batch_id", "row_number"),
        known("outcome", ImportRowOutcome),
    )

    id: Mapped[Key]
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"))
    row_number: Mapped[int]
    """The line a person sees in the spreadsheet, from 1."""
    cells: Mapped[list[Any]] = mapped_column(JSON)
    outcome: Mapped[str] = mapped_column(String(16))
    """accepted, rejected, duplicate, mended (a later batch took it) or undone."""
    problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    purchase_order_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_orders.id"), index=True
    )


class ColumnMapping(Base):
    """Which column was which field the last time a file had this header."""

    __tablename__ = "column_mappings"
    __table_args__ = (UniqueConstraint("conference_id", "fingerprint"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    fingerprint: Mapped[str] = mapped_column(String(32))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Field → column name; an empty name leaves the field out."""
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
