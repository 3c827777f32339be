"""Reconciliations beside each other: conferences, what changed, and cash against what was due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.domain.sums import Status
from po_toolkit.reconcile.reconciliation import Reconciliation, reconcile_conference
from po_toolkit.reconcile.schema import Column, Kind, Table
from po_toolkit.reconcile.tables import CHANGES, CONFERENCES, MONTHS, NEWS, SUMMARY
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference


def reconcile_conferences(
    store: Store, conferences: Iterable[Conference], *, as_of: date
) -> list[Reconciliation]:
    """Reconcile each conference as of the end of a day in its own timezone."""
    return [reconcile_conference(store, c, as_of=as_of) for c in conferences]


def summary_of(reconciliations: Iterable[Reconciliation]) -> pd.DataFrame:
    """Return the sums by conference, currency and status (table ``SUMMARY``)."""
    frames = [r.summary for r in reconciliations]
    return SUMMARY.frame(pd.concat(frames)) if frames else SUMMARY.empty()


def totals_of(reconciliations: Iterable[Reconciliation]) -> pd.DataFrame:
    """Return the totals by conference and currency (table ``CONFERENCES``)."""
    rows = [
        {"conference": r.slug, "currency": currency, **sums}
        for r in reconciliations
        for currency, sums in r.totals.items()
    ]
    return CONFERENCES.frame(pd.DataFrame(rows)) if rows else CONFERENCES.empty()


def months_of(reconciliations: Iterable[Reconciliation]) -> pd.DataFrame:
    """Return what moved by conference, currency and month (table ``MONTHS``)."""
    frames = [r.months for r in reconciliations]
    return MONTHS.frame(pd.concat(frames)) if frames else MONTHS.empty()


_SUMS = ("total", "credited", "paid", "refunded", "balance")


def what_changed(before: Reconciliation, after: Reconciliation) -> pd.DataFrame:
    """Return the purchase orders that are not as they were (table ``CHANGES``).

    Amounts are the later day's less the earlier day's, in minor units. Their sums are the change of
    the totals, except for purchase orders cancelled in between, which leave the totals.
    """
    keys = ["reference"]
    old = before.rows.set_index(keys)
    new = after.rows.set_index(keys)
    every = new.index.union(old.index)
    both = pd.DataFrame(index=every)
    for name in ("organization_name", "currency"):
        both[name] = new[name].reindex(every).fillna(old[name].reindex(every))
    both["was"] = old["status"].reindex(every).fillna("")
    both["is_now"] = new["status"].reindex(every).fillna("")
    for name in _SUMS:
        later = new[name].reindex(every, fill_value=0)
        both[name] = later - old[name].reindex(every, fill_value=0)
    moved = (both[list(_SUMS)] != 0).any(axis="columns") | both["was"].ne(both["is_now"])
    return CHANGES.frame(both[moved].reset_index(names="reference"))


def discrepancy_changes(before: Reconciliation, after: Reconciliation) -> pd.DataFrame:
    """Return the discrepancies that are new and those that are settled (table ``NEWS``)."""
    keys = ["code", "reference", "organization_name", "currency"]
    amounts = [*keys, "at_stake", "evidence"]
    old, new = before.discrepancies[amounts], after.discrepancies[amounts]
    both = old.merge(new, on=keys, how="outer", suffixes=("_old", "_new"), indicator=True)
    gone, come = both["_merge"].eq("left_only"), both["_merge"].eq("right_only")
    both["news"] = "still there"
    both.loc[gone, "news"] = "settled"
    both.loc[come, "news"] = "new"
    both["at_stake"] = both["at_stake_new"].fillna(both["at_stake_old"]).astype("int64")
    both["evidence"] = both["evidence_new"].fillna(both["evidence_old"])
    both["title"] = both["code"].map(DISCREPANCY_TITLES)
    both["order"] = both["news"].map({"new": 0, "settled": 1, "still there": 2})
    return NEWS.frame(both.sort_values(["order", "code", "reference"], kind="stable"))


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
