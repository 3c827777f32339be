"""Money that did not come through Stripe, as a treasurer or a bank statement says it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

_KEPT_APART = frozenset({"amount", "currency", "entered_by"})


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person has confirmed of a typed payment that is unlikely.

    Attributes:
        again: It is a second payment beside one that looks the same.
        date_as_given: Its date is right, though before the purchase order or in a closed period.
        overpaid: It is more than what is open.
    """

    again: bool = False
    date_as_given: bool = False
    overpaid: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Which of them are confirmed."""
        return tuple(name for name, value in asdict(self).items() if value)


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """A wire, ACH, check or other payment, the same from the page or command to the ledger.

    Attributes:
        amount: Minor units of ``currency``.
        currency: Three letters, lower case.
        method: wire, ach, check or other.
        payment_date: When the money came.
        reference: The bank's or the sponsor's own reference.
        note: Anything worth knowing.
        source: manual, or bank where a statement proves it.
        source_id: The source's own id; empty for a manual entry, which takes its uuid.
        entered_by: Who entered it, where that is not who acts now.
    """

    amount: int
    currency: str
    method: str
    payment_date: date
    reference: str = ""
    note: str = ""
    source: str = "manual"
    source_id: str = ""
    entered_by: str = ""

    @property
    def named(self) -> str:
        """How it came, with its own reference where it has one."""
        return self.method + (f" with reference {self.reference!r}" if self.reference else "")

    def as_details(self) -> dict[str, Any]:
        """Return it as JSON, without what the intent that reports it to Stripe keeps itself."""
        details = asdict(self) | {"payment_date": self.payment_date.isoformat()}
        return {name: value for name, value in details.items() if name not in _KEPT_APART}

    @classmethod
    def from_details(cls, details: dict[str, Any], **stored: Any) -> OfflinePayment:
        """Return it from the JSON of an intent.

        Args:
            details: As :meth:`as_details` gives it.
            stored: What the intent itself keeps of it: amount, currency and entered_by.
        """
        day = date.fromisoformat(details["payment_date"])
        own = {f.name: details[f.name] for f in fields(cls) if f.name in details}
        return cls(**{**own, **stored, "payment_date": day})
