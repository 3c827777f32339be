"""The first visit: what to do, and sample data to try it with that go away again."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

import streamlit as st

from po_toolkit.api.imports import BatchSummary, import_purchase_orders, undo_import
from po_toolkit.api.terms import Act
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit

SAMPLE = "sponsors-2027.csv"
NAME = f"Sample data: {SAMPLE}"
"""The file name by which sample data are known again."""

_STEPS: tuple[tuple[str, str, str, Act | None], ...] = (
    ("import", N_("Import"), N_("a spreadsheet; mistakes are named and fixed."), Act.IMPORT),
    (
        "invoice",
        N_("Invoice"),
        N_("through Stripe, each exactly once, after a preview."),
        Act.INVOICE,
    ),
    ("orders", N_("Purchase orders"), N_("show who has paid; enter wires and checks here."), None),
    ("reconciliation", N_("Reconciliation"), N_("shows what adds up and what does not."), None),
)


def show_first_steps(visit: Visit) -> None:
    """Show what to do first, and offer sample data where no real money moves."""
    st.write(_("There are no purchase orders yet. The job takes four steps:"))
    for page, label, text, act in _STEPS:
        with st.container(horizontal=True, vertical_alignment="center"):
            if act is None or visit.may(act):
                visit.link(page, _(label))
            else:
                st.markdown(f"**{_(label)}**", width="content")
            st.markdown(_(text), width="stretch")
    with st.container(horizontal=True):
        if visit.may(Act.CREATE):
            visit.link("new", _("Enter a purchase order by hand"))
        if visit.opened.settings.mode != "none":
            visit.link("settings", _("Test the connection to Stripe"))
    if visit.opened.settings.mode == "live" or not visit.may(Act.IMPORT):
        return
    st.write(
        _(
            "Or look around first: the sample data are 40 made-up sponsors, as drafts. "
            "They can be removed again until their invoices are sent."
        )
    )
    if st.button(_("Load sample data"), icon=":material/science:", key=visit.key("sample.load")):
        content = (files("po_toolkit") / "samples" / SAMPLE).read_bytes()
        import_purchase_orders(visit.opened, content, file_name=NAME)
        st.rerun()


def offer_removal(visit: Visit, imports: Iterable[BatchSummary]) -> None:
    """Offer to remove sample data while they are untouched drafts."""
    if not visit.may(Act.UNDO_IMPORT):
        return
    for batch in imports:
        if batch.file_name == NAME and batch.can_be_undone:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(_("These purchase orders include sample data."), width="stretch")
                if st.button(
                    _("Remove sample data"), icon=":material/delete:", key=visit.key("sample.away")
                ):
                    undo_import(visit.opened, batch.batch)
                    st.rerun()
