"""Exit codes, messages, results and progress: how every command speaks to the terminal."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from po_toolkit.errors import PoToolkitError, Reason, SettingsError
from po_toolkit.logs import redact

if TYPE_CHECKING:
    from po_toolkit.api.opening import OpenConference
    from po_toolkit.config import Settings

FAILED = 1
WRONG_USAGE = 2
PARTIAL = 3
FOUND = 4
"""What ``reconcile --fail-on`` names was found."""


class Commands(TyperGroup):
    """The commands, with every expected failure told in one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; exits 1 when it fails in an expected way."""
        try:
            return super().invoke(ctx)
        except PoToolkitError as error:
            complain(error.reason)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise
        except BrokenPipeError:
            raise
        except OSError as error:
            complain(_os_error(error))
        except Exception as error:
            reason = database_error(error)
            if not reason:
                raise
            complain(
                f"The database cannot be used: {reason}. Check database_url in the settings "
                f"(po-toolkit status shows it), or the address given with --to."
            )
        raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Write an error to stderr, with the command that solves it where the message knows one."""
    typer.echo(f"Error: {redact(message)}", err=True)
    suggest(message)


def suggest(*reasons: str) -> None:
    """Write to stderr the commands that solve what these reasons say, each once."""
    remedies = [r.remedy for r in reasons if isinstance(r, Reason) and r.remedy is not None]
    both = [way for r in remedies for way in (r, r.otherwise) if way is not None]
    for remedy in dict.fromkeys(both):
        typer.echo(f"{remedy.label}: {redact(remedy.command_line)}", err=True)


def remark(message: str) -> None:
    """Write a remark for the person at the terminal to stderr."""
    typer.echo(redact(message), err=True)


def wrong_usage(message: str) -> NoReturn:
    """End the command with exit code 2: it was called in a way that cannot be right."""
    complain(message)
    raise typer.Exit(WRONG_USAGE)


def _os_error(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def database_error(error: Exception) -> str:
    """Return in one line why the database cannot be used, or nothing for any other error."""
    if "sqlalchemy" not in sys.modules:
        return ""
    from po_toolkit.api import opening

    return opening.database_error(error)


def settings_of(ctx: typer.Context) -> Settings:
    """Read the settings that ``--config`` or the environment names."""
    from po_toolkit.config import load_settings

    return load_settings(ctx.find_root().obj)


def named_conference(ctx: typer.Context, slug: str, *, make: bool = False) -> OpenConference:
    """Open the conference that was named; with ``make``, make the database where it is not there.

    Raises:
        SettingsError: There is no such conference, or no database.
    """
    from po_toolkit.api.opening import open_conference

    return open_conference(slug, settings=settings_of(ctx), make=make)


def conference_of(ctx: typer.Context, reference: str) -> OpenConference:
    """Open the conference to which a purchase order belongs.

    Raises:
        NotFoundError: No conference has this reference.
    """
    from po_toolkit.api.opening import open_conference_of

    return open_conference_of(reference, settings=settings_of(ctx))


def can_ask() -> bool:
    """Tell whether a person sits at a terminal and can be asked."""
    return sys.stdin.isatty()


def agree(opened: OpenConference, what: str, *, yes: bool) -> None:
    """Ask before something reaches a live Stripe account; test keys pass without a question.

    Without a terminal to ask on, ``--yes`` is the only consent: else exit code 2, nothing done.
    """
    if yes or opened.settings.mode != "live":
        return
    if not can_ask():
        wrong_usage(
            f"Conference {opened.slug} has a live Stripe key and there is no terminal to ask on, "
            f"so nothing was done. To {what}, add --yes."
        )
    typer.echo(f"LIVE MODE: this reaches the real Stripe account of {opened.slug}.", err=True)
    if not typer.confirm(f"{what[0].upper()}{what[1:]}?", err=True):
        complain("Stopped; nothing was done.")
        raise typer.Exit(1)


def asked_reason(reason: str, what: str, *, yes: bool) -> str:
    """Return why something is done: as given, or as answered where a terminal can ask.

    Without a terminal, or with ``--yes``, nothing is asked and it may be empty.
    """
    if reason.strip() or yes or not can_ask():
        return reason.strip()
    return str(typer.prompt(f"Reason to {what}", err=True)).strip()


_UNLIMITED = 10_000
"""Columns; output into a pipe or file is never cut or folded."""


def print_json(value: Any) -> None:
    """Write a result as JSON, alone on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    whole: Iterable[int] = (0,),
    right: Iterable[int] = (),
) -> None:
    """Write rows for people.

    Args:
        headers: The columns' names.
        rows: What stands in them; None prints as nothing.
        title: A line above the table.
        whole: Columns that are never folded or cut, such as references.
        right: Columns of amounts, whole too.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    whole, right = set(whole), set(right)
    for index, header in enumerate(headers):
        table.add_column(
            header,
            justify="right" if index in right else "left",
            no_wrap=index in whole | right,
            overflow="fold",
        )
    if not (rows := list(rows)):
        typer.echo(f"{title}: None." if title else "Nothing to list.")
        return
    for row in rows:
        table.add_row(*(Text(_text_of(cell)) for cell in row))
    if Console(file=sys.stdout).is_terminal:
        Console(file=sys.stdout, highlight=False).print(table)
        return
    plain = io.StringIO()
    Console(file=plain, highlight=False, width=_UNLIMITED).print(table)
    typer.echo("\n".join(line.rstrip() for line in plain.getvalue().splitlines()))


def _text_of(cell: Any) -> str:
    """Write a cell for people: a day and a moment so that nobody confuses day and month."""
    from po_toolkit.api.terms import written_day

    if isinstance(cell, datetime):
        return f"{written_day(cell)}, {cell:%H:%M %Z}"
    if isinstance(cell, date):
        return written_day(cell)
    return "" if cell is None else str(cell)


def amount(value: Decimal, currency: str) -> str:
    """Write major units for people: ``1,234.50 USD``."""
    return f"{value:,} {currency.upper()}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 row``, ``2 rows``."""
    from po_toolkit.api import terms

    return terms.count(number, noun, plural)


def write_bytes(content: bytes, out: Path | None, *, binary: bool) -> None:
    """Write a file's content to ``out``, else to stdout.

    A binary file is not written into a terminal: exit code 2.
    """
    if out is not None:
        out.write_bytes(content)
        remark(f"Written: {out}")
        return
    if binary and sys.stdout.isatty():
        wrong_usage("A spreadsheet cannot be shown in a terminal; add --out FILE.")
    stdout = typer.get_binary_stream("stdout")
    stdout.write(content)
    stdout.flush()


def refuse_taken(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, before anything has been started.

    Raises:
        SettingsError: Another program has it, or the address is not this machine's.
    """
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise SettingsError(
            f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}. "
            f"Choose another with --port."
        ) from None


@contextmanager
def progress_of(total: int, noun: str) -> Iterator[Callable[[Any], None]]:
    """Give a function to call after each finished piece of work, whatever its result."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(noun, total=total)

        def step(_result: Any) -> None:
            bar.advance(task)

        yield step
