"""Opening the database, reading from it, and writing to it in one transaction."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from copy import copy
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, create_engine, event, exists, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from po_toolkit.domain.roles import Act, Actor, require
from po_toolkit.errors import NotFoundError, SettingsError
from po_toolkit.store import audit_chain
from po_toolkit.store.columns import utc_now
from po_toolkit.store.history import keep_history
from po_toolkit.store.tables import (
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)


class UnitOfWork:
    """One transaction by one actor: everything in it happens, or nothing.

    Attributes:
        connection: For statements; what they change, a row that the session has loaded misses.
        actor: Who acts.
        now: The clock that names the transaction's day.
    """

    def __init__(
        self, connection: Connection, actor: Actor, now: Callable[[], datetime], ends: ExitStack
    ) -> None:
        """Bind the transaction to who acts in it, and the session to the end of both."""
        self.connection = connection
        self.actor = actor
        self.now = now
        self._ends = ends
        self._trail: list[dict[str, Any]] = []

    @cached_property
    def session(self) -> Session:
        """The same transaction for mapped rows; what needs none goes without its cost."""
        session = WritingSession(self.connection, expire_on_commit=False)
        self._ends.enter_context(session)
        self._ends.enter_context(session.begin())
        return session

    def lock_purchase_order(self, purchase_order_id: int) -> PurchaseOrder:
        """Lock one purchase order's row and load it afresh with all that belongs to it.

        Raises:
            NotFoundError: It does not exist.
        """
        found = self.lock_purchase_orders([purchase_order_id])
        if not found:
            raise NotFoundError(f"There is no purchase order with id {purchase_order_id}.")
        return found[purchase_order_id]

    def lock_as_read(self, order: PurchaseOrder) -> PurchaseOrder:
        """Lock a purchase order that was read whole before; load it afresh if it has changed.

        Reading it before the transaction keeps SQLite's one writer short. One with an invoice is
        always loaded afresh, since leases are renewed without a trace. One that is as it was read
        is not part of the session.

        Raises:
            NotFoundError: It is gone.
        """
        which = {"order_id": order.id}
        if (
            not order.invoices
            and self.connection.execute(_LOCK, which).scalar_one_or_none() == order.updated_at
            and not self.connection.execute(_INVOICED, which).scalar_one()
        ):
            return order
        return self.lock_purchase_order(order.id)

    def lock_purchase_orders(self, ids: Iterable[int]) -> dict[int, PurchaseOrder]:
        """Lock several purchase orders, always in the same order, so that none waits in a ring."""
        self.session.flush()
        which = {"ids": sorted(set(ids))}
        orders = read_whole(self.session, _LOCK_WHOLE, which, populate_existing=True)
        return {order.id: order for order in orders}

    def audit(
        self,
        act: Act,
        subject: Any,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Note who did what to which row; values must be JSON."""
        if subject.id is None:
            self.session.flush()
        self._trail.append(
            {
                "at": utc_now(),
                "actor": self.actor.name,
                "act": act.value,
                "conference_id": getattr(subject, "conference_id", None)
                or (subject.id if type(subject).__name__ == "Conference" else None),
                "subject_type": type(subject).__name__,
                "subject_id": str(subject.id),
                "before": before or {},
                "after": after or {},
            }
        )

    def close(self) -> None:
        """Write the audit log; the last thing before the transaction is committed."""
        if "session" in self.__dict__:
            self.session.flush()
        if self._trail:
            audit_chain.append(self.connection, self._trail)


WHOLE = (joinedload(PurchaseOrder.conference), joinedload(PurchaseOrder.import_batch))
"""What :func:`read_whole` reads along with a purchase order itself."""


def read_whole(
    session: Session, statement: Select[Any], values: Mapping[str, Any], **how: Any
) -> list[PurchaseOrder]:
    """Return purchase orders, each once, with everything their sums and story need.

    Statements that are put together once cost half of what a loader's do, which are made each time.
    ``how`` are execution options, for what belongs to the purchase orders too.
    """
    rows = session.scalars(statement, values, execution_options=how)
    orders = {order.id: order for order in rows}
    names = list(orders)
    for name, part in _PARTS.items():
        found: dict[int, list[Any]] = {order_id: [] for order_id in orders}
        for start in range(0, len(names), _AT_ONCE):
            ids = {"ids": names[start : start + _AT_ONCE]}
            for row in session.scalars(part, ids, execution_options=how):
                found[row.purchase_order_id].append(row)
        for order_id, order in orders.items():
            set_committed_value(order, name, found[order_id])
    return list(orders.values())


def _part(kind: Any, order: Any) -> Any:
    mine = kind.purchase_order_id.in_(bindparam("ids", expanding=True))
    return select(kind).where(mine).order_by(order)


_PARTS = {
    "line_items": _part(PurchaseOrderLineItem, PurchaseOrderLineItem.position),
    "invoices": _part(Invoice, Invoice.generation),
    "entries": _part(LedgerEntry, LedgerEntry.id),
    "credit_notes": _part(CreditNote, CreditNote.id),
}
_AT_ONCE = 500
_LOCK_WHOLE = (
    select(PurchaseOrder)
    .where(PurchaseOrder.id.in_(bindparam("ids", expanding=True)))
    .options(*WHOLE)
    .order_by(PurchaseOrder.id)
    .with_for_update(of=PurchaseOrder)
)


_LOCK = (
    select(PurchaseOrder.updated_at)
    .where(PurchaseOrder.id == bindparam("order_id"))
    .with_for_update()
)
_INVOICED = select(exists().where(Invoice.purchase_order_id == bindparam("order_id")))
"""Asked once the row is locked: what PostgreSQL sees in the same statement may be older."""

CONNECT_SECONDS = 10
"""How long a database server that does not answer is waited for."""

STATEMENTS = 1000
"""How many statements a connection to SQLite keeps prepared; Python's 128 are fewer than we use."""

POOL_SIZE = 20
"""Connections kept open; as many again may be open for a moment. A batch has 32 threads."""


class WritingSession(Session):
    """A session that keeps what it replaces; see :mod:`po_toolkit.store.history`."""


keep_history(WritingSession, utc_now)


class Store:
    """The database of one installation."""

    def __init__(self, engine: Engine) -> None:
        """Take an engine; on SQLite, make its transactions lock as PostgreSQL's rows do."""
        self.engine = engine
        self.now: Callable[[], datetime] = utc_now
        if engine.dialect.name == "sqlite" and not event.contains(engine, "begin", _begin):
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin)
            engine.dispose()
        self._writer = engine.execution_options(po_toolkit_writes=True)
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

    def by_clock(self, now: Callable[[], datetime]) -> Store:
        """Return the same database, whose transactions take the day from another clock."""
        other = copy(self)
        other.now = now
        return other

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session for reading; nothing it changes is kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, actor: Actor, act: Act) -> Iterator[UnitOfWork]:
        """Open a transaction: committed at the end, rolled back on any exception.

        Raises:
            NotAllowedError: The actor's role does not permit the act.
        """
        require(actor, act)
        with self._turn, self._writer.begin() as connection, ExitStack() as ends:
            uow = UnitOfWork(connection, actor, self.now, ends)
            yield uow
            uow.close()

    @contextmanager
    def bookkeeping(self) -> Iterator[Connection]:
        """Open a transaction for what is nobody's act: leases, queues, deliveries, the schema.

        SQLite takes one writer at a time and lets the others poll; threads of one process wait
        for each other in line instead.
        """
        with self._turn, self._writer.begin() as connection:
            yield connection

    def compact(self) -> None:
        """Write the database's file again without what was changed or deleted.

        SQLite waits for readers; PostgreSQL frees the room that old versions of rows take.
        """
        with self._turn, self.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            if connection.dialect.name == "sqlite":
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open a transaction that changes the tables; other processes wait until it ends.

        On SQLite, whose tables are made again to change them, foreign keys are checked at the end.
        """
        with self._turn, self._writer.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                raw.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    if not sqlite:
                        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7630150)")
                    yield connection
                    if sqlite and (broken := raw.execute("PRAGMA foreign_key_check").fetchall()):
                        raise SettingsError(f"Rows refer to others that are gone: {broken[:5]}.")
            finally:
                if sqlite and not connection.invalidated:  # as it is after Ctrl-C
                    raw.execute("PRAGMA foreign_keys=ON")


def open_store(database_url: str) -> Store:
    """Open the database at an SQLAlchemy URL, e.g. ``sqlite:///po_toolkit.db``.

    Raises:
        SettingsError: The URL cannot be understood or its driver is not installed.
    """
    try:
        url = make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", database_url))
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            _make_private(Path(str(url.database)).expanduser())
        options: dict[str, Any] = {
            "pool_pre_ping": url.get_backend_name() != "sqlite",
            "hide_parameters": True,  # sponsors' data are no text of an error
        }
        if url.get_backend_name() == "postgresql":
            options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
        elif url.get_backend_name() == "sqlite":
            options["connect_args"] = {"cached_statements": STATEMENTS}
        if url.database not in (None, "", ":memory:"):
            options |= {"pool_size": POOL_SIZE, "max_overflow": POOL_SIZE}
        return Store(create_engine(url, **options))
    except (ArgumentError, OSError):
        raise SettingsError(
            "database_url is not a database address; write it like sqlite:///po_toolkit.db or "
            "postgresql://user:password@host/database."
        ) from None
    except ImportError:
        raise SettingsError(
            "PostgreSQL's driver is not installed; run: pip install 'po-toolkit[postgres]'."
        ) from None


def _make_private(path: Path) -> None:
    """Make the file of a database for its owner alone; SQLite gives its log the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists() and not str(path).startswith("file:"):
        with contextlib.suppress(OSError):  # SQLite says what is wrong
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(_LET_SQLITE_WAIT)
    cursor.close()


_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.0005
_LET_SQLITE_WAIT = f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000:.0f}"


def _begin(connection: Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    if not connection.get_execution_options().get("po_toolkit_writes"):
        raw.execute("BEGIN")  # waits for nobody, so that there is nothing to translate
        return
    raw.execute("PRAGMA busy_timeout=0")
    try:
        if not _writes(raw):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # which says what is wrong
    finally:
        raw.execute(_LET_SQLITE_WAIT)


def _writes(raw: Any) -> bool:
    """Take the write lock as soon as it is free; tell whether that came in time.

    SQLite's own waiting sleeps up to 100 ms at a time, in which busier processes take the lock
    again and again.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
