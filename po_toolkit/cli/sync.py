"""``sync``: news from Stripe into the books."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.opening import named_conference
from po_toolkit.cli.options import ConferenceOption, Format, FormatOption
from po_toolkit.cli.output import print_json, print_table


def sync(
    ctx: typer.Context,
    conference: ConferenceOption,
    full: Annotated[
        bool,
        typer.Option("--full", help="Compare everything again, not only what changed since last."),
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Fetch payments, refunds and statuses from Stripe.

    What is known already is not taken twice, however often this runs.

    Example: po-toolkit sync --conference pycon-2027
    """
    from po_toolkit.api.sync import sync_conference

    found = sync_conference(named_conference(ctx, conference), full=full).as_json()
    if output is Format.JSON:
        print_json(found)
        return
    print_table(
        ("From Stripe", "Number"),
        [(name.replace("_", " "), number) for name, number in found.items()],
        right=(1,),
    )
