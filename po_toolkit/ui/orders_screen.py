"""All purchase orders: filter, search, sort, and the way to each one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import PurchaseOrderPage, list_purchase_orders
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import table_files, tables, words
from po_toolkit.ui.reminders_panel import reminders_panel
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_button

PAGE = 50

PLACE = "orders-page"
"""The page of the list that is turned to, in the address and in the visit."""

_SORTS = {
    "Newest first": ("created_at", True),
    "Organization": ("organization_name", False),
    "Due date": ("due_date", False),
    "Largest total": ("total", True),
    "Largest balance": ("balance", True),
    "Status": ("status", False),
}

_COLUMNS: dict[str, Any] = {
    "organization_name": st.column_config.TextColumn("Organization", width="medium"),
    "status": "Status",
    "total": "Total",
    "paid": "Paid",
    "balance": "Balance",
    "due_date": st.column_config.DateColumn("Due", format="localized"),
    "po_number": "Their PO number",
    "reference": "Reference",
    "stripe_invoice_url": st.column_config.LinkColumn("Invoice page", display_text="Open invoice"),
    "invoice_error": "Invoicing stopped because",
}
_MONEY = ("total", "paid", "balance")


def orders_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Purchase orders")
    visit.come_back()
    sync_button(visit)
    reminders_panel(visit)
    filters = _filters()
    page = _page(visit, filters)
    if not page.matching:
        _nothing(visit, filtered=any(filters[name] for name in ("status", "text", "currency")))
        return
    st.caption(words.count(page.matching, "purchase order"))
    _table(visit, page)
    table_files.downloads(
        f"{visit.opened.slug}-purchase-orders",
        lambda: _frame(_listed(visit, filters, limit=page.matching)),
        key=visit.key("orders.download"),
    )


def _filters() -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="search",
            bind="query-params",
            placeholder="Organization, reference, PO number or e-mail",
            icon=":material/search:",
            on_change=_first_page,
        )
        currency = st.multiselect(
            "Currency",
            sorted(code.upper() for code in CURRENCIES),
            placeholder="All",
            key="currency",
            bind="query-params",
            width=160,
            on_change=_first_page,
        )
        order = st.selectbox(
            "Sort by",
            list(_SORTS),
            key="sort",
            bind="query-params",
            width=200,
            on_change=_first_page,
        )
    status = st.pills(
        "Status",
        list(words.STATUS_LABELS.values()),
        selection_mode="multi",
        key="status",
        bind="query-params",
        on_change=_first_page,
    )
    codes = {label: str(code) for code, label in words.STATUS_LABELS.items()}
    sort, descending = _SORTS[order]
    return {
        "text": text,
        "status": [codes[label] for label in status],
        "currency": currency,
        "sort": sort,
        "descending": descending,
    }


def _first_page() -> None:
    """Turn to the first page, since what stands on the others has changed."""
    st.session_state.pop(PLACE, None)


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
    return _listed(visit, filters, limit=PAGE, offset=(number - 1) * PAGE)


def _listed(
    visit: Visit, filters: dict[str, Any], *, limit: int, offset: int = 0
) -> PurchaseOrderPage:
    return list_purchase_orders(visit.opened, **filters, offset=offset, limit=limit)


def _frame(page: PurchaseOrderPage) -> pd.DataFrame:
    return pd.DataFrame([asdict(order) for order in page.orders])


def _table(visit: Visit, page: PurchaseOrderPage) -> None:
    frame = _frame(page)
    frame["status"] = [words.status(s) for s in frame["status"]]
    columns = {
        name: config
        for name, config in _COLUMNS.items()
        if name != "invoice_error" or frame["invoice_error"].any()
    }
    picked = tables.pick(
        frame,
        columns,
        money=_MONEY,
        key=visit.key("orders.table"),
        alt="Purchase orders; choose a row to open one.",
    )
    if picked is not None:
        visit.open_order(str(frame["reference"].iloc[picked]))


def _nothing(visit: Visit, *, filtered: bool) -> None:
    if filtered:
        st.info("No purchase order fits these filters.", icon=":material/filter_alt_off:")
        return
    st.info("There are no purchase orders yet.", icon=":material/inbox:")
    visit.link("import", "Import a spreadsheet")
