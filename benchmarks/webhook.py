"""Webhooks: none lost, how fast they are acknowledged, how fast they are applied.

python benchmarks/webhook.py [--database sqlite|postgresql] [--events 10000]

The service is ``po-toolkit webhook serve`` in a process of its own, the load comes from another
one, both on this machine. Events are ``invoice_payment.paid``, which need no call to Stripe; each
pays another invoice.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, insert, select

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.load import SECRET
from po_toolkit.bootstrap import open_database
from po_toolkit.config import Settings
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store
from po_toolkit.store.tables import (
    Conference,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
    WebhookEvent,
)

SLUG = "bench-2027"
LOAD = Path(__file__).parent / "load.py"
WARMING_UP = 500
"""Events before a paced run, so that it does not measure the worker's start."""


def conference_settings() -> dict[str, object]:
    return {
        "name": "Benchmark",
        "currency": "usd",
        "stripe_secret_key": "sk_test_benchmark0123456789",
        "stripe_webhook_secret": SECRET,
    }


def fill(url: str, count: int) -> Store:
    """Make a database with an open invoice of 100.00 for each event."""
    store = open_database(Settings(database_url=url, conferences={SLUG: conference_settings()}))
    now = utc_now()
    with store._writer.begin() as connection:  # noqa: SLF001 rows in bulk
        conference = connection.execute(select(Conference.id)).scalar_one()
        for start in range(1, count + 1, 1000):
            numbers = range(start, min(start + 1000, count + 1))
            connection.execute(insert(PurchaseOrder), [_order(n, conference, now) for n in numbers])
            connection.execute(insert(PurchaseOrderLineItem), [_line(n) for n in numbers])
            connection.execute(insert(Invoice), [_invoice(n, conference, now) for n in numbers])
    return store


def _order(n: int, conference: int, now: object) -> dict[str, object]:
    return {
        "id": n,
        "conference_id": conference,
        "reference": f"PO-{n:08d}",
        "organization_name": f"Sponsor {n}",
        "organization_key": f"sponsor {n}",
        "contact_email": f"ap{n}@example.org",
        "currency": "usd",
        "status": "sent",
        "created_at": now,
        "updated_at": now,
    }


def _line(n: int) -> dict[str, object]:
    return {
        "purchase_order_id": n,
        "position": 1,
        "description": "Booth",
        "quantity": 1,
        "unit_price": 100_00,
        "line_total": 100_00,
    }


def _invoice(n: int, conference: int, now: object) -> dict[str, object]:
    return {
        "conference_id": conference,
        "purchase_order_id": n,
        "generation": 1,
        "state": "sent",
        "step": "done",
        "currency": "usd",
        "stripe_invoice_id": f"in_{n:08d}",
        "stripe_status": "open",
        "sent_at": now,
        "created_at": now,
        "updated_at": now,
    }


class Service:
    """``po-toolkit webhook serve``, which can be killed and started again."""

    def __init__(self, url: str, *, work: bool = True) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment = {
            **os.environ,
            "PO_TOOLKIT_DATABASE_URL": url,
            "PO_TOOLKIT_CONFERENCES": json.dumps({SLUG: conference_settings()}),
        }
        self._work = work
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "po_toolkit", "webhook", "serve", "--port", str(self.port),
                   "--sync-minutes", "0", *([] if self._work else ["--no-work"])]  # fmt: skip
        self.process = subprocess.Popen(
            command, env=self._environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1)
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("the service did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def load(
    port: int, first: int, count: int, connections: int = 32, per_second: float = 0
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, float]]]:
    """Run the load in its own process; yields it, and its figures once the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        arguments = map(str, (port, first, count, connections, per_second, out))
        process = subprocess.Popen([sys.executable, str(LOAD), *arguments])
        figures: dict[str, float] = {}
        yield process, figures
        if process.wait():
            raise RuntimeError("the load generator failed")
        figures.update(json.loads(out.read_text()))


def counts(store: Store) -> tuple[int, int, int]:
    """Return how many events are stored, how many are worked, and how many are in the ledger."""
    with store.reading() as session:
        by_state = dict(
            session.execute(
                select(WebhookEvent.state, func.count()).group_by(WebhookEvent.state)
            ).all()
        )
        entries = session.scalar(select(func.count()).select_from(LedgerEntry))
    return sum(by_state.values()), by_state.get("processed", 0), entries or 0


def drained(store: Store, wanted: int) -> float:
    """Wait until so many are worked; return how long it took."""
    started = time.perf_counter()
    while counts(store)[1] < wanted:
        if time.perf_counter() - started > 300:
            raise RuntimeError(f"only {counts(store)} of {wanted}")
        time.sleep(0.05)
    return time.perf_counter() - started


def burst(url: str, count: int) -> None:
    store = fill(url, count)
    service = Service(url)
    with load(service.port, 1, count) as (_, figures):
        for share in (0.3, 0.6):
            while counts(store)[0] < count * share:
                time.sleep(0.02)
            service.kill()
            service.start()
    wait = drained(store, count)
    stored, worked, entries = counts(store)
    service.stop()
    lost = count - entries
    print(
        f"  burst of {count:,}, killed twice: {stored:,} stored, {worked:,} worked, {entries:,} in "
        f"the ledger, {lost} lost; all acknowledged after {figures['seconds']:.1f} s, all worked "
        f"{wait:.1f} s later"
    )


def rates(url: str, count: int) -> None:
    store = fill(url, count)
    service = Service(url, work=False)
    with load(service.port, 1, count) as (_, figures):
        pass
    print(
        f"  acknowledged, work elsewhere: {count / figures['seconds']:,.0f}/s, p50 "
        f"{figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms"
    )
    service.stop()
    service = Service(url)
    started = time.perf_counter()
    already = counts(store)[1]
    drained(store, count)
    took = time.perf_counter() - started
    service.stop()
    print(f"  applied from a backlog: {(count - already) / took:,.0f}/s")


def together(url: str, count: int) -> None:
    store = fill(url, count)
    service = Service(url)
    started = time.perf_counter()
    with load(service.port, 1, count) as (_, figures):
        pass
    drained(store, count)
    took = time.perf_counter() - started
    service.stop()
    print(
        f"  both in one process: acknowledged {count / figures['seconds']:,.0f}/s, p50 "
        f"{figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms; acknowledged and applied "
        f"{count / took:,.0f}/s"
    )


def paced(url: str, count: int) -> None:
    store = fill(url, count + WARMING_UP)
    service = Service(url)
    with load(service.port, 1, WARMING_UP):
        pass
    drained(store, WARMING_UP)
    with load(service.port, WARMING_UP + 1, count, per_second=500) as (_, figures):
        pass
    drained(store, WARMING_UP + count)
    service.stop()
    print(
        f"  at 500 a second, worked at once: p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} "
        f"ms over {figures['seconds']:.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--events", type=int, default=10_000)
    chosen = parser.parse_args()
    for kind in chosen.database or ["sqlite", "postgresql"]:
        print(f"{kind}, {os.cpu_count()} cores shared with the load generator")
        for measure in (burst, rates, together, paced):
            count = min(chosen.events, 5_000) if measure is paced else chosen.events
            with fresh_database(kind) as url:
                measure(url, count)


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """Make a database and return its address."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/books.db"
        return
    from tests.postgres import running

    with running() as server:
        yield server.url(server.create())


if __name__ == "__main__":
    main()
