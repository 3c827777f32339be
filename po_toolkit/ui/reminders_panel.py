"""Sponsors whom the schedule would remind today, and the button that does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.activity import next_reminders
from po_toolkit.api.reminders import ReminderPreview, preview_reminders, send_reminders
from po_toolkit.api.terms import Act
from po_toolkit.ui import tables, words
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result


def reminders_panel(visit: Visit) -> None:
    """Show who is due; nothing where the conference has no schedule or nobody is due."""
    if not visit.opened.conference.reminders or not visit.may(Act.REMIND):
        return
    task_result(visit, "remind")
    if said := visit.recall("reminders.said"):
        st.success(words.plain(said), icon=":material/notifications:")
        visit.keep("reminders.said", None)
    st.caption(_by_the_clock(visit))
    _written(visit)
    preview = preview_reminders(visit.opened)
    if not preview.due and not preview.held:
        return
    title = f"Reminders: {len(preview.due)} due today"
    with st.expander(title, icon=":material/notifications:"):
        _due(preview)
        for reference, why in preview.held:
            st.caption(f"{reference} is held back: {words.plain(why)}.")
        if visit.opened.settings.mode != "none":
            with st.container(horizontal=True):
                _offer(visit, preview)


def _by_the_clock(visit: Visit) -> str:
    """Say whether reminders go out by themselves, when they last did and when they do next."""
    opened, zone = visit.opened, visit.opened.conference.timezone
    clock = next_reminders(opened)
    if clock.from_hour is None:
        return "Reminders are sent by hand here, or by the worker once remind_from_hour is set."
    said = f"A worker sends reminders from {clock.from_hour}:00 each day."
    if clock.last_at is not None or clock.last:
        when = words.moment(clock.last_at, zone) if clock.last_at else "not finished yet"
        figures = [f"{clock.last.get(name, 0)} {name}" for name in ("sent", "held", "failed")]
        said += f" Last run: {when}: {', '.join(figures)}."
    if error := clock.last.get("error"):
        said += f" It did not finish: {words.plain(error)}"
    return f"{said} Next run: {words.moment(clock.next_at, zone) or 'none'}."


def _written(visit: Visit) -> None:
    """Offer the mail drafts that were written in this visit."""
    for name, mail in (visit.recall("reminders.drafts") or {}).items():
        st.download_button(
            name,
            mail,
            name,
            "message/rfc822",
            icon=":material/draft:",
            on_click="ignore",
            key=visit.key(f"reminders.draft.{name}"),
        )


def _due(preview: ReminderPreview) -> None:
    if not preview.due:
        return
    frame = pd.DataFrame(
        {
            "organization_name": r.organization_name,
            "contact_email": r.contact_email,
            "balance": r.balance,
            "currency": r.currency,
            "due_date": r.due_date,
            "when": r.when,
            "delivery": words.way(r.delivery),
            "reference": r.reference,
        }
        for r in preview.due
    )
    tables.show(
        frame,
        {
            "organization_name": "Organization",
            "contact_email": "E-mail",
            "balance": "Open",
            "due_date": st.column_config.DateColumn("Due", format="localized"),
            "when": "Reminder",
            "delivery": "Delivery",
            "reference": "Reference",
        },
        money=["balance"],
        alt="Sponsors to be reminded today",
    )


def _offer(visit: Visit, preview: ReminderPreview) -> None:
    many = words.count(len(preview.to_mail), "reminder")
    drafts = words.count(len(preview.to_draft), "mail draft")
    asked = visit.opened.settings.mode == "live" and bool(preview.to_mail)
    sure = not asked or st.checkbox(
        f"Mail real sponsors: have Stripe send {many}", key=visit.key("reminders.sure")
    )
    if preview.to_mail:
        task_button(visit, "remind", f"Send {many}", icon=":material/send:", sure=sure)
    if preview.to_draft and st.button(
        f"Write {drafts}", icon=":material/draft:", key=visit.key("reminders.write")
    ):
        _write(visit)


def _write(visit: Visit) -> None:
    written: dict[str, bytes] = dict(visit.recall("reminders.drafts") or {})
    with st.spinner("Asking Stripe what was paid, then writing…"):
        report = send_reminders(visit.opened, only="ourselves", drafts=written.__setitem__)
    visit.keep("reminders.drafts", written)
    done = words.count(report.count("drafted"), "mail draft")
    others = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome != "drafted"]
    visit.keep("reminders.said", " ".join([f"{done} written; send them yourselves.", *others]))
    st.rerun()
