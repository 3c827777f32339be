"""What happens by the clock: syncs, a sweep every night, and reminders where they are set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.api.reminders import ReminderReport, send_reminders
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.errors import PoToolkitError
from po_toolkit.store import cursors
from po_toolkit.store.tables import SyncCursor

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


@dataclass(frozen=True, slots=True)
class ReminderStanding:
    """How reminding by the clock stands.

    Attributes:
        schedule: Days from the due date.
        from_hour: From when on a day it happens, or None where only a person reminds.
        last_at: When it last happened.
        last: What became of that.
        next_at: When it happens next, where a worker runs; None where it does not.
    """

    schedule: list[int]
    from_hour: int | None
    last_at: datetime | None
    last: dict[str, Any]
    next_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Return the standing as ``status`` prints it, times in ISO 8601."""
        return {
            "schedule": self.schedule,
            "from_hour": self.from_hour,
            "last_at": self.last_at.isoformat() if self.last_at else None,
            "last": {name: value for name, value in self.last.items() if name != "day"},
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }


def reminder_standing(
    settings: ConferenceSettings, cursor: SyncCursor | None, now: datetime
) -> ReminderStanding:
    """Say when the clock last reminded and when it does so next."""
    last_at = cursor.last_reminders_at if cursor else None
    next_at = None
    hour = settings.remind_from_hour
    if hour is not None and settings.reminders and settings.mode != "none":
        today = _at(now, hour, settings.timezone)
        if last_at is not None and last_at >= today:
            next_at = _at(now + timedelta(days=1), hour, settings.timezone)
        else:
            again = cursor.remind_again_at if cursor and now >= today else None
            next_at = max(today, now, again or now)
    last = dict(cursor.last_reminders) if cursor else {}
    return ReminderStanding(list(settings.reminders), hour, last_at, last, next_at)


def reminders_due(opened: OpenConference) -> bool:
    """Tell whether the clock asks for reminders now.

    It does so only where ``remind_from_hour`` is set, from that hour of a day to the day's end, so
    that no sponsor is mailed at night, and once a day.
    """
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
    now = opened.now()
    next_at = reminder_standing(opened.settings, cursor, now).next_at
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


def _at(day: datetime, hour: int, timezone: str) -> datetime:
    """Return an hour of the day that the clocks of a timezone show."""
    local = day.astimezone(ZoneInfo(timezone))
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def _last_night(now: datetime, hour: int, timezone: str) -> datetime:
    tonight = _at(now, hour, timezone)
    return tonight if tonight <= now else tonight - timedelta(days=1)
