"""What Stripe has and no purchase order explains."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from po_toolkit.domain.states import CustomerBalanceKind
from po_toolkit.store.columns import CreatedAt, CurrencyCode, Key, MinorUnits, StripeId, Time, known
from po_toolkit.store.tables.base import Base


class StrayInvoice(Base):
    """An invoice in the conference's Stripe account that no purchase order of its has.

    Also one of another conference or database on the same account is kept: it may bill the same.
    """

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
    conference_slug: Mapped[str] = mapped_column(default="")
    """Whose its metadata say it is; empty for one that was made by hand."""
    order_uuid: Mapped[str] = mapped_column(String(36), default="", index=True)
    generation: Mapped[int] = mapped_column(default=0)
    revises: Mapped[StripeId] = mapped_column(default="")
    """The invoice that it replaced in Stripe's dashboard, or empty."""
    sponsor_key: Mapped[str] = mapped_column(default="", index=True)
    """The customer's name, folded and without its legal form."""
    texts: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    """What may hold the sponsor's PO number: fields by name, and the description."""
    stripe_created_at: Mapped[Time | None]
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
