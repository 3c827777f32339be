"""Tax on an invoice: for each line and rate, rounded half up to the unit, then added.

Source of the rounding: Stripe support, "Rounding rules" (each line's tax is rounded to the nearest
unit, a half upwards, before the sum). Inclusive tax is part of a line's amount, exclusive tax comes
on top and is computed on the amount without inclusive tax. A customer who is exempt or under
reverse charge pays none.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.world import Account, Json


def automatic_tax(params: Json) -> Json:
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


def _automatic_rates(account: Account, invoice: Json, line: Json) -> list[Json]:
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


_REASONS = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def with_taxes(account: Account, invoice: Json, line: Json) -> Json:
    """Return a line with its taxes."""
    if invoice["automatic_tax"]["enabled"]:
        rates = _automatic_rates(account, invoice, line)
    else:
        rates = [
            account.get("tax_rate", rate_id)
            for rate_id in line["_tax_rates"] or invoice["_default_tax_rates"]
        ]
    if not rates:
        return {**line, "taxes": []} if line["taxes"] else line
    amount = Decimal(line["amount"] - sum(d["amount"] for d in line["discount_amounts"]))
    included = sum((r["_exact"] for r in rates if r["inclusive"]), Decimal(0))
    net = amount / (1 + included / 100)
    reason = _REASONS.get(invoice["customer_tax_exempt"])
    taxes = [_tax(rate, net, reason) for rate in rates]
    return {**line, "taxes": taxes}


def _tax(rate: Json, net: Decimal, reason: str | None) -> Json:
    percentage = Decimal(0) if reason else rate["_exact"]
    return {
        "amount": _rounded(net * percentage / 100),
        "_exact": net * percentage / 100,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": reason or ("standard_rated" if percentage else "zero_rated"),
        "taxable_amount": _rounded(net),
        "type": "tax_rate_details",
    }


def totals(account: Account, lines: list[Json]) -> list[Json]:
    """Return an invoice's taxes: the lines' taxes added for each rate."""
    found: dict[str, Json] = {}
    exact: dict[str, Decimal] = {}
    for line in lines:
        for tax in line["taxes"]:
            rate_id = tax["tax_rate_details"]["tax_rate"]
            if rate_id not in found:
                found[rate_id] = dict(tax)
            else:
                found[rate_id]["amount"] += tax["amount"]
                found[rate_id]["taxable_amount"] += tax["taxable_amount"]
            exact[rate_id] = exact.get(rate_id, Decimal(0)) + tax["_exact"]
    if account.turned("tax_rounded_on_total"):
        for rate_id, tax in found.items():
            tax["amount"] = _rounded(exact[rate_id])
    return [_plain_tax(tax) for tax in found.values()]


def _plain_tax(tax: Json) -> Json:
    return {name: value for name, value in tax.items() if name != "_exact"}


def sum_of(taxes: list[Json], behavior: str) -> int:
    """Return the inclusive or the exclusive part of some taxes, in API units."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == behavior)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
