"""Failures of the database that stand in the way of all work, and what to do about them."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError

BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_SQLITE = {
    sqlite3.SQLITE_FULL: "The disk of the database is full. Free some space",
    sqlite3.SQLITE_READONLY: "The database file is read-only. Make it and its folder writable",
    sqlite3.SQLITE_IOERR: "The disk of the database reports errors. Check the disk",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened. Check that its folder exists "
    "and is writable",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged. Restore a backup",
    sqlite3.SQLITE_NOTADB: "The database file is not a SQLite database. Restore a backup",
}
_POSTGRES = {
    "53100": "The disk of the database server is full. Free some space",
    "25006": "The database server accepts no writes. Connect to its primary",
    "42501": "The database user may not write. Grant it the rights",
}
_AFTER = ", then run the same again. Nothing is lost and nothing is billed twice."


def cause_of(error: BaseException | None) -> str:
    """Return why the database cannot be used, or ``""`` where the failure has another cause.

    Sources: sqlite.org/rescode.html; PostgreSQL, appendix "Error Codes".
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if found := _cause(error):
            return found + _AFTER
        error = error.__cause__ or error.__context__
    return ""


def is_busy(error: BaseException) -> bool:
    """Tell whether another writer merely held the database for long."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(driver, "sqlite_errorcode", None)
    return (code is not None and code & 0xFF in BUSY) or "database is locked" in str(driver)


def _cause(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _SQLITE[sqlite3.SQLITE_FULL]
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return _SQLITE[sqlite3.SQLITE_READONLY]
    driver: Any = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        return _of_sqlite(driver)
    state = getattr(driver, "sqlstate", None)
    if isinstance(error, DBAPIError) and type(driver).__module__.startswith("psycopg"):
        if state in _POSTGRES:
            return _POSTGRES[state]
        lost = state is None and type(driver).__name__ in ("OperationalError", "InterfaceError")
        if lost or error.connection_invalidated or str(state)[:3] in ("080", "57P", "533"):
            return "The database server does not answer. Start it or check the network"
    return ""


def _of_sqlite(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, "")
    return _SQLITE[sqlite3.SQLITE_FULL] if "disk is full" in str(error) else ""
