"""Many rows into one table: the statement is compiled once and the driver fills it.

SQLAlchemy's own ``executemany`` builds each row's parameters anew, which for 200,000 rows takes
longer than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, literal, literal_column
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

_MANY = 5000
"""Rows that the driver gets at once."""

Row = Mapping[str, Any]


def insert_rows(session: Session, table: Any, rows: Iterable[Row], **same: Any) -> None:
    """Insert rows, thousands at a time.

    Args:
        session: The transaction.
        table: The table. Its columns' defaults fill what neither a row nor ``same`` says.
        rows: The columns of each row; all rows have the columns of the first.
        same: Columns that are the same in all rows; sent once, not with each row.
    """
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return
    dialect = session.get_bind().dialect
    made: dict[str, Callable[[], Any]] = {}
    for column in table.columns:
        default = column.default
        if default is None or column.name in first or column.name in same:
            continue
        if default.is_scalar:
            same[column.name] = default.arg
        else:
            made[column.name] = lambda call=default.arg: call(None)  # type: ignore[misc]  # bound here, for this column
    names = [*first, *made]
    constants = {name: _inline(value, table.c[name], dialect) for name, value in same.items()}
    parameters = {name: bindparam(name, type_=table.c[name].type) for name in names}
    compiled = insert(table).values(constants | parameters).inline().compile(dialect=dialect)
    order = [str(name) for name in compiled.positiontup or names]
    ready = _prepared(chain([first], iterator), order, made, _processors(table, order, dialect))
    connection = session.connection()
    while some := list(islice(ready, _MANY)):
        values: Any = (
            some if compiled.positional else [dict(zip(order, v, strict=True)) for v in some]
        )
        connection.exec_driver_sql(str(compiled), values)


def _prepared(
    rows: Iterable[Row],
    order: Sequence[str],
    made: Mapping[str, Callable[[], Any]],
    processors: Sequence[tuple[int, Callable[[Any], Any]]],
) -> Iterator[tuple[Any, ...]]:
    """Return each row as the driver takes it."""
    for row in rows:
        whole = {**row, **{name: make() for name, make in made.items()}} if made else row
        values = [whole[name] for name in order]
        for at, process in processors:
            values[at] = process(values[at])
        yield tuple(values)


def _processors(
    table: Any, order: Sequence[str], dialect: Dialect
) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return how each column's type turns a value into one of the driver's, where it does."""
    found = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
    return [(at, process) for at, process in enumerate(found) if process is not None]


def _inline(value: Any, column: Any, dialect: Dialect) -> ColumnElement[Any]:
    """Return a value as SQL text, written as the column's type writes it in this database."""
    if isinstance(value, ColumnElement):
        return value
    compiled = literal(value, column.type).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    return literal_column(str(compiled))
