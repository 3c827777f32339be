"""Money that Stripe must hear of before it is in the books."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import IntentKind, IntentStep
from po_toolkit.store.columns import (
    CreatedAt,
    CurrencyCode,
    Key,
    LongText,
    MinorUnits,
    StripeId,
    Time,
    known,
)
from po_toolkit.store.tables.base import Base


class MoneyIntent(Base):
    """A payment, credit note or refund being reported to Stripe; kept until it is settled."""

    __tablename__ = "money_intents"
    __table_args__ = (
        known("kind", IntentKind),
        known("step", IntentStep),
        ForeignKeyConstraint(
            ["purchase_order_id", "currency"], ["purchase_orders.id", "purchase_orders.currency"]
        ),
        Index("ix_money_intents_open", "conference_id", "finished_at"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    """Part of every idempotency key; a payment's ledger entry bears it too."""
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """payment, credit_note or refund."""
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What else the entry will say."""
    stripe_invoice_id: Mapped[StripeId] = mapped_column(default="")
    step: Mapped[str] = mapped_column(String(16), default="report")
    """The next step: report, attach (payments only), done, or refused."""
    attempt: Mapped[int] = mapped_column(default=1)
    stripe_id: Mapped[StripeId] = mapped_column(default="", index=True)
    """What Stripe made of it: the payment record, credit note or refund."""
    error: Mapped[LongText] = mapped_column(default="")
    entered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    """When what it reports was entered, before the intent where it had no invoice yet."""
    finished_at: Mapped[Time | None]
