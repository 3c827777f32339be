"""The columns of an import, and the names people give them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from po_toolkit.importers.cells import Cell
from po_toolkit.money import CURRENCIES

FIELDS = (
    "organization_name",
    "contact_name",
    "contact_email",
    "billing_address",
    "po_number",
    "description",
    "quantity",
    "unit_price",
    "amount",
    "currency",
    "due_date",
    "days_until_due",
    "notes",
    "stripe_invoice_id",
    "po_amount",
    "tax_rate",
    "tax_id",
    "language",
    "service_start",
    "service_end",
    "payment_methods",
    "delivery",
)
"""The canonical columns."""

REASON = "po_toolkit_reason"
"""The header of the column in which rejected rows say why; an import leaves it out."""

REQUIRED = ("organization_name", "contact_email")
"""Columns that every import has, beside ``amount`` or ``unit_price``."""

_IN_CURRENCY = re.compile(r"(?:^(?P<before>[a-z]{3}) | in (?P<in>[a-z]{3})$| (?P<after>[a-z]{3})$)")


@lru_cache(maxsize=4096)
def fold(header: str) -> str:
    """Fold a header for comparison: no case, accents, punctuation or double spaces."""
    text = unicodedata.normalize("NFKD", header.replace("№", "no").casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def field_of(header: str) -> tuple[str, int] | None:
    """Return the canonical field a header names, and how far down its list of names it stands."""
    from po_toolkit.importers.synonyms import NAMES

    folded = fold(header)
    return NAMES.get(folded) or NAMES.get(_without_currency(folded))


def currency_of(header: str) -> str:
    """Return the currency a header such as ``Amount (EUR)`` names, or ``""``."""
    for code in re.findall(r"(?<![^\W_])[A-Za-z]{3}(?![^\W_])", header):
        if code.lower() in CURRENCIES and (code.isupper() or f"({code})" in header):
            return str(code).lower()
    for sign, code in (("€", "eur"), ("£", "gbp")):
        if sign in header:
            return code
    return ""


def _without_currency(folded: str) -> str:
    found = _IN_CURRENCY.search(folded)
    if found and (found["before"] or found["in"] or found["after"]) in CURRENCIES:
        return (folded[: found.start()] + " " + folded[found.end() :]).strip()
    return folded


def recognized(cells: Iterable[Cell]) -> int:
    """Count the different fields that a row of headers names."""
    found = {field_of(c) for c in cells if isinstance(c, str) and c.strip() and len(c) < 100}
    return len({f[0] for f in found if f})
