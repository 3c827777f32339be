"""One purchase order: its sums, lines, invoices, money, and everything that happened to it."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from po_toolkit.api.reports import PurchaseOrderStory, purchase_order_story
from po_toolkit.ui import tables, words
from po_toolkit.ui.content_panel import content_panel
from po_toolkit.ui.order_acts import order_acts
from po_toolkit.ui.order_papers import order_papers
from po_toolkit.ui.session import Visit
from po_toolkit.ui.sync_button import sync_order_button


def order_screen(visit: Visit) -> None:
    """Show the screen of the purchase order that the address names."""
    reference = st.query_params.get("po", "")
    if not reference:
        st.title("Purchase order")
        st.info("Choose a purchase order from the list.", icon=":material/list:")
        visit.link("orders", "All purchase orders")
        return
    visit.link("orders", "All purchase orders", **visit.way_back())
    title = st.empty()
    title.title("Purchase order")
    story = purchase_order_story(visit.opened, reference.strip())
    title.title(words.plain(story.organization_name))
    _heading(story)
    _sums(story)
    _taken_back(story)
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
        words.status_badge(story.status)
        st.markdown(f"**{story.reference}**", width="content")
        if story.po_number:
            st.markdown(f"Their PO number: **{words.plain(story.po_number)}**", width="content")
        if story.due_date:
            st.markdown(f"Due {words.day(story.due_date)}", width="content")


def _sums(story: PurchaseOrderStory) -> None:
    figures = {
        "Total": story.total,
        "Credited": story.credited,
        "Paid": story.paid,
        "Refunded": story.refunded,
        "Balance": story.balance,
    }
    with st.container(horizontal=True):
        for label, value in figures.items():
            st.metric(label, words.amount(value, story.currency), border=True, width="content")


def _taken_back(story: PurchaseOrderStory) -> None:
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
        f"{words.label(e.kind)} of {words.amount(e.amount, story.currency)} on {words.day(e.date)}"
        for e in gone
    )
    st.warning(
        f"**A payment was taken back and is owed again.** {named}. The invoice may still count it "
        "as paid, so no reminder asks for it. Void and reissue the invoice to ask for it again, "
        "record the payment when it comes, or issue a credit note. Answer an open dispute in "
        "Stripe's dashboard first.",
        icon=":material/undo:",
    )


def _invoices(story: PurchaseOrderStory) -> None:
    if not story.invoices:
        return
    st.subheader("Invoices")
    frame = pd.DataFrame([asdict(i) for i in story.invoices])
    frame["currency"] = story.currency
    frame["delivery"] = [words.way(value) for value in frame["delivery"]]
    for name in ("state", "stripe_status"):
        frame[name] = [words.label(value) for value in frame[name]]
    tables.show(
        frame,
        {
            "number": "Number",
            "state": "State",
            "delivery": "Delivery",
            "stripe_status": "At Stripe",
            "stripe_total": "Total at Stripe",
            "stripe_amount_paid": "Paid at Stripe",
            "due_date": st.column_config.DateColumn("Due", format="localized"),
            "hosted_url": st.column_config.LinkColumn("Page", display_text="Open invoice"),
            "pdf_url": st.column_config.LinkColumn("PDF", display_text="Open PDF"),
            "stripe_invoice_id": "Stripe id",
        },
        money=["stripe_total", "stripe_amount_paid"],
        alt="Invoices of this purchase order",
    )
    for invoice in story.invoices:
        if invoice.error:
            reason = words.message(invoice.error)
            st.warning(f"Invoicing stopped: {reason}", icon=":material/warning:")


def _lines(story: PurchaseOrderStory) -> None:
    st.subheader("Lines")
    frame = pd.DataFrame([asdict(line) for line in story.lines])
    frame["currency"] = story.currency
    taxed = any(line.rates or line.tax_on_top for line in story.lines)
    tables.show(
        frame,
        {
            "description": st.column_config.TextColumn("Description", width="large"),
            "quantity": "Quantity",
            "unit_price": "Unit price",
            "line_total": "Line total",
            **({"rates": "Tax rates", "tax_on_top": "Tax on top"} if taxed else {}),
            "source_row": "Spreadsheet row",
        },
        money=["unit_price", "line_total", *(["tax_on_top"] if taxed else [])],
        alt="Lines of this purchase order",
    )


def _money(story: PurchaseOrderStory) -> None:
    st.subheader("Money")
    if not story.entries:
        st.caption("No payment, refund or credit note yet.")
        return
    frame = pd.DataFrame([asdict(entry) for entry in story.entries])
    frame["kind"] = [words.label(kind) for kind in frame["kind"]]
    tables.show(
        frame,
        {
            "date": st.column_config.DateColumn("Date", format="localized"),
            "kind": "What",
            "amount": "Amount",
            "method": "Method",
            "reference": "Reference",
            "note": "Note",
            "entered_by": "Entered by",
            "number": "Entry",
        },
        money=["amount"],
        alt="Payments, refunds and credit notes",
    )


def _history(visit: Visit, story: PurchaseOrderStory) -> None:
    st.subheader("History")
    tables.show_texts(
        pd.DataFrame(
            {
                "when": words.moment(event.at, visit.opened.conference.timezone),
                "text": words.dated(event.text)
                if event.amount is None
                else f"{words.dated(event.text)}: {words.amount(event.amount, story.currency)}",
                "actor": event.actor,
            }
            for event in reversed(story.events)
        ),
        {"when": "When", "text": "What happened", "actor": "Who"},
        key=visit.key("order.history"),
    )


def _particulars(story: PurchaseOrderStory) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader("Sponsor")
        st.text(
            "\n".join(
                filter(
                    None,
                    [
                        story.organization_name,
                        story.contact_name,
                        story.contact_email,
                        story.cc_emails and f"CC {story.cc_emails}",
                        story.contact_phone,
                        story.billing_address,
                    ],
                )
            )
        )
        if story.notes:
            st.text(story.notes)
    with right:
        st.subheader("Where it came from")
        if story.source is None:
            st.text("Entered without a spreadsheet.")
            return
        sheet = f", sheet {story.source.sheet}" if story.source.sheet else ""
        rows = ", ".join(map(str, story.source.rows))
        st.text(f"{story.source.file_name}{sheet}, row {rows}\nImport {story.source.batch}")
        with st.expander("The rows as they came"):
            st.dataframe(pd.DataFrame(story.source.cells).astype("string"), hide_index=True)
