"""The amounts of a row → its lines, exactly, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation

from po_toolkit.errors import AmountError
from po_toolkit.importers.findings import Findings
from po_toolkit.importers.orders import OrderLine
from po_toolkit.importers.row_schema import Amount
from po_toolkit.importers.rows import Refusal, Rows
from po_toolkit.money import THREE_DECIMAL, display, exponent, to_minor


class Pricer:
    """Makes the lines of a table's rows."""

    def __init__(
        self,
        rows: Rows,
        findings: Findings,
        packages: Mapping[str, str],
        header_currencies: Mapping[str, str],
    ) -> None:
        """Take what all rows share.

        Args:
            rows: The rows as read.
            findings: Where problems go.
            packages: Column key → the package's name.
            header_currencies: Column key → the currency its header names.
        """
        self._rows = rows
        self._findings = findings
        self._packages = packages
        self._header_currencies = header_currencies
        self._bad = frozenset({"quantity", "unit_price", "amount", *packages})
        self.price_field = "unit_price" if "unit_price" in rows.values else "amount"

    def lines(self, row: int, currency: str) -> list[OrderLine] | None:
        """Return the lines of a row, or None after noting what is wrong."""
        if row in self._rows.refused and not self._bad.isdisjoint(self._rows.refused[row]):
            return None
        errors = len(self._findings.errors)
        if self._packages:
            made = self._package_lines(row, currency)
        else:
            line = self._line(row, currency)
            made = [line] if line else []
        return made if len(self._findings.errors) == errors else None

    def _line(self, row: int, currency: str) -> OrderLine | None:
        price = self.minor(row, "unit_price", currency)
        amount = self.minor(row, "amount", currency)
        number, description = self._rows.numbers[row], self._description(row)
        quantity: int = self._rows.value(row, "quantity") or 1
        if price is not None:
            if amount is not None and amount != quantity * price:
                self._findings.error(
                    row,
                    "amount",
                    "amount_mismatch",
                    f"{quantity} x {display(price, currency)} is "
                    f"{display(quantity * price, currency)}, not {display(amount, currency)}.",
                )
            return OrderLine(number, description, quantity, price)
        if amount is None:
            if not (self._rows.value(row, "unit_price") or self._rows.value(row, "amount")):
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
        return f"Purchase order {self._rows.value(row, 'po_number') or ''}".strip()

    def _package_lines(self, row: int, currency: str) -> list[OrderLine]:
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
        elif total is not None and total != found:
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
            other = named if named != currency else " or ".join(sorted(signs or ())[:3])
            self._findings.error(
                row,
                key,
                "currency_conflict",
                f"the amount is in {other.upper()}, the purchase order in {currency.upper()}.",
            )
            return None
        try:
            minor = exact_minor(value, currency)
        except AmountError as error:
            self._findings.error(row, key, "amount_not_representable", str(error))
            return None
        if value.same_quantum(_THOUSANDTH) and self._may_be_thousands(row, key, value, currency):
            self._findings.warn(
                row,
                key,
                "perhaps_thousands",
                f"this is read as {display(minor, currency)}, with the decimal mark of the file's "
                f"other amounts; if thousands are meant, write it without a mark.",
            )
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
