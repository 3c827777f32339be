"""What a sync saw, changed and proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from po_toolkit.payments.books import Change, Taken


@dataclass
class Sweep:
    """What a comparison of every object at Stripe with the ledger proved.

    Attributes:
        invoices: Invoices of ours that were compared; payments, refunds, disputes and credit
            notes likewise.
        found: Facts that no event had told of before; they are in the ledger now.
        only_here: Facts in the ledger that Stripe no longer has, with their purchase order.
    """

    invoices: int = 0
    payments: int = 0
    refunds: int = 0
    disputes: int = 0
    credit_notes: int = 0
    found: int = 0
    only_here: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return dict(vars(self))


@dataclass
class SyncReport:
    """What a sync saw and changed, and what it could not do.

    Attributes:
        changes: Each change in words, with its purchase order.
        problems: What could not be booked and why; the sync is not complete then.
        sweep: What a full sync proved.
    """

    invoices_seen: int = 0
    payments_recorded: int = 0
    refunds_recorded: int = 0
    statuses_changed: int = 0
    stripe_calls: int = 0
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sweep: Sweep | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that Stripe told of is in the books."""
        return not self.problems

    def add(self, taken: Taken | None) -> None:
        """Count what one piece of news changed."""
        if taken is None:
            return
        self.payments_recorded += taken.payments
        self.refunds_recorded += taken.refunds
        self.statuses_changed += taken.statuses_changed
        self.changes += taken.changes

    def merge(self, other: SyncReport) -> None:
        """Add another report's counts."""
        self.invoices_seen += other.invoices_seen
        self.payments_recorded += other.payments_recorded
        self.refunds_recorded += other.refunds_recorded
        self.statuses_changed += other.statuses_changed
        self.stripe_calls += other.stripe_calls
        self.changes += other.changes
        self.problems += other.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        said: dict[str, Any] = {
            "invoices_seen": self.invoices_seen,
            "payments_recorded": self.payments_recorded,
            "refunds_recorded": self.refunds_recorded,
            "statuses_changed": self.statuses_changed,
            "stripe_calls": self.stripe_calls,
            "changes": [{"reference": c.reference, "what": c.what} for c in self.changes],
            "problems": self.problems,
        }
        if self.sweep is not None:
            said["sweep"] = self.sweep.as_json()
        return said
