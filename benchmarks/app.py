"""How quick the app's pages are, and how they bear twenty people at once.

    python benchmarks/app.py [--sizes 10000,100000] [--users 20] [--seconds 60]

For each size a fresh SQLite database is filled (4 lines and 1.5 payments for each purchase order),
then every page's script is run as for a new visitor, without a browser; beside the elapsed time
stands the CPU time of the script alone, which is nearly the same on a busy machine (the harness
around it looks through all installed packages at each run, as a server does once, when it starts;
that takes 0.25 s and is part of the elapsed time only). At the first size a server
is started and people click through all pages over its websocket, one click every three seconds
each, while their pages look for news every three seconds as in a browser.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
PAGES = (
    "home",
    "import",
    "invoice",
    "orders",
    "order",
    "reconciliation",
    "bank",
    "payouts",
    "activity",
    "settings",
)
THINK_SECONDS = 3.0
LIMITS = {"home": 0.5}
LIMIT = 1.0
P95_LIMIT = 2.0

DRAFTS = """
DROP TRIGGER ledger_entries_no_delete;
DELETE FROM ledger_entries WHERE purchase_order_id % 10 = 0;
DELETE FROM invoices WHERE purchase_order_id % 10 = 0;
UPDATE purchase_orders SET status = 'draft' WHERE id % 10 = 0;
INSERT INTO sync_cursors (conference_id, last_event_id, recent_events, last_sync_at, last_sweep,
                          last_error, last_reminders)
VALUES (1, '', '[]', datetime('now'), '{}', '', '{}');
"""
"""One purchase order in ten is still to be invoiced; a sync read the payments of the others."""

SUMS = """
UPDATE purchase_orders SET
  sum_total = (SELECT sum(line_total) FROM purchase_order_line_items l
               WHERE l.purchase_order_id = purchase_orders.id),
  sum_paid = coalesce((SELECT sum(amount) FROM ledger_entries e
                       WHERE e.purchase_order_id = purchase_orders.id), 0)
"""


def prepare(folder: Path, size: int) -> Path:
    """Fill a database and write the settings that name it."""
    import sqlite3

    from reconcile import fill  # beside this file

    database = folder / f"{size}.db"
    fill(database, size)
    connection = sqlite3.connect(database)
    connection.executescript(DRAFTS + SUMS)
    connection.commit()
    connection.close()
    config = folder / f"{size}.toml"
    config.write_text(
        f'[po_toolkit]\ndatabase_url = "sqlite:///{database}"\n'
        '[po_toolkit.conferences.c]\nname = "C"\ntimezone = "Europe/Berlin"\n'
        'stripe_secret_key = "sk_test_benchmark"\n'
    )
    return config


def time_pages(config: Path) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each page and of its script's CPU, in a separate process."""
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import app; app.child()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PO_TOOLKIT_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    times: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return {page: (elapsed, cpu) for page, (elapsed, cpu) in times.items()}


def child() -> None:
    """Time the pages; printed as JSON."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    context: Any = type(st.context)  # a visitor on this machine, who needs no token
    context.headers, context.ip_address = {"Host": "127.0.0.1:8501"}, None

    spent: list[float] = []

    def script(start: str, spent: list[float]) -> None:
        import time

        from po_toolkit.ui.shell import run

        used = time.thread_time()
        try:
            run(start)
        finally:
            spent.append(time.thread_time() - used)

    found = {}
    for page in ("settings", *PAGES):  # the first visit pays for the imports
        seconds: list[float] = []
        spent.clear()
        for _ in range(3):
            visit = AppTest.from_function(script, args=(page, spent), default_timeout=300)
            if page == "order":
                visit.query_params["po"] = "PO-000007"
            began = time.perf_counter()
            visit.run()
            seconds.append(time.perf_counter() - began)
            if visit.exception or visit.error:
                sys.exit(f"{page}: {visit.exception or visit.error}")
        found[page] = statistics.median(seconds), statistics.median(spent)
    print(json.dumps(found))


class Person:
    """Somebody who clicks through the pages over the server's websocket."""

    def __init__(self, port: int, until: float, seed: int) -> None:
        """Open nothing yet."""
        self._port = port
        self._until = until
        self._random = random.Random(seed)
        self.waits: list[tuple[str, float]] = []
        self.failed = 0

    def run(self) -> None:
        """Click until the time is over."""
        from websockets.sync.client import connect

        origin = f"http://127.0.0.1:{self._port}"
        address = f"ws://127.0.0.1:{self._port}/_stcore/stream"
        with connect(
            address, origin=origin, subprotocols=["streamlit"], max_size=None
        ) as self._socket:
            self._pages: dict[str, str] = {}
            self._watches: set[str] = set()
            self._click("")
            time.sleep(self._random.uniform(0, THINK_SECONDS))
            while time.perf_counter() < self._until:
                began = time.perf_counter()
                page = self._random.choice(PAGES)
                self._click(page)
                self.waits.append((page, time.perf_counter() - began))
                if self._watches:
                    self._send(fragment_id=self._random.choice(sorted(self._watches)))
                    self._finish()
                rest = THINK_SECONDS - (time.perf_counter() - began)
                time.sleep(max(rest, 0) * self._random.uniform(0.7, 1.3))

    def _click(self, page: str) -> None:
        self._watches = set()
        query = "po=PO-000007" if page == "order" else ""
        self._send(page_script_hash=self._pages.get(page, ""), query_string=query)
        self._finish()

    def _send(self, **state: str) -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        message.rerun_script.SetInParent()
        for name, value in state.items():
            setattr(message.rerun_script, name, value)
        self._socket.send(message.SerializeToString())

    def _finish(self) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        while True:
            message = ForwardMsg()
            message.ParseFromString(bytes(self._socket.recv(timeout=120)))
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self._pages = {
                    p.url_pathname or "home": p.page_script_hash
                    for p in message.navigation.app_pages
                }
            elif kind == "auto_rerun":
                self._watches.add(message.auto_rerun.fragment_id)
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                self.failed += 1
            elif kind == "script_finished":
                return


def load(config: Path, users: int, seconds: float) -> tuple[list[tuple[str, float]], int]:
    """Return page and wait of each click, and how many pages failed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"],
        cwd=ROOT,
        env={**os.environ, "PO_TOOLKIT_CONFIG": str(config)},
        stdout=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except (URLError, OSError):
                time.sleep(0.1)
        warm = Person(port, 0, 0)
        warm.run()
        people = [Person(port, time.perf_counter() + seconds, n) for n in range(users)]
        threads = [threading.Thread(target=person.run) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait(60)
    return [w for p in people for w in p.waits], sum(p.failed for p in people)


def main() -> int:
    """Print the figures; 1 when a promise is broken at the first size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    if given.child:
        child()
        return 0
    sizes = [int(size) for size in given.sizes.split(",")]
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        configs = {size: prepare(Path(folder), size) for size in sizes}
        times = {size: time_pages(config) for size, config in configs.items()}
        print(f"{'page':16}" + "".join(f"{size:>12,} POs{'CPU':>16}" for size in sizes))
        for page in PAGES:
            figures = (s * 1000 for size in sizes for s in times[size][page])
            print(f"{page:16}" + "".join(f"{ms:13.0f} ms" for ms in figures))
            limit, used = LIMITS.get(page, LIMIT), times[sizes[0]][page][1]
            if used > limit:
                broken.append(f"{page} took {used:.2f} s of CPU, more than {limit} s")
        if given.users:
            clicks, failed = load(configs[sizes[0]], given.users, given.seconds)
            broken += _crowd(clicks, failed, given.users, sizes[0])
    for what in broken:
        print(f"NOT MET: {what}", file=sys.stderr)
    return 1 if broken else 0


def _crowd(clicks: list[tuple[str, float]], failed: int, users: int, size: int) -> list[str]:
    """Print how long people waited who clicked at once; return which promises were broken."""
    waits = [wait for _, wait in clicks]
    slowest = {page: max((w for p, w in clicks if p == page), default=0) for page in PAGES}
    worst = max(slowest, key=slowest.__getitem__)
    report: dict[str, Any] = {
        "clicks": len(waits),
        "p50": statistics.median(waits),
        "p95": statistics.quantiles(waits, n=20)[-1],
    }
    print(
        f"{users} people at {size:,} POs: {report['clicks']} clicks, "
        f"p50 {report['p50'] * 1000:.0f} ms, p95 {report['p95'] * 1000:.0f} ms, {failed} failed; "
        f"the longest wait, {slowest[worst]:.1f} s, was for {worst}"
    )
    broken = []
    if report["p95"] > P95_LIMIT:
        broken.append(f"p95 is {report['p95']:.2f} s, more than {P95_LIMIT} s")
    if failed:
        broken.append(f"{failed} pages failed")
    return broken


if __name__ == "__main__":
    sys.exit(main())
