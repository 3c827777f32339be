"""Collects what the app shows into its catalogues: python -m tests.docs.messages.

Texts marked with ``_``, ``N_``, ``ngettext`` and ``words.count`` in ``po_toolkit/ui``, and the
labels that the app takes from the layers below. What is translated stays; what is gone goes.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from po_toolkit.api.terms import (
    BUCKET_LABELS,
    DISCREPANCY_TITLES,
    STATUS_LABELS,
    WAYS,
    label,
    way_words,
)
from po_toolkit.domain.translations import FOLDER, languages

UI = Path(__file__).parents[2] / "po_toolkit" / "ui"
APP = "app"

_UNFILLED = (
    b'"Report-', b'"POT-', b'"PO-', b'"Last-', b'"Language-T', b'"Generated-', b'"Project-',
)  # fmt: skip

Message = str | tuple[str, str]

CODES = (
    "ach", "ach_credit_transfer", "amount", "bank_transfer", "bill_to", "check", "cancelled",
    "created", "credit", "credit_note", "credit_note_voided", "debit", "dispute",
    "dispute_reinstated", "draft", "failed", "invoiced", "open", "other", "paid", "payment",
    "payment_reversal", "refund", "refund_failed", "sent", "skipped", "stripe", "transfer",
    "uncollectible", "void", "wire",
)  # fmt: skip
"""Codes that pages show by ``words.label``."""

LABELS = (
    *STATUS_LABELS.values(),
    *BUCKET_LABELS.values(),
    *DISCREPANCY_TITLES.values(),
    *map(way_words, WAYS),
    *map(label, CODES),
    "point",
    "comma",
    "Day",  # of a chart
)
"""Labels from below that pages translate where they show them."""


def marked(path: Path) -> Iterator[Message]:
    """Yield the texts that a module marks for translation."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        if name in {"_", "N_"} and texts:
            yield texts[0]
        elif name == "ngettext" and len(texts) == 2:
            yield texts[0], texts[1]
        elif name == "count" and len(node.args) > 1 and texts:
            noun, plural = texts if len(texts) == 2 else (texts[-1], f"{texts[-1]}s")
            yield f"{{n}} {noun}", f"{{n}} {plural}"


def asked_for() -> set[Message]:
    """Return every text that the app asks its catalogues for."""
    found: set[Message] = {text for path in UI.glob("*.py") for text in marked(path)}
    plurals = {form for text in found if isinstance(text, tuple) for form in text}
    return {text for text in found if text not in plurals} | {*LABELS}


def update(language: str) -> Catalog:
    """Return a language's catalogue with exactly the texts that are asked for."""
    path = FOLDER / language / "LC_MESSAGES" / f"{APP}.po"
    old = Catalog(language)
    if path.is_file():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(language, project="po-toolkit", header_comment="", fuzzy=False)
    for text in asked_for():
        kept = old.get(text if isinstance(text, str) else text[0])
        new.add(text, kept.string if kept else None)
    return new


def save(file: IO[bytes], catalog: Catalog) -> None:
    """Write a catalogue, its header without what nobody fills in."""
    written = io.BytesIO()
    write_po(written, catalog, sort_output=True, width=100)
    lines = written.getvalue().splitlines(keepends=True)
    file.writelines(line for line in lines if not line.startswith(_UNFILLED))


def write() -> None:
    """Write every catalogue of the app again, its texts in the order of the alphabet."""
    for language in sorted(languages(APP) - {"en"}):
        catalog = update(language)
        with (FOLDER / language / "LC_MESSAGES" / f"{APP}.po").open("wb") as file:
            save(file, catalog)


if __name__ == "__main__":
    write()
