"""Ids taken before their rows are inserted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session


def reserve_ids(session: Session, table: Any, count: int) -> Sequence[int]:
    """Take ``count`` new ids of a table, so that its rows need not be read back for them."""
    if session.get_bind().dialect.name == "postgresql":
        sequence = text(
            "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :n)"
        )
        return list(session.scalars(sequence, {"name": table.name, "n": count}))
    last = session.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
    if table.dialect_options["sqlite"]["autoincrement"]:
        # Also above the ids of rows that are gone: the audit log remembers them.
        ever = text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :name")
        last = max(last, session.scalar(ever, {"name": table.name}) or 0)
    return range(last + 1, last + 1 + count)
