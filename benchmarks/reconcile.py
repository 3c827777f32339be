"""How long a whole reconciliation takes, and how that grows.

    python benchmarks/reconcile.py [--sizes 1000,10000,100000]

Each purchase order has 4 lines, an invoice and 1.5 payments; one in fifty does not add up. For
each size a fresh SQLite database is filled, then in processes of their own, so that the peak of
memory is theirs alone: the whole reconciliation (every table and every discrepancy), the queries
of the summary page, and the rows and totals alone by loading everything through the ORM. The two
are compared by CPU time, which other work on the machine disturbs least; they must agree.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import selectinload

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.domain.sums import money_status
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.front_page import front_page
from po_toolkit.store.conferences import by_slug
from po_toolkit.store.database import open_store
from po_toolkit.store.purchase_orders import SENT_STATES
from po_toolkit.store.schema import migrate
from po_toolkit.store.tables import (
    Conference,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

AS_OF = date(2027, 6, 30)
LINES = 4
CHUNK = 5_000


def fill(path: Path, size: int) -> None:
    """Make a database with a season's books."""
    store = open_store(f"sqlite:///{path}")
    migrate(store)
    with store.writing(STRIPE, Act.SYNC) as uow:
        uow.session.add(Conference(slug="c", name="C", currency="usd", timezone="Europe/Berlin"))
        uow.session.flush()
        for start in range(1, size + 1, CHUNK):
            numbers = range(start, min(start + CHUNK, size + 1))
            for table, rows in season(numbers).items():
                uow.session.execute(insert(table), rows)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    store.engine.dispose()


def season(numbers: range) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of some purchase orders by table."""
    rows: dict[Any, list[dict[str, Any]]] = {
        PurchaseOrder: [],
        PurchaseOrderLineItem: [],
        Invoice: [],
        LedgerEntry: [],
    }
    for n in numbers:
        created = datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=n % 90)
        due = created.date() + timedelta(days=30)
        prices = [50_000 + n % 1000, 12_345, 8_000, -2_345]
        total = sum(prices)
        payments = {0: [total // 2], 1: [total // 2, total - total // 2]}[n % 2]
        if n % 50 == 0:
            payments = [total, total]
        status = "overpaid" if n % 50 == 0 else "paid" if n % 2 else "partially_paid"
        rows[PurchaseOrder].append(
            {
                "id": n,
                "uuid": UUID(int=n),
                "conference_id": 1,
                "reference": f"PO-{n:06}",
                "organization_name": f"Sponsor {n}",
                "organization_key": f"sponsor {n}",
                "po_number": f"45{n}",
                "po_number_key": f"45{n}",
                "contact_email": f"ap{n}@sponsor.example",
                "currency": "usd",
                "status": status,
                "due_date": due,
                "created_at": created,
            }
        )
        rows[PurchaseOrderLineItem] += [
            {
                "purchase_order_id": n,
                "position": position,
                "description": "Sponsorship",
                "quantity": 1,
                "unit_price": price,
                "line_total": price,
            }
            for position, price in enumerate(prices)
        ]
        rows[Invoice].append(
            {
                "id": n,
                "conference_id": 1,
                "purchase_order_id": n,
                "generation": 1,
                "state": "paid" if n % 2 else "sent",
                "step": "done",
                "currency": "usd",
                "stripe_invoice_id": f"in_{n}",
                "stripe_status": "paid" if n % 2 else "open",
                "stripe_total": total,
                "stripe_amount_paid": sum(payments),
                "due_date": due,
                "sent_at": created,
                "created_at": created,
            }
        )
        rows[LedgerEntry] += [
            {
                "uuid": UUID(int=n * 10 + i),
                "conference_id": 1,
                "purchase_order_id": n,
                "invoice_id": n,
                "kind": "payment",
                "method": "stripe",
                "amount": amount,
                "currency": "usd",
                "source": "stripe",
                "source_id": f"inpay_{n}_{i}",
                "payment_date": created.date() + timedelta(days=10),
                "entered_by": "stripe",
            }
            for i, amount in enumerate(payments)
        ]
    return rows


def ours(path: Path) -> dict[str, dict[str, int]]:
    """Make every table of the reconciliation."""
    store = open_store(f"sqlite:///{path}")
    with store.reading() as session:
        conference = by_slug(session, "c")
    made = reconcile_conference(store, conference, as_of=AS_OF)
    for table in ("rows", "summary", "ageing", "months", "discrepancies", "invoices", "entries"):
        getattr(made, table)
    return made.totals


def through_the_orm(path: Path) -> dict[str, dict[str, int]]:
    """Make rows and totals by loading everything through the ORM."""
    store = open_store(f"sqlite:///{path}")
    totals: dict[str, dict[str, int]] = {}
    rows = []
    with store.reading() as session:
        orders = session.scalars(
            select(PurchaseOrder).options(
                selectinload(PurchaseOrder.line_items),
                selectinload(PurchaseOrder.invoices),
                selectinload(PurchaseOrder.entries),
                selectinload(PurchaseOrder.credit_notes),
            )
        ).all()
        for order in orders:
            sums, live = order.sums, order.live_invoice
            sent = live is not None and live.state in SENT_STATES
            status = money_status(sums, sent=sent, cancelled=order.cancelled_at is not None)
            rows.append((order.reference, order.organization_name, status, sums))
            there = totals.setdefault(order.currency, {})
            for name in ("total", "credited", "paid", "refunded", "balance"):
                if order.cancelled_at is None:
                    there[name] = there.get(name, 0) + getattr(sums, name)
    return totals


def summary_page(path: Path) -> dict[str, float]:
    """Ask what the summary page asks, twice, and time the second."""
    store = open_store(f"sqlite:///{path}")
    with store.reading() as session:
        conference = by_slug(session, "c")
    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        front_page(store, conference, today=AS_OF)
        seconds = time.perf_counter() - start
    return {"seconds": seconds}


WAYS = {"ours": ours, "orm": through_the_orm, "summary": summary_page}


def measured(way: str, path: Path) -> dict[str, Any]:
    """Run one way in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--database", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def one_way(way: str, path: Path) -> None:
    """Run in this process and print what it took."""
    start, cpu = time.perf_counter(), time.process_time()
    result = WAYS[way](path)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "result": result}))


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--database", type=Path)
    chosen = parser.parse_args()
    if chosen.way:
        one_way(chosen.way, chosen.database)
        return
    print(
        "    POs   whole s  of it CPU  peak MB   ORM s  of it CPU  ORM MB  times  summary ms  grew"
    )
    before = None
    for size in (int(s) for s in chosen.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "books.db"
            fill(path, size)
            whole, orm, summary = (measured(w, path) for w in ("ours", "orm", "summary"))
        for currency, sums in orm["result"].items():
            same = {name: whole["result"][currency][name] for name in sums}
            if same != sums:
                raise SystemExit(f"The two ways disagree: {same} and {sums}")
        growth = f"{whole['cpu'] / before:.1f}x" if before else ""
        before = whole["cpu"]
        print(
            f"{size:7} {whole['seconds']:9.2f} {whole['cpu']:10.2f} {whole['peak_mb']:8.0f} "
            f"{orm['seconds']:7.2f} {orm['cpu']:10.2f} {orm['peak_mb']:7.0f} "
            f"{orm['cpu'] / whole['cpu']:6.1f} {1000 * summary['result']['seconds']:11.0f} "
            f"{growth:>5}",
            flush=True,
        )


if __name__ == "__main__":
    main()
