"""Who may do what. Checked in the function that acts, never only on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from po_toolkit.errors import NotAllowedError


class Role(IntEnum):
    """Each role may do all that the ones below it may."""

    VIEWER = 1
    OPERATOR = 2
    TREASURER = 3
    ADMIN = 4


class Act(StrEnum):
    """An act that changes something, as it stands in the audit log."""

    IMPORT = "import"
    UNDO_IMPORT = "undo_import"
    CREATE = "create"
    INVOICE = "invoice"
    ADOPT = "adopt"
    SYNC = "sync"
    RECORD_PAYMENT = "record_payment"
    ISSUE_CREDIT_NOTE = "issue_credit_note"
    REFUND = "refund"
    REVERSE = "reverse"
    CANCEL = "cancel"
    RESEND = "resend"
    REMIND = "remind"
    LOG_CALL = "log_call"
    ATTACH = "attach"
    DELIVER = "deliver"
    DELIVERED = "delivered"
    REISSUE = "reissue"
    AMEND = "amend"
    CLOSE = "close"
    ACCEPT_DISCREPANCY = "accept_discrepancy"
    CONFIGURE = "configure"
    CHANGE_SETTINGS = "change_settings"
    FORGET = "forget"
    LOAD_STATEMENT = "load_statement"
    ACCEPT_STATEMENT = "accept_statement"
    REMOVE_STATEMENT = "remove_statement"
    MATCH = "match"
    UNDO_MATCH = "undo_match"
    SET_ASIDE = "set_aside"


_LOWEST = {
    Act.RECORD_PAYMENT: Role.TREASURER,
    Act.ISSUE_CREDIT_NOTE: Role.TREASURER,
    Act.REFUND: Role.TREASURER,
    Act.REVERSE: Role.TREASURER,
    Act.CANCEL: Role.TREASURER,
    Act.CLOSE: Role.TREASURER,
    Act.ACCEPT_DISCREPANCY: Role.TREASURER,
    Act.CONFIGURE: Role.ADMIN,
    Act.FORGET: Role.ADMIN,
    Act.CHANGE_SETTINGS: Role.TREASURER,
    Act.ACCEPT_STATEMENT: Role.TREASURER,
    Act.MATCH: Role.TREASURER,
    Act.UNDO_MATCH: Role.TREASURER,
    Act.SET_ASIDE: Role.TREASURER,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a name for the audit log, and a role."""

    name: str
    role: Role


STRIPE = Actor("stripe", Role.ADMIN)
"""News from Stripe, by webhook or sync."""


def require(actor: Actor, act: Act) -> None:
    """Allow the act or refuse it.

    Raises:
        NotAllowedError: The actor's role is too low; the message names the role it takes.
    """
    lowest = _LOWEST.get(act, Role.OPERATOR)
    if actor.role < lowest:
        raise NotAllowedError(
            f"{actor.name} is {actor.role.name.lower()}; {act.value.replace('_', ' ')} takes "
            f"{lowest.name.lower()}. Ask an administrator."
        )


GROUP = "group:"
"""What a group's name is written after, to tell it from an address."""


def role_of(
    people: Mapping[str, Sequence[str]], *, address: str, groups: Iterable[str] = ()
) -> Role | None:
    """Return the highest role that somebody has, or None for a stranger.

    Args:
        people: Role's name → entries: ``ada@example.org``, ``*@example.org`` or ``group:finance``.
            Addresses are compared whatever their case, groups as they are.
        address: The person's verified email address; ``""`` matches no entry.
        groups: The groups the sign-in named.
    """
    names = _names_of(address) | {GROUP + group for group in groups}
    return max(
        (
            Role[role.upper()]
            for role, entries in people.items()
            if names & {_folded(entry) for entry in entries}
        ),
        default=None,
    )


def _names_of(address: str) -> set[str]:
    local, at, domain = address.strip().casefold().rpartition("@")
    return {f"{local}@{domain}", f"*@{domain}"} if local and at and domain else set()


def _folded(entry: str) -> str:
    entry = entry.strip()
    return entry if entry.startswith(GROUP) else entry.casefold()
