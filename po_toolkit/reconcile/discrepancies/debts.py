"""What sponsors owe and what they paid too much, from the ledger alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from po_toolkit.domain.sums import EntryKind
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies.finding import finding
from po_toolkit.reconcile.edge import decimal_text


def not_invoiced(books: Books) -> pd.DataFrame:
    """Find open balances that no sponsor was ever sent."""
    orders = books.orders
    rows = orders[(orders["open"] > 0) & ~orders["sent"]]
    return finding(rows, rows["open"], _why_not_invoiced)


def _why_not_invoiced(row: Any, amount: str) -> str:
    if row.claimed_invoice_id and not row.has_live:
        return f"{amount} open; {row.claimed_invoice_id} is named for it but not adopted yet"
    if row.has_live:
        return f"{amount} open; its invoice is only {row.state}"
    return f"{amount} open; no invoice"


def overdue(books: Books) -> pd.DataFrame:
    """Find sent balances past their due date."""
    rows = books.orders[books.orders["days_overdue"] > 0]
    return finding(
        rows,
        rows["open"],
        lambda row, amount: (
            f"{amount} open, due {row.due_date.date()}, {row.days_overdue} "
            f"{'day' if row.days_overdue == 1 else 'days'} late"
            + ("; nobody has noted that it was delivered" if row.state == "finalized" else "")
        ),
    )


def overpaid(books: Books) -> pd.DataFrame:
    """Find balances below zero."""
    orders = books.orders
    rows = orders[(orders["balance"] < 0) & orders["status"].ne("cancelled")]
    return finding(
        rows,
        -rows["balance"],
        lambda row, amount: (
            f"{decimal_text(row.paid, row.currency)} paid of "
            f"{decimal_text(row.total - row.credited, row.currency)}: {amount} too much"
        ),
    )


def paid_twice(books: Books) -> pd.DataFrame:
    """Find the same amount through Stripe and otherwise, where it is too much."""
    orders = books.orders
    over = orders[
        (orders["balance"] < 0) & (orders["paid_stripe"] > 0) & (orders["paid_other"] > 0)
    ]
    payments = books.entries[
        books.entries["kind"].eq(EntryKind.PAYMENT.value)
        & books.entries["order_id"].isin(over.index)
    ]
    by_stripe = payments["method"].eq("stripe")
    keys = ["order_id", "amount"]
    pairs = payments.loc[by_stripe, keys].merge(payments.loc[~by_stripe, keys], on=keys)
    twice = pairs.groupby("order_id")["amount"].max()
    excess = (-over["balance"]).reindex(twice.index)
    twice = twice[twice <= excess]
    rows = over.loc[over.index.intersection(twice.index)]
    return finding(
        rows,
        twice.reindex(rows.index),
        lambda _row, amount: f"{amount} through Stripe and {amount} otherwise",
    )


def paid_after_cancelled(books: Books) -> pd.DataFrame:
    """Find money on cancelled purchase orders."""
    orders = books.orders
    kept = orders["paid"] - orders["refunded"]
    rows = orders[orders["status"].eq("cancelled") & (kept != 0)]
    return finding(
        rows,
        kept.reindex(rows.index).abs(),
        lambda _row, amount: f"{amount} on a cancelled purchase order",
    )


def refunded_without_credit(books: Books) -> pd.DataFrame:
    """Find refunds that reopened a debt."""
    rows = books.orders[books.orders["refunded_without_credit"] > 0]
    return finding(
        rows,
        rows["refunded_without_credit"],
        lambda _row, amount: f"{amount} refunded and owed again",
    )


def disputed(books: Books) -> pd.DataFrame:
    """Find payments that a dispute took back and nothing reinstated."""
    return _taken_back(books, "disputed", "{amount} taken back in a dispute and not paid since")


def ach_returned_late(books: Books) -> pd.DataFrame:
    """Find bank debits that Stripe recorded and then took back."""
    return _taken_back(books, "returned", "{amount} returned by the bank and not paid since")


def _taken_back(books: Books, column: str, words: str) -> pd.DataFrame:
    """Find what entries took back and is still owed."""
    net = books.entries.groupby("order_id")[column].sum()
    rows = books.orders.loc[books.orders.index.intersection(net.index[net > 0])]
    rows = rows[rows["open"] > 0]
    at_stake = rows["open"].where(rows["open"] < net.reindex(rows.index), net.reindex(rows.index))
    return finding(rows, at_stake, lambda _row, amount: words.format(amount=amount))
