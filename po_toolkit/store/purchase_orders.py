"""Purchase orders: finding and making them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from po_toolkit.domain import remedies
from po_toolkit.domain.references import comparable, new_reference
from po_toolkit.domain.sums import Status, Sums, money_status
from po_toolkit.domain.tax import TaxRules, line_tax
from po_toolkit.domain.tax_ids import TaxId
from po_toolkit.errors import NotFoundError, PoToolkitError
from po_toolkit.store.database import WHOLE, UnitOfWork, read_whole
from po_toolkit.store.tables import (
    LIVE_STATES,
    Conference,
    ImportBatch,
    Invoice,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

SENT_STATES = frozenset({"finalized", "sent", "paid", "adopted"})
"""Invoice states in which the invoice stands and is owed, whoever delivers it."""

_DRAWS = 20

_AT_ONCE = 500
"""How many values go into one IN list."""


def by_reference(session: Session, conference: Conference, reference: str) -> PurchaseOrder:
    """Return a purchase order, whole, by our own reference.

    Raises:
        NotFoundError: The conference has no such purchase order.
    """
    which = {"conference": conference.id, "wanted": reference.strip().upper()}
    found = read_whole(session, _BY_REFERENCE, which)
    if not found:
        raise _missing(conference, reference)
    return found[0]


_BY_REFERENCE = (
    select(PurchaseOrder)
    .where(
        PurchaseOrder.conference_id == bindparam("conference"),
        PurchaseOrder.reference == bindparam("wanted"),
    )
    .options(*WHOLE)
)


def _missing(conference: Conference, reference: str) -> NotFoundError:
    return NotFoundError(
        f"Conference {conference.slug} has no purchase order {reference}; look it up in the list.",
        remedy=remedies.list_orders(conference.slug),
    )


def with_live_invoice(
    session: Session, conference: Conference, reference: str
) -> tuple[PurchaseOrder, Invoice | None]:
    """Return a purchase order and the invoice that stands for it now, and nothing else of it.

    Raises:
        NotFoundError: The conference has no such purchase order.
    """
    which = {"conference": conference.id, "wanted": reference}
    found = session.execute(_WITH_LIVE_INVOICE, which).first()
    if found is None:
        raise _missing(conference, reference)
    return found[0], found[1]


_WITH_LIVE_INVOICE = (
    select(PurchaseOrder, Invoice)
    .outerjoin(
        Invoice,
        (Invoice.purchase_order_id == PurchaseOrder.id) & Invoice.state.in_(sorted(LIVE_STATES)),
    )
    .where(
        PurchaseOrder.conference_id == bindparam("conference"),
        PurchaseOrder.reference == bindparam("wanted"),
    )
    .order_by(Invoice.generation.desc())
)


def ids_of(session: Session, conference: Conference, wanted: Iterable[str]) -> list[int]:
    """Return the ids of purchase orders, in the order they are named in.

    Raises:
        NotFoundError: The conference lacks one of them.
    """
    names = list(dict.fromkeys(wanted))
    found: dict[str, int] = {}
    for start in range(0, len(names), _AT_ONCE):
        which = {"conference": conference.id, "names": names[start : start + _AT_ONCE]}
        found.update({row.reference: row.id for row in session.execute(_IDS_OF, which)})
    for name in names:
        if name not in found:
            raise _missing(conference, name)
    return [found[name] for name in names]


_IDS_OF = select(PurchaseOrder.reference, PurchaseOrder.id).where(
    PurchaseOrder.conference_id == bindparam("conference"),
    PurchaseOrder.reference.in_(bindparam("names", expanding=True)),
)


def conference_of(session: Session, reference: str) -> str:
    """Return the slug of the conference that a reference belongs to.

    Raises:
        NotFoundError: No conference has such a purchase order.
    """
    slug = session.scalar(
        select(Conference.slug)
        .join(PurchaseOrder, PurchaseOrder.conference_id == Conference.id)
        .where(PurchaseOrder.reference == reference.strip().upper())
    )
    if slug is None:
        raise NotFoundError(
            f"There is no purchase order {reference} in the database; "
            f"references look like PO-7KQ2MX."
        )
    return slug


def references(
    session: Session,
    conference: Conference,
    *,
    batch: int | None = None,
    named: Iterable[str] | None = None,
) -> list[str]:
    """Return references in the order of import: those named, those of a batch, or all.

    Raises:
        NotFoundError: The batch or one of the references does not exist in this conference.
    """
    query = select(PurchaseOrder.reference).where(PurchaseOrder.conference_id == conference.id)
    if named is not None:
        names = list(dict.fromkeys(name.strip().upper() for name in named))
        ids_of(session, conference, names)
        return names
    if batch is not None:
        found = session.get(ImportBatch, batch)
        if found is None or found.conference_id != conference.id:
            raise NotFoundError(f"Conference {conference.slug} has no import batch {batch}.")
        query = query.where(PurchaseOrder.import_batch_id == batch)
    return list(session.scalars(query.order_by(PurchaseOrder.id)))


def to_be_invoiced(session: Session, conference: Conference) -> list[str]:
    """Return references without an invoice that is out, and with money owed, in order of import.

    A draft that was prepaid in part is among them, and one whose invoicing was cut off.
    """
    out = exists().where(
        Invoice.purchase_order_id == PurchaseOrder.id,
        Invoice.state.in_(sorted(LIVE_STATES)),
        Invoice.step == "done",
    )
    query = select(PurchaseOrder.reference).where(
        PurchaseOrder.conference_id == conference.id,
        PurchaseOrder.status.in_((Status.DRAFT.value, Status.PARTIALLY_PAID.value)),
        ~out,
    )
    return list(session.scalars(query.order_by(PurchaseOrder.id)))


def has_uuid(session: Session, uuid: str) -> bool:
    """Tell whether any conference of this database has the purchase order of a uuid."""
    try:
        wanted = UUID(uuid)
    except ValueError:
        return False
    return session.scalar(select(PurchaseOrder.id).where(PurchaseOrder.uuid == wanted)) is not None


def by_references(
    session: Session, conference: Conference, wanted: Iterable[str], *options: Any
) -> list[PurchaseOrder]:
    """Return purchase orders, whole, in the order they are named in.

    Their conference and import come with them only where ``options`` are :data:`WHOLE`: each row
    would bear them again.
    """
    names = list(wanted)
    query = _BY_REFERENCES.options(*options)
    found = {
        order.reference: order
        for start in range(0, len(names), _AT_ONCE)
        for order in read_whole(
            session,
            query,
            {"conference": conference.id, "wanted": names[start : start + _AT_ONCE]},
        )
    }
    return [found[name] for name in names if name in found]


_BY_REFERENCES = select(PurchaseOrder).where(
    PurchaseOrder.conference_id == bindparam("conference"),
    PurchaseOrder.reference.in_(bindparam("wanted", expanding=True)),
)


def with_final_invoice(session: Session, conference: Conference) -> list[PurchaseOrder]:
    """Return the purchase orders whose live invoice is final, whole, by reference."""
    query = (
        select(PurchaseOrder)
        .join(Invoice, Invoice.purchase_order_id == PurchaseOrder.id)
        .where(
            PurchaseOrder.conference_id == conference.id,
            Invoice.state.in_(sorted(LIVE_STATES)),
            Invoice.step == "done",
        )
        .order_by(PurchaseOrder.reference)
        .options(*WHOLE)
    )
    return read_whole(session, query, {})


def claims(
    session: Session, conference: Conference, wanted: Iterable[str] | None = None
) -> list[tuple[str, str]]:
    """Return reference and Stripe invoice of the purchase orders that wait for adoption."""
    chosen = None if wanted is None else set(wanted)
    rows = session.execute(_CLAIMS, {"conference": conference.id})
    return [(ref, stripe_id) for ref, stripe_id in rows if chosen is None or ref in chosen]


_CLAIMS = (
    select(PurchaseOrder.reference, PurchaseOrder.claimed_invoice_id)
    .where(
        PurchaseOrder.conference_id == bindparam("conference"),
        PurchaseOrder.claimed_invoice_id != "",
    )
    .order_by(PurchaseOrder.id)
)


def unused_reference(session: Session) -> str:
    """Draw a reference that no purchase order has."""
    for _ in range(_DRAWS):
        reference = new_reference()
        taken = select(PurchaseOrder.id).where(PurchaseOrder.reference == reference)
        if session.scalar(taken) is None:
            return reference
    raise PoToolkitError("No free purchase-order reference was found; try again.")


def add(
    uow: UnitOfWork,
    conference_id: int,
    columns: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
) -> PurchaseOrder:
    """Add one purchase order from checked columns, its own and its lines; return it locked."""
    order = PurchaseOrder(
        conference_id=conference_id,
        reference=unused_reference(uow.session),
        line_items=[PurchaseOrderLineItem(position=at, **line) for at, line in enumerate(lines, 1)],
        **columns,
    )
    uow.session.add(order)
    uow.session.flush()
    return uow.lock_purchase_order(order.id)


def create(
    uow: UnitOfWork,
    conference: Conference,
    *,
    organization_name: str,
    contact_email: str,
    currency: str,
    lines: Iterable[tuple[str, int, int]],
    po_number: str = "",
    tax_rates: Iterable[Sequence[str] | None] = (),
    **details: Any,
) -> PurchaseOrder:
    """Add one purchase order.

    Unit prices are in minor units of the currency. A line without names of tax rates bears what the
    conference's rules say; ``details`` are further columns.

    Raises:
        AmountError: A line's tax is no amount of the currency.
    """
    items = _line_items(conference, currency, lines, tax_rates, details)
    order = PurchaseOrder(
        conference_id=conference.id,
        sum_total=sum(line.billed for line in items),
        reference=unused_reference(uow.session),
        organization_name=organization_name,
        organization_key=comparable(organization_name),
        contact_email=contact_email,
        po_number=po_number,
        po_number_key=comparable(po_number),
        currency=currency,
        line_items=items,
        **details,
    )
    uow.session.add(order)
    uow.session.flush()
    return uow.lock_purchase_order(order.id)


def _line_items(
    conference: Conference,
    currency: str,
    lines: Iterable[tuple[str, int, int]],
    tax_rates: Iterable[Sequence[str] | None],
    details: Mapping[str, Any],
) -> list[PurchaseOrderLineItem]:
    rules = TaxRules.of(conference.tax)
    tax_id = TaxId(details.get("tax_id_type", ""), details.get("tax_id", ""))
    items = []
    for position, ((description, quantity, unit_price), named) in enumerate(
        zip_longest(lines, tax_rates), start=1
    ):
        rates = rules.chosen(named, tax_id)
        tax = line_tax(quantity * unit_price, currency, rates)
        items.append(
            PurchaseOrderLineItem(
                position=position,
                description=description,
                quantity=quantity,
                unit_price=unit_price,
                line_total=quantity * unit_price,
                tax_rates=[rate.as_json() for rate in rates] or None,
                tax_on_top=tax.on_top,
                tax_included=tax.included,
            )
        )
    return items


def refresh_status(order: PurchaseOrder) -> bool:
    """Bring a locked purchase order's status and kept sums up to date.

    Returns:
        Whether the status changed.
    """
    live, sums = order.live_invoice, order.sums
    order.sum_total, order.sum_credited = sums.total, sums.credited
    order.sum_paid, order.sum_refunded = sums.paid, sums.refunded
    status = money_status(
        sums,
        sent=order.marked_sent or (live is not None and live.state in SENT_STATES),
        delivered=order.marked_sent or live is None or live.state != "finalized",
        cancelled=order.cancelled_at is not None,
    ).value
    changed = order.status != status
    order.status = status
    return changed


def note_sent(uow: UnitOfWork, order_id: int, *, delivered: bool) -> None:
    """Bring the status of a purchase order whose invoice is final up to its kept sums.

    Not ``delivered``: a person has yet to deliver the invoice.
    """
    connection = uow.connection
    row = connection.execute(_KEPT_SUMS, {"order_id": order_id}).one()
    total, credited, paid, refunded, before, marked, cancelled_at = row
    sums = Sums(total, credited, paid, refunded, active=bool(credited or paid))
    status = money_status(
        sums, sent=True, cancelled=cancelled_at is not None, delivered=delivered or marked
    ).value
    if status != before:
        connection.execute(_SET_STATUS, {"order_id": order_id, "status": status})


_KEPT_SUMS = (
    select(
        PurchaseOrder.sum_total,
        PurchaseOrder.sum_credited,
        PurchaseOrder.sum_paid,
        PurchaseOrder.sum_refunded,
        PurchaseOrder.status,
        PurchaseOrder.marked_sent,
        PurchaseOrder.cancelled_at,
    )
    .where(PurchaseOrder.id == bindparam("order_id"))
    .with_for_update()
)
_SET_STATUS = (
    update(PurchaseOrder)
    .where(PurchaseOrder.id == bindparam("order_id"))
    .values(status=bindparam("status"))
)


def to_bill(session: Session, ids: Iterable[int]) -> dict[int, PurchaseOrder]:
    """Return those of these purchase orders that are there, with all that billing needs.

    No two of them share a loaded row, so that each can go to a thread of its own.
    """
    return {order.id: order for order in read_whole(session, _TO_BILL, {"ids": list(ids)})}


_TO_BILL = select(PurchaseOrder).where(PurchaseOrder.id.in_(bindparam("ids", expanding=True)))
