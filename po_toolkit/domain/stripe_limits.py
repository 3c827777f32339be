"""What Stripe refuses or cannot charge, so that it is said before the first call.

Source: Stripe, "Minimum and maximum charge amounts" and the API reference (2026-10-28).
"""

from __future__ import annotations

from po_toolkit.money import SENT_AS_TWO_DECIMAL

PO_NUMBER_LENGTH = 140
"""The value of an invoice's custom field."""

NAME_LENGTH = 256
"""A customer's name."""

EMAIL_LENGTH = 254

LINE_DESCRIPTION_LENGTH = 5000

TEXT_LENGTH = 5000
"""Addresses and notes."""

LARGEST_QUANTITY = 999_999

_LARGEST = 99_999_999
"""What Stripe can charge, in the integer of its API: 8 digits, except in these currencies.

An invoice above it is marked paid, and its amount is moved to the customer's balance: nobody is
asked for it. Source: Stripe, "Currencies" and "Customer balance" (``invoice_too_large``).
"""

_LARGEST_IN = {"idr": 999_999_999_999}

_MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip


def minimum_total(currency: str) -> int:
    """Return the smallest total that can be charged, in minor units; 1 where Stripe names none."""
    return _MINIMUM.get(currency, 1)


def maximum_total(currency: str) -> int:
    """Return the largest total that can be charged, in minor units."""
    largest = _LARGEST_IN.get(currency, _LARGEST)
    return largest // 100 if currency in SENT_AS_TWO_DECIMAL else largest


def total_fits(total: int, currency: str) -> bool:
    """Tell whether Stripe can charge this total (minor units)."""
    return total <= maximum_total(currency)
