"""Which reminder is due, and what forbids one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.sums import Sums
from po_toolkit.money import display

DEFAULT_STEPS = (0, 14, 30)
"""The steps where a conference has chosen none: only a person sends those."""


def due_step(schedule: Iterable[int], taken: Collection[int], days: int) -> int | None:
    """Return the step to take now: the latest that is due, if none after it was taken.

    Steps and ``days`` count from the due date; below 0 is before it. Taken ones count whatever
    became of them.
    """
    due = [step for step in schedule if step <= days]
    latest = max(due, default=None)
    if latest is None or any(step >= latest for step in taken):
        return None
    return latest


def passed_steps(schedule: Iterable[int], taken: Collection[int], step: int) -> list[int]:
    """Return the earlier steps that are never taken any more once this one is."""
    return [earlier for earlier in schedule if earlier < step and earlier not in taken]


def why_not(sums: Sums, currency: str) -> str:
    """Return why the books forbid a reminder, or ``""``."""
    if sums.balance <= 0:
        return "nothing is left to pay"
    if sums.contested:
        return f"{display(sums.disputed, currency)} is disputed"
    if sums.held:
        return "money was refunded without a credit note; a person decides whether it is still owed"
    return ""


def step_label(step: int) -> str:
    """Write a step for people: ``7 days before it is due``."""
    if step == 0:
        return "on the due date"
    days = f"{abs(step)} day{'s' if abs(step) != 1 else ''}"
    return f"{days} before it is due" if step < 0 else f"{days} past due"


class LastRun(Protocol):
    """What is kept of the last time that the clock sent reminders."""

    last_reminders_at: Any
    last_reminders: Any
    remind_again_at: Any


@dataclass(frozen=True, slots=True)
class ReminderClock:
    """When reminders were last sent by the clock and when they are next.

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
        """Return it as ``status`` prints it, times in ISO 8601."""
        return {
            "schedule": self.schedule,
            "from_hour": self.from_hour,
            "last_at": self.last_at.isoformat() if self.last_at else None,
            "last": {name: value for name, value in self.last.items() if name != "day"},
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }


def reminder_clock(
    settings: ConferenceSettings, last_run: LastRun | None, now: datetime
) -> ReminderClock:
    """Say when the clock last reminded and when it does so next."""
    last_at = last_run.last_reminders_at if last_run else None
    next_at = None
    hour = settings.remind_from_hour
    if hour is not None and settings.reminders and settings.mode != "none":
        today = hour_of_day(now, hour, settings.timezone)
        if last_at is not None and last_at >= today:
            next_at = hour_of_day(now + timedelta(days=1), hour, settings.timezone)
        else:
            again = last_run.remind_again_at if last_run and now >= today else None
            next_at = max(today, now, again or now)
    last = dict(last_run.last_reminders) if last_run else {}
    return ReminderClock(list(settings.reminders), hour, last_at, last, next_at)


def hour_of_day(day: datetime, hour: int, timezone: str) -> datetime:
    """Return an hour of the day that the clocks of a timezone show."""
    local = day.astimezone(ZoneInfo(timezone))
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)
