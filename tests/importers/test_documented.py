"""Every code and every column is documented, and no code is used that is not.

A treasurer looks a code up; a script relies on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import po_toolkit
from po_toolkit.importers.names import FIELDS
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
