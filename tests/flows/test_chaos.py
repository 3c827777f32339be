"""Faults at every call, workers killed at random: still one invoice for each purchase order.

The short version runs with the other tests; ``make chaos`` runs the long one, with 300 purchase
orders of 1 to 40 lines and at least 20 kills (PO_TOOLKIT_CHAOS=long).
"""

from __future__ import annotations

import os
import random
import threading
import time
from multiprocessing.process import BaseProcess

from po_toolkit.invoicing.plan import all_lines
from po_toolkit.jobs import batches
from po_toolkit.store.purchase_orders import by_references
from tests.conftest import KEY
from tests.flows.engine_worker import work
from tests.flows.processes import PROCESSES

LONG = os.environ.get("PO_TOOLKIT_CHAOS") == "long"
ORDERS, LINES, KILLS = (300, 40, 20) if LONG else (24, 8, 3)
SEED = int(os.environ.get("PO_TOOLKIT_CHAOS_SEED", "20261124"))
BETWEEN_KILLS = ORDERS // (KILLS + 4)
"""How many purchase orders may be invoiced until the next kill; a slow machine gets as far."""
LONGEST_LIFE = 30.0
"""Seconds without a kill at most, so that work stuck for ever is met too."""
DEADLINE_SECONDS = 1500 if LONG else 240

PATHS = [
    "/v1/customers",
    "/v1/invoices",
    *(f"/v1/invoices/*/{act}" for act in ("add_lines", "send", "finalize")),
]
KINDS = ["drop_before", "drop_after", "500", "500_stored_before", "500_stored_after", "429", "409"]


class Workers:
    """Two engines in processes of their own, of which one or the other dies now and then."""

    def __init__(self, settings, chance: random.Random) -> None:
        self.arguments = [settings.database_url, settings.stripe_api_base, KEY]
        self.chance = chance
        self.running = [self._new(), self._new()]
        self.kills = 0

    def _new(self) -> BaseProcess:
        worker = PROCESSES.Process(target=work, args=self.arguments, daemon=True)
        worker.start()
        return worker

    def kill_one(self) -> None:
        which = self.chance.randrange(2)
        self.running[which].kill()
        self.running[which].join()
        self.running[which] = self._new()
        self.kills += 1

    def stop(self) -> None:
        for worker in self.running:
            worker.kill()
            worker.join()


def break_things(simulator, chance: random.Random, stop: threading.Event) -> None:
    while not stop.wait(0.15):
        simulator.control.clear_faults()
        for path in PATHS:
            simulator.control.fail(path=path, kind=chance.choice(KINDS), skip=chance.randrange(6))
    simulator.control.clear_faults()


def test_chaos_leaves_exactly_one_invoice_for_each_purchase_order(
    opened, settings, simulator, make_order
):
    chance = random.Random(SEED)
    orders = [
        make_order(
            *[
                (f"Item {n}.{line}", chance.randint(1, 9), f"{chance.randint(1, 999)}.{line:02}")
                for line in range(chance.randint(1, LINES))
            ],
            organization=f"Sponsor {n // 2}",
            email=f"ap{n // 2}@sponsor.example",
            po_number=f"45{n:05}",
            delivery="ourselves" if n % 3 == 0 else "",
        )
        for n in range(ORDERS)
    ]
    batch_id = batches.start(opened, [order.reference for order in orders])
    stop = threading.Event()
    breaker = threading.Thread(target=break_things, args=(simulator, chance, stop))
    workers = Workers(settings, chance)
    breaker.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    killed_at, due = time.monotonic(), chance.randint(0, BETWEEN_KILLS)
    try:
        while True:
            pause.wait(chance.uniform(0.1, 1.0))
            progress = batches.progress(opened, batch_id)
            assert time.monotonic() < deadline, progress
            if progress.ended and progress.failed:
                batches.retry(opened, batch_id)
            elif progress.ended:
                break
            elif progress.invoiced >= due or time.monotonic() - killed_at > LONGEST_LIFE:
                workers.kill_one()
                killed_at = time.monotonic()
                due = progress.invoiced + chance.randint(1, BETWEEN_KILLS)
    finally:
        stop.set()
        breaker.join()
        workers.stop()
    assert workers.kills >= KILLS
    assert_one_right_invoice_each(opened, simulator, orders)


def assert_one_right_invoice_each(opened, simulator, orders) -> None:
    found = {}
    for invoice in simulator.control.all("invoice"):
        found.setdefault(invoice["metadata"]["purchase_order_uuid"], []).append(invoice)
    assert {uuid: [i["status"] for i in mine] for uuid, mine in found.items()} == {
        str(order.uuid): ["open"] for order in orders
    }
    for order in orders:
        (invoice,) = found[str(order.uuid)]
        lines = all_lines(opened.gateway, invoice)
        assert sorted(line["description"] for line in lines) == sorted(
            line.description for line in order.line_items
        )
        assert invoice["total"] == sum(line.line_total for line in order.line_items)
    by_stripe = {found[str(o.uuid)][0]["id"] for o in orders if not o.delivery}
    assert {mail.invoice for mail in simulator.control.mails()} == by_stripe
    with opened.store.reading() as session:
        kept = by_references(session, opened.conference, [order.reference for order in orders])
    assert all(o.status == ("issued" if o.delivery else "sent") for o in kept)
    names = sorted(c["name"] for c in simulator.control.all("customer"))
    assert names == sorted({order.organization_name for order in orders})
