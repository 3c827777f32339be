"""Coupons and discounts: a draft inherits its customer's, unless ``discounts`` is passed empty.

Source: API reference, create an invoice, ``discounts``.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json


def create_coupon(account: Account, params: Json) -> Json:
    """POST /v1/coupons: per cent, or an amount in one currency."""
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise invalid("You must pass either percent_off or amount_off.", param="percent_off")
    if amount is not None and not params.get("currency"):
        raise invalid("You must pass currency with amount_off.", param="currency")
    return account.add(
        {
            "id": params.get("id") or account.new_id("co"),
            "object": "coupon",
            "amount_off": amount,
            "created": account.now(),
            "currency": params.get("currency"),
            "duration": params.get("duration", "once"),
            "duration_in_months": None,
            "livemode": account.livemode,
            "max_redemptions": None,
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name"),
            "percent_off": None if percent is None else float(percent),
            "redeem_by": None,
            "times_redeemed": 0,
            "valid": True,
        }
    )


def delete_coupon(account: Account, _params: Json, coupon_id: str) -> Json:
    """DELETE /v1/coupons/{coupon}: discounts that it gave stay."""
    account.get("coupon", coupon_id, param="coupon")
    del account.all("coupon")[coupon_id]
    return {"id": coupon_id, "object": "coupon", "deleted": True}


def give(account: Account, coupon: Json, *, customer: str | None, invoice: str | None) -> Json:
    """Return a new discount from a coupon, for a customer or for one invoice."""
    coupon["times_redeemed"] += 1
    return account.add(
        {
            "id": account.new_id("di"),
            "object": "discount",
            "checkout_session": None,
            "customer": customer,
            "customer_account": None,
            "end": None,
            "invoice": invoice,
            "invoice_item": None,
            "promotion_code": None,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": account.now(),
            "subscription": None,
            "subscription_item": None,
            "_coupon": coupon,
        }
    )


def shown(discount: Json) -> Json:
    """Return a discount as the API shows it."""
    return {name: value for name, value in discount.items() if not name.startswith("_")}


def of_new_invoice(account: Account, customer: Json, invoice_id: str, params: Json) -> list[str]:
    """Return the discounts of a new draft: those named, none, or the customer's."""
    if "discounts" in params:
        return _named(account, params["discounts"] or [], invoice_id)
    inherited = customer["discount"]
    return [inherited["id"]] if inherited else []


def replaced(account: Account, invoice: Json, params: Json) -> None:
    """Put other discounts on a draft, or none."""
    invoice["discounts"] = _named(account, params["discounts"] or [], invoice["id"])


def _named(account: Account, given: list[Json], invoice_id: str) -> list[str]:
    ids = []
    for place, entry in enumerate(given):
        if entry.get("coupon"):
            coupon = account.get(
                "coupon", entry["coupon"], param=f"discounts[{place}][coupon]", in_path=False
            )
            ids.append(give(account, coupon, customer=None, invoice=invoice_id)["id"])
        elif entry.get("discount"):
            ids.append(
                account.get(
                    "discount", entry["discount"], param=f"discounts[{place}]", in_path=False
                )["id"]
            )
        else:
            raise invalid("You must name a coupon.", param=f"discounts[{place}][coupon]")
    return ids


def with_discounts(account: Account, invoice: Json, lines: list[Json]) -> list[Json]:
    """Return the lines with what each discount takes off them, shared by amount, to the unit."""
    if not invoice["discounts"]:
        return [{**line, "discount_amounts": []} if line["discount_amounts"] else line
                for line in lines]  # fmt: skip
    left = [max(line["amount"], 0) for line in lines]
    taken: list[list[Json]] = [[] for _ in lines]
    for discount_id in invoice["discounts"]:
        off = _off(account.get("discount", discount_id)["_coupon"], sum(left), invoice["currency"])
        for place, share in enumerate(_shared(off, left)):
            taken[place].append({"amount": share, "discount": discount_id})
            left[place] -= share
    return [{**line, "discount_amounts": found} for line, found in zip(lines, taken, strict=True)]


def _off(coupon: Json, subtotal: int, currency: str) -> int:
    if coupon["percent_off"] is not None:
        off = Decimal(subtotal) * Decimal(str(coupon["percent_off"])) / 100
        return int(off.quantize(Decimal(1), ROUND_HALF_UP))
    return min(coupon["amount_off"], subtotal) if coupon["currency"] == currency else 0


def _shared(off: int, left: list[int]) -> list[int]:
    whole, shares = sum(left), []
    for position, part in enumerate(left):
        rest_of_parts = sum(left[position:])
        share = off * part // rest_of_parts if rest_of_parts and whole else 0
        shares.append(share)
        off -= share
    return shares


def totals(lines: list[Json]) -> list[Json]:
    """Return an invoice's discounts: the lines' added for each."""
    found: dict[str, int] = {}
    for line in lines:
        for taken in line["discount_amounts"]:
            found[taken["discount"]] = found.get(taken["discount"], 0) + taken["amount"]
    return [{"amount": amount, "discount": key} for key, amount in found.items()]
