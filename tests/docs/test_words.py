"""One word for one thing: what docs/glossary.md sets aside is in no text that people read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2] / "po_toolkit"

PHRASES = (
    "anew",
    "bears",
    "borne",
    "by ourselves",
    "cannot be told",
    "count from the next click",
    "does not add up",
    "e-mail",
    "begun before and goes on",
    "cannot be meant",
    "forgive",
    "has to do with no sponsor",
    "goes on by itself",
    "in hand",
    "which is no amount",
    "is no date",
    "is no way",
    "is no field",
    "is told",
    "made final",
    "mended",
    "mail draft",
    "mails the invoice",
    "news from stripe",
    "no method of payment",
    "nobody foresaw",
    "nobody known",
    "nothing fits",
    "once more",
    "not told",
    "of its own",
    "rows to mend",
    "set aside",
    "speaks against it",
    "still to come",
    "stopped short",
    "stops short",
    "take back",
    "taken back",
    "taken for",
    "taken over",
    "takes back",
    "tell stripe",
    "swallows",
    "the very same payment",
    "there already",
    "this has not the form",
    "to mend",
    "told of",
    "was told",
    "wait for its line",
    "waits for its line",
    "went a step on",
    "what is open on",
)
"""Phrases that no message, heading or button uses."""

NAMES = ("desk", "edge", "anew", "told", "mended", "untold", "standing")
"""Parts of names that no module, function or class of these rooms has."""

ROOMS = ("cli", "reconcile", "ui")

UNDERSTOOD = {"deliveries.py", "set_aside.py"}
"""Modules whose words are what people write in their files, not what they read."""

TEXTS = (
    "api", "cli", "demo", "domain", "invoicing", "jobs", "outbox.py", "config.py", "errors.py",
    "payments", "reconcile", "store", "stripe_gateway", "ui", "webhook",
)  # fmt: skip
"""What of the package writes messages; the importers' words are those of their files."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the string constants of a module that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.lineno, node.value


BANNED = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in PHRASES), re.IGNORECASE)


@pytest.mark.parametrize("room", TEXTS)
def test_no_text_uses_a_word_that_the_glossary_replaces(room: str) -> None:
    """Two words for one thing send a newcomer looking for a second thing."""
    place = ROOT / room
    paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
    found = [
        f"{path.name}:{line}: {text}"
        for path in paths
        if path.name not in UNDERSTOOD and "migrations" not in path.parts
        for line, text in texts(path)
        if " " in text and BANNED.search(text)
    ]
    assert found == []


def test_no_message_that_is_translated_uses_such_a_word() -> None:
    """The importers' questions and errors are in the catalogues with all others."""
    paths = (ROOT / "locale" / "de" / "LC_MESSAGES").glob("*.po")
    found = [text for path in paths for text in ids(path) if BANNED.search(text)]
    assert found == []


def ids(path: Path) -> Iterator[str]:
    """Yield the English texts of a catalogue."""
    with path.open("rb") as file:
        for message in read_po(file, locale="de"):
            yield from [message.id] if isinstance(message.id, str) else message.id


HE = re.compile(r"\b(?:he|him|his|himself)\b")
"""A sponsor, a treasurer and a reader are "they" or "you"."""

SENTENCES = ("cli", "invoicing", "stripe_gateway", "ui", "webhook")
"""Rooms whose messages begin in upper case after the name of what they are about."""


def test_no_text_takes_a_person_for_a_man() -> None:
    """Half of the readers are not meant."""
    found = [
        f"{path.name}:{line}: {text}"
        for path in sorted(ROOT.rglob("*.py"))
        for line, text in texts(path)
        if " " in text and HE.search(text)
    ]
    pages = [*ROOT.parent.glob("*.md"), *(ROOT.parent / "docs").rglob("*.md")]
    found += [
        f"{page.name}:{number}: {line.strip()[:90]}"
        for page in pages
        if page.name != "glossary.md"
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1)
        if HE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("room", SENTENCES)
def test_a_message_begins_in_upper_case_after_the_name_of_what_it_is_about(room: str) -> None:
    """``PO-7KQ2MX: Its invoice …``: a sentence that begins small looks cut off."""
    found = [
        f"{path.name}:{text.lineno}: {text.value}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr)
        for text in node.values
        if isinstance(text, ast.Constant) and re.match(r": [a-z]{2}", str(text.value))
    ]
    found += [
        f"{path.name}:{line}: {text}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in texts(path)
        if re.search(r"^\{\w+\}: [a-z]{2}", text)
    ]
    assert found == []


def test_no_document_uses_a_word_that_the_glossary_replaces() -> None:
    """A manual in other words than the app's is a second app to learn."""
    pages = [ROOT.parent / "README.md", *sorted((ROOT.parent / "docs").rglob("*.md"))]
    found = [
        f"{page.name}:{number}: {line.strip()[:90]}"
        for page in pages
        if page.name != "glossary.md"
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1)
        if BANNED.search(re.sub(r"`[^`]*`", "", line))
    ]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_uses_a_word_that_the_glossary_replaces(room: str) -> None:
    """The same for those who read the code."""
    found = []
    for path in sorted((ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        kinds = (ast.FunctionDef, ast.ClassDef)
        names = [path.stem, *(n.name for n in ast.walk(tree) if isinstance(n, kinds))]
        found += [f"{path.name}: {n}" for n in names if set(n.lower().split("_")) & set(NAMES)]
    assert found == []
