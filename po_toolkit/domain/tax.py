"""Tax on a purchase order's lines, rounded as Stripe rounds it, to the unit.

For each line and rate the tax is rounded half away from zero to the currency's unit at Stripe, then
added up. Inclusive tax is part of a line's price; exclusive tax comes on top and is computed on the
price without the tax inside. Source: Stripe, "Tax rates" and "Rounding rules" for invoices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from po_toolkit.domain.tax_ids import TaxId, eu_country
from po_toolkit.errors import AmountError, PurchaseOrderError
from po_toolkit.money import (
    SENT_AS_TWO_DECIMAL,
    display,
    exponent,
    minor_from_api,
    minor_to_api,
)

_WHOLE = 1_000_000
"""100 % in ten-thousandths of a per cent, the finest that Stripe's rates know."""

MOST_RATES = 10
"""Rates on one line. Source: Stripe API reference, invoice items."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax rate as it stands on a line.

    Attributes:
        name: What the sponsor reads.
        percentage: Like ``19`` or ``8.875``, without zeros at its end.
        inclusive: The line's price holds it already.
        country: Two letters, or empty.
        treatment: ``taxed``; ``exempt`` or ``reverse_charge``, whose percentage is 0.
    """

    name: str
    percentage: str
    inclusive: bool = False
    country: str = ""
    state: str = ""
    jurisdiction: str = ""
    type: str = ""
    treatment: str = "taxed"

    @property
    def parts(self) -> int:
        """The percentage in ten-thousandths of a per cent."""
        return int(Decimal(self.percentage) * 10_000)

    @property
    def fingerprint(self) -> str:
        """Equal for rates that are one at Stripe."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return the rate as a line keeps it."""
        return asdict(self)


EXEMPT = Rate("Tax exempt", "0", treatment="exempt")
REVERSE_CHARGE = Rate("Reverse charge", "0", treatment="reverse_charge")


def rates_of(kept: Iterable[Mapping[str, Any]] | None) -> tuple[Rate, ...]:
    """Return the rates that a line keeps as JSON."""
    return tuple(Rate(**rate) for rate in kept or ())


@dataclass(frozen=True, slots=True)
class LineTax:
    """The tax of one line, in minor units: beside its price, inside it, and by rate."""

    on_top: int
    included: int
    by_rate: tuple[int, ...]


NO_TAX = LineTax(0, 0, ())


def line_tax(amount: int, currency: str, rates: Sequence[Rate]) -> LineTax:
    """Compute a line's tax.

    The amount is quantity times unit price in minor units, below 0 for a discount.

    Raises:
        AmountError: The tax is no amount of the currency, as with a fraction of an Icelandic crown.
    """
    if not rates:
        return NO_TAX
    api = minor_to_api(amount, currency)
    inside = sum(rate.parts for rate in rates if rate.inclusive)
    found = tuple(
        _minor(_half_up(api * rate.parts, _WHOLE + inside), amount, currency, rate)
        for rate in rates
    )
    on_top = sum(tax for tax, rate in zip(found, rates, strict=True) if not rate.inclusive)
    return LineTax(on_top, sum(found) - on_top, found)


def _half_up(numerator: int, denominator: int) -> int:
    """Round a fraction to the nearest whole number, a half away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole


def payable(api_amount: int, currency: str) -> bool:
    """Tell whether an amount in Stripe's integer is one that can be paid in its currency.

    Crowns and shillings come whole, and the third decimal of a dinar is 0. How Stripe rounds a tax
    that is neither is written nowhere, so such a tax is refused before anything is sent. Source:
    Stripe, "Supported currencies", special cases.
    """
    if exponent(currency) == 3:
        return api_amount % 10 == 0
    return currency not in SENT_AS_TWO_DECIMAL or api_amount % 100 == 0


def _minor(api_tax: int, amount: int, currency: str, rate: Rate) -> int:
    inside_a_dinar = exponent(currency) == 3 and rate.inclusive
    if not inside_a_dinar and not payable(api_tax, currency):
        digits = 3 if exponent(currency) == 3 else 2
        raise AmountError(
            f"{rate_text(rate)} on {display(amount, currency)} comes to "
            f"{Decimal(api_tax).scaleb(-digits)}, which cannot be paid in {currency.upper()}; "
            f"choose a price whose tax comes out even."
        )
    return minor_from_api(api_tax, currency)


@dataclass(frozen=True, slots=True)
class TaxRules:
    """A conference's rates and which of them a line bears."""

    rates: Mapping[str, Rate] = field(default_factory=dict)
    default: tuple[str, ...] = ()
    home: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> TaxRules:
        """Return the rules of a conference's row; without settings there is no tax."""
        if not settings:
            return cls()
        rates = {
            name: Rate(
                name=rate["name"],
                percentage=_plain(rate["percentage"]),
                inclusive=rate["inclusive"],
                country=rate["country"] or "",
                state=rate["state"],
                jurisdiction=rate["jurisdiction"],
                type=rate["type"],
            )
            for name, rate in settings["rates"].items()
        }
        return cls(rates, tuple(settings["default"]), settings["home"] or "")

    @property
    def active(self) -> bool:
        """Whether the conference has tax settings at all."""
        return bool(self.rates) or bool(self.home)

    def chosen(self, named: Sequence[str] | None, tax_id: TaxId | None) -> tuple[Rate, ...]:
        """Return the rates of a line.

        Args:
            named: The rates' names, ``exempt``, ``reverse_charge`` or ``none``; None or
                ``default`` where the line leaves it to the conference.
            tax_id: The sponsor's.

        Raises:
            PurchaseOrderError: The conference has no such rate.
        """
        if not named or tuple(named) == ("default",):
            if self.home and tax_id and eu_country(tax_id) not in ("", self.home):
                return (REVERSE_CHARGE,)
            named = self.default
        return tuple(self._rate(name) for name in named if name != "none")

    def _rate(self, name: str) -> Rate:
        found = {"exempt": EXEMPT, "reverse_charge": REVERSE_CHARGE, **self.rates}.get(name)
        if found is None:
            known = ", ".join(self.rates) or "none"
            raise PurchaseOrderError(
                f"The conference has no tax rate {name!r}; it has: {known}. Add it to the "
                f"settings, or name another."
            )
        return found

    def by_percentage(self, percentage: Decimal) -> list[str]:
        """Return the names of the rates with this percentage."""
        wanted = _plain(percentage)
        return [name for name, rate in self.rates.items() if rate.percentage == wanted]


def _plain(percentage: Decimal | str) -> str:
    text = format(Decimal(percentage), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_text(rate: Rate) -> str:
    """Write a rate for people: ``VAT 19 %``."""
    return f"{rate.name} {rate.percentage} %{' included' if rate.inclusive else ''}"
