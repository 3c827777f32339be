"""Keeps what a row said before it was changed, and refuses changes to what is booked.

Before a transaction writes, the old values of the columns below go into ``row_versions``, so that
reconciliation can tell any past day again. Nothing has to be done for a new row: it was not there
before it was made, and its own dates say when that was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, event, func, insert, inspect, select
from sqlalchemy.orm import Session

from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store.tables import (
    Base,
    CreditNote,
    CustomerBalance,
    Invoice,
    LedgerEntry,
    Payout,
    PurchaseOrder,
    PurchaseOrderLineItem,
    RowVersion,
    StrayInvoice,
)

KEPT: dict[type[Base], frozenset[str]] = {
    PurchaseOrder: frozenset(
        {
            "po_number",
            "po_number_key",
            "organization_name",
            "organization_key",
            "contact_email",
            "currency",
            "marked_sent",
            "asked_again",
            "claimed_invoice_id",
            "due_date",
            "days_until_due",
        }
    ),
    Invoice: frozenset(
        {
            "state",
            "currency",
            "due_date",
            "sent_at",
            "stripe_invoice_id",
            "stripe_status",
            "stripe_total",
            "stripe_amount_due",
            "stripe_amount_paid",
            "stripe_amount_overpaid",
            "stripe_credit_used",
            "stripe_customer_email",
            "stripe_customer_name",
        }
    ),
    LedgerEntry: frozenset({"invoice_id", "stripe_payment_record_id", "stripe_attached"}),
    CreditNote: frozenset({"stripe_credit_note_id"}),
    StrayInvoice: frozenset(
        {"named_reference", "ignored", "stripe_status", "total", "amount_paid", "number"}
        | {"customer_name"}
    ),
    CustomerBalance: frozenset({"amount", "customer_name"}),
    Payout: frozenset({"status"}),
}
"""The columns whose past matters. A purchase order's ``total`` and ``tax`` are kept too, from its
lines."""

_BOOKED = frozenset(
    {"amount", "currency", "kind", "method", "payment_date", "credit_date", "booked_on"}
    | {"purchase_order_id", "source", "source_id"}
)


_KEEP = insert(RowVersion)


def keep_history(session_class: type[Session], clock: Callable[[], datetime]) -> None:
    """Let sessions of a class keep what they replace, stamped by a clock."""

    def before_flush(session: Session, _context: Any, _instances: Any) -> None:
        versions: list[dict[str, Any]] = []
        for row in [*session.dirty, *session.deleted]:
            _refuse_rebooking(row, deleted=row in session.deleted)
            if type(row) in KEPT and row not in session.deleted:
                versions += _replaced(row, clock())
        for order_id in _orders_with_changed_lines(session):
            versions += _replaced_total(session, order_id, clock())
        if versions:
            session.connection().execute(_KEEP, versions)

    event.listen(session_class, "before_flush", before_flush)


def keep_replaced(
    connection: Connection, row: Invoice, old: Mapping[str, Any], now: datetime
) -> None:
    """Keep what a statement has replaced in one row, as a session does by itself."""
    kept = {name: _plain(value) for name, value in old.items() if name in KEPT[type(row)]}
    if kept:
        version = _version(row.conference_id, row.__tablename__, row.id, now, kept)
        connection.execute(_KEEP, version)


def _refuse_rebooking(row: Any, *, deleted: bool) -> None:
    if not isinstance(row, LedgerEntry | CreditNote):
        return
    state: Any = inspect(row)
    changed = {a.key for a in state.attrs if a.history.has_changes() and a.history.deleted}
    if deleted or changed & _BOOKED:
        raise PurchaseOrderError(
            "An entry of the ledger is never changed or deleted; correct it by another entry."
        )


def _replaced(row: Any, now: datetime) -> list[dict[str, Any]]:
    state = inspect(row)
    old: dict[str, Any] = {}
    for name in KEPT[type(row)] & state.committed_state.keys():
        history = state.attrs[name].history
        if history.has_changes() and history.deleted and history.deleted[0] != getattr(row, name):
            old[name] = _plain(history.deleted[0])
    if not old:
        return []
    return [_version(row.conference_id, row.__tablename__, row.id, now, old)]


def _orders_with_changed_lines(session: Session) -> set[int]:
    changed = [*session.new, *session.dirty, *session.deleted]
    lines = [row for row in changed if isinstance(row, PurchaseOrderLineItem)]
    ids = {line.purchase_order_id or getattr(line.purchase_order, "id", None) for line in lines}
    return {i for i in ids if i is not None}


def _replaced_total(session: Session, order_id: int, now: datetime) -> list[dict[str, Any]]:
    with session.no_autoflush:
        line = PurchaseOrderLineItem
        total, tax, count = session.execute(
            select(
                func.coalesce(func.sum(line.billed), 0),
                func.coalesce(func.sum(line.tax), 0),
                func.count(),
            ).where(line.purchase_order_id == order_id)
        ).one()
        conference = session.scalar(
            select(PurchaseOrder.conference_id).where(PurchaseOrder.id == order_id)
        )
    if conference is None or not count:
        return []
    table = PurchaseOrder.__tablename__
    old = {"total": int(total), "tax": int(tax)}
    return [_version(conference, table, order_id, now, old)]


def _version(
    conference_id: int, table: str, row_id: int, now: datetime, values: dict[str, Any]
) -> dict[str, Any]:
    return {
        "conference_id": conference_id,
        "table_name": table,
        "row_id": row_id,
        "until": now,
        "old_values": values,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
