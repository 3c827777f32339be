"""Everything that happened to one purchase order, in the order in which it happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from po_toolkit.domain.deliveries import links_work
from po_toolkit.domain.offline_payments import PaymentDetails
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.records import copied
from po_toolkit.domain.reminders import step_label
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sentences import LoggedAct, audit_sentence
from po_toolkit.domain.sums import EntryKind
from po_toolkit.domain.tax import rate_text, rates_of
from po_toolkit.domain.wording import label
from po_toolkit.money import display, to_major
from po_toolkit.reconcile.listing import days_overdue
from po_toolkit.store import purchase_orders, stories
from po_toolkit.store.database import Store
from po_toolkit.store.tables import (
    AuditEntry,
    Conference,
    CreditNote,
    ImportRow,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    Reminder,
)


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line of the purchase order; amounts in major units.

    ``tax_on_top`` adds to the total, beside ``line_total``.
    """

    description: str
    quantity: int
    unit_price: Decimal
    line_total: Decimal
    rates: str
    tax_on_top: Decimal
    source_row: int | None


@dataclass(frozen=True, slots=True)
class StoryInvoice:
    """One generation of its invoice; Stripe's sums in major units, as last read."""

    generation: int
    state: str
    delivery: str
    stripe_invoice_id: str
    number: str
    hosted_url: str
    pdf_url: str
    stripe_status: str
    stripe_total: Decimal | None
    stripe_amount_paid: Decimal | None
    due_date: date | None
    sent_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class StoryEntry(PaymentDetails):
    """One movement of money or a credit note; the amount is positive, in major units.

    ``number`` is the ledger entry's own, by which it is reversed; a credit note has none.
    """

    number: int | None
    date: date
    kind: str
    method: str
    amount: Decimal
    currency: str
    source: str
    source_id: str
    entered_by: str
    uuid: str


@dataclass(frozen=True, slots=True)
class StorySource:
    """The spreadsheet it came from, with the rows as they were."""

    batch: int
    file_name: str
    sheet: str
    rows: list[int]
    cells: list[list[Any]]


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """Something that happened.

    ``at`` is UTC. ``day`` is the date it counts for, in the conference's timezone: for money the
    day it moved, which may be earlier than the day it was entered.
    """

    at: datetime
    day: date
    kind: str
    text: str
    amount: Decimal | None
    actor: str
    source: str


@dataclass(frozen=True, slots=True)
class PurchaseOrderStory:
    """A purchase order, its sums in major units, and its history."""

    reference: str
    po_number: str
    organization_name: str
    contact_name: str
    contact_email: str
    contact_phone: str
    cc_emails: str
    billing_address: str
    currency: str
    status: str
    notes: str
    delivery: str
    """Who is to deliver its invoices; empty: as the conference says."""
    due_date: date | None
    days_overdue: int
    """Days since the due date, where something is owed; else 0."""
    total: Decimal
    credited: Decimal
    paid: Decimal
    refunded: Decimal
    balance: Decimal
    owed_again: bool
    """Whether a payment was taken back, by a bank, a dispute or hand, and is still owed."""
    stripe_invoice_id: str
    stripe_invoice_url: str
    source: StorySource | None
    lines: list[StoryLine]
    invoices: list[StoryInvoice]
    entries: list[StoryEntry]
    events: list[StoryEvent]


def purchase_order_story(
    store: Store, conference: Conference, reference: str, *, now: datetime | None = None
) -> PurchaseOrderStory:
    """Return one purchase order with its lines, invoices, money and history.

    Links that may have expired by ``now`` are left out.

    Raises:
        NotFoundError: The conference has no such purchase order.
    """
    with store.reading() as session:
        order = purchase_orders.by_reference(session, conference, reference)
        rows = stories.import_rows(session, order)
        audit = stories.audit_entries(session, order)
        reminders = stories.reminders(session, order)
        owed_again = stories.owed_again(session, order)
    live = order.live_invoice
    due = (live.due_date if live else None) or order.due_date
    today = local_day(now or store.now(), conference.timezone)
    return copied(
        PurchaseOrderStory,
        order,
        due_date=due,
        days_overdue=days_overdue(order.status, order.balance_due, due, today),
        credited=order.total_credited,
        paid=order.total_paid,
        refunded=order.total_refunded,
        balance=order.balance_due,
        owed_again=owed_again,
        source=_source(order, rows),
        lines=_lines(order),
        invoices=[_invoice(i, now) for i in order.invoices],
        entries=_entries(order),
        events=_events(order, audit, reminders, ZoneInfo(conference.timezone)),
    )


def _source(order: PurchaseOrder, rows: list[ImportRow]) -> StorySource | None:
    batch = order.import_batch
    if batch is None:
        return None
    return StorySource(
        batch=batch.id,
        file_name=batch.file_name,
        sheet=batch.sheet,
        rows=[r.row_number for r in rows] or [n for n in [order.import_row] if n is not None],
        cells=[list(r.cells) for r in rows],
    )


def _lines(order: PurchaseOrder) -> list[StoryLine]:
    return [
        copied(
            StoryLine,
            line,
            unit_price=to_major(line.unit_price, order.currency),
            line_total=to_major(line.line_total, order.currency),
            rates=", ".join(rate_text(rate) for rate in rates_of(line.tax_rates)),
            tax_on_top=to_major(line.tax_on_top or 0, order.currency),
            source_row=line.import_row,
        )
        for line in order.line_items
    ]


def _invoice(invoice: Invoice, now: datetime | None) -> StoryInvoice:
    works = now is None or links_work(invoice.stripe_read_at, now)
    total, paid = invoice.stripe_total, invoice.stripe_amount_paid
    return copied(
        StoryInvoice,
        invoice,
        stripe_invoice_id=invoice.stripe_invoice_id or "",
        hosted_url=invoice.hosted_url if works else "",
        pdf_url=invoice.pdf_url if works else "",
        stripe_total=None if total is None else to_major(total, invoice.currency),
        stripe_amount_paid=None if paid is None else to_major(paid, invoice.currency),
    )


def _entries(order: PurchaseOrder) -> list[StoryEntry]:
    moved = [
        copied(
            StoryEntry,
            e,
            number=e.id,
            date=e.payment_date,
            amount=e.amount_major,
            uuid=str(e.uuid),
        )
        for e in order.entries
    ]
    credited = [
        StoryEntry(
            number=None,
            date=n.credit_date,
            kind="credit_note",
            method="",
            amount=n.amount_major,
            currency=n.currency,
            source="manual",
            source_id=n.stripe_credit_note_id or "",
            note=n.reason,
            entered_by=n.issued_by,
            uuid=str(n.uuid),
        )
        for n in order.credit_notes
    ]
    return sorted([*moved, *credited], key=lambda e: e.date)


def _events(
    order: PurchaseOrder, audit: list[AuditEntry], reminders: list[Reminder], zone: ZoneInfo
) -> list[StoryEvent]:
    def event(
        at: datetime, kind: str, text: str, actor: str, source: str, *, money: Any = None
    ) -> StoryEvent:
        day = getattr(money, "payment_date", None) or getattr(money, "credit_date", None)
        return StoryEvent(
            at=at,
            day=day or at.astimezone(zone).date(),
            kind=kind,
            text=text,
            amount=money.amount_major if money is not None else None,
            actor=actor,
            source=source,
        )

    batch = order.import_batch
    came = f"Imported from {batch.file_name}, row {order.import_row}" if batch else "Created"
    made_by = next((a.actor for a in audit if a.act == Act.CREATE), "")
    events = [event(order.created_at, "created", came, batch.entered_by if batch else made_by, "")]
    senders = {a.after["stripe_invoice_id"]: a.actor for a in audit if "sent" in a.after}
    events += [
        event(
            i.sent_at,
            "invoice_sent",
            _sent_text(i),
            senders.get(i.stripe_invoice_id, ""),
            i.stripe_invoice_id or "",
        )
        for i in order.invoices
        if i.sent_at is not None
    ]
    numbers = {i.stripe_invoice_id: i.number for i in order.invoices}
    events += [
        event(e.created_at, e.kind, _money_text(e, numbers), e.entered_by, e.source_id, money=e)
        for e in order.entries
    ]
    events += [
        event(n.created_at, "credit_note", _credit_text(n), n.issued_by, "", money=n)
        for n in order.credit_notes
    ]
    for entry in audit:
        text = _audit_text(order, entry)
        if text:
            events.append(event(entry.at, f"act:{entry.act}", text, entry.actor, ""))
    events += [
        event(r.sent_at, "reminder", _reminder_text(r), r.entered_by, "")
        for r in reminders
        if r.sent_at is not None
    ]
    if order.cancelled_at is not None and not any(a.act == Act.CANCEL for a in audit):
        events.append(event(order.cancelled_at, "cancelled", "Cancelled", "", ""))
    return sorted(events, key=lambda e: e.at)


def _audit_text(order: PurchaseOrder, entry: AuditEntry) -> str:
    """Return what an entry of the audit log adds to what its own row says, or ``""``."""
    in_its_row = (
        "kind" in entry.after
        or "sent" in entry.after
        or "step" in entry.after
        or entry.act in (Act.CREATE, Act.ISSUE_CREDIT_NOTE)
    )
    if in_its_row:
        return ""
    return audit_sentence(LoggedAct(entry.act, entry.before, entry.after, order.organization_name))


def _sent_text(invoice: Invoice) -> str:
    number = invoice.number or invoice.stripe_invoice_id
    if invoice.delivery == "ourselves":
        return f"Invoice {number} finalized, ready for you to deliver"
    return f"Invoice {number} sent"


def _reminder_text(reminder: Reminder) -> str:
    when = step_label(reminder.step)
    return f"Reminder drafted {when}" if reminder.state == "drafted" else f"Reminded {when}"


_BY = {"ach": "ACH", "other": "another way"}
"""Methods that are not written as their code."""


def _money_text(entry: LedgerEntry, numbers: dict[str | None, str]) -> str:
    what, amount = label(entry.kind), display(entry.amount, entry.currency)
    method, reference, note = _BY.get(entry.method, entry.method), entry.reference, entry.note
    if method == "stripe":
        number = numbers.get(reference)
        text = f"{what} of {amount} through Stripe"
        if number:
            text = f"{what} of {amount} through Stripe on invoice {number}"
        note = "" if entry.kind == EntryKind.PAYMENT else note  # it names the invoice again
    else:
        text = f"{what} of {amount} by {method}"
        if reference:
            text = f"{what} of {amount} by {method}, reference {reference}"
    return f"{text}: {note}" if note else text


def _credit_text(note: CreditNote) -> str:
    return f"Credited {display(note.amount, note.currency)}: {note.reason}"
