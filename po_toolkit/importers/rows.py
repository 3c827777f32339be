"""The rows of a table → purchase orders, exactly, with what is wrong or doubtful in them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import OSA

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.references import comparable, named_by
from po_toolkit.domain.tax import Rate, TaxRules, line_tax
from po_toolkit.domain.tax_ids import TaxId, has_wrong_check_digits
from po_toolkit.domain.wording import sentence, written_day
from po_toolkit.errors import AmountError
from po_toolkit.importers.cells import (
    PLAIN_POINT,
    Cell,
    clean,
    has_controls,
    is_empty,
    sign_currencies,
    text_of,
)
from po_toolkit.importers.fields import Amount, Reading, Row
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.readers.contract import SheetRow
from po_toolkit.money import THREE_DECIMAL, display, exponent, to_major, to_minor

_SCHEMA: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind) for name, kind in get_type_hints(Row, include_extras=True).items()
}

_TEXTS = frozenset(
    [
        "organization_name",
        "contact_name",
        "billing_address",
        "po_number",
        "description",
        "notes",
        "contact_phone",
        "unknown",
    ]
)


_AMOUNTS = frozenset({"unit_price", "amount", "po_amount", "package", "own_line"})

_SILENT = frozenset(_SCHEMA) - {"organization_name", "contact_email", "description", "package"}
"""Columns that say nothing when they are empty from top to bottom."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cell is not what its column needs."""

    code: str
    message: str


@dataclass(slots=True)
class Rows:
    """The rows of a table as read; a row is known by its index.

    Attributes:
        numbers: The line of each row, as seen in the spreadsheet.
        cells: Column key → the cells as they came.
        values: Column key → the value of each row; a :class:`Refusal` where there is none.
        refused: Row → the keys of its bad cells.
        cleaned: Row → the keys of the cells whose control characters were taken out.
        same: The keys of columns that say the same in every row.
    """

    numbers: list[int]
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    cleaned: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    same: set[str] = field(default_factory=set)

    def value(self, row: int, key: str) -> Any:
        """Return a good cell's value; None for a bad cell or where there is no such column."""
        column = self.values.get(key)
        if column is None:
            return None
        value = column[row]
        return None if type(value) is Refusal else value

    def shown(self, row: int, key: str) -> str:
        """Return a cell as it came."""
        return text_of(self.cells[key][row]) if key in self.cells else ""

    def is_bad(self, row: int, *keys: str) -> bool:
        """Tell whether one of these cells is bad."""
        return row in self.refused and not set(keys).isdisjoint(self.refused[row])


def column_cells(rows: Sequence[SheetRow], position: int) -> list[Cell]:
    """Return one column of the rows."""
    try:
        return [cells[position] for _, cells in rows]
    except IndexError:
        return [cells[position] if position < len(cells) else "" for _, cells in rows]


def read_rows(
    table: Sequence[SheetRow],
    columns: Mapping[str, int],
    reading: Reading,
    made: Mapping[str, list[Cell]] | None = None,
) -> Rows:
    """Read the rows of a table.

    Args:
        table: Line number and cells of each row.
        columns: Field → position. ``package:3`` and ``unknown:5`` are columns of those kinds.
        reading: How the file's values are to be read.
        made: Field → cells that were put together from several columns.
    """
    rows = Rows([number for number, _ in table])
    sources = {key: column_cells(table, position) for key, position in columns.items()}
    for key, cells in (sources | dict(made or {})).items():
        kind = key.partition(":")[0]
        schema = _SCHEMA[kind]
        rows.cells[key] = cells
        different = set(cells)
        if kind in _SILENT and all(map(is_empty, different)):
            continue
        known = _plain_amounts(different, reading) if kind in _AMOUNTS else {}
        known |= {cell: _value(schema, cell, reading) for cell in different - known.keys()}
        values = rows.values[key] = [known[cell] for cell in cells]
        if len(different) == 1:
            rows.same.add(key)
        if any(type(value) is Refusal for value in known.values()):
            for row, value in enumerate(values):
                if type(value) is Refusal:
                    rows.refused[row].append(key)
        if kind in _TEXTS:
            dirty = {cell for cell in different if isinstance(cell, str) and has_controls(cell)}
            for row in (row for row, cell in enumerate(cells) if cell in dirty) if dirty else ():
                rows.cleaned[row].append(key)
    return rows


def _plain_amounts(different: AbstractSet[Cell], reading: Reading) -> dict[Cell, Any]:
    """Read what is written like 1234.50, which is most: it needs no look at signs or marks."""
    if reading.decimals == "comma" or reading.scale != 1:
        return {}
    return {
        cell: (Decimal(cell), None)
        for cell in different
        if type(cell) is str and PLAIN_POINT.fullmatch(cell)
    }


def _value(schema: TypeAdapter[Any], cell: Cell, reading: Reading) -> Any:
    try:
        return schema.validate_python(cell, context=reading)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Refusal(first["type"], first["msg"])


class Findings:
    """The errors and warnings of a table, purchase order after purchase order."""

    def __init__(self, rows: Rows, names: Mapping[str, str]) -> None:
        """Take the rows as read, and what the column of each key is called."""
        self._rows = rows
        self._names = names
        self.errors: list[RowProblem] = []
        self.warnings: list[RowProblem] = []

    def name(self, key: str) -> str:
        """Return what the column of a key is called in the file."""
        return self._names.get(key, key)

    def error(self, row: int, key: str, code: str, message: str) -> None:
        """Note why the purchase order of this row is rejected."""
        self.errors.append(self._problem(row, key, code, message))

    def warn(self, row: int, key: str, code: str, message: str) -> None:
        """Note what is worth a look in this row."""
        self.warnings.append(self._problem(row, key, code, message))

    def _problem(self, row: int, key: str, code: str, message: str) -> RowProblem:
        number = self._rows.numbers[row]
        return RowProblem(
            row=number,
            column=self._names.get(key, key),
            code=code,
            value=self._rows.shown(row, key),
            message=f"Row {number}: {sentence(message)}",
        )


def group_rows(rows: Rows, continued: Mapping[int, int] | None = None) -> list[list[int]]:
    """Put the rows of each purchase order together, in the order of their first rows.

    Rows share a purchase order when organization and PO number are the same, whatever their case
    and spaces; a row without a PO number stands alone. A row with a number but no organization has
    a hole: it belongs to the nearest order above it with that number, else to the next below. A row
    that goes on with the one above it belongs to its order. ``continued`` is the line of a row that
    goes on with an order → the line where that order is.
    """
    count = len(rows.numbers)
    organizations = _keys(rows, "organization_name")
    po_numbers = _keys(rows, "po_number") if "po_number" in rows.cells else [""] * count
    groups: dict[object, list[int]] = {}
    latest: dict[str, object] = {}
    orphans: list[int] = []
    of_line: dict[int, object] = {}
    key: object
    if not continued and all(organizations):
        for row, (organization, po_number) in enumerate(
            zip(organizations, po_numbers, strict=True)
        ):
            key = (organization, po_number) if po_number else row
            groups.setdefault(key, []).append(row)
        return list(groups.values())
    for row, (organization, po_number) in enumerate(zip(organizations, po_numbers, strict=True)):
        key = row
        if continued and rows.numbers[row] in continued:
            key = of_line.get(continued[rows.numbers[row]], row)
        elif po_number and (organization or po_number in latest):
            key = (organization, po_number) if organization else latest[po_number]
            latest[po_number] = key
        elif po_number:
            orphans.append(row)
            continue
        groups.setdefault(key, []).append(row)
        if continued:
            of_line[rows.numbers[row]] = key
    for row in orphans:
        key = latest.get(po_numbers[row], ("", po_numbers[row]))
        groups.setdefault(key, []).append(row)
    if not orphans and not continued:
        return list(groups.values())
    return sorted((sorted(group) for group in groups.values()), key=lambda group: group[0])


def _keys(rows: Rows, name: str) -> list[str]:
    """Return what tells the values of a column apart; a bad cell counts as it came."""
    cells, values = rows.cells[name], rows.values.get(name)
    if values is None:
        return [""] * len(cells)
    folded = {
        cell: comparable(value if type(value) is str else clean(text_of(cell)))
        for cell, value in dict(zip(cells, values, strict=True)).items()
    }
    return [folded[cell] for cell in cells]


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
    buyer_reference: str = ""
    e_invoice_address: str = ""
    e_invoice_format: str = ""
    contact_phone: str = ""
    cc_emails: str = ""
    total: int = field(init=False)

    def __post_init__(self) -> None:
        """Sum the lines up, once."""
        self.total = sum([line.quantity * line.unit_price + line.tax_on_top for line in self.lines])

    @property
    def total_major(self) -> Decimal:
        """The sum of the lines, in major units."""
        return to_major(self.total, self.currency)


class Pricer:
    """Makes the lines of a table's rows."""

    def __init__(
        self,
        rows: Rows,
        findings: Findings,
        packages: Mapping[str, str],
        header_currencies: Mapping[str, str],
        own_lines: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Take what all rows share.

        Args:
            rows: The rows as read.
            findings: Where problems go.
            packages: Column key → the package's name.
            header_currencies: Column key → the currency its header names.
            own_lines: Column key → name and ``+`` or ``-`` of the columns that are a line beside
                the row's own, such as a discount.
        """
        self._rows = rows
        self._findings = findings
        self._packages = packages
        self._own_lines = own_lines or {}
        self._header_currencies = header_currencies
        self._bad = frozenset({"quantity", "unit_price", "amount", *packages, *self._own_lines})
        self.price_field = "unit_price" if "unit_price" in rows.values else "amount"

    def lines(self, row: int, currency: str) -> list[OrderLine] | None:
        """Return the lines of a row, or None after noting what is wrong."""
        if row in self._rows.refused and not self._bad.isdisjoint(self._rows.refused[row]):
            return None
        errors = len(self._findings.errors)
        own = self._made_of_own_lines(row, currency)
        besides = sum(line.unit_price for line in own)
        if self._packages:
            made = self._package_lines(row, currency, besides)
        else:
            line = self._line(row, currency, besides)
            made = [line] if line else []
        made += own
        return made if len(self._findings.errors) == errors else None

    def _made_of_own_lines(self, row: int, currency: str) -> list[OrderLine]:
        """Return the lines of the columns that a person bills beside the row's own."""
        number = self._rows.numbers[row]
        return [
            OrderLine(number, name, 1, price if sign == "+" else -abs(price))
            for key, (name, sign) in self._own_lines.items()
            if (price := self.minor(row, key, currency))
        ]

    def _line(self, row: int, currency: str, besides: int) -> OrderLine | None:
        price = self.minor(row, "unit_price", currency)
        amount = self.minor(row, "amount", currency)
        number, description = self._rows.numbers[row], self._description(row)
        quantity: int = self._rows.value(row, "quantity") or 1
        if price is not None:
            # The amount may be what is left with the lines beside it, such as a discount.
            if amount is not None and amount - quantity * price not in (0, besides):
                self._findings.error(
                    row,
                    "amount",
                    "amount_mismatch",
                    f"{quantity} x {display(price, currency)} is "
                    f"{display(quantity * price, currency)}, not {display(amount, currency)}.",
                )
            return OrderLine(number, description, quantity, price)
        if amount is None:
            bare = not (self._rows.value(row, "unit_price") or self._rows.value(row, "amount"))
            if bare and not self._rows.is_bad(row, "organization_name", "contact_email"):
                self._findings.error(
                    row, self.price_field, "required", "there is no amount; every row needs one."
                )
            return None
        each, rest = divmod(amount, quantity)
        if not rest:
            return OrderLine(number, description, quantity, each)
        self._findings.warn(
            row,
            "amount",
            "quantity_in_text",
            f"{display(amount, currency)} cannot be divided by {quantity}; it is billed as one "
            f"line of one, described as {quantity} x {description}.",
        )
        return OrderLine(number, f"{quantity} x {description}", 1, amount)

    def _description(self, row: int) -> str:
        if "description" in self._rows.values:
            return str(self._rows.value(row, "description") or "")
        return named_by(str(self._rows.value(row, "po_number") or ""))

    def _package_lines(self, row: int, currency: str, besides: int) -> list[OrderLine]:
        number = self._rows.numbers[row]
        made = [
            OrderLine(number, name, 1, price)
            for key, name in self._packages.items()
            if (price := self.minor(row, key, currency))
        ]
        total = self.minor(row, "amount", currency)
        found = sum(each.line_total for each in made)
        if not any(self._rows.value(row, key) for key in self._packages):
            first = next(iter(self._packages))
            self._findings.error(
                row, first, "required", "no package has an amount; every row needs one."
            )
        elif total is not None and total - found not in (0, besides):
            self._findings.error(
                row,
                "amount",
                "amount_mismatch",
                f"the packages add up to {display(found, currency)}, not to "
                f"{display(total, currency)}.",
            )
        return made

    def minor(self, row: int, key: str, currency: str) -> int | None:
        """Return an amount in minor units; None without one, or after noting what is wrong."""
        column = self._rows.values.get(key)
        found: Amount | Refusal | None = column[row] if column is not None else None
        if found is None or isinstance(found, Refusal):
            return None
        value, signs = found
        named = self._header_currencies.get(key, currency)
        if named != currency or (signs is not None and currency not in signs):
            codes = [named] if named != currency else sorted(signs or ())[:4]
            other = " or ".join(code.upper() for code in codes)
            self._findings.error(
                row,
                key,
                "currency_conflict",
                f"the amount is in {other}, the purchase order in {currency.upper()}; write the "
                "code of its currency in a currency column.",
            )
            return None
        try:
            minor = exact_minor(value, currency)
        except AmountError as error:
            self._findings.error(row, key, "amount_not_representable", str(error))
            return None
        if value.same_quantum(_THOUSANDTH) and self._may_be_thousands(row, key, value, currency):
            self._findings.error(
                row,
                key,
                "perhaps_thousands",
                f"with the decimal mark of the file's other amounts this is "
                f"{display(minor, currency)}, but three digits follow it as if thousands were "
                f"meant; write {value:.2f} or {value * 1000:.0f}.",
            )
            return None
        return minor

    def _may_be_thousands(self, row: int, key: str, value: Decimal, currency: str) -> bool:
        typed = isinstance(self._rows.cells[key][row], str)
        return typed and currency not in THREE_DECIMAL and 1 <= abs(value) < 1000


_THOUSANDTH = Decimal("0.001")
"""So 1.000 is written: one, or a thousand by whoever writes the other mark for decimals."""

_FACTORS: dict[str, Decimal] = {}
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation])
_EVERYDAY = 15
"""Digits of an everyday amount in minor units."""


def exact_minor(value: Decimal, currency: str) -> int:
    """Convert as :func:`~po_toolkit.money.to_minor` does, faster for everyday amounts.

    Raises:
        AmountError: The currency cannot hold the amount exactly.
    """
    factor = _FACTORS.get(currency) or _FACTORS.setdefault(
        currency, Decimal(10 ** exponent(currency))
    )
    if currency not in THREE_DECIMAL:
        try:
            scaled = _EXACT.multiply(value, factor)
            if scaled.adjusted() < _EVERYDAY and (minor := int(scaled)) == scaled:
                return minor
        except (Inexact, InvalidOperation):
            pass
    return to_minor(value, currency)


_SINGLE = (
    "contact_email",
    "due_date",
    "days_until_due",
    "stripe_invoice_id",
    "tax_id",
    "language",
    "service_start",
    "service_end",
    "payment_methods",
    "delivery",
    "buyer_reference",
    "e_invoice_address",
    "e_invoice_format",
)
"""What a purchase order has one of; its lines must agree or be silent."""


class Assembler:
    """Puts the orders of one table together, and names what is wrong with each."""

    def __init__(
        self,
        rows: Rows,
        findings: Findings,
        pricer: Pricer,
        *,
        currency: str,
        header_currencies: Mapping[str, str],
        unknown: Mapping[str, str],
        max_lines: int,
        tax: TaxRules,
        refused_rows: Mapping[int, Sequence[tuple[str, str]]],
    ) -> None:
        """Take what all orders of the table share.

        Args:
            rows: The rows as read.
            findings: Where problems go.
            pricer: Makes a row's lines.
            currency: The conference's, for orders that name none.
            header_currencies: Column key → the currency its header names.
            unknown: Column key → the name of a column whose texts go to the notes.
            max_lines: How many lines a Stripe invoice holds.
            tax: The conference's rates and rules.
            refused_rows: Line → code and message of what is wrong with the row as a whole.
        """
        self._rows = rows
        self._refused_rows = refused_rows
        self._findings = findings
        self._pricer = pricer
        self._currency = currency
        named = set(header_currencies.values())
        self._header_currency = named.pop() if len(named) == 1 else ""
        self._amounts = [
            key
            for key in rows.values
            if key in ("unit_price", "amount") or key.startswith(("package:", "own_line:"))
        ]
        self._unknown = unknown
        self._max_lines = max_lines
        self._tax = tax

    def order(self, group: Sequence[int]) -> Order | None:
        """Return the order of these rows, or None after noting what is wrong."""
        before = len(self._findings.errors)
        self._note_cells(group)
        single = {name: self._agreed(group, name) for name in _SINGLE}
        currency = self._one_currency(group)
        tax_id = self._tax_id(group, single["tax_id"])
        lines = self._lines(group, currency, tax_id)
        authorized = self._authorized(group, currency)
        if lines is None or currency is None or len(self._findings.errors) > before:
            return None
        rows, first = self._rows, group[0]
        addresses: list[str] = single["contact_email"]
        copies = self._texts(group, "cc_emails")
        order = Order(
            rows=[rows.numbers[row] for row in group],
            organization_name=rows.value(first, "organization_name"),
            contact_email=addresses[0],
            currency=currency,
            lines=lines,
            contact_name=self._first(group, "contact_name"),
            billing_address=self._first(group, "billing_address"),
            po_number=rows.value(first, "po_number") or "",
            due_date=single["due_date"],
            days_until_due=single["days_until_due"],
            stripe_invoice_id=single["stripe_invoice_id"] or "",
            notes=self._notes(group, addresses),
            po_amount=authorized,
            tax_id=tax_id,
            language=single["language"] or "",
            service_start=single["service_start"],
            service_end=single["service_end"],
            payment_methods=single["payment_methods"] or (),
            delivery=single["delivery"] or "",
            buyer_reference=single["buyer_reference"] or "",
            e_invoice_address=single["e_invoice_address"] or "",
            e_invoice_format=single["e_invoice_format"] or "",
            contact_phone=self._first(group, "contact_phone"),
            cc_emails=", ".join(dict.fromkeys(", ".join(copies).split(", "))),
        )
        self._check_sum(first, order)
        self._check_period(first, order)
        return order if len(self._findings.errors) == before else None

    def _note_cells(self, group: Sequence[int]) -> None:
        for row in group:
            whole = self._refused_rows.get(self._rows.numbers[row], ())
            for code, message in whole:
                self._findings.error(row, "", code, message)
            if whole:
                continue
            empty: list[str] = []
            for key in self._rows.refused.get(row, ()):
                refusal = self._rows.values[key][row]
                if refusal.code == "required":
                    empty.append(key)
                else:
                    self._findings.error(row, key, refusal.code, refusal.message)
            self._note_empty(row, empty)
            for key in self._rows.cleaned.get(row, ()):
                if self._rows.is_bad(row, key):
                    continue
                self._findings.warn(
                    row, key, "control_characters", "invisible control characters were taken out."
                )

    def _note_empty(self, row: int, keys: Sequence[str]) -> None:
        """Say in one message which cells of a row are empty."""
        if len(keys) == 1:
            refusal: Refusal = self._rows.values[keys[0]][row]
            self._findings.error(row, keys[0], "required", refusal.message)
        elif keys:
            names = ", ".join(self._findings.name(key) for key in keys)
            self._findings.error(
                row, keys[0], "required", f"{names} are empty; every row needs a value there."
            )

    def _one_currency(self, group: Sequence[int]) -> str | None:
        """Find the order's currency: its column, the header, the signs, the conference's."""
        if "currency" in self._rows.values:
            if any(self._rows.is_bad(row, "currency") for row in group):
                return None
            if agreed := self._agreed(group, "currency"):
                return str(agreed)
        return self._header_currency or self._signed(group) or self._currency

    def _signed(self, group: Sequence[int]) -> str:
        """Return the currency that the signs beside the amounts name, if it is one."""
        possible: frozenset[str] | None = None
        for key in self._amounts:
            for row in group:
                amount = self._rows.value(row, key)
                if amount and amount[1] is not None:
                    possible = amount[1] if possible is None else possible & amount[1]
        if not possible or self._currency in possible:
            return ""
        if possible == sign_currencies("£"):
            return "gbp"  # Egyptian pounds are written so in Egypt alone
        return next(iter(possible)) if len(possible) == 1 else ""

    def _agreed(self, group: Sequence[int], key: str) -> Any:
        """Return what the lines agree on, after noting each that differs."""
        column = self._rows.values.get(key)
        if column is None:
            return None
        first = column[group[0]]
        if type(first) is not Refusal and (
            key in self._rows.same or all(column[row] is first for row in group)
        ):
            return first
        agreed: Any = None
        by = group[0]
        for row in group:
            value = self._rows.value(row, key)
            if value is agreed or value is None or value == "":
                continue
            if agreed is None:
                agreed, by = value, row
            elif comparable(str(value)) != comparable(str(agreed)):
                self._findings.error(
                    row,
                    key,
                    "conflict",
                    f"row {self._rows.numbers[by]} of the same purchase order says "
                    f"{self._rows.shown(by, key)!r}; make them equal, or leave one empty.",
                )
        return agreed

    def _lines(
        self, group: Sequence[int], currency: str | None, tax_id: TaxId | None
    ) -> list[OrderLine] | None:
        if currency is None:
            return None
        made: list[OrderLine] = []
        bad = False
        for row in group:
            if self._refused_rows and self._rows.numbers[row] in self._refused_rows:
                bad = True
                continue
            lines = self._pricer.lines(row, currency)
            if lines and self._tax.active:
                lines = self._taxed(row, lines, currency, tax_id)
            bad = bad or lines is None
            made.extend(lines or ())
        if len(made) > self._max_lines:
            self._findings.error(
                group[0],
                "po_number",
                "too_many_lines",
                f"the purchase order has {len(made)} lines; a Stripe invoice holds "
                f"{self._max_lines}. Split it.",
            )
        return None if bad else made

    def _taxed(
        self, row: int, lines: list[OrderLine], currency: str, tax_id: TaxId | None
    ) -> list[OrderLine] | None:
        """Return a row's lines with their tax, or None after noting what is wrong."""
        if self._rows.is_bad(row, "tax_rate"):
            return None
        rates = self._tax.chosen(self._rows.value(row, "tax_rate"), tax_id)
        try:
            taxes = [line_tax(line.line_total, currency, rates) for line in lines]
        except AmountError as error:
            self._findings.error(row, "tax_rate", "tax_not_representable", str(error))
            return None
        return [
            line._replace(rates=rates, tax_on_top=tax.on_top, tax_included=tax.included)
            for line, tax in zip(lines, taxes, strict=True)
        ]

    def _tax_id(self, group: Sequence[int], tax_id: TaxId | None) -> TaxId | None:
        """Return a tax id whose kind is known; another one goes to the notes as it came."""
        if tax_id is None or tax_id.type:
            return tax_id
        self._findings.warn(
            group[0],
            "tax_id",
            "tax_id_kind",
            f"the type of tax ID {tax_id.value!r} is unknown, so it is kept in the notes and not "
            f"printed on the invoice; write the type before it, as in au_abn 51824753556.",
        )
        return None

    def _authorized(self, group: Sequence[int], currency: str | None) -> int | None:
        if currency is None or self._agreed(group, "po_amount") is None:
            return None
        row = next(row for row in group if self._rows.value(row, "po_amount"))
        return self._pricer.minor(row, "po_amount", currency)

    def _notes(self, group: Sequence[int], addresses: Sequence[str]) -> str:
        notes = self._texts(group, "notes")
        tax_id = self._agreed(group, "tax_id")
        if tax_id is not None and not tax_id.type:
            notes.append(f"Tax id: {tax_id.value}")
        for key, name in self._unknown.items():
            notes += [f"{name}: {text}" for text in self._texts(group, key)]
        if len(addresses) > 1:
            others = ", ".join(addresses[1:])
            notes.append(f"Other addresses: {others}")
            self._findings.warn(
                group[0],
                "contact_email",
                "several_emails",
                f"the invoice goes to {addresses[0]}; {others} is kept in the notes.",
            )
        return "\n".join(notes)

    def _texts(self, group: Sequence[int], key: str) -> list[str]:
        """Return the different texts of a column, in their order."""
        column = self._rows.values.get(key)
        if column is None:
            return []
        first = column[group[0]]
        if type(first) is str and (
            key in self._rows.same or all(column[row] is first for row in group)
        ):
            return [first] if first else []
        texts = (self._rows.value(row, key) for row in group)
        return [text for text in dict.fromkeys(texts) if text]

    def _first(self, group: Sequence[int], key: str) -> str:
        return next(iter(self._texts(group, key)), "")

    def _check_period(self, first: int, order: Order) -> None:
        start, end = order.service_start, order.service_end
        if start is not None and end is not None and end < start:
            self._findings.error(
                first, "service_end", "service_period", f"{end} is before the start, {start}."
            )

    def _check_sum(self, first: int, order: Order) -> None:
        total, currency = order.total, order.currency
        least = stripe_limits.minimum_total(currency)
        if least <= total and stripe_limits.total_fits(total, currency):
            return
        shown = display(total, currency)
        if total <= 0:
            code, message = "total_not_positive", "it must be more than zero"
        elif total < least:
            code = "total_below_minimum"
            message = f"Stripe charges {display(least, currency)} or more"
        else:
            code, message = (
                "total_too_large",
                (
                    f"Stripe charges {display(stripe_limits.maximum_total(currency), currency)} or "
                    f"less in one invoice; split it into several purchase orders"
                ),
            )
        self._findings.error(
            first, self._pricer.price_field, code, f"the lines add up to {shown}; {message}."
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What the conference knows already.

    Attributes:
        today: The date in its timezone.
        sponsors: The names of its sponsors.
        billed: Organization and PO number, folded → currency → the sum of the purchase orders
            under it, in minor units.
    """

    today: date
    sponsors: Sequence[str]
    billed: Mapping[tuple[str, str], Mapping[str, int]]


def doubts(orders: Sequence[Order], names: Mapping[str, str], known: Known) -> list[RowProblem]:
    """Return what is worth a look.

    ``names`` is field → the column's own name.
    """

    def note(order: Order, field: str, code: str, value: str, text: str) -> RowProblem:
        row = order.rows[0]
        return RowProblem(row, names.get(field, field), code, value, f"Row {row}: {sentence(text)}")

    return [
        *_due_dates(orders, known.today, note),
        *_totals(orders, known, note),
        *_unusual(orders, note),
        *_twice(orders, note),
        *_email_slips(orders, note),
        *_tax_id_slips(orders, note),
        *_sponsors(orders, known.sponsors, note),
    ]


_Note = Callable[[Order, str, str, str, str], RowProblem]


def _due_dates(orders: Iterable[Order], today: date, note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        if order.due_date is not None and order.due_date < today:
            day = order.due_date
            yield note(
                order, "due_date", "due_date_past", day.isoformat(),
                f"{written_day(day)} has passed.",
            )  # fmt: skip


def _totals(orders: Iterable[Order], known: Known, note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        total, currency = order.total, order.currency
        if order.po_amount is None:
            continue
        shown = display(total, currency)
        key = comparable(order.organization_name), comparable(order.po_number)
        before = known.billed.get(key, {}).get(currency, 0) if order.po_number else 0
        if total + before > order.po_amount:
            rest = f" and {display(before, currency)} was billed before" if before else ""
            yield note(
                order,
                "po_amount",
                "above_po_amount",
                display(order.po_amount, currency),
                f"the lines add up to {shown}{rest}; the purchase order authorizes "
                f"{display(order.po_amount, currency)}.",
            )


_ENOUGH = 8
"""Below this many totals none of them is unusual."""


def _unusual(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    """Totals far outside the middle half of their currency, on a scale of powers of ten."""
    by_currency: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        by_currency[order.currency].append(order)
    for currency, same in by_currency.items():
        if len(same) < _ENOUGH:
            continue
        powers = sorted(math.log10(order.total) for order in same)
        low, high = powers[len(powers) // 4], powers[(3 * len(powers)) // 4]
        margin = 2.5 * max(high - low, 0.4)
        for order in same:
            power = math.log10(order.total)
            if not low - margin <= power <= high + margin:
                shown = display(order.total, currency)
                middle = display(round(10 ** powers[len(powers) // 2]), currency)
                yield note(
                    order,
                    "amount",
                    "unusual_total",
                    shown,
                    f"{shown} is far from the others in {currency.upper()}, whose median is about "
                    f"{middle}.",
                )


def _twice(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    """Orders whose lines all stand twice or more: rows that were pasted twice add up to double."""
    for order in orders:
        lines = [(line.description, line.quantity, line.unit_price) for line in order.lines]
        if len(lines) > 1 and len(set(lines)) <= len(lines) // 2:
            times = Counter(lines)
            if min(times.values()) > 1:
                yield note(
                    order,
                    "po_number",
                    "lines_twice",
                    order.po_number,
                    f"every line of this purchase order appears {min(times.values())} times or "
                    f"more, in rows {order.rows[0]} to {order.rows[-1]}; were they pasted twice?",
                )


_WELL_KNOWN = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "outlook.com",
    "protonmail.com",
    "yahoo.com",
)
_ENDINGS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "nte": "net", "ogr": "org"}


def _email_slips(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    meant: dict[str, str] = {}
    for order in orders:
        domain = order.contact_email.rpartition("@")[2].lower()
        if domain not in meant:
            meant[domain] = _meant(domain)
        if meant[domain]:
            yield note(
                order,
                "contact_email",
                "email_typo",
                order.contact_email,
                f"{domain} looks like {meant[domain]} misspelled.",
            )


def _tax_id_slips(orders: Iterable[Order], note: _Note) -> Iterator[RowProblem]:
    for order in orders:
        if order.tax_id is not None and has_wrong_check_digits(order.tax_id):
            yield note(
                order,
                "tax_id",
                "tax_id_check_digit",
                order.tax_id.value,
                "Its check digits are wrong, so a digit is probably mistyped. Ask the sponsor.",
            )


def _meant(domain: str) -> str:
    name, _, ending = domain.rpartition(".")
    if ending in _ENDINGS:
        return f"{name}.{_ENDINGS[ending]}"
    if domain in _WELL_KNOWN:
        return ""
    near = (known for known in _WELL_KNOWN if len(known) > 8)
    return next((known for known in near if OSA.distance(domain, known, score_cutoff=1) <= 1), "")


def _sponsors(orders: Sequence[Order], known: Sequence[str], note: _Note) -> Iterator[RowProblem]:
    names = list(dict.fromkeys(order.organization_name for order in orders))
    folded = {comparable(name) for name in known}
    new = [name for name in names if comparable(name) not in folded]
    others = similar(new, known)
    reported: set[str] = set()
    for order in orders if others else ():
        name = order.organization_name
        if name in others and name not in reported and comparable(name) != comparable(others[name]):
            reported.add(name)
            yield note(
                order,
                "organization_name",
                "similar_sponsor",
                name,
                f"{name!r} is almost {others[name]!r}; if they are one sponsor, write one name.",
            )


_LEGAL_FORMS = frozenset(
    """
    ab ag as asa bv co company corp corporation ev gbr gmbh hf inc incorporated kft kg kk limited
    llc llp lp ltd ltda mbh nv oy oyj plc pte pty sa sarl sas sl spa srl sro ug wll zrt
    """.split()
)
_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w\b|\s|$)")
_ALIKE = 90.0
_MOST_COMPARISONS = 2_000_000
"""Names in one block, squared, beyond which only equal cores are found."""


def core(name: str) -> str:
    """Return a name without case, punctuation and legal form: ``Acme, Inc.`` → ``acme``."""
    words = _plain_words(name)
    kept = [word for word in words if word not in _LEGAL_FORMS]
    return " ".join(kept or words)


def has_legal_form(name: str) -> bool:
    """Tell whether a name ends as a company's does: ``Acme Holding GmbH``."""
    words = _plain_words(name)
    return len(words) > 1 and words[-1] in _LEGAL_FORMS


def _plain_words(name: str) -> list[str]:
    return utils.default_process(_INITIALS.sub("", name) if "." in name else name).split()


def similar(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Find names that are almost another one.

    The names of the file are each once, in their order.

    Returns:
        Each doubtful name of the file, and the other one: a known one, or one before it.
    """
    there = set(known)
    blocks: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in there:
        own = core(name)
        _block(blocks, own).setdefault(own, name)
    found: dict[str, str] = {}
    for name in names:
        if name in there:
            continue
        there.add(name)
        own = core(name)
        block = _block(blocks, own)
        other = block.get(own) or _nearest(own, block)
        if other:
            found[name] = other
        block.setdefault(own, name)
    return found


def _block(blocks: dict[tuple[str, str], dict[str, str]], own: str) -> dict[str, str]:
    """Names are compared where they begin alike and hold the same digits."""
    return blocks[own[:2], "".join(filter(str.isdecimal, own))]


def _nearest(own: str, block: dict[str, str]) -> str:
    if not block or len(own) < 5 or len(block) ** 2 > _MOST_COMPARISONS:
        return ""
    best = process.extractOne(own, block.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return block[best[0]] if best else ""
