"""Screens that follow what happens: a payment that comes in shows without a reload."""

from __future__ import annotations

import streamlit as st

from po_toolkit.api.activity import pulse
from po_toolkit.ui.session import Visit

SECONDS = 3


def keep_live(visit: Visit) -> None:
    """Look every few seconds whether something happened, and show the screen anew if so."""
    seen: int | None = None

    @st.fragment(run_every=SECONDS)
    def watch() -> None:
        nonlocal seen
        before, seen = seen, pulse(visit.opened)
        if before not in (None, seen):
            st.rerun()

    watch()
