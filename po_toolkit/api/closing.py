"""Closing the books of a period, and proving later that they still say the same."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.payments import closing
from po_toolkit.reconcile.closed_report import closed_report as make_report
from po_toolkit.reconcile.closed_report import differences
from po_toolkit.reconcile.reconciliation import reconcile_conference
from po_toolkit.store import closing as periods
from po_toolkit.store.tables import ClosedPeriod


@dataclass(frozen=True, slots=True)
class ClosedBooks:
    """A closed period.

    Attributes:
        through: Its last day.
        timezone: Where that day ended.
        digest: SHA-256 of its report, in hexadecimal.
    """

    through: date
    timezone: str
    closed_at: datetime
    closed_by: str
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "through": self.through.isoformat(),
            "timezone": self.timezone,
            "closed_at": self.closed_at.isoformat(),
            "closed_by": self.closed_by,
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a closed period still says what it said.

    Attributes:
        intact: The kept report has the digest that was written down when it was closed.
        same_again: The report made again from the ledger is the same, byte for byte.
        differences: What is different now, in words.
    """

    through: date
    digest: str
    intact: bool
    same_again: bool
    differences: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "through": self.through.isoformat(),
            "digest": self.digest,
            "intact": self.intact,
            "same_again": self.same_again,
            "differences": self.differences,
        }


def close_books(opened: OpenConference, through: date) -> ClosedBooks:
    """Close all that is booked up to and including a day; what comes later counts after it.

    Raises:
        PurchaseOrderError: The day is not over, or it or a later one is closed already.
        NotAllowedError: The actor is no treasurer.
    """
    with opened.store.writing(opened.actor, Act.CLOSE) as uow:
        periods.lock(uow.session, opened.conference.id, to_close=True)
        before = periods.closed_through(uow.session, opened.conference.id)
        report = _report(opened, through, before)
        return _shown(closing.close(uow, opened.conference, through, report=report))


def closed_books(opened: OpenConference) -> list[ClosedBooks]:
    """Return every closed period, the earliest first."""
    with opened.store.reading() as session:
        return [_shown(p) for p in periods.periods(session, opened.conference)]


def closed_report(opened: OpenConference, through: date) -> bytes:
    """Return the report of a closed period as it was closed: JSON, UTF-8.

    Raises:
        NotFoundError: No period ends on that day.
    """
    with opened.store.reading() as session:
        return zlib.decompress(periods.period(session, opened.conference, through).report)


def verify_closed(opened: OpenConference, through: date) -> Verification:
    """Make the report of a closed period again and compare it with what was closed.

    Raises:
        NotFoundError: No period ends on that day.
    """
    with opened.store.reading() as session:
        period = periods.period(session, opened.conference, through)
        days = [p.last_day for p in periods.periods(session, opened.conference)]
    kept = zlib.decompress(period.report)
    before = max((day for day in days if day < through), default=None)
    again = _report(opened, through, before)
    return Verification(
        through=through,
        digest=period.digest,
        intact=hashlib.sha256(kept).hexdigest() == period.digest,
        same_again=hashlib.sha256(again).hexdigest() == period.digest,
        differences=differences(kept, again) if again != kept else [],
    )


def _report(opened: OpenConference, through: date, before: date | None) -> bytes:
    made = reconcile_conference(opened.store, opened.conference, as_of=through)
    return make_report(made, after=before)


def _shown(period: ClosedPeriod) -> ClosedBooks:
    return ClosedBooks(
        through=period.last_day,
        timezone=period.timezone,
        closed_at=period.closed_at,
        closed_by=period.closed_by,
        digest=period.digest,
    )
