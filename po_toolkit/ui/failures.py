"""Failures as people read them: what happened, and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import streamlit as st

from po_toolkit.api.health import cause_of
from po_toolkit.errors import PoToolkitError
from po_toolkit.logs import get_logger
from po_toolkit.ui import formats
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit

log = get_logger(__name__)


@contextmanager
def failures_shown(visit: Visit | None = None) -> Iterator[None]:
    """Show a failure as a message instead of a traceback, with a way on.

    Args:
        visit: The visit, once there is one; then the remedy and Home are linked.
    """
    try:
        yield
    except PoToolkitError as error:
        show_error(error, visit)
    except Exception as error:
        if cause := cause_of(error):
            log.exception("database unusable", reason=cause)
            st.error(formats.message(cause), icon=":material/error:")
        else:
            show_unexpected(error)
    else:
        return
    if st.button(_("Try again"), icon=":material/refresh:", key="failures.again"):
        st.rerun()
    if visit is not None:
        visit.link("home", _("Home"))


def show_error(error: PoToolkitError, visit: Visit | None = None) -> None:
    """Show an expected failure, and link to the page on which it is solved.

    Before there is a visit no page can be opened: an administrator solves it at the server.
    """
    st.error(
        formats.plain(formats.fields_named(formats.localized(str(error)))), icon=":material/error:"
    )
    remedy = error.remedy
    if visit is None and remedy is not None:
        st.write(_("{label}, in a terminal of the server:", label=formats.localized(remedy.label)))
        st.code(remedy.command_line, language="sh")
    if visit is None or remedy is None or not remedy.page:
        return
    query: dict[str, str | list[str]] = {}
    if remedy.page == "order":
        query["po"] = remedy.purchase_order
    visit.link(remedy.page, formats.localized(remedy.label), **query)


def show_unexpected(error: Exception) -> None:
    """Say that something unexpected failed, with an id that the log has too."""
    error_id = uuid4().hex[:8]
    log.error("a page failed", error_id=error_id, exc_info=error)
    st.error(
        _(
            "Unexpected error. What was finished before is saved. Try again; if it fails "
            "again, give an administrator the error ID {error_id}, which is also in the "
            "server log.",
            error_id=error_id,
        ),
        icon=":material/error:",
    )
