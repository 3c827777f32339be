"""Conferences, without their secrets."""

from __future__ import annotations

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, LongText
from po_toolkit.store.tables.base import Base


class Conference(Base):
    """A conference; its keys stay in the settings."""

    __tablename__ = "conferences"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str]
    currency: Mapped[CurrencyCode]
    days_until_due: Mapped[int] = mapped_column(default=30)
    payment_methods: Mapped[list[str]] = mapped_column(JSON, default=list)
    invoice_footer: Mapped[LongText] = mapped_column(default="")
    invoice_memo: Mapped[LongText] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="UTC")
    max_invoice_lines: Mapped[int] = mapped_column(default=250)
    created_at: Mapped[CreatedAt]
