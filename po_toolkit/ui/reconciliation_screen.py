"""What was ordered, invoiced and paid at the end of a day, and what does not add up."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import Reconciliation, export, reconcile
from po_toolkit.api.terms import Status
from po_toolkit.money import to_major
from po_toolkit.ui import table_files, tables, words
from po_toolkit.ui.closing_view import closing_view
from po_toolkit.ui.reconciliation_views import (
    ageing_view,
    conferences_view,
    discrepancies_view,
    ledger_view,
    months_view,
    orders_view,
    rows_behind,
    status_view,
    tax_view,
)
from po_toolkit.ui.session import Visit

_TOTALS = {
    "total": "Ordered",
    "credited": "Credited",
    "paid": "Paid",
    "refunded": "Refunded",
    "balance": "Balance",
    "open": "Outstanding",
    "overdue": "Overdue",
    "overpaid": "Overpaid",
}
_VIEWS = {
    "Discrepancies": discrepancies_view,
    "Purchase orders": orders_view,
    "By status": status_view,
    "By age": ageing_view,
    "By month": months_view,
    "Ledger": ledger_view,
    "Tax": tax_view,
    "Closing": closing_view,
    "All conferences": conferences_view,
}


def reconciliation_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Reconciliation")
    visit.come_back()
    today = visit.opened.today()
    if st.session_state.get("as-of", today) > today:  # another conference's day has begun earlier
        st.session_state["as-of"] = today
    as_of = st.date_input(
        "As of",
        value=today,
        max_value=today,
        key="as-of",
        bind="query-params",
        help=f"Days end in the conference's timezone, {visit.opened.conference.timezone}.",
        format=words.date_format(),
        width=220,
    )
    result = reconcile(visit.opened, as_of=as_of)
    if result.rows.empty:
        st.info("There was no purchase order on that day.", icon=":material/inbox:")
        visit.link("import", "Import a spreadsheet")
        return
    _totals(visit, result)
    _downloads(visit, result)
    chosen = st.segmented_control(
        "Show",
        list(_VIEWS),
        default=next(iter(_VIEWS)),
        required=True,
        key="reconciliation-view",
        bind="query-params",
    )
    _VIEWS[chosen](visit, result)


def _totals(visit: Visit, result: Reconciliation) -> None:
    sums = pd.DataFrame(
        {
            "currency": currency,
            **{name: to_major(by_name[name], currency) for name in _TOTALS},
        }
        for currency, by_name in result.totals.items()
    )
    picked = tables.pick_number(
        sums,
        _TOTALS,
        money=list(_TOTALS),
        key=visit.key("reconciliation.totals"),
        alt="Totals, a row for each currency; choose a number to see its rows.",
    )
    if cancelled := int(result.rows["status"].eq(Status.CANCELLED).sum()):
        st.caption(f"Without {words.count(cancelled, 'cancelled purchase order')}.")
    if picked is not None:
        row, column = picked
        currency = str(sums["currency"].iloc[row])
        heading = f"{_TOTALS[column]} in {currency.upper()}"
        rows_behind(visit, result, "totals", column, heading, currency=currency)


def _downloads(visit: Visit, result: Reconciliation) -> None:
    name = f"{result.slug}-reconciliation-{result.as_of.isoformat()}"
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: export(result, "csv"),
            f"{name}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("reconciliation.csv"),
        )
        st.download_button(
            "Download XLSX",
            lambda: export(result, "xlsx"),
            f"{name}.xlsx",
            table_files.XLSX,
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("reconciliation.xlsx"),
        )
