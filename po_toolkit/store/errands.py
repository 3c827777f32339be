"""Long work that somebody started: one of a kind at a time, seen by everybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from po_toolkit.store.database import Store, UnitOfWork
from po_toolkit.store.tables import Conference, Errand

FORGOTTEN = timedelta(seconds=60)
"""An errand whose process has been silent for so long has died with it."""


def begin(uow: UnitOfWork, conference: Conference, kind: str, now: datetime) -> Errand | None:
    """Enter an errand that begins now; None while another of its kind is under way."""
    uow.session.execute(
        select(Conference.id).where(Conference.id == conference.id).with_for_update()
    )
    if is_alive(latest(uow.session, conference, kind), now):
        return None
    errand = Errand(conference_id=conference.id, kind=kind, entered_by=uow.actor.name, alive_at=now)
    uow.session.add(errand)
    uow.session.flush()
    return errand


def latest(session: Session, conference: Conference, kind: str) -> Errand | None:
    """Return the last errand of a kind that was begun, if there was any."""
    return session.scalars(
        select(Errand)
        .where(Errand.conference_id == conference.id, Errand.kind == kind)
        .order_by(Errand.id.desc())
        .limit(1)
    ).one_or_none()


def not_done(session: Session, conference: Conference, limit: int) -> Sequence[Errand]:
    """Return the latest errands that are not done, newest first."""
    return session.scalars(
        select(Errand)
        .where(Errand.conference_id == conference.id, Errand.state != "done")
        .order_by(Errand.id.desc())
        .limit(limit)
    ).all()


def is_alive(errand: Errand | None, now: datetime) -> bool:
    """Tell whether somebody is working on it."""
    return errand is not None and errand.state == "running" and errand.alive_at > now - FORGOTTEN


def still_alive(store: Store, errand_id: int, now: datetime, stripe_calls: int) -> None:
    """Note that an errand is being worked on, and how far it is."""
    with store.bookkeeping() as connection:
        connection.execute(
            update(Errand)
            .where(Errand.id == errand_id)
            .values(alive_at=now, stripe_calls=stripe_calls)
        )


def end(uow: UnitOfWork, errand_id: int, state: str, said: str, now: datetime) -> Errand:
    """Enter how an errand ended."""
    errand = uow.session.get_one(Errand, errand_id)
    errand.state, errand.said, errand.ended_at = state, said, now
    return errand
