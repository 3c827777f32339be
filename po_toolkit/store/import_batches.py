"""Import batches after they were saved: their rejected rows, undoing them, remembered mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from po_toolkit.domain.periods import local_day
from po_toolkit.domain.roles import Act
from po_toolkit.domain.sums import Status
from po_toolkit.domain.wording import written_day
from po_toolkit.errors import NotFoundError, PurchaseOrderError
from po_toolkit.store.closing import closed_through
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import (
    ColumnMapping,
    Conference,
    CreditNote,
    ImportBatch,
    ImportRow,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)


def batch_by_id(session: Session, conference_id: int, batch_id: int) -> ImportBatch:
    """Return a batch.

    Raises:
        NotFoundError: The conference has no such batch.
    """
    found = session.get(ImportBatch, batch_id)
    if found is None or found.conference_id != conference_id:
        raise NotFoundError(f"There is no import batch {batch_id} in this conference.")
    return found


def all_batches(session: Session, conference_id: int) -> list[tuple[ImportBatch, int, int]]:
    """Return every batch, the latest first, with its rejected rows and its drafts, counted."""
    rows = session.execute(_ALL_BATCHES, {"conference": conference_id})
    return [(batch, count, draft) for batch, count, draft in rows]


_REJECTED = (
    select(func.count())
    .where(ImportRow.batch_id == ImportBatch.id, ImportRow.outcome == "rejected")
    .scalar_subquery()
)
_DRAFTS = (
    select(func.count())
    .where(
        PurchaseOrder.import_batch_id == ImportBatch.id,
        PurchaseOrder.status == Status.DRAFT.value,
    )
    .scalar_subquery()
)
_ALL_BATCHES = (
    select(ImportBatch, _REJECTED, _DRAFTS)
    .where(ImportBatch.conference_id == bindparam("conference"))
    .order_by(ImportBatch.id.desc())
)


def rejected_rows(session: Session, batch_id: int) -> list[ImportRow]:
    """Return the rows of a batch that wait to be mended, in their order."""
    query = select(ImportRow).where(ImportRow.batch_id == batch_id, ImportRow.outcome == "rejected")
    return list(session.scalars(query.order_by(ImportRow.row_number)))


def mark_fixed(session: Session, batch_id: int, numbers: Iterable[int]) -> None:
    """Note that a later batch has taken these rejected rows over."""
    session.execute(
        update(ImportRow)
        .where(
            ImportRow.batch_id == batch_id,
            ImportRow.outcome == "rejected",
            ImportRow.row_number.in_(list(numbers)),
        )
        .values(outcome="mended")
        .execution_options(synchronize_session=False)
    )


def undo_batch(uow: UnitOfWork, batch: ImportBatch) -> list[str]:
    """Take a batch back as a whole: its purchase orders go, its rows stay as evidence.

    Returns:
        The references of the purchase orders that went.

    Raises:
        PurchaseOrderError: One of them is more than a draft; nothing was taken back.
    """
    session = uow.session
    if batch.undone_at is not None:
        raise PurchaseOrderError(f"Import batch {batch.id} was undone before.")
    _refuse_closed(session, batch)
    orders = list(
        session.execute(
            select(PurchaseOrder.id, PurchaseOrder.reference, PurchaseOrder.status)
            .where(PurchaseOrder.import_batch_id == batch.id)
            .order_by(PurchaseOrder.id)
            .with_for_update()
        )
    )
    _refuse_used(session, batch, orders)
    mine = select(PurchaseOrder.id).where(PurchaseOrder.import_batch_id == batch.id)
    rows = update(ImportRow).execution_options(synchronize_session=False)
    own = rows.where(ImportRow.batch_id == batch.id, ImportRow.outcome == "accepted")
    session.execute(own.values(outcome="undone"))
    # Rows of other batches that repeated these orders point at them too.
    session.execute(
        rows.where(ImportRow.purchase_order_id.in_(mine)).values(purchase_order_id=None)
    )
    lines = delete(PurchaseOrderLineItem).execution_options(synchronize_session=False)
    session.execute(lines.where(PurchaseOrderLineItem.purchase_order_id.in_(mine)))
    gone = delete(PurchaseOrder).execution_options(synchronize_session=False)
    try:
        session.execute(gone.where(PurchaseOrder.import_batch_id == batch.id))
    except IntegrityError:
        raise PurchaseOrderError(
            f"Import batch {batch.id} cannot be undone: something was done with one of its "
            "purchase orders since."
        ) from None
    batch.undone_at = utc_now()
    references = [order.reference for order in orders]
    uow.audit(Act.UNDO_IMPORT, batch, before={"purchase_orders": references})
    return references


def _refuse_closed(session: Session, batch: ImportBatch) -> None:
    conference = session.get_one(Conference, batch.conference_id)
    closed = closed_through(session, conference.id)
    if closed is not None and local_day(batch.created_at, conference.timezone) <= closed:
        raise PurchaseOrderError(
            f"Import batch {batch.id} is in a period that is closed through "
            f"{written_day(closed)}; cancel its "
            f"purchase orders instead of undoing the import."
        )


def _refuse_used(session: Session, batch: ImportBatch, orders: Sequence[Any]) -> None:
    busy = [f"{o.reference} is {o.status}" for o in orders if o.status != Status.DRAFT.value]
    mine = select(PurchaseOrder.id).where(PurchaseOrder.import_batch_id == batch.id)
    for table, what in (
        (Invoice, "has an invoice"),
        (LedgerEntry, "has a payment"),
        (CreditNote, "has a credit note"),
    ):
        query = (
            select(PurchaseOrder.reference)
            .join(table, table.purchase_order_id == PurchaseOrder.id)
            .where(table.purchase_order_id.in_(mine))
            .distinct()
            .order_by(PurchaseOrder.reference)
        )
        busy += [f"{reference} {what}" for reference in session.scalars(query)]
    if busy:
        more = f" and {len(busy) - 3} more" if len(busy) > 3 else ""
        raise PurchaseOrderError(
            f"Import batch {batch.id} cannot be undone: {'; '.join(busy[:3])}{more}. Only a "
            "batch whose purchase orders are all untouched drafts can. Cancel single ones instead."
        )


def remembered_mappings(session: Session, conference_id: int) -> dict[str, dict[str, str]]:
    """Return the saved mappings: fingerprint of a header → field → column name."""
    query = select(ColumnMapping.fingerprint, ColumnMapping.mapping).where(
        ColumnMapping.conference_id == conference_id
    )
    return {fingerprint: dict(mapping) for fingerprint, mapping in session.execute(query)}


def remember_mapping(
    uow: UnitOfWork, conference_id: int, fingerprint: str, mapping: Mapping[str, str]
) -> None:
    """Remember what the columns of a header were taken for."""
    found = uow.session.scalars(
        select(ColumnMapping).where(
            ColumnMapping.conference_id == conference_id, ColumnMapping.fingerprint == fingerprint
        )
    ).one_or_none()
    if found is None:
        uow.session.add(
            ColumnMapping(
                conference_id=conference_id,
                fingerprint=fingerprint,
                mapping=dict(mapping),
                entered_by=uow.actor.name,
            )
        )
    elif found.mapping != dict(mapping):
        found.mapping, found.entered_by = dict(mapping), uow.actor.name
