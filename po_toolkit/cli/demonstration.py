"""``demo``: the whole main job on sample data, without a Stripe account."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.reconciliation import TableFormat


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Print the reconciliation and stop; serve no app.")
    ] = False,
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="The app's port.")
    ] = 8501,
    output: Annotated[
        TableFormat, typer.Option("--format", help="How --once prints the reconciliation.")
    ] = TableFormat.TABLE,
) -> None:
    """Play the whole job on sample data, then serve the app.

    Three spreadsheets are imported, the invoices go to a Stripe simulator on this machine,
    sponsors pay wholly, in part, too much and by wire, the webhooks come in, and the
    reconciliation must add up to the cent: exit code 1 if it does not. Needs no settings and
    leaves nothing behind.

    Example: po-toolkit demo --once
    """
    from po_toolkit.demo import run

    raise typer.Exit(run(once=once, port=port, output=output.value))
