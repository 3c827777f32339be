"""What is to be reported to Stripe of money that was entered here, stored first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from po_toolkit.domain.offline_payments import OfflinePayment
from po_toolkit.domain.sums import EntryKind
from po_toolkit.store import money_intents
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import CreditNote, Invoice, LedgerEntry, MoneyIntent, PurchaseOrder


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a typed payment or a credit note.

    Attributes:
        intent: What :func:`po_toolkit.payments.stripe_reports.report` takes to its end; None where
            it stands already.
        remark: That it goes on with an act that was cut off, or ``""``.
    """

    intent: int | None
    remark: str = ""


def slot_of(intent: MoneyIntent, step: str) -> str:
    """Return the slot of the write by which a step of an intent is reported."""
    return f"po-money-{intent.uuid}-{step}"


def takes_payments(order: PurchaseOrder) -> Invoice | None:
    """Return the invoice at Stripe that still asks the sponsor for money, if there is one."""
    return _live(order, "open", "uncollectible")


def takes_credit_notes(order: PurchaseOrder) -> Invoice | None:
    """Return the invoice at Stripe that a credit note lowers, if there is one."""
    return _live(order, "open", "uncollectible", "paid")


def _live(order: PurchaseOrder, *statuses: str) -> Invoice | None:
    live = order.live_invoice
    if live is None or live.step != "done" or live.stripe_status not in statuses:
        return None
    return live


def intend(
    uow: UnitOfWork,
    order: PurchaseOrder,
    invoice: Invoice,
    *,
    kind: str,
    amount: int,
    details: dict[str, Any],
) -> int:
    """Store what is to be reported to Stripe.

    The purchase order is locked; the amount is in minor units of its currency.

    Returns:
        The intent's id, to be settled once this transaction is committed.
    """
    return _store(
        uow,
        order,
        invoice,
        kind=kind,
        amount=amount,
        details=details,
        uuid=uuid4(),
        entered_by=uow.actor.name,
    )


def _store(
    uow: UnitOfWork,
    order: PurchaseOrder,
    invoice: Invoice,
    *,
    kind: str,
    amount: int,
    details: dict[str, Any],
    uuid: UUID,
    entered_by: str,
    made_at: datetime | None = None,
) -> int:
    intent = MoneyIntent(
        uuid=uuid,
        conference_id=order.conference_id,
        purchase_order_id=order.id,
        kind=kind,
        amount=amount,
        currency=order.currency,
        details=details,
        stripe_invoice_id=invoice.stripe_invoice_id or "",
        entered_by=entered_by,
        created_at=made_at or utc_now(),
    )
    uow.session.add(intent)
    uow.session.flush()
    return intent.id


def reversed_but_reported(order: PurchaseOrder, amount: int) -> LedgerEntry | None:
    """Return a payment of this amount that was undone here after it was reported to Stripe, if any.

    Stripe cannot take a recorded payment back, so its invoice still counts it. One that was undone
    before the live invoice was made does not count: that invoice asks for it again.
    """
    live = order.live_invoice
    undone = {e.reverses_id for e in order.entries if live is None or e.invoice_id == live.id}
    return next(
        (
            entry
            for entry in order.entries
            if entry.stripe_payment_record_id
            and entry.source != "stripe"
            and (entry.kind, entry.amount) == (EntryKind.PAYMENT, amount)
            and entry.id in undone
        ),
        None,
    )


def report_earlier(uow: UnitOfWork, order: PurchaseOrder) -> list[int]:
    """Intend to report a newly sent invoice of the payments and credit notes that came before it.

    Returns:
        The ids of the intents, to be settled once this transaction is committed.
    """
    asks = {LedgerEntry: takes_payments(order), CreditNote: takes_credit_notes(order)}
    rows = [(asks[type(row)], row) for row in money_intents.unreported(uow.session, order)]
    waiting = {intent.uuid for intent in money_intents.unfinished(uow.session, order.conference)}
    return [
        _report(uow, order, invoice, row)
        for invoice, row in rows
        if invoice is not None and row.uuid not in waiting
    ]


def _report(
    uow: UnitOfWork, order: PurchaseOrder, invoice: Invoice, row: LedgerEntry | CreditNote
) -> int:
    """Store the intent for a row that stands already.

    One that an earlier generation could not take any more is begun again. What Stripe made of a
    payment then, a record that counts nowhere, is attached now.
    """
    earlier = money_intents.of_entry(uow.session, row.uuid)
    if earlier is not None:
        earlier.stripe_invoice_id = invoice.stripe_invoice_id or ""
        if "part" in earlier.details:  # that record is of less than the payment
            earlier.details = {k: v for k, v in earlier.details.items() if k != "part"}
            earlier.stripe_id = ""
        earlier.step = "attach" if earlier.stripe_id else "report"
        earlier.error, earlier.finished_at = "", None
        return earlier.id
    return _store(
        uow,
        order,
        invoice,
        kind="credit_note" if isinstance(row, CreditNote) else "payment",
        amount=row.amount,
        details=_of_credit_note(row) if isinstance(row, CreditNote) else _of_payment(row),
        uuid=row.uuid,
        entered_by=row.issued_by if isinstance(row, CreditNote) else row.entered_by,
        made_at=row.created_at,
    )


def _of_payment(entry: LedgerEntry) -> dict[str, Any]:
    names = (field.name for field in fields(OfflinePayment))
    return OfflinePayment(**{name: getattr(entry, name) for name in names}).as_details()


def _of_credit_note(note: CreditNote) -> dict[str, Any]:
    return {"reason": note.reason, "credit_date": note.credit_date.isoformat()}
