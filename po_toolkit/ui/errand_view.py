"""Long work as a page shows it: a button that starts it, and how it stands for all who look."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from po_toolkit.jobs import errands
from po_toolkit.jobs.errands import Errand
from po_toolkit.ui import words
from po_toolkit.ui.session import Visit

ERRANDS = {
    "sync": "Sync with Stripe",
    "payouts": "Reading payouts",
    "remind": "Reminders",
    "match": "Applying matches",
    "replay": "Replay of webhook events",
}
"""Each kind of errand in a person's words."""

NEWS = timedelta(minutes=10)
"""How long the outcome of an errand is worth showing."""


def errand_button(
    visit: Visit, kind: str, label: str, *, icon: str, primary: bool = False, sure: bool = True
) -> None:
    """Show the button that starts an errand; it rests while one of its kind is under way.

    Args:
        visit: Who looks at which conference.
        kind: Which kind of errand.
        label: What the button says.
        icon: Its sign.
        primary: Whether it is what one comes to the page for.
        sure: False while something has to be ticked first.
    """
    latest = errands.latest(visit.opened, kind)
    running = latest is not None and latest.state == "running"
    pressed = st.button(
        label,
        icon=icon,
        type="primary" if primary else "secondary",
        disabled=running or not sure,
        key=visit.key(f"errand.{kind}"),
    )
    if pressed:
        errands.start(visit.opened, kind)
        st.rerun()


def errand_news(visit: Visit, kind: str) -> None:
    """Show the errand that is under way, or for a while what the last one brought."""
    latest = errands.latest(visit.opened, kind)
    if latest is None:
        return
    if latest.state == "running":
        _watch(visit, kind)
    elif visit.opened.now() - (latest.ended_at or latest.created_at) < NEWS:
        _outcome(visit, latest)


def _watch(visit: Visit, kind: str) -> None:
    @st.fragment(run_every=1)
    def watch() -> None:
        now = errands.latest(visit.opened, kind)
        if now is None or now.state != "running":
            st.rerun()
        st.info(
            f"Under way since {_when(visit, now)}: {words.count(now.stripe_calls, 'call')} to "
            "Stripe so far. You may leave this page; it goes on.",
            icon=":material/hourglass_top:",
        )

    watch()


def _outcome(visit: Visit, errand: Errand) -> None:
    said, who = words.plain(errand.said), _when(visit, errand)
    if errand.state == "done":
        st.success(f"{said} (Started {who}.)", icon=":material/check_circle:")
    elif errand.state == "partly":
        st.warning(f"{said} (Started {who}.)", icon=":material/warning:")
    elif errand.state == "failed":
        st.error(f"{said} (Started {who}.)", icon=":material/error:")
    else:
        st.warning(
            f"What was started {who} was cut off when the server stopped. Start it again; nothing "
            "is done twice.",
            icon=":material/warning:",
        )


def _when(visit: Visit, errand: Errand) -> str:
    moment = words.moment(errand.created_at, visit.opened.conference.timezone)
    return f"{moment} by {words.plain(errand.entered_by)}"
