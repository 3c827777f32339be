"""Background work as a page shows it: a button that starts it, and its state for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from po_toolkit.jobs import tasks
from po_toolkit.jobs.tasks import Task
from po_toolkit.ui import formats
from po_toolkit.ui.background import trouble, work_on
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit

TASKS = {
    "sync": N_("Sync with Stripe"),
    "sweep": N_("Full sync with Stripe"),
    "payouts": N_("Reading payouts"),
    "remind": N_("Reminders"),
    "remind_due": N_("Scheduled reminders"),
    "match": N_("Applying matches"),
    "replay": N_("Replay of webhook events"),
    "notify": N_("Notices of new problems"),
}
"""What pages call each kind of task."""

SHOWN_FOR = timedelta(minutes=10)
"""How long the result of a task is shown."""


def task_button(
    visit: Visit, kind: str, label: str, *, icon: str, primary: bool = False, sure: bool = True
) -> Task | None:
    """Show the button that starts a task and return the latest; it is disabled while that runs.

    A primary one is what one comes to the page for; ``sure`` is False while something has to be
    ticked first.
    """
    latest = tasks.latest(visit.opened, kind)
    running = latest is not None and latest.active
    pressed = st.button(
        label,
        icon=icon,
        type="primary" if primary else "secondary",
        disabled=running or not sure,
        key=visit.key(f"task.{kind}"),
    )
    if pressed:
        tasks.start(visit.opened, kind)
        work_on(visit.settings)
        st.rerun()
    return latest


def task_result(visit: Visit, latest: Task | None) -> None:
    """Show the latest task of a kind while it runs, or for a while what it brought."""
    if latest is None:
        return
    if latest.active:
        _watch(visit, latest.kind)
    elif (
        not latest.by_clock
        and visit.opened.now() - (latest.ended_at or latest.created_at) < SHOWN_FOR
    ):
        _outcome(visit, latest)


def _watch(visit: Visit, kind: str) -> None:
    @st.fragment(run_every=1)
    def watch() -> None:
        now = tasks.latest(visit.opened, kind)
        if now is None or not now.active:
            st.rerun()
        if now.stalled_since is not None:
            stalled(visit, now.stalled_since)
            return
        st.info(
            _(
                "Under way since {when}: {calls} to Stripe so far. You can leave this page; the "
                "work continues.",
                when=_when(visit, now),
                calls=formats.count(now.stripe_calls, "call"),
            ),
            icon=":material/hourglass_top:",
        )

    watch()


def stalled(visit: Visit, since: datetime) -> None:
    """Say that work has not moved for a while, and why where that is known."""
    moment = formats.moment(since, visit.opened.conference.timezone)
    why = trouble() or (
        _(
            "Stripe may be slow to answer, or the worker may have stopped; another worker "
            "continues automatically. If this does not change, see the server's log."
        )
    )
    st.warning(
        _("No progress since {moment}. {why}", moment=moment, why=formats.message(why)),
        icon=":material/hourglass_disabled:",
    )


def _outcome(visit: Visit, task: Task) -> None:
    text = _(
        "{result} (Started {who}.)", result=formats.message(task.message), who=_when(visit, task)
    )
    if task.state == "done":
        st.success(text, icon=":material/check_circle:")
    elif task.state == "partly":
        st.warning(text, icon=":material/warning:")
    else:
        st.error(text, icon=":material/error:")


def _when(visit: Visit, task: Task) -> str:
    moment = formats.moment(task.created_at, visit.opened.conference.timezone)
    by = formats.plain(formats.person(task.entered_by))
    return _("{moment} by {entered_by}", moment=moment, entered_by=by)
