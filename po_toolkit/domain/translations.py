"""Texts in the reader's language: catalogues by gettext, dates and amounts by CLDR.

Sponsors' mails, the app's own texts and the messages that the app shows have a catalogue each:
``po_toolkit.po``, ``app.po`` and ``messages.po``. Messages are made, logged and stored in English;
:func:`phrase` finds which text of the catalogue one was made from, and puts its values into the
translation.
"""

from __future__ import annotations

import gettext
import io
import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
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

DOCUMENTS = "documents"
"""The name of the catalogues of our own invoices, credit notes and statements."""

APP = "app"
"""The name of the catalogues of the app."""

MESSAGES = "messages"
"""The name of the catalogues of messages."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its texts, dates and amounts."""

    locale: Locale
    texts: gettext.NullTranslations

    @classmethod
    def of(cls, language: str, name: str = MAILS) -> Language:
        """Return a language such as ``de`` or ``pt-BR``; English where it has no catalogue."""
        try:
            locale = Locale.parse((language or "en").replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            locale = Locale("en")
        locale = locale if locale.language in languages(name) else Locale("en")
        return cls(locale, catalogue(locale.language, name))

    def __call__(self, english: str, **values: str) -> str:
        """Return a text, named by its English words, with its values put in.

        One that the catalogue does not have stays as it is.
        """
        text = self.texts.gettext(english) if english else ""
        return text.format(**values) if values else text

    def day(self, value: date | None) -> str:
        """Write a date with its month in letters: ``5 March 2027``; or nothing."""
        if value is None:
            return ""
        if self.locale.language == "en":
            return f"{value.day} {value:%B %Y}"
        return str(format_date(value, "long", locale=self.locale))

    def amount(self, minor: int, currency: str) -> str:
        """Write minor units with separators: ``1,234.50``."""
        digits = exponent(currency)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(to_major(minor, currency), pattern, locale=self.locale))

    def money(self, minor: int, currency: str) -> str:
        """Write minor units with separators and the currency: ``1,234.50 USD``."""
        return f"{self.amount(minor, currency)} {currency.upper()}"


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


@lru_cache(maxsize=4096)
def phrase(text: str, language: str) -> str:
    """Return a message in a language, its values kept; what is not ours stays as it is.

    Several sentences in a row are several messages, and a value may be a message again.
    """
    whole = _translated(text, language)
    if whole is not None:
        return whole
    ends = [found.end() for found in _BETWEEN.finditer(text)]
    for end in reversed(ends):
        first = _translated(text[:end].rstrip(), language)
        if first is not None:
            return f"{first} {phrase(text[end:], language)}"
    if ends:
        return text[: ends[0]] + phrase(text[ends[0] :], language)
    return text


_BETWEEN = re.compile(r"(?<=[.:;?!]) ")


def _translated(text: str, language: str) -> str | None:
    """Translate what was made from one text of the catalogue; None where it was not."""
    bare = text.rstrip(".:;")
    small = bare[:1].lower() + bare[1:]
    forms = tuple(dict.fromkeys((bare, text, small, f"{bare}.", f"{small}.")))
    words, found = _filled(forms, language)
    if words in (f"{bare}.", f"{small}.") and not text.endswith("."):
        words, found = words.removesuffix("."), found.removesuffix(".")
    if not found and not text.endswith("."):
        words, found = bare, _named(bare, language)
    if not found:
        return None
    mark = text[len(words) :]
    space = "\u00a0" if language == "fr" and mark in (":", ";") else ""
    big = text[:1].isupper() and words[:1].islower()
    return (found[:1].upper() + found[1:] if big else found) + space + mark


def _filled(forms: tuple[str, ...], language: str) -> tuple[str, str]:
    """Return the form that is a message with its values, and its translation; else ``""``."""
    texts = catalogue(language, MESSAGES)
    for own, pattern, one, many in _templates(language):
        for words in forms:
            match = pattern.fullmatch(words) if own in words else None
            if match is None:
                continue
            values = match.groupdict()
            form = texts.gettext(one)
            if many:
                form = texts.ngettext(one, many, int(values["n"].replace(",", "")))
            return words, form.format(
                **{n: v if n in _AS_GIVEN else _listed(v, language) for n, v in values.items()}
            )
    return "", ""


def _listed(value: str, language: str) -> str:
    """Translate a value, which may be a list of names in quotation marks or of references.

    A reference may have a remark in brackets, which is translated with it.
    """
    if _LIST.fullmatch(value) is None:
        return phrase(value, language)
    return "".join(
        (phrase(item, language) if item.endswith(")") else item)
        + (f" {phrase(word, language)} " if (word := joint.strip(" ,")) else joint)
        for item, joint in _PARTS.findall(value)
    )


_ITEM = r"(?:'[^']*'|(?:[A-Z]+-\w+|p[oy]_\w+)(?: \([^()]*\))?)"
_LIST = re.compile(rf"{_ITEM}(?:(?:, | and | or ){_ITEM})+")
_PARTS = re.compile(rf"({_ITEM})(, | and | or |$)")


def _named(words: str, language: str) -> str:
    """Translate the name of a status, a kind or a column as the app does, or return ``""``."""
    app = catalogue(language, APP)
    for name in (words, words[:1].upper() + words[1:]):
        found = app.gettext(name) if name else ""
        if found != name:
            small = words[:1].islower() and language != "de"
            return found[:1].lower() + found[1:] if small else found
    return ""


_AS_GIVEN = frozenset(
    {"whose", "organization_name", "file_name", "text", "other", "note", "reason", "reference"}
)
"""Values that people typed: a sponsor named Paid keeps its name."""


@cache
def _templates(language: str) -> list[tuple[str, re.Pattern[str], str, str]]:
    """Return the longest words, a pattern and the ids of each text, those with most words first.

    A number with its noun is known by either form of the noun. Of two values without a word
    between them the first has no space. A value in a part of a sentence goes no further than it.
    """
    path = FOLDER / language / "LC_MESSAGES" / f"{MESSAGES}.po"
    if not path.is_file():
        return []
    with path.open("rb") as file:
        ids = [message.id for message in read_po(file, locale=language) if message.id]
    found = []
    for each in ids:
        one, many = (each, "") if isinstance(each, str) else each
        for form in filter(None, (one, many)):
            parts = _FIELD.split(form.replace("{{", "{").replace("}}", "}"))
            pattern = re.escape(parts[0])
            for name, after in zip(parts[1::2], parts[2::2], strict=True):
                value = "[0-9,]+" if many else ".*?" if after or name == parts[-2] else r"\S*"
                value = {"whose": "(?:(?!: ).)*?", "row_numbers": r"\d[\d, …-]*"}.get(name, value)
                if value == ".*?" and _SENTENCE.search(form) is None:
                    value = "(?![Bb]ut )(?:(?!; |\\. But ).)*?"
                pattern += f"(?P<{name}>{value}){re.escape(after)}"
            own = parts[::2]
            compiled = re.compile(pattern, re.DOTALL)
            found.append((sum(map(len, own)), max(own, key=len), compiled, one, many))
    found.sort(key=lambda each: (-each[0], -len(each[3])))
    return [each[1:] for each in found]


_SENTENCE = re.compile(r"\.$|[.:;] ")
_FIELD = re.compile(r"\{(\w+)\}")
