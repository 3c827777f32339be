"""What every act on the books starts from, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from po_toolkit.domain.periods import local_day
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]


@dataclass(frozen=True)
class Books:
    """The two sides that are to agree, and the clock."""

    conference: Conference
    store: Store
    gateway: StripeGateway
    now: Callable[[], datetime]

    def day_of(self, timestamp: int) -> date:
        """Return the date of a Unix time in the conference's timezone."""
        return local_day(datetime.fromtimestamp(timestamp, UTC), self.conference.timezone)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that news from Stripe changed, in words."""

    reference: str
    what: str


@dataclass
class Taken:
    """What a piece of news changed here."""

    payments: int = 0
    refunds: int = 0
    statuses_changed: int = 0
    changes: list[Change] = field(default_factory=list)

    def add(self, other: Taken | None) -> None:
        """Count what another piece changed."""
        if other is None:
            return
        self.payments += other.payments
        self.refunds += other.refunds
        self.statuses_changed += other.statuses_changed
        self.changes += other.changes
