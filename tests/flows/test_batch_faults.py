"""What goes wrong while a batch runs: each purchase order still has one invoice in the end."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import OperationalError

from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.jobs.batches import invoice_many
from po_toolkit.store.database import Store
from tests.conftest import KEY
from tests.flows.test_batch import orders_of, unhurried

__all__ = ["unhurried"]


def open_invoices(simulator):
    return [i for i in simulator.control.all("invoice") if i["status"] == "open"]


def test_a_key_revoked_midway_leaves_nothing_half_done(
    opened, settings, simulator, make_order, unhurried
):
    references = orders_of(make_order, 20)
    ended = invoice_many(
        opened,
        settings,
        references,
        step=lambda _result: simulator.control.revoke_key(KEY),
    )
    assert "key" in ended.stopped
    assert ended.report.invoiced > 0
    assert ended.report.failed > 0
    assert ended.report.invoiced + ended.report.failed == 20
    simulator.control.revoke_key(KEY, revoked=False)
    again = invoice_many(opened, settings, references)
    assert (again.stopped, again.report.failed) == ("", 0)
    billed = {i["metadata"]["purchase_order_uuid"] for i in open_invoices(simulator)}
    assert len(billed) == len(simulator.control.all("invoice")) == 20


def test_a_locked_database_delays_a_batch_and_fails_nothing(
    opened, settings, simulator, make_order, monkeypatch
):
    references = orders_of(make_order, 8)
    real, calls = Store.writing, iter(range(60))

    def locked(self, actor, act):
        if next(calls, 1) % 7 == 6:
            raise OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked"))
        return real(self, actor, act)

    monkeypatch.setattr(Store, "writing", locked)
    ended = invoice_many(opened, settings, references)
    assert (ended.stopped, ended.report.failed) == ("", 0)
    assert len(open_invoices(simulator)) == len(simulator.control.all("invoice")) == 8


def test_a_customer_deleted_after_an_answer_was_lost_ends_in_one_open_invoice(
    opened, simulator, make_order
):
    order = make_order()
    simulator.control.fail(path="/v1/invoices", kind="drop_after", times=20)
    assert invoice_purchase_orders(opened, references=[order.reference]).failed == 1
    simulator.control.clear_faults()
    (customer,) = simulator.control.all("customer")
    opened.gateway.delete(f"/v1/customers/{customer['id']}")
    for _ in range(3):
        report = invoice_purchase_orders(opened, references=[order.reference])
        if not report.failed:
            break
    assert report.failed == 0
    assert len(open_invoices(simulator)) == 1
    assert [i for i in simulator.control.all("invoice") if i["status"] == "draft"] == []
