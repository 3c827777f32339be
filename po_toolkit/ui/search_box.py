"""The search box at the top of every page: whatever a caller says finds their purchase order."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import streamlit as st

from po_toolkit.api.reports import SearchHit, search
from po_toolkit.errors import AmountError
from po_toolkit.ui import formats, typed
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit

_ENTERED, _OPENED = "find.entered", "find.opened"


def search_box(visit: Visit) -> None:
    """Show the box and what was found; Enter on a single hit opens it."""
    key = visit.key("find")
    text = st.text_input(
        _("Search everything"),
        key=key,
        placeholder=_(
            "Search sponsor, contact, email, PO or invoice number, bank reference, amount"
        ),
        icon=":material/search:",
        label_visibility="collapsed",
        on_change=lambda: visit.keep(_ENTERED, True),
    ).strip()
    if not text:
        return
    hits = search(visit.opened, text, amount=_amount(text, visit.opened.settings.currency))
    entered = visit.recall(_ENTERED)
    visit.keep(_ENTERED, False)
    if entered:
        visit.keep(_OPENED, "")
    if entered and len(hits) == 1:
        visit.keep(_OPENED, text)
        order, line = hits[0].order, hits[0].line
        if order is not None:
            visit.open_order(order.reference)
        visit.go("bank", line=str(line))
    if visit.recall(_OPENED) == text:  # its page is open: no need to find it above itself
        return
    with st.container(border=True, gap="small"):
        if not hits:
            st.markdown(_("Nothing found for “{text}”.", text=formats.plain(text)))
        for hit in hits:
            _show(visit, hit)


def _show(visit: Visit, hit: SearchHit) -> None:
    order = hit.order
    with st.container(horizontal=True, vertical_alignment="center"):
        if order is None:
            visit.link("bank", _("Bank line"), line=str(hit.line))
            st.caption(formats.plain(hit.why), width="content")
            return
        visit.link("order", formats.plain(order.organization_name), po=order.reference)
        formats.status_badge(order.status)
        st.markdown(formats.amount(order.total, order.currency), width="content")
        number = f"{formats.plain(order.po_number)}, " if order.po_number else ""
        st.caption(f"{number}{order.reference}", width="content")
        if hit.why:
            st.caption(_("Found by {why}", why=formats.plain(hit.why)), width="content")


def _amount(text: str, currency: str) -> Decimal | None:
    """Return what was typed as an amount, or None; a currency may stand beside it."""
    with suppress(AmountError):
        return typed.amount(text.upper().replace(currency.upper(), ""), currency)
    return None
