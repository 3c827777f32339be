"""Expansion: ``expand[]=customer``, ``data.payments``, ``payments.data.payment.payment_intent``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from po_toolkit.simulator import (
    balance,
    cash_balance,
    customers,
    discounts,
    events,
    invoice_items,
    invoice_payments,
    payouts,
    tax_rates,
)
from po_toolkit.simulator.errors import malformed
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.world import Account, Json

DEEPEST = 4


def _off_stripe(account: Account, shown_invoice: Json) -> int:
    return int(account.all("invoice")[shown_invoice["id"]].get("_off_stripe", 0))


_ON_DEMAND: dict[tuple[str, str], Callable[[Account, Json], Any]] = {
    ("customer", "cash_balance"): cash_balance.shown,
    ("customer", "invoice_credit_balance"): customers.credit_by_currency,
    ("invoice", "payments"): invoice_payments.payments_of,
    ("invoice", "amount_paid_off_stripe"): _off_stripe,
}
"""Fields that are absent unless they are asked for. Source: API reference, each object's
"expandable" fields; changelog 2026-05-27 for ``amount_paid_off_stripe``."""

_SHOWN: dict[str, Callable[[Account, Json], Json]] = {
    "balance_transaction": balance.shown,
    "customer": lambda account, stored: customers.retrieve(account, {}, stored["id"]),
    "event": lambda _account, stored: events.shown(stored),
    "invoice": render,
    "tax_rate": lambda _account, stored: tax_rates.shown(stored),
    "discount": lambda _account, stored: discounts.shown(stored),
    "payout": lambda _account, stored: payouts.shown(stored),
    "invoiceitem": lambda _account, stored: invoice_items.shown(stored),
}


def shown(account: Account, stored: Json) -> Json:
    """Return any stored object in the form the API shows it in."""
    form = _SHOWN.get(stored["object"])
    return form(account, stored) if form else stored


def expand(account: Account, answer: Json, paths: list[str]) -> Json:
    """Return an answer with the asked fields in full; what is stored stays as it is.

    Raises:
        ApiError: A path is too deep or names what cannot be expanded.
    """
    for path in paths:
        keys = path.split(".")
        if len([key for key in keys if key != "data"]) > DEEPEST:
            raise malformed(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        answer = _expanded(account, answer, keys, path)
    return answer


def _expanded(account: Account, value: Any, keys: list[str], path: str) -> Any:
    """Return a copy of a value with what the keys lead to in full."""
    if isinstance(value, list):
        return [_expanded(account, entry, keys, path) for entry in value]
    if value is None or not keys:
        return value
    if not isinstance(value, dict):
        raise _not_expandable(path)
    key, *rest = keys
    on_demand = _ON_DEMAND.get((value.get("object", ""), key))
    if on_demand is not None and key not in value:
        inside = on_demand(account, value)
    elif key in value:
        inside = _in_full(account, value[key], path)
    elif value.get("deleted") or "object" not in value:
        return value
    else:
        raise _not_expandable(path)
    return {**value, key: _expanded(account, inside, rest, path)}


def _in_full(account: Account, value: Any, path: str) -> Any:
    """Return the object in place of its id, or a group of fields as it is."""
    if isinstance(value, list):
        return [_in_full(account, entry, path) for entry in value]
    if isinstance(value, str):
        found = account.find(value)
        if found is None:
            raise _not_expandable(path)
        return shown(account, found)
    if value is None or isinstance(value, dict):
        return value
    raise _not_expandable(path)


def _not_expandable(path: str) -> Exception:
    return malformed(f"This property cannot be expanded ({path}).", param="expand")
