"""What a piece of news from Stripe changed here."""

from __future__ import annotations

from dataclasses import dataclass, field


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
