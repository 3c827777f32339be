"""Every code and every column is documented, and no code is used that is not.

A treasurer looks a code up; a script relies on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import po_toolkit
from po_toolkit.importers.fields import FIELDS
from po_toolkit.importers.problems import ERRORS, WARNINGS

PACKAGE = Path(po_toolkit.__file__).parent
DOCUMENT = PACKAGE.parent / "docs" / "importing.md"

PLACE_OF_CODE = {"_wrong": 0, "_said": 0, "error": 2, "warn": 2, "note": 2, "RowProblem": 2}
"""Which argument of these calls is a code."""


def codes_in_use() -> Iterator[str]:
    for path in [*(PACKAGE / "importers").glob("*.py"), PACKAGE / "api" / "import_plan.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = PLACE_OF_CODE.get(name)
            named = [k.value for k in node.keywords if k.arg == "code"]
            if not named and place is not None:
                named = node.args[place : place + 1]
            for argument in named:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def documented(heading: str) -> dict[str, str]:
    """Return the rows of the table under a heading: code → meaning."""
    section = DOCUMENT.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.MULTILINE))


def test_every_code_in_use_is_listed() -> None:
    used = set(codes_in_use())
    assert len(used) > 25
    assert used <= ERRORS.keys() | WARNINGS.keys()


def test_every_code_is_documented_with_its_meaning() -> None:
    assert documented("Errors") == ERRORS
    assert documented("Warnings") == WARNINGS


def test_every_column_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in FIELDS if f"`{name}`" not in text] == []


def questions_asked() -> Iterator[str]:
    """Yield the text of every question of an import, with ``…`` for what the file says."""
    for path in (PACKAGE / "importers").rglob("*.py"):
        if path.parent.name == "bank":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("Question", "_ask_rows"):
                yield worded(node.args[{"Question": 2, "_ask_rows": 1}[name]])


def worded(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(worded, node.values))
    if isinstance(node, ast.BinOp):
        return worded(node.left) + worded(node.right)
    return "…"


def plain(text: str) -> str:
    return re.sub(r"[\s.,:;'()]*…[\s.,:;'()…]*", "…", text)


def test_every_question_is_documented_in_the_words_that_the_user_sees() -> None:
    section = DOCUMENT.read_text("utf-8").split("## Questions\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| .+ \|$", section, re.MULTILINE)
    listed = [plain(row) for row in rows if row not in ("Question", "---")]
    asked = [plain(text) for text in questions_asked() if text != "…"]
    assert len(asked) >= 12
    patterns = [".*".join(map(re.escape, text.split("…"))) for text in asked]
    missing = [
        t
        for t, p in zip(asked, patterns, strict=True)
        if not any(re.fullmatch(p, row) for row in listed)
    ]
    unknown = [row for row in listed if not any(re.fullmatch(p, row) for p in patterns)]
    assert (missing, unknown) == ([], [])
