"""docs/security.md: every line of the threat model names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_threat_names_a_test_that_exists():
    """A protection without a test is a hope."""
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = [r for r in text.splitlines() if r.startswith("| ") and not r.startswith("| threat")]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text("utf-8"))
            there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert name in there, f"{path} has no {name}"
