"""What Stripe paid out, and every move of the account's balance behind it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.store.columns import (
    CreatedAt,
    CurrencyCode,
    Key,
    LongText,
    MinorUnits,
    StripeId,
    Time,
)
from po_toolkit.store.tables.base import Base


class Payout(Base):
    """Money sent from the Stripe balance to the bank; below 0 when Stripe collects it."""

    __tablename__ = "payouts"
    __table_args__ = (UniqueConstraint("conference_id", "stripe_payout_id"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    stripe_payout_id: Mapped[StripeId]
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    status: Mapped[str] = mapped_column(String(16))
    """pending, in_transit, paid, failed or canceled; paid may still become failed."""
    automatic: Mapped[bool]
    """Made by Stripe's schedule; only such a payout can be itemised."""
    method: Mapped[str] = mapped_column(String(16), default="")
    """standard or instant."""
    arrival_date: Mapped[date]
    statement_descriptor: Mapped[str] = mapped_column(default="")
    trace_id: Mapped[str] = mapped_column(default="")
    """The bank's own reference, up to 10 days late or never."""
    failure_code: Mapped[str] = mapped_column(default="")
    failure_message: Mapped[LongText] = mapped_column(default="")
    itemised: Mapped[bool] = mapped_column(default=False)
    """Whether all of its balance transactions have been read."""
    made_at: Mapped[Time]
    """When Stripe made it."""
    read_at: Mapped[Time]
    created_at: Mapped[CreatedAt]


class BalanceTransaction(Base):
    """One move of the Stripe balance, in the currency it settles in."""

    __tablename__ = "balance_transactions"
    __table_args__ = (
        UniqueConstraint("conference_id", "stripe_id"),
        Index("ix_balance_transactions_source", "conference_id", "source_id"),
        Index("ix_balance_transactions_intent", "conference_id", "payment_intent_id"),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    stripe_id: Mapped[StripeId]
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    """The payout it is part of; none while it waits, or when the payout cannot be itemised."""
    type: Mapped[str] = mapped_column(String(64))
    currency: Mapped[CurrencyCode]
    amount: Mapped[MinorUnits]
    """Gross; below 0 for a refund."""
    fee: Mapped[MinorUnits]
    net: Mapped[MinorUnits]
    fee_details: Mapped[list[Any]] = mapped_column(JSON, default=list)
    fee_gap: Mapped[MinorUnits] = mapped_column(default=0)
    """What of the fee its details do not name."""
    exchange_rate: Mapped[str] = mapped_column(String(32), default="")
    method: Mapped[str] = mapped_column(String(32), default="")
    """How it was paid: card, us_bank_account, …; empty where that has no meaning."""
    source_id: Mapped[StripeId] = mapped_column(default="")
    """The charge, refund, dispute or payout behind it."""
    charge_id: Mapped[StripeId] = mapped_column(default="")
    payment_intent_id: Mapped[StripeId] = mapped_column(default="")
    """With the charge, what a ledger entry names as its payment."""
    description: Mapped[LongText] = mapped_column(default="")
    made_at: Mapped[Time]
    available_on: Mapped[date]
    created_at: Mapped[CreatedAt]
