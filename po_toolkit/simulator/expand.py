"""Expansion: ``expand[]=customer``, ``data.payments``, ``payments.data.payment.payment_intent``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from po_toolkit.simulator import balance, customers, invoice_payments
from po_toolkit.simulator.errors import malformed
from po_toolkit.simulator.invoice_shape import render
from po_toolkit.simulator.world import Account, Json

DEEPEST = 4

_ON_DEMAND: dict[tuple[str, str], Callable[[Account, Json], Any]] = {
    ("invoice", "payments"): invoice_payments.payments_of,
    ("invoice", "amount_paid_off_stripe"): lambda account, shown: account.all("invoice")[
        shown["id"]
    ].get("_off_stripe", 0),
}
"""Fields that are absent unless they are asked for."""


def expand(account: Account, answer: Json, paths: list[str]) -> Json:
    """Return a copy of an answer with the asked fields in full.

    Raises:
        ApiError: A path is too deep or names what cannot be expanded.
    """
    if not paths:
        return answer
    expanded = copy.deepcopy(answer)
    for path in paths:
        keys = path.split(".")
        if len([key for key in keys if key != "data"]) > DEEPEST:
            raise malformed(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        _walk(account, expanded, keys, path)
    return expanded


def _walk(account: Account, node: Json, keys: list[str], path: str) -> None:
    if not keys:
        return
    key, *rest = keys
    on_demand = _ON_DEMAND.get((node.get("object", ""), key))
    if on_demand is not None and key not in node:
        node[key] = copy.deepcopy(on_demand(account, node))
    elif key in node:
        node[key] = _value(account, node[key], rest, path)
    elif "object" in node and not node.get("deleted"):
        raise _not_expandable(path)
    if on_demand is not None and isinstance(node.get(key), dict):
        _walk(account, node[key], rest, path)


def _value(account: Account, value: Any, rest: list[str], path: str) -> Any:
    """Return a field in full, and what is to be expanded inside it."""
    if isinstance(value, list):
        return [_value(account, entry, rest, path) for entry in value]
    if isinstance(value, str):
        found = account.find(value)
        if found is None:
            raise _not_expandable(path)
        value = copy.deepcopy(shown(account, found))
    if isinstance(value, dict):
        _walk(account, value, rest, path)
    elif value is not None:
        raise _not_expandable(path)
    return value


def shown(account: Account, stored: Json) -> Json:
    """Return any stored object in the form the API shows it in."""
    if stored["object"] == "invoice":
        return render(account, stored)
    if stored["object"] == "balance_transaction":
        return balance.shown(account, stored)
    if stored["object"] == "customer":
        return customers.retrieve(account, {}, stored["id"])
    return stored


def _not_expandable(path: str) -> Exception:
    return malformed(f"This property cannot be expanded ({path}).", param="expand")
