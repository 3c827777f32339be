"""Invoice lines: what one says, and how many an invoice holds."""

from __future__ import annotations

from typing import Any

from po_toolkit.simulator.automatic_tax import check_line
from po_toolkit.simulator.errors import invalid, malformed
from po_toolkit.simulator.metadata import merged
from po_toolkit.simulator.prices import at, price_of
from po_toolkit.simulator.tax_rates import usable
from po_toolkit.simulator.world import Account, Json

SHOWN_IN_INVOICE = 10
"""How many lines an invoice carries itself; the rest are on its ``lines`` pages."""

_NONE: list[Any] = []
_NOT_SIMULATED = ("discounts", "invoice_item", "tax_amounts")


def new_line(account: Account, invoice: Json, given: Json, path: str) -> Json:
    """Return a line for a draft invoice.

    Args:
        account: Where the invoice is.
        invoice: The draft; its id and currency are enough.
        given: The checked parameters of one line.
        path: Where they stood in the form, e.g. ``lines[0]``, for messages.

    Raises:
        ApiError: They contradict one another or do not fit the invoice.
    """
    for name in _NOT_SIMULATED:
        if name in given:
            raise malformed(
                f"The simulator does not know what {name} does on a line.",
                param=at(path, name),
                code="not_simulated",
            )
    check_line(invoice, given, path)
    price = price_of(account, invoice["currency"], given, path)
    whole = price.quantity == int(price.quantity)
    period = given.get("period") or {"end": account.now(), "start": account.now()}
    return {
        "id": account.new_id("il"),
        "object": "line_item",
        "amount": price.amount,
        "currency": invoice["currency"],
        "description": given.get("description") or price.product_name,
        "discount_amounts": _NONE,
        "discountable": given.get("discountable", price.amount > 0),
        "discounts": _NONE,
        "invoice": invoice["id"],
        "livemode": account.livemode,
        "metadata": merged({}, given.get("metadata")),
        "parent": {
            "invoice_item_details": {
                "invoice_item": account.new_id("ii"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": period,
        "pretax_credit_amounts": _NONE,
        "pricing": price.pricing,
        "quantity": int(price.quantity) if whole else None,
        "quantity_decimal": format(price.quantity, "f"),
        "subscription": None,
        "subtotal": price.amount,
        "taxes": _NONE,
        "_tax_behavior": (given.get("price_data") or {}).get("tax_behavior", "unspecified"),
        "_tax_rates": usable(account, given.get("tax_rates"), at(path, "tax_rates")),
    }


def shown_line(line: Json) -> Json:
    """Return a line as the API shows it."""
    shown = line.copy()
    del shown["_tax_rates"], shown["_tax_behavior"]
    return shown


def check_count(account: Account, kept: int, added: int) -> None:
    """Refuse lines above the most that one invoice holds.

    Raises:
        ApiError: There would be too many.
    """
    most = account.world.options.max_invoice_items
    if kept + added > most:
        raise invalid(
            f"Invoices can have at most {most} line items; this one has {kept} and would get "
            f"{added} more.",
            param="lines",
        )
