"""One word for one thing: what docs/glossary.md sets aside is in no text that people read."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2] / "po_toolkit"

PHRASES = (
    "alive or risen",
    "anew",
    "as each says",
    "as the conference says",
    "bears",
    "begun before and goes on",
    "bill it anew",
    "borne",
    "by ourselves",
    "byte for byte",
    "cannot be meant",
    "cannot be told",
    "changing hands",
    "count from the next click",
    "does not add up",
    "doubles nothing",
    "e-mail",
    "ends tls",
    "events, works them",
    "every move",
    "forgive",
    "goes on by itself",
    "has to do with no sponsor",
    "hears of",
    "how late",
    "in hand",
    "invoicing went",
    "is no date",
    "is no field",
    "is no way",
    "is outgrown",
    "is told",
    "is worked",
    "leave the rest",
    "left undone",
    "made final",
    "mail draft",
    "mails the invoice",
    "mended",
    "most lines",
    "news from stripe",
    "no method of payment",
    "nobody foresaw",
    "nobody known",
    "none of ours",
    "not told",
    "not worked",
    "noted as delivered",
    "nothing fits",
    "nothing speaks",
    "of its own",
    "of that overdue",
    "once more",
    "process beside itself",
    "refund ordered",
    "rows to mend",
    "set aside",
    "several fit",
    "speaks against it",
    "speaks against",
    "stays out as a whole",
    "still to come",
    "stopped short",
    "stops short",
    "swallows",
    "take back",
    "take it up",
    "taken back",
    "taken for",
    "taken in",
    "taken over",
    "taken unproven",
    "takes back",
    "takes over",
    "tell stripe",
    "the very same payment",
    "there already",
    "this has not the form",
    "to mend",
    "told of",
    "verifies signatures himself",
    "wait for its line",
    "waits for its line",
    "waits for you",
    "was said to be",
    "was told",
    "way to pay",
    "ways to pay",
    "went a step on",
    "what is open on",
    "what mends",
    "which is no amount",
    "wholly",
    "work that failed",
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

SHOWN = (
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md",
    "notebooks/*.ipynb", "po_toolkit/samples/*.csv", ".streamlit/*.toml", "deploy/**/*",
)  # fmt: skip
"""What people read beside the package; the glossary lists the words themselves."""


def modules(room: str) -> list[Path]:
    """Return the modules of a room, or the one module that it is."""
    place = ROOT / room
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


@cache
def texts(path: Path) -> list[tuple[int, str]]:
    """Return the string constants of a module that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


BANNED = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in PHRASES), re.IGNORECASE)


@pytest.mark.parametrize("room", TEXTS)
def test_no_text_uses_a_word_that_the_glossary_replaces(room: str) -> None:
    """Two words for one thing send a newcomer looking for a second thing."""
    found = [
        f"{path.name}:{line}: {text}"
        for path in modules(room)
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

SENTENCES = (
    "api", "bootstrap.py", "cli", "config.py", "context.py", "demo", "domain", "importers",
    "invoicing", "jobs", "payments", "reconcile", "store", "stripe_gateway", "ui", "webhook",
)  # fmt: skip
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
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr)
        for text in node.values
        if isinstance(text, ast.Constant) and re.match(r": [a-z]{2}", str(text.value))
    ]
    found += [
        f"{path.name}:{line}: {text}"
        for path in modules(room)
        for line, text in texts(path)
        if re.search(r"^\{\w+\}: [a-z]{2}", text)
    ]
    assert found == []


def test_each_finding_of_doctor_is_a_sentence() -> None:
    """No catalogue has them: whoever runs it reads them as they are written there."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "api" / "doctor.py").read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
    ]
    checks = [ast.unparse(call.args[0]) for call in calls]
    details = [ast.unparse(call.args[2]).strip("f'\"") for call in calls]
    assert len(calls) > 25
    assert [check for check in checks if ":" in check] == []
    sentence = re.compile(r"[A-Z{].*(?:[.}]|Run: po-toolkit [a-z -]+)")
    assert [d for d in details if " " in d and not sentence.fullmatch(d)] == []


def read_by_people() -> Iterator[tuple[str, str]]:
    """Yield where and what: each line of the documents, and the texts of the notebooks' cells."""
    paths = [path for place in SHOWN for path in sorted(ROOT.parent.glob(place)) if path.is_file()]
    for path in paths:
        if path.name == "glossary.md":
            continue
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{path.name}:{number}", re.sub(r"`[^`]*`", "", line)


def test_no_document_uses_a_word_that_the_glossary_replaces() -> None:
    """A manual in other words than the app's is a second app to learn."""
    found = [f"{at}: {line.strip()[:90]}" for at, line in read_by_people() if BANNED.search(line)]
    assert found == []


def test_the_help_of_every_command_uses_the_words_of_the_glossary() -> None:
    """It comes from docstrings, which the texts of a module leave out."""
    found = [
        f"{path.name}: {line.strip()[:90]}"
        for path in sorted((ROOT / "cli").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for line in (ast.get_docstring(node) or "").splitlines()
        if BANNED.search(line)
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
