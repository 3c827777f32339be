"""Sponsors whom the schedule would remind today, and the button that does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.reminders import ReminderPreview, preview_reminders, send_reminders
from po_toolkit.domain.roles import Act
from po_toolkit.ui import tables, words
from po_toolkit.ui.session import Visit


def reminders_panel(visit: Visit) -> None:
    """Show who is due; nothing where the conference has no schedule or nobody is due."""
    said = visit.key("reminders.said")
    if said in st.session_state:
        st.success(st.session_state.pop(said), icon=":material/notifications:")
    if not visit.opened.conference.reminders or not visit.may(Act.REMIND):
        return
    preview = preview_reminders(visit.opened)
    if not preview.due and not preview.held:
        return
    title = f"Reminders: {len(preview.due)} due today"
    with st.expander(title, icon=":material/notifications:"):
        _due(preview)
        for reference, why in preview.held:
            st.caption(f"{reference} is held back: {why}.")
        if preview.due and visit.opened.settings.mode != "none":
            _offer(visit, preview, said)


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
            "reference": "Reference",
        },
        money=["balance"],
        alt="Sponsors to be reminded today",
    )


def _offer(visit: Visit, preview: ReminderPreview, said: str) -> None:
    many = words.count(len(preview.due), "reminder")
    sure = visit.opened.settings.mode != "live" or st.checkbox(
        f"Mail real sponsors: have Stripe send {many}", key=visit.key("reminders.sure")
    )
    pressed = st.button(
        f"Send {many}",
        icon=":material/send:",
        disabled=not sure,
        key=visit.key("reminders.send"),
    )
    if not pressed:
        return
    with st.spinner("Asking Stripe what was paid, then reminding…"):
        report = send_reminders(visit.opened)
    others = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome != "sent"]
    st.session_state[said] = " ".join(
        [f"{words.count(report.count('sent'), 'reminder')} sent.", *others]
    )
    st.rerun()
