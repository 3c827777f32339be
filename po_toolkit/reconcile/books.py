"""The books of one conference at the end of one day, as frames read by five statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from po_toolkit.domain.ageing import LATE_BUCKETS, Bucket
from po_toolkit.domain.periods import end_of_day
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, Status
from po_toolkit.reconcile.schema import frame_of
from po_toolkit.store import books as read
from po_toolkit.store.database import Store
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.tables import LIVE_STATES, Conference


@dataclass(frozen=True)
class Books:
    """What was true of one conference at the end of one day; money in minor units.

    Attributes:
        conference: Whose books.
        as_of: The day, in the conference's timezone.
        orders: One row for each purchase order, with its sums, status and live invoice.
        invoices: Every generation of every invoice.
        entries: Every ledger entry, with what it adds to paid and refunded.
        credit_notes: Every credit note.
    """

    conference: Conference
    as_of: date
    orders: pd.DataFrame
    invoices: pd.DataFrame
    entries: pd.DataFrame
    credit_notes: pd.DataFrame


def open_books(store: Store, conference: Conference, as_of: date) -> Books:
    """Read the books as they stood at the end of a day in the conference's timezone."""
    cutoff = read.Cutoff(as_of, end_of_day(as_of, conference.timezone))
    with store.reading() as session:
        orders = _frame(read.orders(session, conference.id, cutoff))
        invoices = _frame(read.invoices(session, conference.id, cutoff))
        entries = _frame(read.entries(session, conference.id, cutoff))
        notes = _frame(read.credit_notes(session, conference.id, cutoff))
    invoices = _dated_invoices(invoices, conference.timezone, cutoff)
    entries = _signed_entries(entries)
    notes["amount"] = notes["amount"].astype("int64")
    orders = _with_sums(orders, entries, notes)
    orders = _with_live_invoice(orders, invoices, conference)
    return Books(conference, as_of, _with_status(orders, as_of), invoices, entries, notes)


def _frame(rows: read.Rows) -> pd.DataFrame:
    return frame_of(rows.columns, rows.records)


def _dated_invoices(invoices: pd.DataFrame, timezone: str, cutoff: read.Cutoff) -> pd.DataFrame:
    sent_at = pd.to_datetime(invoices["sent_at"], utc=True)
    local = sent_at.dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
    was_sent = sent_at.isna() | (sent_at < pd.Timestamp(cutoff.before))
    invoices["sent_on"] = local.where(was_sent).astype("datetime64[s]")
    invoices["is_live"] = invoices["state"].isin(LIVE_STATES)
    invoices["is_sent"] = invoices["state"].isin(SENT_STATES) & was_sent
    invoices["due_date"] = pd.to_datetime(invoices["due_date"]).astype("datetime64[s]")
    for name in ("order_id", "generation"):
        invoices[name] = invoices[name].astype("int64")
    for name in invoices.columns:
        if name.startswith("stripe_") and name not in ("stripe_invoice_id", "stripe_status"):
            invoices[name] = invoices[name].astype("Int64")
    return invoices


def _signed_entries(entries: pd.DataFrame) -> pd.DataFrame:
    amount = entries["amount"].astype("int64")
    entries["amount"] = amount
    entries["order_id"] = entries["order_id"].astype("int64")
    entries["invoice_id"] = entries["invoice_id"].astype("Int64")
    entries["paid"] = amount * _signs(entries["kind"], PAID_SIGN)
    entries["refunded"] = amount * _signs(entries["kind"], REFUNDED_SIGN)
    entries["payment_date"] = pd.to_datetime(entries["payment_date"]).astype("datetime64[s]")
    return entries


def _signs(kinds: pd.Series[Any], signs: Any) -> pd.Series[Any]:
    return kinds.map({kind.value: sign for kind, sign in signs.items()}).fillna(0).astype("int64")


def _with_sums(orders: pd.DataFrame, entries: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Add paid, refunded and credited; money in another currency is shown, never summed."""
    orders["order_id"] = orders["order_id"].astype("int64")
    orders["total"] = orders["total"].astype("int64")
    orders = orders.set_index("order_id", drop=False).rename_axis(None)
    currency = orders["currency"]
    same = entries[entries["currency"].eq(entries["order_id"].map(currency))]
    by_stripe = same["paid"].where(same["method"].eq("stripe"), 0)
    sums = {
        "paid": same.groupby("order_id")["paid"].sum(),
        "paid_stripe": by_stripe.groupby(same["order_id"]).sum(),
        "refunded": same.groupby("order_id")["refunded"].sum(),
        "credited": notes.groupby("order_id")["amount"].sum(),
    }
    for name, by_order in sums.items():
        orders[name] = by_order.reindex(orders.index, fill_value=0).astype("int64")
    orders["paid_other"] = orders["paid"] - orders["paid_stripe"]
    orders["balance"] = orders["total"] - orders["credited"] - orders["paid"] + orders["refunded"]
    touched = pd.concat([entries["order_id"], notes["order_id"]]).unique()
    orders["active"] = orders.index.isin(touched)
    there = orders["created_by_then"].astype(bool) | orders["active"]
    return orders[there].copy()


_FROM_INVOICE = (
    "invoice_id",
    "generation",
    "state",
    "stripe_invoice_id",
    "stripe_status",
    "stripe_total",
    "stripe_amount_paid",
    "customer_email",
    "customer_organization_key",
)


def _with_live_invoice(
    orders: pd.DataFrame, invoices: pd.DataFrame, conference: Conference
) -> pd.DataFrame:
    live = invoices[invoices["is_live"]].drop_duplicates("order_id", keep="last")
    live = live.set_index("order_id")
    for name in _FROM_INVOICE:
        orders[name] = live[name].reindex(orders.index)
    orders["invoice_currency"] = live["currency"].reindex(orders.index)
    orders["has_live"] = orders.index.isin(live.index)
    on_invoice = live["is_sent"].astype(bool).reindex(orders.index, fill_value=False)
    orders["sent"] = on_invoice | orders["marked_sent"].astype(bool)
    days = pd.to_numeric(orders["days_until_due"]).fillna(conference.days_until_due)
    reckoned = live["sent_on"].reindex(orders.index) + pd.to_timedelta(days, unit="D")
    own = pd.to_datetime(orders["due_date"]).astype("datetime64[s]")
    due = live["due_date"].reindex(orders.index).fillna(own).fillna(reckoned)
    orders["due_date"] = due.astype("datetime64[s]")
    return orders


def _with_status(orders: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Add status, days overdue and bucket; the rules of ``domain.sums`` and ``domain.ageing``."""
    balance = orders["balance"]
    cancelled = orders["cancelled"].astype(bool)
    orders["status"] = np.select(
        [
            cancelled,
            balance < 0,
            (balance == 0) & orders["active"],
            orders["paid"] > 0,
            orders["sent"],
        ],
        [
            Status.CANCELLED.value,
            Status.OVERPAID.value,
            Status.PAID.value,
            Status.PARTIALLY_PAID.value,
            Status.SENT.value,
        ],
        Status.DRAFT.value,
    )
    orders["open"] = balance.where(~cancelled & (balance > 0), 0)
    unexplained = orders["open"].where(orders["refunded"] > orders["open"], orders["refunded"])
    orders["refunded_without_credit"] = unexplained.clip(lower=0)
    held = orders["refunded_without_credit"] > 0
    late = (pd.Timestamp(as_of) - orders["due_date"]).dt.days
    owing = (orders["open"] > 0) & orders["sent"] & ~held
    orders["days_overdue"] = late.where(owing & (late > 0), 0).fillna(0).astype("int64")
    orders["bucket"] = np.select(
        [orders["open"] == 0, held, ~orders["sent"], orders["days_overdue"] == 0]
        + [orders["days_overdue"] <= last for last, _ in LATE_BUCKETS],
        ["", Bucket.HELD.value, Bucket.NOT_INVOICED.value, Bucket.CURRENT.value]
        + [b.value for _, b in LATE_BUCKETS],
        Bucket.OVER_90.value,
    )
    return orders
