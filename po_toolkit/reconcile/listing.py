"""A list of purchase orders, page by page, for screens that show thousands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from po_toolkit.money import to_major
from po_toolkit.store import listing
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One purchase order in a list; amounts in major units."""

    reference: str
    po_number: str
    organization_name: str
    contact_email: str
    currency: str
    status: str
    total: Decimal
    credited: Decimal
    paid: Decimal
    refunded: Decimal
    balance: Decimal
    due_date: date | None
    stripe_invoice_id: str
    stripe_invoice_url: str
    invoice_state: str
    invoice_error: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PurchaseOrderPage:
    """One page of a list, and how many purchase orders the filters let pass in all."""

    orders: list[ListedOrder]
    matching: int
    offset: int


def list_purchase_orders(
    store: Store,
    conference: Conference,
    *,
    status: Collection[str] = (),
    currency: Collection[str] = (),
    text: str = "",
    sort: str = "created_at",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> PurchaseOrderPage:
    """Return one page of a conference's purchase orders as they stand now.

    Args:
        store: The database; filtering, sorting and sums are done there.
        conference: Whose purchase orders.
        status: Money statuses to show; all when empty.
        currency: Currencies to show; all when empty.
        text: Looked for in reference, the sponsor's number, organization, contact and e-mail.
        sort: One of ``store.listing.SORT_KEYS``.
        descending: The largest or latest first.
        offset: How many to skip.
        limit: How many to return.

    Raises:
        PurchaseOrderError: There is no such thing to sort by.
    """
    condition = listing.filtered(conference.id, status, currency, text)
    with store.reading() as session:
        matching = listing.count(session, condition)
        rows = listing.page(
            session, condition, sort=sort, descending=descending, offset=offset, limit=limit
        )
    return PurchaseOrderPage([_listed(row) for row in rows], matching, offset)


def _listed(row: Any) -> ListedOrder:
    values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public name for a row's dict
    del values["id"]
    for name in ("total", "credited", "paid", "refunded", "balance"):
        values[name] = to_major(int(values[name]), row.currency)
    return ListedOrder(**values)
