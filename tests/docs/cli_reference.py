"""Writes docs/cli.md from the commands' own --help: python tests/docs/cli_reference.py FILE."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from po_toolkit.cli import app

_HEAD = """\
# Commands

Written from each command's `--help` by `make docs`; a test keeps the two equal.

Scripts can rely on this: results stand alone on stdout and everything else on stderr; with
`--format json` amounts are decimal strings, dates ISO 8601 and currencies in lower case; the exit
code is 0 when all was done, 1 when the command failed, 2 for wrong usage, 3 when it was done in
part and each refused row or purchase order is named, 4 when `reconcile` found what `--fail-on`
names.

Settings come from the environment (`PO_TOOLKIT_DATABASE_URL`, `PO_TOOLKIT_STRIPE_API_BASE`,
`PO_TOOLKIT_CONFIG`), then from the table `[po_toolkit]` of the settings file.
`PO_TOOLKIT_CONFERENCE` stands for `--conference`, and `po-toolkit --install-completion` lets the
shell complete commands.
"""


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command's words and the command, the whole tool first."""

    def below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield words, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from below((*words, name), inner)

    yield from below((), get_command(app))


def reference() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for words, _ in commands():
        shown = CliRunner().invoke(
            app, [*words, "--help"], prog_name="po-toolkit", terminal_width=96
        )
        if shown.exit_code != 0:
            raise SystemExit(shown.output)
        name = " ".join(("po-toolkit", *words))
        lines = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
        parts.append(f"## {name}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
