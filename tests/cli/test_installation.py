"""What the tool says of itself, and what it must never say."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import get_args

import pytest
from typer.testing import CliRunner

from po_toolkit.cli import app
from po_toolkit.cli.console import print_table
from po_toolkit.cli.options import TableFormat
from po_toolkit.config import shown_url
from po_toolkit.logs import configure_logging, get_logger
from po_toolkit.reconcile import FORMATS
from tests.cli.workplace import Workplace

KEY = "sk_live_abcdefghijklmnop1234"


def test_status_before_init_creates_nothing_and_shows_no_key(work: Workplace) -> None:
    """Looking must be safe, and a screenshot of it must be too."""
    result = work.run("status", "--format", "json")
    found = json.loads(result.stdout)

    assert found["remedy"] == ["init"]
    assert not (work.folder / "books.db").exists()
    assert work.key not in result.output
    assert "abcdefghijkl" not in result.output
    assert found["conferences"][0]["stripe_secret_key"] == f"sk_test_…{work.key[-4:]}"


def test_init_is_safe_to_repeat_and_status_then_counts(work: Workplace) -> None:
    """An upgrade script runs init every time."""
    for _ in range(2):
        assert work.run("init").exit_code == 0
    reference = work.order()
    found = work.json("status")
    assert found["database"] == "ready"
    assert found["conferences"][0]["purchase_orders"] == {"draft": 1}, reference


def test_a_database_that_cannot_be_reached_is_told_in_one_line(work: Workplace) -> None:
    """A wrong password in a URL must neither be shown nor end in a traceback."""
    work.config.write_text(
        work.config.read_text().replace(
            f"sqlite:///{work.folder}/books.db", "postgresql://me:geheim@127.0.0.1:1/books"
        )
    )
    for words in (("init",), ("status",)):
        result = work.run(*words)
        assert result.exit_code == 1
        assert "geheim" not in result.output
        assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[po_toolkit\n", "TOML"),
        ('[po_toolkit.conferences.x]\nname = "X"\ncurrency = "usx"\n', "usx"),
        ('[po_toolkit.conferences.x]\nname = "X"\nsecret = 1\n', "secret"),
    ],
)
def test_a_mistake_in_the_settings_is_named(work: Workplace, text: str, told: str) -> None:
    """Whoever edits the settings must be told which line is wrong."""
    work.config.write_text(text)

    result = work.run("status")
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_no_log_line_shows_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs are mailed around and kept for years."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(logging.INFO)
        get_logger("test").info("called", key=KEY, nested={"a": [KEY]})
        logging.getLogger("library").warning("refused %s", f"Bearer {KEY} whsec_MfKQ9r8GKYq+rT/=")
        try:
            int(KEY)
        except ValueError:
            get_logger("test").exception("failed")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.count("sk_live_…") == 4
    assert "abcdefgh" not in shown.err
    assert "MfKQ9" not in shown.err


def test_an_error_shows_no_key(work: Workplace) -> None:
    """A key pasted into the wrong place must not come back in the error."""
    result = work.run("sync", "--conference", KEY)
    assert result.exit_code == 1
    assert "abcdefgh" not in result.output


def test_a_table_in_a_pipe_is_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A reference that was cut off cannot be used in the next command."""
    long = "A sponsor with a very long name indeed " * 8
    print_table(("Reference", "Organization"), [("PO-7KQ2MX", long)])
    assert capsys.readouterr().out.splitlines()[1] == f"PO-7KQ2MX  {long.strip()}"


def test_the_formats_are_those_of_the_reconciliation() -> None:
    """A format that the library writes must be there on the command line too."""
    assert set(get_args(TableFormat)) == set(FORMATS)


def test_help_and_version_need_no_settings() -> None:
    """The first thing anybody types must work in an empty folder."""
    runner = CliRunner()
    assert "Usage" in runner.invoke(app, ["--help"]).stdout
    assert "po-toolkit" in runner.invoke(app, ["--version"]).stdout
    assert "Did you mean 'import'" in runner.invoke(app, ["impot"]).stderr


SLOW = {
    "alembic",
    "dbos",
    "pandas",
    "psycopg",
    "pygments",
    "requests",
    "sqlalchemy",
    "starlette",
    "streamlit",
    "stripe",
    "structlog",
}
"""What a command that needs none of it must not wait for."""

SHOW_MODULES = """
import json, sys
from po_toolkit.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded_by(*words: str) -> list[str]:
    """Return the modules that a new process has loaded once a command has ended."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("words", [("--help",), ("invoice", "--help"), ("bank", "--help")])
def test_help_loads_hardly_more_than_the_command_line_itself(words: tuple[str, ...]) -> None:
    """Whoever asks for help, or presses Tab, must not wait for a database to be loaded."""
    modules = loaded_by(*words)
    assert {m.partition(".")[0] for m in modules} & (SLOW | {"rich", "sqlite3"}) == set()
    assert len(modules) < 300


@pytest.mark.parametrize("form", ["table", "json"])
def test_status_loads_no_database_library_and_nothing_of_stripe(work: Workplace, form: str) -> None:
    """A monitor that asks every minute must not cost a second of CPU each time."""
    assert work.run("init").exit_code == 0
    modules = loaded_by("--config", str(work.config), "status", "--format", form)
    assert {m.partition(".")[0] for m in modules} & SLOW == set()
    assert len(modules) < 550


def test_status_names_the_revision_that_the_migrations_end_at() -> None:
    """A status that calls a current database old sends people to repair what is whole."""
    from alembic.script import ScriptDirectory

    from po_toolkit.store.database import open_store
    from po_toolkit.store.revisions import head_revision, known_revisions
    from po_toolkit.store.schema import alembic_config

    script = ScriptDirectory.from_config(alembic_config(open_store("sqlite://")))
    assert script.get_current_head() == head_revision()
    assert {s.revision for s in script.walk_revisions()} == set(known_revisions())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///po_toolkit.db", "sqlite:///po_toolkit.db"),
        ("sqlite:////data/po.db", "sqlite:////data/po.db"),
        ("postgresql://me:geheim@db:5432/books", "postgresql://me:***@db:5432/books"),
        (
            "postgresql://me:ge@heim@db/books?sslmode=require",
            "postgresql://me:***@db/books?sslmode=require",
        ),
        ("postgresql:///books?user=me&password=geheim", "postgresql:///books?user=me&password=***"),
        ("postgresql://db/books", "postgresql://db/books"),
        ("geheim", "(no database address)"),
    ],
)
def test_a_shown_database_address_has_no_password(url: str, shown: str) -> None:
    """A screenshot of the status must be safe to send."""
    assert shown_url(url) == shown
