"""The outbox: the one way in which anything is written to Stripe.

A write is declared as a :class:`Write`: what it is, for which subject, where it goes, how its body
is built, and how to find out at Stripe whether it was done. The outbox alone knows how that becomes
one object at Stripe, whatever breaks in between:

- Each attempt is stored with its idempotency key and body before its first try. While its outcome
  is unknown, it is repeated with the same key and the same body.
- A definite refusal ends the attempt. The next try has a new key and a newly built body.
- A failure that Stripe stored under the key, or a key that it knows with another body, says
  nothing: the outbox looks whether the write was done, and only if not makes the next attempt. An
  email is looked for again until Stripe must have listed its event.
- Stripe forgets keys after a day, so an older attempt is looked for first, and so is a write whose
  subject is older: a restored copy of the database may have lost the attempt.

An answer that is not a whole JSON object of the expected kind counts as unknown; see
:meth:`po_toolkit.stripe_gateway.client.StripeGateway.write`.
Source: Stripe, "Idempotent requests" and "Error handling".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.states import WriteState
from po_toolkit.errors import (
    BusyError,
    StripeGatewayError,
    StripeIdempotencyError,
    StripeRefusedError,
    StripeStored500Error,
    StripeUnknownError,
)
from po_toolkit.store import stripe_writes
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.stripe_writes import StoredWrite

Json = dict[str, Any]

KEY_LIFETIME = timedelta(hours=23)
"""Stripe keeps idempotency keys for at least 24 hours; an older attempt is looked for first."""

LISTED_WITHIN = timedelta(minutes=10)
"""Stripe may list an event so late, and only an event says that an open invoice was emailed."""

NOT_LISTED: Json = {}
"""What is found of a write of which only an event tells, and Stripe lists none."""

ATTEMPTS = 5
"""How many attempts one go may make before a person must look."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of write.

    Attributes:
        name: As it is stored.
        answers: What kind of object Stripe answers with.
        repeats: True where the same may be asked for again after it was done, as an email, or after
            others undid it.
        deletes: True for a deletion, which has no body and no key.
    """

    name: str
    answers: str
    repeats: bool = False
    deletes: bool = False


CUSTOMER = Kind("customer", "customer")
CUSTOMER_DETAILS = Kind("customer_details", "customer", repeats=True)
TAX_ID = Kind("tax_id", "tax_id", repeats=True)
TAX_ID_REMOVAL = Kind("tax_id_removal", "tax_id", deletes=True)
TAX_RATE = Kind("tax_rate", "tax_rate")
DRAFT = Kind("draft", "invoice")
LINES = Kind("lines", "invoice")
SEND = Kind("send", "invoice")
FINALIZE = Kind("finalize", "invoice")
AUTO_ADVANCE = Kind("auto_advance", "invoice", repeats=True)
DRAFT_DELETION = Kind("draft_deletion", "invoice", deletes=True)
VOID = Kind("void", "invoice")
RESEND = Kind("resend", "invoice", repeats=True)
REMINDER = Kind("reminder", "invoice")
PAYMENT_RECORD = Kind("payment_record", "payment_record")
PAYMENT_ATTACHMENT = Kind("payment_attachment", "invoice")
CREDIT_NOTE = Kind("credit_note", "credit_note")
REFUND = Kind("refund", "refund")
BALANCE_REMOVED = Kind("balance_removed", "customer_balance_transaction")
CREDIT_TAKEN_DOWN = Kind("credit_taken_down", "customer_balance_transaction")


@dataclass(frozen=True, slots=True)
class Write:
    """One write to Stripe as it is declared.

    Attributes:
        kind: What is written.
        slot: The subject's uuid, generation and step, and nothing else: all attempts share it.
        path: The endpoint.
        body: Builds the parameters, for each new attempt anew.
        find: Looks whether Stripe has done it: the object that shows it, None, or
            :data:`NOT_LISTED`. It gets the attempt whose outcome is in doubt.
        conference_id: Whose account.
        purchase_order_id: Which purchase order, if it is one's own.
        since: When its subject was made, where a copy that is restored may hold the subject
            without the attempt.
    """

    kind: Kind
    slot: str
    path: str
    body: Callable[[], Json]
    find: Callable[[StoredWrite], Json | None]
    conference_id: int
    purchase_order_id: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A write that was done.

    Attributes:
        stored: The attempt, with the body that was sent.
        answer: Stripe's object.
        found: True where it was found to be done already, so that the object may say more, or
            other things, than the body asked for.
    """

    stored: StoredWrite
    answer: Json
    found: bool = False


def declare(uow: UnitOfWork, opened: OpenConference, write: Write, after: int = 0) -> StoredWrite:
    """Store a write before its first try, unless an attempt at it is open.

    The first attempt at a write whose subject is old is never sent: it is looked for, and the next
    one is sent, which all processes share.

    ``after`` is the attempt that the caller did not find at Stripe. A done attempt after that is
    another process's, and is returned as it is, whatever the kind.

    Returns:
        The attempt to be sent: a new one, or the one whose outcome is not known. A done one is
        returned as it is where the kind is done only once.
    """
    old = not after and write.since is not None and opened.now() - write.since > KEY_LIFETIME
    state = WriteState.SUPERSEDED if old else WriteState.PENDING
    stored = _insert(uow, opened, write, after + 1, state)
    while stored is None:
        last = stripe_writes.latest(uow.connection, write.slot)
        if last is None:
            raise AssertionError("an attempt that could not be stored exists already")
        once = after > 0 or not write.kind.repeats
        done = last.state is WriteState.DONE and last.attempt > after and once
        if last.state is WriteState.PENDING or done:
            return last
        stored = _insert(uow, opened, write, last.attempt + 1, state)
    return stored


def send(opened: OpenConference, write: Write, stored: StoredWrite) -> Outcome:
    """Take a stored write to its end; the caller notes it with :func:`finish`.

    Raises:
        BusyError: Another process has done it meanwhile.
        StripeRefusedError: Stripe refuses it as it is declared now; the next try is a new attempt.
        StripeGatewayError: The outcome is unknown; the same call again is safe.
    """
    failure: StripeGatewayError | None = None
    for _ in range(ATTEMPTS):
        old = opened.now() - stored.stored_at > KEY_LIFETIME
        if old or stored.state is not WriteState.PENDING:
            found = write.find(stored)
            if found:
                return Outcome(stored, found, found=True)
            _wait_for_the_list(opened, stored, found)
            stored = _next(opened, write, stored, WriteState.SUPERSEDED)
        try:
            return Outcome(stored, _call(opened, write.kind, stored))
        except (StripeStored500Error, StripeIdempotencyError) as error:
            failure, end = error, WriteState.SUPERSEDED
        except StripeRefusedError as error:
            failure, end = error, WriteState.REFUSED
        found = write.find(stored)
        if found:
            return Outcome(stored, found, found=True)
        if end is WriteState.REFUSED and stored.body == write.body():
            with opened.store.writing(opened.actor, Act.INVOICE) as uow:
                stripe_writes.settle(uow, stored.key, end, opened.now())
            raise failure
        if end is WriteState.SUPERSEDED:
            _wait_for_the_list(opened, stored, found)
        stored = _next(opened, write, stored, end)
    if failure is None:
        raise AssertionError("each attempt ended or failed")
    raise failure


def finish(uow: UnitOfWork, opened: OpenConference, outcome: Outcome) -> None:
    """Note that a write was done, in the transaction that keeps what follows from it."""
    stripe_id = str(outcome.answer.get("id") or "")
    stripe_writes.settle(
        uow, outcome.stored.key, WriteState.DONE, opened.now(), stripe_id=stripe_id
    )


def perform(
    opened: OpenConference,
    write: Write,
    act: Act,
    keep: Callable[[UnitOfWork, Outcome], None] = lambda _uow, _outcome: None,
) -> Outcome:
    """Store a write, do it, and note it together with what follows from it.

    ``act`` is what the audit log calls it; ``keep`` stores what follows, in the transaction that
    notes the end.

    Raises:
        StripeRefusedError: Stripe refuses it as it is declared now; the next try is a new attempt.
        StripeGatewayError: The outcome is unknown; the same call again is safe.
    """
    with opened.store.writing(opened.actor, act) as uow:
        stored = declare(uow, opened, write)
    outcome = send(opened, write, stored)
    with opened.store.writing(opened.actor, act) as uow:
        finish(uow, opened, outcome)
        keep(uow, outcome)
    return outcome


def _wait_for_the_list(opened: OpenConference, stored: StoredWrite, found: Json | None) -> None:
    """Refuse to send an email again while Stripe may still list that this attempt sent it.

    Raises:
        StripeUnknownError: It may.
    """
    if found == NOT_LISTED and opened.now() - stored.stored_at < LISTED_WITHIN:
        raise StripeUnknownError(
            "Stripe does not show yet whether it has emailed the invoice. Try again in ten "
            "minutes: it is safe."
        )


def _call(opened: OpenConference, kind: Kind, stored: StoredWrite) -> Json:
    if kind.deletes:
        return opened.gateway.delete(stored.path, expects=kind.answers)
    left = stored.stored_at + KEY_LIFETIME - opened.now()  # after that, others look and do it again
    return opened.gateway.write(
        stored.path,
        stored.body,
        idempotency_key=stored.key,
        expects=kind.answers,
        within=left.total_seconds(),
    )


def _next(
    opened: OpenConference, write: Write, stored: StoredWrite, end: WriteState
) -> StoredWrite:
    """End an attempt that was not done, and return the next one, also where others made it.

    Raises:
        BusyError: Another process has done the next one: Stripe may not show it yet.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        stripe_writes.settle(uow, stored.key, end, opened.now())
        following = declare(uow, opened, write, after=stored.attempt)
    if following.state is WriteState.DONE:
        raise BusyError("Another process has just done this at Stripe. Try again to see it.")
    return following


def _insert(
    uow: UnitOfWork, opened: OpenConference, write: Write, attempt: int, state: WriteState
) -> StoredWrite | None:
    return stripe_writes.insert(
        uow,
        kind=write.kind.name,
        slot=write.slot,
        attempt=attempt,
        state=state,
        path=write.path,
        body={} if write.kind.deletes else write.body(),
        conference_id=write.conference_id,
        purchase_order_id=write.purchase_order_id,
        now=opened.now(),
    )
