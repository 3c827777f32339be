"""A page of purchase orders, filtered, sorted and summed by the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, Subquery, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from po_toolkit.domain.deliveries import LINKS_WORK
from po_toolkit.domain.references import comparable
from po_toolkit.domain.sums import PAID_SIGN, REFUNDED_SIGN, balance_of
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store.columns import utc_now
from po_toolkit.store.ledger import signed
from po_toolkit.store.tables import (
    LIVE_STATES,
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

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
    conference_id: int, statuses: Collection[str], currencies: Collection[str], text: str
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


def count(session: Session, condition: Any) -> int:
    """Count the purchase orders a condition lets pass."""
    return session.scalar(select(func.count()).select_from(PurchaseOrder).where(condition)) or 0


def references(
    session: Session, condition: Any, *, sort: str, descending: bool, offset: int, limit: int | None
) -> list[str]:
    """Return the references of a page, in its order.

    Raises:
        PurchaseOrderError: There is nothing to sort by under this name.
    """
    ids = session.scalars(_chosen(condition, sort, descending).offset(offset).limit(limit))
    named = select(PurchaseOrder.id, PurchaseOrder.reference).where(condition)
    by_id = {row.id: row.reference for row in session.execute(named)}
    return [by_id[i] for i in ids]


def page(
    session: Session, condition: Any, *, sort: str, descending: bool, offset: int, limit: int
) -> Sequence[Any]:
    """Return the rows of one page with their sums in minor units.

    Raises:
        PurchaseOrderError: There is nothing to sort by under this name.
    """
    chosen = _chosen(condition, sort, descending)
    ids = list(session.scalars(chosen.offset(offset).limit(limit)))
    if not ids:
        return []
    rows = {row.id: row for row in session.execute(_with_sums(PurchaseOrder.id.in_(ids)))}
    return [rows[i] for i in ids]


def _chosen(condition: Any, sort: str, descending: bool) -> Select[Any]:
    if sort not in SORT_KEYS:
        raise PurchaseOrderError(
            f"A list cannot be sorted by {sort!r}; use one of {', '.join(SORT_KEYS)}."
        )
    if sort in ("total", "balance"):
        whole = _with_sums(condition).subquery()
        key = whole.c[sort]
        return select(whole.c.id).order_by(key.desc() if descending else key, whole.c.id)
    column: Any = getattr(PurchaseOrder, "organization_key" if sort.startswith("org") else sort)
    key = column.desc() if descending else column
    return (
        select(PurchaseOrder.id)
        .where(condition)
        .order_by(key.nulls_last() if sort == "due_date" else key, PurchaseOrder.id)
    )


def _with_sums(condition: Any) -> Any:
    po = PurchaseOrder
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
            case(
                (Invoice.stripe_read_at > utc_now() - LINKS_WORK, Invoice.hosted_url), else_=""
            ).label("stripe_invoice_url"),
            func.coalesce(Invoice.state, "").label("invoice_state"),
            func.coalesce(Invoice.error, "").label("invoice_error"),
            total.label("total"),
            credited.label("credited"),
            paid.label("paid"),
            refunded.label("refunded"),
            balance_of(total, credited, paid, refunded).label("balance"),
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
