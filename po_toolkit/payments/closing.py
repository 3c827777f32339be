"""Closing a period, and where an entry goes that comes too late for one."""

from __future__ import annotations

import hashlib
import zlib
from datetime import date

from po_toolkit.domain.periods import booking_day, local_day
from po_toolkit.domain.roles import Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store import closing
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import ClosedPeriod, Conference, PurchaseOrder


def booked(uow: UnitOfWork, order: PurchaseOrder, moved: date) -> date:
    """Return the day from which money on a purchase order counts; see ``booking_day``."""
    closing.lock(uow.session, order.conference_id, to_close=False)
    return booking_day(
        moved,
        closed_through=closing.closed_through(uow.session, order.conference_id),
        today=local_day(utc_now(), order.conference.timezone),
    )


def with_late_note(note: str, moved: date, booked_on: date) -> str:
    """Say in an entry's note that its period was closed; unchanged when it was not."""
    if booked_on <= moved:
        return note
    late = f"Dated {moved}, which is closed; it counts from {booked_on}."
    return f"{note} {late}".strip()


def close(
    uow: UnitOfWork, conference: Conference, last_day: date, *, report: bytes
) -> ClosedPeriod:
    """Close all that is booked up to and including a day.

    Args:
        uow: The transaction.
        conference: Whose books.
        last_day: The last day of the period, in the conference's timezone.
        report: What is closed, as bytes; kept with its SHA-256.

    Raises:
        PurchaseOrderError: The day is not over yet, or a later or the same one is closed already.
    """
    today = local_day(utc_now(), conference.timezone)
    if last_day >= today:
        raise PurchaseOrderError(
            f"{last_day} is not over yet in {conference.timezone}; close a day that is past."
        )
    before = closing.closed_through(uow.session, conference.id)
    if before is not None and last_day <= before:
        raise PurchaseOrderError(
            f"Conference {conference.slug} is closed through {before} already; "
            f"corrections count from the day after."
        )
    period = ClosedPeriod(
        conference_id=conference.id,
        last_day=last_day,
        timezone=conference.timezone,
        closed_at=utc_now(),
        closed_by=uow.actor.name,
        digest=hashlib.sha256(report).hexdigest(),
        report=zlib.compress(report, 9),
    )
    uow.session.add(period)
    uow.audit(
        Act.CLOSE,
        period,
        after={"last_day": last_day.isoformat(), "digest": period.digest},
    )
    return period
