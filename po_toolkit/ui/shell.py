"""The frame around every screen: navigation, the choice of conference, the Stripe mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import Page

from po_toolkit.config import EXAMPLE_SETTINGS, Settings, load_settings
from po_toolkit.errors import PoToolkitError
from po_toolkit.ui import words
from po_toolkit.ui.import_screen import import_screen
from po_toolkit.ui.invoice_screen import invoice_screen
from po_toolkit.ui.order_screen import order_screen
from po_toolkit.ui.orders_screen import orders_screen
from po_toolkit.ui.reconciliation_screen import reconciliation_screen
from po_toolkit.ui.session import Visit, opened


@dataclass(frozen=True)
class Screen:
    """One entry of the navigation."""

    title: str
    icon: str
    show: Callable[[Visit], None]
    hidden: bool = False


SCREENS: Mapping[str, Screen] = {
    "import": Screen("Import", ":material/upload_file:", import_screen),
    "invoice": Screen("Invoice", ":material/send:", invoice_screen),
    "orders": Screen("Purchase orders", ":material/list_alt:", orders_screen),
    "order": Screen("Purchase order", ":material/receipt:", order_screen, hidden=True),
    "reconciliation": Screen("Reconciliation", ":material/balance:", reconciliation_screen),
}
"""Every screen by its place in the address, in the order of the job."""


def run(start: str = "import") -> None:
    """Show the app.

    Args:
        start: The screen at the app's bare address.
    """
    st.set_page_config(page_title="po-toolkit", page_icon=":material/receipt_long:", layout="wide")
    with told():
        settings = load_settings()
        if not settings.conferences:
            _setup(settings)
            return
        _conference(settings, start)


@contextmanager
def told() -> Iterator[None]:
    """Show an expected failure in its own words instead of a traceback."""
    try:
        yield
    except PoToolkitError as error:
        st.error(str(error), icon=":material/error:")


def _conference(settings: Settings, start: str) -> None:
    visit: list[Visit] = []

    def page(place: str, screen: Screen) -> Page:
        def show() -> None:
            with told():
                screen.show(visit[0])

        return st.Page(
            show,
            title=screen.title,
            icon=screen.icon,
            url_path=place,
            default=place == start,
            visibility="hidden" if screen.hidden else "visible",
        )

    pages = {place: page(place, screen) for place, screen in SCREENS.items()}
    chosen = st.navigation(list(pages.values()))
    visit.append(Visit(opened(_choice(settings), settings), pages))
    _mode(visit[0])
    chosen.run()


def _choice(settings: Settings) -> str:
    """Return the conference that was chosen; the choice stands in the address, by its label."""
    labels = _labels(settings)
    chosen = st.sidebar.selectbox("Conference", labels, key="conference", bind="query-params")
    return labels[chosen]


def _labels(settings: Settings) -> dict[str, str]:
    """Name each conference; two of the same name are told apart by their slugs."""
    names = [conference.name for conference in settings.conferences.values()]
    return {
        c.name if names.count(c.name) == 1 else f"{c.name} ({slug})": slug
        for slug, c in settings.conferences.items()
    }


def _mode(visit: Visit) -> None:
    with st.sidebar:
        words.mode_badge(visit.opened.settings.mode)


def _setup(settings: Settings) -> None:
    st.title("Set up a conference")
    st.write(
        "No conference is set up yet. Write this into "
        f"`{settings.config_file or '.streamlit/secrets.toml'}`, with your own name and keys, "
        "and reload this page."
    )
    st.code(EXAMPLE_SETTINGS, language="toml")
