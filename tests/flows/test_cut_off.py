"""A process that dies anywhere while invoicing leaves no second invoice and no second line."""

from __future__ import annotations

import signal

import pytest

from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.store.purchase_orders import by_reference
from tests.conftest import KEY
from tests.flows.killed_driver import drive
from tests.flows.processes import PROCESSES

CALLS = 5
"""Look for the customer, make it, draft, lines, send or finalize."""

WAYS = ["stripe", "ourselves"]
"""Stripe mails the invoice with the last write, or the last write mails nobody."""


def die(settings, order, fatal, when):
    begun = settings.database_url, settings.stripe_api_base, KEY, order.reference, fatal, when
    process = PROCESSES.Process(target=drive, args=begun)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def assert_billed_once(simulator, order, way="stripe"):
    mine = [
        invoice
        for invoice in simulator.control.all("invoice")
        if invoice["metadata"]["purchase_order_uuid"] == str(order.uuid)
    ]
    assert [(i["status"], i["total"], len(i["lines"]["data"])) for i in mine] == [
        ("open", 1_755_000, 2)
    ]
    customers = [c for c in simulator.control.all("customer") if c["name"] == "Acme GmbH"]
    assert len(customers) == 1
    if way == "ourselves":
        assert simulator.control.mails() == []
    else:
        assert simulator.control.mails()


def assert_state(opened, order, way):
    with opened.store.reading() as session:
        kept = by_reference(session, opened.conference, order.reference)
    assert (kept.status, kept.live_invoice.state) == (
        ("issued", "finalized") if way == "ourselves" else ("sent", "sent")
    )


@pytest.mark.parametrize("hours", [0, 25], ids=["at once", "after Stripe forgot the keys"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fatal", range(1, CALLS + 1))
@pytest.mark.parametrize("way", WAYS)
def test_a_process_killed_at_any_call_bills_once(
    opened, settings, simulator, clock, make_order, fatal, when, hours, way
):
    order = make_order(delivery=way)
    die(settings, order, fatal, when)
    clock.advance(hours=hours, seconds=20)
    simulator.control.advance(hours * 3600)
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert (report.invoiced + report.skipped, report.failed) == (1, 0), report
    assert_billed_once(simulator, order, way)
    assert_state(opened, order, way)


@pytest.mark.parametrize(
    "kind",
    ["drop_before", "drop_after", "500", "500_stored_before", "500_stored_after", "429", "409"],
)
@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/v1/customers", "stripe"),
        ("/v1/invoices", "stripe"),
        ("/v1/invoices/*/add_lines", "stripe"),
        ("/v1/invoices/*/send", "stripe"),
        ("/v1/invoices/*/add_lines", "ourselves"),
        ("/v1/invoices/*/finalize", "ourselves"),
    ],
)
def test_a_fault_at_any_write_bills_once(opened, simulator, make_order, path, way, kind):
    order = make_order(delivery=way)
    simulator.control.fail(path=path, method="POST", kind=kind)
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert report.failed == 0, report
    assert_billed_once(simulator, order, way)
    assert_state(opened, order, way)
