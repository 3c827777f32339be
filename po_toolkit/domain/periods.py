"""Where a day ends: every report is cut off at the end of a day in the conference's timezone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def end_of_day(day: date, timezone: str) -> datetime:
    """Return the first instant after the day, in UTC.

    What happened before it belongs to the day or an earlier one. On a day the clocks change the
    day is 23 or 25 hours long, and that is right.
    """
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    return following.astimezone(UTC)


def last_second(day: date, timezone: str) -> int:
    """Return the last second of a day as Unix time: the due date that Stripe is given.

    Stripe shows a due date in the account's timezone, so that the first second after the day would
    read as one day late.
    """
    return int(end_of_day(day, timezone).timestamp()) - 1


def local_day(instant: datetime, timezone: str) -> date:
    """Return the date that the clocks of the timezone showed."""
    return instant.astimezone(ZoneInfo(timezone)).date()


def booking_day(moved: date, *, closed_through: date | None, today: date) -> date:
    """Return the day from which money counts in the books.

    It is the day the money moved, with two exceptions: a period that is closed takes nothing any
    more, so that what is found later counts from the first open day; and nothing is booked in the
    future, which a test clock at Stripe or a slip of the pen may name.
    """
    day = min(moved, today)
    if closed_through is not None and day <= closed_through:
        return closed_through + timedelta(days=1)
    return day
