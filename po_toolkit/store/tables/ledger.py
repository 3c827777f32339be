"""The ledger: money that moved, and what was forgiven."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from po_toolkit.domain.states import EntryMethod, EntrySource
from po_toolkit.domain.sums import EntryKind
from po_toolkit.money import to_major
from po_toolkit.store.columns import (
    CreatedAt,
    CurrencyCode,
    Key,
    LongText,
    MinorUnits,
    StripeId,
    known,
)
from po_toolkit.store.tables.base import Base

if TYPE_CHECKING:
    from po_toolkit.store.tables.purchase_orders import PurchaseOrder


def _same_day_as(column: str) -> Callable[[Any], date]:
    """Return a column default: the date in another column of the new row."""

    def day(context: Any) -> date:
        found: date = context.get_current_parameters()[column]
        return found

    return day


class LedgerEntry(Base):
    """One movement of money; append-only. Its kind gives the sign."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("conference_id", "source", "source_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        known("kind", EntryKind),
        known("method", EntryMethod),
        known("source", EntrySource),
        ForeignKeyConstraint(
            ["purchase_order_id", "currency"], ["purchase_orders.id", "purchase_orders.currency"]
        ),
        Index("ix_ledger_entries_date", "conference_id", "booked_on"),
        Index("ix_ledger_entries_payment", "conference_id", "stripe_payment_id"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    kind: Mapped[str] = mapped_column(String(24))
    method: Mapped[str] = mapped_column(String(16))
    """stripe, wire, ach, check or other."""
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    source: Mapped[str] = mapped_column(String(16))
    """Where the fact comes from: stripe, manual or bank."""
    source_id: Mapped[str] = mapped_column(String(255))
    """That source's own id, e.g. ``inpay_…``; for a manual entry its uuid."""
    reference: Mapped[str] = mapped_column(default="")
    payment_date: Mapped[date]
    booked_on: Mapped[date] = mapped_column(default=_same_day_as("payment_date"))
    """The day it counts from: its date, or the first open day when that period was closed."""
    note: Mapped[LongText] = mapped_column(default="")
    entered_by: Mapped[str]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    stripe_payment_record_id: Mapped[StripeId] = mapped_column(default="")
    """Stripe's payment record for a wire or check that we reported."""
    stripe_attached: Mapped[MinorUnits | None]
    """How much of it Stripe attached to the invoice, where it did not take all of it."""
    stripe_payment_id: Mapped[StripeId] = mapped_column(default="")
    """The payment intent or charge behind a Stripe payment; refunds and disputes name it."""
    created_at: Mapped[CreatedAt]

    purchase_order: Mapped[PurchaseOrder] = relationship(
        primaryjoin="PurchaseOrder.id == foreign(LedgerEntry.purchase_order_id)",
        back_populates="entries",
    )

    @property
    def amount_major(self) -> Decimal:
        """The amount in major units."""
        return to_major(self.amount, self.currency)


class CreditNote(Base):
    """What we forgave of a purchase order's total; a negative one takes a voided one back."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        ForeignKeyConstraint(
            ["purchase_order_id", "currency"], ["purchase_orders.id", "purchase_orders.currency"]
        ),
        UniqueConstraint("conference_id", "stripe_credit_note_id"),
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    reason: Mapped[LongText]
    credit_date: Mapped[date]
    booked_on: Mapped[date] = mapped_column(default=_same_day_as("credit_date"))
    """The day it counts from, as for a ledger entry."""
    stripe_credit_note_id: Mapped[StripeId | None]
    issued_by: Mapped[str]
    created_at: Mapped[CreatedAt]

    purchase_order: Mapped[PurchaseOrder] = relationship(
        primaryjoin="PurchaseOrder.id == foreign(CreditNote.purchase_order_id)",
        back_populates="credit_notes",
    )

    @property
    def amount_major(self) -> Decimal:
        """The amount in major units."""
        return to_major(self.amount, self.currency)
