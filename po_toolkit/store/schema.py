"""Creating and migrating the database."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from po_toolkit.errors import SettingsError
from po_toolkit.store.database import Store

_MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(store: Store) -> Config:
    """Return Alembic's configuration for our migrations."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
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
    config = alembic_config(store)
    with store.bookkeeping() as connection:
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7630150)")
        _refuse_newer(config, connection)
        command.upgrade(config, "head")


def current_revision(store: Store) -> str | None:
    """Return the revision the database is at, or None for an empty one."""
    with store.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(store: Store) -> bool:
    """Tell whether the database has exactly this release's tables."""
    head = ScriptDirectory.from_config(alembic_config(store)).get_current_head()
    return current_revision(store) == head


def _refuse_newer(config: Config, connection: object) -> None:
    current = MigrationContext.configure(connection).get_current_revision()  # type: ignore[arg-type]
    known = {s.revision for s in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise SettingsError(
            f"The database is at revision {current}, which this release does not know. "
            f"Install the newer po-toolkit that made it."
        )
