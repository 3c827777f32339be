"""The batch engine of this server: it works on whoever leaves the page, and after a restart."""

from __future__ import annotations

import streamlit as st

from po_toolkit.api.opening import Store
from po_toolkit.config import Settings
from po_toolkit.jobs.engine import Engine
from po_toolkit.store import batches
from po_toolkit.ui.session import fingerprint


def work_on(settings: Settings) -> None:
    """Start the engine if it does not run; changed settings start it anew."""
    _engine(fingerprint(settings), settings)


def work_on_if_needed(settings: Settings, store: Store) -> None:
    """Start the engine when there is a batch that nobody may be working on."""
    with store.reading() as session:
        left = batches.unfinished(session, settings.conferences)
    if left:
        work_on(settings)


@st.cache_resource(show_spinner=False, max_entries=1, on_release=lambda engine: engine.stop())
def _engine(settings_fingerprint: str, _settings: Settings) -> Engine:  # noqa: ARG001 the cache's key
    return Engine(_settings).start()
