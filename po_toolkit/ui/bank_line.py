"""One bank line beside what it may be: a person chooses, and the next line comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import streamlit as st

from po_toolkit.api.bank_matching import (
    Candidate,
    LineMatch,
    candidates,
    choose,
    exclude_line,
    undo_match,
)
from po_toolkit.api.terms import Act
from po_toolkit.errors import ConfirmationNeededError, DuplicateEntryError, PoToolkitError
from po_toolkit.ui import formats
from po_toolkit.ui.failures import show_error
from po_toolkit.ui.language import _
from po_toolkit.ui.session import Visit, wholly

_KEYS = "123456789"
"""The keys that match the candidates from the top."""


def show_line(line: LineMatch) -> None:
    """Show the line itself."""
    with st.container(border=True):
        amount = formats.amount(Decimal(line.amount), line.currency)
        st.markdown(
            _(
                "**{amount}**, booked {booked_on} (line {line})",
                amount=amount,
                booked_on=formats.day(line.booked_on),
                line=line.line,
            )
        )
        st.text(line.text)
        if line.state == "applied":
            st.markdown(
                _(
                    "Matched to **{references}**",
                    references=formats.plain(matched_to(line)),
                )
            )
        if line.state in ("applied", "set_aside") and line.evidence:
            st.caption(formats.message(line.evidence))


def matched_to(line: LineMatch) -> str:
    """Name what a line is matched to; of a payout its name, since its ID stands on no paper."""
    named = [_("Stripe payout") if r.startswith("po_") else r for r in line.references]
    return ", ".join(dict.fromkeys(named))


def decide(visit: Visit, line: LineMatch, after: Callable[[], None]) -> None:
    """Show what the line may be, and what a person can do about it.

    ``after`` is called once something is decided, before the page is shown again.
    """
    if not visit.may(Act.MATCH):
        st.caption(_("Your role can look at bank lines but not match them."))
        return
    if line.state in ("applied", "set_aside"):
        visit.keep(_ASKED, None)  # a reason that was asked for before somebody else decided
    if line.state == "applied":
        if st.button(_("Undo match"), shortcut="u", key=visit.key(f"bank.undo.{line.line}")):
            _attempt(visit, line, partial(undo_match, visit.opened, line.line), after)
    elif line.state == "set_aside":
        if st.button(_("Restore"), shortcut="u", key=visit.key(f"bank.restore.{line.line}")):
            _attempt(visit, line, partial(exclude_line, visit.opened, line.line, ""), after)
    else:
        _candidates(visit, line, after)


def _candidates(visit: Visit, line: LineMatch, after: Callable[[], None]) -> None:
    text = st.text_input(
        _("Search purchase orders, payments and payouts"),
        placeholder=_("Sponsor, number or reference"),
        key=visit.key(f"bank.search.{line.line}"),
    ).strip()
    found = candidates(visit.opened, line, text=text)
    _question(visit, line, found, after)
    for number in range(len(found)):
        _candidate(visit, line, found, number, after)
    if not found:
        st.info(
            _("No match. Search for another sponsor or number.")
            if text
            else _(
                "Nothing in the books has this currency and direction. Search, or exclude the line."
            ),
            icon=":material/search_off:",
        )
    if len(found) > 1:
        _several(visit, line, found, after)
    st.button(
        _("Exclude"),
        shortcut=shortcut(visit, line, "x"),
        on_click=visit.keep,
        args=(_ASKED, f"{line.line}"),
        key=visit.key(f"bank.exclude.{line.line}"),
    )

    def exclude(reason: str) -> None:
        act = partial(exclude_line, visit.opened, line.line, reason)
        _attempt(visit, line, act, after)

    title = _("Exclude this line: it is not a sponsor payment")
    hint = _("Reason, for example rent or interest")
    _ask_reason(visit, f"{line.line}", (title, hint, _("Exclude")), exclude)


def _candidate(
    visit: Visit,
    line: LineMatch,
    found: Sequence[Candidate],
    number: int,
    after: Callable[[], None],
) -> None:
    """Show one thing that the line may be, with its amount beside the line's."""
    candidate = found[number]
    key = f"{line.line}.{candidate.kind}.{candidate.key}"
    with st.container(border=True):
        amount = formats.amount(candidate.amount, line.currency)
        kind = {
            "order": _("open"),
            "entry": _("recorded"),
            "payout": _("to come"),
            "reversal": _("received"),
        }
        off = candidate.difference
        difference = formats.amount(abs(off), line.currency)
        fits = (
            _(":green-badge[Same amount]")
            if not off
            else (
                _(":orange-badge[{amount} more on the bank line]", amount=difference)
                if off > 0
                else _(":orange-badge[{amount} less on the bank line]", amount=difference)
            )
        )
        st.markdown(
            f"**{formats.message(candidate.title)}** · {amount} {kind[candidate.kind]} {fits}"
        )
        st.caption(" · ".join(map(formats.message, candidate.details.split(" · "))))
        for sign, reasons in (
            (":material/add_circle:", candidate.evidence_for),
            (":material/warning:", candidate.evidence_against),
        ):
            for reason in reasons:
                st.markdown(f"{sign} {formats.message(reason[:1].upper() + reason[1:])}")
        typed = _KEYS[number] if number < len(_KEYS) else None
        with st.container(horizontal=True):
            if st.button(
                _("Match"),
                type="secondary" if number or off else "primary",
                shortcut=shortcut(visit, line, typed),
                key=visit.key(f"bank.match.{key}"),
                help=formats.plain(
                    _(
                        "Match to {title}, {key}",
                        title=formats.localized(candidate.title),
                        key=candidate.key,
                    )
                ),
            ):
                _match(visit, line, [candidate], after)
            if candidate.may_write_off:
                first = not any(c.may_write_off for c in found[:number])
                _write_off(visit, line, candidate, after, typed="w" if first else None)


def _write_off(
    visit: Visit,
    line: LineMatch,
    candidate: Candidate,
    after: Callable[[], None],
    *,
    typed: str | None,
) -> None:
    """Offer to match and to write off the little that is missing."""
    short = formats.amount(abs(candidate.difference), line.currency)
    label = _("Match and write off {short}", short=short)
    key = f"{line.line}.{candidate.kind}.{candidate.key}"
    st.button(
        label,
        shortcut=shortcut(visit, line, typed),
        on_click=visit.keep,
        args=(_ASKED, key),
        key=visit.key(f"bank.write-off.{key}"),
    )

    def match(reason: str) -> None:
        _match(visit, line, [candidate], after, write_off=reason)

    hint = _("Reason, for example bank charges")
    _ask_reason(visit, key, (label, hint, _("Write off and match")), match)


_ASKED = "bank.reason"
"""For what a reason is asked, beginning with the line's number; None while no dialog is open."""

_TYPE_AT_ONCE = """<script>{
    const type = () => document.querySelector("[role=dialog] input")?.focus();
    requestAnimationFrame(() => requestAnimationFrame(type));
}</script>"""
"""Puts the cursor into the field of the dialog; Streamlit leaves it on the dialog's frame.

The braces let it run again: a second constant of the same name is an error in the page."""


def shortcut(visit: Visit, line: LineMatch, key: str | None) -> str | None:
    """Return the key of a button; none while a reason is typed, since its letters would press it.

    Streamlit heeds shortcuts wherever the cursor is not in a field.
    """
    asked = str(visit.recall(_ASKED) or "").partition(".")[0]
    return None if asked == str(line.line) else key


def _ask_reason(
    visit: Visit, key: str, texts: tuple[str, str, str], act: Callable[[str], None]
) -> None:
    """Ask for a reason in a dialog that Enter confirms; nothing is done without one.

    The texts are title, label of the field, and of the button.
    """
    if visit.recall(_ASKED) != key:
        return
    title, hint, button = texts

    @st.dialog(title, on_dismiss=lambda: visit.keep(_ASKED, None))
    def ask() -> None:
        with st.form(visit.key("bank.reason.form"), border=False):
            # Its own field for each line, since one of the same key may still hold the last reason.
            reason = st.text_input(hint, key=visit.key(f"bank.reason.{key}"))
            confirmed = st.form_submit_button(button, type="primary")
        st.html(_TYPE_AT_ONCE, unsafe_allow_javascript=True)
        if confirmed and _given(reason):
            visit.keep(_ASKED, None)
            act(reason.strip())

    ask()


def _several(
    visit: Visit, line: LineMatch, found: Sequence[Candidate], after: Callable[[], None]
) -> None:
    """Divide the line among several; the last takes what the others leave."""
    with st.expander(_("Match to several")):
        by_key = {f"{c.kind} {c.key}": c for c in found}
        chosen = st.multiselect(
            _("Purchase orders, recorded payments or payouts that this line pays together"),
            list(by_key),
            format_func=lambda key: (
                f"{formats.localized(by_key[key].title)}, {by_key[key].key}: "
                f"{formats.amount(by_key[key].amount, line.currency)}"
            ),
            key=visit.key(f"bank.several.{line.line}"),
        )
        picked = [by_key[key] for key in chosen]
        if len({c.kind for c in picked}) > 1:
            st.warning(_("Choose items of one kind only."), icon=":material/warning:")
        elif picked and st.button(
            _("Match {items}", items=formats.count(len(picked), "item")),
            key=visit.key(f"bank.do.several.{line.line}"),
        ):
            _match(visit, line, picked, after)


def _match(
    visit: Visit,
    line: LineMatch,
    chosen: Sequence[Candidate],
    after: Callable[[], None],
    **details: Any,
) -> None:
    """Match the line; a question that the books raise is kept until a person answers it."""
    kind, keys = chosen[0].kind, [c.key for c in chosen]
    arguments: dict[str, Any] = {}
    if kind == "order":
        shares: dict[str, Decimal | None] = {c.key: c.amount for c in chosen[:-1]}
        arguments["orders"] = shares | {keys[-1]: None}
    elif kind == "entry":
        arguments["entry"] = [int(key) for key in keys]
    elif kind == "payout":
        arguments["payout"] = keys
    else:
        arguments["reversal"] = int(keys[0])
    act = partial(choose, visit.opened, line.line, **arguments, **details)
    try:
        wholly(visit.key(f"bank.{line.line}"), lambda: _do(visit, line, act, after))
    except (ConfirmationNeededError, DuplicateEntryError) as error:
        asked = {"message": error.args[0], "names": error.questions, "kind": kind, "keys": keys}
        visit.keep(f"bank.question.{line.line}", asked | {"details": details})
        st.rerun()
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()


def _question(
    visit: Visit, line: LineMatch, found: Sequence[Candidate], after: Callable[[], None]
) -> None:
    """Ask what the books asked when the line was matched."""
    asked = visit.recall(f"bank.question.{line.line}")
    if not asked:
        return
    chosen = [c for c in found if c.kind == asked["kind"] and c.key in asked["keys"]]
    with st.container(border=True):
        st.warning(formats.message(str(asked["message"])), icon=":material/help:")
        with st.container(horizontal=True):
            yes = (
                _("It is another payment: match")
                if "again" in asked["names"]
                else _("Match anyway")
            )
            if chosen and st.button(yes, key=visit.key(f"bank.yes.{line.line}")):
                confirmed = dict.fromkeys(asked["names"], True)
                _match(visit, line, chosen, after, **asked["details"], **confirmed)
            if st.button(_("Choose something else"), key=visit.key(f"bank.no.{line.line}")):
                visit.keep(f"bank.question.{line.line}", None)
                st.rerun()


def _given(reason: str) -> bool:
    if not reason.strip():
        st.error(_("Enter a reason: it is kept with the line."), icon=":material/error:")
    return bool(reason.strip())


def _attempt(
    visit: Visit, line: LineMatch, act: Callable[[], object], after: Callable[[], None]
) -> None:
    try:
        wholly(visit.key(f"bank.{line.line}"), lambda: _do(visit, line, act, after))
    except PoToolkitError as error:
        show_error(error, visit)
        return
    st.rerun()


def _do(
    visit: Visit, line: LineMatch, act: Callable[[], object], after: Callable[[], None]
) -> None:
    act()
    visit.keep(f"bank.question.{line.line}", None)
    after()
