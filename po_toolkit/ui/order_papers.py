"""Document downloads: the invoice as it stands, the statement, e-invoices, and files kept."""

from __future__ import annotations

from functools import partial

import streamlit as st

from po_toolkit.api.contact import attach_file, attached_content, attached_files
from po_toolkit.api.delivery import kept_documents, kept_pdf
from po_toolkit.api.e_invoices import E_INVOICE_FORMATS, EInvoiceFile, e_invoice, hand_over
from po_toolkit.api.reports import PurchaseOrderStory, invoice_pdf, statement_pdf
from po_toolkit.api.terms import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import formats
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.order_form import perform, turn
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
            (_("Invoice with payments (PDF)"), invoice, f"{story.reference}.pdf"),
            (_("Sponsor's statement (PDF)"), statement, f"{story.reference}-statement.pdf"),
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
    if story.invoices and visit.may(Act.DELIVER):
        with st.expander(_("E-invoice")):
            _e_invoice(visit, story)
    _kept(visit, story)
    _attached(visit, story)


def _attached(visit: Visit, story: PurchaseOrderStory) -> None:
    """Show the sponsor's own documents, and take new ones."""
    with st.expander(_("The sponsor's purchase order (PDF)")):
        for file in attached_files(visit.opened, story.reference):
            content = attached_content(visit.opened, story.reference, file.sha256)
            when = formats.moment(file.attached_at, visit.opened.conference.timezone)
            st.download_button(
                formats.plain(file.file_name),
                content,
                file.file_name,
                "application/pdf",
                icon=":material/picture_as_pdf:",
                help=_(
                    "Attached {when} by {attached_by}. SHA-256 {sha256}",
                    when=when,
                    attached_by=formats.plain(formats.person(file.attached_by)),
                    sha256=file.sha256,
                ),
                on_click="ignore",
                key=visit.key(f"order.attached.{file.sha256}"),
            )
            st.pdf(content, height=600, key=visit.key(f"order.shown.{file.sha256}"))
        if not visit.may(Act.ATTACH):
            return
        taken = st.file_uploader(
            _("Attach a PDF"),
            type=["pdf"],
            key=visit.key(f"order.attach.{turn(visit)}"),
        )
        if taken is not None and st.button(_("Attach file"), key=visit.key("order.attach")):
            name, data = taken.name, taken.getvalue()

            def act() -> str:
                attach_file(visit.opened, story.reference, name, data)
                return _("{name} was attached.", name=formats.plain(name))

            perform(visit, act)


_FORMAT_NAMES = {
    "facturx": N_("Factur-X / ZUGFeRD (PDF with XML)"),
    "xrechnung": N_("XRechnung (CII)"),
    "xrechnung-ubl": N_("XRechnung (UBL)"),
    "peppol": N_("Peppol BIS Billing 3.0"),
}


def _e_invoice(visit: Visit, story: PurchaseOrderStory) -> None:
    """Write the invoice as an e-invoice; what it lacks is listed with its rule."""
    name = "order.e_invoice"
    chosen = st.selectbox(
        _("Format"),
        E_INVOICE_FORMATS,
        format_func=lambda wanted: _(_FORMAT_NAMES[wanted]),
        key=visit.key("order.e_invoice.format"),
    )
    if st.button(_("Write e-invoice"), key=visit.key("order.e_invoice.write")):
        visit.keep(name, None)
        try:
            visit.keep(name, e_invoice(visit.opened, story.reference, chosen))
        except PoToolkitError as error:
            st.error(formats.message(str(error)), icon=":material/error:")
    made = visit.recall(name)
    if not isinstance(made, EInvoiceFile):
        return
    with st.container(horizontal=True):
        st.download_button(
            _("Download e-invoice"),
            made.content,
            made.name,
            made.mime,
            on_click="ignore",
            key=visit.key("order.e_invoice.file"),
        )
        settings = visit.opened.settings.e_invoice
        if (
            settings is not None
            and settings.hand_over
            and st.button(_("Send to access point"), key=visit.key("order.e_invoice.hand_over"))
        ):
            try:
                st.success(
                    _(
                        "{name} handed over to {hand_over}.",
                        name=made.name,
                        hand_over=hand_over(visit.opened, made),
                    )
                )
            except PoToolkitError as error:
                st.error(formats.message(str(error)), icon=":material/error:")


def _kept(visit: Visit, story: PurchaseOrderStory) -> None:
    """Offer Stripe's PDFs and e-invoices as they were delivered, with their digests."""
    for kept in kept_documents(visit.opened, story.reference):
        when = formats.moment(kept.kept_at, visit.opened.conference.timezone)
        xml = kept.file_name.endswith(".xml")
        st.download_button(
            _("{paper}, kept {when}", paper=_("E-invoice") if xml else _("PDF"), when=when),
            partial(kept_pdf, visit.opened, story.reference, kept.sha256),
            kept.file_name,
            "application/xml" if xml else "application/pdf",
            icon=":material/inventory_2:",
            help=_(
                "{file_name}, kept by {kept_by}. SHA-256 {sha256}",
                file_name=kept.file_name,
                kept_by=formats.person(kept.kept_by),
                sha256=kept.sha256,
            ),
            on_click="ignore",
            key=visit.key(f"order.kept.{kept.sha256}"),
        )
