"""The search box at the top of every page: whatever a caller says finds their purchase order."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal

import streamlit as st

from po_toolkit.api.reports import SearchHit, search
from po_toolkit.errors import AmountError
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import formats, typed
from po_toolkit.ui.language import _, ngettext
from po_toolkit.ui.session import Visit

_SEARCHED, _FROM, _BOX = "find.searched", "find.from", "find.box"


def search_box(visit: Visit, page: str) -> None:
    """Show the box and what was found; Enter on a single hit opens it and empties the box.

    Args:
        visit: Who looks at which conference.
        page: Above which page. On another than where it was entered, what was found is folded up.
    """
    box = visit.recall(_BOX) or 0
    text = st.text_input(
        _("Search everything"),
        key=visit.key(f"find.{box}"),
        placeholder=_(
            "Search sponsor, contact, email, PO or invoice number, bank reference, amount"
        ),
        icon=":material/search:",
        label_visibility="collapsed",
    ).strip()
    # not Streamlit's on_change: a run that was cut off lets it name the same text as new
    entered = text != visit.recall(_SEARCHED)
    visit.keep(_SEARCHED, text)
    if not text:
        return
    hits = search(visit.opened, text, amount=_amount(text, visit.opened.settings.currency))
    here = (page, st.query_params.get("po", ""))
    if entered:
        visit.keep(_FROM, here)
    if entered and len(hits) == 1:
        visit.keep(_BOX, box + 1)  # an empty one, for the next caller
        order, line = hits[0].order, hits[0].line
        if order is not None:
            visit.open_order(order.reference)
        visit.go("bank", line=str(line))
    shown = formats.plain(text)
    if not hits:
        st.container(border=True).markdown(_("Nothing found for “{text}”.", text=shown))
        return
    title = ngettext("{n} found for “{text}”", "{n} found for “{text}”", len(hits), text=shown)
    with st.expander(title, expanded=visit.recall(_FROM) == here):
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


_SYMBOL = re.compile(r"[A-Z]{0,2}[$€£¥₹₩]")


def _amount(text: str, currency: str) -> Decimal | None:
    """Return what was typed as an amount, or None; it may have a currency.

    Nothing is billed by it, so ``485,000`` is read as thousands, as most amounts of that look are.
    """
    code = next((c for c in re.findall("[a-z]+", text.lower()) if c in CURRENCIES), currency)
    number = _SYMBOL.sub("", text.upper().replace(code.upper(), ""))
    for digits in (number, re.sub("[.,]", "", number)):
        with suppress(AmountError):
            return typed.amount(digits, code)
    return None
