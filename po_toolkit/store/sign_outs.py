"""Signing out everywhere at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from po_toolkit.store.columns import UtcDateTime
from po_toolkit.store.database import Store
from po_toolkit.store.tables import SignOut


def signed_out_at(session: Session, subject: str) -> datetime | None:
    """Return when this person last signed out, or None."""
    found = session.get(SignOut, subject)
    return found.at if found else None


_NOTE = text(
    """
    INSERT INTO sign_outs (subject, at) VALUES (:subject, :at)
    ON CONFLICT (subject) DO UPDATE SET at = excluded.at
    """
).bindparams(bindparam("at", type_=UtcDateTime))


def sign_out(store: Store, subject: str, at: datetime) -> None:
    """End every sign-in of this person that began before."""
    with store.bookkeeping() as connection:
        connection.execute(_NOTE, {"subject": subject, "at": at})
