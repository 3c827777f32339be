"""Choose purchase orders, see what would be sent, and confirm it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from po_toolkit.api.delivery import choose_delivery
from po_toolkit.api.invoices import InvoicePreview, preview_invoices
from po_toolkit.api.terms import WAYS
from po_toolkit.jobs import batches
from po_toolkit.ui import tables, words
from po_toolkit.ui.background import work_on
from po_toolkit.ui.invoice_batch import show_batch, show_earlier, under_way
from po_toolkit.ui.session import Visit


def invoice_screen(visit: Visit) -> None:
    """Show the screen: the batch under way or asked for, else the choice for a new one."""
    st.title("Invoice")
    batch = visit.asked("run")
    if batch is None:
        batch = under_way(visit)
    if batch is not None:
        st.query_params["run"] = str(batch)  # who only watches wants the results too
        show_batch(visit, batch)
        return
    shown: InvoicePreview | None = visit.recall("invoice.shown")
    if shown is not None:
        _confirm(visit, shown)
        return
    preview = _chosen(visit)
    _summary(preview)
    _ready(visit, preview)
    _skipped(visit, preview)
    if preview.ready:
        _offer(visit, preview)
    show_earlier(visit)


def _chosen(visit: Visit) -> InvoicePreview:
    batch, one = visit.asked("batch"), st.query_params.get("po", "").strip()
    if batch is None and not one:
        return _picked(visit, preview_invoices(visit.opened, all_draft=True))
    st.text(f"The purchase orders of import {batch}." if batch else f"Purchase order {one}.")
    if st.button("Choose from all drafts instead", key=visit.key("invoice.all")):
        visit.go("invoice")
    if batch is None:
        return preview_invoices(visit.opened, references=[one])
    return _picked(visit, preview_invoices(visit.opened, batch=batch))


def _picked(visit: Visit, everything: InvoicePreview) -> InvoicePreview:
    if not everything.ready:
        return everything
    references = {line.reference: line for line in everything.ready}
    picked = st.multiselect(
        "Purchase orders",
        list(references),
        format_func=lambda r: f"{references[r].organization_name} · {r}",
        placeholder=f"All {len(references)} that are ready",
        key=visit.key("invoice.picked"),
    )
    return preview_invoices(visit.opened, references=picked) if picked else everything


def _summary(preview: InvoicePreview) -> None:
    if not preview.ready:
        return
    with st.container(horizontal=True):
        st.metric("To send", words.count(len(preview.ready), "invoice"), border=True)
        for currency, total in preview.totals.items():
            st.metric(f"Total in {currency.upper()}", words.amount(total, currency), border=True)


def _ready(visit: Visit, preview: InvoicePreview) -> None:
    if not preview.ready:
        st.info(
            "Nothing is waiting to be invoiced. Import a spreadsheet, or open a purchase order to "
            "see where it stands.",
            icon=":material/inbox:",
        )
        return
    frame = pd.DataFrame(
        {
            "reference": line.reference,
            "organization_name": line.organization_name,
            "po_number": line.po_number,
            "total": line.total,
            "currency": line.currency,
            "delivery": words.way(line.delivery),
            "doubts": " ".join(line.doubts),
        }
        for line in preview.ready
    )
    columns = {
        "organization_name": "Organization",
        "po_number": "Their PO number",
        "total": "Total",
        "reference": "Reference",
        "delivery": "Delivery",
    }
    if any(line.doubts for line in preview.ready):
        columns["doubts"] = "Look at this first"
    tables.show(frame, columns, money=["total"], key=visit.key("invoice.ready"))


def _skipped(visit: Visit, preview: InvoicePreview) -> None:
    if not preview.skipped:
        return
    frame = pd.DataFrame(
        {"reference": skip.reference, "reason": skip.reason} for skip in preview.skipped
    )
    with st.expander(f"Not to be sent: {len(preview.skipped)}"):
        tables.show_texts(
            frame, {"reference": "Reference", "reason": "Why"}, key=visit.key("invoice.skipped")
        )


def _offer(visit: Visit, preview: InvoicePreview) -> None:
    words.mode_notice(preview.mode)
    if preview.mode == "none":
        return
    label = f"Send {words.count(len(preview.ready), 'invoice')}…"
    if st.button(label, type="primary", icon=":material/send:", key=visit.key("invoice.ask")):
        visit.keep("invoice.shown", preview)
        st.rerun()


def _confirm(visit: Visit, shown: InvoicePreview) -> None:
    """Ask once more; what is sent is what was shown, whatever has been imported since."""
    st.subheader("Send these invoices?")
    _summary(shown)
    words.mode_notice(shown.mode)
    way = st.segmented_control(
        "Delivery",
        ["", *WAYS],
        default="",
        required=True,
        format_func=lambda w: words.way(w) if w else "Use each PO's setting",
        key=visit.key("invoice.way"),
    )
    sure = True
    if shown.mode == "live":
        typed = st.text_input(
            f"Type {visit.opened.slug} to send real invoices", key=visit.key("invoice.typed")
        )
        sure = typed.strip() == visit.opened.slug
    with st.container(horizontal=True):
        label = f"Send {words.count(len(shown.ready), 'invoice')}"
        send = st.button(label, type="primary", disabled=not sure, key=visit.key("invoice.sure"))
        back = st.button("Not now", key=visit.key("invoice.back"))
    if send or back:
        visit.keep("invoice.shown", None)
    if send:
        chosen = [line.reference for line in shown.ready]
        if way:
            choose_delivery(visit.opened, chosen, way)
        batch = batches.start(visit.opened, chosen)
        work_on(visit.settings)
        visit.go("invoice", run=str(batch))
    if back:
        st.rerun()
    if way:
        shown = replace(shown, ready=[replace(line, delivery=way) for line in shown.ready])
    _ready(visit, shown)
