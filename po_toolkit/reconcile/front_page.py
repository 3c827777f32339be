"""What the first page shows: the sums as they stand now, from the database's own sums.

The same figures as a reconciliation as of today, without reading every row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from po_toolkit.domain.ageing import Bucket, bucket
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.sums import balance_of, due_date, is_held
from po_toolkit.money import to_major
from po_toolkit.store import front_page as read
from po_toolkit.store.database import Store
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
class FrontPage:
    """The sums of a conference as they stand now.

    Attributes:
        by_status: Sums by currency and status.
        ageing: What is open by currency and age; only ages there are.
        waiting: How many things wait for a person: ``invoicing_failed``,
            ``invoice_without_order`` and ``money_stuck_at_stripe``.
    """

    by_status: list[StatusSums]
    ageing: list[Aged]
    waiting: dict[str, int]


def front_page(store: Store, conference: Conference, *, today: date) -> FrontPage:
    """Return the sums of a conference as they stand now.

    Args:
        store: The database; it is only read, by six statements however large it is.
        conference: Whose purchase orders.
        today: The present date in the conference's timezone.
    """
    with store.reading() as session:
        statuses = read.by_status(session, conference.id)
        groups = read.open_groups(session, conference.id)
        refunded = read.refunded_and_open(session, conference.id)
        waiting = read.waiting(session, conference.id)
    numbers: Counter[tuple[str, Bucket]] = Counter()
    amounts: Counter[tuple[str, Bucket]] = Counter()
    for group in groups:
        late = _late(_due(group, conference), today)
        key = group.currency, bucket(late, sent=group.sent, held=False)
        numbers[key] += group.purchase_orders
        amounts[key] += group.amount
    for row in refunded:
        key = row.currency, _refunded_bucket(row, conference, today)
        numbers[key] += 1
        amounts[key] += row.balance
    order = list(Bucket)
    return FrontPage(
        by_status=[_status_sums(row) for row in statuses],
        ageing=[
            Aged(currency, age, numbers[currency, age], to_major(amounts[currency, age], currency))
            for currency, age in sorted(numbers, key=lambda k: (k[0], order.index(k[1])))
        ],
        waiting=waiting,
    )


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
    sums = (row.sum_total, row.sum_credited, row.sum_paid, row.sum_refunded, row.taken_back)
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
