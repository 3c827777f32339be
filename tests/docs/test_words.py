"""One word for one thing: what docs/glossary.md sets aside is in no text that people read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "po_toolkit"

PHRASES = (
    "anew",
    "count from the next click",
    "forgive",
    "has to do with no sponsor",
    "made final",
    "news from stripe",
    "nobody foresaw",
    "rows to mend",
    "still to come",
    "stopped short",
    "taken back",
    "taken for",
    "taken over",
    "the very same payment",
    "there already",
    "to mend",
    "went a step on",
)
"""Phrases that no message, heading or button uses."""

NAMES = ("desk", "edge", "anew", "told", "mended", "untold")
"""Parts of names that no module, function or class of these rooms has."""

ROOMS = ("cli", "reconcile", "ui")


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


@pytest.mark.parametrize("room", ["cli", "ui"])
def test_no_text_uses_a_word_that_the_glossary_replaces(room: str) -> None:
    """Two words for one thing send a newcomer looking for a second thing."""
    banned = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in PHRASES), re.IGNORECASE)
    found = [
        f"{path.name}:{line}: {text}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in texts(path)
        if banned.search(text)
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
