"""The ledger: the one way in for money and credit notes, and the closing of a period."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from po_toolkit.domain.offline_payments import DETAILS, OfflinePayment, PaymentDetails
from po_toolkit.domain.periods import booking_day, local_day
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import EntryKind
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.money import display, minor_from_api
from po_toolkit.store import audit_chain, closing
from po_toolkit.store.bank_matches import link_new_entries
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import (
    ClosedPeriod,
    Conference,
    CreditNote,
    LedgerEntry,
    MoneyIntent,
    PurchaseOrder,
)
from po_toolkit.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Movement(PaymentDetails):
    """Money that moved, before it is in the ledger.

    Attributes:
        amount: Minor units of ``currency``, above zero; the kind gives the sign.
        source: Where the fact comes from: stripe, manual or bank.
        source_id: That source's own id; the same one is never entered twice.
        entered_by: Who ordered it, where that is not who acts now.
    """

    kind: EntryKind
    method: str
    amount: int
    currency: str
    source: str
    source_id: str
    payment_date: date
    invoice_id: int | None = None
    reverses_id: int | None = None
    stripe_payment_record_id: str = ""
    stripe_attached: int | None = None
    stripe_payment_id: str = ""
    entered_by: str = ""
    uuid: UUID = field(default_factory=uuid4)

    @classmethod
    def of_offline(cls, payment: OfflinePayment, uuid: UUID) -> Movement:
        """Return the movement of an offline payment, whose entry gets this uuid."""
        fields = asdict(payment) | {"source_id": payment.source_id or str(uuid)}
        return cls(kind=EntryKind.PAYMENT, uuid=uuid, **fields)


def uuid_in(stripe_object: Mapping[str, Any] | None, name: str) -> UUID | None:
    """Return the uuid of ours that an object at Stripe has in its metadata, if it has one."""
    try:
        return UUID(((stripe_object or {}).get("metadata") or {}).get(name) or "")
    except ValueError:
        return None


def record(uow: UnitOfWork, order: PurchaseOrder, movement: Movement, act: Act) -> bool:
    """Enter a movement unless its source id is in the ledger already.

    The purchase order is locked; ``act`` is what the audit log calls it.

    Returns:
        True when the entry is new. The status is brought up to the sums either way.

    Raises:
        PurchaseOrderError: The currency is not the purchase order's.
    """
    return bool(record_all(uow, [(order, movement)], act))


def record_all(
    uow: UnitOfWork, moves: Sequence[tuple[PurchaseOrder, Movement]], act: Act
) -> list[LedgerEntry]:
    """Enter movements on locked purchase orders, each unless its source id is there already.

    Returns:
        The new entries. Every status is brought up to its sums.

    Raises:
        PurchaseOrderError: A currency is not its purchase order's; nothing may be kept then.
    """
    for order, movement in moves:
        refuse_currency(order, movement)
    orders = {order.id: order for order, _ in moves}
    new = _insert(uow, moves)
    before = {order.id: order.status for order in orders.values()}
    for entry in new:
        order = orders[entry.purchase_order_id]
        set_committed_value(order, "entries", [*order.entries, entry])
    for order in orders.values():
        refresh_status(order)
    for entry in new:
        order = orders[entry.purchase_order_id]
        uow.audit(
            act,
            order,
            before={"status": before[order.id]},
            after={
                "status": order.status,
                "kind": entry.kind,
                "amount": entry.amount,
                "currency": entry.currency,
                "source": entry.source,
                "source_id": entry.source_id,
            },
        )
    return new


def refuse_currency(order: PurchaseOrder, movement: Movement | OfflinePayment) -> None:
    """Refuse money in another currency than the purchase order's.

    Raises:
        PurchaseOrderError: It is.
    """
    if movement.currency != order.currency:
        raise PurchaseOrderError(
            f"{order.reference} is in {order.currency.upper()}; "
            f"{display(movement.amount, movement.currency)} cannot be entered on it. "
            f"Amounts are never converted: find out which purchase order it belongs to."
        )


def _insert(uow: UnitOfWork, moves: Sequence[tuple[PurchaseOrder, Movement]]) -> list[LedgerEntry]:
    days: dict[tuple[int, date], date] = {}
    rows = []
    for order, movement in moves:
        day = (order.conference_id, movement.payment_date)
        if day not in days:
            days[day] = booked(uow, order, movement.payment_date)
        rows.append(_row(uow, order, movement, days[day]))
    unique = [LedgerEntry.conference_id, LedgerEntry.source, LedgerEntry.source_id]
    ids = insert_new(uow.session, LedgerEntry, rows, unique)
    if not ids:
        return []
    for conference_id in {order.conference_id for order, m in moves if m.source == "bank"}:
        link_new_entries(uow, conference_id)
    query = select(LedgerEntry).where(LedgerEntry.id.in_(ids)).order_by(LedgerEntry.id)
    return list(uow.session.scalars(query))


def _row(
    uow: UnitOfWork, order: PurchaseOrder, movement: Movement, booked_on: date
) -> dict[str, Any]:
    return {
        "uuid": movement.uuid,
        "conference_id": order.conference_id,
        "purchase_order_id": order.id,
        "invoice_id": movement.invoice_id,
        "kind": movement.kind.value,
        "method": movement.method,
        "amount": movement.amount,
        "currency": movement.currency,
        "source": movement.source,
        "source_id": movement.source_id,
        "payment_date": movement.payment_date,
        "booked_on": booked_on,
        **{detail.name: getattr(movement, detail.name) for detail in DETAILS},
        "note": with_late_note(movement.note, movement.payment_date, booked_on),
        "entered_by": movement.entered_by or uow.actor.name,
        "reverses_id": movement.reverses_id,
        "stripe_payment_record_id": movement.stripe_payment_record_id,
        "stripe_attached": movement.stripe_attached,
        "stripe_payment_id": movement.stripe_payment_id,
        "created_at": utc_now(),
    }


def book_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    *,
    invoice_id: int | None,
    now: datetime,
    reported: bool = True,
) -> None:
    """Enter the payment of an intent, or add Stripe's id to the entry that is there.

    The purchase order is locked. Without ``reported`` Stripe could not take the payment any more,
    and only we know of it.
    """
    record_id = intent.stripe_id if reported else ""
    existing = next((e for e in order.entries if e.uuid == intent.uuid), None)
    counted = {e.stripe_payment_record_id for e in order.entries if e is not existing} - {""}
    if existing is None and record_id in counted:
        pass  # it was entered as Stripe's own before anybody knew whose it is
    elif existing is None:
        _enter_payment(uow, order, intent, record_id, invoice_id if reported else None)
    elif reported:
        note_reported(existing, record_id, intent.details.get("part"), invoice_id)
    finish_intent(intent, now)


def note_record(intent: MoneyIntent, stripe_record: dict[str, Any]) -> None:
    """Note the payment record that Stripe has of an intent, and that it is of a part of it."""
    intent.stripe_id = stripe_record["id"]
    if (part := part_of(intent, stripe_record)) is not None:
        intent.details = {**intent.details, "part": part}


def part_of(payment: MoneyIntent | LedgerEntry, stripe_record: dict[str, Any]) -> int | None:
    """Return how much of a payment its record at Stripe is of, in minor units; None: all."""
    value = stripe_record["amount_requested"]["value"]
    amount = minor_from_api(value, payment.currency)
    return amount if amount < payment.amount else None


def note_reported(
    entry: LedgerEntry, record_id: str, part: int | None, invoice_id: int | None
) -> None:
    """Note on an entry that Stripe has it, or a part of it, on an invoice."""
    entry.stripe_payment_record_id = record_id
    entry.stripe_attached = part
    entry.invoice_id = entry.invoice_id or invoice_id


def _enter_payment(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    record_id: str,
    invoice_id: int | None,
) -> None:
    payment = OfflinePayment.from_details(
        intent.details,
        amount=intent.amount,
        currency=intent.currency,
        entered_by=intent.entered_by,
    )
    movement = replace(
        Movement.of_offline(payment, intent.uuid),
        invoice_id=invoice_id,
        stripe_payment_record_id=record_id,
        stripe_attached=intent.details.get("part") if record_id else None,
    )
    record(uow, order, movement, Act.RECORD_PAYMENT)


def book_credit_note(
    uow: UnitOfWork,
    order: PurchaseOrder,
    intent: MoneyIntent,
    *,
    stripe_id: str | None,
    now: datetime,
) -> None:
    """Enter the credit note of an intent, or add Stripe's id to the one that is there."""
    existing = next((note for note in order.credit_notes if note.uuid == intent.uuid), None)
    known = any(n.stripe_credit_note_id == stripe_id for n in order.credit_notes if stripe_id)
    if existing is not None and not known:
        existing.stripe_credit_note_id = existing.stripe_credit_note_id or stripe_id
    elif existing is None and not known:
        details = intent.details
        note = CreditNote(
            uuid=intent.uuid,
            amount=intent.amount,
            currency=intent.currency,
            reason=details["reason"],
            credit_date=date.fromisoformat(details["credit_date"]),
            stripe_credit_note_id=stripe_id,
            issued_by=intent.entered_by,
        )
        add_credit_note(uow, order, note)
    if stripe_id:
        intent.stripe_id = stripe_id
    finish_intent(intent, now)


def add_credit_note(uow: UnitOfWork, order: PurchaseOrder, note: CreditNote) -> None:
    """Put a credit note on a locked purchase order and bring its status up to the sums."""
    before = order.status
    note.conference_id = order.conference_id
    note.booked_on = booked(uow, order, note.credit_date)
    note.reason = with_late_note(note.reason, note.credit_date, note.booked_on)
    note.issued_by = note.issued_by or uow.actor.name
    order.credit_notes.append(note)
    uow.session.flush()
    refresh_status(order)
    uow.audit(
        Act.ISSUE_CREDIT_NOTE,
        order,
        before={"status": before},
        after={"status": order.status, "amount": note.amount, "currency": note.currency},
    )


def finish_intent(intent: MoneyIntent, now: datetime) -> None:
    """Note that nothing is left to do for an intent."""
    intent.step = "done"
    intent.error = ""
    intent.finished_at = now


def booked(uow: UnitOfWork, order: PurchaseOrder, moved: date) -> date:
    """Return the day from which money on a purchase order counts; see ``booking_day``."""
    closing.lock(uow.session, order.conference_id, to_close=False)
    return booking_day(
        moved,
        closed_through=closing.closed_through(uow.session, order.conference_id),
        today=local_day(uow.now(), order.conference.timezone),
    )


def with_late_note(note: str, moved: date, booked_on: date) -> str:
    """Say in an entry's note that its period was closed; unchanged when it was not."""
    if booked_on <= moved:
        return note
    late = (
        f"Dated {written_day(moved)}, in a closed period; it counts from {written_day(booked_on)}."
    )
    return f"{note} {late}".strip()


def close_period(
    uow: UnitOfWork, conference: Conference, last_day: date, *, report: bytes
) -> ClosedPeriod:
    """Close all that is booked up to and including a day.

    The last day is one in the conference's timezone; the report is kept with its SHA-256.

    Raises:
        PurchaseOrderError: The day is not over yet, or a later or the same one is closed already.
    """
    today = local_day(uow.now(), conference.timezone)
    if last_day >= today:
        raise PurchaseOrderError(
            f"{written_day(last_day)} is not over yet in {conference.timezone}; close a day that "
            "is past."
        )
    before = closing.closed_through(uow.session, conference.id)
    if before is not None and last_day <= before:
        raise PurchaseOrderError(
            f"Conference {conference.slug} is closed through {written_day(before)} already; "
            f"corrections count from the day after."
        )
    entries, digest = audit_chain.head(uow.session)
    period = ClosedPeriod(
        conference_id=conference.id,
        last_day=last_day,
        timezone=conference.timezone,
        closed_at=utc_now(),
        closed_by=uow.actor.name,
        digest=hashlib.sha256(report).hexdigest(),
        report=zlib.compress(report, 9),
        audit_entries=entries,
        audit_digest=digest,
    )
    uow.session.add(period)
    uow.audit(
        Act.CLOSE,
        period,
        after={"last_day": last_day.isoformat(), "digest": period.digest},
    )
    return period


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that news from Stripe changed, in words."""

    reference: str
    what: str


@dataclass
class Taken:
    """What a piece of news changed here."""

    payments: int = 0
    refunds: int = 0
    statuses_changed: int = 0
    changes: list[Change] = field(default_factory=list)

    def add(self, other: Taken | None) -> None:
        """Count what another piece changed."""
        if other is None:
            return
        self.payments += other.payments
        self.refunds += other.refunds
        self.statuses_changed += other.statuses_changed
        self.changes += other.changes
