"""Sync: asks Stripe what happened, in as few calls as it takes.

A full sync compares every object at Stripe with the ledger, page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from po_toolkit.context import OpenConference
from po_toolkit.domain.records import AsJson, json_fields
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import (
    PoToolkitError,
    PurchaseOrderError,
    Reason,
    StripeAuthenticationError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeUnknownError,
)
from po_toolkit.logs import get_logger
from po_toolkit.payments import customer_credit
from po_toolkit.payments.credit_notes import at_stripe, take_credit_note
from po_toolkit.payments.disputes import take_dispute
from po_toolkit.payments.event_handlers import (
    HANDLERS,
    LISTENED,
    carries_payment,
    note_money,
    take_mailed,
)
from po_toolkit.payments.ledger import Change, Taken
from po_toolkit.payments.refunds import FAILED_REFUNDS, paid_by, payment_ids, take_refund
from po_toolkit.payments.stripe_invoices import (
    fetch_invoice,
    payment_id_of,
    record_id_of,
    settled,
    take_invoice,
    take_invoices,
    take_payment,
    take_payments,
    take_strays,
    with_all_payments,
)
from po_toolkit.store import cursors, ledger, stripe_only
from po_toolkit.store.columns import utc_now
from po_toolkit.store.invoices import (
    final_stripe_ids,
    id_of,
    known_stripe_ids,
    never_read,
    note_read,
    unchanged,
    undelivered,
)
from po_toolkit.store.tables import SyncCursor
from po_toolkit.stripe_gateway import StripeGateway

Json = dict[str, Any]

log = structlog.get_logger(__name__)


@dataclass
class Sweep(AsJson):
    """What a comparison of every object at Stripe with the ledger proved.

    Attributes:
        invoices: Invoices of ours that were compared; payments, refunds, disputes and credit
            notes likewise.
        found: Facts that no event had shown before; they are in the ledger now.
        only_here: Facts in the ledger that Stripe no longer has, with their purchase order.
    """

    invoices: int = 0
    payments: int = 0
    refunds: int = 0
    disputes: int = 0
    credit_notes: int = 0
    found: int = 0
    only_here: list[str] = field(default_factory=list)


@dataclass
class SyncReport:
    """What a sync saw and changed, and what it could not do.

    Attributes:
        changes: Each change in words, with its purchase order.
        problems: What could not be booked and why; the sync is not complete then.
        foreign: What could not be read of things that pay nothing here; in the end they are
            problems too, but the news is not read again for them.
        sweep: What a full sync proved.
    """

    invoices_seen: int = 0
    payments_recorded: int = 0
    refunds_recorded: int = 0
    statuses_changed: int = 0
    stripe_calls: int = 0
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sweep: Sweep | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that Stripe has shown is in the books."""
        return not self.problems

    def add(self, taken: Taken | None) -> None:
        """Count what one piece of news changed."""
        if taken is None:
            return
        self.payments_recorded += taken.payments
        self.refunds_recorded += taken.refunds
        self.statuses_changed += taken.statuses_changed
        self.changes += taken.changes

    def merge(self, other: SyncReport) -> None:
        """Add another report's counts."""
        self.invoices_seen += other.invoices_seen
        self.payments_recorded += other.payments_recorded
        self.refunds_recorded += other.refunds_recorded
        self.statuses_changed += other.statuses_changed
        self.stripe_calls += other.stripe_calls
        self.changes += other.changes
        self.problems += other.problems

    def refuse_problems(self) -> None:
        """Refuse to go on where something could not be booked.

        Raises:
            PurchaseOrderError: It says what and why.
        """
        if self.problems:
            raise PurchaseOrderError(" ".join(self.problems))

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return json_fields(self, "foreign", *(() if self.sweep else ("sweep",)))


EVENTS_KEPT = timedelta(days=29)
"""Stripe lists events for 30 days; a cursor older than this starts afresh."""

OVERLAP = timedelta(hours=1)
"""Clocks differ, and an event may be listed a little late."""

LIST_FROM = 5
"""From so many changed invoices on they are listed, at most one page for so many of them."""

LATE = timedelta(minutes=10)
"""How much later than others an event may appear in the list and still be heard of."""

CASH = "customer_cash_balance_transaction"
"""Its news is worth one look at the customer."""

FETCH_LIMIT = 100
"""Above so many changed objects of one kind a walk through the pages is cheaper."""


def sync_all(
    opened: OpenConference, *, full: bool = False, unreported: Sequence[str] = ()
) -> SyncReport:
    """Bring the ledger up to Stripe.

    Reads the events since the last sync; the first time, after more than 29 days without one, and
    with ``full``, compares every object with the ledger by pages instead. What was unreported
    before does not keep the news out, but makes the sync an incomplete one.

    Raises:
        StripeGatewayError: Stripe could not be read to the end. What was entered stays; the
            cursor does not move, so the next sync reads the same again.
    """
    report = SyncReport()
    before = opened.gateway.calls
    started = opened.now()
    late = _Late()
    with failure_noted(opened):
        events = None if full else _events_since_cursor(opened, started)
        if events is None:
            newest = _newest_event(opened.gateway)
            full_sync(opened, report)
            full = True
        else:
            newest = events[-1] if events else None
            late = _late_events(opened, started)
            new = {event["id"] for event in events}  # what is ten minutes old is in both lists
            behind = [event for event in late.events if event["id"] not in new]
            _take_events(opened, behind + events, report)
        _read_adopted(opened, report)
    report.stripe_calls = opened.gateway.calls - before
    read_whole = not report.problems
    report.problems += [*unreported, *report.foreign]
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        cursor = cursors.cursor_row(uow, opened.conference)
        cursor.last_tried_at = started
        cursor.last_error = " ".join(report.problems)
        if read_whole:
            _note_read(cursor, newest, events, late, started)
            _move_cursor(cursor, newest, started, report, full=full)
        if report.complete:
            cursor.last_sync_at = started
    return report


def _read_adopted(opened: OpenConference, report: SyncReport) -> None:
    """Read the payments of invoices that were taken over and cut off before that."""
    with opened.store.reading() as session:
        unread = never_read(session, opened.conference)
    for stripe_id in unread:
        try:
            report.merge(sync_one(opened, stripe_id))
        except (PurchaseOrderError, StripeNotFoundError) as error:
            report.problems.append(f"{stripe_id}: {error}")


@contextmanager
def failure_noted(opened: OpenConference) -> Iterator[None]:
    """Keep why a sync stopped short, whatever it was, so that nobody takes it for a success."""
    try:
        yield
    except Exception as error:
        known = isinstance(error, PoToolkitError)
        stripe_object = str(error) if known else f"{type(error).__name__}: See the log."
        with suppress(SQLAlchemyError), opened.store.writing(STRIPE, Act.SYNC) as uow:
            cursor = cursors.cursor_row(uow, opened.conference)
            cursor.last_tried_at = opened.now()
            cursor.last_error = stripe_object
        raise


def sync_one(opened: OpenConference, stripe_id: str) -> SyncReport:
    """Bring one invoice's purchase order up to Stripe: payments, refunds, disputes, credit notes.

    What of it cannot be booked is among the report's problems.

    Raises:
        StripeGatewayError: In one of its kinds.
    """
    report = SyncReport(invoices_seen=1)
    before = opened.gateway.calls
    read_at = opened.now()
    stripe_object = fetch_invoice(opened.gateway, stripe_id)
    attempt(report, partial(take_invoice, read_at=read_at), opened, stripe_object)
    for payment in stripe_object["payments"]["data"]:
        behind = payment_id_of(payment)
        if payment["status"] == "paid" and behind:
            for path, take in (("/v1/refunds", take_refund), ("/v1/disputes", take_dispute)):
                for page in opened.gateway.pages(path, paid_by(behind)):
                    for row in page:
                        attempt(report, take, opened, row)
    for row in at_stripe(opened, stripe_object):
        attempt(report, take_credit_note, opened, row)
    if not report.problems:
        note_read(opened.store, opened.conference, stripe_id, read_at)
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
        since = cursor.reread_from or cursor.last_read_at  # an event behind it may be listed late
        return _events_since(opened, types, since - OVERLAP)
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


@dataclass(frozen=True, slots=True)
class _Late:
    """Events that appeared after newer ones had been read, and until when they were looked for."""

    events: list[Json] = field(default_factory=list)
    until: datetime | None = None


def _late_events(opened: OpenConference, now: datetime) -> _Late:
    """Read again what is older than ten minutes, for events that were listed late.

    Stripe promises no order of events, and a cursor on the list misses one that appears behind it.
    Where no event was read since the last time, nothing can have appeared behind one: no call.
    """
    with opened.store.reading() as session:
        cursor = cursors.cursor_of(session, opened.conference)
        known = dict(cursor.recent_events) if cursor else {}
        since = cursor.reread_from if cursor else None
    until = now - LATE
    if since is None or all(at > until.timestamp() for at in known.values()):
        return _Late()
    within = {"gt": int(since.timestamp()), "lte": int(until.timestamp())}
    try:
        pages = opened.gateway.pages("/v1/events", {"types": list(LISTENED), "created": within})
        found = [event for page in pages for event in page if event["id"] not in known]
    except StripeRefusedError:
        return _Late()
    return _Late(found[::-1], until)


def _note_read(
    cursor: SyncCursor, newest: Json | None, events: list[Json] | None, late: _Late, now: datetime
) -> None:
    """Remember which events were read, for as long as another may still appear behind them."""
    if events is None:  # a full sync has compared the objects themselves
        seen = datetime.fromtimestamp(newest["created"], UTC) if newest else now
        # Of the same second, what happened after the comparison may be listed later.
        cursor.reread_from = seen - timedelta(seconds=1)
        cursor.recent_events = [[newest["id"], newest["created"]]] if newest else []
        return
    cursor.reread_from = late.until or cursor.reread_from or cursor.last_event_at or now
    read = [*cursor.recent_events, *([event["id"], event["created"]] for event in events)]
    cursor.recent_events = [row for row in read if row[1] > cursor.reread_from.timestamp()]


def _take_events(opened: OpenConference, events: list[Json], report: SyncReport) -> None:
    """Give each event to its handler; several of one object are worth one look at it."""
    _take_payments(opened, [e for e in events if carries_payment(e)], report)
    take_mailed(opened, events)
    latest: dict[str, dict[str, Json]] = {}
    for event in events:
        if not carries_payment(event):
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
        left = _read_listed(opened, of_kind, ours, report) if kind == "invoice" else of_kind
        for event in left.values():
            attempt(report, HANDLERS[event["type"]], opened, event)


def _read_listed(
    opened: OpenConference, events: Mapping[str, Json], ours: Collection[str], report: SyncReport
) -> dict[str, Json]:
    """Read changed invoices of ours by pages, where that takes fewer calls than one each.

    A list says of an invoice what fetching it says. The pages hold what was created from the first
    to the last of those that changed; where they are too many, the rest is fetched one by one.

    Returns:
        The events of which the object is still to be read.
    """
    left = dict(events)
    created = [events[stripe_id]["data"]["object"]["created"] for stripe_id in ours]
    if len(created) < LIST_FROM:
        return left
    query = {
        "collection_method": "send_invoice",
        "created": {"gte": min(created), "lte": max(created)},
        "expand": ["data.payments"],
    }
    most = len(created) // LIST_FROM
    for number, (read_at, page) in enumerate(_timed_pages(opened, "/v1/invoices", query), start=1):
        mine = [row for row in page if row["id"] in ours and row["id"] in left]
        whole = _completed(opened, mine, report)
        _compare_invoices(opened, whole, read_at, report)
        _read_customers(opened, (row for row in whole if row.get("amount_overpaid")), report)
        for row in mine:
            del left[row["id"]]
        if number >= most or not any(stripe_id in left for stripe_id in ours):
            break
    return left


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
        except _STOPS_ALL:
            raise
        except Exception:  # noqa: BLE001 whichever of them it is, it is found and named below
            for payment in page:
                attempt(report, take_payment, opened, payment)


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


log = get_logger(__name__)


def full_sync(opened: OpenConference, report: SyncReport) -> None:
    """Compare invoices, payments, refunds, disputes and credit notes with the ledger.

    What is missing here is entered; what is only here is named in the report.

    Raises:
        StripeGatewayError: Stripe could not be read to the end; nothing is proved then.
    """
    started = utc_now()
    with opened.store.reading() as session:
        facts = ledger.facts_of_stripe(session, opened.conference, started)
    proof = report.sweep = Sweep()
    seen = walk_invoices(opened, report, proof)
    seen |= walk_refunds(opened, report, proof)
    seen |= walk_disputes(opened, report, proof)
    seen |= walk_credit_notes(opened, report, proof)
    _walk_customers(opened, report)
    for customer_id in customer_credit.unsettled(opened):
        attempt(
            report,
            lambda o, customer: customer_credit.settle(o, customer["id"]),
            opened,
            {"object": "customer", "id": customer_id},
        )
    with opened.store.reading() as session:
        now = ledger.facts_of_stripe(session, opened.conference, utc_now())
    proof.found = len(now.keys() & seen - facts.keys())
    proof.only_here = sorted(
        f"{stripe_id} ({reference})"
        for stripe_id, reference in facts.items()
        if stripe_id not in seen
    )


def walk_invoices(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every invoice and its payments; return the ids of the payments of ours."""
    started, began = utc_now(), opened.now()
    query = {"collection_method": "send_invoice", "expand": ["data.payments"]}
    met: set[str] = set()
    payments: set[str] = set()
    for read_at, page in _timed_pages(opened, "/v1/invoices", query):
        with opened.store.reading() as session:
            ours = known_stripe_ids(session, opened.conference, [row["id"] for row in page])
        met |= ours.keys()
        _take_strays(opened, [row for row in page if row["id"] not in ours], read_at, report)
        mine = _completed(opened, (row for row in page if row["id"] in ours), report)
        payments |= _compare_invoices(opened, mine, read_at, report)
        _read_customers(opened, (row for row in page if row.get("amount_overpaid")), report)
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        stripe_only.note_listed(uow, opened.conference, began)
    with opened.store.reading() as session:
        final = final_stripe_ids(session, opened.conference, started)
    for stripe_id in final:
        if stripe_id not in met:
            payments |= _unlisted(opened, stripe_id, report)
    report.invoices_seen += len(met)
    proof.invoices = len(met)
    proof.payments = len(payments)
    return payments


def walk_refunds(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every refund; return the ids of those of our payments."""
    return _walk_moves(
        opened,
        report,
        "/v1/refunds",
        more_ids=lambda stripe_object: (
            [f"{stripe_object['id']}:failed"]
            if stripe_object.get("status") in FAILED_REFUNDS
            else []
        ),
        take=take_refund,
        count=lambda number: setattr(proof, "refunds", number),
    )


def walk_disputes(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every dispute; return the ids of those of our payments."""
    return _walk_moves(
        opened,
        report,
        "/v1/disputes",
        more_ids=lambda stripe_object: (
            [f"{stripe_object['id']}:won"] if stripe_object.get("status") == "won" else []
        ),
        take=take_dispute,
        count=lambda number: setattr(proof, "disputes", number),
    )


def walk_credit_notes(opened: OpenConference, report: SyncReport, proof: Sweep) -> set[str]:
    """Compare every credit note; return the ids of those on our invoices."""
    seen: set[str] = set()
    for page in _listed(opened, "/v1/credit_notes"):
        with opened.store.reading() as session:
            wanted = [id_of(stripe_object["invoice"]) for stripe_object in page]
            ours = known_stripe_ids(session, opened.conference, wanted)
            booked = ledger.credit_notes(
                session, opened.conference, [stripe_object["id"] for stripe_object in page]
            )
        credited = (n for n in page if n.get("customer_balance_transaction"))
        _read_customers(opened, credited, report)
        for stripe_object in page:
            if id_of(stripe_object["invoice"]) in ours:
                seen.add(stripe_object["id"])
                if stripe_object["id"] not in booked or stripe_object.get("status") == "void":
                    attempt(report, take_credit_note, opened, stripe_object)
    proof.credit_notes = len(seen)
    return seen


def attempt(
    report: SyncReport,
    take: Callable[[OpenConference, Json], Taken | None],
    opened: OpenConference,
    stripe_object: Json,
) -> None:
    """Take one thing; what cannot be taken is named and stops no other.

    Raises:
        StripeUnknownError: Stripe does not answer, which concerns all the others as well.
        StripeAuthenticationError: Likewise, it does not accept the key.
        OperationalError: Likewise, the database does not answer.
    """
    try:
        report.add(take(opened, stripe_object))
    except _STOPS_ALL:
        raise
    except Exception as error:  # noqa: BLE001 whatever is wrong with one is no reason to stop
        report.problems.append(problem_of(stripe_object, error))


def problem_of(stripe_object: Json, error: Exception) -> str:
    """Say which object of Stripe's could not be taken, and why."""
    if isinstance(error, PurchaseOrderError):
        return error.reason
    about = stripe_object
    if stripe_object.get("object") == "event":
        about = stripe_object["data"]["object"]
    kind = str(about.get("object") or "object").replace("_", " ")
    if isinstance(error, PoToolkitError):
        return Reason(f"Stripe's {kind} {about.get('id')}: {error}", error.reason.remedy)
    log.error(
        "an object at Stripe could not be processed", stripe_id=about.get("id"), exc_info=error
    )
    return (
        f"Stripe's {kind} {about.get('id')} cannot be read ({type(error).__name__}); see the log."
    )


_STOPS_ALL = (StripeUnknownError, StripeAuthenticationError, OperationalError)
"""What is wrong with more than one object."""


def _attempt_foreign(
    report: SyncReport,
    take: Callable[[OpenConference, Json], Taken | None],
    opened: OpenConference,
    stripe_object: Json,
) -> None:
    """Take one thing that pays nothing here; what cannot be taken is named, and not asked again.

    An account sells other things too, and what is wrong with them may stay so for ever.
    """
    tried = SyncReport()
    attempt(tried, take, opened, stripe_object)
    report.foreign += tried.problems


def _take_strays(
    opened: OpenConference, strays: list[Json], read_at: datetime, report: SyncReport
) -> None:
    try:
        take_strays(opened.store, opened.conference, strays, read_at=read_at)
    except PoToolkitError:
        for stray in strays:
            _attempt_foreign(
                report,
                lambda o, row: take_strays(o.store, o.conference, [row], read_at=read_at),
                opened,
                stray,
            )


def _completed(opened: OpenConference, page: Iterable[Json], report: SyncReport) -> list[Json]:
    """Return the invoices with all of their payments, and name those that cannot be read."""
    whole: list[Json] = []
    for row in page:
        attempt(
            report,
            lambda o, row: whole.append(with_all_payments(o.gateway, row)),
            opened,
            row,
        )
    return whole


def _compare_invoices(
    opened: OpenConference, page: list[Json], read_at: datetime, report: SyncReport
) -> set[str]:
    """Take the invoices of a page that differ; return the ids of all payments on the page."""
    with opened.store.reading() as session:
        same = unchanged(session, opened.conference, page, opened.now())
        of = {
            stripe_object["id"]: settled(stripe_object["payments"]["data"])
            for stripe_object in page
        }
        all_payments = [payment for payments in of.values() for payment in payments]
        ids = {payment["id"] for payment in all_payments}
        records = {record_id_of(payment) for payment in all_payments} - {""}
        booked = ledger.entered(session, opened.conference, ids)
        booked |= ledger.known_records(session, opened.conference, records)
    other = [
        stripe_object
        for stripe_object in page
        if stripe_object["id"] not in same
        or not booked.issuperset(record_id_of(p) or p["id"] for p in of[stripe_object["id"]])
    ]
    if other:
        try:
            report.add(take_invoices(opened, other, read_at=read_at))
        except _STOPS_ALL:
            raise
        except Exception:  # noqa: BLE001 whichever of them it is, it is found and named below
            for stripe_object in other:
                attempt(report, partial(take_invoice, read_at=read_at), opened, stripe_object)
    return {p["id"] for row in page for p in row["payments"]["data"] if p["status"] == "paid"}


def _unlisted(opened: OpenConference, stripe_id: str, report: SyncReport) -> set[str]:
    """Fetch an invoice of ours that the list leaves out, as of another collection method."""
    read_at = opened.now()
    try:
        stripe_object = fetch_invoice(opened.gateway, stripe_id)
    except StripeNotFoundError:
        raise opened.does_not_know(stripe_id) from None
    if stripe_object.get("deleted"):
        return set()
    return _compare_invoices(opened, [stripe_object], read_at, report)


def _walk_moves(
    opened: OpenConference,
    report: SyncReport,
    path: str,
    *,
    more_ids: Callable[[Json], list[str]],
    take: Callable[[OpenConference, Json], Taken | None],
    count: Callable[[int], None],
) -> set[str]:
    seen: set[str] = set()
    for page in _listed(opened, path):
        with opened.store.reading() as session:
            behind = [
                payment_id for stripe_object in page for payment_id in payment_ids(stripe_object)
            ]
            ours = ledger.known_payments(session, opened.conference, behind)
            ids = [
                source_id
                for stripe_object in page
                for source_id in [stripe_object["id"], *more_ids(stripe_object)]
            ]
            booked = ledger.entered(session, opened.conference, ids)
        for stripe_object in page:
            if ours.isdisjoint(payment_ids(stripe_object)):
                continue
            seen.add(stripe_object["id"])
            if not booked.issuperset([stripe_object["id"], *more_ids(stripe_object)]):
                attempt(report, take, opened, stripe_object)
    count(len(seen))
    return seen


def _listed(opened: OpenConference, path: str) -> Iterator[list[Json]]:
    """Walk a list; a server that does not know it, as a plain stand-in, holds nothing of it."""
    try:
        yield from opened.gateway.pages(path)
    except StripeNotFoundError:
        log.info("the server has no such list", path=path)


def _read_customers(opened: OpenConference, credited: Iterable[Json], report: SyncReport) -> None:
    """Read the customers to whom an invoice or a credit note gave credit."""
    for customer_id in sorted({id_of(row.get("customer")) for row in credited} - {""}):
        _attempt_foreign(
            report,
            lambda o, customer: note_money(o, customer["id"]),
            opened,
            {"object": "customer", "id": customer_id},
        )


def _walk_customers(opened: OpenConference, report: SyncReport) -> None:
    """Read what waits in the cash balances, where bank transfers are taken at all.

    Else only the customers are read of whom money is noted: it may be gone.
    """
    with opened.store.reading() as session:
        known = stripe_only.with_money(session, opened.conference)
        if not stripe_only.takes_transfers(session, opened.conference):
            _read_customers(opened, ({"customer": name} for name in known), report)
            return
    query = {"expand": [f"data.{name}" for name in customer_credit.MONEY_FIELDS]}
    for read_at, page in _timed_pages(opened, "/v1/customers", query):
        for customer in page:
            if customer["id"] in known or customer_credit.says_money(customer):
                take = partial(_take_customer, read_at=read_at)
                _attempt_foreign(report, take, opened, customer)


def _take_customer(opened: OpenConference, customer: Json, *, read_at: datetime) -> None:
    customer_credit.take_customer(opened.store, opened.conference, customer, read_at=read_at)


def _timed_pages(
    opened: OpenConference, path: str, query: Json
) -> Iterator[tuple[datetime, list[Json]]]:
    read_at = opened.now()
    for page in opened.gateway.pages(path, query):
        yield read_at, page
        read_at = opened.now()


_WALKS: dict[str, Callable[[OpenConference, SyncReport, Sweep], set[str]]] = {
    "invoice": walk_invoices,
    "invoice_payment": walk_invoices,
    "refund": walk_refunds,
    "dispute": walk_disputes,
    "credit_note": walk_credit_notes,
}
