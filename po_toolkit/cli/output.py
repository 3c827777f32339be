"""How results look: JSON for programs, tables for people."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from po_toolkit.cli.boundary import tell, wrong_usage

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
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    whole, right = set(whole), set(right)
    for index, header in enumerate(headers):
        table.add_column(
            header,
            justify="right" if index in right else "left",
            no_wrap=index in whole | right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    if Console(file=sys.stdout).is_terminal:
        Console(file=sys.stdout, highlight=False).print(table)
        return
    plain = io.StringIO()
    Console(file=plain, highlight=False, width=_UNLIMITED).print(table)
    typer.echo("\n".join(line.rstrip() for line in plain.getvalue().splitlines()))


def amount(value: Decimal, currency: str) -> str:
    """Write major units for people: ``1,234.50 USD``."""
    return f"{value:,} {currency.upper()}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 row``, ``2 rows``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def write_bytes(content: bytes, out: Path | None, *, binary: bool) -> None:
    """Write a file's content to ``out``, else to stdout.

    A binary file is not written into a terminal: exit code 2.
    """
    if out is not None:
        out.write_bytes(content)
        tell(f"Written: {out}")
        return
    if binary and sys.stdout.isatty():
        wrong_usage("A spreadsheet cannot be shown in a terminal; add --out FILE.")
    stdout = typer.get_binary_stream("stdout")
    stdout.write(content)
    stdout.flush()
