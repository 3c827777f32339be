"""Amounts and currencies, exact in both directions.

Inside the toolkit an amount is an ``int`` in the currency's *minor unit* (cents for USD, yen for
JPY, fils for BHD) or a ``Decimal`` in its *major unit*; it is never a float and never without its
currency. Stripe's own integer unit differs for ISK and UGX, which have no minor unit but are sent
with two decimals that must be 00.

Source of the currency rules: Stripe, "Supported currencies" (zero-decimal currencies, special
cases, three-decimal currencies), API version 2026-10-28.
"""

from __future__ import annotations

import re
from decimal import Decimal

from po_toolkit.errors import AmountError

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
"""Currencies that Stripe takes in whole units."""

SENT_AS_TWO_DECIMAL = frozenset({"isk", "ugx"})
"""Currencies without a minor unit that Stripe nevertheless takes multiplied by 100."""

THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
"""Currencies with 1000 minor units; Stripe requires the last digit to be 0."""

TWO_DECIMAL = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad
    cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl
    htg huf idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur
    mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd
    scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd xcg
    yer zar zmw
    """.split()
)

CURRENCIES = ZERO_DECIMAL | SENT_AS_TWO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL
"""Every currency Stripe takes, in lower case."""


def normalize_currency(code: str) -> str:
    """Return a currency code in lower case.

    Raises:
        AmountError: Stripe does not take this currency.
    """
    currency = code.strip().lower()
    if currency not in CURRENCIES:
        raise AmountError(
            f"{code!r} is not a currency that Stripe takes; use a three-letter code such as usd."
        )
    return currency


def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has (0, 2 or 3).

    Raises:
        AmountError: Stripe does not take this currency.
    """
    currency = normalize_currency(currency)
    if currency in ZERO_DECIMAL or currency in SENT_AS_TWO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """Convert an amount in major units to the currency's minor unit, exactly.

    Args:
        amount: Major units, e.g. ``Decimal("12.50")``.
        currency: Three-letter code.

    Raises:
        AmountError: The amount has more decimals than the currency, or is no finite number.
        TypeError: The amount is not a ``Decimal`` or ``int`` (floats are refused).
    """
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        raise TypeError(f"An amount must be a Decimal, not {type(amount).__name__}: {amount!r}")
    digits = exponent(currency)
    code = currency.strip().upper()
    value = Decimal(amount)
    if not value.is_finite():
        raise AmountError(f"{amount} is not an amount of {code}.")
    sign, numerals, power = value.as_tuple()
    if len(numerals) > _MOST_NUMERALS:
        raise AmountError(f"An amount of {len(numerals):,} digits cannot be read.")
    shift = int(power) + digits
    coefficient = int("".join(map(str, numerals)) or "0")
    if coefficient == 0:
        return 0
    if shift > _MAX_DIGITS:
        raise AmountError(f"{amount} {code} is too large.")
    if shift >= 0:
        minor = coefficient * int(10**shift)
    else:
        minor, rest = divmod(coefficient, 10**-shift) if -shift <= len(numerals) else (0, 1)
        if rest:
            unit = f"{digits} decimals" if digits else "no decimals"
            raise AmountError(f"{amount} {code} cannot be represented: {code} has {unit}.")
    if minor >= 10**_MAX_DIGITS:
        raise AmountError(f"{amount} {code} is too large.")
    if digits == 3 and minor % 10:
        raise AmountError(
            f"{amount} {code} cannot be represented: Stripe requires the third decimal of {code} "
            f"to be 0."
        )
    return -minor if sign else minor


_MAX_DIGITS = 17
_MOST_NUMERALS = 100
"""Numerals of an amount as it was written; Python's ``int`` reads no more than 4,300."""
"""Minor units must fit the database's 64-bit integers."""


def to_major(minor: int, currency: str) -> Decimal:
    """Convert minor units to major units with the currency's number of decimals."""
    sign, digits = (1, -minor) if minor < 0 else (0, minor)
    return Decimal((sign, tuple(int(d) for d in str(digits)), -exponent(currency)))


def minor_to_api(minor: int, currency: str) -> int:
    """Convert our minor units to the integer Stripe's API takes."""
    return minor * 100 if normalize_currency(currency) in SENT_AS_TWO_DECIMAL else minor


def minor_from_api(api_amount: int, currency: str) -> int:
    """Convert an integer from Stripe's API to our minor units.

    Raises:
        AmountError: An ISK or UGX amount does not end in 00.
    """
    if normalize_currency(currency) not in SENT_AS_TWO_DECIMAL:
        return api_amount
    minor, rest = divmod(api_amount, 100)
    if rest:
        raise AmountError(
            f"Stripe reports {api_amount} for {currency.upper()}, which has no decimals: the last "
            f"two digits must be 00."
        )
    return minor


def convert_amount_for_api(amount: Decimal, currency: str) -> int:
    """Convert a major-unit amount to the integer that Stripe's API takes, exactly.

    Raises:
        AmountError: The amount cannot be represented; nothing is ever rounded.
    """
    return minor_to_api(to_minor(amount, currency), currency)


def convert_amount_for_db(minor: int, currency: str) -> Decimal:
    """Convert an integer from Stripe's API to a major-unit ``Decimal``, exactly.

    The inverse of :func:`convert_amount_for_api`.

    Raises:
        AmountError: The integer is not one Stripe could mean in this currency.
        TypeError: The amount is not an ``int``.
    """
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TypeError(f"A Stripe amount must be an int, not {type(minor).__name__}: {minor!r}")
    return to_major(minor_from_api(minor, currency), currency)


def parse_decimal(text: str) -> Decimal:
    """Parse a plain decimal number such as ``1234.50``; no separators, no exponent.

    Raises:
        AmountError: The text is not such a number.
    """
    cleaned = text.strip()
    if _PLAIN.fullmatch(cleaned) is None:
        raise AmountError(f"{text!r} is not an amount; write it like 1234.50.")
    return Decimal(cleaned)


_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")


def display(minor: int, currency: str) -> str:
    """Write an amount in minor units for people and messages: ``1,234.50 USD``."""
    return f"{to_major(minor, currency):,} {currency.upper()}"
