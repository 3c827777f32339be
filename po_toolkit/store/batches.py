"""Durable batches: which purchase orders wait, are in hand, or are done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from po_toolkit.errors import NotFoundError
from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import (
    Conference,
    Invoice,
    InvoiceBatch,
    InvoiceBatchItem,
    PurchaseOrder,
)

OPEN_STATES = ("waiting", "queued")

FORGOTTEN = timedelta(seconds=15)
"""A queued item that nobody has finished or drives after so long is queued again."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One purchase order of a batch, to be invoiced now."""

    item_id: int
    round: int
    slug: str
    reference: str
    send: bool
    entered_by: str


def create(
    uow: UnitOfWork, conference: Conference, order_ids: Iterable[int], *, send: bool
) -> InvoiceBatch:
    """Queue purchase orders in one go."""
    batch = InvoiceBatch(conference_id=conference.id, send=send, entered_by=uow.actor.name)
    uow.session.add(batch)
    uow.session.flush()
    rows = [{"batch_id": batch.id, "purchase_order_id": order_id} for order_id in order_ids]
    if rows:
        uow.session.execute(insert(InvoiceBatchItem), rows)
    return batch


def by_id(session: Session, conference: Conference, batch_id: int) -> InvoiceBatch:
    """Return a batch of this conference.

    Raises:
        NotFoundError: It has no such batch.
    """
    found = session.get(InvoiceBatch, batch_id)
    if found is None or found.conference_id != conference.id:
        raise NotFoundError(f"Conference {conference.slug} has no invoice batch {batch_id}.")
    return found


def recent(session: Session, conference: Conference, limit: int = 20) -> Sequence[InvoiceBatch]:
    """Return the latest batches, newest first."""
    return session.scalars(
        select(InvoiceBatch)
        .where(InvoiceBatch.conference_id == conference.id)
        .order_by(InvoiceBatch.id.desc())
        .limit(limit)
    ).all()


def counts(session: Session, batch_id: int) -> dict[str, int]:
    """Return how many items of a batch are in each state."""
    rows = session.execute(
        select(InvoiceBatchItem.state, func.count().label("items"))
        .where(InvoiceBatchItem.batch_id == batch_id)
        .group_by(InvoiceBatchItem.state)
    )
    return {row.state: row.items for row in rows}


def finished_since(session: Session, batch_id: int, since: datetime) -> int:
    """Return how many items were finished after a moment, for the rate."""
    return (
        session.scalar(
            select(func.count())
            .select_from(InvoiceBatchItem)
            .where(InvoiceBatchItem.batch_id == batch_id, InvoiceBatchItem.finished_at > since)
        )
        or 0
    )


def results(
    session: Session, batch_id: int, *, after: datetime | None = None
) -> Sequence[Row[InvoiceBatchItem, str, str]]:
    """Return items with reference and organization, in order; or those finished after a moment."""
    query = (
        select(InvoiceBatchItem, PurchaseOrder.reference, PurchaseOrder.organization_name)
        .join(PurchaseOrder, PurchaseOrder.id == InvoiceBatchItem.purchase_order_id)
        .where(InvoiceBatchItem.batch_id == batch_id)
        .order_by(InvoiceBatchItem.id)
    )
    if after is not None:
        query = query.where(InvoiceBatchItem.finished_at > after)
    return session.execute(query).all()


def unfinished(session: Session, slugs: Iterable[str]) -> Sequence[Row[InvoiceBatch, str]]:
    """Return the running batches of these conferences, oldest first."""
    return session.execute(
        select(InvoiceBatch, Conference.slug)
        .join(Conference, Conference.id == InvoiceBatch.conference_id)
        .where(InvoiceBatch.state == "running", Conference.slug.in_(list(slugs)))
        .order_by(InvoiceBatch.id)
    ).all()


def in_hand(session: Session, now: datetime) -> int:
    """Return how many items are queued, in all processes; those of dead ones do not count."""
    return (
        session.scalar(
            select(func.count())
            .select_from(InvoiceBatchItem)
            .where(InvoiceBatchItem.state == "queued", ~_forgotten(now))
        )
        or 0
    )


def take(
    store: Store, batch: InvoiceBatch, slug: str, now: datetime, room: int
) -> list[Assignment]:
    """Put up to ``room`` waiting or forgotten items into the queue."""
    with store.bookkeeping() as connection, Session(connection) as session:
        rows = session.execute(_takeable(batch.id, now).limit(room)).all()
        for item, _ in rows:
            item.state = "queued"
            item.round += 1
            item.queued_at = now
        session.flush()
        return [
            Assignment(item.id, item.round, slug, reference, batch.send, batch.entered_by)
            for item, reference in rows
        ]


def _takeable(batch_id: int, now: datetime) -> Select[InvoiceBatchItem, str]:
    waiting = (InvoiceBatchItem.state == "waiting") & or_(
        InvoiceBatchItem.not_before.is_(None), InvoiceBatchItem.not_before <= now
    )
    return (
        select(InvoiceBatchItem, PurchaseOrder.reference)
        .join(PurchaseOrder, PurchaseOrder.id == InvoiceBatchItem.purchase_order_id)
        .where(InvoiceBatchItem.batch_id == batch_id, waiting | _forgotten(now))
        .order_by(InvoiceBatchItem.id)
        .with_for_update(of=InvoiceBatchItem, skip_locked=True)
    )


def _forgotten(now: datetime) -> ColumnElement[bool]:
    """Tell which queued items were left behind by a process that died."""
    driven = exists().where(
        Invoice.purchase_order_id == InvoiceBatchItem.purchase_order_id, Invoice.lease_until > now
    )
    late = InvoiceBatchItem.queued_at < now - FORGOTTEN
    return (InvoiceBatchItem.state == "queued") & late & ~driven


def in_turn(session: Session, item_id: int, round_: int) -> tuple[str, int] | None:
    """Return the state of an item's batch and its purchase order; None if a later round has it."""
    row = session.execute(_IN_TURN, {"item_id": item_id, "round": round_}).one_or_none()
    return None if row is None else (row[0], row[1])


_IN_TURN = (
    select(InvoiceBatch.state, InvoiceBatchItem.purchase_order_id)
    .join(InvoiceBatch, InvoiceBatch.id == InvoiceBatchItem.batch_id)
    .where(
        InvoiceBatchItem.id == bindparam("item_id"),
        InvoiceBatchItem.state == "queued",
        InvoiceBatchItem.round == bindparam("round"),
    )
)


def settle(
    store: Store,
    item_id: int,
    round_: int,
    *,
    state: str,
    now: datetime,
    stripe_invoice_id: str = "",
    hosted_url: str = "",
    error: str = "",
    wait: timedelta | None = None,
) -> None:
    """Note what became of an item.

    That it was invoiced holds whichever round did it; anything else is said by the latest round
    alone.
    """
    values = {
        "state": state,
        "finished_at": None if state == "waiting" else now,
        "not_before": now + wait if wait else None,
        "stripe_invoice_id": stripe_invoice_id,
        "hosted_url": hosted_url,
        "error": error,
    }
    which = (
        {"item_id": item_id} if state == "invoiced" else {"item_id": item_id, "in_round": round_}
    )
    with store.bookkeeping() as connection:
        connection.execute(_INVOICED if state == "invoiced" else _SETTLED, {**which, **values})


_OUTCOME: dict[str, BindParameter[Any]] = {
    name: bindparam(name)
    for name in ("state", "finished_at", "not_before", "stripe_invoice_id", "hosted_url", "error")
}
_INVOICED = (
    update(InvoiceBatchItem)
    .where(
        InvoiceBatchItem.id == bindparam("item_id"),
        InvoiceBatchItem.state.in_(("queued", "waiting", "skipped")),
    )
    .values(_OUTCOME)
)
_SETTLED = (
    update(InvoiceBatchItem)
    .where(
        InvoiceBatchItem.id == bindparam("item_id"),
        InvoiceBatchItem.state == "queued",
        InvoiceBatchItem.round == bindparam("in_round"),
    )
    .values(_OUTCOME)
)


def customers_found(store: Store, batch_id: int, now: datetime) -> None:
    """Note that a batch's sponsors were looked for at Stripe."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(InvoiceBatch).where(InvoiceBatch.id == batch_id).values(customers_found_at=now)
        )


def sponsors_of(session: Session, batch_id: int) -> list[tuple[str, str]]:
    """Return e-mail and organization, folded, of a batch's sponsors, each once."""
    rows = session.execute(
        select(PurchaseOrder.contact_email, PurchaseOrder.organization_key)
        .join(InvoiceBatchItem, InvoiceBatchItem.purchase_order_id == PurchaseOrder.id)
        .where(InvoiceBatchItem.batch_id == batch_id)
    )
    return list(dict.fromkeys((email.strip().casefold(), key) for email, key in rows))


def orders_of(session: Session, item_ids: Iterable[int]) -> list[int]:
    """Return the purchase orders of items."""
    query = select(InvoiceBatchItem.purchase_order_id)
    return list(session.scalars(query.where(InvoiceBatchItem.id.in_(list(item_ids)))))


def batch_of(session: Session, item_id: int) -> int:
    """Return the batch of an item."""
    return session.get_one(InvoiceBatchItem, item_id).batch_id


def pause_because(store: Store, batch_id: int, reason: str) -> None:
    """Pause a running batch by itself; a person mends the reason and resumes it."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(InvoiceBatch)
            .where(InvoiceBatch.id == batch_id, InvoiceBatch.state == "running")
            .values(state="paused", error=reason)
        )


def end_if_done(store: Store, batch_id: int, now: datetime) -> bool:
    """End a running batch of which nothing is left; tell whether it ended now."""
    left = exists().where(
        InvoiceBatchItem.batch_id == batch_id, InvoiceBatchItem.state.in_(OPEN_STATES)
    )
    with store.bookkeeping() as connection:
        ended = connection.execute(
            update(InvoiceBatch)
            .where(InvoiceBatch.id == batch_id, InvoiceBatch.state == "running", ~left)
            .values(state="done", ended_at=now)
        )
        return ended.rowcount == 1


def set_state(
    uow: UnitOfWork, batch: InvoiceBatch, state: str, now: datetime, error: str = ""
) -> None:
    """Pause, resume or cancel a batch; what is in hand is finished, what waits obeys."""
    row = uow.session.get_one(InvoiceBatch, batch.id)
    row.state = state
    row.error = error
    row.ended_at = now if state == "cancelled" else None
    if state == "cancelled":
        uow.session.execute(
            update(InvoiceBatchItem)
            .where(InvoiceBatchItem.batch_id == batch.id, InvoiceBatchItem.state == "waiting")
            .values(state="cancelled", finished_at=now)
        )


def retry_failed(uow: UnitOfWork, batch: InvoiceBatch) -> int:
    """Let the failed items of a batch wait again; return how many."""
    failed = InvoiceBatchItem.batch_id == batch.id, InvoiceBatchItem.state == "failed"
    again = uow.session.scalar(select(func.count()).select_from(InvoiceBatchItem).where(*failed))
    uow.session.execute(
        update(InvoiceBatchItem)
        .where(*failed)
        .values(state="waiting", finished_at=None, not_before=None, error="")
    )
    row = uow.session.get_one(InvoiceBatch, batch.id)
    row.state, row.ended_at, row.error = "running", None, ""
    return again or 0
