"""The language of a visit: its texts by gettext, its numbers and dates by CLDR.

English texts stand in the code and name their translations, which ``make messages`` collects in
``po_toolkit/locale/LANGUAGE/LC_MESSAGES/app.po``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache

import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from po_toolkit.api.terms import APP, catalogue, languages

_CHOSEN = "language"
_CURRENT = "language.current"
_SWITCHED = "language.switched"
_THIS_RUN: ContextVar[str] = ContextVar("language", default="")
"""The same as the session's, which takes long to ask for each text of a page."""


def N_(text: str) -> str:  # noqa: N802 gettext's name for it
    """Mark a text for translation where it stands; it is translated where it is shown."""
    return text


def _(english: str, /, **values: object) -> str:
    """Return a text in the visit's language, named by its English words, with its values put in."""
    text = catalogue(language(), APP).gettext(english) if english else ""
    return text.format(**values) if values else text


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the form of a text that goes with a number, which is put in as ``{n}``."""
    text = catalogue(language(), APP).ngettext(one, many, number)
    return text.format(n=whole(number), **values)


def translated(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of codes in the visit's language."""
    return {code: _(label) for code, label in labels.items()}


def whole(number: int) -> str:
    """Write a whole number with its separators."""
    return f"{number:,}" if language() == "en" else format_decimal(number, locale=locale())


def language() -> str:
    """Return the visit's language; English outside a visit."""
    return _THIS_RUN.get() or str(st.session_state.get(_CURRENT, "en"))


def locale() -> Locale:
    """Return where numbers and dates are written as in: the browser's, if it has the language."""
    browser = _browser()
    chosen = st.session_state.get(_CHOSEN) in _by_name()
    if chosen and browser.language != language():
        return Locale(language())
    return browser


def choose_language(default: str) -> None:
    """Show the choice of language, and settle what the rest of this run is written in.

    Args:
        default: The language that the settings name; ``""`` for each browser's own.
    """
    names, before = _by_name(), st.session_state.get(_CURRENT)
    own = default or _browser().language
    current = own if own in names.values() else "en"
    _settle(current)
    options = list(names)
    chosen = st.selectbox(
        _("Language"),
        options,
        options.index(next(name for name, code in names.items() if code == current)),
        key=_CHOSEN,
        bind="query-params",
    )
    _settle(names[chosen])
    st.session_state[_SWITCHED] = before not in (None, names[chosen])


def _settle(current: str) -> None:
    st.session_state[_CURRENT] = current
    _THIS_RUN.set(current)


def choices(name: str, labels: Mapping[str, str] | Iterable[str]) -> dict[str, str]:
    """Return the options of a widget with their labels, and choose what the address says.

    Streamlit writes the labels of choices into the address, never what they stand for, so that a
    colleague's link has them in the colleague's language. Call it before the widget.

    Args:
        name: The widget's key, which is its name in the address.
        labels: Its options with their English labels, or only these. The address may have either.
    """
    options = labels if isinstance(labels, Mapping) else {label: label for label in labels}
    shown = _in(language(), options)
    if name in st.session_state:
        if st.session_state[_SWITCHED]:  # the browser still has the labels of the other language
            st.session_state[name] = st.session_state[name]
        return shown
    said = st.query_params.get_all(name)
    named = {label: option for c in languages(APP) for option, label in _in(c, options).items()}
    named |= {option: option for option in options}
    meant = [shown[named[word]] for word in said if word in named]
    if meant and meant != said:
        st.query_params[name] = meant
        st.rerun()
    return shown


def _in(code: str, labels: Mapping[str, str]) -> dict[str, str]:
    return {option: catalogue(code, APP).gettext(label) for option, label in labels.items()}


@cache
def _by_name() -> dict[str, str]:
    """Return the languages by their own names."""
    names = {
        (Locale(code).get_display_name() or code).capitalize(): code for code in languages(APP)
    }
    return dict(sorted(names.items()))


def _browser() -> Locale:
    """Return the browser's locale, or American English where it names none."""
    try:
        return Locale.parse(st.context.locale or "en-US", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "US")
