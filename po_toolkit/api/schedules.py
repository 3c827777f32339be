"""What happens by the clock: syncs, a sweep every night, and reminders where they are set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from po_toolkit.api.reminders import ReminderReport, send_reminders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.reminders import hour_of_day, reminder_clock
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import PoToolkitError
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


REMINDER = Actor("schedule", Role.OPERATOR)
"""Who reminds by the clock, as the history names them."""

REMIND_AGAIN = timedelta(hours=1)
"""Where some could not be sent, the same day's reminding is tried again after this."""


def reminders_due(opened: OpenConference) -> bool:
    """Tell whether the clock asks for reminders now.

    It does so only where ``remind_from_hour`` is set, from that hour of a day to the day's end, so
    that no sponsor is mailed at night, and once a day.
    """
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    now = opened.now()
    next_at = reminder_clock(opened.settings, cursor, now).next_at
    return next_at is not None and next_at <= now


def remind_due(opened: OpenConference) -> ReminderReport | None:
    """Remind if the clock asks for it; None where it does not.

    Of several workers one has the job; were it two, each step would still be sent once.

    Raises:
        StripeAuthenticationError: Stripe does not accept the key; it is tried again in an hour.
    """
    if not reminders_due(opened):
        return None
    try:
        report = send_reminders(opened.acting_as(REMINDER))
    except PoToolkitError as error:
        _note_reminders(opened, {}, [str(error)])
        raise
    errors = [f"{r.reference}: {r.reason}" for r in report.results if r.outcome == "failed"]
    counts = {name: report.count(name) for name in ("sent", "held", "failed")}
    _note_reminders(opened, counts, errors)
    return report


def _note_reminders(opened: OpenConference, counts: dict[str, int], errors: list[str]) -> None:
    """Note what became of them; what an earlier try of the day sent counts in."""
    now, day = opened.now(), opened.today().isoformat()
    with opened.store.writing(REMINDER, Act.REMIND) as uow:
        cursor = cursors.cursor_row(uow, opened.conference)
        before = cursor.last_reminders if cursor.last_reminders.get("day") == day else {}
        sent = before.get("sent", 0) + counts.get("sent", 0)
        became: dict[str, Any] = {"day": day, **counts, "sent": sent}
        cursor.last_reminders = became | ({"error": " ".join(errors)} if errors else {})
        cursor.remind_again_at = now + REMIND_AGAIN if errors else None
        if not errors:
            cursor.last_reminders_at = now


def _last_night(now: datetime, hour: int, timezone: str) -> datetime:
    tonight = hour_of_day(now, hour, timezone)
    return tonight if tonight <= now else tonight - timedelta(days=1)
