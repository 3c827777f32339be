"""Who did what, what Stripe delivered, and what did not work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from po_toolkit.api.activity import audit_page, event_page, failed_invoicing
from po_toolkit.api.terms import Act
from po_toolkit.api.webhooks import replay_events
from po_toolkit.jobs import tasks
from po_toolkit.jobs.tasks import Task
from po_toolkit.ui import formats, table_files, tables
from po_toolkit.ui.background import work_on
from po_toolkit.ui.language import N_, _, choices
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import TASKS, task_result

PAGE = 25

_STATES = {
    "received": N_("Waiting"),
    "processed": N_("Processed"),
    "ignored": N_("Ignored"),
    "failed": N_("Failed, retrying"),
    "set_aside": N_("On hold"),
}


def activity_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title(_("Activity"))
    views = {
        N_("Audit log"): _audit,
        N_("Webhook events"): _events,
        N_("Failed tasks"): _failed,
    }
    labels = choices("activity-view", views.keys())
    chosen = st.segmented_control(
        _("Show"),
        list(views),
        default=next(iter(views)),
        required=True,
        format_func=labels.__getitem__,
        key="activity-view",
        bind="query-params",
    )
    views[chosen](visit)


def _offset(name: str, matching: int) -> int:
    pages = -(-matching // PAGE)
    return 0 if pages <= 1 else (st.pagination(pages, key=name) - 1) * PAGE


def _audit(visit: Visit) -> None:
    opened = visit.opened
    acts = st.multiselect(
        _("Actions"),
        list(Act),
        format_func=formats.act,
        placeholder=_("All"),
        key=visit.key("activity.acts"),
    )
    matching = audit_page(opened, acts=acts, offset=0, limit=1)[1]
    if not matching:
        st.info(_("No activity yet. Start with an import."), icon=":material/inbox:")
        return
    offset = _offset(visit.key(f"activity.audit.{acts}"), matching)
    st.caption(formats.count(matching, "action"))
    frame = _acts(visit, acts, offset=offset, limit=PAGE)
    tables.show_texts(frame, {name: name for name in frame.columns}, key=visit.key("activity.log"))
    table_files.downloads(
        f"{opened.slug}-activity",
        lambda: _log(visit, acts, limit=2 * matching + 1000),
        key=visit.key("activity.download"),
    )


def _acts(visit: Visit, acts: list[Act], *, offset: int, limit: int) -> pd.DataFrame:
    """Return the acts as sentences."""
    rows = audit_page(visit.opened, acts=acts, offset=offset, limit=limit)[0]
    return pd.DataFrame(
        {
            _("When"): formats.moment(row.at, visit.opened.conference.timezone),
            _("What happened"): formats.localized(row.text),
            _("Who"): formats.person(row.actor),
        }
        for row in rows
    )


def _log(visit: Visit, acts: list[Act], *, limit: int) -> pd.DataFrame:
    """Return the whole audit log for a file, internal steps and values included."""
    rows = audit_page(visit.opened, acts=acts, offset=0, limit=limit, steps=True)[0]
    return pd.DataFrame(
        {
            _("When (UTC)"): row.at,
            _("Who"): row.actor,
            _("What happened"): row.text,
            _("Action"): formats.act(row.entry.act),
            _("Purchase order"): row.reference,
            _("Subject"): f"{row.entry.subject_type} {row.entry.subject_id}",
            _("Before"): json.dumps(row.entry.before, ensure_ascii=False),
            _("After"): json.dumps(row.entry.after, ensure_ascii=False),
        }
        for row in rows
    )


def _events(visit: Visit) -> None:
    opened = visit.opened
    states = st.pills(
        _("State"),
        list(_STATES),
        selection_mode="multi",
        format_func=lambda state: _(_STATES[state]),
        key=visit.key("activity.states"),
    )
    matching = event_page(opened, states=states, offset=0, limit=1)[1]
    if not matching:
        st.info(
            _(
                "No webhook event here. Point Stripe to the address on the Settings page, or "
                "use Sync."
            ),
            icon=":material/inbox:",
        )
        return
    offset = _offset(visit.key(f"activity.events.{states}"), matching)
    rows = event_page(opened, states=states, offset=offset, limit=PAGE)[0]
    frame = pd.DataFrame(
        {
            _("Received"): formats.moment(row.received_at, opened.conference.timezone),
            _("Type"): row.type,
            _("State"): _(_STATES.get(row.state, row.state)),
            _("Tries"): row.attempts,
            _("Error"): row.error,
            _("Stripe ID"): row.stripe_event_id,
        }
        for row in rows
    )
    st.caption(formats.count(matching, "event"))
    picked = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=tables.for_rows(visit.key("activity.events.table"), frame),
        alt=_("Webhook events; choose rows to replay them."),
    )
    chosen = [rows[row].stripe_event_id for row in picked["selection"]["rows"]]
    _replay(visit, chosen)


def _replay(visit: Visit, chosen: list[str]) -> None:
    if not visit.may(Act.SYNC):
        return
    task_result(visit, tasks.latest(visit.opened, "replay"))
    label = (
        _("Replay {events}", events=formats.count(len(chosen), "event"))
        if chosen
        else _("Replay all on hold")
    )
    if st.button(label, icon=":material/replay:", key=visit.key("activity.replay")):
        replay_events(visit.opened, chosen or None)
        tasks.start(visit.opened, "replay")
        work_on(visit.settings)
        st.rerun()


def _failed(visit: Visit) -> None:
    opened = visit.opened
    invoices = failed_invoicing(opened, limit=500)
    failed = tasks.failed(opened)
    if not invoices and not failed:
        st.success(_("Nothing has failed."), icon=":material/check_circle:")
        return
    if invoices:
        _failed_invoicing(visit, invoices)
    if failed:
        _failed_tasks(visit, failed)


def _failed_invoicing(visit: Visit, rows: Sequence[Any]) -> None:
    st.subheader(_("Invoicing"))
    frame = pd.DataFrame(
        {
            "organization": row.organization_name,
            "reference": row.reference,
            "error": formats.localized(row.error),
            "when": formats.moment(row.updated_at, visit.opened.conference.timezone),
        }
        for row in rows
    )
    columns = {
        "organization": _("Sponsor"),
        "reference": _("Reference"),
        "error": _("What went wrong"),
        "when": _("When"),
    }
    tables.show_texts(frame, columns, key=visit.key("activity.failed"))
    visit.link("invoice", _("Try them again"))


def _failed_tasks(visit: Visit, failed: Sequence[Task]) -> None:
    st.subheader(_("Tasks"))
    frame = pd.DataFrame(
        {
            "task": _(TASKS[task.kind]),
            "error": formats.localized(task.message),
            "when": formats.moment(task.created_at, visit.opened.conference.timezone),
            "by": formats.person(task.entered_by),
        }
        for task in failed
    )
    columns = {"task": _("Task"), "error": _("What went wrong"), "when": _("When"), "by": _("By")}
    tables.show_texts(frame, columns, key=visit.key("activity.tasks"))
    st.caption(_("Start one again where it was started; nothing is done twice."))
