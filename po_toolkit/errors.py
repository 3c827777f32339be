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
    │   ├── InvoiceMismatchError         Stripe's invoice and the purchase order disagree
    │   ├── BusyError                    another process is invoicing it right now
    │   └── LostLeaseError               another process took the invoicing over
    ├── NotAllowedError                  the actor's role does not permit the act
    └── StripeGatewayError               Stripe was asked and did not do it
        ├── StripeUnknownError           nobody knows whether it was done; again is safe
        ├── StripeRefusedError           Stripe refused these data; change them first
        │   ├── StripeNotFoundError      the object is gone at Stripe
        │   └── StripeIdempotencyError   the key was used with another body
        ├── StripeStored500Error         Stripe replays a stored failure for this key; look first
        └── StripeAuthenticationError    the key is wrong or revoked; nothing else will work either

Each message says what happened, to which row or purchase order, and what to do next. No message
holds a key or another secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class PoToolkitError(Exception):
    """The base of every expected failure.

    Attributes:
        retryable: True when the same call later may succeed without a change by a person.
    """

    retryable = False


class SettingsError(PoToolkitError, ValueError):
    """A setting is missing, unreadable or contradicts another."""


class WrongAccountError(SettingsError):
    """The Stripe key opens another account or mode than the conference's data belong to."""


class AmountError(PoToolkitError, ValueError):
    """An amount cannot be represented exactly in its currency, or its currency is unknown."""


class ImportFileError(PoToolkitError, ValueError):
    """A spreadsheet cannot be read, or holds no purchase order; nothing was written."""


class ImportChoiceError(ImportFileError):
    """A spreadsheet can be read in several ways, and nothing in it says which; a person chooses.

    Attributes:
        question: What to choose: ``sheet``, ``decimal``, ``dates`` or ``mapping``. It is the name
            of the argument (and of the command line's option) that answers it.
        choices: The possible answers.
    """

    def __init__(self, message: str, *, question: str, choices: Sequence[str]) -> None:
        """Keep the question beside the message."""
        super().__init__(message)
        self.question = question
        self.choices = list(choices)


class PurchaseOrderError(PoToolkitError, ValueError):
    """An act is not possible on this purchase order as it stands."""


class NotFoundError(PurchaseOrderError):
    """No such conference, purchase order, import batch, entry or invoice."""


class DuplicateEntryError(PurchaseOrderError):
    """The same fact is in the ledger already."""


class InvoiceMismatchError(PurchaseOrderError):
    """Stripe's invoice does not say what the purchase order says."""


class BusyError(PurchaseOrderError):
    """Another process holds the lease on the invoice; wait for its result."""

    retryable = True


class LostLeaseError(PurchaseOrderError):
    """Another process took over; this one changed nothing more."""

    retryable = True


class NotAllowedError(PoToolkitError):
    """The actor's role does not permit this act."""


class StripeGatewayError(PoToolkitError):
    """Stripe was asked and did not do it.

    Attributes:
        code: Stripe's error code, or ``""``.
        param: The parameter Stripe objected to, or ``""``.
        request_id: Stripe's request id, for its support and log, or ``""``.
    """

    def __init__(
        self, message: str, *, code: str = "", param: str = "", request_id: str = ""
    ) -> None:
        """Keep Stripe's own particulars beside the message."""
        super().__init__(message)
        self.code = code
        self.param = param
        self.request_id = request_id


class StripeUnknownError(StripeGatewayError):
    """A timeout, a lost connection, a 409 or a 5xx: the write may or may not have been done."""

    retryable = True


class StripeRefusedError(StripeGatewayError):
    """A definite refusal about the data of this call (4xx)."""


class StripeNotFoundError(StripeRefusedError):
    """The object does not exist at Stripe, or was deleted there."""


class StripeIdempotencyError(StripeRefusedError):
    """The idempotency key was used before with another body."""


class StripeStored500Error(StripeGatewayError):
    """Stripe replays a failure that it stored under this key; look first, then the next attempt."""


class StripeAuthenticationError(StripeGatewayError):
    """Stripe does not accept the key."""
