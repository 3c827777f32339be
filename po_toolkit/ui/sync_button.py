"""The button that fetches news from Stripe, for those who cannot wait for the webhook."""

from __future__ import annotations

import streamlit as st

from po_toolkit.api.sync import sync_conference, sync_purchase_order
from po_toolkit.domain.roles import Act
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit


def sync_button(visit: Visit, reference: str = "") -> None:
    """Show the button, and what the last press brought.

    Args:
        visit: Who looks at which conference.
        reference: Ask Stripe about this purchase order only.
    """
    if visit.opened.settings.mode == "none" or not visit.may(Act.SYNC):
        return
    said = visit.key(f"sync.said.{reference}")
    pressed = st.button(
        "Sync with Stripe", icon=":material/sync:", key=visit.key(f"sync.{reference}")
    )
    if pressed:
        with st.spinner("Asking Stripe for news…"):
            report = (
                sync_purchase_order(visit.opened, reference)
                if reference
                else sync_conference(visit.opened)
            )
        brought = (
            f"Stripe was asked about {words.count(report.invoices_seen, 'invoice')}: "
            f"{words.count(report.payments_recorded, 'new payment')}, "
            f"{words.count(report.refunds_recorded, 'new refund')}."
        )
        st.session_state[said] = (brought, report.problems)
        st.rerun()
    if said in st.session_state:
        brought, problems = st.session_state.pop(said)
        if not problems:
            st.success(brought, icon=":material/sync:")
            return
        st.warning(f"{brought} The sync is not complete:", icon=":material/sync_problem:")
        for problem in problems:
            st.error(words.plain(problem))
