"""Invoice lines: what one may say, and what it comes to."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from po_toolkit.simulator.currencies import check_amount
from po_toolkit.simulator.errors import invalid, missing
from po_toolkit.simulator.metadata import merged
from po_toolkit.simulator.world import Account, Json

SHOWN_IN_INVOICE = 10
"""How many lines an invoice carries itself; the rest are on its ``lines`` pages."""

_PRODUCT_NAME_LENGTH = 250
_NONE: list[Any] = []


def new_line(account: Account, invoice: Json, given: Json, path: str) -> Json:
    """Return a line for a draft invoice; ``invoice`` needs id, currency and created only.

    Args:
        account: Where the invoice is.
        invoice: The draft.
        given: The checked parameters of one line.
        path: Where they stood in the form, e.g. ``lines[0]``, for messages.

    Raises:
        ApiError: They contradict one another or do not fit the invoice.
    """
    _one_of(given, ("amount", "price_data", "pricing"), path)
    if given.get("pricing"):
        price = given["pricing"].get("price", "")
        raise missing("price", price, at(path, "pricing[price]"), in_path=False)
    _one_of(given, ("quantity", "quantity_decimal"), path)
    if "amount" in given:
        amount, quantity, pricing, name = _plain_amount(given, path)
    else:
        amount, quantity, pricing, name = _priced(account, invoice, given, path)
    check_amount(amount, invoice["currency"], at(path, "amount"))
    period = given.get("period") or {"end": account.now(), "start": account.now()}
    return {
        "id": account.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": invoice["currency"],
        "description": given.get("description") or name,
        "discount_amounts": _NONE,
        "discountable": given.get("discountable", amount > 0),
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
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "subtotal": amount,
        "tax_rates": given.get("tax_rates") or _NONE,
        "tax_behavior": (given.get("price_data") or {}).get("tax_behavior") or "unspecified",
        "taxes": _NONE,
    }


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


def at(path: str, name: str) -> str:
    """Return where a field of a group stands in the form."""
    if not path:
        return name
    head, bracket, rest = name.partition("[")
    return f"{path}[{head}]{bracket}{rest}"


def _one_of(given: Json, names: tuple[str, ...], path: str) -> None:
    present = [name for name in names if name in given]
    if len(present) > 1:
        raise invalid(
            f"You may only specify one of these parameters: {', '.join(sorted(present))}.",
            param=at(path, present[-1]),
        )


def _plain_amount(given: Json, path: str) -> tuple[int, int, Json | None, str | None]:
    if "quantity" in given or "quantity_decimal" in given:
        raise invalid(
            "You may only specify one of these parameters: amount, quantity.",
            param=at(path, "quantity"),
        )
    pricing = {
        "price_details": None,
        "type": "price_details",
        "unit_amount_decimal": str(given["amount"]),
    }
    return given["amount"], 1, pricing, None


def _priced(
    account: Account, invoice: Json, given: Json, path: str
) -> tuple[int, int, Json | None, str | None]:
    price_data = given.get("price_data")
    if not price_data:
        raise invalid(
            "You must specify one of these parameters: amount, price_data, pricing.", param=path
        )
    where = at(path, "price_data")
    if price_data["currency"] != invoice["currency"]:
        raise invalid(
            f"The currency of the line ({price_data['currency']}) must be the same as the currency "
            f"of the invoice ({invoice['currency']}).",
            param=f"{where}[currency]",
        )
    unit = _unit_amount(price_data, invoice["currency"], where)
    quantity = _quantity(given, path)
    product, name = _product(account, price_data, where)
    amount = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
    pricing = {
        "price_details": {"price": account.new_id("price"), "product": product},
        "type": "price_details",
        "unit_amount_decimal": format(unit, "f"),
    }
    return amount, quantity, pricing, name


def _unit_amount(price_data: Json, currency: str, where: str) -> Decimal:
    _one_of(price_data, ("unit_amount", "unit_amount_decimal"), where)
    if "unit_amount" in price_data:
        unit: Any = price_data["unit_amount"]
        check_amount(unit, currency, f"{where}[unit_amount]")
    elif "unit_amount_decimal" in price_data:
        unit = price_data["unit_amount_decimal"]
    else:
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
    return Decimal(unit)


def _quantity(given: Json, path: str) -> int:
    quantity: Any = given.get("quantity", given.get("quantity_decimal", 1))
    if quantity < 0 or quantity != int(quantity):
        raise invalid(
            f"Invalid non-negative integer: {quantity}",
            param=at(path, "quantity"),
            code="parameter_invalid_integer",
        )
    return int(quantity)


def _product(account: Account, price_data: Json, where: str) -> tuple[str, str]:
    """Return the id and the name of the product a price is for."""
    _one_of(price_data, ("product", "product_data"), where)
    if "product" in price_data:
        product = account.get(
            "product", price_data["product"], param=f"{where}[product]", in_path=False
        )
        return product["id"], product["name"]
    if "product_data" not in price_data:
        raise invalid(
            "You must specify one of these parameters: product, product_data.", param=where
        )
    name = price_data["product_data"]["name"]
    if not name:
        raise invalid("A product needs a name.", param=f"{where}[product_data][name]")
    if len(name) > _PRODUCT_NAME_LENGTH:
        raise invalid(
            f"Invalid string: {name[:10]}...{name[-10:]}; must be at most {_PRODUCT_NAME_LENGTH} "
            f"characters",
            param=f"{where}[product_data][name]",
        )
    product = account.add({"id": account.new_id("prod"), "object": "product", "name": name})
    return product["id"], name
