"""How each purchase order stands: its sums, its live invoice, its status and its age."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from po_toolkit.domain.ageing import LATE_BUCKETS, Bucket
from po_toolkit.domain.sums import (
    Status,
    balance_of,
    held_amount,
    open_amount,
    status_rules,
)
from po_toolkit.store.tables import Conference


def with_sums(orders: pd.DataFrame, entries: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Add paid, refunded and credited; money in another currency is shown, never summed."""
    same = entries[entries["currency"].eq(entries["order_id"].map(orders["currency"]))]
    same = same.assign(paid_stripe=same["paid"].where(same["method"].eq("stripe"), 0))
    names = ["paid", "paid_stripe", "refunded", "reversed_payments"]
    sums = same.groupby("order_id")[names].sum().reindex(orders.index, fill_value=0)
    sums["credited"] = notes.groupby("order_id")["amount"].sum()
    orders[sums.columns] = sums.fillna(0).astype("int64")
    orders["paid_other"] = orders["paid"] - orders["paid_stripe"]
    orders["balance"] = balance_of(
        orders["total"], orders["credited"], orders["paid"], orders["refunded"]
    )
    touched = pd.concat([entries["order_id"], notes["order_id"]]).unique()
    orders["active"] = orders.index.isin(touched)
    return orders[orders["created_by_then"] | orders["active"]].copy()


_FROM_INVOICE = (
    "invoice_currency",
    "invoice_id",
    "generation",
    "state",
    "number",
    "stripe_invoice_id",
    "stripe_status",
    "stripe_total",
    "settled_before",
    "stripe_amount_due",
    "stripe_amount_paid",
    "sent_at",
    "stripe_customer_id",
    "stripe_customer_name",
    "stripe_customer_email",
)


def with_live_invoice(
    orders: pd.DataFrame, invoices: pd.DataFrame, conference: Conference
) -> pd.DataFrame:
    """Add what the invoice that stands for each purchase order says, and the due date."""
    live = invoices[invoices["is_live"]].drop_duplicates("order_id", keep="last")
    live = live.set_index("order_id")
    live["invoice_currency"] = live["currency"]
    orders = pd.concat([orders, live[list(_FROM_INVOICE)].reindex(orders.index)], axis=1)
    orders["has_live"] = orders.index.isin(live.index)
    on_invoice = live["is_sent"].astype(bool).reindex(orders.index, fill_value=False)
    orders["sent"] = on_invoice | orders["marked_sent"].astype(bool)
    orders["sent_on"] = live["sent_on"].where(live["is_sent"].astype(bool)).reindex(orders.index)
    days = pd.to_numeric(orders["days_until_due"]).fillna(conference.days_until_due)
    reckoned = live["sent_on"].reindex(orders.index) + pd.to_timedelta(days, unit="D")
    own = pd.to_datetime(orders["due_date"]).astype("datetime64[s]")
    due = live["due_date"].reindex(orders.index).fillna(own).fillna(reckoned)
    orders["due_date"] = due.astype("datetime64[s]")
    return orders


def with_status(orders: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Add status, days overdue and bucket; the rules of ``domain.sums`` and ``domain.ageing``."""
    balance = orders["balance"]
    cancelled = orders["cancelled"].astype(bool)
    rules = status_rules(
        balance,
        orders["paid"],
        active=orders["active"],
        sent=orders["sent"],
        waits=orders["state"].eq("finalized") & ~orders["marked_sent"].astype(bool),
        cancelled=cancelled,
    )
    orders["status"] = np.select(
        [holds for holds, _ in rules], [s.value for _, s in rules], Status.DRAFT.value
    )
    orders["open"] = open_amount(balance, cancelled=cancelled)
    sums = [orders[n] for n in ("total", "credited", "paid", "refunded", "reversed_payments")]
    held_sum = held_amount(*sums, asked_again=orders["asked_again"])
    orders["refunded_without_credit"] = held_sum.where(~cancelled, 0)
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
