"""What happens by the clock: a sync every few minutes, and every night a sweep."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import OpenConference
from po_toolkit.payments.report import SyncReport
from po_toolkit.store import cursors

SYNC_EVERY = timedelta(minutes=15)
SWEEP_HOUR = 3
"""The hour of the night, where the conference is, from which everything is compared."""


RETRY_AFTER = timedelta(minutes=5)
"""A sync that stopped short is tried again after so long, or at the next turn if that is sooner."""


def sync_due(
    opened: OpenConference, *, every: timedelta = SYNC_EVERY, sweep_hour: int = SWEEP_HOUR
) -> str:
    """Return ``sweep``, ``sync`` or ``""``: what the clock asks for now.

    A sweep that a night missed, since nothing ran then, is due at once. What stopped short is not
    tried again at once: Stripe may be down for long, and what cannot be booked waits for a person.
    """
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    now = opened.now()
    swept = cursor.last_sweep_at if cursor else None
    synced = cursor.last_sync_at if cursor else None
    failed = cursor.last_tried_at if cursor and cursor.last_error else None
    if failed is not None and failed > now - min(every, RETRY_AFTER):
        return ""
    if swept is None or swept < _last_night(now, sweep_hour, opened.conference.timezone):
        return "sweep"
    return "sync" if synced is None or synced <= now - every else ""


def run_due(
    opened: OpenConference, *, every: timedelta = SYNC_EVERY, sweep_hour: int = SWEEP_HOUR
) -> SyncReport | None:
    """Do what the clock asks for; None where it asks for nothing. A sweep reads payouts as well.

    Raises:
        SettingsError: The conference has no Stripe key.
        StripeGatewayError: Stripe could not be read to the end; it stays due.
    """
    asked = sync_due(opened, every=every, sweep_hour=sweep_hour)
    if not asked:
        return None
    report = sync_conference(opened, full=asked == "sweep")
    if asked == "sweep":
        pull_payouts(opened)
    return report


def _last_night(now: datetime, hour: int, timezone: str) -> datetime:
    local = now.astimezone(ZoneInfo(timezone))
    tonight = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return tonight if tonight <= local else tonight - timedelta(days=1)
