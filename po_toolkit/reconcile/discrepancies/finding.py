"""What a finder returns: the purchase orders it found, the money at stake, and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.edge import decimal_text

Finder = Callable[[Books], pd.DataFrame]
"""Returns a frame indexed by order id: ``at_stake`` in minor units, and ``evidence`` in words."""


def finding(
    orders: pd.DataFrame, at_stake: pd.Series[Any], evidence: Callable[[Any, str], str]
) -> pd.DataFrame:
    """Return the finding for some orders.

    Args:
        orders: The purchase orders found, indexed by order id.
        at_stake: The money it is about, in minor units, in the same order.
        evidence: Writes the evidence from a row and the amount at stake with its currency.
    """
    stake = [int(amount) for amount in at_stake.tolist()]
    rows: Iterable[Any] = orders.itertuples()
    words = [
        evidence(row, f"{decimal_text(amount, row.currency)} {row.currency.upper()}")
        for row, amount in zip(rows, stake, strict=True)
    ]
    return pd.DataFrame(
        {"at_stake": pd.Series(stake, dtype="int64"), "evidence": pd.Series(words, dtype=object)}
    ).set_axis(orders.index, axis="index")
