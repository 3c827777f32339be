"""Sponsors read a whole mail in one language, and staff a whole page, not half of it in ours."""

from __future__ import annotations

import ast
import io
import re
import string
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from po_toolkit.domain.translations import (
    DOCUMENTS,
    FOLDER,
    MESSAGES,
    Language,
    catalogue,
    languages,
    phrase,
)
from po_toolkit.domain.wording import named_rows
from tests.docs import messages

ROOT = Path(__file__).parents[2] / "po_toolkit"


def asked_for():
    """Every text that the package asks a catalogue for."""
    tree = ast.parse((ROOT / "invoicing" / "delivery.py").read_text("utf-8"))
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    calls = [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
    ]
    return {a.value if isinstance(a, ast.Constant) else constants[a.id] for a in calls}


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", sorted(languages() - {"en"}))
def test_every_text_is_translated_with_its_values(language):
    with (FOLDER / language / "LC_MESSAGES" / "po_toolkit.po").open("rb") as file:
        found = {m.id: m.string for m in read_po(file, locale=language) if m.id}
    assert set(found) == asked_for()
    assert all(text and fields(text) == fields(english) for english, text in found.items())


def test_the_languages_that_are_promised_are_there():
    assert languages() == {"en", "de", "fr", "es"}
    assert languages(DOCUMENTS) == {"en", "de", "fr", "es", "it", "nl"}


@pytest.mark.parametrize("language", sorted(languages(DOCUMENTS) - {"en"}))
def test_a_document_is_in_one_language_as_a_whole(language):
    """A label that one language lacks stands in English on a sponsor's invoice."""
    found = [catalogue(each, DOCUMENTS)._catalog for each in (language, "de")]
    assert set(found[0]) == set(found[1])
    assert all(fields(text) == fields(name) for name, text in found[0].items() if name)
    code = "".join(p.read_text("utf-8") for p in (ROOT / "reconcile").rglob("*.py"))
    plain = code.replace("_", " ").lower()
    assert [name for name in found[0] if name.lower() not in plain] == []


@pytest.mark.parametrize("name", messages.CATALOGUES)
@pytest.mark.parametrize("language", sorted(languages(messages.APP) - {"en"}))
def test_every_text_of_the_app_is_translated_with_its_values(language, name):
    """What is missing: run make messages, and translate what it leaves empty."""
    path = FOLDER / language / "LC_MESSAGES" / f"{name}.po"
    with path.open("rb") as file:
        found = [message for message in read_po(file, locale=language) if message.id]
    assert {m.id for m in found} == messages.CATALOGUES[name]()
    assert [m.id for m in found if m.fuzzy or not all(texts(m.string))] == []
    assert [
        m.id for m in found if any(fields(t) != fields(texts(m.id)[-1]) for t in texts(m.string))
    ] == []
    assert [m.id for m in found if edges(m.id) != edges(m.string)] == []
    written = io.BytesIO()
    messages.save(written, messages.update(language, name))
    assert written.getvalue() == path.read_bytes()


@pytest.mark.parametrize("language", sorted(languages(messages.APP) - {"en"}))
def test_a_message_is_found_again_with_its_values_whatever_else_it_resembles(language):
    """A refusal in English amid a German page is read last, by whoever needs it first."""
    texts, wrong = catalogue(language, MESSAGES), []
    for text in (t for t in messages.messages() if isinstance(t, str)):
        values = {name: f"V{n}" for n, name in enumerate(sorted(fields(text)))}
        values |= {name: "2-4, 7" for name in values if name == "row_numbers"}
        expected = texts.gettext(text).format(**values)
        if phrase(text.format(**values), language) != expected:
            wrong.append((text, phrase(text.format(**values), language)))
    assert wrong == []


@pytest.mark.parametrize(
    ("rows", "language", "begins"),
    [
        ([5], "de", "Zeile 5: Die Zellen "),
        ([2, 3, 4, 7], "de", "Zeilen 2-4, 7: Die Zellen "),
        ([2, 3, 4, 7], "fr", "Lignes 2-4, 7\u00a0: Les cellules "),
        (
            [*range(1, 40, 2)],
            "es",
            "Filas 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 …: Las celdas ",
        ),
    ],
)
def test_rows_are_named_in_the_singular_and_in_the_plural(rows, language, begins):
    """'Row 2-4 has' makes whoever reads it look for one row."""
    look = next(t for t in messages.messages() if str(t).startswith("The cells look like"))
    assert phrase(f"{named_rows(rows)}: {look}", language).startswith(begins)


@pytest.mark.parametrize(
    ("language", "but"),
    [
        ("de", "offen. Aber 15.00 USD fehlt"),
        ("fr", "sur PO-1. Mais il manque 15.00 USD"),
        ("es", "en PO-1. Pero faltan 15.00 USD"),
    ],
)
def test_what_speaks_against_a_match_begins_with_but(language, but):
    """Where a language turns the sentence round, "but" stays in front of it."""
    reason = "500.00 USD is outstanding on PO-1"
    against = "But 15.00 USD is missing, as when banks deduct charges"
    assert but in phrase(f"{reason}. {against}", language)


def test_a_message_keeps_what_people_typed_and_what_is_not_ours():
    whole = (
        "Payment of 1,000.00 USD from Paid (PO-7KQ2MX) through Stripe recorded. "
        "The purchase order is now partially paid."
    )
    assert phrase(whole, "de") == (
        "Zahlung über 1,000.00 USD von Paid (PO-7KQ2MX) über Stripe erfasst. "
        "Die Bestellung ist jetzt: Teilweise bezahlt."
    )
    assert phrase("Card declined: nothing was moved.", "de") == "Card declined: nothing was moved."
    credited = phrase("Credit note of 5.00 EUR issued to Acme: Overdue.", "de")
    assert credited == "Gutschrift über 5.00 EUR für Acme ausgestellt: Overdue."


@pytest.mark.parametrize("path", sorted(messages.UI.glob("*.py")), ids=lambda path: path.stem)
def test_a_page_has_no_sentence_that_is_not_marked_for_translation(path):
    """Write _("…") around what people read, and run make messages."""
    apart = set()
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            apart.update(ast.walk(node))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {
                "_",
                "N_",
                "ngettext",
                "formats.count",
                "log.error",
                "print",
                "re.compile",
            }:
                apart.update(inner for given in node.args for inner in ast.walk(given))
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in apart
    ]
    assert [text for text in found if SENTENCE.match(text) and text not in STORED] == []


SENTENCE = re.compile(r"[*:>\s]*[A-Z][a-z]+.* [a-z]|[a-z]+ [a-z]+ [a-z]+")
STORED = {"Sample data: ", "What is wrong"}
"""The name of the sample's import, and a column that its heading translates."""


def texts(message):
    return message if isinstance(message, tuple) else (message,)


def edges(message):
    """The spaces at both ends: parts of sentences are put together."""
    return {(t[:1] == " ", t[-1:] == " ") for t in texts(message)}


def test_dates_amounts_and_unknown_languages():
    say = Language.of("de-CH")
    assert say("Invoice {number}", number="A-1") == "Rechnung A-1"
    assert Language.of("de").money(123_450, "eur") == "1.234,50 EUR"
    assert Language.of("fr").day(date(2027, 3, 5)) == "5 mars 2027"
    assert Language.of("tlh")("Invoice {number}", number="A-1") == "Invoice A-1"
