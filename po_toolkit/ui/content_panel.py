"""What the invoice of one purchase order says, before it is sent and beside what Stripe has."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.content import InvoiceContent, compare_content, preview_content
from po_toolkit.api.terms import way_label
from po_toolkit.money import display
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit


def content_panel(visit: Visit, reference: str, *, at_stripe: bool) -> None:
    """Show the content field by field; Stripe is asked only when the button is pressed.

    ``at_stripe``: it has an invoice at Stripe to compare with.
    """
    with st.expander(_("What the invoice says")):
        compare = False
        if at_stripe and visit.opened.settings.mode != "none":
            compare = st.button(
                _("Compare with Stripe"),
                icon=":material/compare_arrows:",
                key=visit.key("content.compare"),
            )
        found = (compare_content if compare else preview_content)(visit.opened, reference)
        _limit(found)
        st.caption(_("The invoice is {way_label}.", way_label=_(way_label(found.delivery))))
        if compare and found.equal:
            st.success(_("Every field at Stripe is the planned one."), icon=":material/check:")
        elif compare:
            differ = sum(not line.equal for line in found.lines)
            st.warning(
                _("Not as planned: {fields}.", fields=formats.count(differ, "field")),
                icon=":material/warning:",
            )
        st.dataframe(_table(found, compare=compare), hide_index=True)


def _table(found: InvoiceContent, *, compare: bool) -> pd.DataFrame:
    rows = []
    for line in found.lines:
        write = _WRITERS.get(line.name, str)
        row = {_("Field"): _(line.name), _("Planned"): write(line.planned)}
        if compare:
            sent = write(line.sent or "")
            row |= {_("At Stripe"): sent, "": "" if line.equal else _("differs")}
        if any(list(row.values())[1:]):
            rows.append(row)
    return pd.DataFrame(rows)


def _methods(codes: str) -> str:
    return ", ".join(formats.payment_method(code) for code in codes.split(", ") if code)


_WRITERS = {N_("Due"): formats.localized, N_("Payment methods"): _methods}
"""Fields whose stored form is for programs; what people typed is shown to the letter."""


def _limit(found: InvoiceContent) -> None:
    limit = found.limit
    if limit is None:
        return
    texts = (display(amount, limit.currency) for amount in (limit.limit, limit.billed, limit.left))
    authorized, billed, left = texts
    note = _(
        "Their purchase order authorizes {authorized}; {billed} is billed, {left} is left.",
        authorized=authorized,
        billed=billed,
        left=left,
    )
    (st.warning if limit.left < 0 else st.caption)(note)
