"""A batch of invoices: watched by everybody at the conference, left and come back to."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from babel.numbers import format_decimal

from po_toolkit.api.invoices import decide_balance, decide_to_bill_again
from po_toolkit.api.terms import Act
from po_toolkit.errors import Remedy
from po_toolkit.jobs import batches
from po_toolkit.jobs.batches import BatchProgress
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.background import work_on
from po_toolkit.ui.language import _, locale
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import stalled

_EARLIER = 5


def under_way(visit: Visit) -> int | None:
    """Return the batch that is being worked or waits to be resumed, or None."""
    latest = batches.latest(visit.opened, limit=1)
    return latest[0].batch_id if latest and _is_open(latest[0]) else None


def _is_open(progress: BatchProgress) -> bool:
    return progress.state in ("running", "paused")


def show_batch(visit: Visit, batch: int) -> None:
    """Show how a batch is, with what can be done about it, and its results so far."""
    progress = batches.progress(visit.opened, batch)
    began = formats.moment(progress.created_at, visit.opened.conference.timezone)
    st.write(
        _(
            "Batch {batch}, started by {entered_by}, {began}.",
            batch=batch,
            entered_by=formats.plain(formats.person(progress.entered_by)),
            began=began,
        )
    )
    formats.mode_notice(visit.opened.settings.mode)
    if progress.error:
        st.error(formats.message(progress.error), icon=":material/error:")
    if _is_open(progress):
        if progress.state == "running":
            st.write(_("You can leave or close this page; the work continues."))
        else:
            st.warning(
                _(
                    "This batch is paused. Press “Resume” to send what is left. Other invoices can "
                    "be sent once it is done or stopped."
                ),
                icon=":material/pause_circle:",
            )
        _watch(visit, batch, moving=progress.state == "running")
        _steer(visit, progress)
    else:
        _figures(progress)
    _results(visit, progress)
    if not _is_open(progress):
        _decisions(visit, progress)
        _after(visit, progress)


def show_earlier(visit: Visit) -> None:
    """Show the latest batches, each with the way to its results."""
    latest = batches.latest(visit.opened, limit=_EARLIER)
    if not latest:
        return
    st.subheader(_("Earlier batches"))
    frame = pd.DataFrame(
        {
            "when": formats.moment(one.created_at, visit.opened.conference.timezone),
            "total": one.total,
            "invoiced": one.invoiced,
            "failed": one.failed,
            "by": formats.person(one.entered_by),
        }
        for one in latest
    )
    picked = tables.pick(
        frame,
        {
            "when": _("When"),
            "total": _("Purchase orders"),
            "invoiced": _("Invoiced"),
            "failed": _("Failed"),
            "by": _("By"),
        },
        key=visit.key("batch.earlier"),
        alt=_("Earlier batches; choose one to see its results."),
    )
    if picked is not None:
        visit.go("invoice", run=str(latest[picked].batch_id))


def _watch(visit: Visit, batch: int, *, moving: bool) -> None:
    @st.fragment(run_every=1 if moving else None)
    def watch() -> None:
        progress = batches.progress(visit.opened, batch)
        text = _("{done} of {total} done", done=progress.done, total=progress.total)
        if progress.failed:
            text += _(", {failed} failed", failed=progress.failed)
        if moving and progress.rate:
            rate = format_decimal(progress.rate, "#,##0.0", locale())
            text += _(", {rate} a second", rate=rate)
        if moving and progress.seconds_left is not None:
            text += _(", about {duration} left", duration=formats.duration(progress.seconds_left))
        if progress.stalled_since is not None:
            stalled(visit, progress.stalled_since)
        st.progress(progress.done / max(progress.total, 1), text=text)
        if moving and progress.state != "running":
            if progress.state == "done":
                st.toast(_("Batch {batch} is done.", batch=batch), icon=":material/check_circle:")
            st.rerun()

    watch()


def _steer(visit: Visit, progress: BatchProgress) -> None:
    if not visit.may(Act.INVOICE):
        return
    batch = progress.batch_id
    with st.container(horizontal=True):
        if progress.state == "paused" and st.button(_("Resume"), key=visit.key("batch.resume")):
            batches.resume(visit.opened, batch)
            work_on(visit.settings)
            st.rerun()
        if progress.state == "running" and st.button(_("Pause"), key=visit.key("batch.pause")):
            batches.pause(visit.opened, batch)
            st.rerun()
        stop = _("Stop") if progress.state == "paused" else _("Stop after the current ones")
        if st.button(stop, key=visit.key("batch.cancel")):
            batches.cancel(visit.opened, batch)
            st.rerun()


def _figures(progress: BatchProgress) -> None:
    figures = {
        _("Invoiced"): progress.invoiced,
        _("Skipped"): progress.skipped,
        _("Failed"): progress.failed,
        _("Not sent"): progress.cancelled,
    }
    with st.container(horizontal=True):
        for label, figure in figures.items():
            if figure or label in (_("Invoiced"), _("Failed")):
                st.metric(label, figure, border=True, width="content")


def _results(visit: Visit, progress: BatchProgress) -> None:
    rows = batches.rows(visit.opened, progress.batch_id)
    frame = pd.DataFrame(
        {
            "organization_name": organization,
            "reference": result.reference,
            "outcome": formats.label(result.outcome),
            "hosted_invoice_url": result.hosted_invoice_url,
            "stripe_invoice_id": result.stripe_invoice_id,
            "error": formats.localized(str(result.error)),
        }
        for organization, result in rows
    )
    if frame.empty:
        return
    columns = {
        "organization_name": st.column_config.TextColumn(_("Sponsor"), help=_("Click to open.")),
        "reference": st.column_config.TextColumn(_("Reference"), help=_("Click to open.")),
        "outcome": _("Outcome"),
        "hosted_invoice_url": st.column_config.LinkColumn(
            _("Invoice page"), display_text=_("Open invoice")
        ),
        **({"error": _("What went wrong")} if frame["error"].any() else {}),
    }
    picked = tables.pick_order(
        frame,
        columns,
        key=visit.key("batch.rows"),
        alt=_("Result for each purchase order; click a name to open it."),
    )
    if picked is not None:
        visit.open_order(picked)
    name = f"{visit.opened.slug}-invoices-{progress.batch_id}"
    table_files.downloads(name, lambda: frame, key=visit.key("batch.results"))


def _decisions(visit: Visit, progress: BatchProgress) -> None:
    """Offer the ways on for each purchase order that only a person can decide about."""
    if not visit.may(Act.INVOICE):
        return
    for _uuid, result in batches.rows(visit.opened, progress.batch_id):
        remedy = getattr(result.error, "remedy", None)
        if remedy is None or remedy.otherwise is None:
            continue
        with st.container(border=True):
            st.write(formats.message(result.error))
            with st.container(horizontal=True):
                for way in (remedy, remedy.otherwise):
                    _way(visit, result.reference, way)


def _way(visit: Visit, reference: str, way: Remedy) -> None:
    """Offer a decision as a button, and any other act as a link to its page.

    What is decided is kept; the invoice is then previewed and confirmed like any other.
    """
    decided = dict(zip(way.command, way.command[1:], strict=False))
    if not {"--bill-again", "--sponsor-balance"} & decided.keys():
        visit.link(way.page, formats.localized(way.label), po=reference)
        return
    key = visit.key(f"batch.decide.{reference}.{way.label}")
    if not st.button(formats.localized(way.label), icon=":material/check:", key=key):
        return
    if "--bill-again" in decided:
        decide_to_bill_again(visit.opened, reference, [decided["--bill-again"]])
    else:
        decide_balance(visit.opened, reference, decided["--sponsor-balance"])
    visit.go("invoice", po=reference)


def _after(visit: Visit, progress: BatchProgress) -> None:
    with st.container(horizontal=True):
        if progress.failed and visit.may(Act.INVOICE):
            label = _("Try the {ones} again", ones=formats.count(progress.failed, "failed one"))
            if st.button(label, icon=":material/refresh:", key=visit.key("batch.retry")):
                batches.retry(visit.opened, progress.batch_id)
                work_on(visit.settings)
                st.rerun()
        if st.button(_("Done"), key=visit.key("batch.done")):
            visit.go("invoice")
