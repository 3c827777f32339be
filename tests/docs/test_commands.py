"""Every command that a page or a help text shows is one that the command line takes, and works."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import po_toolkit
from tests.bank.statement import Entry, camt
from tests.cli.conftest import make_workplace, simulator, work
from tests.cli.test_json_schemas import CONTENT
from tests.cli.workplace import SLUG
from tests.docs.cli_reference import commands

__all__ = ["make_workplace", "simulator", "work"]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PARTS = [ROOT / "compose.yaml", *sorted((ROOT / "deploy").glob("*.service")), ROOT / "Dockerfile"]
PAGES.remove(ROOT / "docs" / "cli.md")
COMMANDS: dict[tuple[str, ...], Any] = dict(commands())
WORDS = re.compile(r"(?:^|[ /`(])po-toolkit((?: +(?:\"[^\"]*\"|'[^']*'|[^\s`|>&;#]+))+)")


def fenced(text: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the content of each block of a page."""
    language, inside = None, []
    for line in text.splitlines():
        fence = re.match(r" *```(\w*)", line)
        if fence and language is None:
            language, inside = fence[1], []
        elif fence:
            yield str(language), "\n".join(inside)
            language = None
        else:
            inside.append(line)


def blocks() -> Iterator[str]:
    """The lines of the pages' shell blocks, the examples of --help, and what services start."""
    for page in PAGES:
        for language, block in fenced(page.read_text("utf-8")):
            if language in {"", "sh", "cron"}:
                yield from re.sub(r"\\\n\s*", " ", block).splitlines()
    for command in COMMANDS.values():
        help_text = " ".join((command.help or "").split())
        yield from re.findall(r'Example: (po-toolkit (?:"[^"]*"|[^".,]|[.,](?=\S))*)', help_text)
    for part in PARTS:
        text = part.read_text("utf-8").replace('", "', " ").replace(", ", " ")
        yield from (line for line in text.splitlines() if "ExecStart" in line or "ommand:" in line)


def shown() -> list[str]:
    """Each command of :func:`blocks` once, without prompt, remark and redirection."""
    found = [
        m[1].strip().rstrip(",]") for line in blocks() for m in WORDS.finditer(line.split(" #")[0])
    ]
    return list(dict.fromkeys(c for c in found if c.split()[0] in {w[0] for w in COMMANDS if w}))


def spans() -> list[str]:
    """Each command in the running text of the pages, once; it may have placeholders."""
    block = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
    texts = [block.sub("", page.read_text("utf-8")) for page in PAGES]
    found = [" ".join(s.split()) for t in texts for s in re.findall(r"`(po-toolkit [^`]+)`", t)]
    return list(dict.fromkeys(c for c in found if "…" not in c))


def command_of(words: list[str]) -> tuple[str, ...]:
    return max((c for c in COMMANDS if tuple(words[: len(c)]) == c), key=len)


def test_there_are_commands_to_try() -> None:
    """A pattern that finds nothing proves nothing."""
    assert len(shown()) > 60
    assert len(spans()) > 15


@pytest.mark.parametrize("line", spans())
def test_a_command_in_the_text_exists_with_its_options(line: str) -> None:
    """A reader types what the page says, and must not be told that there is no such option."""
    words = shlex.split(line)[1:]
    command = command_of(words)
    assert command, line
    known = {option for p in COMMANDS[command].params for option in p.opts}
    assert {w for w in words if w.startswith("--")} <= known


@pytest.mark.parametrize("line", shown())
def test_a_command_of_an_example_is_parsed_by_the_command_line(
    line: str, tmp_path, monkeypatch
) -> None:
    """A missing argument or a value that is refused stops a newcomer at the first line."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    command = command_of(words)
    rest = words[len(command) :]
    Path("drill").mkdir()
    for name in re.findall(r"\S+\.(?:xlsx|csv|xml)", " ".join(rest)):
        Path(name).touch()
    COMMANDS[command].make_context(" ".join(command), rest)


LEFT_OUT = {
    "accept": "the discrepancy is one of the reader's own",
    "adopt": "the invoice is one of the reader's own",
    "archive": "it would take the others' data away",
    "bank apply": "the line is one of the reader's own; tests/bank applies lines",
    "bank accept": "so is the statement",
    "bank exclude": "so is the line",
    "bank remove": "so is the statement",
    "bank undo": "so is the line",
    "app": "it serves until it is stopped",
    "copy-database": "its target is a server; tests/operations copies to PostgreSQL",
    "doctor": "it finds what a test's folder lacks",
    "notify": "it needs a chat or a mail server; tests/operations has both",
    "demo": "tests/docs/test_package.py plays it",
    "rename": "the old name is the reader's",
    "forget": "it asks at a terminal",
    "setup": "it asks its questions at a terminal",
    "reverse": "the entry is one of the reader's own",
    "stripe-check": "tests/gateway/test_stripe_check.py runs it",
    "stripe-sim": "it serves until it is stopped",
    "webhook serve": "so does this",
    "worker": "and this",
}


SAMPLE = Path(po_toolkit.__file__).parent / "samples" / "sponsors-2027.csv"
HAND_OVER = """[po_toolkit.conferences.pycon-2027.e_invoice]
hand_over = "access-point"
endpoint = "9930:DE123456789"
"""

DATES = {"2027-01-01": "2026-01-01", "2027-03-31": "2026-03-31"}
"""Days of the pages that may not have come yet."""

DEALS = b"""Account,Deal ID,Email,Item,Amount
Zenith Ltd,Z-1,ap@zenith.example,Booth,500.00
"""

SPONSOR = {
    "organization_name": "Acme AG",
    "po_number": "",
    "billing_address": "Example Street 1, 10115 Berlin, Germany",
    "buyer_reference": "04011000-12345-67",
    "e_invoice_address": "0088:4012345000009",
}


def prepared(line: str, work) -> list[str]:
    """Make what the reader of a command has already, and return the command's words."""
    if line.startswith("import "):
        shutil.copy(SAMPLE, "sponsors.csv")
        Path("deals.csv").write_bytes(DEALS)
    words = [DATES.get(word, word) for word in shlex.split(line)]
    if "PO-7KQ2MX" not in line:
        return words
    reference = work.order(1_000_000, **SPONSOR)
    at = ("invoice", "--conference", SLUG, "--po", reference)
    if "--delivery" not in line:
        ourselves = ("--delivery", "ourselves") if "--done" in line else ()
        found = work.json(*at, *ourselves)["results"][0]["stripe_invoice_id"]
        if line.startswith("refund"):
            work.simulator.control.pay(found, account=work.key)
            work.json("sync", "--conference", SLUG)
        if "--credit-note" in line:
            work.json("credit-note", reference, "--amount", "10", "--reason", "Smaller")
    return [word.replace("PO-7KQ2MX", reference) for word in words]


def test_the_commands_of_the_pages_do_what_they_say(work, monkeypatch, subtests) -> None:
    """An example that fails as written teaches that the rest is wrong too."""
    monkeypatch.chdir(work.folder)
    with work.config.open("a") as settings:
        settings.write(CONTENT.replace("[po_toolkit.conferences.pycon-2027.e_invoice]", HAND_OVER))
    Path("drill").mkdir()
    Path("access-point").mkdir()
    pd.read_csv(SAMPLE).to_excel("sponsors.xlsx", index=False)
    Path("march.xml").write_bytes(camt([Entry(date(2026, 3, 1), Decimal("7.00"), "INTEREST")]))
    for line in shown():
        if " ".join(command_of(shlex.split(line))) in LEFT_OUT:
            continue
        with subtests.test(line):
            done = work.run(*prepared(line, work), stdin="")
            wanted = {0, 4 if "--fail-on" in line else 3 if line.startswith("month-end") else 0}
            assert done.exit_code in wanted, (done.output, done.exception)
