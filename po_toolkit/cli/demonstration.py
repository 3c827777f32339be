"""``demo``: the whole main job on sample data, without a Stripe account."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.boundary import FAILED, complain, tell
from po_toolkit.cli.output import write_bytes
from po_toolkit.cli.ports import refuse_taken
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
    from po_toolkit.demo import play, serve_app
    from po_toolkit.reconcile import export

    if not once:
        refuse_taken("127.0.0.1", port)
    with play(tell) as played:
        content = export(played.reconciliation, output.value)
        write_bytes(content, None, binary=output is TableFormat.XLSX)
        for difference in played.differences:
            complain(difference)
        if played.differences:
            raise typer.Exit(FAILED)
        tell("Every row and every currency adds up to the last unit.")
        if not once:
            serve_app(played.stage, port, tell)
