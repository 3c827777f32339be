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
from po_toolkit.ui import table_files, tables, words
from po_toolkit.ui.background import work_on
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import TASKS, task_result

PAGE = 25

_STATES = {
    "received": "Waiting",
    "processed": "Processed",
    "ignored": "Ignored",
    "failed": "Failed, retrying",
    "set_aside": "On hold",
}


def activity_screen(visit: Visit) -> None:
    """Show the screen."""
    st.title("Activity")
    views = {
        "Audit log": _audit,
        "Webhook events": _events,
        "Failed tasks": _failed,
    }
    chosen = st.segmented_control(
        "Show",
        list(views),
        default=next(iter(views)),
        required=True,
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
        "Actions",
        list(Act),
        format_func=words.act,
        placeholder="All",
        key=visit.key("activity.acts"),
    )
    _, matching = audit_page(opened, acts=acts, offset=0, limit=1)
    if not matching:
        st.info("No activity yet. Start with an import.", icon=":material/inbox:")
        return
    offset = _offset(visit.key(f"activity.audit.{acts}"), matching)
    st.caption(words.count(matching, "action"))
    frame = _acts(visit, acts, offset=offset, limit=PAGE)
    tables.show_texts(frame, {name: name for name in frame.columns}, key=visit.key("activity.log"))
    table_files.downloads(
        f"{opened.slug}-activity",
        lambda: _log(visit, acts, limit=2 * matching + 1000),
        key=visit.key("activity.download"),
    )


def _acts(visit: Visit, acts: list[Act], *, offset: int, limit: int) -> pd.DataFrame:
    """Return the acts as sentences."""
    rows, _ = audit_page(visit.opened, acts=acts, offset=offset, limit=limit)
    return pd.DataFrame(
        {
            "When": words.moment(row.at, visit.opened.conference.timezone),
            "What happened": words.dated(row.text),
            "Who": row.actor,
        }
        for row in rows
    )


def _log(visit: Visit, acts: list[Act], *, limit: int) -> pd.DataFrame:
    """Return the whole audit log for a file, internal steps and values included."""
    rows, _ = audit_page(visit.opened, acts=acts, offset=0, limit=limit, steps=True)
    return pd.DataFrame(
        {
            "When (UTC)": row.at,
            "Who": row.actor,
            "What happened": row.text,
            "Act": words.act(row.entry.act),
            "Purchase order": row.reference,
            "Subject": f"{row.entry.subject_type} {row.entry.subject_id}",
            "Before": json.dumps(row.entry.before, ensure_ascii=False),
            "After": json.dumps(row.entry.after, ensure_ascii=False),
        }
        for row in rows
    )


def _events(visit: Visit) -> None:
    opened = visit.opened
    states = st.pills(
        "State",
        list(_STATES),
        selection_mode="multi",
        format_func=_STATES.__getitem__,
        key=visit.key("activity.states"),
    )
    _, matching = event_page(opened, states=states, offset=0, limit=1)
    if not matching:
        st.info(
            "No webhook event here. Point Stripe to the address on the Settings page, or use Sync.",
            icon=":material/inbox:",
        )
        return
    offset = _offset(visit.key(f"activity.events.{states}"), matching)
    rows, _ = event_page(opened, states=states, offset=offset, limit=PAGE)
    frame = pd.DataFrame(
        {
            "Received": words.moment(row.received_at, opened.conference.timezone),
            "Type": row.type,
            "State": _STATES.get(row.state, row.state),
            "Tries": row.attempts,
            "Error": row.error,
            "Stripe id": row.stripe_event_id,
        }
        for row in rows
    )
    st.caption(words.count(matching, "event"))
    picked = st.dataframe(
        frame,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=visit.key("activity.events.table"),
        alt="Webhook events; choose rows to replay them.",
    )
    chosen = [str(frame["Stripe id"].iloc[row]) for row in picked["selection"]["rows"]]
    _replay(visit, chosen)


def _replay(visit: Visit, chosen: list[str]) -> None:
    if not visit.may(Act.SYNC):
        return
    task_result(visit, "replay")
    label = f"Replay {words.count(len(chosen), 'event')}" if chosen else "Replay all on hold"
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
        st.success("Nothing has failed.", icon=":material/check_circle:")
        return
    if invoices:
        _failed_invoicing(visit, invoices)
    if failed:
        _failed_tasks(visit, failed)


def _failed_invoicing(visit: Visit, rows: Sequence[Any]) -> None:
    st.subheader("Invoicing")
    frame = pd.DataFrame(
        {
            "organization": row.organization_name,
            "reference": row.reference,
            "error": row.error,
            "when": words.moment(row.updated_at, visit.opened.conference.timezone),
        }
        for row in rows
    )
    columns = {
        "organization": "Organization",
        "reference": "Reference",
        "error": "What went wrong",
        "when": "When",
    }
    tables.show_texts(frame, columns, key=visit.key("activity.failed"))
    visit.link("invoice", "Try them again")


def _failed_tasks(visit: Visit, failed: Sequence[Task]) -> None:
    st.subheader("Tasks")
    frame = pd.DataFrame(
        {
            "task": TASKS[task.kind],
            "error": task.message,
            "when": words.moment(task.created_at, visit.opened.conference.timezone),
            "by": task.entered_by,
        }
        for task in failed
    )
    columns = {"task": "Task", "error": "What went wrong", "when": "When", "by": "By"}
    tables.show_texts(frame, columns, key=visit.key("activity.tasks"))
    st.caption("Start one again where it was started; nothing is done twice.")
