"""A page of purchase orders, filtered, sorted and summed by the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.visitors import iterate

from po_toolkit.domain.ageing import LATE_BUCKETS, Bucket
from po_toolkit.domain.deliveries import LINKS_WORK
from po_toolkit.domain.periods import end_of_day
from po_toolkit.domain.references import comparable
from po_toolkit.domain.states import MatchKind, MatchState
from po_toolkit.domain.sums import (
    DISPUTED_SIGN,
    PAID_SIGN,
    REFUNDED_SIGN,
    RETURNED_SIGN,
    EntryKind,
    Status,
    balance_of,
    gone_back_since,
    is_held,
)
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import CURRENCIES, exponent
from po_toolkit.store.columns import utc_now
from po_toolkit.store.ledger import reversed_sum, signed
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.tables import (
    LIVE_STATES,
    BankMatch,
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
    Reminder,
)

OWING = tuple(s.value for s in (Status.DRAFT, Status.ISSUED, Status.SENT, Status.PARTIALLY_PAID))
"""Statuses of purchase orders that may owe something."""

LIVE = and_(Invoice.purchase_order_id == PurchaseOrder.id, Invoice.state.in_(sorted(LIVE_STATES)))
"""Joins a purchase order to the invoice that stands for it."""

WEEK, TWO_WEEKS = timedelta(days=7), timedelta(days=14)


class View(StrEnum):
    """Which purchase orders a person looks for, beside the ages of :class:`Bucket`."""

    OUTSTANDING = "outstanding"
    RECEIVED = "received"
    """Money came in and was not refunded wholly, and it is not cancelled."""
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    """Due today or in the two weeks after."""
    NOT_REMINDED = "not_reminded"
    """Overdue, and no reminder was ever sent."""
    RECENT_MONEY = "recent_money"
    """Money moved in the last seven days, today included."""
    CANCELLED_WITH_MONEY = "cancelled_with_money"
    REVERSED = "taken_back"
    """A payment was reversed and is neither paid nor asked for again."""


SORT_KEYS = (
    "reference",
    "po_number",
    "organization_name",
    "status",
    "currency",
    "created_at",
    "due_date",
    "total",
    "balance",
)
"""What a list can be sorted by."""


def filtered(
    conference_id: int,
    statuses: Collection[str],
    currencies: Collection[str],
    text: str,
    above: Decimal | None = None,
) -> Any:
    """Return the condition that a list's filters make; empty filters let everything pass.

    ``text`` is looked for in reference, the sponsor's number, organization, contact and e-mail,
    whatever its case.
    """
    po = PurchaseOrder
    conditions = [po.conference_id == conference_id]
    if statuses:
        conditions.append(po.status.in_(sorted(statuses)))
    if currencies:
        conditions.append(po.currency.in_(sorted(c.lower() for c in currencies)))
    if above is not None:
        digits: dict[int, list[str]] = {exponent(c): [] for c in CURRENCIES}
        for code in CURRENCIES:
            digits[exponent(code)].append(code)
        conditions += [
            po.status.in_(OWING),
            or_(
                *(
                    and_(po.currency.in_(sorted(codes)), po.kept_balance > above.scaleb(places))
                    for places, codes in digits.items()
                )
            ),
        ]
    wanted = comparable(text)
    if wanted:
        fields = (
            po.organization_key,
            po.po_number_key,
            func.lower(po.reference),
            func.lower(po.contact_email),
            func.lower(po.contact_name),
        )
        conditions.append(or_(*(f.contains(wanted, autoescape=True) for f in fields)))
    return and_(*conditions)


def is_sent() -> Any:
    """Return the condition that an invoice reached the sponsor; needs the join :data:`LIVE`."""
    state = func.coalesce(Invoice.state, "")  # none where there is no invoice yet
    return or_(PurchaseOrder.marked_sent, state.in_(sorted(SENT_STATES)))


def has_reversed_payment(conference_id: int | BindParameter[int]) -> Any:
    """Return the condition that a payment went back and is still owed; needs the join :data:`LIVE`.

    A dispute, a bank debit returned late, a bank line that took a payment back, or a payment
    reversed by hand that Stripe still counts. It ends when the balance is paid, credited or
    cancelled, or its invoice is reissued.
    """
    po, entry = PurchaseOrder, LedgerEntry
    back, paid, later = aliased(entry), aliased(entry), aliased(entry)
    gone = func.sum(reversed_sum())
    since = gone_back_since(func.max(po.sum_refunded), gone, func.max(po.asked_again))
    at_stripe = (
        select(entry.purchase_order_id)
        .join(po, po.id == entry.purchase_order_id)
        .where(entry.conference_id == conference_id, entry.kind.in_(_TAKING_BACK))
        .group_by(entry.purchase_order_id)
        .having(gone > 0, since > 0)
    )
    by_bank = select(BankMatch.entry_id).where(
        BankMatch.conference_id == conference_id,
        BankMatch.kind == MatchKind.REVERSAL,
        BankMatch.state == MatchState.APPLIED,
    )
    again = select(later.id).where(
        later.purchase_order_id == back.purchase_order_id,
        later.kind == EntryKind.PAYMENT,
        later.amount == back.amount,
        later.id > back.id,
    )
    by_hand = (
        select(back.id)
        .join(paid, paid.id == back.reverses_id)
        .where(
            back.purchase_order_id == po.id,
            back.kind == EntryKind.PAYMENT_REVERSAL,
            or_(paid.stripe_payment_record_id != "", back.id.in_(by_bank)),
            func.coalesce(back.invoice_id, Invoice.id, 0) == func.coalesce(Invoice.id, 0),
            ~again.exists(),
        )
    )
    taken_back = select(entry.purchase_order_id).where(
        entry.conference_id == conference_id, entry.kind.in_(_TAKING_BACK)
    )
    return and_(
        po.status.in_(OWING),
        po.kept_balance > 0,
        po.id.in_(taken_back),  # few: the database begins with them
        or_(po.id.in_(at_stripe), by_hand.exists()),
    )


_TAKING_BACK = [k.value for k in {*DISPUTED_SIGN, *RETURNED_SIGN}]


def in_view(session: Session, conference: Conference, view: View | Bucket, today: date) -> Any:
    """Return the condition of a view; it needs the join :data:`LIVE`.

    Overdue and held are as reconciliation has them. ``today`` is the date in the conference's
    timezone.
    """
    po, entry = PurchaseOrder, LedgerEntry
    if view is View.REVERSED:
        return has_reversed_payment(conference.id)
    if view is View.CANCELLED_WITH_MONEY:
        return and_(po.status == Status.CANCELLED.value, po.sum_paid != po.sum_refunded)
    if view is View.RECEIVED:
        return and_(po.status != Status.CANCELLED.value, po.sum_paid != po.sum_refunded)
    if view is View.RECENT_MONEY:
        moved = select(entry.purchase_order_id).where(
            entry.conference_id == conference.id,
            entry.booked_on > today - WEEK,
            entry.kind.in_([*PAID_SIGN, *REFUNDED_SIGN]),
        )
        return po.id.in_(moved)
    gone = (
        select(cast(func.coalesce(func.sum(reversed_sum()), 0), BigInteger))
        .where(entry.purchase_order_id == po.id)
        .scalar_subquery()
    )
    sums = (po.sum_total, po.sum_credited, po.sum_paid, po.sum_refunded)
    held = and_(po.sum_refunded > 0, is_held(*sums, gone, asked_again=po.asked_again))
    narrower = {
        View.OUTSTANDING: [],
        Bucket.HELD: [held],
        Bucket.NOT_INVOICED: [~is_sent(), ~held],
    }.get(view)
    if narrower is None:
        narrower = [is_sent(), ~held, _due_in_view(session, conference, view, today)]
    return and_(po.status.in_(OWING), po.kept_balance > 0, *narrower)


def _due_in_view(session: Session, conference: Conference, view: View | Bucket, today: date) -> Any:
    if view is View.DUE_SOON:
        return _due(session, conference, today, today + TWO_WEEKS + _DAY)
    younger = 0
    for days, age in (*LATE_BUCKETS, (None, Bucket.OVER_90)):
        if view is age:
            first = None if days is None else today - timedelta(days=days)
            return _due(session, conference, first, today - timedelta(days=younger))
        younger = days or younger
    late = _due(session, conference, None, today)
    if view is Bucket.CURRENT:
        return or_(~late, late.is_(None))
    if view is View.NOT_REMINDED:
        reminded = select(Reminder.id).where(
            Reminder.purchase_order_id == PurchaseOrder.id, Reminder.state.in_(["sent", "drafted"])
        )
        return and_(late, ~reminded.exists())
    return late


_DAY = timedelta(days=1)


def _due(session: Session, conference: Conference, first: date | None, end: date) -> Any:
    """Return the condition of being due from a day on and before another, by domain.sums."""
    po, inv = PurchaseOrder, Invoice
    known = func.coalesce(inv.due_date, po.due_date)
    conditions = [known < end if first is None else and_(known >= first, known < end)]
    unknown = and_(inv.due_date.is_(None), po.due_date.is_(None))
    days = session.scalars(
        select(po.days_until_due)
        .join(inv, LIVE)
        .where(inv.conference_id == conference.id, unknown, inv.sent_at.is_not(None))
        .distinct()
    ).all()
    for own in days:
        span = timedelta(days=conference.days_until_due if own is None else own)
        sent = [inv.sent_at < end_of_day(end - span - _DAY, conference.timezone)]
        if first is not None:
            sent.append(inv.sent_at >= end_of_day(first - span - _DAY, conference.timezone))
        same = po.days_until_due.is_(None) if own is None else po.days_until_due == own
        conditions.append(and_(unknown, same, *sent))
    return or_(*conditions)


def count(session: Session, condition: Any) -> int:
    """Count the purchase orders a condition lets pass."""
    return session.scalar(_joined(select(func.count()), condition)) or 0


def sums(session: Session, condition: Any) -> Sequence[Any]:
    """Return number, total and balance, in minor units, of what a condition lets pass."""
    po = PurchaseOrder
    columns = (
        po.currency,
        func.count().label("purchase_orders"),
        cast(func.sum(po.sum_total), BigInteger).label("total"),
        cast(func.sum(po.sum_paid - po.sum_refunded), BigInteger).label("received"),
        cast(func.sum(case((po.kept_balance > 0, po.kept_balance), else_=0)), BigInteger).label(
            "outstanding"
        ),
    )
    counted = and_(condition, po.status != Status.CANCELLED.value)
    query = _joined(select(*columns), counted).group_by(po.currency).order_by(po.currency)
    return session.execute(query).all()


def _joined(query: Any, condition: Any) -> Any:
    """Select from purchase orders, with their live invoices where the condition asks for them."""
    query = query.select_from(PurchaseOrder)
    return (query.outerjoin(Invoice, LIVE) if _asks_for_invoice(condition) else query).where(
        condition
    )


def _asks_for_invoice(condition: Any) -> bool:
    return any(getattr(c, "table", None) is Invoice.__table__ for c in iterate(condition))


def references(
    session: Session, condition: Any, *, sort: str, descending: bool, offset: int, limit: int | None
) -> list[str]:
    """Return the references of a page, in its order.

    Raises:
        PurchaseOrderError: There is nothing to sort by under this name.
    """
    ids = session.scalars(_chosen(condition, sort, descending).offset(offset).limit(limit))
    named = _joined(select(PurchaseOrder.id, PurchaseOrder.reference), condition)
    by_id = {row.id: row.reference for row in session.execute(named)}
    return [by_id[i] for i in ids]


def page(
    session: Session, condition: Any, *, sort: str, descending: bool, offset: int, limit: int
) -> Sequence[Any]:
    """Return the rows of one page with their sums in minor units.

    Raises:
        PurchaseOrderError: There is nothing to sort by under this name.
    """
    chosen = _chosen(condition, sort, descending).offset(offset).limit(limit)
    return by_ids(session, session.scalars(chosen).all())


def by_ids(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    """Return the rows of purchase orders with their sums in minor units, in the order named."""
    if not ids:
        return []
    values = {"ids": list(ids), "since": utc_now() - LINKS_WORK}
    rows = {row.id: row for row in session.execute(_with_sums(), values)}
    return [rows[i] for i in ids]


_KEYS: dict[str, Any] = {
    "organization_name": PurchaseOrder.organization_key,
    "due_date": func.coalesce(Invoice.due_date, PurchaseOrder.due_date),
    "total": PurchaseOrder.sum_total,
    "balance": PurchaseOrder.kept_balance,
}


def _chosen(condition: Any, sort: str, descending: bool) -> Select[Any]:
    if sort not in SORT_KEYS:
        raise PurchaseOrderError(
            f"A list cannot be sorted by {sort!r}; use one of {', '.join(SORT_KEYS)}."
        )
    column: Any = _KEYS.get(sort, getattr(PurchaseOrder, sort, None))
    key = column.desc() if descending else column
    query: Select[Any] = select(PurchaseOrder.id).select_from(PurchaseOrder)
    if sort == "due_date" or _asks_for_invoice(condition):
        query = query.outerjoin(Invoice, LIVE)
    return query.where(condition).order_by(
        key.nulls_last() if sort == "due_date" else key, PurchaseOrder.id
    )


@cache
def _with_sums() -> Any:
    po = PurchaseOrder
    condition = po.id.in_(bindparam("ids", expanding=True))
    lines = _summed(
        PurchaseOrderLineItem.purchase_order_id,
        condition,
        total=PurchaseOrderLineItem.billed,
    )
    entries = _summed(
        LedgerEntry.purchase_order_id,
        condition,
        paid=signed(PAID_SIGN),
        refunded=signed(REFUNDED_SIGN),
    )
    notes = _summed(CreditNote.purchase_order_id, condition, credited=CreditNote.amount)
    total = func.coalesce(lines.c.total, 0)
    paid = func.coalesce(entries.c.paid, 0)
    refunded = func.coalesce(entries.c.refunded, 0)
    credited = func.coalesce(notes.c.credited, 0)
    return (
        select(
            po.id,
            po.reference,
            po.po_number,
            po.organization_name,
            po.contact_email,
            po.currency,
            po.status,
            po.created_at,
            func.coalesce(Invoice.due_date, po.due_date).label("due_date"),
            func.coalesce(Invoice.stripe_invoice_id, "").label("stripe_invoice_id"),
            case((Invoice.stripe_read_at > bindparam("since"), Invoice.hosted_url), else_="").label(
                "stripe_invoice_url"
            ),
            func.coalesce(Invoice.state, "").label("invoice_state"),
            func.coalesce(Invoice.error, "").label("invoice_error"),
            total.label("total"),
            credited.label("credited"),
            paid.label("paid"),
            refunded.label("refunded"),
            balance_of(total, credited, paid, refunded).label("balance"),
            select(func.max(Reminder.sent_at))
            .where(Reminder.purchase_order_id == po.id)
            .scalar_subquery()
            .label("reminded_at"),
        )
        .outerjoin(lines, lines.c.order_id == po.id)
        .outerjoin(entries, entries.c.order_id == po.id)
        .outerjoin(notes, notes.c.order_id == po.id)
        .outerjoin(
            Invoice,
            and_(Invoice.purchase_order_id == po.id, Invoice.state.in_(sorted(LIVE_STATES))),
        )
        .where(condition)
    )


def _summed(owner: Any, condition: Any, **amounts: Any) -> Subquery:
    return (
        select(
            owner.label("order_id"),
            *(cast(func.sum(a), BigInteger).label(name) for name, a in amounts.items()),
        )
        .join(PurchaseOrder, PurchaseOrder.id == owner)
        .where(condition)
        .group_by(owner)
        .subquery()
    )
