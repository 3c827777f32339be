"""``init`` and ``status``: the database and the settings of this installation."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.orm import Session

from po_toolkit.bootstrap import open_database
from po_toolkit.cli.boundary import FAILED, database_error, tell
from po_toolkit.cli.opening import settings_of
from po_toolkit.cli.options import Format, FormatOption
from po_toolkit.cli.output import print_json, print_table
from po_toolkit.config import (
    DEFAULT_CONFIG,
    EXAMPLE_SETTINGS,
    ConferenceSettings,
    Settings,
    obfuscate_key,
)
from po_toolkit.store import counts, cursors
from po_toolkit.store.columns import utc_now
from po_toolkit.store.conferences import all_conferences
from po_toolkit.store.database import open_store, shown_url
from po_toolkit.store.schema import is_current
from po_toolkit.store.tables import Conference


def init(ctx: typer.Context) -> None:
    """Create or migrate the database; safe to repeat.

    Each conference in the settings gets its row.

    Example: po-toolkit init
    """
    settings = settings_of(ctx)
    open_database(settings)
    typer.echo(f"Database ready: {shown_url(settings.database_url)}")
    for slug, conference in sorted(settings.conferences.items()):
        typer.echo(f"Conference: {slug} ({conference.name}), Stripe {conference.mode} mode")
    if not settings.conferences:
        where = settings.config_file or DEFAULT_CONFIG
        tell(f"There is no conference yet. Write one into {where}:\n\n{EXAMPLE_SETTINGS}")


def status(ctx: typer.Context, output: FormatOption = Format.TABLE) -> None:
    """Show the settings in force and what the database holds.

    Keys are obfuscated. Changes nothing and calls nobody.

    Example: po-toolkit status --format json
    """
    settings = settings_of(ctx)
    held, database = _held(settings)
    found: dict[str, Any] = {
        "version": version("po-toolkit"),
        "config_file": str(settings.config_file) if settings.config_file else None,
        "database_url": shown_url(settings.database_url),
        "database": database,
        "stripe_api_base": settings.stripe_api_base,
        "conferences": [
            _configured(slug, conference) | held.get(slug, {})
            for slug, conference in sorted(settings.conferences.items())
        ],
    }
    if output is Format.JSON:
        print_json(found)
    else:
        _print_status(found)
    if database.startswith(_UNUSABLE):
        raise typer.Exit(FAILED)


_PLAIN = ("version", "config_file", "database_url", "database", "stripe_api_base")
_UNUSABLE = "cannot be used"
_UNSET = {"last_sync_error": "none"}
"""What is said of a fact that is not there; of a time: never."""


def _print_status(found: dict[str, Any]) -> None:
    print_table(
        ("Setting", "Value"),
        [(name.replace("_", " "), found[name] or "(not set)") for name in _PLAIN],
    )
    for conference in found["conferences"]:
        typer.echo("")
        print_table(
            (conference["slug"], ""),
            [
                (name.replace("_", " "), _in_words(value, _UNSET.get(name, "never")))
                for name, value in conference.items()
                if name != "slug"
            ],
        )
    if not found["conferences"]:
        tell(f"There is no conference in the settings. For example:\n\n{EXAMPLE_SETTINGS}")


def _configured(slug: str, conference: ConferenceSettings) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": conference.name,
        "currency": conference.currency,
        "timezone": conference.timezone,
        "mode": conference.mode,
        "stripe_secret_key": obfuscate_key(conference.stripe_secret_key.get_secret_value()),
        "stripe_webhook_secret": [
            obfuscate_key(secret.get_secret_value()) for secret in conference.stripe_webhook_secret
        ],
    }


def _held(settings: Settings) -> tuple[dict[str, dict[str, Any]], str]:
    """Return what the database holds of each conference, and in which state it is."""
    store = open_store(settings.database_url)
    try:
        if not _exists(settings) or not is_current(store):
            return {}, "not made or not of this release; run: po-toolkit init"
        with store.reading() as session:
            held = {
                c.slug: _counts(session, c, settings.conferences.get(c.slug))
                for c in all_conferences(session)
            }
    except Exception as error:
        reason = database_error(error)
        if not reason:
            raise
        return {}, f"{_UNUSABLE}: {reason}"
    return held, "ready"


def _counts(
    session: Session, conference: Conference, configured: ConferenceSettings | None
) -> dict[str, Any]:
    from po_toolkit.api.schedules import reminder_standing

    cursor = cursors.cursor_of(session, conference)
    reminders = {}
    if configured is not None and configured.reminders:
        standing = reminder_standing(configured, cursor, utc_now()).as_json()
        reminders = {f"reminders_{name}": value for name, value in standing.items()}
    return {
        "purchase_orders": counts.purchase_orders(session, conference),
        "invoices": counts.invoices(session, conference),
        "batches": counts.batches(session, conference),
        "webhook_events": counts.webhook_events(session, conference),
        "last_sync_at": _when(cursor.last_sync_at if cursor else None),
        "last_sweep_at": _when(cursor.last_sweep_at if cursor else None),
        "last_sweep": _proved(cursor.last_sweep if cursor else {}),
        "last_sync_error": (cursor.last_error if cursor else "") or None,
        **reminders,
    }


def _when(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _proved(sweep: dict[str, Any]) -> dict[str, Any]:
    """Return what the last comparison with Stripe proved, the strays by their number."""
    return {k: len(v) if isinstance(v, list) else v for k, v in sweep.items()}


def _exists(settings: Settings) -> bool:
    """Tell whether a SQLite file is there; looking into a missing one would create it."""
    prefix, _, path = settings.database_url.partition(":///")
    return not prefix.startswith("sqlite") or not path or Path(path).expanduser().is_file()


def _in_words(value: Any, unset: str) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "(not set)"
    return unset if value is None else str(value)
