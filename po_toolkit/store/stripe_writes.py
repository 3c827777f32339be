"""The rows of the outbox: each write to Stripe is stored before its first try."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.orm import Session

from po_toolkit.domain.states import WriteState
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import StripeWrite
from po_toolkit.store.upsert import insert_if_new

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredWrite:
    """One attempt at a write as it was stored first, and as it is sent each time."""

    slot: str
    attempt: int
    key: str
    path: str
    body: Json
    state: WriteState
    stored_at: datetime


def insert(
    uow: UnitOfWork,
    *,
    kind: str,
    slot: str,
    attempt: int,
    state: WriteState,
    path: str,
    body: Json,
    conference_id: int,
    purchase_order_id: int | None,
    now: datetime,
) -> StoredWrite | None:
    """Store an attempt; None where it was stored before.

    The slot is the subject's uuid, generation and step: with the attempt, counted from 1, it is the
    idempotency key. The body's parameters are in the order in which they are sent.
    """
    key = f"{slot}-a{attempt}"
    new = insert_if_new(
        uow.connection,
        StripeWrite,
        {
            "conference_id": conference_id,
            "purchase_order_id": purchase_order_id,
            "kind": kind,
            "slot": slot,
            "attempt": attempt,
            "idempotency_key": key,
            "path": path,
            "body": json.dumps(body, ensure_ascii=False),
            "state": state.value,
            "first_tried_at": now,
            "stripe_id": "",
        },
    )
    if not new:
        return None
    return StoredWrite(slot, attempt, key, path, body, state, now)


def latest(db: Session | Connection, slot: str) -> StoredWrite | None:
    """Return the last attempt of a slot, if there was one."""
    row = db.execute(_LATEST, {"slot": slot}).one_or_none()
    if row is None:
        return None
    return StoredWrite(
        slot=slot,
        attempt=row.attempt,
        key=row.idempotency_key,
        path=row.path,
        body=json.loads(row.body),
        state=WriteState(row.state),
        stored_at=row.first_tried_at,
    )


_LATEST = (
    select(
        StripeWrite.attempt,
        StripeWrite.idempotency_key,
        StripeWrite.path,
        StripeWrite.body,
        StripeWrite.state,
        StripeWrite.first_tried_at,
    )
    .where(StripeWrite.slot == bindparam("slot"))
    .order_by(StripeWrite.attempt.desc())
    .limit(1)
)


def settle(
    uow: UnitOfWork, key: str, state: WriteState, now: datetime, *, stripe_id: str = ""
) -> None:
    """Note how a pending attempt ended; one that has ended stays as it is."""
    uow.connection.execute(_SETTLE, {"key": key, "end": state.value, "at": now, "made": stripe_id})


_SETTLE = (
    update(StripeWrite)
    .where(
        StripeWrite.idempotency_key == bindparam("key"),
        StripeWrite.state == WriteState.PENDING.value,
    )
    .values(state=bindparam("end"), finished_at=bindparam("at"), stripe_id=bindparam("made"))
)


def done_since(session: Session, path: str, since: datetime, *, but: str) -> int:
    """Return how many writes to an endpoint, but the one of this key, were done since a moment."""
    query = select(func.count()).where(
        StripeWrite.path == path,
        StripeWrite.state == WriteState.DONE.value,
        StripeWrite.idempotency_key != but,
        StripeWrite.finished_at >= since,
    )
    return session.scalar(query) or 0
