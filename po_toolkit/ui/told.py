"""Failures as people read them: what happened, and a way on; never a dead end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import streamlit as st

from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import get_logger
from po_toolkit.ui import words

log = get_logger(__name__)


@contextmanager
def told(way_on: Callable[[], None] | None = None) -> Iterator[None]:
    """Show a failure in words instead of a traceback.

    Args:
        way_on: Shows below the words where to go from here.
    """
    try:
        yield
    except PoToolkitError as error:
        show_error(error)
    except Exception as error:  # noqa: BLE001 whatever it is, a person needs a way on
        unforeseen(error)
    else:
        return
    if st.button("Try again", icon=":material/refresh:", key="told.again"):
        st.rerun()
    if way_on is not None:
        way_on()


def show_error(error: PoToolkitError) -> None:
    """Say what an expected failure is."""
    st.error(words.plain(words.said(str(error))), icon=":material/error:")


def unforeseen(error: Exception) -> None:
    """Say that something failed that nobody foresaw, under a number that the log has too."""
    number = uuid4().hex[:8]
    log.error("a page failed", number=number, exc_info=error)
    st.error(
        "Something failed that nobody foresaw. What was finished before is kept. Try again; if it "
        f"fails again, give an administrator the number {number}, which stands in the server's "
        "log.",
        icon=":material/error:",
    )
