"""What was ordered, invoiced and paid at the end of a day, and what does not add up."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.domain.ageing import BUCKET_LABELS, Bucket
from po_toolkit.domain.discrepancies import DISCREPANCY_CLASSES
from po_toolkit.money import to_major
from po_toolkit.reconcile import Reconciliation, export, reconcile_conference
from po_toolkit.reconcile.tables import AGEING, DISCREPANCIES, PURCHASE_ORDERS
from po_toolkit.ui import tables, words
from po_toolkit.ui.session import Visit

_TOTALS = {
    "total": "Ordered",
    "credited": "Credited",
    "paid": "Paid",
    "refunded": "Refunded",
    "balance": "Balance",
    "open": "Still to come",
    "overdue": "Of that overdue",
    "overpaid": "Overpaid",
}

_ROWS = {
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
_AGEING = {"bucket": "How late", "purchase_orders": "Purchase orders", "amount": "Open"}


def reconciliation_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Reconciliation")
    today = visit.opened.today()
    as_of = st.date_input(
        "As of the end of",
        value=today,
        max_value=today,
        key=visit.key("reconciliation.as-of"),
        help=f"Days end in the conference's timezone, {visit.opened.conference.timezone}.",
        format="YYYY-MM-DD",
        width=220,
    )
    result = reconcile_conference(visit.opened.store, visit.opened.conference, as_of=as_of)
    if result.rows.empty:
        st.info("There was no purchase order on that day.", icon=":material/inbox:")
        return
    _totals(result)
    _downloads(visit, result)
    _discrepancies(result)
    st.subheader("Purchase orders")
    tables.show_table(PURCHASE_ORDERS, _worded(result.rows), _ROWS, key="reconciliation.rows")
    st.subheader("Ageing")
    ageing = result.ageing.assign(
        bucket=[BUCKET_LABELS[Bucket(b)] for b in result.ageing["bucket"]]
    )
    tables.show_table(AGEING, ageing, _AGEING, key="reconciliation.ageing")


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        status=[words.status(s) for s in rows["status"]],
        discrepancies=[
            ", ".join(DISCREPANCY_CLASSES[c].title for c in codes)
            for codes in rows["discrepancies"]
        ],
    )


def _totals(result: Reconciliation) -> None:
    """Show one row of sums for each currency, as text that a screen reader reads."""
    sums = pd.DataFrame(
        {
            "Currency": currency.upper(),
            **{label: to_major(by_name[name], currency) for name, label in _TOTALS.items()},
        }
        for currency, by_name in result.totals.items()
    )
    look = tables.styled(sums, list(_TOTALS.values()), by="Currency")
    st.table(look, width="content", hide_index=True)


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
            tables.XLSX,
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("reconciliation.xlsx"),
        )


def _discrepancies(result: Reconciliation) -> None:
    found = result.discrepancies
    if found.empty:
        st.success("Everything adds up.", icon=":material/check_circle:")
        return
    st.subheader("What does not add up")
    for code, rows in found.groupby("code", sort=False):
        about = DISCREPANCY_CLASSES[str(code)]
        with st.expander(f"{about.title}: {words.count(len(rows), 'purchase order')}"):
            st.write(about.explanation)
            st.write(f"**What mends it:** {about.mend}")
            tables.show_table(DISCREPANCIES, rows, _FOUND, key=f"found.{code}")
