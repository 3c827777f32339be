"""Invoice lines: what one says, and how many an invoice holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from po_toolkit.simulator.currencies import check_amount
from po_toolkit.simulator.errors import invalid, malformed, missing
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.tax_rates import usable
from po_toolkit.simulator.taxes import check_line
from po_toolkit.simulator.world import Account, Json

_PRODUCT_NAME_LENGTH = 250


@dataclass(frozen=True)
class Price:
    """The amount of a line in API units, and how it came about."""

    amount: int
    quantity: Decimal
    pricing: Json
    product_name: str | None


def price_of(account: Account, currency: str, given: Json, path: str) -> Price:
    """Return what a line of an invoice in this currency costs.

    Raises:
        ApiError: Amount, price and quantity contradict one another or do not fit the currency.
    """
    one_of(given, ("amount", "price_data", "pricing"), path)
    one_of(given, ("quantity", "quantity_decimal"), path)
    if given.get("pricing"):
        price = given["pricing"].get("price", "")
        raise missing("price", price, at(path, "pricing[price]"), in_path=False)
    found = _plain(account, given, path) if "amount" in given else None
    found = found or _computed(account, currency, given, path)
    taken = account.turned("cents_of_whole_currencies_taken")
    check_amount(found.amount, currency, at(path, "amount"), cents_of_whole_taken=taken)
    return found


def one_of(given: Json, names: tuple[str, ...], path: str) -> None:
    """Refuse more than one of several parameters.

    Raises:
        ApiError: Two of them are there.
    """
    present = [name for name in names if name in given]
    if len(present) > 1:
        raise invalid(
            f"You may only specify one of these parameters: {', '.join(sorted(present))}.",
            param=at(path, present[-1]),
        )


def at(path: str, name: str) -> str:
    """Return where a field of a group stands in the form."""
    if not path:
        return name
    head, bracket, rest = name.partition("[")
    return f"{path}[{head}]{bracket}{rest}"


def _plain(account: Account, given: Json, path: str) -> Price:
    if "quantity" in given or "quantity_decimal" in given:
        raise invalid(
            "You may only specify one of these parameters: amount, quantity.",
            param=at(path, "quantity"),
        )
    pricing = _pricing(account, Decimal(given["amount"]))
    return Price(given["amount"], Decimal(1), pricing, None)


def _computed(account: Account, currency: str, given: Json, path: str) -> Price:
    price_data = given.get("price_data")
    if not price_data:
        raise invalid(
            "You must specify one of these parameters: amount, price_data, pricing.",
            param=at(path, "amount"),
        )
    where = at(path, "price_data")
    if price_data["currency"] != currency:
        raise invalid(
            f"The currency of the line ({price_data['currency']}) must be the same as the currency "
            f"of the invoice ({currency}).",
            param=f"{where}[currency]",
        )
    unit = _unit_amount(price_data, currency, where)
    quantity = _quantity(given, path)
    name = _product_name(price_data, where)
    amount = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
    return Price(amount, quantity, _pricing(account, unit), name)


def _pricing(account: Account, unit: Decimal) -> Json:
    """Return the price and product that Stripe makes for each line of its own."""
    return {
        "price_details": {"price": account.new_id("price"), "product": account.new_id("prod")},
        "type": "price_details",
        "unit_amount_decimal": format(unit, "f"),
    }


def _unit_amount(price_data: Json, currency: str, where: str) -> Decimal:
    one_of(price_data, ("unit_amount", "unit_amount_decimal"), where)
    unit: Any = price_data.get("unit_amount", price_data.get("unit_amount_decimal"))
    if unit is None:
        raise invalid(
            "You must specify one of these parameters: unit_amount, unit_amount_decimal.",
            param=where,
        )
    if unit < 0:
        raise invalid(
            f"Invalid integer: {unit}. This value must be greater than or equal to 0.",
            param=f"{where}[unit_amount]",
            code="parameter_invalid_integer",
        )
    if "unit_amount" in price_data:
        check_amount(unit, currency, f"{where}[unit_amount]")
    return Decimal(unit)


def _quantity(given: Json, path: str) -> Decimal:
    asked: Any = given.get("quantity", given.get("quantity_decimal", 1))
    quantity = Decimal(asked)
    if quantity < 0:
        raise invalid(
            f"Invalid non-negative integer: {quantity}",
            param=at(path, "quantity"),
            code="parameter_invalid_integer",
        )
    return quantity


def _product_name(price_data: Json, where: str) -> str:
    one_of(price_data, ("product", "product_data"), where)
    if "product" in price_data:
        raise missing("product", price_data["product"], f"{where}[product]", in_path=False)
    if "product_data" not in price_data:
        raise invalid(
            "You must specify one of these parameters: product, product_data.", param=where
        )
    name: str = price_data["product_data"]["name"]
    if not name:
        raise invalid("A product needs a name.", param=f"{where}[product_data][name]")
    if len(name) > _PRODUCT_NAME_LENGTH:
        raise invalid(
            f"Invalid string: {name[:10]}...{name[-10:]}; must be at most {_PRODUCT_NAME_LENGTH} "
            f"characters",
            param=f"{where}[product_data][name]",
        )
    return name


SHOWN_IN_INVOICE = 10
"""How many lines an invoice carries itself; the rest are on its ``lines`` pages."""

_NONE: list[Any] = []
_NOT_SIMULATED = ("discounts", "invoice_item", "tax_amounts")


def new_line(account: Account, invoice: Json, given: Json, path: str) -> Json:
    """Return a line for a draft invoice.

    The parameters are checked; ``path`` is where they stood in the form, e.g. ``lines[0]``, for
    messages.

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
    shown["taxes"] = [{k: v for k, v in tax.items() if k != "_exact"} for tax in line["taxes"]]
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
