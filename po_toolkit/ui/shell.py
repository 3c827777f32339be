"""The frame around every screen: navigation, the choice of conference, the Stripe mode."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import Page

from po_toolkit.api.first_run import KEY_HELP, whose_key, write_conference
from po_toolkit.api.home import last_heard
from po_toolkit.api.opening import OpenConference, Store, open_conference
from po_toolkit.api.terms import Act, require
from po_toolkit.config import DEFAULT_CONFIG, EXAMPLE_SETTINGS, Settings, load_settings
from po_toolkit.errors import StripeAuthenticationError
from po_toolkit.money import CURRENCIES
from po_toolkit.ui import formats
from po_toolkit.ui.activity_screen import activity_screen
from po_toolkit.ui.background import work_on_if_needed
from po_toolkit.ui.bank_screen import bank_screen
from po_toolkit.ui.failures import failures_shown
from po_toolkit.ui.home_screen import home_screen
from po_toolkit.ui.import_screen import import_screen
from po_toolkit.ui.invoice_screen import invoice_screen
from po_toolkit.ui.language import N_, _, choices, choose_language, language
from po_toolkit.ui.live import keep_live
from po_toolkit.ui.order_editor import new_order_screen
from po_toolkit.ui.order_screen import order_screen
from po_toolkit.ui.orders_screen import orders_screen
from po_toolkit.ui.payouts_screen import payouts_screen
from po_toolkit.ui.reconciliation_screen import reconciliation_screen
from po_toolkit.ui.search_box import search_box
from po_toolkit.ui.session import Visit, settle_server, store
from po_toolkit.ui.settings_screen import settings_screen
from po_toolkit.ui.sign_in import Person, on_this_machine, show_person, somebody, stop_without_role


@dataclass(frozen=True)
class Screen:
    """One entry of the navigation."""

    title: str
    icon: str
    show: Callable[[Visit], None]
    act: Act | None = None
    """What one comes here to do; hidden from those whose role does not permit it."""
    under: str = ""
    """The page whose sidebar entry is marked, for a page that has no entry."""
    live: bool = False
    """Shown anew by itself when something happened at the conference."""


SCREENS: Mapping[str, Screen] = {
    "home": Screen(N_("Home"), ":material/home:", home_screen, live=True),
    "import": Screen(N_("Import"), ":material/upload_file:", import_screen, Act.IMPORT),
    "imported": Screen(N_("Import"), ":material/upload_file:", import_screen, Act.IMPORT, "import"),
    "invoice": Screen(N_("Invoice"), ":material/send:", invoice_screen, Act.INVOICE),
    "invoices": Screen(N_("Invoice"), ":material/send:", invoice_screen, Act.INVOICE, "invoice"),
    "orders": Screen(N_("Purchase orders"), ":material/list_alt:", orders_screen, live=True),
    "order": Screen(
        N_("Purchase order"), ":material/receipt:", order_screen, under="orders", live=True
    ),
    "new": Screen(
        N_("New purchase order"), ":material/add:", new_order_screen, Act.CREATE, "orders"
    ),
    "reconciliation": Screen(N_("Reconciliation"), ":material/balance:", reconciliation_screen),
    "bank": Screen(N_("Bank"), ":material/account_balance:", bank_screen),
    "payouts": Screen(N_("Payouts"), ":material/payments:", payouts_screen),
    "activity": Screen(N_("Activity"), ":material/history:", activity_screen),
    "settings": Screen(N_("Settings"), ":material/settings:", settings_screen),
}
"""Every screen by its place in the address, in the order of the job."""


def run(start: str = "home") -> None:
    """Show the app."""
    st.set_page_config(
        page_title="po-toolkit",
        page_icon=":material/receipt_long:",
        layout="wide",
        initial_sidebar_state=_SIDEBAR,
    )
    settle_server()
    _legible()
    with failures_shown():
        settings = load_settings()
        above = st.sidebar.container()
        with st.sidebar:
            choose_language(settings.language)
        _translate_streamlit()
        if not settings.conferences:
            _setup(settings)
            return
        books = store(settings)
        work_on_if_needed(settings, books)
        _conference(settings, books, somebody(settings, books), start, above)


def _legible() -> None:
    """Write dark on the light blue buttons and choices of the dark theme; Streamlit writes white.

    The margins leave room for tables, whose texts take it, and a PDF, which is drawn at its own
    width, shrinks where that is more than its place has.
    """
    style = _WIDER + _PDF_FITS + _TEXT_FITS + _ROOM_FOR_BUTTONS
    if st.context.theme.type == "dark":
        style += "[data-testid^='stBaseButton-primary'], [data-tag] * {color: #111111;}"
    st.html(f"<style>{style}</style>")


def _translate_streamlit() -> None:
    """Write Streamlit's own words of places for files and of fields in the visit's language.

    It has no setting for them, and a button without its text would have no name for those who hear
    the page. Where a release of Streamlit calls its parts otherwise, they stay English.
    """
    if language() == "en":
        return
    size = st.get_option("server.maxUploadSize")
    words = {
        "[data-testid=stFileUploaderDropzone] button p": (_("Upload"), ".875rem"),
        "[data-testid=stFileUploaderDropzoneInstructions] span": (
            _("Up to {size} MB", size=size),
            ".875rem",
        ),
        _HINT: (_("Press Enter to apply"), ".75rem"),
        f"[data-testid=stForm] {_HINT}": (_("Press Enter to submit the form"), ".75rem"),
    }
    style = f"[data-testid=stTextArea] {_HINT} {{display: none;}}"  # another key on each machine
    for place, (text, height) in words.items():
        content = json.dumps(text, ensure_ascii=False)
        style += (
            f"{place} {{font-size: 0;}} {place}::after {{font-size: {height}; content: {content};}}"
        )
    st.html(f"<style>{style}</style>")


_HINT = "[data-testid=InputInstructions] span:first-child"
"""What Streamlit says in a field that was changed."""
_SIDEBAR = 256
"""Pixels of the sidebar; a narrower one leaves the tables their room."""
_WIDER = """
@media (min-width: 800px) {[data-testid=stMainBlockContainer] {padding: 3rem 2rem 5rem;}}
"""
_PDF_FITS = """
[data-testid=stColumn] [data-testid=stBidiComponentIsolated] {zoom: .74;}
@media (max-width: 1200px) {[data-testid=stBidiComponentIsolated] {zoom: .5 !important;}}
"""
_TEXT_FITS = "[data-testid=stTable] td div {max-width: 34rem !important;}"
_ROOM_FOR_BUTTONS = """
@media (hover: none) {
    [data-testid=stElementContainer]:has([data-testid=stDataFrame]) {margin-top: 1.75rem;}
}
"""
"""On a touch screen a table's buttons always stand above it."""
_MARKED = """
[data-testid=stSidebarNavLink][href$='/{place}'] {{background: rgba(169, 169, 162, 0.25);}}
[data-testid=stSidebarNavLink][href$='/{place}'] p {{font-weight: 600;}}
"""


def _conference(
    settings: Settings, books: Store, person: Person, start: str, sidebar: DeltaGenerator
) -> None:
    allowed = {slug: who for slug in settings.conferences if (who := person.actor(settings, slug))}
    if not allowed:
        stop_without_role(person, books)
    names = {slug: name for slug, name in _names(settings).items() if slug in allowed}
    asked = st.query_params.get("conference", "")
    with sidebar:
        slug = _choice(names)
    if asked and asked not in {*names, *names.values()}:
        text = _("The address names “{asked}”, which is not among your conferences.", asked=asked)
        st.warning(formats.plain(text), icon=":material/link_off:")
    if found := st.session_state.pop(_SET_UP, ""):
        st.info(formats.message(found), icon=":material/key:")
    opened = open_conference(slug, settings=settings, store=books, actor=allowed[slug])
    pages: dict[str, Page] = {}
    visit = Visit(opened, pages, settings, tuple(allowed))
    for name, screen in SCREENS.items():
        pages[name] = _page(visit, name, screen, default=name == start)
    chosen = st.navigation(list(pages.values()))
    place = chosen.url_path or start
    if under := SCREENS[place].under:
        st.html(f"<style>{_MARKED.format(place=under)}</style>")
    with sidebar:
        formats.mode_badge(opened.settings.mode)
        _heard(opened)
        show_person(person, allowed[slug].role, books)
    with failures_shown(visit):
        search_box(visit, place)
    chosen.run()


def _heard(opened: OpenConference) -> None:
    """Say in one phrase when Stripe was last heard from, in red when that is too long ago."""
    if opened.settings.mode == "none":
        return
    heard = last_heard(opened)
    if heard.failed:
        phrase = _("The last sync with Stripe failed")
    elif heard.at is None:
        phrase = _("No sync with Stripe yet")
    else:
        phrase = _(
            "Heard from Stripe {ago}", ago=formats.ago((opened.now() - heard.at).total_seconds())
        )
    if heard.late or heard.failed:
        st.markdown(f":red[:material/warning: {phrase}]")
    else:
        st.caption(phrase)


def _page(visit: Visit, place: str, screen: Screen, *, default: bool) -> Page:
    permitted = screen.act is None or visit.may(screen.act)

    def show() -> None:
        with failures_shown(visit):
            if screen.act is not None and not permitted:
                if "is_logged_in" not in st.user:
                    st.title(_(screen.title))
                    st.info(_("Enter the start token in the sidebar, to act on a live key."))
                    return
                require(visit.opened.actor, screen.act)
            if screen.live:
                keep_live(visit)
            screen.show(visit)

    return st.Page(
        show,
        title=_(screen.title),
        icon=screen.icon,
        url_path=place,
        default=default,
        visibility="visible" if permitted and not screen.under else "hidden",
    )


def _choice(names: Mapping[str, str]) -> str:
    """Return the conference that was chosen; the address may have its name or its slug."""
    choices("conference", names)
    chosen: str = st.selectbox(
        _("Conference"),
        list(names),
        format_func=names.__getitem__,
        key="conference",
        bind="query-params",
    )
    return chosen


def _names(settings: Settings) -> dict[str, str]:
    """Name each conference; two of the same name are told apart by their slugs."""
    names = [conference.name for conference in settings.conferences.values()]
    return {
        slug: c.name if names.count(c.name) == 1 else f"{c.name} ({slug})"
        for slug, c in settings.conferences.items()
    }


def _setup(settings: Settings) -> None:
    """Ask for the first conference; from another machine say how it is set up at the server."""
    st.title(_("Set up a conference"))
    where = settings.config_file or DEFAULT_CONFIG
    if not on_this_machine() or "is_logged_in" in st.user:
        st.write(
            _(
                "No conference is set up yet. On the server, run `po-toolkit setup`, or write "
                "this into `{where}`, and reload this page.",
                where=where,
            )
        )
        st.code(EXAMPLE_SETTINGS, language="toml")
        return
    st.write(_("Four answers, and you can import your first spreadsheet."))
    with st.form("setup"):
        name = st.text_input(_("Name of the conference"), placeholder="PyCon 2027")
        currency = st.selectbox(
            _("Currency"),
            sorted(CURRENCIES),
            sorted(CURRENCIES).index("usd"),
            format_func=str.upper,
        )
        zones = sorted(available_timezones())
        here = st.context.timezone
        timezone = st.selectbox(_("Timezone"), zones, zones.index(here if here in zones else "UTC"))
        key = st.text_input(_("Stripe test key"), type="password", placeholder="sk_test_…")
        st.caption(formats.localized(KEY_HELP))
        st.caption(
            _(
                "Everything is saved in `{where}` on this machine, which only you can "
                "read. You can leave the key empty and add it there later.",
                where=where,
            )
        )
        if not st.form_submit_button(_("Set up the conference"), type="primary"):
            return
    key = key.strip()
    if key and not key.startswith(("sk_test_", "rk_test_")):
        st.error(
            _(
                "Start with a test key: it begins with sk_test_. A live key goes into the "
                "settings file by hand."
            ),
            icon=":material/error:",
        )
        return
    try:
        found = whose_key(settings.config_file, key) if key else ""
    except StripeAuthenticationError as error:
        st.error(formats.message(str(error)), icon=":material/error:")
        return
    write_conference(
        settings.config_file,
        name=name,
        currency=currency,
        timezone=timezone,
        stripe_secret_key=key,
    )
    st.session_state[_SET_UP] = found
    st.rerun()


_SET_UP = "setup.found"
"""What Stripe said about the key of the conference that was just set up."""
