"""The tables of a reconciliation, each figure of which opens to the rows it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from po_toolkit.domain.ageing import BUCKET_LABELS, Bucket
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES, DISCREPANCY_TITLES
from po_toolkit.money import to_major
from po_toolkit.reconcile import Reconciliation
from po_toolkit.reconcile.cash import CASH, cash_against_due
from po_toolkit.reconcile.edge import with_decimals
from po_toolkit.reconcile.tables import (
    AGEING,
    DISCREPANCIES,
    ENTRIES,
    MONTHS,
    PURCHASE_ORDERS,
    SUMMARY,
    TAX,
)
from po_toolkit.ui import charts, tables, words
from po_toolkit.ui.session import Visit

_ORDERS = {
    "organization_name": "Organization",
    "status": "Status",
    "total": "Total",
    "credited": "Credited",
    "paid": "Paid",
    "refunded": "Refunded",
    "balance": "Balance",
    "due_date": "Due",
    "days_overdue": "Days overdue",
    "discrepancies": "Does not add up",
    "stripe_status": "At Stripe",
    "stripe_amount_paid": "Paid at Stripe",
    "po_number": "Their PO number",
    "reference": "Reference",
}
_FOUND = {
    "organization_name": "Organization",
    "reference": "Reference",
    "at_stake": "At stake",
    "evidence": "What was found",
}
_STATUS = {
    "status": "Status",
    "purchase_orders": "Purchase orders",
    "total": "Ordered",
    "credited": "Credited",
    "paid": "Paid",
    "refunded": "Refunded",
    "balance": "Balance",
    "currency": "Currency",
}
_AGEING = {
    "bucket": "How late",
    "purchase_orders": "Purchase orders",
    "amount": "Open",
    "currency": "Currency",
}
_MONTHS = {
    "month": "Month",
    "invoiced": "Invoiced",
    "credited": "Credited",
    "paid": "Paid",
    "refunded": "Refunded",
    "received": "Received",
    "currency": "Currency",
}
_ENTRIES = {
    "payment_date": "Date",
    "organization_name": "Organization",
    "kind": "What",
    "amount": "Amount",
    "method": "Method",
    "payment_reference": "Reference",
    "note": "Note",
    "entered_by": "Entered by",
    "source_id": "Source",
    "reference": "Purchase order",
}
_TAX = {
    "organization_name": "Organization",
    "rate": "Rate",
    "treatment": "Treatment",
    "taxable": "Without tax",
    "tax": "Tax",
    "sent_on": "Invoiced on",
    "reference": "Reference",
}
_CHOOSE = "Choose a row to see the rows it is the sum of."


def discrepancies_view(visit: Visit, result: Reconciliation) -> None:
    """Each class with its explanation, its remedy and its rows."""
    found = result.discrepancies
    if found.empty:
        st.success("Everything adds up.", icon=":material/check_circle:")
        return
    for code in (c for c in DISCREPANCY_CLASSES if c in set(found["code"])):
        about, rows = DISCREPANCY_CLASSES[code], found[found["code"] == code]
        with st.expander(f"{about.title}: {len(rows)}"):
            st.write(about.explanation)
            st.write(f"**What mends it:** {about.mend}")
            tables.show_table(DISCREPANCIES, rows, _FOUND, key=visit.key(f"found.{code}"))


def orders_view(visit: Visit, result: Reconciliation) -> None:
    """Every purchase order."""
    _show_orders(visit, result.rows, "rows")


def status_view(visit: Visit, result: Reconciliation) -> None:
    """Sums by currency and status."""
    frame = result.summary
    shown = frame.assign(status=[words.status(s) for s in frame["status"]])
    picked = tables.pick_table(SUMMARY, shown, _STATUS, key=visit.key("summary"))
    if picked is None:
        st.caption(_CHOOSE)
        return
    figure = _figure(frame, picked, "currency", "status")
    _show_orders(visit, result.behind("summary", **figure), f"summary.{picked}")


def ageing_view(visit: Visit, result: Reconciliation) -> None:
    """What is open by how late it is."""
    frame = result.ageing[result.ageing["purchase_orders"] > 0].reset_index(drop=True)
    if frame.empty:
        st.success("Nothing is open.", icon=":material/check_circle:")
        return
    labels = [BUCKET_LABELS[Bucket(b)] for b in frame["bucket"]]
    picked = tables.pick_table(
        AGEING, frame.assign(bucket=labels), _AGEING, key=visit.key("ageing")
    )
    if picked is None:
        st.caption(_CHOOSE)
        return
    figure = _figure(frame, picked, "currency", "bucket")
    _show_orders(visit, result.behind("ageing", **figure), f"ageing.{picked}")


def months_view(visit: Visit, result: Reconciliation) -> None:
    """What was invoiced and what came in by month, and cash against due as a picture."""
    _cash(visit, result)
    frame = result.months
    if frame.empty:
        return
    picked = tables.pick_table(MONTHS, frame, _MONTHS, key=visit.key("months"))
    if picked is None:
        st.caption(_CHOOSE)
        return
    figure = _figure(frame, picked, "currency", "month")
    _show_entries(visit, result.behind("months", **figure), f"months.{picked}")


def ledger_view(visit: Visit, result: Reconciliation) -> None:
    """Every movement of money."""
    _show_entries(visit, result.entries, "ledger")


def tax_view(visit: Visit, result: Reconciliation) -> None:
    """The tax in the totals, by purchase order and rate."""
    frame = result.tax
    if frame.empty:
        st.caption("No line bears a tax.")
        return
    worded = frame.assign(treatment=[words.label(t) for t in frame["treatment"]])
    picked = tables.pick_table(TAX, worded, _TAX, key=visit.key("tax"))
    name = f"{result.slug}-tax-{result.as_of.isoformat()}"
    tables.downloads(name, lambda: with_decimals(TAX, frame), key=visit.key("tax.download"))
    if picked is not None:
        visit.go("order", po=str(frame["reference"].iloc[picked]))


def _cash(visit: Visit, result: Reconciliation) -> None:
    cash = cash_against_due(result)
    currencies = list(dict.fromkeys(cash["currency"]))
    if not currencies:
        return
    currency = currencies[0]
    if len(currencies) > 1:
        own = visit.opened.settings.currency
        currency = st.segmented_control(
            "Chart in",
            currencies,
            default=own if own in currencies else currency,
            required=True,
            format_func=str.upper,
            key=visit.key("cash.currency"),
        )
    mine = cash[cash["currency"] == currency]
    drawn = pd.DataFrame(
        {"month": month, "series": label, "amount": to_major(int(amount), currency)}
        for column, label in (("due_so_far", "Due so far"), ("received_so_far", "Received so far"))
        for month, amount in zip(mine["month"], mine[column], strict=True)
    )
    charts.lines(drawn, currency, about=f"{CASH.title} in {currency.upper()}, by month")
    with st.expander("The figures of this chart"):
        columns = {c.name: words.label(c.name) for c in CASH.columns if c.name != "currency"}
        tables.show_table(CASH, mine, columns, key=visit.key("cash"))


def _figure(frame: pd.DataFrame, place: int, *names: str) -> dict[str, str]:
    return {name: str(frame[name].iloc[place]) for name in names}


def _show_orders(visit: Visit, rows: pd.DataFrame, key: str) -> None:
    worded = rows.assign(
        status=[words.status(s) for s in rows["status"]],
        discrepancies=[
            ", ".join(DISCREPANCY_TITLES[code] for code in codes) for codes in rows["discrepancies"]
        ],
    )
    picked = tables.pick_table(PURCHASE_ORDERS, worded, _ORDERS, key=visit.key(key))
    if picked is not None:
        visit.go("order", po=str(rows["reference"].iloc[picked]))


def _show_entries(visit: Visit, entries: pd.DataFrame, key: str) -> None:
    if entries.empty:
        st.caption("No money has moved.")
        return
    worded = entries.assign(kind=[words.label(kind) for kind in entries["kind"]])
    columns: Mapping[str, str] = _ENTRIES
    tables.show_table(ENTRIES, worded, columns, key=visit.key(key))
