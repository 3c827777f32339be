"""Copying a whole database into an empty one, and proving that both hold the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Integer, Table, delete, func, insert, select, text

from po_toolkit.domain.wording import count
from po_toolkit.errors import SettingsError
from po_toolkit.store.database import Store
from po_toolkit.store.schema import check_tables, migrate
from po_toolkit.store.tables import Base

ROWS = 1000
"""Rows in one statement."""

_PASSING = frozenset({"workers", "rate_windows"})
"""Tables that hold what is true of running processes only."""

TABLES = tuple(t for t in Base.metadata.sorted_tables if t.name not in _PASSING)
"""What is copied, each table after those that it refers to."""


@dataclass(frozen=True, slots=True)
class TableProof:
    """What a table holds, as both databases have it.

    Attributes:
        rows: How many rows.
        sums: The sum of every column of whole numbers; where a row has a currency, apart by
            currency, as ``amount usd``.
        digest: SHA-256 over every value of every row.
    """

    table: str
    rows: int
    sums: Mapping[str, int]
    digest: str


def copy_database(source: Store, target: Store) -> list[TableProof]:
    """Copy every row, then read both databases again and compare counts, sums and every value.

    Nothing may write to the source meanwhile; the target is empty or was never used.

    Raises:
        SettingsError: The target holds something, or does not hold the same afterwards; then
            nothing is left in it.
    """
    migrate(target)
    check_tables(target)
    with source.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with target.migrating() as other:
            _refuse_filled(other)
            other.execute(delete(Base.metadata.tables["audit_head"]))
            for table in TABLES:
                waiting = _rows(connection, table)
                while rows := list(islice(waiting, ROWS)):
                    other.execute(insert(table), rows)
            if other.dialect.name == "postgresql":
                _set_sequences(other)
            return [_proven(table, connection, other) for table in TABLES]


def _refuse_filled(connection: Connection) -> None:
    for table in TABLES:
        rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if rows and table.name != "audit_head":
            raise SettingsError(
                f"The database to copy to is not empty: {table.name} has {count(rows, 'row')}. "
                f"Nothing was copied. Name a new, empty database."
            )


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    keys = list(table.primary_key.columns)
    found = connection.execute(
        select(table).order_by(*keys).execution_options(yield_per=ROWS)
    ).mappings()
    return ({column.name: row[column] for column in table.c} for row in found)


def _proven(table: Table, source: Connection, target: Connection) -> TableProof:
    before, after = _proof(table, source), _proof(table, target)
    if before != after:
        raise SettingsError(
            f"The copy of {table.name} is not the same ({before.rows} rows, {after.rows} copied), "
            f"so nothing was kept of it. Stop everything that writes to the database, and copy "
            f"again."
        )
    return after


def _proof(table: Table, connection: Connection) -> TableProof:
    digest, count = sha256(), 0
    whole = [c.name for c in table.c if isinstance(c.type, Integer)]
    sums: Counter[str] = Counter()
    for row in _rows(connection, table):
        count += 1
        currency = row.get("currency")
        for name in whole:
            sums[f"{name} {currency}" if currency else name] += row[name] or 0
        digest.update(json.dumps(row, sort_keys=True, default=_plain).encode())
    return TableProof(table.name, count, sums, digest.hexdigest())


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _set_sequences(connection: Connection) -> None:
    """Let the next row of each table get the next number."""
    for table in TABLES:
        if "id" not in table.c:
            continue
        name = connection.execute(
            text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name}
        ).scalar_one()
        last = connection.execute(select(func.max(table.c.id))).scalar_one()
        if name is not None and last is not None:
            connection.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})
