"""What is closed with a period, as bytes that can be made again.

The layout is frozen: columns are named here one by one, so that a later release, with more columns
in its tables, still makes the same bytes of an old period. A new layout takes a new number.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd

from po_toolkit.reconcile import schema
from po_toolkit.reconcile.reconciliation import TABLES, Reconciliation

LAYOUT = 1

_COLUMNS = {
    "rows": (
        "reference",
        "po_number",
        "organization_name",
        "currency",
        "status",
        "total",
        "credited",
        "paid",
        "paid_stripe",
        "paid_other",
        "refunded",
        "balance",
        "stripe_invoice_id",
        "stripe_status",
        "stripe_amount_paid",
        "due_date",
        "days_overdue",
        "discrepancies",
    ),
    "ageing": ("currency", "bucket", "purchase_orders", "amount"),
    "discrepancies": ("code", "reference", "organization_name", "currency", "at_stake"),
    "entries": (
        "reference",
        "organization_name",
        "payment_date",
        "booked_on",
        "kind",
        "method",
        "currency",
        "amount",
        "source",
        "source_id",
        "payment_reference",
        "note",
        "entered_by",
    ),
}


_CLASSES = frozenset(
    {
        "not_invoiced",
        "overdue",
        "amount_differs_from_stripe",
        "paid_at_stripe_not_here",
        "paid_here_not_at_stripe",
        "overpaid",
        "paid_twice",
        "paid_after_cancelled",
        "paid_on_old_generation",
        "refunded_without_credit",
        "disputed",
        "ach_returned_late",
        "currency_differs",
        "two_alike",
        "customer_differs",
        "voided_at_stripe",
        "settled_by_itself",
        "invoice_without_order",
        "money_stuck_at_stripe",
    }
)
"""Classes of this layout. Those of the bank side are left out: a month's statements are loaded and
matched after its end."""


def closed_report(reconciliation: Reconciliation, *, after: date | None) -> bytes:
    """Return the report of a period as canonical JSON.

    Args:
        reconciliation: The books at the end of the period's last day.
        after: The last day of the period before; None for the first. Only entries booked after
            it are in the report, and ``corrections`` are those of them that are dated earlier.
    """
    found, entries = reconciliation.discrepancies, reconciliation.entries
    if after is not None:
        entries = entries[entries["booked_on"] > pd.Timestamp(after)]
    late = entries[entries["booked_on"] > entries["payment_date"]]
    content = {
        "layout": LAYOUT,
        "conference": reconciliation.slug,
        "after": after.isoformat() if after else None,
        "through": reconciliation.as_of.isoformat(),
        "timezone": reconciliation.timezone,
        "totals": reconciliation.totals_text(cancelled_too=True),
        "rows": [
            row | {"discrepancies": [code for code in row["discrepancies"] if code in _CLASSES]}
            for row in _records("rows", reconciliation.rows)
        ],
        "ageing": _records("ageing", reconciliation.ageing),
        "discrepancies": _records("discrepancies", found[found["code"].isin(_CLASSES)]),
        "entries": _records("entries", entries),
        "corrections": _records("entries", late),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def differences(closed: bytes, again: bytes, *, limit: int = 20) -> list[str]:
    """Name in words what differs between two reports, ``limit`` differences at most."""
    before, now = json.loads(closed), json.loads(again)
    found: list[str] = []
    for part in sorted(before.keys() | now.keys()):
        old, new = _by_key(before.get(part)), _by_key(now.get(part))
        found += [
            f"{part} {key}: Was {old.get(key)}, is {new.get(key)}"
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key)
        ]
    return found[:limit]


def _records(table: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    wanted = _COLUMNS[table]
    return [{n: record[n] for n in wanted} for record in schema.records(TABLES[table], frame)]


def _by_key(part: Any) -> dict[str, Any]:
    """Return a part's values by something a person recognises."""
    if isinstance(part, dict):
        return part
    if not isinstance(part, list):
        return {"": part}
    keyed: dict[str, Any] = {}
    for record in part:
        names = ("code", "reference", "source_id", "currency", "bucket")
        name = " ".join(str(record[n]) for n in names if record.get(n))
        keyed[name if name not in keyed else f"{name} ({len(keyed)})"] = record
    return keyed
