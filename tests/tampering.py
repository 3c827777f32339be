"""Changes rows that the database itself keeps from being changed, as somebody with a tool could."""

from __future__ import annotations

from po_toolkit.store.database import Store
from po_toolkit.store.schema import APPEND_ONLY


def tamper(store: Store, statement: str) -> None:
    """Drop the triggers that guard the ledger, then run a statement."""
    sqlite = store.engine.dialect.name == "sqlite"
    with store.bookkeeping() as connection:
        for table in APPEND_ONLY:
            for event in ("update", "delete"):
                on = "" if sqlite else f" ON {table}"
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{event}{on}")
        connection.exec_driver_sql(statement)
