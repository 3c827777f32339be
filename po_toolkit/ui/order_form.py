"""What the forms of one purchase order's acts share: consent, amounts, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zlib import crc32

import streamlit as st

from po_toolkit.api.ledger import MoneyResult
from po_toolkit.api.reports import PurchaseOrderStory
from po_toolkit.api.terms import Status
from po_toolkit.errors import (
    ConfirmationNeededError,
    DuplicateEntryError,
    PoToolkitError,
    PurchaseOrderError,
)
from po_toolkit.ui import formats, typed
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit, wholly


def turn(visit: Visit) -> int:
    """Return how many acts were done in this visit; a new turn has empty forms."""
    done: int = visit.recall("order.turn") or 0
    return done


def show_outcome(visit: Visit) -> None:
    """Say once what came of the last act."""
    name = "order.message"
    message = visit.recall(name)
    if message:
        st.success(message, icon=":material/check_circle:")
        visit.keep(name, None)


def happened_since(visit: Visit, story: PurchaseOrderStory, *, form_open: bool) -> str:
    """Return in words what others did since the form was last shown; "" when that is nothing.

    An act that is pressed in the same run is not done: see :func:`perform`.
    """
    name = _seen(visit)
    seen = visit.recall(name)
    new = [e for e in story.events if seen is not None and (e.at, e.text) not in seen]
    visit.keep(name, {(e.at, e.text) for e in story.events})
    visit.keep(_STALE, form_open and bool(new))
    return "; ".join(
        f"{formats.localized(e.text)} ({formats.plain(formats.person(e.actor))})"
        if e.actor
        else formats.localized(e.text)
        for e in new[-3:]
    )


def forget_seen(visit: Visit) -> None:
    """Take whatever the history says next as seen: the visitor's own act wrote it."""
    visit.keep(_seen(visit), None)


def _seen(visit: Visit) -> str:
    return f"order.seen.{turn(visit)}"


_STALE = "order.stale"
"""Whether the form that is open was filled in before what the page shows now."""


def perform(
    visit: Visit, act: Callable[..., str], answers: Mapping[str, bool] = MappingProxyType({})
) -> None:
    """Perform an act; show its result above an emptied form, or its error below this one.

    Nothing is done from a form that somebody else's act has overtaken; the page says so above it.
    The answers, see :func:`confirmed`, are given to the act where it asks just what they answer.
    """
    if visit.recall(_STALE):
        return

    def done() -> None:
        visit.keep("order.message", _with_answers(visit, act, answers))
        visit.keep("order.turn", turn(visit) + 1)

    try:
        wholly(visit.key("order.act"), done)
    except (DuplicateEntryError, ConfirmationNeededError) as error:
        asked = visit.recall(_asked(visit)) or {}
        visit.keep(_asked(visit), asked | dict.fromkeys(error.questions, str(error)))
        st.rerun()
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()


def _with_answers(visit: Visit, act: Callable[..., str], answers: Mapping[str, bool]) -> str:
    """Perform an act; a confirmed question is not answered for what was changed since."""
    asked, given = visit.recall(_asked(visit)) or {}, dict[str, bool]()
    while True:
        try:
            return act(**given)
        except (DuplicateEntryError, ConfirmationNeededError) as error:
            new = set(error.questions) - given.keys()
            if not new or not all(answers.get(n) and asked[n] == str(error) for n in new):
                raise
            given |= dict.fromkeys(new, True)


def _asked(visit: Visit) -> str:
    """Name what the books asked when the open form was sent: each question by its name."""
    return f"order.asked.{turn(visit)}"


def confirmed(visit: Visit, boxes: Mapping[str, str]) -> dict[str, bool]:
    """Show what the books asked about what was entered, each with the box that confirms it.

    Args:
        visit: The visit.
        boxes: The name of each question that may be asked, and the label of its box.

    Returns:
        Whether each that was asked is confirmed.
    """
    asked = visit.recall(_asked(visit)) or {}
    for question in dict.fromkeys(asked.values()):
        st.warning(formats.message(question), icon=":material/help:")
    return {
        name: st.checkbox(label, key=visit.key(f"order.sure.{name}.{crc32(asked[name].encode())}"))
        for name, label in boxes.items()
        if name in asked
    }


def forget_questions(visit: Visit) -> None:
    """Ask nothing of the next form."""
    visit.keep(_asked(visit), None)


def submit(visit: Visit, label: str) -> bool:
    """Show a form's button; in live mode it takes a tick, since it reaches a real account."""
    live = visit.opened.settings.mode == "live"
    sure = not live or st.checkbox(
        _("Yes, in the real Stripe account of {name}", name=visit.opened.settings.name)
    )
    pressed = st.form_submit_button(label, type="primary")
    if pressed and not sure:
        st.error(_("Tick the box first: this reaches a real Stripe account."))
    return pressed and sure


def amount_field(visit: Visit, name: str, label: str, proposed: Decimal) -> str:
    """Show a field for an amount in major units, filled with what is likely, if anything is.

    Its key keeps what was typed when something else is likely meanwhile.
    """
    key = visit.key(f"order.amount.{name}.{turn(visit)}")
    return st.text_input(label, value=typed.written(proposed) if proposed > 0 else "", key=key)


def call_fields(visit: Visit) -> dict[str, Any]:
    """Show the fields of a call; return what :func:`log_call` takes."""
    return {
        "note": st.text_input(_("What was said")),
        "promised_on": st.date_input(
            _("Promised to pay by"),
            value=None,
            min_value=visit.opened.today(),
            format=formats.date_format(),
        ),
    }


def reason_field(label: str) -> str:
    """Show a field for the reason of an act; see :func:`refuse_without_reason`."""
    return st.text_input(label).strip()


def refuse_without_reason(reason: str) -> None:
    """Refuse an act that has no reason.

    Raises:
        PurchaseOrderError: It is empty.
    """
    if not reason:
        raise PurchaseOrderError("Enter a reason: it is kept in the history.", code="no_reason")


def stands(result: MoneyResult) -> str:
    """Say how a purchase order stands now."""
    status = formats.inner(formats.status(result.status))
    if result.status == Status.CANCELLED:
        now = _("{reference} is now {status}.", reference=result.reference, status=status)
    else:
        now = _(
            "{reference} is now {status}, balance {balance}.",
            reference=result.reference,
            status=status,
            balance=formats.amount(result.balance, result.currency),
        )
    return f"{now} {formats.message(result.remark)}".strip()
