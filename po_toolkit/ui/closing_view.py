"""Closing the books of a period, proving them later, and handing them to accounting."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from functools import partial
from typing import get_args

import pandas as pd
import streamlit as st

from po_toolkit.api.month_end import checklist, month_end_files
from po_toolkit.api.reports import (
    ClosedBooks,
    JournalFormat,
    Reconciliation,
    close_books,
    closed_books,
    closed_report,
    journal,
    journal_files,
    verify_closed,
)
from po_toolkit.api.terms import Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import formats, tables
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import N_, _
from po_toolkit.ui.session import Visit


def closing_view(visit: Visit, result: Reconciliation) -> None:
    """Show what is left to do before closing, close, and offer the files of the period."""
    periods = closed_books(visit.opened)
    today = visit.opened.today()
    # A month is closed after it has ended: the last one, until another day is asked for.
    ended = today.replace(day=1) - timedelta(days=1)
    through = result.as_of if result.as_of < today else ended
    left = _checklist(visit, through)
    st.subheader(_("Closed periods"))
    if periods:
        _closed(visit, periods)
    else:
        st.caption(_("No period is closed yet."))
    closed = max((period.through for period in periods), default=date.min)
    if visit.may(Act.CLOSE) and through > closed:
        _close(visit, through, left, closed=len(periods))
    elif visit.may(Act.CLOSE):
        _nothing_to_close(closed, ended)
    _for_accounting(visit, result, periods)


_SIGNS = {
    True: ":green[:material/check_circle:]",
    False: ":orange[:material/radio_button_unchecked:]",
    None: ":gray[:material/remove:]",
}


def _checklist(visit: Visit, through: date) -> list[str]:
    """Show each step before closing, done or with the way to its page; return what is left."""
    steps = checklist(visit.opened, through)
    left = sum(step.done is False for step in steps)
    st.subheader(_("Month end, {through}", through=formats.day(through)))
    st.caption(
        _("To check another day, change “As of” above.") if left else _("Everything is done.")
    )
    for step in steps:
        with st.container(horizontal=True, vertical_alignment="center"):
            name, result = formats.localized(step.name), formats.message(step.result)
            st.markdown(f"{_SIGNS[step.done]} **{name}**: {result}")
            if step.done is False and step.page == "reconciliation" and step is not steps[-1]:
                st.button(
                    _("Open {page}", page=_("Discrepancies")),
                    on_click=_turn_to,
                    args=(through, N_("Discrepancies")),
                )
            elif step.done is False and step.page not in ("", "reconciliation"):
                visit.link(step.page, _("Open {page}", page=formats.label(step.page)))
        for detail in step.details:
            st.caption(formats.message(detail))
    *before, _close_itself = steps
    return [formats.localized(step.name) for step in before if step.done is False]


def _turn_to(through: date, view: str) -> None:
    """Show a view as of the day that is closed, not of today."""
    st.session_state["as-of"] = through
    st.session_state["reconciliation-view"] = view


def _closed(visit: Visit, periods: list[ClosedBooks]) -> None:
    timezone = visit.opened.conference.timezone
    frame = pd.DataFrame(
        {
            "through": period.through,
            "timezone": period.timezone,
            "closed": formats.moment(period.closed_at, timezone),
            "by": formats.person(period.closed_by),
            "digest": period.digest,
        }
        for period in periods
    )
    tables.show(
        frame,
        {
            "through": st.column_config.DateColumn(_("Through"), format="localized"),
            "timezone": _("Timezone"),
            "closed": _("Closed"),
            "by": _("By"),
            "digest": _("Digest of the report"),
        },
        alt=_("Closed periods"),
    )
    for period in periods:
        day = period.through.isoformat()
        with st.container(horizontal=True):
            st.download_button(
                _("Report through {through}", through=formats.day(period.through)),
                partial(closed_report, visit.opened, period.through),
                f"{visit.opened.slug}-closed-{day}.json",
                "application/json",
                icon=":material/download:",
                on_click="ignore",
                key=visit.key(f"closing.report.{day}"),
            )
            st.download_button(
                _("All files through {through}", through=formats.day(period.through)),
                partial(_files, visit, period.through),
                f"{visit.opened.slug}-month-end-{day}.zip",
                "application/zip",
                icon=":material/folder_zip:",
                on_click="ignore",
                key=visit.key(f"closing.files.{day}"),
                help=_(
                    "Report as HTML and PDF, workbooks, journals for every program, invoice PDFs"
                ),
            )
            verify = st.button(
                _("Verify {through}", through=formats.day(period.through)),
                key=visit.key(f"closing.verify.{day}"),
            )
        if verify:
            _verify(visit, period)


def _files(visit: Visit, through: date) -> bytes:
    return month_end_files(visit.opened, through).content


def _verify(visit: Visit, period: ClosedBooks) -> None:
    found = verify_closed(visit.opened, period.through)
    if found.intact and found.same_again:
        st.success(
            _("Verified: the report is unchanged, and the ledger gives the same report."),
            icon=":material/verified:",
        )
        return
    if not found.intact:
        st.error(_("The kept report is not the one that was closed."), icon=":material/error:")
    for difference in found.differences:
        st.warning(formats.message(difference), icon=":material/warning:")


def _close(visit: Visit, proposed: date, left: list[str], *, closed: int) -> None:
    yesterday = visit.opened.today() - timedelta(days=1)
    with st.form(visit.key(f"closing.close.{closed}.{proposed}"), border=True):
        st.write(
            _(
                "Closing locks the books up to and including a day; later entries go to the "
                "next period. A closed period cannot be reopened."
            )
        )
        through = st.date_input(
            _("Close through"),
            value=proposed,
            max_value=yesterday,
            format=formats.date_format(),
        )
        if left:
            text = _("Not done yet: {steps}.", steps=", ".join(left))
            st.warning(text, icon=":material/warning:")
        sure = st.checkbox(_("Yes, close the books"))
        pressed = st.form_submit_button(_("Close"))
    if not pressed:
        return
    if not sure:
        st.error(_("Tick the box first."), icon=":material/error:")
        return
    try:
        close_books(visit.opened, through)
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()


def _nothing_to_close(closed: date, ended: date) -> None:
    """Say that the day on the page is closed, and which one comes next."""
    st.info(
        _(
            "Nothing to close yet: The books are closed through {closed}. To close up to a later "
            "day, change “As of” above.",
            closed=formats.day(closed),
        ),
        icon=":material/lock:",
    )
    if ended > closed:
        st.button(
            _("Go to the month end of {ended}", ended=formats.day(ended)),
            on_click=_turn_to,
            args=(ended, N_("Month end")),
        )


def _for_accounting(visit: Visit, result: Reconciliation, periods: list[ClosedBooks]) -> None:
    """Offer balanced journal entries from the day after the last closed period."""
    st.subheader(_("For accounting"))
    closed = max((p.through for p in periods if p.through < result.as_of), default=None)
    since = closed + timedelta(days=1) if closed else None
    programs: tuple[JournalFormat, ...] = get_args(JournalFormat)
    program = st.selectbox(
        _("Program"), programs, format_func=formats.label, key=visit.key("journal"), width=220
    )
    st.caption(
        _(
            "Journal entries from {since} to {as_of}; each balances.",
            since=formats.day(since),
            as_of=formats.day(result.as_of),
        )
        if since
        else _("Journal entries to {as_of}; each balances.", as_of=formats.day(result.as_of))
    )
    st.download_button(
        _("Download journal entries"),
        partial(_journal, visit, result, since, program),
        f"{result.slug}-{program}-{result.as_of.isoformat()}.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        key=visit.key("journal.download"),
    )


def _journal(
    visit: Visit, result: Reconciliation, since: date | None, program: JournalFormat
) -> bytes:
    entries = journal(visit.opened, through=result.as_of, since=since)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in journal_files(entries, program).items():
            archive.writestr(name, content)
    return out.getvalue()
