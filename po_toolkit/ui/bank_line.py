"""One bank line: why it is thought to be what it is, and what a person says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from po_toolkit.api.bank_matching import LineMatch, apply_line, choose, exclude_line, undo_match
from po_toolkit.api.reports import list_purchase_orders
from po_toolkit.api.terms import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import words
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.session import Visit

_CANDIDATES = 50


def show_line(visit: Visit, line: LineMatch) -> None:
    """Show the line with what can be said about it."""
    with st.container(border=True):
        amount = words.amount(Decimal(line.amount), line.currency)
        st.markdown(f"**{amount}**, booked {words.day(line.booked_on)}")
        st.text(line.text)
        if line.references:
            st.markdown(f"Matched to **{words.plain(', '.join(line.references))}**")
        if line.evidence:
            st.caption(words.plain(line.evidence))
        if not visit.may(Act.MATCH):
            return
        if line.state == "applied":
            _button(visit, "Undo", "u", lambda: undo_match(visit.opened, line.line))
        elif line.state == "set_aside":
            _button(visit, "Restore", "u", lambda: _aside(visit, line, ""))
        else:
            _decide(visit, line)


def _decide(visit: Visit, line: LineMatch) -> None:
    if line.state == "proposed":
        _button(visit, "Match", "a", lambda: apply_line(visit.opened, line.line))
    if Decimal(line.amount) > 0:
        _for_orders(visit, line)
    with st.form(visit.key(f"bank.aside.{line.line}"), border=False):
        reason = st.text_input("Not a sponsor payment. Reason")
        if st.form_submit_button("Exclude"):
            _attempt(visit, lambda: _aside(visit, line, reason.strip() or "not a sponsor payment"))


def _for_orders(visit: Visit, line: LineMatch) -> None:
    text = st.text_input(
        "Match to a purchase order; search by name or number",
        key=visit.key(f"bank.search.{line.line}"),
    )
    if not text.strip():
        return
    page = list_purchase_orders(
        visit.opened,
        text=text,
        currency=[line.currency],
        sort="balance",
        descending=True,
        limit=_CANDIDATES,
    )
    labels = {
        order.reference: f"{order.organization_name} · {order.po_number or order.reference} · "
        f"{words.amount(order.balance, order.currency)} open"
        for order in page.orders
    }
    if not labels:
        st.caption("No matching purchase order.")
        return
    chosen = st.multiselect(
        "Purchase orders to match",
        list(labels),
        format_func=labels.__getitem__,
        key=visit.key(f"bank.orders.{line.line}"),
    )
    if chosen:
        balances = {order.reference: order.balance for order in page.orders}
        shares: dict[str, Decimal | None] = {r: balances[r] for r in chosen[:-1]}
        shares[chosen[-1]] = None  # takes what the others leave
        label = f"Match {words.count(len(chosen), 'purchase order')}"
        _button(visit, label, None, lambda: choose(visit.opened, line.line, orders=shares))


def _aside(visit: Visit, line: LineMatch, reason: str) -> None:
    exclude_line(visit.opened, line.line, reason)


def _button(visit: Visit, label: str, shortcut: str | None, act: Callable[[], object]) -> None:
    if st.button(label, type="primary", shortcut=shortcut, key=visit.key(f"bank.do.{label}")):
        _attempt(visit, act)


def _attempt(visit: Visit, act: Callable[[], object]) -> None:
    try:
        act()
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()
