"""Purchase orders, customers and currencies that were taken for one another."""

from __future__ import annotations

from typing import Any

import pandas as pd

from po_toolkit.domain.references import comparable
from po_toolkit.reconcile.books import Books
from po_toolkit.reconcile.discrepancies.finding import finding


def currency_differs(books: Books) -> pd.DataFrame:
    """Find invoices and payments in another currency than their purchase order."""
    orders = books.orders
    invoiced = orders[orders["has_live"] & orders["invoice_currency"].ne(orders["currency"])]
    on_invoice = finding(
        invoiced,
        invoiced["total"],
        lambda row, _amount: (
            f"purchase order in {row.currency.upper()}, {row.stripe_invoice_id} in "
            f"{str(row.invoice_currency).upper()}"
        ),
    )
    entries = books.entries
    other = entries[entries["currency"].ne(entries["order_id"].map(orders["currency"]))]
    other = other.drop_duplicates("order_id").set_index("order_id")
    rows = orders.loc[orders.index.intersection(other.index).difference(invoiced.index)]
    paid = finding(
        rows,
        rows["open"],
        lambda row, _amount: (
            f"purchase order in {row.currency.upper()}, {other['source_id'][row.Index]} in "
            f"{other['currency'][row.Index].upper()}"
        ),
    )
    return pd.concat([on_invoice, paid])


def two_alike(books: Books) -> pd.DataFrame:
    """Find purchase orders of one sponsor with the same number, or with none and the same total."""
    orders = books.orders[books.orders["status"].ne("cancelled")]
    numbered = orders[orders["po_number_key"].ne("")]
    bare = orders[orders["po_number_key"].eq("")]
    rows = pd.concat(
        [
            numbered[numbered.duplicated(["organization_key", "po_number_key"], keep=False)],
            bare[bare.duplicated(["organization_key", "currency", "total"], keep=False)],
        ]
    )
    keys = ["organization_key", "po_number_key", "currency"]
    names = rows.groupby(keys)["reference"].agg(list)

    def others(row: Any, _amount: str) -> str:
        alike = names[(row.organization_key, row.po_number_key, row.currency)]
        return "the same as " + ", ".join(r for r in alike if r != row.reference)

    return finding(rows, rows["total"], others)


def customer_differs(books: Books) -> pd.DataFrame:
    """Find invoices that name another organization or address than their purchase order."""
    orders = books.orders[books.orders["has_live"]]
    other_email = _other(orders["stripe_customer_email"], orders["contact_email"])
    other_name = _other(orders["stripe_customer_name"], orders["organization_name"])
    rows = orders[other_email | other_name]
    return finding(
        rows,
        rows["total"],
        lambda row, _amount: (
            f"purchase order: {row.organization_name}, {row.contact_email}; "
            f"{row.stripe_invoice_id}: "
            + ", ".join(n for n in (row.stripe_customer_name, row.stripe_customer_email) if n)
        ),
    )


def _other(theirs: pd.Series[str], ours: pd.Series[str]) -> pd.Series[bool]:
    """Tell where Stripe names somebody else, whatever the case; unknown is nobody else."""
    differs = theirs.notna() & theirs.ne("") & theirs.ne(ours)
    same = theirs[differs].map(comparable).eq(ours[differs].map(comparable))
    return differs & ~same.reindex(differs.index, fill_value=False)
