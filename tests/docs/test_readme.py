"""What the README and the other pages say is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.docs.cli_reference import commands

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMANDS: dict[tuple[str, ...], Any] = dict(commands())


def shown_commands() -> list[str]:
    """Every `po-toolkit …` line in the pages' shell blocks."""
    return [
        line.strip()
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.strip().startswith("po-toolkit ")
    ]


@pytest.mark.parametrize("line", shown_commands())
def test_a_command_that_a_page_shows_exists_with_its_options(line: str) -> None:
    """A newcomer types what the page says, and must not be told that there is no such option."""
    words = shlex.split(line, comments=True)[1:]
    command = max((c for c in COMMANDS if tuple(words[: len(c)]) == c), key=len)
    assert command, line
    known = {option for p in COMMANDS[command].params for option in p.opts}
    assert {w for w in words if w.startswith("--")} <= known


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


def test_make_help_names_every_target_that_people_call() -> None:
    """A target that nobody hears of is never run."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test", "check", "format", "docs"):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target
