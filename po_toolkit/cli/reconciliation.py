"""``reconcile``: the table in which everything must add up."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from po_toolkit.cli.opening import named_conference
from po_toolkit.cli.options import ConferenceOption, read_date
from po_toolkit.cli.output import write_bytes


class TableFormat(StrEnum):
    """How the reconciliation is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    MD = "md"


def reconcile(
    ctx: typer.Context,
    conference: ConferenceOption,
    as_of: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=read_date,
            help="What was true at the end of this day; default: today in the conference's "
            "timezone.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write it here instead of to stdout; the name's ending chooses the format.",
        ),
    ] = None,
    output: Annotated[
        TableFormat | None,
        typer.Option("--format", help="table for people, json, csv, xlsx or md. Default: table."),
    ] = None,
) -> None:
    """Show what was ordered, paid and is owed, and what disagrees.

    One row for each purchase order, with its discrepancies between our books and Stripe; totals
    per currency. Reads the database only: run sync first for today's news.

    Example: po-toolkit reconcile --conference pycon-2027 --out books.xlsx
    """
    from po_toolkit.reconcile import export, reconcile_conference

    chosen = output or _format_of(out)
    opened = named_conference(ctx, conference)
    found = reconcile_conference(
        opened.store, opened.conference, as_of=as_of or opened.today(), now=opened.now()
    )
    write_bytes(export(found, chosen.value), out, binary=chosen is TableFormat.XLSX)


def _format_of(out: Path | None) -> TableFormat:
    if out is None:
        return TableFormat.TABLE
    ending = out.suffix.lower().removeprefix(".")
    if ending not in set(TableFormat):
        raise typer.BadParameter(
            f"{out} does not say which format; end it in .csv, .xlsx, .json or .md, or add "
            f"--format."
        )
    return TableFormat(ending)
