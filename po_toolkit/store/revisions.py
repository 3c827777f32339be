"""Which revision of the tables this release has, without loading the migration tool."""

from __future__ import annotations

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions() -> list[str]:
    """Return every revision, oldest first; a file is named by its revision."""
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def head_revision() -> str:
    """Return the revision that a database of this release has."""
    return known_revisions()[-1]
