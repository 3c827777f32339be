"""The language of a visit: its texts by gettext, its numbers and dates by CLDR.

English texts stand in the code and name their translations, which ``make messages`` collects in
``po_toolkit/locale/LANGUAGE/LC_MESSAGES/app.po``.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

from po_toolkit.api.terms import APP, catalogue, languages

_CHOSEN = "language"
_CURRENT = "language.current"


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
    return str(st.session_state.get(_CURRENT, "en"))


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
    names = _by_name()
    own = default or _browser().language
    current = own if own in names.values() else "en"
    st.session_state[_CURRENT] = current
    options = list(names)
    chosen = st.selectbox(
        _("Language"),
        options,
        options.index(next(name for name, code in names.items() if code == current)),
        key=_CHOSEN,
        bind="query-params",
    )
    st.session_state[_CURRENT] = names[chosen]


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
