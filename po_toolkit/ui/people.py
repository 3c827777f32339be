"""Who is at the browser, and what he may do in which conference.

With a sign-in provider (``[auth]`` in the secrets file) a person has the role that the settings
give to his address or groups, looked up afresh for every click, so that a role taken away counts
at once. Without one only this machine itself is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

from po_toolkit.api.opening import Store, last_sign_out, local_actor, sign_out, utc_now
from po_toolkit.api.terms import Actor, Role, role_of
from po_toolkit.config import Settings

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
"""Headers that a proxy adds: whoever comes through one is not on this machine."""


@dataclass(frozen=True)
class Person:
    """Somebody who may look at the app.

    Attributes:
        address: His verified e-mail address; ``""`` without a sign-in.
        groups: What the provider vouches for.
        subject: The provider's own name for him; ``""`` without a sign-in.
    """

    address: str = ""
    groups: tuple[str, ...] = ()
    subject: str = ""

    def actor(self, settings: Settings, slug: str) -> Actor | None:
        """Return him as he acts in a conference, or None where he may not even look."""
        if not self.subject:
            return local_actor("app")
        people = settings.conferences[slug].people or settings.people
        role = role_of(people.model_dump(), address=self.address, groups=self.groups)
        return None if role is None else Actor(f"app:{self.address or self.subject}", role)


def somebody(settings: Settings, store: Store) -> Person:
    """Return who is at the browser; for strangers, show how to sign in and stop."""
    if "is_logged_in" not in st.user:
        if not _on_this_machine():
            _stop_unprotected()
        return Person()
    if not st.user.is_logged_in:
        _stop_to_sign_in("Sign in to see your conferences.")
    subject = _subject()
    began = _sign_in_began()
    ended = last_sign_out(store, subject)
    if ended is not None and began < ended.replace(microsecond=0):
        _stop_to_sign_in("You signed out in another window.")
    if utc_now() - began > timedelta(hours=settings.session_hours):
        _stop_to_sign_in(f"Your session expired after {settings.session_hours} hours.")
    return Person(address=_address(), groups=_groups(), subject=subject)


def show_person(person: Person, role: Role, store: Store) -> None:
    """Say in the sidebar who acts, with the way out."""
    if not person.subject:
        st.caption("No sign-in: anyone who uses this machine has full access.")
        return
    st.text(f"{person.address or person.subject}\n{role.name.capitalize()}")
    show_sign_out(person, store)


def show_sign_out(person: Person, store: Store) -> None:
    """Show the button that signs out in every window."""
    if st.button("Sign out", icon=":material/logout:", key="people.out"):
        sign_out(store, person.subject)
        st.logout()


def stop_without_role(person: Person, store: Store) -> None:
    """Tell somebody who is signed in and has no role in any conference."""
    st.title("No conference available")
    st.write(
        f"You are signed in as **{person.address or person.subject}**, and you have no role. "
        "Ask an administrator to add your address to [po_toolkit.people] in the settings."
    )
    show_sign_out(person, store)
    st.stop()


def _stop_to_sign_in(why: str) -> None:
    st.title("po-toolkit")
    st.write(why)
    if st.button("Sign in", type="primary", icon=":material/login:", key="people.in"):
        st.login()
    st.stop()


def _stop_unprotected() -> None:
    st.title("No sign-in is set up")
    st.error(
        "This app can send invoices, and it is reached from another machine without a sign-in. It "
        "serves nobody until its secrets file contains [auth] and [po_toolkit.people].",
        icon=":material/lock:",
    )
    st.stop()


def _on_this_machine() -> bool:
    headers = st.context.headers
    if any(name in headers for name in _FORWARDED):
        return False
    asked_for = urlsplit(f"//{headers.get('Host', '')}").hostname
    return all(_is_loopback(address) for address in (st.context.ip_address, asked_for))


def _is_loopback(address: object) -> bool:
    """Tell whether an address is this machine's own; Streamlit names none for loopback."""
    if not isinstance(address, str) or address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


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
