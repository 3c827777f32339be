"""One purchase order: its sums, lines, invoices, money, and everything that happened to it."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from po_toolkit.api.payment_details import DETAILS
from po_toolkit.api.reports import PurchaseOrderStory, purchase_order_story
from po_toolkit.api.terms import Status, named_rows
from po_toolkit.ui import formats, tables
from po_toolkit.ui.content_panel import content_panel
from po_toolkit.ui.language import _
from po_toolkit.ui.order_acts import order_acts
from po_toolkit.ui.order_money import by_hand
from po_toolkit.ui.order_papers import order_papers
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_order_button


def order_screen(visit: Visit) -> None:
    """Show the screen of the purchase order that the address names."""
    reference = st.query_params.get("po", "")
    if not reference:
        st.title(_("Purchase order"))
        st.info(_("Choose a purchase order from the list."), icon=":material/list:")
        visit.link("orders", _("All purchase orders"))
        return
    visit.link("orders", _("All purchase orders"), **visit.way_back())
    title = st.empty()
    title.title(_("Purchase order"))
    story = purchase_order_story(visit.opened, reference.strip())
    title.title(formats.plain(story.organization_name))
    visit = visit.about(story.reference)
    _heading(story)
    _sums(story)
    _reversed_payments(story)
    _excess(story)
    if story.invoices:
        sync_order_button(visit, story.reference)
    order_acts(visit, story)
    content_panel(visit, story.reference, at_stripe=bool(story.stripe_invoice_id))
    _invoices(story)
    _lines(story)
    _money(story)
    _history(visit, story)
    _particulars(story)
    order_papers(visit, story)


def _heading(story: PurchaseOrderStory) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        formats.status_badge(story.status)
        st.markdown(f"**{story.reference}**", width="content")
        if story.po_number:
            st.markdown(
                _("Their PO number: **{po_number}**", po_number=formats.plain(story.po_number)),
                width="content",
            )
        if story.due_date:
            st.markdown(_("Due {due_date}", due_date=formats.day(story.due_date)), width="content")
        if story.days_overdue:
            formats.overdue_badge(story.days_overdue)


def _sums(story: PurchaseOrderStory) -> None:
    figures = {
        _("Total"): story.total,
        _("Credited"): story.credited,
        _("Paid"): story.paid,
        _("Refunded"): story.refunded,
    }
    if story.status != Status.CANCELLED:  # nobody owes it any more
        figures[_("Balance")] = story.balance
    with st.container(horizontal=True):
        for label, value in figures.items():
            st.metric(label, formats.amount(value, story.currency), border=True, width="content")


def _reversed_payments(story: PurchaseOrderStory) -> None:
    """Warn of a payment that went back, until it is paid, reissued, credited or cancelled."""
    if not story.owed_again:
        return
    won = {e.source_id for e in story.entries if e.kind == "dispute_reinstated"}
    gone = [
        e
        for e in story.entries
        if e.kind in ("dispute", "payment_reversal") and f"{e.source_id}:won" not in won
    ]
    named = "; ".join(
        f"{formats.label(e.kind)} {formats.amount(e.amount, story.currency)}, {formats.day(e.date)}"
        for e in gone
    )
    st.warning(
        _(
            "**A payment was reversed and is owed again** ({payments}). The invoice may still "
            "count it as paid, so that no reminder asks for it. Void and reissue the invoice to "
            "ask for it again, record the payment when it comes, or issue a credit note. Answer an "
            "open dispute in Stripe's dashboard first.",
            payments=named,
        ),
        icon=":material/undo:",
    )


def _excess(story: PurchaseOrderStory) -> None:
    """Say what can be done with what was paid too much."""
    if story.status != Status.OVERPAID:
        return
    text = _(
        "**{excess} more was paid than is owed.** To send it back, or to record that you did, "
        "choose “Refund”.",
        excess=formats.amount(-story.balance, story.currency),
    )
    if any(by_hand(entry) for entry in story.entries):
        text += " " + _(
            "To use it for another purchase order, choose “Reverse an entry” and record the "
            "payment again on both."
        )
    if any(entry.source == "stripe" for entry in story.entries):
        text += " " + _("What Stripe keeps as credit lowers the sponsor's next invoice.")
    st.info(text, icon=":material/priority_high:")


def _invoices(story: PurchaseOrderStory) -> None:
    if not story.invoices:
        return
    st.subheader(_("Invoices"))
    frame = pd.DataFrame([asdict(i) for i in story.invoices])
    frame["currency"] = story.currency
    frame["delivery"] = [formats.way(value) for value in frame["delivery"]]
    for name in ("state", "stripe_status"):
        frame[name] = [formats.label(value) for value in frame[name]]
    columns = {
        "number": _("Number"),
        "state": _("State"),
        "delivery": _("Delivery"),
        "stripe_status": _("At Stripe"),
        "stripe_total": _("Total at Stripe"),
        "stripe_amount_paid": _("Paid at Stripe"),
        "due_date": st.column_config.DateColumn(_("Due"), format="localized"),
        "hosted_url": st.column_config.LinkColumn(_("Page"), display_text=_("Open invoice")),
        "pdf_url": st.column_config.LinkColumn(_("PDF"), display_text=_("PDF")),
    }
    tables.show(
        frame,
        tables.first_on_a_phone(columns, "stripe_total", "state"),
        money=["stripe_total", "stripe_amount_paid"],
        alt=_("Invoices of this purchase order"),
    )
    known = [invoice for invoice in story.invoices if invoice.stripe_invoice_id]
    if known:
        with st.expander(_("Stripe ID")):
            for invoice in known:
                st.text(invoice.number or formats.label(invoice.state))
                st.code(invoice.stripe_invoice_id, language=None, wrap_lines=True)
    for invoice in story.invoices:
        if invoice.error:
            reason = formats.message(invoice.error)
            st.warning(_("Invoicing stopped: {reason}", reason=reason), icon=":material/warning:")


def _lines(story: PurchaseOrderStory) -> None:
    st.subheader(_("Lines"))
    frame = pd.DataFrame([asdict(line) for line in story.lines])
    frame["currency"] = story.currency
    taxed = any(line.rates or line.tax_on_top for line in story.lines)
    columns = {
        "description": st.column_config.TextColumn(_("Description")),
        "quantity": _("Quantity"),
        "unit_price": _("Unit price"),
        "line_total": _("Line total"),
        **({"rates": _("Tax rates"), "tax_on_top": _("Tax on top")} if taxed else {}),
        **({"source_row": _("Spreadsheet row")} if frame["source_row"].any() else {}),
    }
    tables.show(
        frame,
        tables.first_on_a_phone(columns, "line_total"),
        money=["unit_price", "line_total", *(["tax_on_top"] if taxed else [])],
        alt=_("Lines of this purchase order"),
    )


def _money(story: PurchaseOrderStory) -> None:
    st.subheader(_("Money"))
    if not story.entries:
        st.caption(_("No payment, refund or credit note yet."))
        return
    frame = pd.DataFrame([asdict(entry) for entry in story.entries])
    numbers = {i.stripe_invoice_id: i.number for i in story.invoices if i.number}
    frame["reference"] = [numbers.get(reference, reference) for reference in frame["reference"]]
    automatic = frame["method"].eq("stripe") & frame["kind"].eq("payment")
    frame["note"] = frame["note"].mask(automatic, "")  # it names the invoice again
    for name in ("kind", "method"):
        frame[name] = [formats.label(code) for code in frame[name]]
    frame["entered_by"] = [formats.person(name) for name in frame["entered_by"]]
    tables.show(
        frame,
        {
            "date": st.column_config.DateColumn(_("Date"), format="localized"),
            "kind": _("What"),
            "amount": _("Amount"),
            "method": _("Method"),
            **{detail.name: _(detail.heading) for detail in DETAILS},
            "entered_by": _("Entered by"),
            "number": _("Entry"),
        },
        money=["amount"],
        alt=_("Payments, refunds and credit notes"),
    )


def _history(visit: Visit, story: PurchaseOrderStory) -> None:
    st.subheader(_("History"))
    tables.show_texts(
        pd.DataFrame(
            {
                "when": formats.moment(event.at, visit.opened.conference.timezone),
                "text": formats.localized(event.text),
                "actor": formats.person(event.actor),
            }
            for event in reversed(story.events)
        ),
        {"when": _("When"), "text": _("What happened"), "actor": _("Who")},
        key=visit.key("order.history"),
    )


def _particulars(story: PurchaseOrderStory) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader(_("Sponsor"))
        st.text(
            "\n".join(
                filter(
                    None,
                    [
                        story.organization_name,
                        story.contact_name,
                        story.contact_email,
                        story.cc_emails and _("CC {cc_emails}", cc_emails=story.cc_emails),
                        story.contact_phone,
                        story.billing_address,
                    ],
                )
            )
        )
        if story.notes:
            st.text(story.notes)
    with right:
        st.subheader(_("Where it came from"))
        if story.source is None:
            st.text(_("Entered without a spreadsheet."))
            return
        sheet = _(", sheet {sheet}", sheet=story.source.sheet) if story.source.sheet else ""
        rows = formats.inner(formats.localized(named_rows(story.source.rows)))
        st.text(
            _(
                "{file_name}{sheet}, {rows}\nImport {batch}",
                file_name=story.source.file_name,
                sheet=sheet,
                rows=rows,
                batch=story.source.batch,
            )
        )
        with st.expander(_("The rows as they came")):
            st.dataframe(pd.DataFrame(story.source.cells).astype("string"), hide_index=True)
