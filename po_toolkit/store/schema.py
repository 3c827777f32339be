"""Creating and migrating the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from po_toolkit.errors import SettingsError
from po_toolkit.store.database import Store
from po_toolkit.store.revisions import MIGRATIONS, head_revision, known_revisions

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
        SettingsError: The database belongs to a newer release.
    """
    if is_current(store):
        return
    from alembic import command

    config = alembic_config(store)
    with store.bookkeeping() as connection:
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7630150)")
        _refuse_newer(_revision(connection))
        command.upgrade(config, "head")


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


def _refuse_newer(current: str | None) -> None:
    if current is not None and current not in known_revisions():
        raise SettingsError(
            f"The database is at revision {current}, which this release does not know. "
            f"Install the newer po-toolkit that made it."
        )
