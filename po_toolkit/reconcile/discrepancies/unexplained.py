"""What Stripe has and no purchase order explains."""

from __future__ import annotations

from typing import Any

import pandas as pd

from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies.finding import apart

_STANDING = ("open", "paid", "uncollectible")


def invoice_without_order(books: Books) -> pd.DataFrame:
    """Find invoices at Stripe that no purchase order has, and that nobody marked as known."""
    strays = books.strays
    rows = strays[
        strays["stripe_status"].isin(_STANDING)
        & ~strays["ignored"].astype(bool)
        & ~strays["stripe_invoice_id"].isin(books.invoices["stripe_invoice_id"])
        & ~strays["stripe_invoice_id"].isin(books.orders["claimed_invoice_id"])
    ]

    def evidence(row: Any, amount: str) -> str:
        named = f", names {row.named_reference}" if row.named_reference else ""
        return f"{row.stripe_invoice_id} ({row.stripe_status}) of {amount}{named}"

    return apart(rows, "total", evidence)


def money_stuck_at_stripe(books: Books) -> pd.DataFrame:
    """Find money of customers that waits in a cash or credit balance."""
    rows = books.balances[books.balances["amount"].astype("int64") > 0]
    return apart(
        rows,
        "amount",
        lambda row, amount: f"{amount} in the {row.kind} balance of {row.stripe_customer_id}",
    )
