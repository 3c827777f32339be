"""The rows of one purchase order → the order, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.references import comparable
from po_toolkit.errors import AmountError
from po_toolkit.importers.cells import Cell, clean, text_of
from po_toolkit.importers.headers import currency_of
from po_toolkit.importers.orders import Order, OrderLine, SheetReading
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.row_schema import Reading, Row, read_row
from po_toolkit.importers.table import Table
from po_toolkit.money import display, to_minor

_SINGLE = ("contact_email", "due_date", "days_until_due", "stripe_invoice_id")
"""What a purchase order has one of; its lines must agree or be silent."""

_FIRST = ("contact_name", "billing_address")
"""What is taken from the first line that says it."""


@dataclass(slots=True)
class _Line:
    """One row of the order that is being put together."""

    number: int
    cells: Mapping[str, Cell]
    values: Row
    bad: frozenset[str]


class Assembler:
    """Puts the orders of one table together, and names what is wrong with each."""

    def __init__(self, table: Table, currency: str, max_lines: int, reading: Reading) -> None:
        """Take what all orders of the table share."""
        self._names = table.mapping
        self._default = currency
        self._header_currency = {
            field: currency_of(table.headers[position])
            for field, position in table.positions.items()
            if field in ("unit_price", "amount", "po_amount")
        }
        self._max_lines = max_lines
        self._reading = reading
        self._problems: list[RowProblem] = []

    def take(self, rows: Sequence[tuple[int, Mapping[str, Cell]]], result: SheetReading) -> None:
        """Add the order to the result, or its rows and its mistakes."""
        self._problems = []
        lines = [self._read(number, cells) for number, cells in rows]
        order = self._order(lines, result)
        if self._problems or order is None:
            result.rejected.append([number for number, _ in rows])
            result.errors.extend(self._problems)
        else:
            result.orders.append(order)

    def _read(self, number: int, cells: Mapping[str, Cell]) -> _Line:
        values, bad = read_row(cells, self._reading)
        line = _Line(number, cells, values, frozenset(name for name, _, _ in bad))
        for name, code, message in bad:
            self._problem(line, name, code, message)
        return line

    def _problem(self, line: _Line, name: str, code: str, message: str) -> None:
        self._problems.append(
            RowProblem(
                row=line.number,
                column=self._names.get(name, name),
                code=code,
                value=text_of(line.cells.get(name, "")),
                message=f"Row {line.number}: {message}",
            )
        )

    def _order(self, lines: Sequence[_Line], result: SheetReading) -> Order | None:
        first = lines[0]
        currency = self._currency(lines)
        single = {name: self._agreed(lines, name) for name in _SINGLE}
        made = [self._line(line, currency, result) for line in lines] if currency else []
        self._count(lines)
        whole = [line for line in made if line is not None]
        if currency is None or len(whole) < len(lines):
            return None
        po_amount = self._po_amount(lines, currency)
        if self._problems:
            return None
        addresses: list[str] = single["contact_email"]
        order = Order(
            rows=[line.number for line in lines],
            organization_name=first.values["organization_name"],
            contact_email=addresses[0],
            currency=currency,
            lines=whole,
            po_number=first.values.get("po_number", ""),
            due_date=single["due_date"],
            days_until_due=single["days_until_due"],
            stripe_invoice_id=single["stripe_invoice_id"] or "",
            notes=_joined(line.values.get("notes", "") for line in lines),
            po_amount=po_amount,
            **{name: _first(lines, name) for name in _FIRST},
        )
        self._total(first, order)
        return None if self._problems else order

    def _currency(self, lines: Sequence[_Line]) -> str | None:
        """Find the one currency of the order: its column, the header, the signs, the default."""
        if any("currency" in line.bad for line in lines):
            return None
        said = [(line, c) for line in lines if (c := line.values.get("currency", ""))]
        named = {c for c in self._header_currency.values() if c}
        if said:
            currency = said[0][1]
        elif len(named) == 1:
            currency = next(iter(named))
        else:
            currency = self._signed(lines) or self._default
        for line, other in said:
            if other != currency:
                self._problem(
                    line,
                    "currency",
                    "conflict",
                    f"{other.upper()} here, {currency.upper()} in row {said[0][0].number}; a "
                    "purchase order has one currency.",
                )
        return currency

    def _signed(self, lines: Sequence[_Line]) -> str:
        """The currency that the signs beside the amounts leave possible, if it is one."""
        possible: frozenset[str] | None = None
        for line in lines:
            for name in ("unit_price", "amount"):
                value: Any = line.values.get(name)
                if value and value[1].currencies is not None:
                    meant = value[1].currencies
                    possible = meant if possible is None else possible & meant
        if not possible or self._default in possible:
            return ""
        return next(iter(possible)) if len(possible) == 1 else ""

    def _agreed(self, lines: Sequence[_Line], name: str) -> Any:
        """Return what the lines agree on, or name the first that differs."""
        said: tuple[_Line, Any] | None = None
        for line in lines:
            value: Any = line.values.get(name)
            if value in (None, "", []):
                continue
            if said is None:
                said = (line, value)
            elif _alike(value) != _alike(said[1]):
                before = text_of(said[0].cells.get(name, ""))
                self._problem(
                    line,
                    name,
                    "conflict",
                    f"row {said[0].number} of the same purchase order has {before!r}; make them "
                    "equal, or leave one empty.",
                )
        return said[1] if said else None

    def _line(self, line: _Line, currency: str, result: SheetReading) -> OrderLine | None:
        values = line.values
        description = values.get("description")
        if description == "" and "description" not in line.bad:
            self._problem(
                line, "description", "required", "description is empty; say what is billed."
            )
        amounts = {"quantity", "unit_price", "amount"}
        if amounts & line.bad:
            return None
        price = self._minor(line, "unit_price", currency)
        amount = self._minor(line, "amount", currency)
        if price is _WRONG or amount is _WRONG:
            return None
        if price is None and amount is None:
            name = "unit_price" if "unit_price" in self._names else "amount"
            self._problem(line, name, "required", f"{name} is empty; every row needs it.")
            return None
        if description is None:
            description = "Purchase order " + values.get("po_number", "")
        return self._priced(line, description.strip(), price, amount, currency, result)

    def _priced(
        self,
        line: _Line,
        description: str,
        price: int | None,
        amount: int | None,
        currency: str,
        result: SheetReading,
    ) -> OrderLine | None:
        quantity = line.values.get("quantity", 1)
        if price is not None:
            if amount is not None and amount != quantity * price:
                self._problem(
                    line,
                    "amount",
                    "amount_mismatch",
                    f"{quantity} x {display(price, currency)} is "
                    f"{display(quantity * price, currency)}, not {display(amount, currency)}.",
                )
                return None
            return OrderLine(line.number, description, quantity, price)
        assert amount is not None  # noqa: S101 the caller refuses a line with neither
        each, rest = divmod(amount, quantity)
        if not rest:
            return OrderLine(line.number, description, quantity, each)
        result.warnings.append(
            RowProblem(
                line.number,
                self._names["amount"],
                "quantity_in_text",
                text_of(line.cells["amount"]),
                f"Row {line.number}: {display(amount, currency)} cannot be divided by {quantity}; "
                f"it is billed as one line of one, described as {quantity} x {description}.",
            )
        )
        return OrderLine(line.number, f"{quantity} x {description}", 1, amount)

    def _minor(self, line: _Line, name: str, currency: str) -> Any:
        """Return an amount in minor units, None without one, ``_WRONG`` after naming a problem."""
        found: Any = line.values.get(name)
        if found is None:
            return None
        value, written = found
        named = self._header_currency.get(name) or currency
        if named != currency or (
            written.currencies is not None and currency not in written.currencies
        ):
            other = named if named != currency else "/".join(sorted(written.currencies)[:3])
            self._problem(
                line,
                name,
                "currency_conflict",
                f"the amount is in {other.upper()}, the purchase order in {currency.upper()}.",
            )
            return _WRONG
        return self._exact(line, name, value, currency)

    def _exact(self, line: _Line, name: str, value: Decimal, currency: str) -> Any:
        try:
            return to_minor(value, currency)
        except AmountError as error:
            self._problem(line, name, "amount_not_representable", str(error))
            return _WRONG

    def _po_amount(self, lines: Sequence[_Line], currency: str) -> int | None:
        found = [line for line in lines if line.values.get("po_amount")]
        if not found:
            return None
        values = [self._minor(line, "po_amount", currency) for line in found]
        if len(set(values)) > 1:
            self._problem(found[1], "po_amount", "conflict", "the lines of one order must agree.")
        return values[0] if isinstance(values[0], int) else None

    def _count(self, lines: Sequence[_Line]) -> None:
        if len(lines) > self._max_lines:
            self._problem(
                lines[0],
                "po_number",
                "too_many_lines",
                f"{len(lines)} lines; a Stripe invoice holds {self._max_lines}. Split the order.",
            )

    def _total(self, first: _Line, order: Order) -> None:
        name = "amount" if "amount" in self._names else "unit_price"
        total, currency = order.total, order.currency
        least = stripe_limits.minimum_total(currency)
        shown = display(total, currency)
        if total <= 0:
            code, message = "total_not_positive", f"the lines add up to {shown}; more than 0 is due"
        elif total < least:
            code = "total_below_minimum"
            message = (
                f"the lines add up to {shown}; Stripe charges {display(least, currency)} or more"
            )
        elif not stripe_limits.total_fits(total, currency):
            code, message = "total_too_large", f"{shown} is more than a Stripe invoice can hold"
        else:
            return
        self._problem(first, name, code, message + ".")


_WRONG = object()


def _first(lines: Sequence[_Line], name: str) -> str:
    return next((str(v) for line in lines if (v := line.values.get(name))), "")


def _alike(value: Any) -> Any:
    return [comparable(v) for v in value] if isinstance(value, list) else value


def _joined(texts: Any) -> str:
    return "\n".join(dict.fromkeys(clean(text) for text in texts if text))
