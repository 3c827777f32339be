"""The purchase orders of the corpus, and how each file should be read.

What a file holds is written down here before it is written to the file, so that the expected result
beside it does not come from the code it tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Line:
    text: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Order:
    organization: str
    email: str
    number: str
    currency: str
    lines: tuple[Line, ...]
    due: date | None = date(2027, 3, 31)
    contact: str = "Accounts Payable"
    address: str = "12 Harbour Street, Lyon 69002, FR"
    notes: str = ""
    days: int | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.price for line in self.lines), Decimal())


def lines(*parts: tuple[str, int, str]) -> tuple[Line, ...]:
    return tuple(Line(text, quantity, Decimal(price)) for text, quantity, price in parts)


CAFE = Order(
    "Café Données S.A.",
    "compta@cafe-donnees.example",
    "000417",
    "eur",
    lines(("Parrainage or", 1, "6900.00"), ("Billets", 7, "784.35"), ("Remise", 1, "-250.00")),
    contact="Zoë Lefèvre",
)
MUELLER = Order(
    "Müller & Söhne GmbH",
    "rechnung@mueller.example",
    "PO-77/2027",
    "eur",
    lines(("Gold-Sponsoring", 1, "12000.00"), ("Stand 3x3 m; mit Strom", 2, "1249.50")),
    due=date(2027, 4, 13),
    address="Königstraße 5\n70173 Stuttgart",
)
NORTHWIND = Order(
    "Northwind, Inc.",
    "ap@northwind.example",
    "4528271557",
    "usd",
    lines(('Booth 10" x 10"', 1, "3500.25"), ("Corporate ticket", 12, "85.00")),
    due=date(2027, 4, 30),
    notes='Asked for "PO on the first page"',
)
KAITO = Order(
    "株式会社カイト",
    "keiri@kaito.example",
    "JP-0091",
    "jpy",
    lines(
        ("ゴールドスポンサー", 1, "1650000"),
    ),
    contact="山田 太郎",
    address="東京都千代田区丸の内2-1",
)
GULF = Order(
    "شركة الخليج",
    "ap@gulf.example",
    "BH-77",
    "bhd",
    lines(("Silver", 1, "2827.500"), ("Ticket", 3, "320.250")),
)
WESTERN = (CAFE, MUELLER, replace(NORTHWIND, currency="eur"))
WORLD = (CAFE, MUELLER, NORTHWIND, KAITO, GULF)

HEADERS = [
    "organization_name",
    "contact_name",
    "contact_email",
    "billing_address",
    "po_number",
    "description",
    "quantity",
    "unit_price",
    "currency",
    "due_date",
    "notes",
]


def plain(value: Decimal) -> str:
    return f"{value:f}"


def iso(day: date) -> str:
    return day.isoformat()


def rows_of(
    orders: Iterable[Order],
    *,
    amount: Callable[[Decimal], Any] = plain,
    day: Callable[[date], Any] = iso,
    quantity: Callable[[int], Any] = str,
) -> list[list[Any]]:
    """One row per line, in the order of HEADERS."""
    return [
        [
            order.organization,
            order.contact,
            order.email,
            order.address,
            order.number,
            line.text,
            quantity(line.quantity),
            amount(line.price),
            order.currency,
            day(order.due) if order.due else "",
            order.notes,
        ]
        for order in orders
        for line in order.lines
    ]


@dataclass
class Expected:
    """What reading a file must give; by default its orders and nothing else."""

    orders: Sequence[Order] = ()
    first_row: int = 2
    rows: list[list[int]] | None = None
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    raises: str = ""
    says: str = ""

    def as_json(self) -> dict[str, Any]:
        if self.raises:
            return {"options": self.options, "raises": self.raises, "says": self.says}
        return {
            "options": self.options,
            "orders": [self._order(o, r) for o, r in zip(self.orders, self._rows(), strict=True)],
            "errors": [list(error) for error in self.errors],
            "warnings": [list(warning) for warning in self.warnings],
            "notes": self.notes,
        }

    def _rows(self) -> list[list[int]]:
        if self.rows is not None:
            return self.rows
        made, row = [], self.first_row
        for order in self.orders:
            made.append(list(range(row, row + len(order.lines))))
            row += len(order.lines)
        return made

    @staticmethod
    def _order(order: Order, rows: list[int]) -> dict[str, Any]:
        return {
            "rows": rows,
            "organization_name": order.organization,
            "contact_name": order.contact,
            "contact_email": order.email,
            "billing_address": order.address,
            "po_number": order.number,
            "currency": order.currency,
            "due_date": order.due.isoformat() if order.due else None,
            "days_until_due": order.days,
            "notes": order.notes,
            "total": f"{order.total:f}",
            "lines": [[ln.text, ln.quantity, f"{ln.price:f}"] for ln in order.lines],
        }


def save(name: str, content: bytes, expected: Expected) -> None:
    """Write a file of the corpus and, beside it, how it should be read."""
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / name).write_bytes(content)
    text = json.dumps(expected.as_json(), ensure_ascii=False, indent=1)
    (CORPUS / f"{name}.json").write_text(text + "\n", "utf-8")
