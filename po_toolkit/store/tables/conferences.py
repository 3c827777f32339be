"""Conferences, without their secrets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, LongText, StripeId, Time
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
    tax: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Rates and rules; see :class:`po_toolkit.invoice_settings.TaxSettings`."""
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What else its invoices say; see :class:`po_toolkit.invoice_settings.ContentSettings`."""
    reminders: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    """Days from the due date on which sponsors are reminded."""
    changed_settings: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, server_default="{}"
    )
    """Settings that were changed in the app and count instead of those of the file."""
    stripe_account_id: Mapped[StripeId] = mapped_column(default="")
    """The Stripe account that it bills from, from the first contact on."""
    stripe_livemode: Mapped[bool | None]
    """Whether that contact was by a live key."""
    stripe_key_digest: Mapped[str] = mapped_column(String(16), default="")
    """The beginning of the SHA-256 of the last key that was seen to open that account."""
    archived_at: Mapped[Time | None]
    """When its data were put aside for others under its name."""
    created_at: Mapped[CreatedAt]
