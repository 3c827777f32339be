"""The parts of a purchase order's story; amounts are in major units, and positive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of the purchase order; amounts in major units.

    ``tax_on_top`` adds to the total, beside ``line_total``.
    """

    description: str
    quantity: int
    unit_price: Decimal
    line_total: Decimal
    rates: str
    tax_on_top: Decimal
    source_row: int | None


@dataclass(frozen=True, slots=True)
class StoryInvoice:
    """One generation of its invoice; Stripe's sums in major units, as last read."""

    generation: int
    state: str
    delivery: str
    stripe_invoice_id: str
    number: str
    hosted_url: str
    pdf_url: str
    stripe_status: str
    stripe_total: Decimal | None
    stripe_amount_paid: Decimal | None
    due_date: date | None
    sent_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """One movement of money or a credit note; the amount is positive, in major units.

    ``number`` is the ledger entry's own, by which it is reversed; a credit note has none.
    """

    number: int | None
    date: date
    kind: str
    method: str
    amount: Decimal
    currency: str
    reference: str
    source: str
    source_id: str
    note: str
    entered_by: str
    uuid: str


@dataclass(frozen=True, slots=True)
class StorySource:
    """The spreadsheet it came from, with the rows as they were."""

    batch: int
    file_name: str
    sheet: str
    rows: list[int]
    cells: list[list[Any]]


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """Something that happened.

    ``at`` is UTC. ``day`` is the date it counts for, in the conference's timezone: for money the
    day it moved, which may be earlier than the day it was entered.
    """

    at: datetime
    day: date
    kind: str
    text: str
    amount: Decimal | None
    actor: str
    source: str


@dataclass(frozen=True, slots=True)
class PurchaseOrderStory:
    """A purchase order, its sums in major units, and its history."""

    reference: str
    po_number: str
    organization_name: str
    contact_name: str
    contact_email: str
    billing_address: str
    currency: str
    status: str
    notes: str
    delivery: str
    """Who is to deliver its invoices; empty: as the conference says."""
    due_date: date | None
    total: Decimal
    credited: Decimal
    paid: Decimal
    refunded: Decimal
    balance: Decimal
    stripe_invoice_id: str
    stripe_invoice_url: str
    source: StorySource | None
    lines: list[StoryLine]
    invoices: list[StoryInvoice]
    entries: list[StoryEntry]
    events: list[StoryEvent]
