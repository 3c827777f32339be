"""Several conferences side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from po_toolkit.reconcile.reconciliation import Reconciliation, reconcile_conference
from po_toolkit.reconcile.tables import MONTHS, SUMMARY
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


def months_of(reconciliations: Iterable[Reconciliation]) -> pd.DataFrame:
    """Return what moved by conference, currency and month (table ``MONTHS``)."""
    frames = [r.months for r in reconciliations]
    return MONTHS.frame(pd.concat(frames)) if frames else MONTHS.empty()
