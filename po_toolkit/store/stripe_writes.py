"""The journal of writes to Stripe: each intent is stored before its first try."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import StripeWrite
from po_toolkit.store.upsert import insert_if_new


def intend(
    uow: UnitOfWork,
    idempotency_key: str,
    path: str,
    body: Mapping[str, Any],
    *,
    conference_id: int,
    purchase_order_id: int | None,
    now: datetime,
) -> StripeWrite:
    """Store what will be asked of Stripe; an intent stored earlier stays as it is."""
    insert_if_new(
        uow.session,
        StripeWrite,
        {
            "conference_id": conference_id,
            "purchase_order_id": purchase_order_id,
            "idempotency_key": idempotency_key,
            "path": path,
            "body": json.dumps(body, ensure_ascii=False),
            "first_tried_at": now,
            "stripe_id": "",
        },
        [StripeWrite.idempotency_key],
    )
    return uow.session.scalars(
        select(StripeWrite).where(StripeWrite.idempotency_key == idempotency_key)
    ).one()


def finish(uow: UnitOfWork, write: StripeWrite, stripe_id: str, now: datetime) -> None:
    """Note that Stripe did it, and what it made."""
    stored = uow.session.get_one(StripeWrite, write.id)
    stored.finished_at = now
    stored.stripe_id = stripe_id


def body_of(write: StripeWrite) -> dict[str, Any]:
    """Return the stored parameters, in the order in which they are sent."""
    body: dict[str, Any] = json.loads(write.body)
    return body
