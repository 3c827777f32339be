"""What a sheet of purchase orders holds, read but not yet saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from po_toolkit.domain.tax import Rate
from po_toolkit.domain.tax_ids import TaxId
from po_toolkit.importers.amounts import Decimals
from po_toolkit.importers.dates import DayOrder
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.shapes import Shape
from po_toolkit.money import to_major


class OrderLine(NamedTuple):
    """One line; amounts in minor units of the order's currency, negative for a discount."""

    row: int
    description: str
    quantity: int
    unit_price: int
    rates: tuple[Rate, ...] = ()
    tax_on_top: int = 0
    tax_included: int = 0

    @property
    def line_total(self) -> int:
        """Quantity times unit price, in minor units; without the tax on top."""
        return self.quantity * self.unit_price


@dataclass(slots=True)
class Order:
    """A purchase order as the sheet says it, without a mistake.

    Attributes:
        rows: The lines of the spreadsheet it came from.
        po_amount: What the sponsor's purchase order authorizes, in minor units, or None.
        total: The sum of the lines with the tax on top, in minor units.
    """

    rows: list[int]
    organization_name: str
    contact_email: str
    currency: str
    lines: Sequence[OrderLine]
    contact_name: str = ""
    billing_address: str = ""
    po_number: str = ""
    due_date: date | None = None
    days_until_due: int | None = None
    notes: str = ""
    stripe_invoice_id: str = ""
    po_amount: int | None = None
    tax_id: TaxId | None = None
    language: str = ""
    service_start: date | None = None
    service_end: date | None = None
    payment_methods: tuple[str, ...] = ()
    delivery: str = ""
    total: int = field(init=False)

    def __post_init__(self) -> None:
        """Sum the lines up, once."""
        self.total = sum([line.quantity * line.unit_price + line.tax_on_top for line in self.lines])

    @property
    def total_major(self) -> Decimal:
        """The sum of the lines, in major units."""
        return to_major(self.total, self.currency)


@dataclass(slots=True)
class SheetReading:
    """The outcome of reading a table.

    Attributes:
        orders: The purchase orders without a mistake, as they stand in the sheet.
        rejected: The rows of each purchase order with a mistake.
        errors: Why, by row.
        warnings: What is worth a look and rejects nothing.
        notes: What was assumed or left out.
        shape: What one row of the table is.
        decimals: The decimal mark its amounts were read with, where one was needed.
        dates: The order of day and month its dates were read in, where one was needed.
    """

    orders: list[Order] = field(default_factory=list)
    rejected: list[list[int]] = field(default_factory=list)
    errors: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shape: Shape = Shape.LINES
    decimals: Decimals | None = None
    dates: DayOrder | None = None
