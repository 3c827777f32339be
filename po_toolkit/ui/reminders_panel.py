"""Sponsors whom the schedule would remind today, and the button that does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from po_toolkit.api.activity import next_reminders
from po_toolkit.api.reminders import (
    ReminderPreview,
    preview_reminders,
    send_reminders,
    skip_reminders,
)
from po_toolkit.api.terms import Act
from po_toolkit.jobs import tasks
from po_toolkit.ui import formats, tables
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit
from po_toolkit.ui.task_view import task_button, task_result

_SHOWN = 200
"""So many reminders are shown with their texts; a send takes all that are due."""


def reminders_panel(visit: Visit) -> None:
    """Show who is due, what each gets and where it goes; nothing where nobody is due."""
    if not visit.may(Act.REMIND):
        return
    task_result(visit, tasks.latest(visit.opened, "remind"))
    if message := visit.recall("reminders.message"):
        st.success(formats.message(message), icon=":material/notifications:")
        visit.keep("reminders.message", None)
    _offer_drafts(visit)
    if visit.opened.conference.reminders:
        st.caption(_by_the_clock(visit))
    elif not st.toggle(_("Remind overdue sponsors"), key=visit.key("reminders.show")):
        return
    else:
        st.caption(
            _(
                "No reminder steps are chosen in Settings. These are the usual ones: on the "
                "due date, 14 and 30 days later."
            )
        )
    preview = preview_reminders(visit.opened, limit=_SHOWN)
    if not preview.due and not preview.held:
        if not visit.opened.conference.reminders:
            st.success(_("Nobody has to be reminded."), icon=":material/check_circle:")
        return
    begun = bool(visit.recall("reminders.turn"))  # another title would fold it up in between
    with st.expander(_title(preview), expanded=begun):
        _due(preview)
        for reference, why in preview.held:
            st.caption(
                _("{reference} is held back: {why}.", reference=reference, why=formats.message(why))
            )
        if preview.due:
            _texts(visit, preview)
            _leave_out(visit, preview)
        if visit.opened.settings.mode != "none":
            with st.container(horizontal=True):
                _offer(visit, preview)


def _title(preview: ReminderPreview) -> str:
    if not preview.unread:
        return _("Reminders: {len} due today", len=len(preview.due))
    return _(
        "Reminders: the first {len} due today; {orders} not looked at yet",
        len=len(preview.due),
        orders=formats.count(preview.unread, "purchase order"),
    )


def _by_the_clock(visit: Visit) -> str:
    """Say whether reminders go out by themselves, when they last did and when they do next."""
    opened, zone = visit.opened, visit.opened.conference.timezone
    clock = next_reminders(opened)
    if clock.from_hour is None:
        return _(
            "Reminders are sent by hand here, or by a worker once an hour is chosen in Settings."
        )
    runs = _("A worker sends reminders from {from_hour}:00 each day.", from_hour=clock.from_hour)
    if clock.last_at is not None or clock.last:
        when = formats.moment(clock.last_at, zone) if clock.last_at else _("not finished yet")
        runs += _(
            " Last run: {when}: {sent} sent, {held} held, {failed} failed.",
            when=when,
            **{name: clock.last.get(name, 0) for name in ("sent", "held", "failed")},
        )
    if error := clock.last.get("error"):
        runs += _(" It did not finish: {error}", error=formats.message(error))
    return _(
        "{runs} Next run: {when}.", runs=runs, when=formats.moment(clock.next_at, zone) or _("none")
    )


def _offer_drafts(visit: Visit) -> None:
    """Offer the email drafts that were written in this visit."""
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
            "recipients": ", ".join(r.recipients),
            "balance": r.balance,
            "currency": r.currency,
            "due_date": r.due_date,
            "when": r.when,
            "delivery": formats.way(r.delivery),
            "reference": r.reference,
        }
        for r in preview.due
    )
    tables.show(
        frame,
        {
            "organization_name": _("Sponsor"),
            "recipients": _("Goes to"),
            "balance": _("Open"),
            "due_date": st.column_config.DateColumn(_("Due"), format="localized"),
            "when": _("Reminder"),
            "delivery": _("Delivery"),
            "reference": _("Reference"),
        },
        money=["balance"],
        alt=_("Sponsors to be reminded today"),
    )


def _texts(visit: Visit, preview: ReminderPreview) -> None:
    """Show what a sponsor gets before it goes."""
    by_reference = {r.reference: r for r in preview.due}
    chosen = st.selectbox(
        _("Show the text for"),
        list(by_reference),
        format_func=lambda ref: f"{by_reference[ref].organization_name}, {ref}",
        key=visit.key("reminders.text"),
    )
    if chosen is not None:
        with st.container(border=True):
            st.caption(
                formats.plain(
                    _("To {recipients}", recipients=", ".join(by_reference[chosen].recipients))
                )
            )
            st.text(by_reference[chosen].text)


def _leave_out(visit: Visit, preview: ReminderPreview) -> None:
    """Leave some out of this step; their next one comes as scheduled."""
    names = {r.reference: f"{r.organization_name}, {r.reference}" for r in preview.due}
    turn = visit.recall("reminders.turn") or 0
    left_out = st.multiselect(
        _("Leave out this time"),
        list(names),
        format_func=names.__getitem__,
        key=visit.key(f"reminders.left-out.{turn}"),
    )
    label = _("Leave out {sponsors}", sponsors=formats.count(len(left_out), "sponsor"))
    if left_out and st.button(label, key=visit.key("reminders.skip")):
        many = skip_reminders(visit.opened, left_out)
        visit.keep("reminders.turn", turn + 1)
        visit.keep(
            "reminders.message",
            _("{sponsors} left out of this reminder.", sponsors=formats.count(many, "sponsor")),
        )
        st.rerun()


def _offer(visit: Visit, preview: ReminderPreview) -> None:
    many = (
        _("all reminders that are due")
        if preview.unread
        else formats.count(len(preview.to_mail), "reminder")
    )
    drafts = formats.count(len(preview.to_draft), "email draft")
    asked = visit.opened.settings.mode == "live" and bool(preview.to_mail)
    sure = not asked or st.checkbox(
        _("Email real sponsors: have Stripe send {many}", many=many),
        key=visit.about(many, *(r.reference for r in preview.to_mail)).key("reminders.sure"),
    )
    if preview.to_mail:
        task_button(visit, "remind", _("Send {many}", many=many), icon=":material/send:", sure=sure)
    if preview.to_draft and st.button(
        _("Write {drafts}", drafts=drafts),
        icon=":material/draft:",
        key=visit.key("reminders.write"),
    ):
        _write(visit)


def _write(visit: Visit) -> None:
    written: dict[str, bytes] = dict(visit.recall("reminders.drafts") or {})
    with st.spinner(_("Asking Stripe what was paid, then writing…")):
        report = send_reminders(visit.opened, only="ourselves", drafts=written.__setitem__)
    visit.keep("reminders.drafts", written)
    done = formats.count(report.count("drafted"), "email draft")
    others = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome != "drafted"]
    visit.keep(
        "reminders.message",
        " ".join([_("{done} written; send them yourselves.", done=done), *others]),
    )
    st.rerun()
