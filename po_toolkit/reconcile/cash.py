"""Cash in against what was due, month by month, each added up since the beginning."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.sums import Status
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.schema import Column, Kind, Table

CASH = Table(
    "cash",
    "Cash in against due",
    (
        Column("currency", Kind.TEXT, "Three-letter code in lower case"),
        Column("month", Kind.TEXT, "Like 2027-03"),
        Column("due", Kind.MONEY, "total - credited of the purchase orders that fell due then"),
        Column("received", Kind.MONEY, "Payments less refunds of the month"),
        Column("due_so_far", Kind.MONEY, "due of this month and all before"),
        Column("received_so_far", Kind.MONEY, "received of this month and all before"),
    ),
)


def cash_against_due(reconciliation: Reconciliation) -> pd.DataFrame:
    """Return what fell due and what came in by currency and month (table ``CASH``).

    Cancelled purchase orders and those without a due date fall due in no month. Months in which
    nothing fell due or came in are there too, so that a line over them is true.
    """
    rows = reconciliation.rows
    owed = rows[rows["due_date"].notna() & rows["status"].ne(Status.CANCELLED.value)]
    due = pd.DataFrame(
        {
            "currency": owed["currency"],
            "month": owed["due_date"].dt.strftime("%Y-%m"),
            "due": owed["total"] - owed["credited"],
        }
    )
    came = reconciliation.months[["currency", "month", "received"]]
    moved = pd.concat([due, came]).fillna({"due": 0, "received": 0})
    moved = moved.astype({"due": "int64", "received": "int64"})
    summed = moved.groupby(["currency", "month"], sort=True)[["due", "received"]].sum()
    if summed.empty:
        return CASH.empty()
    frames = [
        _without_gaps(months.set_index("month")[["due", "received"]], str(currency))
        for currency, months in summed.reset_index().groupby("currency")
    ]
    return CASH.frame(pd.concat(frames))


def _without_gaps(months: pd.DataFrame, currency: str) -> pd.DataFrame:
    every = pd.period_range(months.index.min(), months.index.max(), freq="M").strftime("%Y-%m")
    full = months.reindex(every, fill_value=0)
    so_far = full.cumsum().rename(columns=lambda name: f"{name}_so_far")
    return pd.concat([full, so_far], axis=1).assign(month=every, currency=currency)
