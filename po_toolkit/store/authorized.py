"""What a sponsor's purchase order authorizes, and what was billed under its number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.store.tables import PurchaseOrder


@dataclass(frozen=True, slots=True)
class Authorized:
    """The limit of one sponsor's PO number in one currency; amounts in minor units.

    Attributes:
        limit: What it authorizes; the largest that any row under the number names.
        billed: The totals of all purchase orders under it, cancelled ones left out, less what
            was credited.
        references: Our references of them.
    """

    currency: str
    limit: int
    billed: int
    references: tuple[str, ...]

    @property
    def left(self) -> int:
        """What may still be billed under it; below 0 when too much was."""
        return self.limit - self.billed


_Key = tuple[str, str, str]
"""Organization, the sponsor's number (both folded) and currency."""

_AT_ONCE = 500
"""Values in one IN list; below every database's limit of parameters."""


def authorized(session: Session, orders: Iterable[PurchaseOrder]) -> dict[int, Authorized]:
    """Return the limits that bind some purchase orders of one conference, by their ids.

    One without a PO number stands for itself alone.
    """
    wanted = list(orders)
    numbered = [order for order in wanted if order.po_number_key]
    groups = _limited(session, numbered[0].conference_id if numbered else None)
    bound = sorted({_key(order) for order in numbered} & groups.keys())
    for start in range(0, len(bound), _AT_ONCE):
        keys = set(bound[start : start + _AT_ONCE])
        for row in session.execute(_rows(numbered[0], keys)):
            if _key(row) in keys:
                groups[_key(row)].append(row)
    found: dict[int, Authorized] = {}
    for order in wanted:
        same = groups.get(_key(order), []) if order.po_number_key else [order]
        limits = [row.po_amount for row in same if row.po_amount is not None]
        if limits:
            found[order.id] = Authorized(
                order.currency,
                max(limits),
                sum(row.sum_total - row.sum_credited for row in same),
                tuple(row.reference for row in same),
            )
    return found


def _key(row: Any) -> _Key:
    return row.organization_key, row.po_number_key, row.currency


def _limited(session: Session, conference_id: int | None) -> dict[_Key, list[Any]]:
    """Return the keys under which any purchase order names a limit; there are few."""
    po = PurchaseOrder
    query = select(po.organization_key, po.po_number_key, po.currency).where(
        po.conference_id == conference_id,
        po.cancelled_at.is_(None),
        po.po_number_key != "",
        po.po_amount.is_not(None),
    )
    return {_key(row): [] for row in session.execute(query)}


def _rows(order: PurchaseOrder, keys: set[_Key]) -> Any:
    po = PurchaseOrder
    columns = (po.id, po.reference, po.organization_key, po.po_number_key, po.currency)
    return (
        select(*columns, po.po_amount, po.sum_total, po.sum_credited)
        .where(
            po.conference_id == order.conference_id,
            po.cancelled_at.is_(None),
            po.organization_key.in_({organization for organization, _, _ in keys}),
            po.po_number_key.in_({number for _, number, _ in keys}),
        )
        .order_by(po.id)
    )
