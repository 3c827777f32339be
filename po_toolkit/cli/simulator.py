"""``stripe-sim``: the Stripe simulator alone."""

from __future__ import annotations

from typing import Annotated

import typer

from po_toolkit.cli.boundary import tell
from po_toolkit.cli.ports import refuse_taken


def stripe_sim(
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")
    ] = 12111,
) -> None:
    """Run the Stripe simulator until stopped.

    Invoices and payments without an account: any key that looks like a Stripe key is an account
    of its own, and its state lives in memory.

    Example: po-toolkit stripe-sim --port 12111, and in another terminal
    PO_TOOLKIT_STRIPE_API_BASE=http://127.0.0.1:12111 po-toolkit sync --conference pycon-2027
    """
    from po_toolkit.simulator import serve

    refuse_taken("127.0.0.1", port)
    tell(f"Stripe simulator: PO_TOOLKIT_STRIPE_API_BASE=http://127.0.0.1:{port}")
    serve(port=port)
