"""States of stored rows and the moves between them; the values are what the database holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar


class InvoiceState(StrEnum):
    """How far one generation of a purchase order's invoice is."""

    PLANNED = "planned"
    DRAFTING = "drafting"
    """The draft exists at Stripe, without lines."""
    DRAFTED = "drafted"
    FINALIZED = "finalized"
    """Open at Stripe; we have yet to deliver it."""
    SENT = "sent"
    PAID = "paid"
    REPLACED = "replaced"
    """Paid at Stripe once; its money went back, and a later generation asks for it again."""
    VOID = "void"
    DELETED = "deleted"
    ADOPTED = "adopted"
    """Sent by hand at Stripe and then taken as the purchase order's."""


class InvoiceStep(StrEnum):
    """The next step of an invoice on its way to the sponsor."""

    CUSTOMER = "customer"
    DRAFT = "draft"
    LINES = "lines"
    SEND = "send"
    FINALIZE = "finalize"
    """Without an email, where we deliver the invoice."""
    DONE = "done"


class IntentKind(StrEnum):
    """What of the ledger is reported to Stripe."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"


class IntentStep(StrEnum):
    """The next step of a payment, credit note or refund that is reported to Stripe."""

    REPORT = "report"
    ATTACH = "attach"
    """Payments only: the record is attached to the invoice."""
    DONE = "done"
    REFUSED = "refused"


class WriteState(StrEnum):
    """How one attempt at a write to Stripe ended."""

    PENDING = "pending"
    """Its outcome is not known yet."""
    DONE = "done"
    REFUSED = "refused"
    """Stripe refused it for certain; the next attempt has a new body."""
    SUPERSEDED = "superseded"
    """Its key can say nothing more; it is looked for, and the next attempt takes its place."""


class BatchState(StrEnum):
    """How a batch of invoices is."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class JobState(StrEnum):
    """How one piece of background work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    """Done, except what its message names."""
    INVOICED = "invoiced"
    SKIPPED = "skipped"
    """The purchase order needed no invoice."""
    FAILED = "failed"
    CANCELLED = "cancelled"


class EventState(StrEnum):
    """What became of a Stripe event that was delivered."""

    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    FAILED = "failed"
    """It is tried again."""
    HELD = "set_aside"
    """It failed too often and waits for a person."""


class ReminderState(StrEnum):
    """What became of one step of the reminder schedule."""

    SENDING = "sending"
    SENT = "sent"
    DRAFTED = "drafted"
    REFUSED = "refused"
    PASSED = "passed"
    """A later step came first."""


class EntryMethod(StrEnum):
    """How the money of a ledger entry moved."""

    STRIPE = "stripe"
    WIRE = "wire"
    ACH = "ach"
    CHECK = "check"
    OTHER = "other"


class EntrySource(StrEnum):
    """Where the fact behind a ledger entry comes from."""

    STRIPE = "stripe"
    MANUAL = "manual"
    BANK = "bank"


class ImportRowOutcome(StrEnum):
    """What became of a row of a spreadsheet."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    FIXED = "mended"
    """A later import took it."""
    UNDONE = "undone"


class StatementState(StrEnum):
    """Whether a bank statement adds up."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    HELD = "held"
    ACCEPTED = "accepted"
    """Held, then accepted by a person."""


class MatchKind(StrEnum):
    """What a bank line was found to be."""

    PAYOUT = "payout"
    PAYOUT_RETURN = "payout_return"
    """A failed payout that went back."""
    ENTRY = "entry"
    REVERSAL = "reversal"
    """An earlier match that the bank took back."""


class MatchState(StrEnum):
    """Whether a match of a bank line counts."""

    APPLIED = "applied"
    UNDONE = "undone"


class CustomerBalanceKind(StrEnum):
    """Money of a customer at Stripe that pays no invoice."""

    CASH = "cash"
    """A bank transfer that fitted no invoice."""
    CREDIT = "credit"
    """Left over from an overpayment."""


S = TypeVar("S", bound=StrEnum)

_STEPS_AFTER: Mapping[InvoiceStep, Collection[InvoiceStep]] = {
    InvoiceStep.CUSTOMER: {*InvoiceStep},
    InvoiceStep.DRAFT: {*InvoiceStep},
    InvoiceStep.LINES: {*InvoiceStep} - {InvoiceStep.DRAFT},
    InvoiceStep.SEND: {*InvoiceStep} - {InvoiceStep.DRAFT},
    InvoiceStep.FINALIZE: {*InvoiceStep} - {InvoiceStep.DRAFT},
    InvoiceStep.DONE: {InvoiceStep.DONE},
}
"""A look at Stripe may show that later steps were done; a refusal starts again at the customer."""

_FINAL = {InvoiceState.FINALIZED, InvoiceState.SENT, InvoiceState.PAID}
_ENDED = {InvoiceState.REPLACED, InvoiceState.VOID, InvoiceState.DELETED}

_STATES_AFTER: Mapping[InvoiceState, Collection[InvoiceState]] = {
    InvoiceState.PLANNED: {InvoiceState.DRAFTING, InvoiceState.DRAFTED, *_FINAL, *_ENDED},
    InvoiceState.DRAFTING: {InvoiceState.DRAFTED, *_FINAL, *_ENDED},
    InvoiceState.DRAFTED: {InvoiceState.DRAFTING, *_FINAL, *_ENDED},
    InvoiceState.FINALIZED: {InvoiceState.SENT, InvoiceState.PAID, *_ENDED},
    InvoiceState.SENT: {InvoiceState.PAID, *_ENDED},
    InvoiceState.ADOPTED: {InvoiceState.PAID, *_ENDED},
    InvoiceState.PAID: {InvoiceState.SENT, InvoiceState.ADOPTED, *_ENDED},
    InvoiceState.REPLACED: (),
    InvoiceState.VOID: (),
    InvoiceState.DELETED: (),
}

_INTENT_AFTER: Mapping[IntentStep, Collection[IntentStep]] = {
    IntentStep.REPORT: {IntentStep.ATTACH, IntentStep.DONE, IntentStep.REFUSED},
    IntentStep.ATTACH: {IntentStep.DONE, IntentStep.REFUSED},
    IntentStep.DONE: (),
    IntentStep.REFUSED: {IntentStep.DONE},
}
"""A refused one may still end as done: Stripe's own answer may show that it was done."""

_JOB_AFTER: Mapping[JobState, Collection[JobState]] = {
    JobState.WAITING: {JobState.RUNNING, JobState.INVOICED, JobState.CANCELLED},
    JobState.RUNNING: {*JobState},
    JobState.SKIPPED: {JobState.INVOICED},
    JobState.FAILED: {JobState.WAITING, JobState.INVOICED},
    JobState.DONE: (),
    JobState.PARTLY: (),
    JobState.INVOICED: (),
    JobState.CANCELLED: (),
}
"""That a purchase order was invoiced holds whichever worker reports it, lease or not."""

_EVENT_ENDS = {EventState.PROCESSED, EventState.IGNORED, EventState.FAILED, EventState.HELD}

_EVENT_AFTER: Mapping[EventState, Collection[EventState]] = {
    EventState.RECEIVED: _EVENT_ENDS,
    EventState.FAILED: _EVENT_ENDS,
    EventState.HELD: {EventState.RECEIVED},
    EventState.PROCESSED: (),
    EventState.IGNORED: (),
}

_AFTER: Mapping[type[StrEnum], Mapping[Any, Collection[StrEnum]]] = {
    InvoiceState: _STATES_AFTER,
    InvoiceStep: _STEPS_AFTER,
    IntentStep: _INTENT_AFTER,
    JobState: _JOB_AFTER,
    EventState: _EVENT_AFTER,
}


def may_follow(before: S, after: S) -> bool:
    """Tell whether a row may go from one state to another; staying is always allowed."""
    return before == after or after in _AFTER[type(before)][before]


LIVE_STATES = frozenset(
    {
        InvoiceState.PLANNED,
        InvoiceState.DRAFTING,
        InvoiceState.DRAFTED,
        InvoiceState.FINALIZED,
        InvoiceState.SENT,
        InvoiceState.PAID,
        InvoiceState.ADOPTED,
    }
)
"""Invoice states that forbid another invoice for the same purchase order."""
