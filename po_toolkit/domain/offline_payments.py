"""Money that did not come through Stripe, as a treasurer or a bank statement says it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How a text that a person may add to a payment is asked for and shown.

    Attributes:
        name: The field of :class:`PaymentDetails` and the column of the ledger.
        column: Its name in tables that also have the purchase order's own reference.
        option: Of the command.
        metavar: What the option takes, as its help shows it.
        help: Of the option.
        label: In the form.
        heading: Of a table's column.
        about: Describes the column in the documentation.
    """

    name: str
    column: str
    option: str
    metavar: str
    help: str
    label: str
    heading: str
    about: str


def _detail(name: str, **texts: str) -> Any:
    return field(default="", metadata={"detail": Detail(name=name, **texts)})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetails:
    """What a person may add to a payment.

    A field here is an option of ``payment``, a field of the app's form and a column of every table
    and export of payments; the ledger needs a column of its name, with a migration.

    Attributes:
        reference: The bank's or the sponsor's own reference.
        note: Anything worth knowing.
    """

    reference: str = _detail(
        "reference",
        column="payment_reference",
        option="--reference",
        metavar="R",
        help="The wire's or check's own number, as the bank has it.",
        label="The bank's or the sponsor's reference",
        heading="Reference",
        about="Reference given with the payment",
    )
    note: str = _detail(
        "note",
        column="note",
        option="--note",
        metavar="TEXT",
        help="A remark for the books.",
        label="Note",
        heading="Note",
        about="Note or reason",
    )


DETAILS: tuple[Detail, ...] = tuple(f.metadata["detail"] for f in fields(PaymentDetails))


@dataclass(frozen=True, slots=True)
class OfflinePayment(PaymentDetails):
    """A wire, ACH, check or other payment, the same from the page or command to the ledger.

    Attributes:
        amount: Minor units of ``currency``.
        currency: Three letters, lower case.
        method: wire, ach, check or other.
        payment_date: When the money came.
        source: manual, or bank where a statement proves it.
        source_id: The source's own id; empty for a manual entry, which takes its uuid.
        entered_by: Who entered it, where that is not who acts now.
    """

    amount: int
    currency: str
    method: str
    payment_date: date
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

        Amount, currency and entered_by are stored with the intent itself.
        """
        day = date.fromisoformat(details["payment_date"])
        own = {f.name: details[f.name] for f in fields(cls) if f.name in details}
        return cls(**{**own, **stored, "payment_date": day})
