"""Where Stripe's figures, as last read, and ours disagree."""

from __future__ import annotations

import pandas as pd

from po_toolkit.domain.sums import EntryKind
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies.finding import finding
from po_toolkit.reconcile.edge import decimal_text


def amount_differs_from_stripe(books: Books) -> pd.DataFrame:
    """Find live invoices whose total at Stripe is not the purchase order's."""
    orders = books.orders
    known = orders["stripe_total"].notna() & orders["invoice_currency"].eq(orders["currency"])
    rows = orders[known]
    difference = rows["stripe_total"].astype("int64") - rows["total"]
    rows = rows[difference != 0]
    return finding(
        rows,
        difference[difference != 0].abs(),
        lambda row, _amount: (
            f"purchase order {decimal_text(row.total, row.currency)}, {row.stripe_invoice_id} "
            f"{decimal_text(int(row.stripe_total), row.currency)}"
        ),
    )


def shared_with_stripe(books: Books) -> pd.DataFrame:
    """Return the payments in the ledger that Stripe has to know of too."""
    entries = books.entries
    known = entries["source"].eq("stripe") | entries["stripe_payment_record_id"].ne("")
    return entries[entries["kind"].eq(EntryKind.PAYMENT.value) & known]


def _gaps(books: Books) -> pd.Series[int]:
    """Return, by order id, Stripe's sum less ours over all invoices that Stripe has told of.

    A purchase order whose live invoice was never read is left out: nothing is known yet.
    """
    invoices, orders = books.invoices, books.orders
    unread = orders.index[orders["has_live"] & orders["stripe_amount_paid"].isna()]
    read = invoices[invoices["stripe_amount_paid"].notna() & ~invoices["order_id"].isin(unread)]
    paid_there = _all_paid(read).groupby(read["order_id"]).sum()
    shared = shared_with_stripe(books)
    on_read = shared["invoice_id"].isna() | shared["invoice_id"].isin(read["invoice_id"])
    recorded = shared["amount"].where(on_read, 0).groupby(shared["order_id"]).sum()
    gaps: pd.Series[int] = paid_there - recorded.reindex(paid_there.index, fill_value=0)
    return gaps


def _all_paid(read: pd.DataFrame) -> pd.Series[int]:
    """Return what Stripe got on each invoice, what was overpaid included exactly once.

    Stripe documents ``amount_overpaid`` beside ``amount_paid`` without saying whether the one is
    part of the other; a sum that covers what was due and the excess has it in it already.
    """
    paid = read["stripe_amount_paid"].astype("int64")
    over = read["stripe_amount_overpaid"].fillna(0).astype("int64")
    due = read["stripe_amount_due"].fillna(0).astype("int64")
    return paid + over.where(paid < due + over, 0)


def _found_gaps(books: Books, gaps: pd.Series[int], words: str) -> pd.DataFrame:
    rows = books.orders.loc[books.orders.index.intersection(gaps.index)]
    invoices = books.invoices[
        books.invoices["order_id"].isin(rows.index) & books.invoices["stripe_amount_paid"].notna()
    ]
    ids = invoices.groupby("order_id")["stripe_invoice_id"].agg(", ".join).to_dict()
    return finding(
        rows,
        gaps.reindex(rows.index).abs(),
        lambda row, amount: words.format(amount=amount, invoices=ids[row.Index]),
    )


def paid_at_stripe_not_here(books: Books) -> pd.DataFrame:
    """Find invoices on which Stripe has more money than the ledger."""
    gaps = _gaps(books)
    words = "Stripe has {amount} more on {invoices} than the ledger"
    return _found_gaps(books, gaps[gaps > 0], words)


def paid_here_not_at_stripe(books: Books) -> pd.DataFrame:
    """Find money in the ledger that Stripe does not count on the invoice."""
    gaps = _gaps(books)
    words = "the ledger has {amount} more on {invoices} than Stripe"
    ahead = _found_gaps(books, gaps[gaps < 0], words)
    orders, entries = books.orders, books.entries
    open_there = orders[orders["stripe_status"].eq("open") & ~orders.index.isin(ahead.index)]
    untold = entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["source"].ne("stripe")
        & entries["stripe_payment_record_id"].eq("")
        & ~entries["entry_id"].isin(entries["reverses_id"].dropna())
        & entries["order_id"].isin(open_there.index)
    ]
    amount = untold.groupby("order_id")["amount"].sum()
    rows = open_there.loc[open_there.index.intersection(amount.index)]
    told = finding(
        rows,
        amount.reindex(rows.index),
        lambda row, amount: f"Stripe was not told of {amount} paid on {row.stripe_invoice_id}",
    )
    return pd.concat([ahead, told])


def undone_here_not_at_stripe(books: Books) -> pd.DataFrame:
    """Find reversed payments that Stripe was told of, as far as their debt is open."""
    orders, amount = books.orders, _undone_but_told(books)
    rows = orders.loc[orders.index.intersection(amount.index)]
    rows = rows[rows["open"] > 0]
    return finding(
        rows,
        amount.reindex(rows.index).clip(upper=rows["open"]),
        lambda row, amount: f"Stripe counts {amount} on {row.stripe_invoice_id} that was reversed",
    )


def _undone_but_told(books: Books) -> pd.Series[int]:
    """Return, by order id, what was reversed here after Stripe was told of it."""
    entries = books.entries
    left = entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["stripe_payment_record_id"].ne("")
        & entries["source"].ne("stripe")
        & entries["entry_id"].isin(entries["reverses_id"].dropna())
    ]
    amount: pd.Series[int] = left.groupby("order_id")["amount"].sum()
    return amount


def paid_on_old_generation(books: Books) -> pd.DataFrame:
    """Find payments on an invoice that a later one replaced."""
    entries = books.entries
    live = entries["order_id"].map(books.orders["invoice_id"]).astype("Int64")
    old = entries[
        entries["kind"].eq(EntryKind.PAYMENT.value)
        & entries["invoice_id"].notna()
        & (live.isna() | entries["invoice_id"].ne(live).fillna(value=True))
        & entries["order_id"].isin(books.orders.index[books.orders["status"].ne("cancelled")])
    ]
    amount = old.groupby("order_id")["amount"].sum()
    rows = books.orders.loc[books.orders.index.intersection(amount.index)]
    return finding(
        rows,
        amount.reindex(rows.index),
        lambda _row, amount: f"{amount} paid on an invoice that no longer stands",
    )


def voided_at_stripe(books: Books) -> pd.DataFrame:
    """Find open balances whose last invoice Stripe has as void or uncollectible."""
    last = books.invoices.drop_duplicates("order_id", keep="last").set_index("order_id")
    ended = last[last["stripe_status"].isin(["void", "uncollectible"])]
    rows = books.orders.loc[books.orders.index.intersection(ended.index)]
    rows = rows[rows["open"] > 0]
    return finding(
        rows,
        rows["open"],
        lambda row, amount: (
            f"{ended['stripe_invoice_id'][row.Index]} is {ended['stripe_status'][row.Index]} "
            f"at Stripe; {amount} open here"
        ),
    )


def settled_by_itself(books: Books) -> pd.DataFrame:
    """Find invoices that Stripe calls paid though no payment ever covered them.

    What was paid and went back since, as by a dispute, is another matter.
    """
    orders = books.orders
    gaps = _gaps(books)
    agree = orders.index.isin(gaps.index[gaps == 0])
    never = orders["total"] - orders["credited"] - _ever_came(books).reindex(orders.index).fillna(0)
    at_stake = never.clip(upper=orders["open"]).astype("int64")
    found = orders["stripe_status"].eq("paid") & (at_stake > 0) & agree
    rows = orders[found]
    return finding(
        rows,
        at_stake[found],
        lambda row, amount: f"{row.stripe_invoice_id} is paid at Stripe; {amount} was never paid",
    )


def _ever_came(books: Books) -> pd.Series[int]:
    """Return, by order id, all payments and credit, also what went back, but no mistakes."""
    entries = books.entries
    mistake = (
        entries["source"].ne("stripe")
        & entries["stripe_payment_record_id"].eq("")
        & entries["entry_id"].isin(entries["reverses_id"].dropna())
    )
    kinds = [EntryKind.PAYMENT.value, EntryKind.TRANSFER_IN.value, EntryKind.TRANSFER_OUT.value]
    came = entries[entries["kind"].isin(kinds) & ~mistake]
    total: pd.Series[int] = came.groupby("order_id")["paid"].sum()
    return total
