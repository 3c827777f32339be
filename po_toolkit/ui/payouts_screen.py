"""Payouts and fees, and the tie-out from purchase order to bank line."""

from __future__ import annotations

from functools import partial

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
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.language import N_, _, choices, ngettext, translated
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result

_PAYOUTS = {
    "arrival_date": N_("Arrives"),
    "amount": N_("Amount"),
    "status": N_("Status"),
    "sponsors": N_("Net from sponsors"),
    "others": N_("Other activity"),
    "not_itemised": N_("Not itemized"),
    "fees": N_("Fees deducted"),
    "at_bank": N_("At bank"),
    "way": N_("Type"),
    "failure": N_("Failure"),
}
_ONLY_IF_ANY = ("others", "not_itemised", "failure")
_MOVES = {
    "date": N_("Date"),
    "kind": N_("Type"),
    "organization_name": N_("Sponsor"),
    "reference": N_("Purchase order"),
    "gross": N_("Gross"),
    "fee": N_("Fee"),
    "net": N_("Net"),
    "paid_out": N_("Paid out"),
    "at_bank": N_("At bank"),
    "method": N_("Method"),
    "words": N_("Description"),
    "payout": N_("Payout"),
    "bank_line": N_("Bank line"),
}
_FEES = {
    "month": N_("Month"),
    "method": N_("Method"),
    "whose": N_("Type"),
    "count": N_("Count"),
    "gross": N_("Gross"),
    "fee": N_("Fees"),
    "net": N_("Net"),
}
_LINES = {
    "booked_on": N_("Booked"),
    "amount": N_("Amount"),
    "payouts": N_("Payouts"),
    "payments": N_("Payments"),
    "set_aside": N_("Excluded"),
    "unexplained": N_("Unexplained"),
    "text": N_("Bank description"),
}
_CHECKS = {
    "check": N_("Comparison"),
    "left": N_("Expected"),
    "right": N_("Actual"),
    "difference": N_("Difference"),
}


def payouts_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Payouts"))
    _pull(visit)
    today = visit.opened.today()
    as_of = st.date_input(
        _("As of"),
        value=today,
        max_value=today,
        key=visit.key("payouts.as-of"),
        format=formats.date_format(),
        width=220,
    )
    found = tie_out(visit.opened, as_of=as_of)
    if found.rows.empty and not found.sides.payouts:
        st.info(
            _("No money has moved yet. Once sponsors have paid, read the payouts from Stripe."),
            icon=":material/inbox:",
        )
        return
    _agreement(found)
    _downloads(visit, found)
    views = {
        N_("Payouts"): _payouts,
        N_("Fees"): _fees,
        N_("All transactions"): _moves,
        N_("Bank lines"): _lines,
        N_("Checks"): _checks,
    }
    labels = choices("payouts-view", views.keys())
    chosen = st.segmented_control(
        _("Show"),
        list(views),
        default="Payouts",
        required=True,
        format_func=labels.__getitem__,
        key="payouts-view",
        bind="query-params",
    )
    views[chosen](visit, found)


def _pull(visit: Visit) -> None:
    if visit.opened.settings.mode == "none" or not visit.may(Act.SYNC):
        return
    task_result(visit, task_button(visit, "payouts", _("Sync payouts"), icon=":material/sync:"))


def _agreement(found: TieOut) -> None:
    """Say that all agrees only where every side was read and nothing is left unexplained."""
    wrong = found.checks[found.checks["difference"] != 0]
    left = [formats.localized(each) for each in (*found.unread, *found.unexplained)]
    if not wrong.empty:
        st.warning(
            ngettext(
                "{n} sum does not agree; see Checks. ",
                "{n} sums do not agree; see Checks. ",
                len(wrong),
            )
            + " ".join(left),
            icon=":material/warning:",
        )
    elif left:
        with st.container(border=True):
            st.markdown(
                _(":gray[:material/pending: Not complete yet. {left}]", left=" ".join(left))
            )
    else:
        st.success(_("All four sides agree to the cent."), icon=":material/check_circle:")


def _downloads(visit: Visit, found: TieOut) -> None:
    name = f"{found.slug}-tie-out-{found.as_of.isoformat()}"
    table_files.file_buttons(name, partial(export_tie_out, found), key=visit.key("payouts"))


def _payouts(visit: Visit, found: TieOut) -> None:
    if found.payouts.empty:
        st.caption(_("No payout yet."))
        return
    shown = found.named("payouts").assign(
        status=[formats.label(value) for value in found.payouts["status"]],
        way=[formats.label(value) for value in found.payouts["way"]],
    )
    columns = {
        name: label
        for name, label in translated(_PAYOUTS).items()
        if name not in _ONLY_IF_ANY or shown[name].any()
    }
    picked = tables.pick_table(PAYOUTS, shown, columns, key=visit.key("payouts.table"))
    if picked is None:
        st.caption(_("Choose a payout to see its transactions."))
        return
    payout = str(found.payouts["payout"].iloc[picked])
    st.subheader(_("Transactions in this payout"))
    st.caption(_("Stripe ID"))
    st.code(payout, language=None)
    inside = found.named("rows")[found.rows["payout"] == payout]
    columns = translated({n: label for n, label in _MOVES.items() if n != "payout"})
    _show(TIE_OUT, inside, columns | {"source_id": _("Stripe ID")}, visit, "payouts.in")


def _fees(visit: Visit, found: TieOut) -> None:
    _show(FEES, found.fees, translated(_FEES), visit, "payouts.fees")


def _moves(visit: Visit, found: TieOut) -> None:
    columns = tables.first_on_a_phone(translated(_MOVES), "gross")
    _show(TIE_OUT, found.named("rows"), columns, visit, "payouts.moves")


def _lines(visit: Visit, found: TieOut) -> None:
    _show(BANK_LINES, found.named("bank_lines"), translated(_LINES), visit, "payouts.lines")


def _checks(visit: Visit, found: TieOut) -> None:
    _show(CHECKS, found.checks, translated(_CHECKS), visit, "payouts.checks")


def _show(
    table: Table, frame: pd.DataFrame, columns: dict[str, str], visit: Visit, key: str
) -> None:
    if frame.empty:
        st.caption(_("Nothing here."))
        return
    if "kind" in frame:
        frame = frame.assign(kind=[formats.label(kind) for kind in frame["kind"]])
    ours = [name for name in ("check", "words", "evidence") if name in frame]
    frame = frame.assign(
        **{name: [formats.localized(text) for text in frame[name]] for name in ours}
    )
    tables.show_table(table, frame, columns, key=visit.key(key))
