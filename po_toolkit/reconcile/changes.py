"""What changed between two days."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.tables import CHANGES, NEWS

_SUMS = ("total", "credited", "paid", "refunded", "balance")


def what_changed(before: Reconciliation, after: Reconciliation) -> pd.DataFrame:
    """Return the purchase orders that are not as they were (table ``CHANGES``).

    Amounts are the later day's less the earlier day's, in minor units, so that their sums are the
    change of the totals.
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


def discrepancy_news(before: Reconciliation, after: Reconciliation) -> pd.DataFrame:
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
