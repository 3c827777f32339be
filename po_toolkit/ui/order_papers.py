"""Papers to take away: the invoice as it stands, the sponsor's statement, and PDFs kept."""

from __future__ import annotations

from functools import partial

import streamlit as st

from po_toolkit.api.delivery import kept_documents, kept_pdf
from po_toolkit.api.reports import PurchaseOrderStory, invoice_pdf, statement_pdf
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit


def order_papers(visit: Visit, story: PurchaseOrderStory) -> None:
    """Offer the papers; each is made when it is asked for."""
    opened = visit.opened

    def invoice() -> bytes:
        return invoice_pdf(opened, story.reference)

    def statement() -> bytes:
        return statement_pdf(opened, story.organization_name)

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
    _kept(visit, story)


def _kept(visit: Visit, story: PurchaseOrderStory) -> None:
    """Offer Stripe's PDFs as they were when we delivered them, with their digests."""
    for kept in kept_documents(visit.opened, story.reference):
        when = words.moment(kept.kept_at, visit.opened.conference.timezone)
        st.download_button(
            f"Stripe's PDF, kept {when}",
            partial(kept_pdf, visit.opened, story.reference, kept.sha256),
            kept.file_name,
            "application/pdf",
            icon=":material/inventory_2:",
            help=f"{kept.file_name}, kept by {kept.kept_by}. SHA-256 {kept.sha256}",
            on_click="ignore",
            key=visit.key(f"order.kept.{kept.sha256}"),
        )
