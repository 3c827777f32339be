"""Tax on an invoice: for each line and rate, rounded half up to the unit, then added.

Source of the rounding: Stripe support, "Rounding rules" (each line's tax is rounded to the nearest
unit, a half upwards, before the sum). Inclusive tax is part of a line's amount, exclusive tax comes
on top and is computed on the amount without inclusive tax. A customer who is exempt or under
reverse charge pays none.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from po_toolkit.simulator import automatic_tax
from po_toolkit.simulator.world import Account, Json

_REASONS = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def with_taxes(account: Account, invoice: Json, line: Json) -> Json:
    """Return a line with its taxes."""
    if invoice["automatic_tax"]["enabled"]:
        rates = automatic_tax.rates(account, invoice, line)
    else:
        rates = [
            account.get("tax_rate", rate_id)
            for rate_id in line["_tax_rates"] or invoice["_default_tax_rates"]
        ]
    if not rates:
        return {**line, "taxes": []} if line["taxes"] else line
    amount = Decimal(line["amount"])
    included = sum((r["_exact"] for r in rates if r["inclusive"]), Decimal(0))
    net = amount / (1 + included / 100)
    reason = _REASONS.get(invoice["customer_tax_exempt"])
    taxes = [_tax(rate, net, reason) for rate in rates]
    return {**line, "taxes": taxes}


def _tax(rate: Json, net: Decimal, reason: str | None) -> Json:
    percentage = Decimal(0) if reason else rate["_exact"]
    return {
        "amount": _rounded(net * percentage / 100),
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": reason or ("standard_rated" if percentage else "zero_rated"),
        "taxable_amount": _rounded(net),
        "type": "tax_rate_details",
    }


def totals(lines: list[Json]) -> list[Json]:
    """Return an invoice's taxes: the lines' taxes added for each rate."""
    found: dict[str, Json] = {}
    for line in lines:
        for tax in line["taxes"]:
            rate_id = tax["tax_rate_details"]["tax_rate"]
            if rate_id not in found:
                found[rate_id] = dict(tax)
            else:
                found[rate_id]["amount"] += tax["amount"]
                found[rate_id]["taxable_amount"] += tax["taxable_amount"]
    return list(found.values())


def sum_of(taxes: list[Json], behavior: str) -> int:
    """Return the inclusive or the exclusive part of some taxes, in API units."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == behavior)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
