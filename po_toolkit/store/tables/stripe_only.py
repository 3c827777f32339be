"""What Stripe has and no purchase order explains."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import CustomerBalanceKind
from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, MinorUnits, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class StrayInvoice(Base):
    """An invoice in the conference's Stripe account that belongs to no purchase order."""

    __tablename__ = "stray_invoices"
    __table_args__ = (UniqueConstraint("conference_id", "stripe_invoice_id"),)

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    stripe_invoice_id: Mapped[StripeId]
    number: Mapped[str] = mapped_column(default="")
    customer_name: Mapped[str] = mapped_column(default="")
    customer_email: Mapped[str] = mapped_column(default="")
    named_reference: Mapped[str] = mapped_column(default="")
    """The purchase order its metadata names, or empty."""
    ignored: Mapped[bool] = mapped_column(default=False)
    """Its metadata says ``po_toolkit = ignore``: staff know that it is not a sponsor's."""
    stripe_status: Mapped[str] = mapped_column(String(16))
    currency: Mapped[CurrencyCode]
    total: Mapped[MinorUnits]
    amount_paid: Mapped[MinorUnits]
    read_at: Mapped[Time]
    created_at: Mapped[CreatedAt]


class CustomerBalance(Base):
    """Money of a customer that lies at Stripe without paying an invoice."""

    __tablename__ = "customer_balances"
    __table_args__ = (
        known("kind", CustomerBalanceKind),
        UniqueConstraint(
            "conference_id",
            "stripe_customer_id",
            "kind",
            "currency",
            name="uq_customer_balances_customer",
        ),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    stripe_customer_id: Mapped[StripeId]
    kind: Mapped[str] = mapped_column(String(8))
    """cash (a bank transfer that fitted no invoice) or credit (left over from an overpayment)."""
    currency: Mapped[CurrencyCode]
    amount: Mapped[MinorUnits]
    """What lies there; 0 once it is used or sent back."""
    customer_name: Mapped[str] = mapped_column(default="")
    customer_email: Mapped[str] = mapped_column(default="")
    read_at: Mapped[Time]
    created_at: Mapped[CreatedAt]
