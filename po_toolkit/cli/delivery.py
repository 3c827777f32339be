"""``deliver``: an invoice as a mail draft or a PDF, for a person to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from po_toolkit.cli.opening import conference_of
from po_toolkit.cli.options import Format, FormatOption, ReferenceArgument
from po_toolkit.cli.output import print_json, write_bytes

OutOption = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="Where: a mail draft, or the PDF for *.pdf."),
]


def deliver(
    ctx: typer.Context,
    reference: ReferenceArgument,
    out: OutOption,
    output: FormatOption = Format.TABLE,
) -> None:
    """Write an invoice as a mail draft or PDF.

    For vendor portals and mailboxes that want a file: Stripe's PDF is fetched and kept with its
    digest; the draft (.eml) holds every address of the purchase order, the link and the PDF.
    Nothing is sent.

    Example: po-toolkit deliver PO-7KQ2MX --out invoice.eml
    """
    from po_toolkit.api.delivery import deliver as prepare

    made = prepare(conference_of(ctx, reference), reference)
    write_bytes(made.pdf if out.suffix.lower() == ".pdf" else made.mail, out, binary=True)
    if output is Format.JSON:
        print_json(made.as_json())
    else:
        typer.echo(f"{made.reference}: {made.file_name}, SHA-256 {made.sha256}")
        typer.echo(f"For: {', '.join(made.recipients)}")
