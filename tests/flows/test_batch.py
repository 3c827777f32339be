"""A batch of purchase orders: queued once, worked to the end, whoever dies on the way."""

from __future__ import annotations

from po_toolkit.jobs import batches
from po_toolkit.jobs.engine import Engine
from po_toolkit.jobs.waiting import wait_for


def test_a_batch_is_worked_to_the_end(opened, settings, simulator, make_order):
    orders = [make_order(("Booth", 1, f"{n}.00"), po_number=str(n)) for n in range(1, 13)]
    batch_id = batches.start(opened, [o.reference for o in orders])
    seen = []
    with Engine(settings, only=[batch_id]):
        progress = wait_for(opened, batch_id, seen.append)
    assert (progress.state, progress.invoiced, progress.failed) == ("done", 12, 0)
    assert {result.reference for result in seen} == {o.reference for o in orders}
    assert sorted(i["total"] for i in simulator.control.all("invoice")) == [
        n * 100 for n in range(1, 13)
    ]
