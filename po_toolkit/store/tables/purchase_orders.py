"""Purchase orders and their lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from po_toolkit.domain.deliveries import WAYS
from po_toolkit.domain.states import LIVE_STATES
from po_toolkit.domain.sums import Status, Sums, balance_of, sums_of
from po_toolkit.money import to_major
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
    from po_toolkit.store.tables.conferences import Conference
    from po_toolkit.store.tables.imports import ImportBatch
    from po_toolkit.store.tables.invoices import Invoice
    from po_toolkit.store.tables.ledger import CreditNote, LedgerEntry


def _kept_balance(order: Any) -> Any:
    return balance_of(order.sum_total, order.sum_credited, order.sum_paid, order.sum_refunded)


class PurchaseOrder(Base):
    """What a sponsor ordered and owes."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        known("status", Status),
        known("delivery", ("", *WAYS)),
        Index("uq_purchase_orders_id_currency", "id", "currency", unique=True),
        Index("ix_purchase_orders_duplicate", "conference_id", "organization_key", "po_number_key"),
        Index("ix_purchase_orders_status", "conference_id", "status"),
        Index(
            "ix_purchase_orders_sums",
            "conference_id",
            "currency",
            "status",
            "sum_total",
            "sum_credited",
            "sum_paid",
            "sum_refunded",
        ),
        # The audit log knows a purchase order by its id, also one whose import was undone.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("conferences.id"))
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    po_number: Mapped[str] = mapped_column(default="")
    """The sponsor's own number, text as it came."""
    po_number_key: Mapped[str] = mapped_column(default="")
    organization_name: Mapped[str]
    organization_key: Mapped[str]
    contact_name: Mapped[str] = mapped_column(default="")
    contact_email: Mapped[str]
    contact_phone: Mapped[str] = mapped_column(default="", server_default="")
    cc_emails: Mapped[LongText] = mapped_column(default="", server_default="")
    """Further addresses that get what we mail ourselves, separated by commas."""
    billing_address: Mapped[LongText] = mapped_column(default="")
    currency: Mapped[CurrencyCode]
    status: Mapped[str] = mapped_column(String(16), default=Status.DRAFT.value)
    sum_total: Mapped[MinorUnits] = mapped_column(default=0)
    """This sum and the next three are kept with the status, by ``refresh_status``, so that lists
    of 100,000 need not add up lines and entries; reconciliation adds up anew and compares."""
    sum_credited: Mapped[MinorUnits] = mapped_column(default=0)
    sum_paid: Mapped[MinorUnits] = mapped_column(default=0)
    sum_refunded: Mapped[MinorUnits] = mapped_column(default=0)
    asked_again: Mapped[MinorUnits] = mapped_column(default=0, server_default="0")
    """What had gone back (refunds, disputes, returns) when the invoice was last reissued."""
    marked_sent: Mapped[bool] = mapped_column(default=False)
    """Sent to the sponsor by a person, without Stripe."""
    notes: Mapped[LongText] = mapped_column(default="")
    due_date: Mapped[date | None]
    days_until_due: Mapped[int | None]
    tax_id_type: Mapped[str] = mapped_column(String(16), default="")
    """Stripe's word for the kind of the sponsor's tax id, such as eu_vat; empty without one."""
    tax_id: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    """In which the sponsor reads the invoice; empty: the conference's."""
    service_start: Mapped[date | None]
    service_end: Mapped[date | None]
    payment_methods: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """How this one may be paid; none: as all of the conference."""
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    """What a person decided about its billing: ``beside`` which invoices it is billed all the same,
    and what becomes of the sponsor's ``balance`` at Stripe (use or remove)."""
    delivery: Mapped[str] = mapped_column(String(16), default="")
    """stripe or ourselves, see :mod:`po_toolkit.domain.deliveries`; empty: the conference's."""
    po_amount: Mapped[MinorUnits | None]
    """What the sponsor's purchase order authorizes, over all invoices under its number."""
    buyer_reference: Mapped[str] = mapped_column(default="", server_default="")
    """What the sponsor wants named on an e-invoice (BT-10), such as a Leitweg-ID."""
    e_invoice_address: Mapped[str] = mapped_column(default="", server_default="")
    """The sponsor's electronic address with its scheme, such as ``0208:0123456789``."""
    e_invoice_format: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """In which format the sponsor needs an e-invoice; empty: as the settings say by country."""
    claimed_invoice_id: Mapped[StripeId] = mapped_column(default="")
    """A Stripe invoice sent by hand that staff named for adoption; blocks a new invoice."""
    import_batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batches.id"), index=True)
    import_row: Mapped[int | None]
    cancelled_at: Mapped[Time | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    conference: Mapped[Conference] = relationship()
    import_batch: Mapped[ImportBatch | None] = relationship()
    line_items: Mapped[list[PurchaseOrderLineItem]] = relationship(
        back_populates="purchase_order", order_by="PurchaseOrderLineItem.position"
    )
    invoices: Mapped[list[Invoice]] = relationship(
        back_populates="purchase_order", order_by="Invoice.generation"
    )
    entries: Mapped[list[LedgerEntry]] = relationship(
        primaryjoin="PurchaseOrder.id == foreign(LedgerEntry.purchase_order_id)",
        back_populates="purchase_order",
        order_by="LedgerEntry.id",
    )
    credit_notes: Mapped[list[CreditNote]] = relationship(
        primaryjoin="PurchaseOrder.id == foreign(CreditNote.purchase_order_id)",
        back_populates="purchase_order",
        order_by="CreditNote.id",
    )

    @property
    def sums(self) -> Sums:
        """The sums of the loaded lines, ledger entries and credit notes, in minor units."""
        return sums_of(
            (line.billed for line in self.line_items),
            (note.amount for note in self.credit_notes),
            ((entry.kind, entry.source, entry.amount) for entry in self.entries),
            asked_again=self.asked_again or 0,
        )

    @hybrid_property
    def kept_balance(self) -> int:
        """What is still owed by the sums kept in the row, in minor units; also of a column."""
        return int(_kept_balance(self))

    @kept_balance.inplace.expression
    @classmethod
    def _kept_balance_column(cls) -> ColumnElement[int]:
        column: ColumnElement[int] = _kept_balance(cls)
        return column

    @property
    def subtotal(self) -> Decimal:
        """The lines before discounts, in major units."""
        return to_major(sum(max(i.line_total, 0) for i in self.line_items), self.currency)

    @property
    def total(self) -> Decimal:
        """The sum of all lines with their tax, discounts included, in major units."""
        return to_major(self.sums.total, self.currency)

    @property
    def total_tax(self) -> Decimal:
        """The tax in the total, on top of the prices and inside them, in major units."""
        return to_major(sum(line.tax for line in self.line_items), self.currency)

    @property
    def total_paid(self) -> Decimal:
        """Payments net of their reversals, in major units."""
        return to_major(self.sums.paid, self.currency)

    @property
    def total_refunded(self) -> Decimal:
        """Refunds net of those that failed, in major units."""
        return to_major(self.sums.refunded, self.currency)

    @property
    def total_credited(self) -> Decimal:
        """Credit notes, in major units."""
        return to_major(self.sums.credited, self.currency)

    @property
    def balance_due(self) -> Decimal:
        """What is still owed, in major units; negative when overpaid."""
        return to_major(self.sums.balance, self.currency)

    @property
    def live_invoice(self) -> Invoice | None:
        """The invoice that stands for this purchase order now, if any."""
        return next((i for i in reversed(self.invoices) if i.state in LIVE_STATES), None)

    @property
    def stripe_invoice_id(self) -> str:
        """The live invoice's Stripe id, or ``""``."""
        return (self.live_invoice.stripe_invoice_id or "") if self.live_invoice else ""

    @property
    def stripe_invoice_url(self) -> str:
        """The live invoice's hosted page, or ``""``."""
        return self.live_invoice.hosted_url if self.live_invoice else ""


class PurchaseOrderLineItem(Base):
    """One line; a negative one is a discount."""

    __tablename__ = "purchase_order_line_items"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    id: Mapped[Key]
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"), index=True)
    position: Mapped[int]
    description: Mapped[LongText]
    quantity: Mapped[int]
    unit_price: Mapped[MinorUnits]
    line_total: Mapped[MinorUnits]
    """Quantity times unit price, without the tax that comes on top."""
    tax_rates: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """The rates as they were when it was made; see :class:`po_toolkit.domain.tax.Rate`."""
    tax_on_top: Mapped[MinorUnits] = mapped_column(default=0)
    """Tax beside ``line_total``, rounded for each rate as Stripe rounds."""
    tax_included: Mapped[MinorUnits] = mapped_column(default=0)
    """Tax inside ``line_total``."""
    import_row: Mapped[int | None]
    """The spreadsheet row this line came from."""

    purchase_order: Mapped[PurchaseOrder] = relationship(back_populates="line_items")

    @hybrid_property
    def billed(self) -> int:
        """What the line adds to the total, in minor units: its price and the tax on top."""
        return self.line_total + (self.tax_on_top or 0)

    @billed.inplace.expression
    @classmethod
    def _billed(cls) -> ColumnElement[int]:
        return cls.line_total + cls.tax_on_top

    @hybrid_property
    def tax(self) -> int:
        """The line's tax, on top of its price and inside it, in minor units."""
        return (self.tax_on_top or 0) + (self.tax_included or 0)

    @tax.inplace.expression
    @classmethod
    def _tax(cls) -> ColumnElement[int]:
        return cls.tax_on_top + cls.tax_included
