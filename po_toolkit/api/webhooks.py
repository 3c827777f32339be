"""Stripe's deliveries: verified, kept, then worked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from po_toolkit.api.invoices import books_of
from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings, load_settings
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.payments.handlers import handle, invoice_changed
from po_toolkit.store import webhook_events
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference, Invoice, WebhookEvent
from po_toolkit.stripe_gateway import verify_signature

log = structlog.get_logger(__name__)

ATTEMPTS = 8
"""How often a failing event is tried before it is set aside for a person."""


class ForgedError(PoToolkitError):
    """A delivery that is not from this conference's Stripe account, or too old."""


class MalformedError(PoToolkitError):
    """A delivery that is signed, but is no event."""


def receive(opened: OpenConference, payload: bytes, signature: str) -> bool:
    """Verify a delivery and keep it; tell whether it is new.

    Raises:
        ForgedError: No current secret signed it, or it is older than five minutes.
        MalformedError: It is signed but is no Stripe event.
    """
    secrets = opened.settings.stripe_webhook_secret
    if not verify_signature(payload, signature, secrets, opened.now()):
        raise ForgedError("The signature is not this conference's, or is too old.")
    event_id, event_type = _event_in(payload)
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        return webhook_events.keep(uow, opened.conference, event_id, event_type, payload.decode())


def _event_in(payload: bytes) -> tuple[str, str]:
    """Return id and type of an event."""
    try:
        event = json.loads(payload)
        event_id, event_type, thing = event["id"], event["type"], event["data"]["object"]
    except (ValueError, KeyError, TypeError):
        raise MalformedError("The body is no Stripe event.") from None
    if not (isinstance(event_id, str) and isinstance(event_type, str) and isinstance(thing, dict)):
        raise MalformedError("The body is no Stripe event.")
    return event_id, event_type[:64]


def work_events(opened: OpenConference, *, limit: int = 100) -> int:
    """Work the events that wait, oldest first; return how many were worked.

    One that fails keeps its error and is tried again later, longer apart each time; after
    eight tries it is set aside. None is ever dropped.
    """
    with opened.store.reading() as session:
        waiting = webhook_events.due(session, opened.conference, opened.now(), limit)
    for event in waiting:
        work_event(opened, event)
    return len(waiting)


def work_event(opened: OpenConference, event: WebhookEvent) -> None:
    """Work one event and note what became of it."""
    error = ""
    try:
        taken = handle(books_of(opened), json.loads(event.payload))
        state = "ignored" if taken is None else "processed"
    except PoToolkitError as problem:
        state, error = "failed", str(problem)
    except Exception as problem:
        log.exception("webhook event failed", stripe_event_id=event.stripe_event_id)
        state, error = "failed", f"{type(problem).__name__}: {problem}"
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        row = uow.session.get_one(WebhookEvent, event.id)
        row.attempts += 1
        row.error = error
        row.state = "set_aside" if error and row.attempts >= ATTEMPTS else state
        row.processed_at = None if error else opened.now()
        row.next_try_at = opened.now() + timedelta(seconds=2**row.attempts) if error else None


def handle_invoice_paid_webhook(
    payload: Any, *, settings: Settings | None = None, store: Store | None = None
) -> None:
    """Process an ``invoice.paid`` event that somebody else has verified.

    The invoice is found by its Stripe id, its payments are fetched and entered, each once. A
    malformed payload or an unreachable Stripe is logged as a warning and changes nothing; an
    invoice that is not ours is logged for debugging.

    Args:
        payload: The event, whole, as a dictionary.
        settings: By default from the environment and the configuration file.
        store: By default the settings' database.
    """
    invoice = _invoice_in(payload)
    if invoice is None:
        log.warning("unexpected webhook payload; nothing was changed")
        return
    settings = settings or load_settings()
    store = store or open_database(settings)
    slug = _conference_of_invoice(store, invoice)
    if slug is None:
        log.debug("invoice is not ours", stripe_invoice_id=invoice["id"])
        return
    opened = open_conference(slug, settings=settings, store=store, actor=STRIPE)
    try:
        invoice_changed(books_of(opened), {"data": {"object": invoice}})
    except PoToolkitError as error:
        log.warning(
            "payment not taken; sync will", stripe_invoice_id=invoice["id"], error=str(error)
        )


def _invoice_in(payload: Any) -> dict[str, Any] | None:
    data = payload.get("data") if isinstance(payload, dict) else None
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict) or not isinstance(thing.get("id"), str) or not thing["id"]:
        return None
    return thing


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
    named = metadata.get("conference_slug") if isinstance(metadata, dict) else None
    return named if named in slugs else None
