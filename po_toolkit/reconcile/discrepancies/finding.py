"""What a finder returns: the purchase orders it found, the money at stake, and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.edge import decimal_text

Finder = Callable[[Books], pd.DataFrame]
"""Returns the columns of ``COLUMNS``; those about purchase orders are indexed by order id."""

COLUMNS = ["reference", "organization_name", "currency", "at_stake", "evidence"]
"""``at_stake`` is in minor units; ``evidence`` says which rows are behind it."""


def finding(
    orders: pd.DataFrame, at_stake: pd.Series[Any], evidence: Callable[[Any, str], str]
) -> pd.DataFrame:
    """Return the finding for some orders.

    Args:
        orders: The purchase orders found, indexed by order id.
        at_stake: The money it is about, in minor units, in the same order.
        evidence: Writes the evidence from a row and the amount at stake with its currency.
    """
    if orders.empty:
        return pd.DataFrame(columns=COLUMNS)
    stake = [int(amount) for amount in at_stake.tolist()]
    rows: Iterable[Any] = orders.itertuples()
    words = [
        evidence(row, f"{decimal_text(amount, row.currency)} {row.currency.upper()}")
        for row, amount in zip(rows, stake, strict=True)
    ]
    found = orders[["reference", "organization_name", "currency"]].copy()
    found["at_stake"] = pd.Series(stake, dtype="int64", index=orders.index)
    found["evidence"] = pd.Series(words, dtype=object, index=orders.index)
    return found


def apart(rows: pd.DataFrame, at_stake: str, evidence: Callable[[Any, str], str]) -> pd.DataFrame:
    """Return the finding for rows that belong to no purchase order; as ``finding`` otherwise."""
    named = rows.assign(reference="", organization_name=rows["customer_name"])
    return finding(named, named[at_stake], evidence)
