"""``webhook``: the server that Stripe reports to, and the events it had to set aside."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Annotated

import typer

from po_toolkit.cli.console import (
    PARTIAL,
    complain,
    count,
    named_conference,
    print_json,
    print_table,
    refuse_taken,
    remark,
    settings_of,
)
from po_toolkit.cli.options import ConferenceOption, FormatOption, HostOption, PortOption
from po_toolkit.errors import extra
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
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    sync_minutes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Sync each conference every N minutes, with a full sync at night; 0: never.",
        ),
    ] = 15,
    work: Annotated[
        bool, typer.Option("--work/--no-work", help="Process the events here, not in a worker.")
    ] = True,
) -> None:
    """Serve the webhook address of each conference.

    POST /webhooks/stripe/SLUG takes a conference's events, GET /healthz answers a monitor and GET
    /metrics Prometheus, until it is stopped. In Stripe's dashboard, let the account of the
    conference send its events to https://YOUR-HOST/webhooks/stripe/SLUG and put the signing secret
    into the settings.

    Example: po-toolkit webhook serve --port 8000
    """
    with extra("webhook"):
        from po_toolkit.webhook.asgi import serve as serve_webhooks

    settings = settings_of(ctx)
    refuse_taken(host, port)
    configure_logging(logging.INFO, server=True)
    for slug, conference in sorted(settings.conferences.items()):
        secret = "" if conference.stripe_webhook_secret else " (no stripe_webhook_secret: refused)"
        remark(f"http://{host}:{port}/webhooks/stripe/{slug}{secret}")
    every = timedelta(minutes=sync_minutes) if work and sync_minutes else None
    serve_webhooks(settings, host, port, work=work, sync_every=every)


@commands.command("list")
def list_on_hold(
    ctx: typer.Context, conference: ConferenceOption, output: FormatOption = "table"
) -> None:
    """List the events that failed and are on hold.

    Example: po-toolkit webhook list --conference pycon-2027
    """
    from po_toolkit.api.webhooks import events_on_hold

    found = events_on_hold(named_conference(ctx, conference))
    if output == "json":
        print_json({"set_aside": [event.as_json() for event in found]})
        return
    print_table(
        ("Event", "Type", "Received", "Tries", "Error"),
        [(e.event_id, e.type, e.received_at.isoformat(), e.attempts, e.error) for e in found],
        right=(3,),
    )


@commands.command("replay")
def replay(
    ctx: typer.Context,
    conference: ConferenceOption,
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT]...", help="evt_…; default: all on hold."),
    ] = None,
    output: FormatOption = "table",
) -> None:
    """Process events again: those on hold, or the ones named.

    Example: po-toolkit webhook replay --conference pycon-2027
    """
    from po_toolkit.api.webhook_work import work_until_none_is_due
    from po_toolkit.api.webhooks import failures_of, replay_events

    opened = named_conference(ctx, conference)
    replayed = replay_events(opened, events or None)
    unknown = sorted(set(events or []) - set(replayed))
    work_until_none_is_due(opened)
    failed = failures_of(opened, replayed)
    if output == "json":
        print_json({"replayed": replayed, "failed": failed, "unknown": unknown})
    else:
        typer.echo(f"Replayed: {count(len(replayed), 'event')}")
    for event_id, error in sorted(failed.items()):
        complain(f"{event_id}: {error}")
    for event_id in unknown:
        complain(
            f"{event_id} was not received for {conference}, or its content is no longer kept. Run: "
            f"po-toolkit sync --conference {conference} --full"
        )
    if failed or unknown:
        raise typer.Exit(PARTIAL)
