"""How many calls and how long a sync takes: the original's way beside ours.

    python benchmarks/sync.py [--invoices 10000] [--original 40] [--latency 0.15]

The simulator runs in a process of its own, with the same latency and Stripe's sandbox limits for
both. The original asks once for each purchase order, one after another; it is measured on some and
its total is worked out from those. 30 % of the invoices are paid, 2 % refunded.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import stripe
from sqlalchemy import insert, select

sys.path.insert(0, str(Path(__file__).parent.parent))

from po_toolkit.api.sync import sync_conference
from po_toolkit.bootstrap import OpenConference, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.simulator import Simulator, customers, finalization, invoice_payments, invoices
from po_toolkit.simulator.refunds import refund_charge
from po_toolkit.store.columns import utc_now
from po_toolkit.store.tables import Conference, Invoice, PurchaseOrder, PurchaseOrderLineItem

SLUG = "bench-2027"
KEY = "sk_test_benchmark0123456789"
TOTAL = 1_000_00


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--original", type=int, default=40)
    parser.add_argument("--latency", type=float, default=0.15)
    chosen = parser.parse_args()
    with simulated(chosen.invoices, chosen.latency) as (url, ids, talk):
        with tempfile.TemporaryDirectory() as folder:
            opened = fill(f"sqlite:///{folder}/books.db", url, ids)
            print(f"{len(ids):,} invoices, {chosen.latency * 1000:.0f} ms a call, sandbox limits")
            calls, seconds = measure(opened, "first sync")
            print(f"  one call for {len(ids) / calls:.0f} invoices")
            measure(opened, "nothing new")
            talk.send(50)
            talk.recv()
            measure(opened, "50 new payments")
            measure(opened, "everything compared again", full=True)
        theirs = original(url, ids[: chosen.original], len(ids))
    print(
        f"  ratio: {theirs / seconds:.0f} times as fast, {len(ids) / calls:.0f} times fewer calls"
    )


def measure(opened: OpenConference, what: str, *, full: bool = False) -> tuple[int, float]:
    """Sync and print what it took."""
    started = time.perf_counter()
    report = sync_conference(opened, full=full)
    seconds = time.perf_counter() - started
    print(
        f"  {what}: {report.stripe_calls} calls, {seconds:.1f} s, {report.payments_recorded:,} "
        f"payments and {report.refunds_recorded:,} refunds recorded"
    )
    return report.stripe_calls, seconds


def original(url: str, ids: list[str], count: int) -> float:
    """Ask for each invoice by itself, as the original does; return the seconds for all."""
    client = stripe.StripeClient(
        KEY, base_addresses={"api": url}, http_client=stripe.RequestsClient(timeout=30)
    )
    started = time.perf_counter()
    for stripe_id in ids:
        client.v1.invoices.retrieve(stripe_id, {"expand": ["payments"]})
    seconds = (time.perf_counter() - started) / len(ids) * count
    print(f"  the original: {count:,} calls, {seconds:,.0f} s (from {len(ids)} of them)")
    return seconds


def fill(database_url: str, api_base: str, ids: list[str]) -> OpenConference:
    """Make purchase orders whose invoices are these."""
    configured = {"name": "Benchmark", "currency": "usd", "stripe_secret_key": KEY}
    settings = Settings(
        database_url=database_url, stripe_api_base=api_base, conferences={SLUG: configured}
    )
    store = open_database(settings)
    now = utc_now()
    same = {"created_at": now, "updated_at": now, "currency": "usd"}
    with store._writer.begin() as connection:  # noqa: SLF001 rows in bulk
        conference = connection.execute(select(Conference.id)).scalar_one()
        for start in range(0, len(ids), 1000):
            page = list(enumerate(ids[start : start + 1000], start + 1))
            connection.execute(
                insert(PurchaseOrder), [_order(n, conference, same) for n, _ in page]
            )
            connection.execute(insert(PurchaseOrderLineItem), [_line(n) for n, _ in page])
            connection.execute(insert(Invoice), [_invoice(n, conference, i, same) for n, i in page])
    actor = Actor("benchmark", Role.ADMIN)
    return open_conference(SLUG, settings=settings, store=store, actor=actor)


def _order(n: int, conference: int, same: dict[str, Any]) -> dict[str, Any]:
    return {
        **same,
        "id": n,
        "conference_id": conference,
        "reference": f"PO-{n:08d}",
        "organization_name": f"Sponsor {n}",
        "organization_key": f"sponsor {n}",
        "contact_email": f"ap{n}@example.org",
        "status": "sent",
    }


def _line(n: int) -> dict[str, Any]:
    return {
        "purchase_order_id": n,
        "position": 1,
        "description": "Booth",
        "quantity": 1,
        "unit_price": TOTAL,
        "line_total": TOTAL,
    }


def _invoice(n: int, conference: int, stripe_id: str, same: dict[str, Any]) -> dict[str, Any]:
    return {
        **same,
        "conference_id": conference,
        "purchase_order_id": n,
        "generation": 1,
        "state": "sent",
        "step": "done",
        "stripe_invoice_id": stripe_id,
        "sent_at": same["created_at"],
    }


@contextmanager
def simulated(count: int, latency: float) -> Iterator[tuple[str, list[str], Connection]]:
    """Run a simulator that holds so many invoices in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_simulate, args=(there, count, latency), daemon=True)
    process.start()
    url, ids = here.recv()
    try:
        yield url, ids, here
    finally:
        process.terminate()
        process.join()


def _simulate(talk: Connection, count: int, latency: float) -> None:
    with Simulator(latency=latency, rate_limits=True) as sim:
        with sim.world.lock:
            account = sim.world.account(KEY)
            ids = [_sent(account, n) for n in range(count)]
            for n, stripe_id in enumerate(ids):
                if n % 10 < 3:
                    _pay(account, stripe_id, refund=n % 50 == 0)
        talk.send((sim.url, ids))
        unpaid = [stripe_id for n, stripe_id in enumerate(ids) if n % 10 == 9]
        for stripe_id in unpaid[: talk.recv()]:
            with sim.world.lock:
                _pay(account, stripe_id, refund=False)
        talk.send("done")
        talk.recv()


def _sent(account: Any, number: int) -> str:
    customer = customers.create(
        account, {"name": f"Sponsor {number}", "email": f"ap{number}@example.org"}
    )
    draft = invoices.create(
        account,
        {
            "customer": customer["id"],
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "auto_advance": False,
            "currency": "usd",
        },
    )
    lines = {"lines": [{"description": "Booth", "amount": TOTAL}]}
    invoices.add_lines(account, lines, draft["id"])
    finalization.send(account, {}, draft["id"])
    return str(draft["id"])


def _pay(account: Any, stripe_id: str, *, refund: bool) -> None:
    invoice = account.get("invoice", stripe_id)
    payment = invoice_payments.pay_by_customer(account, invoice, None, "card")
    if refund:
        intent = account.get("payment_intent", payment["payment"]["payment_intent"])
        refund_charge(account, account.get("charge", intent["latest_charge"]), 100_00, {})


if __name__ == "__main__":
    main()
