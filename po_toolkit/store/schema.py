"""Creating and migrating the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Connection, bindparam, inspect, text
from sqlalchemy.exc import DBAPIError

from po_toolkit.domain import remedies
from po_toolkit.errors import SettingsError
from po_toolkit.store.database import Store
from po_toolkit.store.revisions import MIGRATIONS, head_revision, known_revisions
from po_toolkit.store.tables import Base

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(store: Store) -> Config:
    """Return Alembic's configuration for our migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["store"] = store
    return config


def migrate(store: Store) -> None:
    """Create the tables or bring them to this release; safe to repeat, also by two at once.

    Raises:
        SettingsError: The database belongs to a newer release, or its rows or tables are not what
            an earlier release left.
    """
    if is_current(store):
        return
    from alembic import command

    config = alembic_config(store)
    with store.migrating() as connection:
        config.attributes["connection"] = connection
        _refuse_newer(_revision(connection))
        try:
            command.upgrade(config, "head")
            _refuse_differences(connection)
        except (ValueError, DBAPIError) as error:
            cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            raise SettingsError(
                f"The database cannot be brought to this release: {cause}. Nothing was changed."
            ) from error


def check_tables(store: Store) -> None:
    """Compare the real tables with those of this release.

    A database that an unreleased version made may have the right revision and other tables.

    Raises:
        SettingsError: They differ; the message says where.
    """
    with store.engine.connect() as connection:
        found = differences(connection)
    if found:
        raise SettingsError(
            f"The database does not have the tables of this "
            f"release: {'; '.join(found[:20])}. Nothing "
            f"was changed. Restore a backup that a release made, or start with an empty database "
            f"and keep this one.",
            remedy=remedies.begin_again(),
        )


def current_revision(store: Store) -> str | None:
    """Return the revision the database is at, or None for an empty one."""
    with store.engine.connect() as connection:
        return _revision(connection)


def is_current(store: Store) -> bool:
    """Tell whether the database has exactly this release's tables."""
    return current_revision(store) == head_revision()


def _revision(connection: Connection) -> str | None:
    """Read it without Alembic, which with its dialects costs each command half a second."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


APPEND_ONLY = ("ledger_entries", "credit_notes", "audit_entries", "row_versions", "closed_periods")
"""Tables whose rows the database itself refuses to change or delete."""

_QUOTED = re.compile(r"'([^']*)'")


@contextmanager
def unlocked(connection: Connection, tables: Iterable[str]) -> Iterator[None]:
    """Let the rows of append-only tables be changed within a transaction.

    For what the law asks for only; see :mod:`po_toolkit.store.forgetting`.
    """
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_update")
        yield
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_update")
        return
    names = [f"{table}_no_update" for table in tables]
    triggers = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name IN :names")
    query = triggers.bindparams(bindparam("names", names, expanding=True))
    definitions = connection.execute(query).scalars().all()
    for name in names:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for definition in definitions:
        connection.exec_driver_sql(definition)


def differences(connection: Connection) -> list[str]:
    """Return where the database's tables are not those of this release, in words.

    Columns with their types, indexes and constraints are compared with the models; of a check, the
    values that it lists.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "target_metadata": Base.metadata}
    context = MigrationContext.configure(connection, opts=options)
    found = [_in_words(change) for change in _flat(compare_metadata(context, Base.metadata))]
    inspector = inspect(connection)
    here = set(inspector.get_table_names())
    for table in Base.metadata.sorted_tables:
        if table.name not in here:
            continue  # named above
        theirs = {
            str(check["name"]): _QUOTED.findall(check["sqltext"])
            for check in inspector.get_check_constraints(table.name)
        }
        for check in table.constraints:
            if not isinstance(check, CheckConstraint):
                continue
            values = _QUOTED.findall(str(check.sqltext))
            if sorted(theirs.get(str(check.name), ["-"])) != sorted(values):
                found.append(f"{table.name} lacks the check {check.name} as it is now")
    absent = _expected_triggers(connection) - _triggers(connection)
    return found + [f"the trigger {name} is missing" for name in sorted(absent)]


def _refuse_differences(connection: Connection) -> None:
    if found := differences(connection):
        raise ValueError("; ".join(found))


def _flat(changes: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    for change in changes:
        if isinstance(change, list):
            yield from change
        else:
            yield change


def _in_words(change: tuple[Any, ...]) -> str:
    """Say in words what Alembic found to be different."""
    kind, *what = change
    verb, _, noun = str(kind).partition("_")
    state = {"add": "is missing", "remove": "is not of this release"}.get(verb, "is different")
    if noun in {"column", "nullable", "type", "default", "comment"}:
        table, column = what[1], what[2]
        return f"column {table}.{getattr(column, 'name', column)} {state}"
    name = getattr(what[0], "name", None)
    table = getattr(getattr(what[0], "table", None), "name", "")
    return f"{noun} {name}{f' of {table}' if table else ''} {state}"


def _expected_triggers(connection: Connection) -> set[str]:
    events = ["update", "delete"]
    if connection.dialect.name == "postgresql":
        events.append("truncate")
    return {f"{table}_no_{event}" for table in APPEND_ONLY for event in events}


def _triggers(connection: Connection) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    return set(connection.exec_driver_sql(query).scalars())


def _refuse_newer(current: str | None) -> None:
    if current is not None and current not in known_revisions():
        raise SettingsError(
            f"The database is at revision {current}, which this release does not know. "
            f"Install the newer po-toolkit that made it."
        )
