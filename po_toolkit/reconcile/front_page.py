"""What the first page shows: the sums as they stand now, from the database's own sums.

The same figures as a reconciliation as of today, without reading every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from po_toolkit.domain.ageing import Bucket, bucket
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.sums import Status, balance_of, due_date, is_held
from po_toolkit.money import to_major
from po_toolkit.store import front_page as read
from po_toolkit.store.database import Store
from po_toolkit.store.listing import TWO_WEEKS, WEEK
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.tables import Conference


@dataclass(frozen=True, slots=True)
class StatusSums:
    """The purchase orders of one currency and status; amounts in major units."""

    currency: str
    status: str
    purchase_orders: int
    total: Decimal
    credited: Decimal
    paid: Decimal
    refunded: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Aged:
    """What is open of one currency and age; the amount in major units."""

    currency: str
    bucket: Bucket
    purchase_orders: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """How the sponsors' money of one currency stands; amounts in major units.

    Attributes:
        invoiced: Totals less credit notes of what was sent and is not cancelled.
        received: Payments less refunds of what is not cancelled.
        outstanding: What is open, not yet invoiced included.
        not_invoiced: The part of ``outstanding`` that no sponsor was asked for yet.
        overdue: The part of ``outstanding`` whose due date has passed.
        overdue_orders: How many purchase orders that are.
        oldest_days: How many days the oldest of them is overdue; 0 when none is.
        last_week: Payments less refunds booked in the last seven days, today included.
    """

    currency: str
    invoiced: Decimal
    received: Decimal
    outstanding: Decimal
    not_invoiced: Decimal
    overdue: Decimal
    overdue_orders: int
    oldest_days: int
    last_week: Decimal

    @property
    def share(self) -> Decimal | None:
        """How much of what was invoiced is received, 1 for all; None while nothing was."""
        return self.received / self.invoiced if self.invoiced > 0 else None


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The sums of a conference as they stand now.

    Attributes:
        by_status: Sums by currency and status.
        ageing: What is open by currency and age; only ages there are.
        waiting: How many things wait for a person: ``invoicing_failed``,
            ``invoice_without_order``, ``money_stuck_at_stripe``, ``cancelled_with_money`` and
            ``reversed_payments``.
        totals: How each currency stands.
        due_soon: Whether anything open may be due in the next two weeks.
    """

    by_status: list[StatusSums]
    ageing: list[Aged]
    waiting: dict[str, int]
    totals: list[CurrencyTotals]
    due_soon: bool


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A purchase order with an open balance, and how to reach its sponsor; in major units.

    ``days_overdue`` is below zero before the due date. ``promised_on`` is what the sponsor said in
    the last call.
    """

    reference: str
    organization_name: str
    currency: str
    balance: Decimal
    due_date: date | None
    days_overdue: int
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    reminded_at: datetime | None = None
    called_at: datetime | None = None
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class RecentPayment:
    """A payment; its amount in major units."""

    booked_on: date
    organization_name: str
    reference: str
    amount: Decimal
    currency: str
    method: str


@dataclass(frozen=True, slots=True)
class CashDay:
    """What had fallen due and what had been received up to the end of a day, in major units."""

    day: date
    due: Decimal
    received: Decimal


def front_page(store: Store, conference: Conference, *, today: date) -> FrontPage:
    """Return the sums of a conference as they stand now.

    A few statements read the database, however large it is; ``today`` is the date in the
    conference's timezone.
    """
    with store.reading() as session:
        statuses = read.by_status(session, conference.id)
        groups = read.open_groups(session, conference.id)
        refunded = read.refunded_and_open(session, conference.id)
        waiting = read.waiting(session, conference.id)
        by_day = read.received_by_day(
            session, conference.id, first=today - WEEK + timedelta(days=1), last=today
        )
    numbers: Counter[tuple[str, Bucket]] = Counter()
    amounts: Counter[tuple[str, Bucket]] = Counter()
    oldest: Counter[str] = Counter()
    soon = bool(refunded)
    for group in groups:
        late = _late(_due(group, conference), today)
        soon |= -TWO_WEEKS.days <= late <= 0
        key = group.currency, bucket(late, sent=group.sent, held=False)
        if group.sent:
            oldest[group.currency] = max(oldest[group.currency], late)
        numbers[key] += group.purchase_orders
        amounts[key] += group.amount
    for row in refunded:
        key = row.currency, _refunded_bucket(row, conference, today)
        if key[1] in LATE:
            oldest[row.currency] = max(oldest[row.currency], _late(_due(row, conference), today))
        numbers[key] += 1
        amounts[key] += row.balance
    last_week: Counter[str] = Counter()
    for currency, _, amount in by_day:
        last_week[currency] += amount
    order = list(Bucket)
    return FrontPage(
        by_status=[_status_sums(row) for row in statuses],
        ageing=[
            Aged(currency, age, numbers[currency, age], to_major(amounts[currency, age], currency))
            for currency, age in sorted(numbers, key=lambda k: (k[0], order.index(k[1])))
        ],
        waiting=waiting,
        totals=[
            _totals(
                [row for row in statuses if row.currency == currency],
                {age: (numbers[currency, age], amounts[currency, age]) for age in Bucket},
                oldest_days=oldest[currency],
                last_week=last_week[currency],
            )
            for currency in dict.fromkeys(row.currency for row in statuses)
        ],
        due_soon=soon,
    )


def _totals(
    statuses: Sequence[Any],
    ages: Mapping[Bucket, tuple[int, int]],
    *,
    oldest_days: int,
    last_week: int,
) -> CurrencyTotals:
    """Return how one currency stands; ``ages`` are numbers and open amounts in minor units."""
    currency = statuses[0].currency
    rows = [row for row in statuses if row.status != Status.CANCELLED]
    values = {
        "invoiced": sum(int(r.total - r.credited) for r in rows if r.status != Status.DRAFT),
        "received": sum(int(r.paid - r.refunded) for r in rows),
        "outstanding": sum(amount for _, amount in ages.values()),
        "not_invoiced": ages[Bucket.NOT_INVOICED][1],
        "overdue": sum(ages[age][1] for age in LATE),
        "last_week": last_week,
    }
    return CurrencyTotals(
        currency,
        overdue_orders=sum(ages[age][0] for age in LATE),
        oldest_days=oldest_days,
        **{name: to_major(value, currency) for name, value in values.items()},
    )


LATE = (Bucket.DAYS_1_30, Bucket.DAYS_31_60, Bucket.DAYS_61_90, Bucket.OVER_90)
"""The ages of what is overdue."""


def calls_to_make(
    store: Store, conference: Conference, *, today: date, limit: int
) -> list[OpenOrder]:
    """Return overdue purchase orders whose sponsor is to be called today.

    Left out are those called today, and those whose promise to pay has not passed.
    """
    with store.reading() as session:
        rows = read.calls_to_make(session, conference, today=today, limit=limit)
    return [_open_order(row, conference, today) for row in rows]


def due_soon(store: Store, conference: Conference, *, today: date, limit: int) -> list[OpenOrder]:
    """Return what is open and due from today on in the next two weeks, the earliest first."""
    with store.reading() as session:
        rows = read.due_soon(session, conference, today=today, limit=limit)
    return [_open_order(row, conference, today) for row in rows]


def latest_payments(store: Store, conference: Conference, *, limit: int) -> list[RecentPayment]:
    """Return the payments that were booked last, the latest first."""
    with store.reading() as session:
        rows = read.latest_payments(session, conference.id, limit=limit)
    return [
        RecentPayment(
            booked_on=row.booked_on,
            organization_name=row.organization_name,
            reference=row.reference,
            amount=to_major(row.amount, row.currency),
            currency=row.currency,
            method=row.method,
        )
        for row in rows
    ]


def cash_by_day(
    store: Store, conference: Conference, currency: str, *, through: date
) -> list[CashDay]:
    """Return what had fallen due and what had been received, on each day on which it changed.

    Cancelled purchase orders never fall due. The last day is always there if anything is.
    """
    with store.reading() as session:
        received = read.received_by_day(session, conference.id, currency=currency)
        owed = read.due_groups(session, conference.id, currency)
    due: Counter[date] = Counter()
    for row in owed:
        day = _due(row, conference)
        if day is not None:
            due[day] += row.amount
    came = {day: amount for _, day, amount in received}
    days = sorted(day for day in {*due, *came, through} if day <= through)
    if not due and not came:
        return []
    found, due_so_far, received_so_far = [], 0, 0
    for day in days:
        due_so_far += due[day]
        received_so_far += came.get(day, 0)
        found.append(
            CashDay(day, to_major(due_so_far, currency), to_major(received_so_far, currency))
        )
    return found


def _open_order(row: Any, conference: Conference, today: date) -> OpenOrder:
    values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public name for a row's dict
    for name in ("sent_at", "days_until_due"):
        del values[name]
    due = _due(row, conference)
    values |= {
        "balance": to_major(row.balance, row.currency),
        "due_date": due,
        "days_overdue": (today - due).days if due else 0,
    }
    return OpenOrder(**values)


def _due(row: Any, conference: Conference) -> date | None:
    return due_date(
        row.due_date,
        None,
        local_day(row.sent_at, conference.timezone) if row.sent_at else None,
        own_days=row.days_until_due,
        usual_days=conference.days_until_due,
    )


def _late(due: date | None, today: date) -> int:
    return 0 if due is None else (today - due).days


def _refunded_bucket(row: Any, conference: Conference, today: date) -> Bucket:
    sums = (row.sum_total, row.sum_credited, row.sum_paid, row.sum_refunded, row.reversed_payments)
    return bucket(
        _late(_due(row, conference), today),
        sent=row.marked_sent or row.state in SENT_STATES,
        held=is_held(*sums, asked_again=row.asked_again),
    )


def _status_sums(row: Any) -> StatusSums:
    balance = balance_of(row.total, row.credited, row.paid, row.refunded)
    sums = {
        name: to_major(int(value), row.currency)
        for name, value in (
            ("total", row.total),
            ("credited", row.credited),
            ("paid", row.paid),
            ("refunded", row.refunded),
            ("balance", balance),
        )
    }
    return StatusSums(row.currency, row.status, row.purchase_orders, **sums)
