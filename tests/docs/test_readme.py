"""What the README and the other pages say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.release_notes import changes

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    """A page that a link promises must be there."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_first_screen_of_the_readme_shows_the_two_commands() -> None:
    """Whoever looks for half a minute must find how to see it run."""
    first = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:20])
    assert "make demo" in first
    assert "make test" in first


def test_troubleshooting_quotes_messages_that_there_are() -> None:
    """Whoever searches the page for what they read must find it."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    sources = [ROOT / "Makefile", *(ROOT / "po_toolkit").rglob("*.py")]
    written = re.sub(r'"\s*f?"', "", "".join(path.read_text("utf-8") for path in sources))
    quoted = re.findall(r'\*\*"([^"]+)"', page)
    parts = [part.strip(" .'") for quote in quoted for part in " ".join(quote.split()).split("…")]
    assert len(quoted) > 8
    assert [part for part in parts if part not in written] == []


def test_make_help_names_every_target_that_people_call() -> None:
    """A target that nobody hears of is never run."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test", "check", "format", "docs"):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


def test_a_release_carries_its_own_changes_and_none_is_made_without() -> None:
    """Who upgrades must read what changed in this version, not in another."""
    log = "# Changes\n\n## Unreleased\n\n## 0.2.0 - 2027-01-31\n\n- New.\n\n## 0.1.0\n\n- Old.\n"
    assert changes("0.2.0", log) == "- New."
    assert changes("0.1.0", log) == "- Old."
    for missing in ("0.2", "0.3.0", "0x2.0"):
        with pytest.raises(ValueError, match="CHANGELOG"):
            changes(missing, log)
