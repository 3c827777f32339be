"""Stripe's deliveries: verified, kept, then worked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings, load_settings
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.roles import STRIPE, Act, require
from po_toolkit.errors import ForgedError, MalformedError, NotFoundError, PoToolkitError
from po_toolkit.logs import get_logger
from po_toolkit.payments.event_handlers import HANDLERS, invoice_changed
from po_toolkit.store import webhook_events
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference, Invoice
from po_toolkit.store.webhook_events import Delivery
from po_toolkit.stripe_gateway import verify_signature

__all__ = [
    "Delivery",
    "EventOnHold",
    "ForgedError",
    "MalformedError",
    "events_on_hold",
    "failures_of",
    "handle_invoice_paid_webhook",
    "keep_deliveries",
    "receive",
    "replay_events",
    "verify",
]

log = get_logger(__name__)


def verify(opened: OpenConference, payload: bytes, signature: str) -> Delivery:
    """Check a delivery and return what is to be kept of it; nothing is stored.

    Raises:
        ForgedError: No current secret signed it, or it is older than five minutes.
        MalformedError: It is signed but is no Stripe event.
    """
    secrets = opened.settings.stripe_webhook_secret
    if not verify_signature(payload, signature, secrets, opened.now()):
        raise ForgedError("The signature is not this conference's, or is too old.")
    event_id, event_type = _event_in(payload)
    text = payload.decode() if event_type in HANDLERS else ""  # what is not ours is not kept
    return Delivery(opened.conference.id, event_id, event_type, text)


def receive(opened: OpenConference, payload: bytes, signature: str) -> bool:
    """Verify a delivery and keep it; tell whether it is new.

    The body is exactly as received, the signature the ``Stripe-Signature`` header.

    Raises:
        ForgedError: No current secret signed it, or it is older than five minutes.
        MalformedError: It is signed but is no Stripe event.
    """
    return webhook_events.keep(opened.store, [verify(opened, payload, signature)]) == 1


def keep_deliveries(store: Store, deliveries: Sequence[Delivery]) -> int:
    """Keep verified deliveries in one transaction; return how many of them are new."""
    return webhook_events.keep(store, deliveries)


def _event_in(payload: bytes) -> tuple[str, str]:
    """Return id and type of an event."""
    try:
        event = json.loads(payload.decode())
        event_id, event_type, thing = event["id"], event["type"], event["data"]["object"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MalformedError("The body is not a Stripe event.") from None
    if not (_is_name(event_id) and _is_name(event_type) and isinstance(thing, dict)):
        raise MalformedError("The body is not a Stripe event.")
    return event_id[:255], event_type[:64]


def _is_name(value: Any) -> bool:
    """Tell whether an id or type can be one; a database refuses signs that no name has."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != ""


def replay_events(opened: OpenConference, event_ids: Iterable[str] | None = None) -> list[str]:
    """Process events again, from the beginning.

    Events are given by Stripe's ids, ``evt_…``; by default all that are on hold.

    Returns:
        The ids of those that will be worked.

    Raises:
        NotAllowedError: The actor's role is too low.
    """
    require(opened.actor, Act.SYNC)
    with opened.store.writing(opened.actor, Act.SYNC) as uow:
        return webhook_events.replay(uow, opened.conference, event_ids)


def failures_of(opened: OpenConference, event_ids: Iterable[str]) -> dict[str, str]:
    """Return, of these events, those that failed last time, with their errors."""
    with opened.store.reading() as session:
        return webhook_events.errors(session, opened.conference, event_ids)


@dataclass(frozen=True, slots=True)
class EventOnHold(AsJson):
    """An event that could not be worked, and why."""

    event_id: str
    type: str
    received_at: datetime
    attempts: int
    error: str


def events_on_hold(opened: OpenConference) -> list[EventOnHold]:
    """Return the events that a person must look at, oldest first."""
    with opened.store.reading() as session:
        return [
            EventOnHold(row.stripe_event_id, row.type, row.received_at, row.attempts, row.error)
            for row in webhook_events.on_hold(session, opened.conference)
        ]


def handle_invoice_paid_webhook(
    payload: Any = None,
    *,
    stripe_event_payload: Any = None,
    raise_errors: bool = False,
    settings: Settings | None = None,
    store: Store | None = None,
) -> None:
    """Process an ``invoice.paid`` event whose signature somebody else has checked.

    The invoice is found by its Stripe id; its payments are read from Stripe and entered, each
    once. By default a malformed payload, or a Stripe that does not answer, is logged as a warning
    and changes nothing; an invoice that is not ours is logged for debugging.

    Args:
        payload: The whole event: a dictionary, JSON as text or bytes, or Stripe's event object.
        stripe_event_payload: The same, under the keyword of the original.
        raise_errors: Raise instead of logging, for callers that answer Stripe with an error so
            that it sends the event again.
        settings: By default from the environment and the settings file.
        store: By default the settings' database.

    Raises:
        MalformedError: The payload is no event about an invoice (with ``raise_errors``).
        NotFoundError: No conference here has this invoice (with ``raise_errors``).
        StripeGatewayError: Stripe could not be asked (with ``raise_errors``).
        PurchaseOrderError: What Stripe answered cannot be booked (with ``raise_errors``).
        SettingsError: There is no database.
    """
    invoice = _invoice_in(stripe_event_payload if payload is None else payload)
    if invoice is None:
        if raise_errors:
            raise MalformedError("The payload is not a Stripe event about an invoice.")
        log.warning("unexpected webhook payload; nothing was changed")
        return
    settings = settings or load_settings()
    store = store or open_database(settings, make=False)
    slug = _conference_of_invoice(store, invoice)
    if slug is None:
        if raise_errors:
            raise NotFoundError(f"No conference here has invoice {invoice['id']}.")
        log.debug("invoice is not ours", stripe_invoice_id=invoice["id"])
        return
    opened = open_conference(slug, settings=settings, store=store, actor=STRIPE)
    try:
        invoice_changed(opened, {"data": {"object": invoice}})
    except PoToolkitError as error:
        if raise_errors:
            raise
        log.warning(
            "payment not taken; sync will", stripe_invoice_id=invoice["id"], error=str(error)
        )


def _invoice_in(payload: Any) -> dict[str, Any] | None:
    """Return the invoice in an event of whatever form, or None."""
    if isinstance(payload, str | bytes | bytearray | memoryview):
        try:
            payload = json.loads(bytes(payload) if isinstance(payload, memoryview) else payload)
        except (ValueError, RecursionError):
            return None
    if not isinstance(payload, Mapping) and callable(getattr(payload, "to_dict", None)):
        payload = payload.to_dict()
    data = payload.get("data") if isinstance(payload, Mapping) else None
    thing = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(thing, Mapping) or not isinstance(thing.get("id"), str) or not thing["id"]:
        return None
    return dict(thing)


def _conference_of_invoice(store: Store, invoice: dict[str, Any]) -> str | None:
    """Return the one conference that has this invoice; its metadata decides between several."""
    with store.reading() as session:
        slugs = list(
            session.scalars(
                select(Conference.slug)
                .join(Invoice, Invoice.conference_id == Conference.id)
                .where(Invoice.stripe_invoice_id == invoice["id"])
            )
        )
    if len(slugs) <= 1:
        return slugs[0] if slugs else None
    metadata = invoice.get("metadata")
    named = metadata.get("conference_slug") if isinstance(metadata, Mapping) else None
    return named if named in slugs else None
