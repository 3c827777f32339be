"""Works the batches: DBOS executes, our tables say what is to be done.

The items of a batch are the truth. A feeder hands a few at a time to a durable queue, as one
workflow each; what a dead process left behind is handed out again, since its lease runs out. A
workflow may therefore run twice, and the journal of each invoice makes that harmless.
Any number of processes may run an engine on one database.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url

from po_toolkit.bootstrap import open_database
from po_toolkit.config import Settings
from po_toolkit.errors import PoToolkitError
from po_toolkit.jobs.desk import Desk
from po_toolkit.store import batches

log = structlog.get_logger(__name__)

NAME = "po-toolkit"
QUEUE = "invoices"
CONCURRENCY = 32
"""Purchase orders in hand in one process; at 150 ms a call 15 fill the account's limit."""

APPLICATION_VERSION = "1"
"""Changes only when the workflow's arguments change their meaning."""

LOOK_SECONDS = 0.15
"""How often batches are looked at for more work; what is in hand lasts two seconds or longer."""

DEQUEUE_SECONDS = 0.2

READ_AT_ONCE = 16
"""So many purchase orders are read and queued together; the first ones do not wait for the rest."""

KEEP_HISTORY = timedelta(days=1)

_desk: Desk | None = None


@DBOS.workflow(name="invoice_item")
def _invoice_item(item_id: int, round_: int, slug: str, reference: str, options: Any) -> None:
    if _desk is not None:
        send, entered_by = options
        _desk.work(
            batches.Assignment(item_id, round_, slug, reference, bool(send), str(entered_by))
        )


class Engine:
    """The batch engine of this process; one at a time.

    Args:
        settings: Which conferences, and the database.
        only: Work just these batches; by default every unfinished one.
        concurrency: Purchase orders in hand at once.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        only: Iterable[int] | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._settings = settings
        self._only = None if only is None else set(only)
        self._concurrency = concurrency
        self._store = open_database(settings)
        self._stop = threading.Event()
        self._feeder = threading.Thread(target=self._feed, daemon=True, name="batch-feeder")
        self._desk = Desk(settings, self._store)

    def start(self) -> Self:
        """Launch DBOS and begin to work."""
        _elsewhere(self._launch)
        gc.freeze()  # what is loaded by now stays; looking through it again stops every thread
        self._feeder.start()
        return self

    def stop(self) -> None:
        """Stop taking work, let go of what is in hand after it is finished."""
        self._stop.set()
        self._feeder.join()
        _elsewhere(partial(DBOS.destroy, workflow_completion_timeout_sec=60))
        self._desk.stop()

    def _launch(self) -> None:
        global _desk  # noqa: PLW0603 DBOS is one a process, and so is what its steps work with
        _desk = self._desk
        DBOS(
            config={
                **queue_database(self._settings.database_url),
                "application_version": APPLICATION_VERSION,
                "executor_id": uuid4().hex,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=DEQUEUE_SECONDS,
        )
        _forget_history()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _feed(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self._hand_out()
            except PoToolkitError as error:
                log.warning("batch waits", error=str(error))
                self._stop.wait(1)
            except Exception:
                log.exception("batch feeder failed; it goes on")
                self._stop.wait(1)

    def _hand_out(self) -> None:
        now = datetime.now(UTC)
        with self._store.reading() as session:
            room = 2 * self._concurrency - batches.in_hand(session, now)
            running = batches.unfinished(session, self._settings.conferences)
        for batch, slug in running:
            if self._only is not None and batch.id not in self._only:
                continue
            if batch.customers_found_at is None:
                self._desk.find_customers(batch, slug)
            taken = batches.take(self._store, batch, slug, now, max(room, 0))
            room -= len(taken)
            for start in range(0, len(taken), READ_AT_ONCE):
                some = taken[start : start + READ_AT_ONCE]
                self._desk.read_ahead(some)
                for assignment in some:
                    _enqueue(assignment)
            if not taken and batches.end_if_done(self._store, batch.id, now):
                self._desk.tell_of_earlier_money(batch, slug)


def _elsewhere(act: Callable[[], None]) -> None:
    """Do it in a thread of its own: DBOS refuses where the caller's runs an event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(act).result()


def queue_database(database_url: str) -> DBOSConfig:
    """Return where DBOS keeps its queue: beside an SQLite file, or in the same PostgreSQL.

    The file need not survive a power cut to the last commit, since the queue is filled again from
    the batches; the books' own file does.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return {"name": NAME, "system_database_url": address}
    path = Path(str(url.database or "po_toolkit.db"))
    address = f"sqlite:///{path.with_name(f'{path.stem}.jobs.db')}"
    engine = create_engine(address, connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare)
    return {"name": NAME, "system_database_url": address, "system_database_engine": engine}


def _prepare(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _enqueue(work: batches.Assignment) -> None:
    with SetWorkflowID(f"invoice-item-{work.item_id}-{work.round}"):
        DBOS.enqueue_workflow(
            QUEUE,
            _invoice_item,
            work.item_id,
            work.round,
            work.slug,
            work.reference,
            [work.send, work.entered_by],
        )


def _forget_history() -> None:
    """Delete workflows of past days; the batch's items keep their results."""
    before = (datetime.now(UTC) - KEEP_HISTORY).isoformat()
    while old := DBOS.list_workflows(
        end_time=before, load_input=False, load_output=False, limit=1000
    ):
        DBOS.delete_workflows([workflow.workflow_id for workflow in old])
