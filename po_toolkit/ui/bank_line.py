"""One bank line: why it is thought to be what it is, and what a person says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TypeVar

import streamlit as st

from po_toolkit.api.bank_matching import (
    LineMatch,
    apply_line,
    choose,
    exclude_line,
    line_options,
    undo_match,
)
from po_toolkit.api.reports import list_purchase_orders
from po_toolkit.api.terms import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import words
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.session import Visit

_CANDIDATES = 50
K = TypeVar("K")


def show_line(visit: Visit, line: LineMatch) -> None:
    """Show the line with what can be said about it."""
    with st.container(border=True):
        amount = words.amount(Decimal(line.amount), line.currency)
        st.markdown(f"**{amount}**, booked {words.day(line.booked_on)}")
        st.text(line.text)
        if line.references:
            st.markdown(f"Matched to **{words.plain(', '.join(line.references))}**")
        if line.evidence_for or line.evidence_against:
            _both_sides(line)
        elif line.evidence:
            st.caption(words.plain(line.evidence))
        if not visit.may(Act.MATCH):
            return
        if line.state == "applied":
            _button(visit, "Undo", "u", lambda: undo_match(visit.opened, line.line))
        elif line.state == "set_aside":
            _button(visit, "Restore", "u", lambda: _aside(visit, line, ""))
        else:
            _decide(visit, line)


def _both_sides(line: LineMatch) -> None:
    """Show what speaks for the match, and what against it."""
    for title, reasons in (("For", line.evidence_for), ("Against", line.evidence_against)):
        if reasons:
            listed = "\n".join(f"- {words.plain(reason)}" for reason in reasons)
            st.markdown(f"{title}:\n\n{listed}")


def _decide(visit: Visit, line: LineMatch) -> None:
    again = st.checkbox(
        "It is other money than a payment that is recorded already",
        key=visit.key(f"bank.again.{line.line}"),
    )
    if line.state == "proposed":
        _button(visit, "Match", "a", lambda: apply_line(visit.opened, line.line, again=again))
    _for_recorded(visit, line)
    if Decimal(line.amount) > 0:
        _for_orders(visit, line, again=again)
    with st.form(visit.key(f"bank.aside.{line.line}"), border=False):
        reason = st.text_input("Not a sponsor payment. Reason")
        if st.form_submit_button("Exclude"):
            _attempt(visit, lambda: _aside(visit, line, reason.strip() or "not a sponsor payment"))


def _for_recorded(visit: Visit, line: LineMatch) -> None:
    """Offer what is in the books already: typed entries, payouts, earlier lines."""
    found = line_options(visit.opened, line.line)
    reason = st.text_input(
        "Reason to write off a small difference, for example bank charges",
        key=visit.key(f"bank.write-off.{line.line}"),
    ).strip()
    if found.entries:
        entries = _several(visit, line, "Recorded payments it confirms", found.entries)
        if entries:
            act = partial(choose, visit.opened, line.line, entry=entries)
            _button(visit, "Match recorded payments", None, act)
    if found.payouts:
        payouts = _several(visit, line, "Payouts it is", found.payouts)
        if payouts:
            act = partial(choose, visit.opened, line.line, payout=payouts, write_off=reason)
            _button(visit, "Match payouts", None, act)
    if found.reversals and Decimal(line.amount) < 0:
        earlier = st.selectbox(
            "Payment that the bank takes back",
            [None, *found.reversals],
            format_func=lambda key: found.reversals.get(key, "None") if key else "None",
            key=visit.key(f"bank.reversal.{line.line}"),
        )
        if earlier is not None:
            act = partial(choose, visit.opened, line.line, reversal=earlier)
            _button(visit, "Match reversal", None, act)


def _several(visit: Visit, line: LineMatch, label: str, options: dict[K, str]) -> list[K]:
    """Ask for some of several things."""
    return st.multiselect(
        label,
        list(options),
        format_func=options.__getitem__,
        key=visit.key(f"bank.{label}.{line.line}"),
    )


def _for_orders(visit: Visit, line: LineMatch, *, again: bool) -> None:
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
        reason = visit.recall(f"bank.write-off.{line.line}") or ""
        _button(
            visit,
            label,
            None,
            lambda: choose(
                visit.opened, line.line, orders=shares, again=again, write_off=reason.strip()
            ),
        )


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
