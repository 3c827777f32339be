"""``close`` and ``closed``: periods whose books say the same for ever."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from po_toolkit.bootstrap import OpenConference
from po_toolkit.cli.boundary import FAILED, complain
from po_toolkit.cli.opening import named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption, read_date
from po_toolkit.cli.output import print_json, print_table, write_bytes


def close(
    ctx: typer.Context,
    conference: ConferenceOption,
    through: Annotated[
        date,
        typer.Option(metavar="DATE", parser=read_date, help="The last day of the period."),
    ],
    output: FormatOption = Format.TABLE,
) -> None:
    """Close the books up to a day.

    Nothing is booked on that day or before it any more: what is found later counts from the day
    after, and says so. The report of the period is kept with its SHA-256.

    Example: po-toolkit close --conference pycon-2027 --through 2027-03-31
    """
    from po_toolkit.api.closing import close_books

    closed = close_books(named_conference(ctx, conference), through)
    if output is Format.JSON:
        print_json(closed.as_json())
        return
    typer.echo(f"Closed through the end of {closed.through} ({closed.timezone}).")
    typer.echo(f"SHA-256 of the report: {closed.digest}")


def closed(
    ctx: typer.Context,
    conference: ConferenceOption,
    verify: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=read_date,
            help="Make the report of the period that ends on this day again and compare.",
        ),
    ] = None,
    report: Annotated[
        date | None,
        typer.Option(
            metavar="DATE",
            parser=read_date,
            help="Write the report of the period that ends on this day, as it was closed.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where --report goes; default: stdout.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the closed periods, prove one, or write its report.

    With --verify the exit code is 1 when the ledger no longer says what was closed, and each
    difference is named.

    Example: po-toolkit closed --conference pycon-2027 --verify 2027-03-31
    """
    from po_toolkit.api.closing import closed_books, closed_report

    opened = named_conference(ctx, conference)
    if report is not None:
        write_bytes(closed_report(opened, report), out, binary=False)
        return
    if verify is not None:
        _verify(opened, verify, output)
        return
    periods = closed_books(opened)
    if output is Format.JSON:
        print_json({"closed": [p.as_json() for p in periods]})
        return
    print_table(
        ("Through", "Timezone", "Closed by", "Closed at", "SHA-256"),
        [
            (p.through, p.timezone, p.closed_by, f"{p.closed_at:%Y-%m-%d %H:%M} UTC", p.digest)
            for p in periods
        ],
    )


def _verify(opened: OpenConference, through: date, output: Format) -> None:
    from po_toolkit.api.closing import verify_closed

    proof = verify_closed(opened, through)
    if output is Format.JSON:
        print_json(proof.as_json())
    elif proof.intact and proof.same_again:
        typer.echo(f"The books through {through} still say what was closed ({proof.digest}).")
    if not proof.intact:
        complain(f"The kept report of {through} is not the one that was closed.")
    for difference in proof.differences:
        complain(difference)
    if not (proof.intact and proof.same_again):
        raise typer.Exit(FAILED)
