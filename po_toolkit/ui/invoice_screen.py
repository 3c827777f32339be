"""Choose purchase orders, see what would be sent, and confirm it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from po_toolkit.api.delivery import choose_delivery
from po_toolkit.api.invoices import InvoicePreview, preview_invoices
from po_toolkit.api.reports import invoice_pdf
from po_toolkit.api.terms import WAYS
from po_toolkit.errors import PoToolkitError
from po_toolkit.jobs import batches
from po_toolkit.ui import formats, tables
from po_toolkit.ui.background import work_on
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.invoice_batch import show_batch, show_earlier, under_way
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit


def invoice_screen(visit: Visit) -> None:
    """Show the screen: the batch under way or asked for, else the choice for a new one."""
    st.title(_("Invoice"))
    batch = visit.asked("run")
    if batch is None and (running := under_way(visit)) is not None:
        visit.keep("invoice.kept", visit.recall("invoice.shown") is not None)
        visit.go("invoice", run=str(running))  # who only watches wants the results too
    if batch is not None:
        if visit.recall("invoice.kept"):
            st.warning(
                _(
                    "Your invoices are not sent: this batch was started first. Press “Done” when "
                    "it has ended; your choice is kept."
                ),
                icon=":material/sync_problem:",
            )
        show_batch(visit, batch)
        return
    if visit.recall("invoice.kept"):
        visit.keep("invoice.one", _one())
    visit.keep("invoice.kept", False)
    shown: InvoicePreview | None = visit.recall("invoice.shown")
    if shown is None or visit.recall("invoice.one") != _one():
        chosen = _chosen(visit)
        if not (_one() and chosen.ready and chosen.mode != "none"):
            _choose(visit, chosen)
            show_earlier(visit)
            return
        shown = chosen  # its page has asked already whether it is to be sent
        _keep_shown(visit, shown)
    _confirm(visit, shown)


def _one() -> str:
    """Return the purchase order from whose page one comes, or ``""``."""
    return st.query_params.get("po", "").strip()


def _keep_shown(visit: Visit, preview: InvoicePreview | None) -> None:
    """Keep what is shown before it is sent, and whether it is one purchase order's own page."""
    visit.keep("invoice.shown", preview)
    visit.keep("invoice.one", _one())


@st.fragment
def _choose(visit: Visit, everything: InvoicePreview) -> None:
    """Ask which of them are sent; a tick counts without all of them being read again."""
    preview = _ticked(visit, everything)
    _skipped(visit, everything)
    _summary(preview)
    if preview.ready:
        _offer(visit, preview)


def _chosen(visit: Visit) -> InvoicePreview:
    batch, one = visit.asked("batch"), _one()
    if batch is None and not one:
        return preview_invoices(visit.opened, all_draft=True)
    st.text(
        _("The purchase orders of import {batch}.", batch=batch)
        if batch
        else _("Purchase order {one}.", one=one)
    )
    if st.button(_("Choose from all drafts instead"), key=visit.key("invoice.all")):
        visit.go("invoice")
    if batch is None:
        return preview_invoices(visit.opened, references=[one])
    return preview_invoices(visit.opened, batch=batch)


def _summary(preview: InvoicePreview) -> None:
    if not preview.ready:
        return
    with st.container(horizontal=True):
        st.metric(_("To send"), formats.count(len(preview.ready), "invoice"), border=True)
        for currency, total in preview.totals.items():
            st.metric(
                _("Total in {currency}", currency=currency.upper()),
                formats.amount(total, currency),
                border=True,
            )


def _ticked(visit: Visit, preview: InvoicePreview) -> InvoicePreview:
    """Show what is ready with a tick box for each; return those that are ticked."""
    if not preview.ready:
        st.info(
            _(
                "Nothing is waiting to be invoiced. Import a spreadsheet, or open a purchase "
                "order to see where it stands."
            ),
            icon=":material/inbox:",
        )
        return preview
    frame, columns = _frame(preview)
    if len(frame) == 1:
        tables.show(frame, columns, money=["total"])
        return preview
    rows = tables.for_rows("invoice.ticks", frame)
    unticked: set[str] = visit.recall(rows) or set()
    shown, first = tables.page_of(frame, tables.PAGE, visit.key(f"{rows}.page"))
    if len(shown) < len(frame):
        st.caption(_("The ticks on all pages count."))
    shown.insert(0, "send", ~shown["reference"].isin(unticked))
    edited: pd.DataFrame = st.data_editor(
        tables.styled(shown, ["total"]),
        column_order=["send", *columns],
        column_config={
            "send": st.column_config.CheckboxColumn(_("Send"), width="small"),
            **columns,
        },
        disabled=list(columns),
        hide_index=True,
        height="content" if len(shown) <= 15 else 560,
        key=visit.key(f"{rows}.{first}"),
    )
    unticked = unticked - set(edited["reference"]) | set(edited["reference"][~edited["send"]])
    visit.keep(rows, unticked)
    return replace(
        preview, ready=[line for line in preview.ready if line.reference not in unticked]
    )


def _ready(visit: Visit, preview: InvoicePreview) -> None:
    frame, columns = _frame(preview)
    tables.show(frame, columns, money=["total"], key=visit.key("invoice.ready"))


def _frame(preview: InvoicePreview) -> tuple[pd.DataFrame, dict[str, str]]:
    ways = {way: formats.way(way) for way in WAYS}
    frame = pd.DataFrame(
        {
            "reference": line.reference,
            "organization_name": line.organization_name,
            "po_number": line.po_number,
            "total": line.total,
            "currency": line.currency,
            "delivery": ways[line.delivery],
            "doubts": " ".join(map(formats.localized, line.doubts)),
        }
        for line in preview.ready
    )
    columns = {
        "organization_name": _("Sponsor"),
        "total": _("Total"),
        "po_number": _("PO number"),
        "reference": _("Reference"),
        "delivery": _("Delivery"),
    }
    if any(line.doubts for line in preview.ready):
        columns["doubts"] = _("Look at this first")
    return frame.reindex(columns=[*columns, "currency"]), columns


def _skipped(visit: Visit, preview: InvoicePreview) -> None:
    if not preview.skipped:
        return
    frame = pd.DataFrame(
        {"reference": skip.reference, "reason": formats.localized(skip.reason)}
        for skip in preview.skipped
    )
    with st.expander(_("Not to be sent: {len}", len=len(preview.skipped))):
        tables.show_texts(
            frame,
            {"reference": _("Reference"), "reason": _("Why")},
            key=visit.key("invoice.skipped"),
        )


def _offer(visit: Visit, preview: InvoicePreview) -> None:
    formats.mode_notice(preview.mode)
    if preview.mode == "none":
        return
    label = _("Send {invoices}…", invoices=formats.count(len(preview.ready), "invoice"))
    if st.button(label, type="primary", icon=":material/send:", key=visit.key("invoice.ask")):
        _keep_shown(visit, preview)
        st.rerun()


def _confirm(visit: Visit, shown: InvoicePreview) -> None:
    """Ask once more; what is sent is what was shown, whatever has been imported since."""
    st.subheader(_("Send {invoices}?", invoices=formats.count(len(shown.ready), "invoice")))
    left, right = st.columns([2, 3])
    with left:
        way = _asked(visit, shown)
    with right:
        _paper(visit, shown)
    if way:
        shown = replace(shown, ready=[replace(line, delivery=way) for line in shown.ready])
    _ready(visit, shown)


def _asked(visit: Visit, shown: InvoicePreview) -> str:
    """Show the buttons and do what is pressed; return who is to deliver."""
    _summary(shown)
    formats.mode_notice(shown.mode)
    way: str = st.selectbox(
        _("Delivery"),
        ["", *WAYS],
        format_func=lambda w: formats.way(w) if w else _("Use each PO's setting"),
        key=visit.key("invoice.way"),
    )
    sure = True
    if shown.mode == "live":
        typed = st.text_input(
            _("Type {slug} to send real invoices", slug=visit.opened.slug),
            key=visit.about(*(line.reference for line in shown.ready)).key("invoice.typed"),
        )
        sure = typed.strip() == visit.opened.slug
    with st.container(horizontal=True):
        label = _("Send {invoices}", invoices=formats.count(len(shown.ready), "invoice"))
        send = st.button(label, type="primary", disabled=not sure, key=visit.key("invoice.sure"))
        back = st.button(_("Not now"), key=visit.key("invoice.back"))
    if send or back:
        _keep_shown(visit, None)
    if send and _changed_since(visit, shown):
        return way
    if send:
        chosen = [line.reference for line in shown.ready]
        if way:
            choose_delivery(visit.opened, chosen, way)
        batch = batches.start(visit.opened, chosen)
        work_on(visit.settings)
        visit.go("invoice", run=str(batch))
    if back and _one():
        visit.go("order", po=_one())
    if back:
        st.rerun()
    return way


def _changed_since(visit: Visit, shown: InvoicePreview) -> bool:
    """Show what others changed since the preview; then nothing is sent that was not seen."""
    now = preview_invoices(visit.opened, references=[line.reference for line in shown.ready])
    as_it_is = {line.reference: line for line in now.ready}
    why_not = {skip.reference: skip.reason for skip in now.skipped}
    changed = [line for line in shown.ready if as_it_is.get(line.reference) != line]
    if not changed:
        return False
    st.warning(
        _("Nothing was sent: {orders} changed meanwhile.",
          orders=formats.count(len(changed), "purchase order")),
        icon=":material/sync_problem:",
    )  # fmt: skip
    for line in changed:
        new = as_it_is.get(line.reference)
        st.markdown(
            _(
                "- {name}: {before}, now {after}",
                name=formats.plain(line.organization_name),
                before=formats.amount(line.total, line.currency),
                after=formats.amount(new.total, new.currency)
                if new is not None
                else formats.message(why_not.get(line.reference, "")),
            )
        )
    _keep_shown(visit, now if now.ready else None)
    st.button(_("Preview again"), key=visit.key("invoice.again"))
    return True


def _paper(visit: Visit, shown: InvoicePreview) -> None:
    """Show the invoice of one of them as PDF, as it is before it is sent."""
    names = {line.reference: line.organization_name for line in shown.ready}
    reference = st.selectbox(
        _("Preview the invoice of"),
        list(names),
        format_func=lambda r: f"{names[r]} · {r}",
        key=visit.key("invoice.paper"),
    )
    try:
        content = invoice_pdf(visit.opened, reference)
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.pdf(content, height=560, key=visit.key(f"invoice.paper.{reference}"))
    st.caption(_("The same content as the invoice at Stripe, in our own layout."))
