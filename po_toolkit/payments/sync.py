"""Asks Stripe what happened, in as few calls as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import StripeNotFoundError, StripeRefusedError
from po_toolkit.payments import unexplained
from po_toolkit.payments.from_stripe import (
    Taken,
    fetch_invoice,
    id_of,
    settled,
    take_invoice,
    take_payment,
    with_all_payments,
)
from po_toolkit.store import cursors, ledger
from po_toolkit.store.database import Store
from po_toolkit.store.invoices import known_stripe_ids, unchanged
from po_toolkit.store.tables import Conference
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

EVENT_TYPES = (
    "invoice.finalized",
    "invoice.sent",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.payment_failed",
    "invoice.overpaid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice_payment.paid",
)
"""News that moves an invoice or its money."""

LISTENED = (*EVENT_TYPES, *unexplained.EVENT_TYPES)
"""Every type that a sync reads. Stripe takes at most 20 in one list."""

EVENTS_KEPT = timedelta(days=29)
"""Stripe lists events for 30 days; a cursor older than this starts afresh."""

FETCH_LIMIT = 100
"""Above so many changed invoices a walk through the pages is cheaper."""


CUSTOMERS_BY_NAME = 3
"""Above so many customers with credit a walk through the pages is cheaper."""


@dataclass
class SyncReport:
    """What a sync saw and changed."""

    invoices_seen: int = 0
    payments_recorded: int = 0
    refunds_recorded: int = 0
    statuses_changed: int = 0
    stripe_calls: int = 0

    def add(self, taken: Taken) -> None:
        """Count what one invoice's news changed."""
        self.payments_recorded += taken.payments
        self.statuses_changed += taken.status_changed

    def merge(self, other: SyncReport) -> None:
        """Add another report's counts."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

    def as_json(self) -> dict[str, int]:
        """Return the counts as the command prints them."""
        return dict(vars(self))


@dataclass(frozen=True)
class Books:
    """The two sides that a sync brings together, and the clock."""

    conference: Conference
    store: Store
    gateway: StripeGateway
    now: Callable[[], datetime]


def sync_all(books: Books, *, full: bool = False) -> SyncReport:
    """Bring the ledger up to Stripe.

    Reads the events since the last sync; the first time, after more than 29 days, and with
    ``full``, reads every invoice by pages instead.

    Raises:
        StripeGatewayError: Stripe could not be read to the end. What was entered stays; the
            cursor does not move, so the next sync reads the same again.
    """
    report = SyncReport()
    before = books.gateway.calls
    started = books.now()
    events = None if full else _events_since_cursor(books, started)
    if events is None:
        newest = _newest_event(books.gateway)
        _walk_invoices(books, report)
        _move_cursor(books, newest, started, full=True)
    else:
        _take_events(books, events, report)
        _move_cursor(books, events[-1] if events else None, started, full=False)
    report.stripe_calls = books.gateway.calls - before
    return report


def sync_one(books: Books, stripe_id: str) -> SyncReport:
    """Bring one invoice's purchase order up to Stripe.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    report = SyncReport(invoices_seen=1)
    before = books.gateway.calls
    started = books.now()
    said = fetch_invoice(books.gateway, stripe_id)
    report.add(take_invoice(books.store, books.conference, said, read_at=started))
    report.stripe_calls = books.gateway.calls - before
    return report


def _walk_invoices(books: Books, report: SyncReport) -> None:
    query = {"collection_method": "send_invoice", "expand": ["data.payments"]}
    credited: set[str] = set()
    pages = _timed_pages(books, query)
    for read_at, page in pages:
        with books.store.reading() as session:
            ours = known_stripe_ids(session, books.conference, [row["id"] for row in page])
        report.invoices_seen += len(ours)
        strays = [said for said in page if said["id"] not in ours]
        unexplained.take_strays(books.store, books.conference, strays, read_at=read_at)
        for said in page:
            if said["id"] in ours:
                _take_listed(books, with_all_payments(books.gateway, said), read_at, report)
        credited |= {id_of(said["customer"]) for said in page if said.get("amount_overpaid")}
    _take_credits(books, credited)


def _take_credits(books: Books, customer_ids: set[str]) -> None:
    """Read the customers whom an overpayment gave credit: a few by name, many by pages."""
    gateway, read_at = books.gateway, books.now()
    if len(customer_ids) > CUSTOMERS_BY_NAME:
        customers = [row for page in gateway.pages("/v1/customers", {}) for row in page]
    else:
        customers = [gateway.read(f"/v1/customers/{name}") for name in sorted(customer_ids)]
    for customer in customers:
        if customer["id"] in customer_ids:
            unexplained.take_customer(books.store, books.conference, customer, read_at=read_at)


def _timed_pages(books: Books, query: Json) -> Iterator[tuple[datetime, list[Json]]]:
    read_at = books.now()
    for page in books.gateway.pages("/v1/invoices", query):
        yield read_at, page
        read_at = books.now()


def _take_listed(books: Books, said: Json, read_at: datetime, report: SyncReport) -> None:
    payment_ids = [payment["id"] for payment in settled(said["payments"]["data"])]
    with books.store.reading() as session:
        if unchanged(session, books.conference, said) and ledger.all_entered(
            session, books.conference, payment_ids
        ):
            return
    report.add(take_invoice(books.store, books.conference, said, read_at=read_at))


def _events_since_cursor(books: Books, now: datetime) -> list[Json] | None:
    """Return the events after the cursor, oldest first; None where they cannot be told."""
    with books.store.reading() as session:
        cursor = cursors.cursor_of(session, books.conference)
    if cursor is None or not cursor.last_event_id or cursor.last_event_at is None:
        return None
    if cursor.last_event_at < now - EVENTS_KEPT:
        return None
    events: list[Json] = []
    after = cursor.last_event_id
    try:
        while True:
            page = books.gateway.read(
                "/v1/events",
                {"types": list(LISTENED), "ending_before": after, "limit": 100},
            )
            events.extend(reversed(page["data"]))
            if not page.get("has_more") or not page["data"]:
                return events
            after = page["data"][0]["id"]
    except StripeRefusedError:
        return None


def _take_events(books: Books, events: list[Json], report: SyncReport) -> None:
    payments = [e["data"]["object"] for e in events if e["type"] == "invoice_payment.paid"]
    touched = dict.fromkeys(_invoice_of(event) for event in events)
    with books.store.reading() as session:
        ours = known_stripe_ids(session, books.conference, touched)
    _take_unexplained(books, events, ours)
    report.invoices_seen += len(ours)
    for payment in payments:
        report.add(take_payment(books.store, books.conference, payment))
    if len(ours) > FETCH_LIMIT:
        seen = report.invoices_seen
        _walk_invoices(books, report)
        report.invoices_seen = seen
        return
    for stripe_id in ours:
        started = books.now()
        try:
            said = fetch_invoice(books.gateway, stripe_id)
        except StripeNotFoundError:
            continue  # a draft that was deleted since: no money was ever on it
        report.add(take_invoice(books.store, books.conference, said, read_at=started))


def _take_unexplained(books: Books, events: list[Json], ours: dict[str, int]) -> None:
    strays = {
        event["data"]["object"]["id"]: event["data"]["object"]
        for event in events
        if event["data"]["object"].get("object") == "invoice"
    }
    unexplained.take_strays(
        books.store,
        books.conference,
        [said for stripe_id, said in strays.items() if stripe_id not in ours],
        read_at=books.now(),
    )
    for event in events:
        if event["type"] in unexplained.EVENT_TYPES:
            unexplained.take_event(books.store, books.conference, event, read_at=books.now())


def _invoice_of(event: Json) -> str:
    thing = event["data"]["object"]
    return str(thing["id"]) if thing.get("object") == "invoice" else id_of(thing.get("invoice"))


def _newest_event(gateway: StripeGateway) -> Json | None:
    rows = gateway.read("/v1/events", {"types": list(LISTENED), "limit": 1})["data"]
    return rows[0] if rows else None


def _move_cursor(books: Books, event: Json | None, started: datetime, *, full: bool) -> None:
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor = cursors.cursor_row(uow, books.conference)
        cursor.last_sync_at = started
        if full:
            cursor.last_full_at = started
        if event is not None:
            cursor.last_event_id = event["id"]
            cursor.last_event_at = datetime.fromtimestamp(event["created"], UTC)
