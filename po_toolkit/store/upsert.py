"""Insert unless the same fact is there already, on either database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from po_toolkit.store.tables import Base


def insert_if_new(
    db: Session | Connection,
    table: type[Base],
    values: dict[str, Any],
    unique: Sequence[InstrumentedAttribute[Any]] = (),
) -> bool:
    """Insert one row unless its unique columns are taken; tell whether it was inserted."""
    return bool(insert_new(db, table, [values], unique))


def insert_new(
    db: Session | Connection,
    table: type[Base],
    rows: Sequence[dict[str, Any]],
    unique: Sequence[InstrumentedAttribute[Any]] = (),
) -> list[int]:
    """Insert those rows whose unique columns are not taken; return the ids of the new ones.

    Where several indexes of the table forbid the same row twice, name no columns: PostgreSQL
    waits for a row that another session is inserting only at the indexes it was asked about.
    """
    connection = db.connection() if isinstance(db, Session) else db
    statement = _statement(connection.dialect.name, table, _names(unique), returning=True)
    return list(connection.execute(statement, list(rows)).scalars())


def insert_rows(
    db: Session | Connection,
    table: type[Base],
    rows: Sequence[dict[str, Any]],
    unique: Sequence[InstrumentedAttribute[Any]],
) -> None:
    """Insert those rows whose unique columns are not taken, of a table without an id."""
    connection = db.connection() if isinstance(db, Session) else db
    connection.execute(_statement(connection.dialect.name, table, _names(unique)), list(rows))


@cache
def _statement(
    dialect: str, table: type[Base], unique: tuple[str, ...], *, returning: bool = False
) -> Any:
    """Return the statement without its rows, so that it is compiled once."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement: Any = insert(cast(Table, table.__table__))
    statement = statement.on_conflict_do_nothing(index_elements=unique or None)
    return statement.returning(table.__table__.c.id) if returning else statement


def _names(columns: Sequence[InstrumentedAttribute[Any]]) -> tuple[str, ...]:
    return tuple(column.key for column in columns)
