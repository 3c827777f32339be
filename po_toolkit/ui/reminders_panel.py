"""Sponsors whom the schedule would remind today, and the button that does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.reminders import ReminderPreview, preview_reminders
from po_toolkit.domain.roles import Act
from po_toolkit.ui import tables, words
from po_toolkit.ui.errand_view import errand_button, errand_news
from po_toolkit.ui.session import Visit


def reminders_panel(visit: Visit) -> None:
    """Show who is due; nothing where the conference has no schedule or nobody is due."""
    if not visit.opened.conference.reminders or not visit.may(Act.REMIND):
        return
    errand_news(visit, "remind")
    preview = preview_reminders(visit.opened)
    if not preview.due and not preview.held:
        return
    title = f"Reminders: {len(preview.due)} due today"
    with st.expander(title, icon=":material/notifications:"):
        _due(preview)
        for reference, why in preview.held:
            st.caption(f"{reference} is held back: {why}.")
        if preview.due and visit.opened.settings.mode != "none":
            _offer(visit, preview)


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


def _offer(visit: Visit, preview: ReminderPreview) -> None:
    many = words.count(len(preview.due), "reminder")
    sure = visit.opened.settings.mode != "live" or st.checkbox(
        f"Mail real sponsors: have Stripe send {many}", key=visit.key("reminders.sure")
    )
    errand_button(visit, "remind", f"Send {many}", icon=":material/send:", sure=sure)
