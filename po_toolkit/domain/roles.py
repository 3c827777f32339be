"""Who may do what. Checked in the function that acts, never only on a page."""

from __future__ import annotations

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
