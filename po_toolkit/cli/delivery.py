"""``deliver``: an invoice as a mail draft or a PDF, for a person to send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from po_toolkit.cli.boundary import wrong_usage
from po_toolkit.cli.opening import conference_of
from po_toolkit.cli.options import Format, FormatOption, ReferenceArgument
from po_toolkit.cli.output import print_json, write_bytes

if TYPE_CHECKING:
    from po_toolkit.api.delivery import Delivery

OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Where: a mail draft, or the PDF for *.pdf."),
]
DoneOption = Annotated[
    bool, typer.Option("--done", help="Note that the invoice has been delivered by ourselves.")
]


def deliver(
    ctx: typer.Context,
    reference: ReferenceArgument,
    out: OutOption = None,
    done: DoneOption = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write an invoice as a mail draft or PDF.

    For vendor portals and mailboxes that want a file: Stripe's PDF is fetched and kept with its
    digest; the draft (.eml) holds every address of the purchase order, the link and the PDF.
    Nothing is sent. Once you have sent or uploaded it, --done notes that it was delivered.

    Example: po-toolkit deliver PO-7KQ2MX --out invoice.eml
    """
    if out is None and not done:
        wrong_usage("Say where the invoice goes: --out FILE; or that it was delivered: --done.")
    from po_toolkit.api.delivery import deliver as prepare
    from po_toolkit.api.delivery import mark_delivered

    opened = conference_of(ctx, reference)
    found: dict[str, Any] = {"reference": reference}
    if out is not None:
        made = prepare(opened, reference)
        write_bytes(made.pdf if out.suffix.lower() == ".pdf" else made.mail, out, binary=True)
        found |= made.as_json()
        if output is Format.TABLE:
            _print(made)
    if done:
        found["status"] = mark_delivered(opened, reference)
        if output is Format.TABLE:
            typer.echo(f"{reference}: noted as delivered; it is {found['status']}.")
    if output is Format.JSON:
        print_json(found)


def _print(made: Delivery) -> None:
    typer.echo(f"{made.reference}: {made.file_name}, SHA-256 {made.sha256}")
    typer.echo(f"For: {', '.join(made.recipients)}")
