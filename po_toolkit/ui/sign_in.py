"""Who is at the browser, and what he may do in which conference.

With a sign-in provider (``[auth]`` in the secrets file) a person has the role that the settings
give to his address or groups, looked up afresh for every click, so that a role taken away counts
at once. Without one only this machine itself is served.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import streamlit as st

from po_toolkit.api.opening import Store, last_sign_out, local_actor, sign_out, utc_now
from po_toolkit.api.terms import Actor, Role, role_of
from po_toolkit.config import START_TOKEN, Settings, is_loopback
from po_toolkit.logs import hide
from po_toolkit.ui import formats
from po_toolkit.ui.language import _

_FORWARDED = re.compile(
    r"(?i)forwarded|x-(forwarded|real|original|client|cluster|envoy|remote|proxy)(-.*)?|via|"
    r"(cf|true-client|fastly|fly|tailscale)-.*"
)
"""Headers that a proxy adds: whoever comes through one is not on this machine."""


@dataclass(frozen=True)
class Person:
    """Somebody who may look at the app.

    Attributes:
        address: His verified email address; ``""`` without a sign-in.
        groups: What the provider vouches for.
        subject: The provider's own name for him; ``""`` without a sign-in.
        token_shown: Whether, without a sign-in, the token was shown that the server printed.
    """

    address: str = ""
    groups: tuple[str, ...] = ()
    subject: str = ""
    token_shown: bool = False

    def actor(self, settings: Settings, slug: str) -> Actor | None:
        """Return him as he acts in a conference, or None where he may not even look."""
        if not self.subject:
            live = settings.conferences[slug].mode == "live"
            return local_actor("app", Role.VIEWER if live and not self.token_shown else Role.ADMIN)
        people = settings.conferences[slug].people or settings.people
        role = role_of(people.model_dump(), address=self.address, groups=self.groups)
        return None if role is None else Actor(f"app:{self.address or self.subject}", role)


def somebody(settings: Settings, store: Store) -> Person:
    """Return who is at the browser; for strangers, show how to sign in and stop."""
    if "is_logged_in" not in st.user:
        if not on_this_machine():
            _stop_unprotected()
        live = any(c.mode == "live" for c in settings.conferences.values())
        return Person(token_shown=live and _token_shown())
    if not st.user.is_logged_in:
        _stop_to_sign_in(_("Sign in to see your conferences."))
    subject = _subject()
    began = _sign_in_began()
    ended = last_sign_out(store, subject)
    if ended is not None and began < ended.replace(microsecond=0):
        _stop_to_sign_in(_("You signed out in another window."))
    if utc_now() - began > timedelta(hours=settings.session_hours):
        _stop_to_sign_in(
            _(
                "Your session expired after {session_hours} hours.",
                session_hours=settings.session_hours,
            )
        )
    return Person(address=_address(), groups=_groups(), subject=subject)


def show_person(person: Person, role: Role, store: Store) -> None:
    """Say in the sidebar who acts, with the way out."""
    if not person.subject:
        if role is Role.VIEWER:
            _ask_for_token()
        else:
            st.caption(_("No sign-in: anyone who uses this machine has full access."))
        return
    st.text(f"{person.address or person.subject}\n{role.name.capitalize()}")
    show_sign_out(person, store)


def show_sign_out(person: Person, store: Store) -> None:
    """Show the button that signs out in every window."""
    if st.button(_("Sign out"), icon=":material/logout:", key="people.out"):
        sign_out(store, person.subject)
        st.logout()


def stop_without_role(person: Person, store: Store) -> None:
    """Tell somebody who is signed in and has no role in any conference."""
    st.title(_("No conference available"))
    st.write(
        _(
            "You are signed in as **{name}**, and you have no role. Ask an administrator "
            "to add your address to [po_toolkit.people] in the settings.",
            name=formats.plain(person.address or person.subject),
        )
    )
    show_sign_out(person, store)
    st.stop()


@st.cache_resource(show_spinner=False)
def start_token() -> str:
    """Return what a visitor without a sign-in shows to act on a live key; printed once, at start.

    ``po-toolkit app`` makes it; where the server was started in another way, it is made here.
    """
    token = os.environ.get(START_TOKEN, "") or secrets.token_urlsafe(24)
    hide(token)
    if START_TOKEN not in os.environ and sys.__stdout__ is not None:  # the guarded one hides it
        print(f"Start token, to act on a live key: {token}", file=sys.__stdout__, flush=True)
    return token


def _token_shown() -> bool:
    """Tell whether this visit has shown the start token, in the address or by typing it.

    It is taken out of the address, so that no bookmark or screenshot keeps it.
    """
    if _is_start_token(st.query_params.pop("token", "")):
        st.session_state["people.token_shown"] = True
    return bool(st.session_state.get("people.token_shown"))


def _is_start_token(given: str) -> bool:
    return secrets.compare_digest(given.encode(), start_token().encode())


def _ask_for_token() -> None:
    st.caption(
        _(
            "Live key, no sign-in: you can look, not act. To act, enter the start token "
            "that the server printed, or set up a sign-in."
        )
    )
    typed = st.text_input(_("Start token"), type="password", key="people.token")
    if _is_start_token(typed.strip()):
        st.session_state["people.token_shown"] = True
        st.rerun()
    if typed:
        st.error(_("This is not the start token. It is printed when the app starts."))


def _stop_to_sign_in(why: str) -> None:
    st.title("po-toolkit")
    st.write(why)
    if st.button(_("Sign in"), type="primary", icon=":material/login:", key="people.in"):
        st.login()
    st.stop()


def _stop_unprotected() -> None:
    st.title(_("No sign-in is set up"))
    st.error(
        _(
            "This app can send invoices, and it can be reached from another machine without a "
            "sign-in. It stays closed until its secrets file contains [auth] and "
            "[po_toolkit.people]."
        ),
        icon=":material/lock:",
    )
    st.stop()


def on_this_machine() -> bool:
    """Tell whether the browser runs on the server's own machine, without a proxy between."""
    headers = st.context.headers
    if any(_FORWARDED.fullmatch(name) for name in headers):
        return False
    peer = st.context.ip_address or "localhost"  # Streamlit names none for loopback
    return all(map(_is_loopback, (headers.get("Host", ""), f"[{peer}]" if ":" in peer else peer)))


def _is_loopback(address: str) -> bool:
    """Tell whether an address or the value of a Host header is this machine's own."""
    try:
        host = urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return False
    return is_loopback(host)


def _subject() -> str:
    name = f"{st.user.get('iss')} {st.user.get('sub')}"
    return name if len(name) <= 255 else hashlib.sha256(name.encode()).hexdigest()


def _sign_in_began() -> datetime:
    issued = st.user.get("iat")
    return datetime.fromtimestamp(issued if isinstance(issued, int | float) else 0, UTC)


def _address() -> str:
    verified = str(st.user.get("email_verified", True)).lower() != "false"
    return str(st.user.get("email") or "") if verified else ""


def _groups() -> tuple[str, ...]:
    groups = st.user.get("groups")
    if isinstance(groups, str):
        return (groups,)
    return tuple(map(str, groups)) if isinstance(groups, Iterable) else ()
