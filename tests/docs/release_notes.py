"""Prints the changes of the version in pyproject.toml, for a release: python -m …release_notes."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def changes(version: str, changelog: str) -> str:
    """Return what CHANGELOG.md says of a version.

    Raises:
        ValueError: It has no such heading, or nothing below it.
    """
    heading = rf"^## \[?{re.escape(version)}\]?( [^\n]*)?\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[2].strip():
        raise ValueError(
            f"CHANGELOG.md has no changes for {version}. Write '## {version} - YYYY-MM-DD' under "
            f"'## Unreleased', above the changes of this release."
        )
    return found[2].strip()


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    try:
        sys.stdout.write(
            changes(project["version"], (ROOT / "CHANGELOG.md").read_text("utf-8")) + "\n"
        )
    except ValueError as error:
        sys.exit(str(error))
