"""Every error the toolkit raises on purpose, in one tree.

    PoToolkitError
    ├── SettingsError (ValueError)       a setting is missing or wrong
    │   └── WrongAccountError            the key is not of the account that the data belong to
    ├── AmountError (ValueError)         an amount cannot be represented in its currency
    ├── ImportFileError (ValueError)     a spreadsheet cannot be read at all
    │   └── ImportChoiceError            it can be read in several ways; a person must choose
    ├── PurchaseOrderError (ValueError)  an act is not possible on this purchase order
    │   ├── NotFoundError                no such purchase order, conference, batch or invoice
    │   ├── DuplicateEntryError          the same fact is in the ledger already
    │   ├── ConfirmationNeededError      it is unlikely; a person must confirm it
    │   ├── SecondPersonNeededError      another person must enter the same to confirm it
    │   ├── InvoiceMismatchError         Stripe's invoice and the purchase order disagree
    │   ├── AlreadyBilledError           an invoice at Stripe bills the same; a person decides
    │   ├── BusyError                    another process is invoicing it right now
    │   └── LostLeaseError               another process took the invoicing over
    ├── NotAllowedError                  the actor's role does not permit the act
    ├── MissingExtraError (ImportError)  a part of the package is not installed
    ├── DatabaseUnavailableError         the database cannot be written or reached
    ├── EInvoiceHandOverError            an access point did not take an e-invoice; again is safe
    ├── ForgedError                      a webhook delivery that Stripe did not sign
    ├── MalformedError                   a webhook delivery that is signed, but is no event
    └── StripeGatewayError               Stripe was asked and did not do it
        ├── StripeUnknownError           nobody knows whether it was done; again is safe
        ├── StripeRefusedError           Stripe refused these data; change them first
        │   ├── StripeNotFoundError      the object is gone at Stripe
        │   └── StripeIdempotencyError   the key was used with another body
        ├── StripeStored500Error         Stripe replays a stored failure for this key; look first
        └── StripeAuthenticationError    the key is wrong or revoked; nothing else will work either

Each error has a ``code`` that stays the same across releases, and where one act solves the problem
a ``remedy``, as data: the command line prints it as a command, the app shows it as a link. Each
message says what happened, to which row or purchase order, and what to do next. No message holds
a key or another secret.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Remedy:
    """The next thing to do, as data.

    Attributes:
        label: What it is, for a button or link: a verb with its object.
        command: The arguments of ``po-toolkit`` that do it.
        page: The app's page on which it is done, or ``""``.
        purchase_order: The reference that the page opens, or ``""``.
        otherwise: The other way on, where a person has to choose between two.
    """

    label: str
    command: tuple[str, ...]
    page: str = ""
    purchase_order: str = ""
    otherwise: Remedy | None = None

    @property
    def command_line(self) -> str:
        """The command as it is typed in a shell."""
        return shlex.join(("po-toolkit", *self.command))

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return it from what was stored."""
        other = stored["otherwise"]
        return cls(
            stored["label"],
            tuple(stored["command"]),
            stored["page"],
            stored["purchase_order"],
            cls.from_json(other) if other else None,
        )


class Reason(str):
    """Why something is not done: the text, and the remedy where one act solves it."""

    __slots__ = ("remedy",)

    remedy: Remedy | None

    def __new__(cls, text: str, remedy: Remedy | None = None) -> Self:
        """Keep the remedy beside the text."""
        reason = super().__new__(cls, text)
        reason.remedy = remedy
        return reason


class PoToolkitError(Exception):
    """The base of every expected failure.

    Attributes:
        code: What kind of failure it is, the same in every release.
        remedy: What solves it, where one act does.
        retryable: True when the same call later may succeed without a change by a person.
    """

    code = "failed"
    remedy: Remedy | None = None
    retryable = False

    def __init__(self, message: str = "", *, code: str = "", remedy: Remedy | None = None) -> None:
        """Keep code and remedy beside the message; by default the code of the class."""
        super().__init__(message)
        if code:
            self.code = code
        self.remedy = remedy or getattr(message, "remedy", None)

    @property
    def reason(self) -> Reason:
        """The message with its remedy."""
        return Reason(str(self), self.remedy)


class SettingsError(PoToolkitError, ValueError):
    """A setting is missing, unreadable or contradicts another."""

    code = "settings_invalid"


class WrongAccountError(SettingsError):
    """The Stripe key opens another account or mode than the conference's data belong to."""

    code = "wrong_account"


class AmountError(PoToolkitError, ValueError):
    """An amount cannot be represented exactly in its currency, or its currency is unknown."""

    code = "amount_invalid"


class ImportFileError(PoToolkitError, ValueError):
    """A spreadsheet cannot be read, or holds no purchase order; nothing was written."""

    code = "file_unreadable"


class ColumnsUnknownError(ImportFileError):
    """No column of a bank file is known as its date or amount; a person names them.

    Attributes:
        columns: The columns that there are.
    """

    code = "columns_unknown"

    def __init__(self, message: str, columns: Iterable[str]) -> None:
        """Keep the columns beside the message."""
        super().__init__(message)
        self.columns = [column for column in columns if column]


class ImportChoiceError(ImportFileError):
    """A spreadsheet can be read in several ways, and nothing in it says which; a person chooses.

    Attributes:
        question: What to choose: ``sheet``, ``decimal``, ``dates`` or ``mapping``. It is the name
            of the argument (and of the command line's option) that answers it.
        choices: The possible answers.
    """

    code = "choice_needed"

    def __init__(self, message: str, *, question: str, choices: Sequence[str]) -> None:
        """Keep the question beside the message."""
        super().__init__(message)
        self.question = question
        self.choices = list(choices)


class PurchaseOrderError(PoToolkitError, ValueError):
    """An act is not possible on this purchase order as it stands."""

    code = "not_possible"


class NotFoundError(PurchaseOrderError):
    """No such conference, purchase order, import batch, entry or invoice."""

    code = "not_found"


class DuplicateEntryError(PurchaseOrderError):
    """The same fact is in the ledger already.

    Attributes:
        questions: The name of the argument that confirms that it is another.
    """

    code = "duplicate_entry"
    questions = ("again",)


class ConfirmationNeededError(PurchaseOrderError):
    """What is to be recorded is unlikely, and only a person knows whether it is right.

    Attributes:
        questions: The names of the arguments that confirm it.
    """

    code = "confirmation_needed"

    def __init__(self, message: str, *, questions: Sequence[str], remedy: Remedy) -> None:
        """Keep the questions beside the message."""
        super().__init__(message, remedy=remedy)
        self.questions = tuple(questions)


class SecondPersonNeededError(PurchaseOrderError):
    """A refund or credit note above the set amount waits for another person to enter the same."""

    code = "second_person_needed"


class InvoiceMismatchError(PurchaseOrderError):
    """Stripe's invoice does not say what the purchase order says."""

    code = "invoice_mismatch"


class AlreadyBilledError(PurchaseOrderError):
    """An invoice at Stripe bills the same already; a person decides whether it is billed again."""

    code = "already_billed"


class BusyError(PurchaseOrderError):
    """Another process holds the lease on the invoice; wait for its result."""

    code = "busy"

    retryable = True


class LostLeaseError(PurchaseOrderError):
    """Another process took over; this one changed nothing more."""

    code = "lease_lost"

    retryable = True


class ForgedError(PoToolkitError):
    """A webhook delivery that is not from this conference's Stripe account, or too old."""

    code = "webhook_forged"


class MalformedError(PoToolkitError):
    """A webhook delivery that is signed, but is no event."""

    code = "webhook_malformed"


class NotAllowedError(PoToolkitError):
    """The actor's role does not permit this act."""

    code = "not_allowed"


class MissingExtraError(PoToolkitError, ImportError):
    """What was asked for needs an extra of the package that is not installed."""

    code = "extra_missing"


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import what an extra of the package brings.

    Raises:
        MissingExtraError: It is not installed; the message says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("po_toolkit"):
            raise
        raise MissingExtraError(
            f"{error.name} is not installed. Install it with the part of the toolkit that needs "
            f"it: pip install 'po-toolkit[{name}]'."
        ) from None


class DatabaseUnavailableError(PoToolkitError):
    """The database cannot be written or reached: a full disk, a stopped server."""

    code = "database_unavailable"
    retryable = True


class StripeGatewayError(PoToolkitError):
    """Stripe was asked and did not do it.

    Attributes:
        stripe_code: Stripe's error code, or ``""``.
        param: The parameter Stripe objected to, or ``""``.
        request_id: Stripe's request id, for its support and log, or ``""``.
    """

    code = "stripe_failed"

    def __init__(
        self, message: str, *, stripe_code: str = "", param: str = "", request_id: str = ""
    ) -> None:
        """Keep Stripe's own particulars beside the message."""
        super().__init__(message)
        self.stripe_code = stripe_code
        self.param = param
        self.request_id = request_id


class StripeUnknownError(StripeGatewayError):
    """A timeout, a lost connection, a 409 or a 5xx: the write may or may not have been done."""

    code = "stripe_outcome_unknown"

    retryable = True


class StripeRefusedError(StripeGatewayError):
    """A definite refusal about the data of this call (4xx)."""

    code = "stripe_refused"


class StripeNotFoundError(StripeRefusedError):
    """The object does not exist at Stripe, or was deleted there."""

    code = "stripe_not_found"


class StripeIdempotencyError(StripeRefusedError):
    """The idempotency key was used before with another body."""

    code = "stripe_key_reused"


class StripeStored500Error(StripeGatewayError):
    """Stripe replays a failure that it stored under this key; look first, then the next attempt."""

    code = "stripe_stored_failure"


class StripeAuthenticationError(StripeGatewayError):
    """Stripe does not accept the key."""

    code = "stripe_key_rejected"


class EInvoiceHandOverError(PoToolkitError):
    """An access point did not take an e-invoice; the same call again is safe."""

    code = "e_invoice_not_handed_over"
    retryable = True
