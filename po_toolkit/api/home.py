"""What the first page of the app answers: what is in, what is late, whom to call, what came in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.reconcile import front_page as read_front_page
from po_toolkit.reconcile.front_page import (
    CashDay,
    CurrencyTotals,
    FrontPage,
    OpenOrder,
    RecentPayment,
    calls_to_make,
    cash_by_day,
    due_soon,
    latest_payments,
)
from po_toolkit.store import conferences, cursors, invoices
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import ContactCall

__all__ = [
    "CashDay",
    "CashOverTime",
    "CurrencyTotals",
    "FrontPage",
    "Heard",
    "HomePage",
    "OpenOrder",
    "RecentPayment",
    "cash_over_time",
    "home_page",
    "last_heard",
    "log_call",
]

LATE_AFTER = timedelta(hours=24)
"""Silence from Stripe longer than this is worth a warning."""

_SHOWN = 6
"""How many rows each list of the first page has at most."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """What the first page shows.

    Attributes:
        sums: How the conference stands.
        calls: Overdue purchase orders whose sponsor is to be called today.
        payments: The latest payments, the latest first.
        due_soon: What is due in the next two weeks, the earliest first.
    """

    sums: FrontPage
    calls: list[OpenOrder]
    payments: list[RecentPayment]
    due_soon: list[OpenOrder]


def home_page(opened: OpenConference) -> HomePage:
    """Return what the first page shows; a few statements, however large the conference is."""
    store, conference, today = opened.store, opened.conference, opened.today()
    sums = read_front_page(store, conference, today=today)
    overdue = any(totals.overdue_orders for totals in sums.totals)
    return HomePage(
        sums=sums,
        calls=calls_to_make(store, conference, today=today, limit=_SHOWN) if overdue else [],
        payments=latest_payments(store, conference, limit=_SHOWN),
        due_soon=due_soon(store, conference, today=today, limit=_SHOWN) if sums.due_soon else [],
    )


@dataclass(frozen=True, slots=True)
class CashOverTime:
    """Cash received against due up to today.

    Attributes:
        days: This conference, on each day on which something changed.
        last_year: The earlier conference, each day moved so that both events fall together; only
            up to today. Empty without one.
        last_name: The earlier conference's name.
    """

    days: list[CashDay]
    last_year: list[CashDay]
    last_name: str


def cash_over_time(
    opened: OpenConference,
    currency: str,
    *,
    previous: str = "",
    previous_event: date | None = None,
) -> CashOverTime:
    """Return cash received against due up to today, beside an earlier conference's.

    The previous conference is given by its slug, in the same database.
    """
    today, event = opened.today(), opened.settings.event_date
    days = cash_by_day(opened.store, opened.conference, currency, through=today)
    if not previous or previous_event is None or event is None:
        return CashOverTime(days, [], "")
    try:
        with opened.store.reading() as session:
            earlier = conferences.by_slug(session, previous)
    except NotFoundError:
        return CashOverTime(days, [], "")
    distance = event - previous_event
    found = cash_by_day(opened.store, earlier, currency, through=today - distance)
    moved = [replace(day, day=day.day + distance) for day in found]
    return CashOverTime(days, moved, earlier.name)


@dataclass(frozen=True, slots=True)
class Heard:
    """When Stripe was last heard from.

    Attributes:
        at: The last sync or webhook event, whichever is later; None when there was none.
        late: Whether that is longer ago than it should be.
        failed: Whether the last sync failed.
    """

    at: datetime | None
    late: bool
    failed: bool


def last_heard(opened: OpenConference) -> Heard:
    """Return when Stripe was last heard from."""
    with opened.store.reading() as session:
        *times, error = cursors.last_heard(session, opened.conference)
        at = max((time for time in times if time is not None), default=None)
        before = opened.now() - LATE_AFTER
        # before the first invoice there is nothing to hear
        late = at < before if at else invoices.any_sent_before(session, opened.conference, before)
    return Heard(at, late, bool(error))


def log_call(
    opened: OpenConference, reference: str, *, note: str = "", promised_on: date | None = None
) -> None:
    """Keep that the sponsor was called about a purchase order.

    The day by which they promised to pay is not before today.

    Raises:
        NotAllowedError: The actor's role is too low.
        NotFoundError: No such purchase order.
        PurchaseOrderError: The promised day is past.
    """
    if promised_on is not None and promised_on < opened.today():
        raise PurchaseOrderError(
            f"{reference}: The promised date {written_day(promised_on)} is past. Enter today or a "
            f"later day."
        )
    with opened.store.writing(opened.actor, Act.LOG_CALL) as uow:
        order = by_reference(uow.session, opened.conference, reference)
        uow.session.add(
            ContactCall(
                conference_id=order.conference_id,
                purchase_order_id=order.id,
                note=note.strip(),
                promised_on=promised_on,
                entered_by=opened.actor.name,
                created_at=opened.now(),
            )
        )
        content = {"note": note.strip(), "promised_on": promised_on and promised_on.isoformat()}
        uow.audit(Act.LOG_CALL, order, after={k: v for k, v in content.items() if v})
