"""Insert unless the same fact is there already, on either database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from po_toolkit.store.tables import Base


def insert_if_new(
    session: Session,
    table: type[Base],
    values: dict[str, Any],
    unique: Sequence[InstrumentedAttribute[Any]],
) -> bool:
    """Insert one row unless its unique columns are taken; tell whether it was inserted."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(table)
        .values(values)
        .on_conflict_do_nothing(index_elements=[column.key for column in unique])
        .returning(table.__table__.c.id)
    )
    return session.execute(statement).scalar() is not None
