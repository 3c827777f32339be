"""Payouts and fees, and the tie-out from purchase order to bank line."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import (
    BANK_LINES,
    CHECKS,
    FEES,
    PAYOUTS,
    TIE_OUT,
    Table,
    TieOut,
    export_tie_out,
    tie_out,
)
from po_toolkit.api.terms import Act
from po_toolkit.ui import table_files, tables, words
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result

_PAYOUTS = {
    "arrival_date": "Arrives",
    "amount": "Amount",
    "status": "Status",
    "sponsors": "Sponsor payments",
    "others": "Other activity",
    "not_itemised": "Not itemised",
    "fees": "Stripe fees",
    "at_bank": "Bank date",
    "way": "Speed",
    "failure": "Failure",
    "payout": "Stripe id",
}
_MOVES = {
    "date": "Date",
    "kind": "Type",
    "organization_name": "Organization",
    "reference": "Purchase order",
    "gross": "Gross",
    "fee": "Fee",
    "net": "Net",
    "paid_out": "Paid out",
    "at_bank": "Bank date",
    "method": "Method",
    "words": "Description",
    "payout": "Payout",
    "bank_line": "Bank line",
    "source_id": "Stripe id",
}
_FEES = {
    "month": "Month",
    "method": "Method",
    "whose": "Type",
    "count": "Count",
    "gross": "Gross",
    "fee": "Fees",
    "net": "Net",
}
_LINES = {
    "booked_on": "Booked",
    "amount": "Amount",
    "payouts": "Payouts",
    "payments": "Payments",
    "set_aside": "Excluded",
    "unexplained": "Unexplained",
    "text": "Bank description",
}
_CHECKS = {"check": "Check", "left": "Expected", "right": "Actual", "difference": "Difference"}


def payouts_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Payouts")
    _pull(visit)
    today = visit.opened.today()
    as_of = st.date_input(
        "As of",
        value=today,
        max_value=today,
        key=visit.key("payouts.as-of"),
        format=words.date_format(),
        width=220,
    )
    found = tie_out(visit.opened, as_of=as_of)
    if found.rows.empty and found.payouts.empty:
        st.info(
            "No money has moved yet. Once sponsors have paid, read the payouts from Stripe.",
            icon=":material/inbox:",
        )
        return
    _agreement(found)
    _downloads(visit, found)
    views = {
        "Payouts": _payouts,
        "Fees": _fees,
        "All transactions": _moves,
        "Bank lines": _lines,
        "Checks": _checks,
    }
    chosen = st.segmented_control(
        "Show",
        list(views),
        default="Payouts",
        required=True,
        key="payouts-view",
        bind="query-params",
    )
    views[chosen](visit, found)


def _pull(visit: Visit) -> None:
    if visit.opened.settings.mode == "none" or not visit.may(Act.SYNC):
        return
    task_button(visit, "payouts", "Sync payouts", icon=":material/sync:")
    task_result(visit, "payouts")


def _agreement(found: TieOut) -> None:
    """Say that all agrees only where every side was read and nothing is left unexplained."""
    wrong = found.checks[found.checks["difference"] != 0]
    left = [*found.unread, *found.unexplained]
    if not wrong.empty:
        st.warning(
            f"{words.count(len(wrong), 'sum does', 'sums do')} not agree; see Checks. "
            + " ".join(left),
            icon=":material/warning:",
        )
    elif left:
        with st.container(border=True):
            st.markdown(f":gray[:material/pending: Not complete yet. {' '.join(left)}]")
    else:
        st.success("All four sides agree to the cent.", icon=":material/check_circle:")


def _downloads(visit: Visit, found: TieOut) -> None:
    name = f"{found.slug}-tie-out-{found.as_of.isoformat()}"
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: export_tie_out(found, "csv"),
            f"{name}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("payouts.csv"),
        )
        st.download_button(
            "Download XLSX",
            lambda: export_tie_out(found, "xlsx"),
            f"{name}.xlsx",
            table_files.XLSX,
            icon=":material/download:",
            on_click="ignore",
            key=visit.key("payouts.xlsx"),
        )


def _payouts(visit: Visit, found: TieOut) -> None:
    if found.payouts.empty:
        st.caption("No payout yet.")
        return
    shown = found.payouts.assign(
        status=[words.label(value) for value in found.payouts["status"]],
        way=[words.label(value) for value in found.payouts["way"]],
    )
    picked = tables.pick_table(PAYOUTS, shown, _PAYOUTS, key=visit.key("payouts.table"))
    if picked is None:
        st.caption("Choose a payout to see what it is the sum of.")
        return
    payout = str(found.payouts["payout"].iloc[picked])
    st.subheader(f"What {payout} is the sum of")
    _show(TIE_OUT, found.rows[found.rows["payout"] == payout], _MOVES, visit, "payouts.in")


def _fees(visit: Visit, found: TieOut) -> None:
    _show(FEES, found.fees, _FEES, visit, "payouts.fees")


def _moves(visit: Visit, found: TieOut) -> None:
    _show(TIE_OUT, found.rows, _MOVES, visit, "payouts.moves")


def _lines(visit: Visit, found: TieOut) -> None:
    _show(BANK_LINES, found.bank_lines, _LINES, visit, "payouts.lines")


def _checks(visit: Visit, found: TieOut) -> None:
    _show(CHECKS, found.checks, _CHECKS, visit, "payouts.checks")


def _show(
    table: Table, frame: pd.DataFrame, columns: dict[str, str], visit: Visit, key: str
) -> None:
    if frame.empty:
        st.caption("Nothing here.")
        return
    if "kind" in frame:
        frame = frame.assign(kind=[words.label(kind) for kind in frame["kind"]])
    tables.show_table(table, frame, columns, key=visit.key(key))
