"""A list of purchase orders, page by page, for screens that show thousands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from po_toolkit.domain.ageing import Bucket
from po_toolkit.domain.periods import local_day
from po_toolkit.domain.sums import Status
from po_toolkit.money import to_major
from po_toolkit.store import listing
from po_toolkit.store.database import Store
from po_toolkit.store.listing import View
from po_toolkit.store.search import search
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
    reminded_at: datetime | None = None
    days_overdue: int = 0
    """Days since the due date, where something is owed; else 0."""


@dataclass(frozen=True, slots=True)
class ListTotal:
    """What the purchase orders of a list add up to in one currency, cancelled ones left out."""

    currency: str
    purchase_orders: int
    total: Decimal
    received: Decimal
    outstanding: Decimal


@dataclass(frozen=True, slots=True)
class PurchaseOrderPage:
    """One page of a list, and how many purchase orders the filters let pass in all."""

    orders: list[ListedOrder]
    matching: int
    offset: int
    totals: list[ListTotal]


def list_purchase_orders(
    store: Store,
    conference: Conference,
    *,
    status: Collection[str] = (),
    currency: Collection[str] = (),
    text: str = "",
    view: View | Bucket | None = None,
    above: Decimal | None = None,
    today: date | None = None,
    sort: str = "created_at",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> PurchaseOrderPage:
    """Return one page of a conference's purchase orders as they stand now.

    Empty filters show all. ``text`` is looked for in reference, the sponsor's number, organization,
    contact and e-mail; ``above`` is what is outstanding in major units; ``sort`` is one of
    ``store.listing.SORT_KEYS``. Views need ``today``, the date in the conference's timezone.

    Raises:
        PurchaseOrderError: There is no such thing to sort by.
    """
    condition = listing.filtered(conference.id, status, currency, text, above)
    today = today or local_day(store.now(), conference.timezone)
    with store.reading() as session:
        if view is not None:
            condition &= listing.in_view(session, conference, view, today)
        matching = listing.count(session, condition)
        rows = listing.page(
            session, condition, sort=sort, descending=descending, offset=offset, limit=limit
        )
        totals = listing.sums(session, condition) if offset == 0 else []
    return PurchaseOrderPage(
        [_listed(row, today) for row in rows],
        matching,
        offset,
        [
            ListTotal(
                row.currency,
                row.purchase_orders,
                *(to_major(v, row.currency) for v in (row.total, row.received, row.outstanding)),
            )
            for row in totals
        ],
    )


@dataclass(frozen=True, slots=True)
class SearchHit:
    """What a search found: a purchase order, or a bank line that belongs to none.

    Attributes:
        order: The purchase order; None for a bank line.
        why: What of it was looked for, such as ``invoice PC27-0012``; of a bank line, what it
            says; may be empty.
        line: The number of the bank line, where it is one without a purchase order.
    """

    order: ListedOrder | None
    why: str
    line: int | None = None


def search_everything(
    store: Store,
    conference: Conference,
    text: str,
    *,
    amount: Decimal | None = None,
) -> list[SearchHit]:
    """Return the twenty that fit whatever a caller says, the surest first; see ``store.search``.

    ``amount`` is what was typed as an amount in major units.
    """
    if not text.strip():
        return []
    today = local_day(store.now(), conference.timezone)
    with store.reading() as session:
        found = search(session, conference, text, amount)[:20]
        ids = [hit.order_id for hit in found if hit.order_id is not None]
        rows = dict(zip(ids, listing.by_ids(session, ids), strict=True))
    return [
        SearchHit(None, h.why, h.line_id)
        if h.order_id is None
        else SearchHit(_listed(rows[h.order_id], today), h.why)
        for h in found
    ]


def days_overdue(status: str, balance: Decimal | int, due: date | None, today: date) -> int:
    """Return the days since the due date, where an invoice is out and something is owed; else 0."""
    owes = status in listing.OWING and status != Status.DRAFT and balance > 0
    return max((today - due).days, 0) if owes and due else 0


def _listed(row: Any, today: date) -> ListedOrder:
    values = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public name for a row's dict
    del values["id"]
    values["days_overdue"] = days_overdue(row.status, row.balance, row.due_date, today)
    for name in ("total", "credited", "paid", "refunded", "balance"):
        values[name] = to_major(int(values[name]), row.currency)
    return ListedOrder(**values)
