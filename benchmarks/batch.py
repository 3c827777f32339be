"""How fast purchase orders become invoices: the original's way beside ours, in one run.

    python benchmarks/batch.py [--orders 500] [--original 12] [--latency 0.15] [--memory]

Both sides talk to the simulator in a process of its own, with the same latency and Stripe's
limits: 100 calls a second live, 25 in a sandbox, and 25 for each endpoint. Purchase orders have
ten lines. The original's way: search the customer, create it, one call per line, finalize, send;
one purchase order after another.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

import stripe

from po_toolkit.bootstrap import OpenConference, open_conference
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Act, Actor, Role
from po_toolkit.jobs import batches
from po_toolkit.jobs.batches import wait_for
from po_toolkit.jobs.worker import Worker
from po_toolkit.money import to_minor
from po_toolkit.simulator import Simulator
from po_toolkit.store import purchase_orders
from po_toolkit.stripe_gateway import client

client.refuse_unsafe_address = lambda _key, _base: None
"""The simulator takes a live key's limits from the key, which is none."""

LINES = 10
CALLS_PER_ORDER = 4
"""Writes for a new customer's purchase order."""


def main() -> None:
    """Run all comparisons and print the ratios."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        for mode in ("live", "test"):
            compare(mode, arguments, Path(folder))
        if arguments.memory:
            for orders in (1_000, 10_000):
                memory(orders, Path(folder))


def compare(mode: str, arguments: argparse.Namespace, folder: Path) -> None:
    """Print the original's rate, ours by one process and by two, and the ceiling."""
    limit = 100 if mode == "live" else 25
    ceiling = min(25.0, limit / CALLS_PER_ORDER)
    orders = arguments.orders if mode == "live" else arguments.orders // 2
    print(
        f"\n{mode} limits ({limit}/s, 25/s an endpoint), {arguments.latency * 1000:.0f} ms a call"
    )
    with simulator(arguments.latency) as url:
        original = original_rate(url, f"sk_{mode}_original000000000", arguments.original)
    print(f"  the original's way   {original:6.2f} PO/s  ({arguments.original} purchase orders)")
    for processes in (1, 2):
        with simulator(arguments.latency) as url:
            key = f"sk_{mode}_ours{processes}0000000000000"
            settings = settings_for(url, key, folder / f"{mode}{processes}.db")
            rate, answers, cpu = our_rate(settings, url, orders, processes)
        share = rate / ceiling
        print(
            f"  ours, {processes} process{'es' if processes > 1 else '  '}    {rate:6.2f} PO/s  "
            f"({orders} purchase orders)  {rate / original:5.1f} times the original, "
            f"{share:.0%} of the ceiling of {ceiling:g} PO/s, "
            f"429: {answers[429]} of {answers.total()} ({answers[429] / answers.total():.2%})"
            + (f", {cpu:.1f} ms of CPU a purchase order" if processes == 1 else "")
        )


def original_rate(url: str, key: str, orders: int) -> float:
    """Return purchase orders a second, done as the original did."""
    client = stripe.StripeClient(key, base_addresses={"api": url})
    began = time.perf_counter()
    for number in range(orders):
        email = f"ap{number}@sponsor.example"
        client.v1.customers.list({"email": email, "limit": 1})
        customer = client.v1.customers.create({"email": email, "name": f"Sponsor {number}"})
        invoice = client.v1.invoices.create(
            {
                "customer": customer.id,
                "collection_method": "send_invoice",
                "days_until_due": 30,
                "currency": "usd",
                "auto_advance": False,
            }
        )
        for line in range(LINES):
            client.v1.invoice_items.create(
                {
                    "customer": customer.id,
                    "invoice": invoice.id,
                    "currency": "usd",
                    "description": f"Item {line}",
                    "amount": 1000 + line,
                }
            )
        client.v1.invoices.finalize_invoice(invoice.id)
        client.v1.invoices.send_invoice(invoice.id)
    return orders / (time.perf_counter() - began)


def our_rate(
    settings: Settings, url: str, orders: int, processes: int
) -> tuple[float, Counter[int], float]:
    """Return purchase orders a second, how often each HTTP status came, and CPU for each in ms."""
    opened = open_conference("bench", settings=settings, actor=Actor("bench", Role.ADMIN))
    references = make_orders(opened, orders)
    helpers = [
        multiprocessing.get_context("spawn").Process(
            target=work_alone, args=(settings.model_dump(mode="json"), key_of(opened)), daemon=True
        )
        for _ in range(processes - 1)
    ]
    for helper in helpers:
        helper.start()
    with Worker(settings):
        time.sleep(3 if helpers else 1)
        began, used = time.perf_counter(), time.process_time()
        batch_id = batches.start(opened, references)
        progress = wait_for(opened, batch_id)
        seconds, used = time.perf_counter() - began, time.process_time() - used
    for helper in helpers:
        helper.terminate()
    if progress.invoiced != orders:
        sys.exit(f"only {progress.invoiced} of {orders} were invoiced: {progress}")
    with urllib.request.urlopen(f"{url}/_sim/calls") as answer:
        import json

        statuses = Counter(call["status"] for call in json.load(answer)["result"])
    return orders / seconds, statuses, 1000 * used / orders


def work_alone(values: dict[str, object], key: str) -> None:
    """Run a worker in a process of its own."""
    values["conferences"]["bench"]["stripe_secret_key"] = key  # type: ignore[index]  # plain JSON
    with Worker(Settings(**values)):  # type: ignore[arg-type]  # plain JSON
        time.sleep(3600)


def memory(orders: int, folder: Path) -> None:
    """Print this process's peak memory for a batch of this size, without latency."""
    script = (
        "import sys; sys.path.insert(0, 'benchmarks'); import batch; "
        f"batch.measure_memory({orders}, {str(folder)!r})"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def measure_memory(orders: int, folder: str) -> None:
    """Invoice purchase orders of one line and print the peak."""
    with simulator(0.0, limits=False) as url:
        settings = settings_for(url, "sk_live_memory000000000", Path(folder) / f"m{orders}.db")
        opened = open_conference("bench", settings=settings, actor=Actor("bench", Role.ADMIN))
        references = make_orders(opened, orders, lines=1)
        with Worker(settings):
            began = time.perf_counter()
            progress = wait_for(opened, batches.start(opened, references))
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {orders} purchase orders: peak {peak:.0f} MB, {progress.invoiced / seconds:.1f} PO/s")


def make_orders(opened: OpenConference, orders: int, lines: int = LINES) -> list[str]:
    """Create draft purchase orders, each of a sponsor of its own."""
    references = []
    with opened.store.writing(opened.actor, Act.CREATE) as uow:
        for number in range(orders):
            order = purchase_orders.create(
                uow,
                opened.conference,
                organization_name=f"Sponsor {number}",
                contact_email=f"ap{number}@sponsor.example",
                currency="usd",
                po_number=f"45{number:06}",
                lines=[
                    (f"Item {line}", 1 + line % 3, to_minor(Decimal("10.25"), "usd"))
                    for line in range(lines)
                ],
            )
            references.append(order.reference)
    return references


def settings_for(url: str, key: str, database: Path) -> Settings:
    """Return settings with one conference."""
    return Settings(
        database_url=f"sqlite:///{database}",
        stripe_api_base=url,
        conferences={"bench": {"name": "Bench", "currency": "usd", "stripe_secret_key": key}},
    )


def key_of(opened: OpenConference) -> str:
    """Return the key, for a helper process."""
    return opened.settings.stripe_secret_key.get_secret_value()


class simulator:  # noqa: N801 reads as a function
    """The simulator in a process of its own."""

    def __init__(self, latency: float, *, limits: bool = True) -> None:
        context = multiprocessing.get_context("spawn")
        self.mine, theirs = context.Pipe()
        self.process = context.Process(
            target=_simulate, args=(theirs, latency, limits), daemon=True
        )

    def __enter__(self) -> str:
        self.process.start()
        return str(self.mine.recv())

    def __exit__(self, *_: object) -> None:
        self.mine.send("stop")
        self.process.join()


def _simulate(pipe: object, latency: float, limits: bool) -> None:
    with Simulator(latency=latency, rate_limits=limits) as running:
        pipe.send(running.url)  # type: ignore[attr-defined]  # a Connection
        pipe.recv()  # type: ignore[attr-defined]  # a Connection


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--original", type=int, default=12)
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--memory", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
