"""Which periods of a conference are closed, and which discrepancies are accepted."""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError
from po_toolkit.store.tables import AcceptedDiscrepancy, ClosedPeriod, Conference


def lock(session: Session, conference_id: int, *, to_close: bool) -> None:
    """Keep a period from being closed while an entry is booked, and the other way round.

    Any number may book at once; closing waits for them and they wait for it.
    """
    session.execute(_TO_CLOSE if to_close else _TO_BOOK, {"conference": conference_id})


_MINE = select(Conference.id).where(Conference.id == bindparam("conference"))
_TO_CLOSE, _TO_BOOK = _MINE.with_for_update(), _MINE.with_for_update(read=True)


def closed_through(session: Session, conference_id: int) -> date | None:
    """Return the last day that is closed, or None."""
    return session.scalar(_CLOSED_THROUGH, {"conference": conference_id})


_CLOSED_THROUGH = select(func.max(ClosedPeriod.last_day)).where(
    ClosedPeriod.conference_id == bindparam("conference")
)


def periods(session: Session, conference: Conference) -> list[ClosedPeriod]:
    """Return every closed period, the earliest first."""
    return list(
        session.scalars(
            select(ClosedPeriod)
            .where(ClosedPeriod.conference_id == conference.id)
            .order_by(ClosedPeriod.last_day)
        )
    )


def period(session: Session, conference: Conference, last_day: date) -> ClosedPeriod:
    """Return the period that ends on a day.

    Raises:
        NotFoundError: No period of the conference ends on that day.
    """
    found = session.scalars(
        select(ClosedPeriod).where(
            ClosedPeriod.conference_id == conference.id, ClosedPeriod.last_day == last_day
        )
    ).one_or_none()
    if found is None:
        raise NotFoundError(
            f"Conference {conference.slug} has closed no period that ends on "
            f"{written_day(last_day)}."
        )
    return found


def accepted(session: Session, conference_id: int) -> list[AcceptedDiscrepancy]:
    """Return the discrepancies that are accepted."""
    row = AcceptedDiscrepancy
    return list(
        session.scalars(
            select(row)
            .where(row.conference_id == conference_id, row.withdrawn_at.is_(None))
            .order_by(row.id)
        )
    )
