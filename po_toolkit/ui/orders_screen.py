"""All purchase orders: filter, search, sort, and the way to each one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import (
    ListedOrder,
    PurchaseOrderPage,
    View,
    list_purchase_orders,
)
from po_toolkit.api.terms import BUCKET_LABELS, STATUS_LABELS, Act, Bucket
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.language import N_, _, choices, ngettext
from po_toolkit.ui.orders_bulk import orders_bulk
from po_toolkit.ui.reminders_panel import reminders_panel
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_button

PAGE = 50

PLACE = "orders-page"
"""The page of the list that is turned to, in the address and in the visit."""

_SORTS = {
    N_("Newest first"): ("created_at", True),
    N_("Sponsor"): ("organization_name", False),
    N_("Due date"): ("due_date", False),
    N_("Largest total"): ("total", True),
    N_("Largest balance"): ("balance", True),
    N_("Status"): ("status", False),
}

_VIEWS: dict[str, View | Bucket | None] = {
    N_("All"): None,
    N_("Outstanding"): View.OUTSTANDING,
    N_("Received"): View.RECEIVED,
    N_("Overdue"): View.OVERDUE,
    N_("Overdue, not reminded"): View.NOT_REMINDED,
    N_("Due in two weeks"): View.DUE_SOON,
    N_("Paid or refunded in the last 7 days"): View.RECENT_MONEY,
    N_("Cancelled with money"): View.CANCELLED_WITH_MONEY,
    N_("Payment reversed"): View.REVERSED,
} | {label: age for age, label in BUCKET_LABELS.items()}
"""What one may want to see; the name stands in the address, so that a bookmark keeps the view."""

_LATE_FIRST = (View.OVERDUE, View.NOT_REMINDED, View.DUE_SOON, *BUCKET_LABELS)
"""Views that begin with what is due longest, until another order is chosen."""

_NAME, _STATUS, _BALANCE = "organization_name", "status", "balance"
_MONEY = ("total", "paid", _BALANCE)
_ONLY_IF_ANY = ("invoice_error", "reminded_at", "days_overdue")


def _columns() -> dict[str, Any]:
    return {
        _NAME: st.column_config.TextColumn(_("Sponsor"), width=170, help=_("Click to open.")),
        _STATUS: tables.status_column(),
        _BALANCE: _("Balance"),
        "days_overdue": st.column_config.NumberColumn(_("Overdue"), format=_("%d days")),
        "due_date": st.column_config.DateColumn(_("Due"), format="localized"),
        "total": _("Total"),
        "paid": _("Paid"),
        "po_number": _("PO number"),
        "reference": st.column_config.TextColumn(_("Reference"), help=_("Click to open.")),
        "reminded_at": st.column_config.DateColumn(_("Last reminder"), format="localized"),
        "stripe_invoice_url": st.column_config.LinkColumn(
            _("Invoice page"), display_text=_("Open invoice")
        ),
        "invoice_error": _("Invoicing stopped because"),
    }


def orders_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Purchase orders"))
    visit.come_back()
    buttons = st.container(horizontal=True, vertical_alignment="center")
    if visit.may(Act.CREATE):
        with buttons:
            visit.link("new", _("New purchase order"))
    sync_button(visit, buttons)
    reminders_panel(visit)
    filters = _filters()
    page = _page(visit, filters)
    if not page.matching:
        _nothing(visit, filtered=any(filters[name] is not None for name in _NARROWING))
        return
    chosen = _table(visit, page)
    _totals(page)
    orders_bulk(visit, chosen)
    table_files.downloads(
        f"{visit.opened.slug}-purchase-orders",
        lambda: _frame(_listed(visit, filters, limit=page.matching)),
        key=visit.key("orders.download"),
    )


_NARROWING = ("status", "text", "currency", "view", "above")
_FOLDED = ("search", "currency", "above", "status")
"""The filters that a phone folds while they are not used."""


def _filters() -> dict[str, Any]:
    views, sorts = choices("view", _VIEWS.keys()), choices("sort", _SORTS.keys())
    statuses = choices("status", STATUS_LABELS)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        view = st.selectbox(
            _("View"),
            list(views),
            format_func=views.__getitem__,
            key="view",
            bind="query-params",
            width=260,
            on_change=_another_view,
        )
    phone = formats.on_a_phone()
    if phone:  # where the list comes first
        narrowed = any(st.session_state.get(name) for name in _FOLDED)
        row = st.expander(_("Filters"), expanded=narrowed)
    with row:
        text = st.text_input(
            _("Search"),
            key="search",
            bind="query-params",
            placeholder=_("Sponsor, reference, PO number or email"),
            icon=":material/search:",
            on_change=_first_page,
        )
        currency = st.multiselect(
            _("Currency"),
            sorted(code.upper() for code in CURRENCIES),
            placeholder=_("All"),
            key="currency",
            bind="query-params",
            width=160,
            on_change=_first_page,
        )
        above = st.number_input(
            _("More outstanding than"),
            min_value=0,
            value=None,
            step=100,
            key="above",
            bind="query-params",
            placeholder=_("Any"),
            width=180,
            on_change=_first_page,
        )
    with row if phone else st.container(horizontal=True, vertical_alignment="bottom"):
        status = st.pills(
            _("Status"),
            list(statuses),
            selection_mode="multi",
            format_func=statuses.__getitem__,
            key="status",
            bind="query-params",
            on_change=_first_page,
        )
        first = N_("Due date") if _VIEWS[view] in _LATE_FIRST else N_("Newest first")
        order = st.selectbox(
            _("Sort by"),
            list(sorts),
            list(sorts).index(first),
            format_func=sorts.__getitem__,
            key="sort",
            bind="query-params",
            width=180,
            on_change=_first_page,
        )
    sort, descending = _SORTS[order]
    return {
        "text": text or None,
        "view": _VIEWS[view],
        "above": None if above is None else Decimal(above),
        "status": [str(code) for code in status] or None,
        "currency": currency or None,
        "sort": sort,
        "descending": descending,
    }


def _first_page() -> None:
    """Turn to the first page, since what stands on the others has changed."""
    st.session_state.pop(PLACE, None)


def _another_view() -> None:
    """Turn to the first page of another view, in the view's own order."""
    st.session_state.pop("sort", None)
    _first_page()


def _page(visit: Visit, filters: dict[str, Any]) -> PurchaseOrderPage:
    """Return the page that is turned to; the number of pages follows from the filters."""
    first = _listed(visit, filters, limit=PAGE)
    pages = -(-first.matching // PAGE)
    if pages <= 1:
        return first
    if st.session_state.get(PLACE, 1) > pages:
        st.session_state[PLACE] = pages
    number = st.pagination(pages, key=PLACE, bind="query-params")
    if number == 1:
        return first
    return replace(
        _listed(visit, filters, limit=PAGE, offset=(number - 1) * PAGE), totals=first.totals
    )


def _listed(
    visit: Visit, filters: dict[str, Any], *, limit: int, offset: int = 0
) -> PurchaseOrderPage:
    given = {name: value for name, value in filters.items() if value is not None}
    return list_purchase_orders(visit.opened, **given, offset=offset, limit=limit)


def _frame(page: PurchaseOrderPage) -> pd.DataFrame:
    return tables.frame_of(page.orders)


def _table(visit: Visit, page: PurchaseOrderPage) -> list[ListedOrder]:
    """Show the page; a click on a name opens it. Return the rows that were ticked."""
    frame = _frame(page)
    zone = ZoneInfo(visit.opened.conference.timezone)
    frame["reminded_at"] = [o.reminded_at and o.reminded_at.astimezone(zone) for o in page.orders]
    frame["days_overdue"] = pd.array([o.days_overdue or None for o in page.orders], dtype="Int64")
    labels = formats.statuses()
    frame["status"] = [[labels[s]] for s in frame["status"]]
    columns = {
        name: config
        for name, config in _columns().items()
        if name not in _ONLY_IF_ANY or any(getattr(o, name) for o in page.orders)
    }
    if formats.on_a_phone():
        columns = {name: columns[name] for name in (_BALANCE, _STATUS)} | columns
    rows, cell = tables.pick_rows_or_cell(
        frame,
        columns,
        money=_MONEY,
        key=visit.key("orders.table"),
        alt=_("Purchase orders; click a name to open one, or tick rows to act on several."),
    )
    if cell is not None and cell[1] in (_NAME, "reference"):
        visit.open_order(page.orders[cell[0]].reference)
    return [page.orders[row] for row in rows]


def _totals(page: PurchaseOrderPage) -> None:
    """Show what the whole list adds up to, whatever page is turned to."""
    number = formats.count(page.matching, "purchase order")
    cancelled = page.matching - sum(total.purchase_orders for total in page.totals)
    left_out = (
        ngettext(
            "; the sums leave out {n} cancelled", "; the sums leave out {n} cancelled", cancelled
        )
        if cancelled
        else ""
    )
    st.markdown(f"{number}{left_out}")
    for total in page.totals:
        figures = {
            _("Total"): total.total,
            _("received"): total.received,
            _("outstanding"): total.outstanding,
        }
        written = (f"{k} **{formats.amount(v, total.currency)}**" for k, v in figures.items())
        st.markdown(", ".join(written))


def _nothing(visit: Visit, *, filtered: bool) -> None:
    if filtered:
        st.info(_("No purchase order fits these filters."), icon=":material/filter_alt_off:")
        return
    st.info(_("There are no purchase orders yet."), icon=":material/inbox:")
    visit.link("import", _("Import a spreadsheet"))
