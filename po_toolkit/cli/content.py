"""``preview``: what an invoice says, before it is sent and beside what Stripe has."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.boundary import FAILED, tell
from po_toolkit.cli.opening import conference_of
from po_toolkit.cli.options import Format, FormatOption, ReferenceArgument
from po_toolkit.cli.output import print_json, print_table

SentOption = Annotated[
    bool, typer.Option("--sent", help="Beside what the invoice at Stripe says, field by field.")
]


def preview(
    ctx: typer.Context,
    reference: ReferenceArgument,
    sent: SentOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show the very content of an invoice.

    Its texts, lines, taxes and ways to pay.

    Nothing is sent. With --sent Stripe is asked what the sent invoice says; the command then exits
    1 where a field differs from what the purchase order and the settings say now.

    Example: po-toolkit preview PO-7KQ2MX
    """
    from po_toolkit.api import content
    from po_toolkit.domain.deliveries import way_words
    from po_toolkit.money import display

    opened = conference_of(ctx, reference)
    ask = content.compare_content if sent else content.preview_content
    found = ask(opened, reference)
    if output is Format.JSON:
        print_json(found.as_json())
    else:
        rows = [
            (line.name, line.planned, *([line.sent, "" if line.equal else "differs"] * sent))
            for line in found.lines
        ]
        headers = ["", "Planned", *(["At Stripe", ""] if sent else [])]
        print_table(headers, rows)
        if found.limit is not None:
            shown = [
                f"{word} {display(amount, found.limit.currency)}"
                for word, amount in (
                    ("authorized", found.limit.limit),
                    ("billed", found.limit.billed),
                    ("left", found.limit.left),
                )
            ]
            tell(f"Their purchase order: {', '.join(shown)}.")
        tell(f"The invoice is {way_words(found.delivery)}.")
    if found.reason:
        tell(f"It cannot be invoiced now: {found.reason}")
    if not found.equal:
        raise typer.Exit(FAILED)
