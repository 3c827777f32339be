"""The state of an installation: its settings, and what its database holds."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Any

from po_toolkit.config import ConferenceSettings, Settings, obfuscate_key, shown_url
from po_toolkit.domain import remedies
from po_toolkit.domain.reminders import reminder_clock
from po_toolkit.errors import SettingsError
from po_toolkit.store.overview import Held, read_overview

UNUSABLE = "cannot be used"


def installation_status(settings: Settings, now: datetime) -> dict[str, Any]:
    """Return the settings in force and what the database holds, as JSON; calls nobody.

    Keys and passwords are obfuscated. ``database`` says ``ready``, or what is wrong; it starts
    with :data:`UNUSABLE` where the database cannot be read. ``remedy`` holds the arguments of
    ``po-toolkit`` that solve it, or None.
    """
    held: dict[str, Held] = {}
    remedy = None
    try:
        found = read_overview(settings.database_url)
    except SettingsError as error:
        database = f"{UNUSABLE}: {error}"
    else:
        held = found or {}
        database = "not set up, or not of this release" if found is None else "ready"
        remedy = remedies.set_up_database() if found is None else None
    return {
        "version": version("po-toolkit"),
        "config_file": str(settings.config_file) if settings.config_file else None,
        "database_url": shown_url(settings.database_url),
        "database": database,
        "remedy": list(remedy.command) if remedy else None,
        "stripe_api_base": settings.stripe_api_base,
        "conferences": [
            _configured(slug, conference) | _held(held.get(slug), conference, now)
            for slug, conference in sorted(settings.conferences.items())
        ],
    }


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


def _held(held: Held | None, conference: ConferenceSettings, now: datetime) -> dict[str, Any]:
    if held is None:
        return {}
    conference, reminders = conference.with_changes(held.changed_settings), {}
    if conference.reminders:
        clock = reminder_clock(conference, held, now).as_json()
        reminders = {f"reminders_{name}": value for name, value in clock.items()}
    sweep = {k: len(v) if isinstance(v, list) else v for k, v in held.last_sweep.items()}
    return {
        **held.counts,
        "last_sync_at": _iso(held.last_sync_at),
        "last_sweep_at": _iso(held.last_sweep_at),
        "last_sweep": sweep,
        "last_sync_error": held.last_error or None,
        **reminders,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
