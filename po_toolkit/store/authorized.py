"""What a sponsor's purchase order authorizes, and what was billed under its number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


def authorized(session: Session, orders: Iterable[PurchaseOrder]) -> dict[int, Authorized]:
    """Return the limits that bind some purchase orders of one conference, by their ids.

    One without a PO number stands for itself alone.
    """
    wanted = list(orders)
    numbers = {o.po_number_key for o in wanted if o.po_number_key}
    po = PurchaseOrder
    columns = (po.id, po.reference, po.organization_key, po.po_number_key, po.currency)
    rows = []
    if numbers:
        query = select(*columns, po.po_amount, po.sum_total, po.sum_credited).where(
            po.conference_id == wanted[0].conference_id,
            po.cancelled_at.is_(None),
            po.organization_key.in_({o.organization_key for o in wanted}),
            po.po_number_key.in_(numbers),
        )
        rows = list(session.execute(query.order_by(po.id)))
    found: dict[int, Authorized] = {}
    for order in wanted:
        same = (
            [
                row
                for row in rows
                if (row.organization_key, row.po_number_key, row.currency)
                == (order.organization_key, order.po_number_key, order.currency)
            ]
            if order.po_number_key
            else [order]
        )
        limits = [row.po_amount for row in same if row.po_amount is not None]
        if limits:
            found[order.id] = Authorized(
                order.currency,
                max(limits),
                sum(row.sum_total - row.sum_credited for row in same),
                tuple(row.reference for row in same),
            )
    return found
