"""Invoices at Stripe, their customers, and every write we intend there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from po_toolkit.domain.deliveries import WAYS
from po_toolkit.domain.states import LIVE_STATES, InvoiceState, InvoiceStep, WriteState
from po_toolkit.store.columns import (
    CreatedAt,
    CurrencyCode,
    Key,
    LongText,
    MinorUnits,
    StripeId,
    Time,
    UpdatedAt,
    known,
)
from po_toolkit.store.tables.base import Base

if TYPE_CHECKING:
    from po_toolkit.store.tables.purchase_orders import PurchaseOrder


class StripeCustomer(Base):
    """A sponsor in one Stripe account; one address may serve several sponsors."""

    __tablename__ = "stripe_customers"
    __table_args__ = (UniqueConstraint("conference_id", "email", "organization_key"),)

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    email: Mapped[str]
    organization_key: Mapped[str]
    stripe_customer_id: Mapped[StripeId | None] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    """Part of the key under which the customer is made; rises only after a look at Stripe."""
    looked_for_at: Mapped[Time | None]
    """When the account was last seen not to have this customer."""
    tax_id_put: Mapped[str] = mapped_column(String(96), default="")
    """Type and value of the tax id that the customer is known to have at Stripe."""
    details_put: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Name, address and languages that it is known to have there."""
    changes: Mapped[int] = mapped_column(default=0)
    """How often it was changed since; part of the key of the next change."""
    created_at: Mapped[CreatedAt]


class StripeTaxRate(Base):
    """One tax rate in one Stripe account, made once; a rate is never changed, only followed."""

    __tablename__ = "stripe_tax_rates"
    __table_args__ = (UniqueConstraint("conference_id", "fingerprint"),)

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """What makes two rates one: name, percentage, inclusive or not, place and kind."""
    stripe_tax_rate_id: Mapped[StripeId | None] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    """Part of the key under which it is made; rises only after a look at Stripe."""
    created_at: Mapped[CreatedAt]


_LIVE = column("state", String).in_(sorted(state.value for state in LIVE_STATES))


class Invoice(Base):
    """One generation of a purchase order's Stripe invoice, and how far it has got."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("purchase_order_id", "generation"),
        UniqueConstraint("conference_id", "stripe_invoice_id"),
        known("state", InvoiceState),
        known("step", InvoiceStep),
        known("delivery", WAYS),
        Index("ix_invoices_state", "conference_id", "state"),
        Index(
            "uq_invoices_live",
            "purchase_order_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    generation: Mapped[int]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("stripe_customers.id"))
    state: Mapped[str] = mapped_column(String(16), default="planned")
    """planned, drafting, drafted, finalized (open at Stripe, yet to be delivered by you),
    sent, paid, replaced, void, deleted or adopted."""
    step: Mapped[str] = mapped_column(String(16), default="customer")
    """The next step to take: customer, draft, lines, send (or finalize, without a mail) or done."""
    delivery: Mapped[str] = mapped_column(String(16), default="stripe")
    """Who delivers it: stripe or ourselves."""
    settled_before: Mapped[MinorUnits] = mapped_column(default=0, server_default="0")
    """What an earlier generation, which was paid, settled for good; this one asks for the rest."""
    attempt: Mapped[int] = mapped_column(default=1)
    adopted: Mapped[bool] = mapped_column(default=False)
    error: Mapped[LongText] = mapped_column(default="")
    """Why the last try stopped, in words; empty when nothing is wrong."""
    refused: Mapped[bool] = mapped_column(default=False)
    """Stripe refused the last try for certain; the next one is a new attempt."""
    first_tried_at: Mapped[Time | None]
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[Time | None]
    stripe_invoice_id: Mapped[StripeId | None]
    number: Mapped[str] = mapped_column(default="")
    hosted_url: Mapped[LongText] = mapped_column(default="")
    pdf_url: Mapped[LongText] = mapped_column(default="")
    currency: Mapped[CurrencyCode]
    due_date: Mapped[date | None]
    """The due date Stripe shows, in the conference's timezone."""
    stripe_status: Mapped[str] = mapped_column(String(16), default="")
    stripe_total: Mapped[MinorUnits | None]
    stripe_amount_due: Mapped[MinorUnits | None]
    stripe_amount_paid: Mapped[MinorUnits | None]
    stripe_amount_overpaid: Mapped[MinorUnits | None]
    stripe_starting_balance: Mapped[MinorUnits | None]
    stripe_credit_used: Mapped[MinorUnits] = mapped_column(default=0)
    """How much of the customer's credit settled it; below 0 what the customer owed from before and
    this invoice asks as well. 0 again once that was given back, as when it is void."""
    stripe_balance_moves: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list, server_default="[]"
    )
    """Where that came from: the transactions of the customer's balance, amounts in minor units."""
    stripe_customer_id: Mapped[StripeId] = mapped_column(default="", index=True)
    """Whose credit settles it; empty until it was read."""
    stripe_customer_name: Mapped[str] = mapped_column(default="")
    """Whom the invoice at Stripe names, as last read; empty until then."""
    stripe_customer_email: Mapped[str] = mapped_column(default="")
    stripe_auto_advance: Mapped[bool | None]
    """Whether Stripe lets bank transfers pay it by themselves; None where it was not read."""
    stripe_read_at: Mapped[Time | None]
    sent_at: Mapped[Time | None]
    """When it was finalized, and mailed where Stripe delivers it."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    purchase_order: Mapped[PurchaseOrder] = relationship(back_populates="invoices")
    customer: Mapped[StripeCustomer | None] = relationship()


class StripeWrite(Base):
    """One attempt at a write to Stripe, stored before its first try and replayed as stored."""

    __tablename__ = "stripe_writes"
    __table_args__ = (
        Index("uq_stripe_writes_slot_attempt", "slot", "attempt", unique=True),
        known("state", WriteState),
    )

    id: Mapped[Key]
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32), default="")
    """What is written; see :mod:`po_toolkit.outbox`."""
    slot: Mapped[str] = mapped_column(String(200))
    """The subject's uuid, generation and step; all attempts at one write share it."""
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    purchase_order_id: Mapped[int | None] = mapped_column(
        ForeignKey("purchase_orders.id"), index=True
    )
    path: Mapped[str]
    body: Mapped[LongText]
    """The parameters as JSON text, exactly as they are sent each time."""
    first_tried_at: Mapped[Time]
    finished_at: Mapped[Time | None]
    stripe_id: Mapped[StripeId] = mapped_column(default="")
    """The id of the object the answer held."""


class RateWindow(Base):
    """The latest calls of one account (or endpoint of it); shared by all processes."""

    __tablename__ = "rate_windows"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    starts: Mapped[list[int]] = mapped_column(JSON)
    """When they started or are to start, oldest first, in microseconds since 1970."""
