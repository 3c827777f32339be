"""The reconciliation of one conference at the end of one day: every table, from one reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from po_toolkit.domain.ageing import BUCKET_LABELS, Bucket
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.money import to_major
from po_toolkit.reconcile import discrepancies, edge
from po_toolkit.reconcile.books import Books, open_books
from po_toolkit.reconcile.tables import (
    AGEING,
    DISCREPANCIES,
    ENTRIES,
    INVOICES,
    PURCHASE_ORDERS,
    SUMMARY,
)
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference

SUMS = ("total", "credited", "paid", "paid_stripe", "paid_other", "refunded", "balance")
"""Columns of the rows that the totals add up."""

TABLES = {
    "rows": PURCHASE_ORDERS,
    "summary": SUMMARY,
    "ageing": AGEING,
    "discrepancies": DISCREPANCIES,
    "invoices": INVOICES,
    "entries": ENTRIES,
}
"""The tables of a reconciliation by the attribute that holds them."""


@dataclass(frozen=True)
class Reconciliation:
    """Every table of one conference at the end of one day.

    Frames hold money as int64 in minor units of the row's currency; ``as_json`` and ``export``
    write decimals.

    Attributes:
        slug: The conference.
        name: Its name, for headings.
        as_of: The last day that counts, in ``timezone``.
        timezone: Where that day ends.
        made_at: When it was made, UTC.
        books: The books it was made from.
    """

    slug: str
    name: str
    as_of: date
    timezone: str
    made_at: datetime
    books: Books

    @cached_property
    def discrepancies(self) -> pd.DataFrame:
        """Everything that does not add up (table ``DISCREPANCIES``)."""
        return discrepancies.find(self.books)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row for each purchase order (table ``PURCHASE_ORDERS``), by reference."""
        orders = self.books.orders.sort_values("reference")
        codes = self.discrepancies.groupby("reference", sort=False)["code"].agg(list)
        found = codes.to_dict()
        lists: Any = [found.get(reference, []) for reference in orders["reference"]]
        return PURCHASE_ORDERS.frame(orders.assign(discrepancies=lists))

    @cached_property
    def invoices(self) -> pd.DataFrame:
        """Every generation of every invoice (table ``INVOICES``)."""
        invoices = self.books.invoices
        shared = discrepancies.against_stripe.shared_with_stripe(self.books)
        recorded = shared.groupby("invoice_id")["amount"].sum()
        by_invoice = recorded.reindex(invoices["invoice_id"].astype("Int64")).fillna(0)
        return INVOICES.frame(invoices.assign(recorded=by_invoice.astype("int64").to_numpy()))

    @cached_property
    def entries(self) -> pd.DataFrame:
        """Every movement of money and every credit note by date (table ``ENTRIES``)."""
        notes = self.books.credit_notes
        as_entries = notes.assign(
            payment_date=notes["credit_date"],
            kind="credit_note",
            method="",
            paid=0,
            refunded=0,
            credited=notes["amount"],
            source="manual",
            source_id=notes["stripe_credit_note_id"],
            payment_reference="",
            note=notes["reason"],
            entered_by=notes["issued_by"],
        )
        moved = ENTRIES.frame(self.books.entries.assign(credited=0))
        both = pd.concat([moved, ENTRIES.frame(as_entries)])
        return ENTRIES.frame(both.sort_values("booked_on", kind="stable"))

    @cached_property
    def ageing(self) -> pd.DataFrame:
        """What is open by how late it is (table ``AGEING``), every bucket of each currency."""
        orders = self.books.orders
        is_open = orders[orders["open"] > 0]
        grouped = is_open.groupby(["currency", "bucket"])["open"].agg(["size", "sum"])
        index = pd.MultiIndex.from_product(
            [sorted(orders["currency"].unique()), [b.value for b in Bucket]],
            names=["currency", "bucket"],
        )
        full = grouped.reindex(index, fill_value=0).reset_index()
        return AGEING.frame(full.rename(columns={"size": "purchase_orders", "sum": "amount"}))

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Sums by currency and status (table ``SUMMARY``)."""
        keys = ["currency", "status"]
        sums = ["total", "credited", "paid", "refunded", "balance"]
        grouped = self.books.orders.groupby(keys, sort=True)[sums].sum()
        counts = self.books.orders.groupby(keys, sort=True).size()
        return SUMMARY.frame(grouped.assign(purchase_orders=counts).reset_index())

    @cached_property
    def totals(self) -> dict[str, dict[str, int]]:
        """Sums by currency, in minor units; ``purchase_orders`` is a count.

        ``open`` is what is still to come in: balances above 0 of purchase orders that are not
        cancelled; ``overdue`` the part of it past its due date; ``overpaid`` what came too much.
        """
        orders = self.books.orders
        figures = orders[["currency", *SUMS, "open"]].assign(
            overdue=orders["open"].where(orders["days_overdue"] > 0, 0),
            overpaid=(-orders["balance"]).where(orders["status"].eq("overpaid"), 0),
        )
        figures.insert(1, "purchase_orders", 1)
        grouped = figures.groupby("currency", sort=True).sum()
        return {
            str(currency): {str(name): int(value) for name, value in sums.items()}
            for currency, sums in grouped.to_dict("index").items()
        }

    def readable(self, table: str) -> pd.DataFrame:
        """Return one table for people: amounts as ``Decimal`` major units, words for codes.

        Args:
            table: ``rows``, ``summary``, ``ageing``, ``discrepancies``, ``invoices`` or
                ``entries``.
        """
        frame = edge.with_decimals(TABLES[table], getattr(self, table))
        for name, words in (("bucket", BUCKET_LABELS), ("code", DISCREPANCY_TITLES)):
            if name in frame:
                frame[name] = frame[name].map(words)
        return frame

    @property
    def readable_totals(self) -> pd.DataFrame:
        """The totals for people: a row for each currency, amounts as ``Decimal`` major units."""
        return pd.DataFrame(
            [
                {"currency": currency, "purchase_orders": sums["purchase_orders"]}
                | {
                    name: to_major(value, currency)
                    for name, value in sums.items()
                    if name != "purchase_orders"
                }
                for currency, sums in self.totals.items()
            ]
        )

    def totals_text(self) -> dict[str, dict[str, Any]]:
        """Return the totals with amounts as decimal strings; the count stays a number."""
        return {
            currency: {
                name: value if name == "purchase_orders" else edge.decimal_text(value, currency)
                for name, value in sums.items()
            }
            for currency, sums in self.totals.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return rows, totals and discrepancies as JSON values: decimal strings, ISO dates."""
        return {
            "conference": self.slug,
            "as_of": self.as_of.isoformat(),
            "timezone": self.timezone,
            "rows": edge.records(PURCHASE_ORDERS, self.rows),
            "totals": self.totals_text(),
            "discrepancies": edge.records(DISCREPANCIES, self.discrepancies),
        }


def reconcile_conference(
    store: Store, conference: Conference, *, as_of: date, now: datetime | None = None
) -> Reconciliation:
    """Reconcile one conference as of the end of a day in its timezone.

    Args:
        store: The database; it is only read.
        conference: Whose books.
        as_of: The last day that counts; a payment counts by the day the money moved.
        now: When the reconciliation is made; by default the present.
    """
    return Reconciliation(
        slug=conference.slug,
        name=conference.name,
        as_of=as_of,
        timezone=conference.timezone,
        made_at=now or utc_now(),
        books=open_books(store, conference, as_of),
    )
