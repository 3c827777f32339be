"""From the words on the command line to an open conference."""

from __future__ import annotations

import sys

import typer

from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.cli.boundary import complain, wrong_usage
from po_toolkit.config import Settings, load_settings
from po_toolkit.store import purchase_orders


def settings_of(ctx: typer.Context) -> Settings:
    """Read the settings that ``--config`` or the environment names."""
    return load_settings(ctx.find_root().obj)


def named_conference(ctx: typer.Context, slug: str) -> OpenConference:
    """Open the conference that was named."""
    return open_conference(slug, settings=settings_of(ctx))


def conference_of(ctx: typer.Context, reference: str) -> OpenConference:
    """Open the conference to which a purchase order belongs.

    Raises:
        NotFoundError: No conference has this reference.
    """
    settings = settings_of(ctx)
    store = open_database(settings)
    with store.reading() as session:
        slug = purchase_orders.conference_of(session, reference)
    return open_conference(slug, settings=settings, store=store)


def agree(opened: OpenConference, what: str, *, yes: bool) -> None:
    """Ask before something reaches a live Stripe account; test keys pass without a question.

    Without a terminal to ask on, ``--yes`` is the only consent: else exit code 2, nothing done.
    """
    if yes or opened.settings.mode != "live":
        return
    if not sys.stdin.isatty():
        wrong_usage(
            f"Conference {opened.slug} has a live Stripe key and there is no terminal to ask on, "
            f"so nothing was done. To {what}, add --yes."
        )
    typer.echo(f"LIVE MODE: this reaches the real Stripe account of {opened.slug}.", err=True)
    if not typer.confirm(f"{what[0].upper()}{what[1:]}?", err=True):
        complain("Stopped; nothing was done.")
        raise typer.Exit(1)
