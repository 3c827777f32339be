"""Asks Stripe what happened, in as few calls as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    StripeNotFoundError,
    StripeRefusedError,
)
from po_toolkit.payments import sweep
from po_toolkit.payments.credit_notes import take_credit_note
from po_toolkit.payments.from_stripe import (
    fetch_invoice,
    id_of,
    payment_id_of,
    take_invoice,
    take_payment,
    take_payments,
)
from po_toolkit.payments.handlers import HANDLERS, LISTENED, take_mailed
from po_toolkit.payments.money_back import take_dispute, take_refund
from po_toolkit.payments.report import Sweep, SyncReport
from po_toolkit.store import cursors
from po_toolkit.store.invoices import known_stripe_ids, undelivered
from po_toolkit.store.tables import SyncCursor
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

EVENTS_KEPT = timedelta(days=29)
"""Stripe lists events for 30 days; a cursor older than this starts afresh."""

OVERLAP = timedelta(hours=1)
"""Clocks differ, and an event may be listed a little late."""

CASH = "customer_cash_balance_transaction"
"""Its news is worth one look at the customer."""

FETCH_LIMIT = 100
"""Above so many changed objects of one kind a walk through the pages is cheaper."""


def sync_all(
    opened: OpenConference, *, full: bool = False, untold: Sequence[str] = ()
) -> SyncReport:
    """Bring the ledger up to Stripe.

    Reads the events since the last sync; the first time, after more than 29 days without one, and
    with ``full``, compares every object with the ledger by pages instead.

    Args:
        opened: Whose.
        full: Compare everything.
        untold: What could not be told to Stripe before. The news is taken all the same, and the
            sync is not a complete one.

    Raises:
        StripeGatewayError: Stripe could not be read to the end. What was entered stays; the
            cursor does not move, so the next sync reads the same again.
    """
    report = SyncReport()
    before = opened.gateway.calls
    started = opened.now()
    with failure_noted(opened):
        events = None if full else _events_since_cursor(opened, started)
        if events is None:
            newest = _newest_event(opened.gateway)
            sweep.sweep(opened, report)
            full = True
        else:
            newest = events[-1] if events else None
            _take_events(opened, events, report)
    report.stripe_calls = opened.gateway.calls - before
    read_whole = not report.problems
    report.problems += untold
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        cursor = cursors.cursor_row(uow, opened.conference)
        cursor.last_tried_at = started
        cursor.last_error = " ".join(report.problems)
        if read_whole:
            _move_cursor(cursor, newest, started, report, full=full)
        if report.complete:
            cursor.last_sync_at = started
    return report


@contextmanager
def failure_noted(opened: OpenConference) -> Iterator[None]:
    """Keep why a sync stopped short, whatever it was, so that nobody takes it for a success."""
    try:
        yield
    except Exception as error:
        known = isinstance(error, PoToolkitError)
        said = str(error) if known else f"{type(error).__name__}: see the log."
        with suppress(SQLAlchemyError), opened.store.writing(STRIPE, Act.SYNC) as uow:
            cursor = cursors.cursor_row(uow, opened.conference)
            cursor.last_tried_at = opened.now()
            cursor.last_error = said
        raise


def sync_one(opened: OpenConference, stripe_id: str) -> SyncReport:
    """Bring one invoice's purchase order up to Stripe: payments, refunds, disputes, credit notes.

    Raises:
        PurchaseOrderError: Something of it cannot be booked.
        StripeGatewayError: In one of its kinds.
    """
    report = SyncReport(invoices_seen=1)
    before = opened.gateway.calls
    read_at = opened.now()
    said = fetch_invoice(opened.gateway, stripe_id)
    report.add(take_invoice(opened, said, read_at=read_at))
    for payment in said["payments"]["data"]:
        behind = payment_id_of(payment)
        if payment["status"] == "paid" and behind:
            name = "payment_intent" if behind.startswith("pi_") else "charge"
            for path, take in (("/v1/refunds", take_refund), ("/v1/disputes", take_dispute)):
                for page in opened.gateway.pages(path, {name: behind}):
                    for row in page:
                        report.add(take(opened, row))
    if any(said.get(f"{when}_payment_credit_notes_amount") for when in ("pre", "post")):
        for page in opened.gateway.pages("/v1/credit_notes", {"invoice": stripe_id}):
            for row in page:
                report.add(take_credit_note(opened, row))
    report.stripe_calls = opened.gateway.calls - before
    return report


def _events_since_cursor(opened: OpenConference, now: datetime) -> list[Json] | None:
    """Return the events after the cursor, oldest first; None where they cannot be told."""
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
        waiting = undelivered(session, opened.conference)
    types = [*LISTENED, "invoice.sent"] if waiting else list(LISTENED)
    if cursor is None or cursor.last_read_at is None or cursor.last_read_at < now - EVENTS_KEPT:
        return None
    if cursor.last_event_at is None or cursor.last_event_at < now - EVENTS_KEPT:
        return _events_since(opened, types, cursor.last_read_at - OVERLAP)
    return _events_after(opened, types, cursor.last_event_id)


def _events_since(opened: OpenConference, types: list[str], moment: datetime) -> list[Json] | None:
    """Return the events since a moment, for when the last one known is none or is too old."""
    query = {"types": types, "created": {"gte": int(moment.timestamp())}}
    try:
        pages = list(opened.gateway.pages("/v1/events", query))
    except StripeRefusedError:  # as by a plain stand-in without events, read by pages each time
        return None
    return [event for page in reversed(pages) for event in reversed(page)]


def _events_after(opened: OpenConference, types: list[str], after: str) -> list[Json] | None:
    events: list[Json] = []
    try:
        while True:
            page = opened.gateway.read(
                "/v1/events",
                {"types": types, "ending_before": after, "limit": 100},
            )
            events.extend(reversed(page["data"]))
            if not page.get("has_more") or not page["data"]:
                return events
            after = page["data"][0]["id"]
    except StripeRefusedError:
        return None


def _take_events(opened: OpenConference, events: list[Json], report: SyncReport) -> None:
    """Give each event to its handler; several of one object are worth one look at it."""
    _take_payments(opened, [e for e in events if e["type"] == "invoice_payment.paid"], report)
    take_mailed(opened, events)
    latest: dict[str, dict[str, Json]] = {}
    for event in events:
        if event["type"] != "invoice_payment.paid":
            thing = event["data"]["object"]
            which = thing["customer"] if thing["object"] == CASH else thing["id"]
            of_kind = latest.setdefault(thing["object"], {})
            of_kind[id_of(which)] = _with_changes_of(of_kind.get(id_of(which)), event)
    with opened.store.reading() as session:
        named = latest.get("invoice", {})
        ours = known_stripe_ids(session, opened.conference, named)
    report.invoices_seen += len(ours)
    seen = report.invoices_seen
    for kind, of_kind in latest.items():
        many = len(ours) if kind == "invoice" else len(of_kind)
        walk = _WALKS.get(kind)
        if many > FETCH_LIMIT and walk is not None:
            walk(opened, report, Sweep())
            report.invoices_seen = seen
            continue
        for event in of_kind.values():
            sweep.attempt(report, HANDLERS[event["type"]], opened, event)


def _with_changes_of(earlier: Json | None, event: Json) -> Json:
    """Return the newer of two events of one object, with the changes of both, if both name any."""
    if earlier is None:
        return event
    before, now = (e["data"].get("previous_attributes") for e in (earlier, event))
    both = {**now, **before} if before and now else None
    return {**event, "data": {**event["data"], "previous_attributes": both}}


def _take_payments(opened: OpenConference, events: list[Json], report: SyncReport) -> None:
    payments = [event["data"]["object"] for event in events]
    for start in range(0, len(payments), FETCH_LIMIT):
        page = payments[start : start + FETCH_LIMIT]
        try:
            for taken in take_payments(opened, page):
                report.add(taken)
        except PurchaseOrderError:
            for payment in page:
                sweep.attempt(report, take_payment, opened, payment)


_WALKS: dict[str, Callable[[OpenConference, SyncReport, Sweep], set[str]]] = {
    "invoice": sweep.walk_invoices,
    "refund": sweep.walk_refunds,
    "dispute": sweep.walk_disputes,
    "credit_note": sweep.walk_credit_notes,
}


def _newest_event(gateway: StripeGateway) -> Json | None:
    try:
        rows = gateway.read("/v1/events", {"types": list(LISTENED), "limit": 1})["data"]
    except StripeNotFoundError:
        return None
    return rows[0] if rows else None


def _move_cursor(
    cursor: SyncCursor, event: Json | None, started: datetime, report: SyncReport, *, full: bool
) -> None:
    cursor.last_read_at = started
    if full and report.sweep is not None:
        cursor.last_full_at = started
        cursor.last_sweep_at = started
        cursor.last_sweep = report.sweep.as_json()
    if event is not None:
        cursor.last_event_id = event["id"]
        cursor.last_event_at = datetime.fromtimestamp(event["created"], UTC)
