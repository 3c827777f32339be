"""Everything that happened to one purchase order."""

from __future__ import annotations

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from po_toolkit.store.listing import LIVE, has_reversed_payment
from po_toolkit.store.tables import AuditEntry, ImportRow, Invoice, PurchaseOrder, Reminder


def import_rows(session: Session, order: PurchaseOrder) -> list[ImportRow]:
    """Return the spreadsheet rows a purchase order was made from."""
    return list(
        session.scalars(
            select(ImportRow)
            .where(ImportRow.purchase_order_id == order.id)
            .order_by(ImportRow.row_number)
        )
    )


def reminders(session: Session, order: PurchaseOrder) -> list[Reminder]:
    """Return the reminders that a purchase order's sponsor got, or should have got."""
    query = select(Reminder).where(Reminder.purchase_order_id == order.id)
    return list(session.scalars(query.order_by(Reminder.id)))


def owed_again(session: Session, order: PurchaseOrder) -> bool:
    """Tell whether a payment of a purchase order was reversed and is still owed."""
    found = select(PurchaseOrder.id).outerjoin(Invoice, LIVE)
    wanted = found.where(PurchaseOrder.id == order.id, has_reversed_payment(order.conference_id))
    return session.scalar(wanted) is not None


def audit_entries(session: Session, order: PurchaseOrder) -> list[AuditEntry]:
    """Return who did what to a purchase order and to what belongs to it."""
    subjects = {
        "PurchaseOrder": [order.id],
        "Invoice": [i.id for i in order.invoices],
        "LedgerEntry": [e.id for e in order.entries],
        "CreditNote": [n.id for n in order.credit_notes],
    }
    return list(
        session.scalars(
            select(AuditEntry)
            .where(
                or_(
                    *(
                        and_(
                            AuditEntry.subject_type == kind,
                            AuditEntry.subject_id.in_([str(i) for i in ids]),
                        )
                        for kind, ids in subjects.items()
                    )
                )
            )
            .order_by(AuditEntry.at, AuditEntry.id)
        )
    )
