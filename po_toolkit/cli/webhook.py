"""``webhook serve``: the server that Stripe reports to."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from po_toolkit.cli.boundary import tell
from po_toolkit.cli.opening import settings_of
from po_toolkit.cli.ports import refuse_taken
from po_toolkit.logs import configure_logging

commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Receive Stripe's webhooks."
)


@commands.callback()
def webhook() -> None:
    """Receive Stripe's webhooks."""


@commands.command("serve")
def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(metavar="H", help="The address to listen on; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, help="The port to listen on.")
    ] = 8000,
) -> None:
    """Serve the webhook address of each conference.

    POST /webhooks/stripe/SLUG takes a conference's events and GET /healthz answers a monitor,
    until it is stopped. In Stripe's dashboard, let the account of the conference send its events to
    https://YOUR-HOST/webhooks/stripe/SLUG and put the signing secret into the settings.

    Example: po-toolkit webhook serve --port 8000
    """
    from po_toolkit.webhook.asgi import serve as serve_webhooks

    settings = settings_of(ctx)
    refuse_taken(host, port)
    configure_logging(logging.INFO)
    for slug, conference in sorted(settings.conferences.items()):
        secret = "" if conference.stripe_webhook_secret else " (no stripe_webhook_secret: refused)"
        tell(f"http://{host}:{port}/webhooks/stripe/{slug}{secret}")
    serve_webhooks(settings, host, port)
