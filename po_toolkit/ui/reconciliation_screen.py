"""What was ordered, invoiced and paid at the end of a day, and what does not add up."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import Reconciliation, export, reconcile
from po_toolkit.api.terms import Status
from po_toolkit.money import to_major
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.closing_view import closing_view
from po_toolkit.ui.language import N_, _, choices, translated
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
    "total": N_("Ordered"),
    "credited": N_("Credited"),
    "paid": N_("Paid"),
    "refunded": N_("Refunded"),
    "balance": N_("Balance"),
    "open": N_("Outstanding"),
    "overdue": N_("Overdue"),
    "overpaid": N_("Overpaid"),
}
_VIEWS = {
    N_("Discrepancies"): discrepancies_view,
    N_("Purchase orders"): orders_view,
    N_("By status"): status_view,
    N_("By age"): ageing_view,
    N_("By month"): months_view,
    N_("Ledger"): ledger_view,
    N_("Tax"): tax_view,
    N_("Month end"): closing_view,
    N_("All conferences"): conferences_view,
}


def reconciliation_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Reconciliation"))
    visit.come_back()
    today = visit.opened.today()
    if st.session_state.get("as-of", today) > today:  # another conference's day has begun earlier
        st.session_state["as-of"] = today
    as_of = st.date_input(
        _("As of"),
        value=today,
        max_value=today,
        key="as-of",
        bind="query-params",
        help=_(
            "Days end in the conference's timezone, {timezone}.",
            timezone=visit.opened.conference.timezone,
        ),
        format=formats.date_format(),
        width=220,
    )
    result = reconcile(visit.opened, as_of=as_of)
    if result.rows.empty:
        st.info(_("There was no purchase order on that day."), icon=":material/inbox:")
        visit.link("import", _("Import a spreadsheet"))
        return
    _totals(visit, result)
    _downloads(visit, result)
    views = choices("reconciliation-view", _VIEWS.keys())
    chosen = st.segmented_control(
        _("Show"),
        list(views),
        default=next(iter(views)),
        required=True,
        format_func=views.__getitem__,
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
        tables.first_on_a_phone(translated(_TOTALS), "open", "overdue"),
        money=list(_TOTALS),
        key=visit.key("reconciliation.totals"),
        alt=_("Totals, a row for each currency; choose a number to see its rows."),
    )
    if cancelled := int(result.rows["status"].eq(Status.CANCELLED).sum()):
        number = formats.count(cancelled, "cancelled purchase order")
        st.caption(_("Without {number}.", number=number))
    if picked is not None:
        row, column = picked
        currency = str(sums["currency"].iloc[row])
        heading = _("{figure} in {currency}", figure=_(_TOTALS[column]), currency=currency.upper())
        rows_behind(visit, result, "totals", column, heading, currency=currency)


def _downloads(visit: Visit, result: Reconciliation) -> None:
    name = f"{result.slug}-reconciliation-{result.as_of.isoformat()}"
    table_files.file_buttons(name, partial(export, result), key=visit.key("reconciliation"))
