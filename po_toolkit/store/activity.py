"""What happened in a conference, page by page, newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, String, cast, func, select
from sqlalchemy.orm import Session, load_only

from po_toolkit.store.tables import (
    LIVE_STATES,
    AuditEntry,
    Conference,
    Invoice,
    PurchaseOrder,
    WebhookEvent,
)


def pulse(session: Session, conference: Conference) -> int:
    """Return a number that rises with every act on the conference; cheap enough to poll."""
    query = select(func.max(AuditEntry.id)).where(AuditEntry.conference_id == conference.id)
    return session.scalar(query) or 0


def audit(
    session: Session,
    conference: Conference,
    *,
    acts: Collection[str],
    offset: int,
    limit: int,
    steps: bool = True,
) -> tuple[Sequence[AuditEntry], int]:
    """Return who did what, and how many entries there are in all.

    Without ``acts`` all count; with ``steps`` also internal ones: that an invoice was begun.
    """
    conditions = [AuditEntry.conference_id == conference.id]
    if not steps:
        conditions.append(~cast(AuditEntry.after, String).like('{"generation":%'))
    if acts:
        conditions.append(AuditEntry.act.in_(sorted(acts)))
    rows = session.scalars(
        select(AuditEntry)
        .where(*conditions)
        .order_by(AuditEntry.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return rows, _count(session, AuditEntry, conditions)


def subjects(session: Session, entries: Sequence[AuditEntry]) -> dict[int, tuple[str, str]]:
    """Return id → reference and sponsor of the purchase orders that these entries are about."""
    po = PurchaseOrder
    ids = {int(e.subject_id) for e in entries if e.subject_type == po.__name__}
    rows = session.execute(select(po.id, po.reference, po.organization_name).where(po.id.in_(ids)))
    return {row.id: (row.reference, row.organization_name) for row in rows}


def webhook_events(
    session: Session, conference: Conference, *, states: Collection[str], offset: int, limit: int
) -> tuple[Sequence[WebhookEvent], int]:
    """Return deliveries without their payloads, and how many there are in all.

    Without ``states`` all count.
    """
    conditions = [WebhookEvent.conference_id == conference.id]
    if states:
        conditions.append(WebhookEvent.state.in_(sorted(states)))
    rows = session.scalars(
        select(WebhookEvent)
        .options(
            load_only(
                WebhookEvent.stripe_event_id,
                WebhookEvent.type,
                WebhookEvent.state,
                WebhookEvent.attempts,
                WebhookEvent.error,
                WebhookEvent.received_at,
                WebhookEvent.processed_at,
            )
        )
        .where(*conditions)
        .order_by(WebhookEvent.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return rows, _count(session, WebhookEvent, conditions)


def failed_invoicing(
    session: Session, conference: Conference, *, limit: int
) -> Sequence[Row[str, str, str, Any]]:
    """Return reference, organization, error and time of invoices that stopped half way."""
    return session.execute(
        select(
            PurchaseOrder.reference,
            PurchaseOrder.organization_name,
            Invoice.error,
            Invoice.updated_at,
        )
        .join(PurchaseOrder, PurchaseOrder.id == Invoice.purchase_order_id)
        .where(
            Invoice.conference_id == conference.id,
            Invoice.state.in_(sorted(LIVE_STATES)),
            Invoice.error != "",
        )
        .order_by(Invoice.updated_at.desc())
        .limit(limit)
    ).all()


def _count(session: Session, table: Any, conditions: Sequence[Any]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
