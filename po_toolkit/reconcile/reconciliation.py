"""The reconciliation of one conference at the end of one day: every table, from one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pandas as pd

from po_toolkit.domain.ageing import BUCKET_LABELS
from po_toolkit.domain.discrepancies import DISCREPANCY_TITLES
from po_toolkit.domain.offline_payments import DETAILS
from po_toolkit.domain.sums import Status
from po_toolkit.money import to_major
from po_toolkit.reconcile import discrepancies, schema, summaries
from po_toolkit.reconcile.books import Books, open_books
from po_toolkit.reconcile.summaries import by_rate
from po_toolkit.reconcile.tables import (
    AGEING,
    DISCREPANCIES,
    ENTRIES,
    INVOICES,
    MONTHS,
    PURCHASE_ORDERS,
    SUMMARY,
    TAX,
)
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference

TABLES = {
    "rows": PURCHASE_ORDERS,
    "summary": SUMMARY,
    "ageing": AGEING,
    "months": MONTHS,
    "discrepancies": DISCREPANCIES,
    "invoices": INVOICES,
    "entries": ENTRIES,
    "tax": TAX,
}
"""The tables of a reconciliation by the attribute that holds them."""

ADDS: Mapping[str, Callable[[pd.DataFrame], pd.Series[bool]]] = {
    "credited": lambda rows: rows["credited"].ne(0),
    "paid": lambda rows: rows["paid"].ne(0),
    "refunded": lambda rows: rows["refunded"].ne(0),
    "received": lambda rows: rows["paid"].ne(0) | rows["refunded"].ne(0),
    "balance": lambda rows: rows["balance"].ne(0),
    "open": lambda rows: rows["balance"].gt(0) & rows["status"].ne(Status.CANCELLED),
    "overdue": lambda rows: rows["days_overdue"].gt(0),
    "overpaid": lambda rows: rows["status"].eq(Status.OVERPAID),
}
"""Which rows add something to a column of sums; to one that is not here, all of them do."""


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
        found: dict[str, list[str]] = {}
        for name, code in zip(
            self.discrepancies["reference"], self.discrepancies["code"], strict=True
        ):
            codes = found.setdefault(name, [])
            if code not in codes:
                codes.append(code)
        lists: Any = [found.get(reference, []) for reference in orders["reference"]]
        return PURCHASE_ORDERS.frame(orders.assign(discrepancies=lists))

    @cached_property
    def invoices(self) -> pd.DataFrame:
        """Every generation of every invoice (table ``INVOICES``)."""
        invoices = self.books.invoices
        shared = discrepancies.shared_with_stripe(self.books)
        recorded = shared.groupby("invoice_id")["at_stripe"].sum()
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
            **{detail.column: "" for detail in DETAILS} | {"note": notes["reason"]},
            entered_by=notes["issued_by"],
        )
        moved = ENTRIES.frame(self.books.entries.assign(credited=0))
        both = pd.concat([moved, ENTRIES.frame(as_entries)])
        return ENTRIES.frame(both.sort_values("booked_on", kind="stable"))

    @cached_property
    def tax(self) -> pd.DataFrame:
        """The tax in the totals by purchase order and rate (table ``TAX``)."""
        return by_rate(self.books)

    @cached_property
    def ageing(self) -> pd.DataFrame:
        """What is open by how late it is (table ``AGEING``), every bucket of each currency."""
        return summaries.by_age(self.books)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Sums by currency and status (table ``SUMMARY``)."""
        return summaries.by_status(self.books)

    @cached_property
    def months(self) -> pd.DataFrame:
        """What was invoiced and what moved, by currency and month (table ``MONTHS``)."""
        return summaries.by_month(self.books)

    @cached_property
    def totals(self) -> dict[str, dict[str, int]]:
        """Sums by currency, in minor units, without cancelled purchase orders.

        ``purchase_orders`` is a count; ``open`` is what is still to come in: balances above 0;
        ``overdue`` the part of it past its due date; ``overpaid`` what came too much.
        """
        return summaries.in_all(self.books)

    def behind(self, table: str, **figure: str) -> pd.DataFrame:
        """Return the rows that a figure of a table is the sum of.

        Args:
            table: ``summary``, ``ageing``, ``months``, ``discrepancies``, ``totals`` or ``rows``.
            figure: Which figure, by the columns that name it: ``currency`` and ``status``,
                ``bucket`` or ``month``; ``code``; ``currency`` alone; or ``reference``.

        Returns:
            Purchase orders (table ``PURCHASE_ORDERS``); for a month and for one purchase order
            the entries (table ``ENTRIES``).
        """
        if table in ("months", "rows"):
            frame = self.entries.assign(month=self.entries["booked_on"].dt.strftime("%Y-%m"))
            if table == "months":
                frame = frame[frame["currency"].eq(frame["reference"].map(self._currencies))]
        else:
            frame = self.rows.assign(bucket=self.rows["reference"].map(self._buckets))
            if table == "totals":
                frame = frame[~summaries.is_cancelled(frame)]
        for name, value in figure.items():
            if name == "code":
                frame = frame[[value in codes for codes in frame["discrepancies"]]]
            else:
                frame = frame[frame[name].eq(value)]
        shown = ENTRIES if table in ("months", "rows") else PURCHASE_ORDERS
        return frame[shown.names].reset_index(drop=True)

    def behind_number(self, table: str, column: str, **figure: str) -> pd.DataFrame:
        """Return the rows that add something to one number of a table.

        Args:
            table: ``totals``, ``summary``, ``ageing`` or ``months``.
            column: The number's column there.
            figure: Its row, as for :meth:`behind`.

        Returns:
            Purchase orders (table ``PURCHASE_ORDERS``); for what moved in a month the entries
            (table ``ENTRIES``).
        """
        if column == "invoiced":
            sent = self.books.orders["sent_on"].dt.strftime("%Y-%m").eq(figure["month"])
            of_month = self.books.orders.loc[sent, "reference"]
            rows = self.behind("totals", currency=figure["currency"])
            return rows[rows["reference"].isin(of_month)].reset_index(drop=True)
        rows = self.behind(table, **figure)
        adds = ADDS.get(column)
        return rows if adds is None else rows[adds(rows)].reset_index(drop=True)

    @property
    def _currencies(self) -> dict[str, str]:
        orders = self.books.orders
        return dict(zip(orders["reference"], orders["currency"], strict=True))

    @property
    def _buckets(self) -> dict[str, str]:
        orders = self.books.orders
        return dict(zip(orders["reference"], orders["bucket"], strict=True))

    def frame(self, table: str = "rows") -> pd.DataFrame:
        """Return one table with its amounts as ``Decimal`` in major units.

        Args:
            table: ``rows``, ``summary``, ``ageing``, ``months``, ``discrepancies``, ``invoices``,
                ``entries`` or ``tax``.

        Raises:
            ValueError: There is no such table.
        """
        if table not in TABLES:
            raise ValueError(f"There is no table {table!r}; there are: {', '.join(TABLES)}.")
        return schema.with_decimals(TABLES[table], getattr(self, table))

    def readable(self, table: str) -> pd.DataFrame:
        """Return one table as :meth:`frame` does, with words in place of codes."""
        frame = self.frame(table)
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

    def totals_text(self, *, cancelled_too: bool = False) -> dict[str, dict[str, Any]]:
        """Return the totals with amounts as decimal strings; the count stays a number."""
        totals = summaries.in_all(self.books, cancelled_too=True) if cancelled_too else self.totals
        return {
            currency: {
                name: value if name == "purchase_orders" else schema.decimal_text(value, currency)
                for name, value in sums.items()
            }
            for currency, sums in totals.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return rows, totals and discrepancies as JSON values: decimal strings, ISO dates."""
        return {
            "conference": self.slug,
            "as_of": self.as_of.isoformat(),
            "timezone": self.timezone,
            "rows": schema.records(PURCHASE_ORDERS, self.rows),
            "totals": self.totals_text(),
            "discrepancies": schema.records(DISCREPANCIES, self.discrepancies),
            "tax": schema.records(TAX, self.tax),
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
