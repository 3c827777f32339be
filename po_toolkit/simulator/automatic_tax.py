"""Stripe's automatic tax: a rate for the customer's country, where the account is registered.

What Stripe knows of places and products is not simulated: an account charges one rate in each
country that the test registers it for, and nothing elsewhere.
"""

from __future__ import annotations

from decimal import Decimal

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.world import Account, Json


def asked(params: Json) -> Json:
    """Return a new invoice's ``automatic_tax``."""
    enabled = bool((params.get("automatic_tax") or {}).get("enabled"))
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": None,
    }


def located(invoice: Json) -> Json:
    """Return ``automatic_tax`` with whether the customer's place is known."""
    found = invoice["automatic_tax"]
    if not found["enabled"]:
        return dict(found)
    known = (invoice["customer_address"] or {}).get("country")
    return {**found, "status": "complete" if known else "requires_location_inputs"}


def rates(account: Account, invoice: Json, line: Json) -> list[Json]:
    """Return the rates that a line bears by the customer's country."""
    country = (invoice["customer_address"] or {}).get("country") or ""
    percentage = account.automatic_taxes.get(country)
    if percentage is None:
        return []
    inclusive = line["_tax_behavior"] == "inclusive"
    for rate in account.all("tax_rate").values():
        if rate.get("_automatic") == (country, inclusive):
            return [rate]
    return [_rate(account, country, percentage, inclusive=inclusive)]


def _rate(account: Account, country: str, percentage: Decimal, *, inclusive: bool) -> Json:
    return account.add(
        {
            "id": account.new_id("txr"),
            "object": "tax_rate",
            "active": False,
            "country": country,
            "created": account.now(),
            "description": None,
            "display_name": "VAT",
            "effective_percentage": float(percentage),
            "flat_amount": None,
            "inclusive": inclusive,
            "jurisdiction": country,
            "jurisdiction_level": "country",
            "livemode": account.livemode,
            "metadata": {},
            "percentage": float(percentage),
            "rate_type": "percentage",
            "state": None,
            "tax_type": "vat",
            "_exact": percentage,
            "_automatic": (country, inclusive),
        }
    )


def check_final(invoice: Json) -> None:
    """Refuse to finalize an invoice whose tax cannot be computed.

    Raises:
        ApiError: The customer's place is not known.
    """
    if invoice["automatic_tax"]["enabled"] and invoice["automatic_tax"]["status"] != "complete":
        raise invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to "
            "automatically calculate tax.",
            code="customer_tax_location_invalid",
        )


def check_line(invoice: Json, given: Json, path: str) -> None:
    """Refuse tax rates on a line of an invoice with automatic tax.

    Raises:
        ApiError: Both are there.
    """
    if (invoice.get("automatic_tax") or {}).get("enabled") and given.get("tax_rates"):
        raise invalid(
            "You cannot set tax rates on an invoice with automatic tax enabled.",
            param=f"{path}[tax_rates]",
        )
