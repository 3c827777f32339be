"""What one visit to the app works with: the settings, the database, one conference.

Caches of Streamlit are shared by all visitors, so only the database connection is cached, never
anything read from it. What a page remembers stands in the visitor's own session, under a name that
holds the conference's slug.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Thread
from typing import Any, NoReturn, TypeVar
from zlib import crc32

import streamlit as st
from pydantic import SecretStr
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import add_script_run_ctx

from po_toolkit.api.opening import OpenConference, Store, open_database
from po_toolkit.api.terms import Act, require
from po_toolkit.config import Settings
from po_toolkit.errors import NotAllowedError
from po_toolkit.logs import configure_logging, hide_in

LIST_VIEW = ("view", "above", "search", "currency", "sort", "status", "orders-page")
"""What says which purchase orders the list shows, in the address and in the visit."""

_Result = TypeVar("_Result")

_TOO_LONG = 19
"""Digits of a number that no row's id reaches and no database takes."""

VIEW = (*LIST_VIEW, "reconciliation-view", "as-of")
"""What says how the pages look from which a purchase order is opened."""


_ABOUT_ONE = {"import": "imported", "invoice": "invoices"}
"""The address of a page that shows a single import or batch. With the list's address, the sidebar's
entry would only run the page again, with its query."""


@dataclass(frozen=True)
class Visit:
    """One person looking at one conference."""

    opened: OpenConference
    pages: Mapping[str, Page]
    settings: Settings
    slugs: Collection[str]
    """The conferences that he may look at."""
    subject: str = ""
    """What of the conference the page is about, such as one purchase order."""

    def about(self, *subjects: str) -> Visit:
        """Return the visit for what is about one thing, or about just these.

        What is entered in its widgets and kept under its names is for no other.
        """
        one = len(subjects) == 1
        return replace(self, subject=subjects[0] if one else f"{crc32(repr(subjects).encode())}")

    def may(self, act: Act) -> bool:
        """Tell whether the person's role permits an act; the act itself checks again."""
        try:
            require(self.opened.actor, act)
        except NotAllowedError:
            return False
        return True

    def key(self, name: str) -> str:
        """Name a widget so that no other conference or subject shares what was entered in it."""
        about = f"{self.subject}:" if self.subject else ""
        return f"{self.opened.slug}:{about}{name}"

    def recall(self, name: str) -> Any:
        """Return what a page kept for this subject in this visit, or None."""
        return st.session_state.get(self.key(name))

    def keep(self, name: str, value: Any) -> None:
        """Keep a value for this subject until the visit ends."""
        st.session_state[self.key(name)] = value

    def go(self, page: str, **query: str | list[str]) -> NoReturn:
        """Turn to another page."""
        st.switch_page(self._page(page, query), query_params=query)

    def open_order(self, reference: str) -> NoReturn:
        """Turn to one purchase order, keeping the view for the way back."""
        seen = {name: st.session_state[name] for name in VIEW if name in st.session_state}
        self.keep("view", seen)
        self.go("order", po=reference)

    def come_back(self) -> None:
        """Show the view again from which a purchase order was opened.

        On its way to another page Streamlit writes that page's query behind the old address too,
        so that the browser's Back leads to an address that has lost its view; and the run that
        follows Back takes all values from the address, so that the view waits for the next one.
        """
        if "po" in st.query_params:
            del st.query_params["po"]
            self.keep("returning", True)
            st.rerun()
        if self.recall("returning"):
            self.keep("returning", False)
            for name, value in (self.recall("view") or {}).items():
                st.session_state[name] = value

    def way_back(self) -> dict[str, Any]:
        """Return the query of the list from which a purchase order was opened."""
        seen: dict[str, Any] = self.recall("view") or {}
        return {
            name: value if isinstance(value, list) else str(value)
            for name, value in seen.items()
            if name in LIST_VIEW and value
        }

    def asked(self, name: str) -> int | None:
        """Return the number that the address gives under a name; None where it gives none."""
        text = st.query_params.get(name, "")
        return int(text) if text.isdecimal() and len(text) < _TOO_LONG else None

    def link(self, page: str, label: str, **query: str | list[str]) -> None:
        """Show a link to another page."""
        shown = self._page(page, query)
        st.page_link(shown, label=label, query_params=query, width="content")

    def _page(self, name: str, query: Mapping[str, object]) -> Page:
        return self.pages[_ABOUT_ONE.get(name, name) if query else name]


def wholly(name: str, act: Callable[[], _Result]) -> _Result:
    """Do something and keep its result, whatever a second click does meanwhile.

    Streamlit ends a run at its next call, but only in the run's own thread, and runs the second
    click beside it. That one waits here until the first has ended; a later one does nothing if
    what is kept gives the button another key.

    Args:
        name: A widget's name of :meth:`Visit.key`; only what has the same name is waited for.
        act: What is done once.
    """
    before: Future[_Result] | None = st.session_state.get(f"under way:{name}")
    if before is not None and not before.done():
        return before.result()
    result: Future[_Result] = Future()
    st.session_state[f"under way:{name}"] = result

    def run() -> None:
        try:
            result.set_result(act())
        except BaseException as error:  # noqa: BLE001 it is raised by result()
            result.set_exception(error)

    thread = Thread(target=copy_context().run, args=(run,))
    add_script_run_ctx(thread).start()
    return result.result()


@st.cache_resource(show_spinner=False)
def settle_server() -> None:
    """Keep keys out of the server's log, and what libraries hold out of the collector's sight.

    Streamlit collects garbage after every run of a page; walking the hundreds of thousands of
    objects that imports left took longer than the page itself.
    """
    configure_logging(logging.INFO, server=True)
    hide_in(st.secrets.to_dict() if st.secrets.load_if_toml_exists() else {})
    os.umask(0o077)
    gc.collect()
    gc.freeze()


def store(settings: Settings) -> Store:
    """Return the database, opened once for all visitors while the settings stay the same.

    Raises:
        SettingsError: It cannot be opened or belongs to a newer release.
    """
    return _open(fingerprint(settings), settings)


def fingerprint(settings: Settings) -> str:
    """Return a digest that changes with any setting, keys included, and reveals none."""
    plain = json.dumps(settings.model_dump(), default=_revealed, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _revealed(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@st.cache_resource(show_spinner=False, max_entries=2, on_release=lambda s: s.engine.dispose())
def _open(settings_fingerprint: str, _settings: Settings) -> Store:  # noqa: ARG001 it is the cache's key
    return open_database(_settings, make=False)
