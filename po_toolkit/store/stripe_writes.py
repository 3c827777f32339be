"""The journal of writes to Stripe: each intent is stored before its first try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import StripeWrite
from po_toolkit.store.upsert import insert_if_new


@dataclass(frozen=True, slots=True)
class Intent:
    """A write as it was stored first, and as it is sent each time."""

    key: str
    path: str
    body: dict[str, Any]


def intend(
    uow: UnitOfWork,
    key: str,
    path: str,
    body: Mapping[str, Any],
    *,
    conference_id: int,
    purchase_order_id: int | None,
    now: datetime,
) -> Intent:
    """Store what will be asked of Stripe; an intent stored earlier stays as it is.

    Args:
        uow: The transaction.
        key: The idempotency key.
        path: The endpoint.
        body: The parameters, in the order in which they are sent.
        conference_id: Whose account.
        purchase_order_id: Which purchase order, if one.
        now: The present.
    """
    text = json.dumps(body, ensure_ascii=False)
    new = insert_if_new(
        uow.session,
        StripeWrite,
        {
            "conference_id": conference_id,
            "purchase_order_id": purchase_order_id,
            "idempotency_key": key,
            "path": path,
            "body": text,
            "first_tried_at": now,
            "stripe_id": "",
        },
        [StripeWrite.idempotency_key],
    )
    if not new:
        query = select(StripeWrite.path, StripeWrite.body).where(StripeWrite.idempotency_key == key)
        path, text = uow.session.execute(query).one()
    return Intent(key, path, json.loads(text))


def finish(uow: UnitOfWork, key: str, stripe_id: str, now: datetime) -> None:
    """Note that Stripe did it, and what it made."""
    uow.session.connection().execute(
        _FINISH, {"key": key, "finished_at": now, "stripe_id": stripe_id}
    )


_FINISH = (
    update(StripeWrite)
    .where(StripeWrite.idempotency_key == bindparam("key"))
    .values(finished_at=bindparam("finished_at"), stripe_id=bindparam("stripe_id"))
)
