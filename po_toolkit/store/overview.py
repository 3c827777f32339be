"""How much of what the database holds, read with the database's driver alone.

``po-toolkit status`` is asked by scripts and monitors again and again; loading SQLAlchemy for a
few counts would cost it more than everything else together. The statements are plain SQL that
SQLite and PostgreSQL both understand.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from po_toolkit.errors import SettingsError
from po_toolkit.store.revisions import head_revision

_OF = "FROM {table} t JOIN conferences c ON c.id = t.conference_id"
_BY_CONFERENCE = (
    "SELECT c.slug, t.{column}, count(*) {of} GROUP BY c.slug, t.{column} ORDER BY 1, 2"
)


def _counting(table: str, column: str) -> str:
    return _BY_CONFERENCE.format(of=_OF.format(table=table), column=column)


_COUNTS = {
    "purchase_orders": _counting("purchase_orders", "status"),
    "invoices": _counting("invoices", "state"),
    "batches": _counting("invoice_batches", "state").replace(
        "GROUP BY", "WHERE t.state IN ('running', 'paused') GROUP BY"
    ),
    "webhook_events": _counting("webhook_events", "state"),
}
_LEFT_IN_BATCHES = (
    "SELECT c.slug, count(*) FROM jobs i JOIN invoice_batches t ON t.id = i.batch_id"
    " JOIN conferences c ON c.id = t.conference_id WHERE t.state IN ('running', 'paused')"
    " AND i.kind = 'invoice' AND i.state IN ('waiting', 'running') GROUP BY c.slug"
)
_CURSORS = (
    "SELECT c.slug, t.last_sync_at, t.last_sweep_at, t.last_sweep, t.last_error,"
    " t.last_reminders_at, t.last_reminders, t.remind_again_at " + _OF.format(table="sync_cursors")
)


@dataclass(slots=True)
class Held:
    """What the database holds of one conference.

    Attributes:
        counts: By kind of object, how many are in which state.
        last_sync_at: When the last complete sync began, or None.
        last_sweep_at: When everything was last compared with Stripe, or None.
        last_sweep: What that compared and found.
        last_error: Why the last sync did not finish, or ``""``.
        last_reminders_at: When the clock last had sponsors reminded, or None.
        last_reminders: What became of that.
        remind_again_at: When the day's reminders are tried again, where some failed, or None.
        changed_settings: Settings changed in the app, which count instead of those of the file.
    """

    counts: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: {} for name in _COUNTS}
    )
    last_sync_at: datetime | None = None
    last_sweep_at: datetime | None = None
    last_sweep: dict[str, Any] = field(default_factory=dict)
    last_error: str = ""
    last_reminders_at: datetime | None = None
    last_reminders: dict[str, Any] = field(default_factory=dict)
    remind_again_at: datetime | None = None
    changed_settings: dict[str, Any] = field(default_factory=dict)


def read_overview(database_url: str) -> dict[str, Held] | None:
    """Read what the database holds of each conference; changes and creates nothing.

    Returns:
        By conference; None where there is no database or it is not of this release.

    Raises:
        SettingsError: The database cannot be opened or read; the message says why.
    """
    path = sqlite_path(database_url)
    if path is not None and not path.is_file():
        return None
    with _reading(database_url, path) as cursor:
        if _revision(cursor, sqlite=path is not None) != head_revision():
            return None
        cursor.execute("SELECT slug, changed_settings FROM conferences")
        held = {slug: Held(changed_settings=_json(made)) for slug, made in cursor.fetchall()}
        for name, statement in _COUNTS.items():
            cursor.execute(statement)
            for slug, state, number in cursor.fetchall():
                held[slug].counts[name][state] = number
        cursor.execute(_LEFT_IN_BATCHES)
        left = dict(cursor.fetchall())
        cursor.execute(_CURSORS)
        for slug, synced, swept, sweep, error, reminded, reminders, until in cursor.fetchall():
            row = held[slug]
            row.last_sync_at, row.last_sweep_at = _time(synced), _time(swept)
            row.last_sweep, row.last_error = _json(sweep), error
            row.last_reminders_at, row.last_reminders = _time(reminded), _json(reminders)
            row.remind_again_at = _time(until)
    for slug, row in held.items():
        if row.counts["batches"]:
            row.counts["batches"]["left"] = left.get(slug, 0)
    return held


def sqlite_path(database_url: str) -> Path | None:
    """Return the file of a SQLite database, None for another kind of database."""
    scheme, _, path = database_url.partition("://")
    if not scheme.startswith("sqlite"):
        return None
    return Path(path.removeprefix("/").partition("?")[0]).expanduser()


@contextmanager
def _reading(database_url: str, path: Path | None) -> Iterator[Any]:
    try:
        with closing(_connect(database_url, path)) as connection:
            yield connection.cursor()
    except Exception as error:
        if not any(kind.__name__ == "DatabaseError" for kind in type(error).__mro__):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SettingsError(reason) from None


def _connect(database_url: str, path: Path | None) -> Any:
    if path is not None:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    if not urlsplit(database_url).scheme.startswith("postgres"):
        raise SettingsError(
            "database_url is not a database address; write it like sqlite:///po_toolkit.db or "
            "postgresql://user:password@host/database"
        )
    try:
        import psycopg
    except ImportError:
        raise SettingsError(
            "PostgreSQL's driver is not installed; run: pip install 'po-toolkit[postgres]'"
        ) from None
    return psycopg.connect("postgresql://" + database_url.partition("://")[2])


def _revision(cursor: Any, *, sqlite: bool) -> str | None:
    tables = "sqlite_master WHERE name" if sqlite else "pg_catalog.pg_tables WHERE tablename"
    cursor.execute(f"SELECT count(*) FROM {tables} = 'alembic_version'")  # noqa: S608 two constants
    if not cursor.fetchone()[0]:
        return None
    cursor.execute("SELECT version_num FROM alembic_version")
    row = cursor.fetchone()
    return row[0] if row else None


def _time(value: Any) -> datetime | None:
    """Return an aware UTC time; SQLite gives text without an offset."""
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    moment: datetime = value
    return moment.astimezone(UTC)


def _json(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value or {})
