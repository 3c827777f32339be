"""Texts in the reader's language: catalogues by gettext, dates and amounts by CLDR.

Sponsors' mails and the app have a catalogue each: ``po_toolkit.po`` and ``app.po``.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from po_toolkit.money import exponent, to_major

FOLDER = Path(__file__).parents[1] / "locale"
"""The catalogues of each language, as ``LANGUAGE/LC_MESSAGES/NAME.po``."""

MAILS = "po_toolkit"
"""The name of the catalogues of sponsors' mails."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its texts, dates and amounts."""

    locale: Locale

    @classmethod
    def of(cls, language: str) -> Language:
        """Return a language such as ``de`` or ``pt-BR``; English where it has no catalogue."""
        try:
            locale = Locale.parse((language or "en").replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            locale = Locale("en")
        return cls(locale if locale.language in languages() else Locale("en"))

    def __call__(self, english: str, **values: str) -> str:
        """Return a text, named by its English words, with its values put in."""
        return catalogue(self.locale.language).gettext(english).format(**values)

    def day(self, value: date) -> str:
        """Write a date with its month in letters: ``5 March 2027``."""
        if self.locale.language == "en":
            return f"{value.day} {value:%B %Y}"
        return str(format_date(value, "long", locale=self.locale))

    def money(self, minor: int, currency: str) -> str:
        """Write minor units with separators and the currency: ``1,234.50 USD``."""
        digits = exponent(currency)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        amount = format_decimal(to_major(minor, currency), pattern, locale=self.locale)
        return f"{amount} {currency.upper()}"


@cache
def languages(name: str = MAILS) -> frozenset[str]:
    """Return the languages that have a catalogue of this name, and English."""
    return frozenset({"en", *(path.parts[-3] for path in FOLDER.glob(f"*/LC_MESSAGES/{name}.po"))})


@cache
def catalogue(language: str, name: str = MAILS) -> gettext.NullTranslations:
    """Return a language's catalogue, compiled from its text; English has none."""
    path = FOLDER / language / "LC_MESSAGES" / f"{name}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
