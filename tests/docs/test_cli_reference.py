"""The command line explains itself; docs/cli.md and docs/settings.md are what the code says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docs import settings_reference
from tests.docs.cli_reference import commands, reference

ROOT = Path(__file__).parents[2]
ALL = list(commands())
LEAVES = [(words, command) for words, command in ALL if not getattr(command, "commands", {})]
NAMES = [" ".join(words) for words, _ in LEAVES]


def test_docs_cli_md_is_what_help_says() -> None:
    """Whoever reads the page instead of --help would be told about options that are gone."""
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == reference(), "run: make docs"


def test_docs_settings_md_is_the_settings_model() -> None:
    """A setting that no page names is found by nobody."""
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert written == settings_reference.reference(), "run: make docs"


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=NAMES)
def test_every_command_and_option_has_help_and_an_example(words: Any, command: Any) -> None:
    """An option without help is one that nobody dares to use on real money."""
    assert f"Example: po-toolkit {' '.join(words)}" in " ".join(command.help.split())
    for parameter in command.params:
        assert parameter.help or parameter.name == "help", parameter.name


def test_the_list_of_commands_is_not_cut_off() -> None:
    """A summary that ends in dots tells a newcomer nothing."""
    for words, group in ALL:
        inner = getattr(group, "commands", {})
        room = 74 - max((len(name) for name in inner), default=0)
        for name, command in inner.items():
            assert not command.get_short_help_str(limit=room).endswith("..."), (*words, name)


def test_the_commands_are_those_that_scripts_rely_on() -> None:
    """A renamed command breaks somebody's script."""
    promised = (
        "init demo template import invoice adopt sync payment credit-note cancel resend reconcile "
        "status webhook~serve stripe-sim"
    )
    assert {"~".join(words) for words, _ in LEAVES} >= set(promised.split())
