"""Papers to take away: a purchase order's invoice as it stands, and the sponsor's statement."""

from __future__ import annotations

import streamlit as st

from po_toolkit.api.original import generate_invoice_pdf
from po_toolkit.reconcile import PurchaseOrderStory, sponsor_statement
from po_toolkit.reconcile.documents import statement_pdf
from po_toolkit.store import purchase_orders
from po_toolkit.ui.session import Visit


def order_papers(visit: Visit, story: PurchaseOrderStory) -> None:
    """Offer the papers; each is made when it is asked for."""
    opened = visit.opened

    def invoice() -> bytes:
        with opened.store.reading() as session:
            order = purchase_orders.by_reference(session, opened.conference, story.reference)
        return generate_invoice_pdf(order, opened=opened)

    def statement() -> bytes:
        found = sponsor_statement(
            opened.store, opened.conference, story.organization_name, as_of=opened.today()
        )
        return statement_pdf(found, made_at=opened.now())

    with st.container(horizontal=True):
        for label, make, name in (
            ("Invoice with payments (PDF)", invoice, f"{story.reference}.pdf"),
            ("Sponsor's statement (PDF)", statement, f"{story.reference}-statement.pdf"),
        ):
            st.download_button(
                label,
                make,
                name,
                "application/pdf",
                icon=":material/picture_as_pdf:",
                on_click="ignore",
                key=visit.key(f"order.paper.{name}"),
            )
