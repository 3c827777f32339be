"""Choose purchase orders, see what would be sent, confirm, watch, take the results away."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from po_toolkit.api.invoices import (
    InvoicePreview,
    invoice_purchase_orders,
    preview_invoices,
)
from po_toolkit.ui import running, tables, words
from po_toolkit.ui.session import Visit


def invoice_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Invoice")
    run = running.current(visit.opened)
    if run is not None and run is not visit.recall("invoice.put-away"):
        if run.active:
            _progress(visit, run)
        else:
            _results(visit, run)
        return
    shown: InvoicePreview | None = visit.recall("invoice.shown")
    if shown is not None:
        _confirm(visit, shown)
        return
    preview = _chosen(visit)
    _summary(preview)
    _ready(preview)
    _skipped(visit, preview)
    if preview.ready:
        _offer(visit, preview)


def _chosen(visit: Visit) -> InvoicePreview:
    batch, one = st.query_params.get("batch", ""), st.query_params.get("po", "")
    if not (batch.isdecimal() or one):
        return _picked(visit, preview_invoices(visit.opened, all_draft=True))
    st.write(f"The purchase orders of import {batch}." if batch else f"Purchase order {one}.")
    if st.button("Choose from all drafts instead", key=visit.key("invoice.all")):
        visit.go("invoice")
    if one:
        return preview_invoices(visit.opened, references=[one])
    return _picked(visit, preview_invoices(visit.opened, batch=int(batch)))


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


def _ready(preview: InvoicePreview) -> None:
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
            "doubts": " ".join(line.doubts),
        }
        for line in preview.ready
    )
    columns = {
        "organization_name": "Organization",
        "po_number": "Their PO number",
        "total": "Total",
        "reference": "Reference",
    }
    if any(line.doubts for line in preview.ready):
        columns["doubts"] = "Look at this first"
    tables.show(frame, columns, money=["total"])


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
    if send:
        _start(visit, shown)
    if send or back:
        visit.keep("invoice.shown", None)
        st.rerun()
    _ready(shown)


def _start(visit: Visit, shown: InvoicePreview) -> None:
    organizations = {line.reference: line.organization_name for line in shown.ready}
    patient = replace(visit.opened, patient=True)
    running.start(
        visit.opened,
        organizations,
        lambda progress: invoice_purchase_orders(
            patient, references=organizations, progress=progress
        ),
    )


def _progress(visit: Visit, run: running.Run) -> None:
    st.write(f"Started by {run.started_by}. You may leave this page; the work goes on.")

    @st.fragment(run_every=1)
    def watch() -> None:
        done = len(run.results)
        st.progress(done / run.total if run.total else 1.0, text=f"{done} of {run.total} done")
        if not run.active:
            st.rerun()

    words.mode_notice(visit.opened.settings.mode)
    watch()


def _results(visit: Visit, run: running.Run) -> None:
    if run.error:
        st.error(run.error, icon=":material/error:")
    if run.report is not None:
        report = run.report
        with st.container(horizontal=True):
            st.metric("Invoiced", report.invoiced, border=True)
            st.metric("Skipped", report.skipped, border=True)
            st.metric("Failed", report.failed, border=True)
    frame = pd.DataFrame(
        {
            "organization_name": run.organizations.get(result.reference, ""),
            "reference": result.reference,
            "outcome": words.label(result.outcome),
            "hosted_invoice_url": result.hosted_invoice_url,
            "stripe_invoice_id": result.stripe_invoice_id,
            "error": result.error,
        }
        for result in run.results
    )
    if not frame.empty:
        columns = {
            "organization_name": "Organization",
            "reference": "Reference",
            "outcome": "Outcome",
            "hosted_invoice_url": st.column_config.LinkColumn(
                "Invoice page", display_text="Open invoice"
            ),
            "error": "What went wrong",
        }
        tables.show(frame, columns)
        tables.downloads(
            f"{visit.opened.slug}-invoices", lambda: frame, key=visit.key("invoice.results")
        )
    if st.button("Done", key=visit.key("invoice.done")):
        visit.keep("invoice.put-away", run)
        st.rerun()
