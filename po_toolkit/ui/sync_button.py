"""The button that fetches news from Stripe, for those who cannot wait for the webhook."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from po_toolkit.api.sync import sync_purchase_order
from po_toolkit.api.terms import Act
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result

_LABEL, _ICON = N_("Sync with Stripe"), ":material/sync:"


def sync_button(visit: Visit, place: DeltaGenerator) -> None:
    """Show the button for the whole conference in its place, and below how the last press stands.

    Why a sync failed takes some sentences, which no narrow column has room for.
    """
    if visit.opened.settings.mode == "none" or not visit.may(Act.SYNC):
        return
    with place:
        latest = task_button(visit, "sync", _(_LABEL), icon=_ICON)
    task_result(visit, latest)


def sync_order_button(visit: Visit, reference: str) -> None:
    """Show the button for one purchase order, and what the last press brought."""
    if visit.opened.settings.mode == "none" or not visit.may(Act.SYNC):
        return
    name = "sync.message"
    if st.button(_(_LABEL), icon=_ICON, key=visit.key("sync.one")):
        with st.spinner(_("Reading from Stripe…")):
            report = sync_purchase_order(visit.opened, reference)
        brought = _(
            "Stripe was asked about {invoices}: {payments}, {refunds}.",
            invoices=formats.count(report.invoices_seen, "invoice"),
            payments=formats.count(report.payments_recorded, "new payment"),
            refunds=formats.count(report.refunds_recorded, "new refund"),
        )
        visit.keep(name, (brought, report.problems))
        st.rerun()
    if (outcome := visit.recall(name)) is None:
        return
    visit.keep(name, None)
    brought, problems = outcome
    if not problems:
        st.success(brought, icon=_ICON)
        return
    left = formats.message(" ".join(problems))
    st.warning(
        _("{brought} The sync is not complete: {left}", brought=brought, left=left),
        icon=":material/sync_problem:",
    )
