"""Sums over the books: by status, by age, by month, by tax rate, and in all."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.ageing import Bucket
from po_toolkit.domain.sums import Status
from po_toolkit.domain.tax import line_tax, rate_text, rates_of
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.tables import AGEING, MONTHS, SUMMARY, TAX

SUMS = ("total", "credited", "paid", "paid_stripe", "paid_other", "refunded", "balance")
"""Columns of the purchase orders that the totals add up."""


def by_status(books: Books) -> pd.DataFrame:
    """Return the sums by currency and status (table ``SUMMARY``)."""
    keys = ["currency", "status"]
    sums = ["total", "credited", "paid", "refunded", "balance"]
    figures = books.orders[[*keys, *sums]].assign(purchase_orders=1)
    grouped = figures.groupby(keys, sort=True).sum().reset_index()
    return SUMMARY.frame(grouped.assign(conference=books.conference.slug))


def by_age(books: Books) -> pd.DataFrame:
    """Return what is open by how late it is (table ``AGEING``): all buckets of each currency."""
    orders = books.orders
    is_open = orders[orders["open"] > 0]
    grouped = is_open.groupby(["currency", "bucket"])["open"].agg(["size", "sum"])
    index = pd.MultiIndex.from_product(
        [sorted(orders["currency"].unique()), [b.value for b in Bucket]],
        names=["currency", "bucket"],
    )
    full = grouped.reindex(index, fill_value=0).reset_index()
    return AGEING.frame(full.rename(columns={"size": "purchase_orders", "sum": "amount"}))


def by_month(books: Books) -> pd.DataFrame:
    """Return what was invoiced and what moved in each month (table ``MONTHS``).

    Nothing of a cancelled purchase order counts as invoiced; money that moved on it did move, and
    credit notes stand as they were issued. Money in another currency than its purchase order's is
    left out, as it is of every sum.
    """
    orders, entries, notes = books.orders, books.entries, books.credit_notes
    sent = orders[orders["sent_on"].notna() & ~is_cancelled(orders)]
    invoiced = sent.assign(month=_month(sent["sent_on"]), invoiced=sent["total"])
    same = entries[entries["currency"].eq(entries["order_id"].map(orders["currency"]))]
    moved = same.assign(month=_month(same["booked_on"]))
    forgiven = notes.assign(month=_month(notes["booked_on"]), credited=notes["amount"])
    keys, names = ["currency", "month"], ["invoiced", "credited", "paid", "refunded"]
    parts = [
        frame[[*keys, *wanted]]
        for frame, wanted in (
            (invoiced, ["invoiced"]),
            (moved, ["paid", "refunded"]),
            (forgiven, ["credited"]),
        )
    ]
    every = pd.concat([part.reindex(columns=[*keys, *names], fill_value=0) for part in parts])
    grouped = every.groupby(keys, sort=True)[names].sum().reset_index()
    return MONTHS.frame(
        grouped.assign(
            conference=books.conference.slug, received=grouped["paid"] - grouped["refunded"]
        )
    )


def is_cancelled(orders: pd.DataFrame) -> pd.Series[bool]:
    """Tell which purchase orders are cancelled, and so are in no total."""
    return orders["status"].eq(Status.CANCELLED.value)


def in_all(books: Books, *, cancelled_too: bool = False) -> dict[str, dict[str, int]]:
    """Return the sums by currency, in minor units; ``purchase_orders`` is a count.

    Args:
        books: What is added up; a currency of cancelled purchase orders alone has zeros.
        cancelled_too: Whether cancelled ones count, as in the report of a closed period, whose
            layout stays as it was.
    """
    orders = books.orders
    figures = orders[["currency", *SUMS, "open"]].assign(
        overdue=orders["open"].where(orders["days_overdue"] > 0, 0),
        overpaid=(-orders["balance"]).where(orders["status"].eq("overpaid"), 0),
    )
    figures.insert(1, "purchase_orders", 1)
    if not cancelled_too:
        figures.loc[is_cancelled(orders), figures.columns != "currency"] = 0
    grouped = figures.groupby("currency", sort=True).sum()
    return {
        str(currency): {str(name): int(value) for name, value in sums.items()}
        for currency, sums in grouped.to_dict("index").items()
    }


def _month(days: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return days.dt.strftime("%Y-%m")


def by_rate(books: Books) -> pd.DataFrame:
    """Return one row for each purchase order and rate (table ``TAX``), in minor units.

    With a rate inside the price the taxable amount is the price without the taxes inside.
    """
    orders = books.orders
    sums: dict[tuple[int, str, str], list[int]] = {}
    lines = books.taxed_lines
    columns = (lines[name].tolist() for name in ("order_id", "currency", "line_total", "tax_rates"))
    for order_id, currency, line_total, kept in zip(*columns, strict=True):
        if order_id not in orders.index:
            continue
        rates = rates_of(kept)
        tax = line_tax(line_total, currency, rates)
        for rate, amount in zip(rates, tax.by_rate, strict=True):
            found = sums.setdefault((order_id, rate_text(rate), rate.treatment), [0, 0])
            found[0] += line_total - tax.included
            found[1] += amount
    ids = [order_id for order_id, _, _ in sums]
    chosen = orders.loc[ids]
    return TAX.frame(
        {
            "reference": chosen["reference"].tolist(),
            "organization_name": chosen["organization_name"].tolist(),
            "sent_on": chosen["sent_on"],
            "currency": chosen["currency"].tolist(),
            "rate": [rate for _, rate, _ in sums],
            "treatment": [treatment for _, _, treatment in sums],
            "taxable": [taxable for taxable, _ in sums.values()],
            "tax": [amount for _, amount in sums.values()],
        }
    )
