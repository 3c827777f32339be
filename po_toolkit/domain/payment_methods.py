"""Ways in which a sponsor may pay a Stripe invoice.

Source: Stripe, "Payment methods for invoices" and API 2026-10-28, ``payment_method_types``.
"""

from __future__ import annotations

METHODS = ("card", "ach", "sepa", "bank transfer", "acss debit", "bacs debit", "link")
"""What they are called in a spreadsheet."""

_NAMES = {
    "card": "card", "credit card": "card", "cards": "card",
    "ach": "us_bank_account", "us bank account": "us_bank_account", "ach debit": "us_bank_account",
    "sepa": "sepa_debit", "sepa debit": "sepa_debit", "sepa direct debit": "sepa_debit",
    "bank transfer": "customer_balance", "wire": "customer_balance",
    "wire transfer": "customer_balance", "customer balance": "customer_balance",
    "acss debit": "acss_debit", "bacs": "bacs_debit", "bacs debit": "bacs_debit", "link": "link",
}  # fmt: skip

CODES = tuple(dict.fromkeys(_NAMES.values()))
"""Stripe's names of the payment methods that can be chosen."""

_CURRENCIES = {
    "us_bank_account": {"usd"},
    "sepa_debit": {"eur"},
    "acss_debit": {"cad", "usd"},
    "bacs_debit": {"gbp"},
    "customer_balance": {"eur", "gbp", "jpy", "mxn", "usd"},
}
"""Ways that take some currencies only."""

_TRANSFERS = {
    "eur": "eu_bank_transfer",
    "gbp": "gb_bank_transfer",
    "jpy": "jp_bank_transfer",
    "mxn": "mx_bank_transfer",
    "usd": "us_bank_transfer",
}


def method_named(folded: str) -> str:
    """Return Stripe's name of a way to pay, or ``""``; the name without case or punctuation."""
    return _NAMES.get(folded, "")


def takes(method: str, currency: str) -> bool:
    """Tell whether a way to pay takes a currency."""
    allowed = _CURRENCIES.get(method)
    return allowed is None or currency in allowed


def transfer_type(currency: str) -> str:
    """Return Stripe's kind of bank transfer in a currency that ``customer_balance`` takes."""
    return _TRANSFERS[currency]
