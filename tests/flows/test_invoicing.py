"""One purchase order becomes one sent invoice, whatever goes wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.invoices import invoice_purchase_orders, preview_invoices
from po_toolkit.api.order_changes import Changes, reissue
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import PurchaseOrderError
from tests.conftest import fresh


def live_invoices(simulator):
    return [i for i in simulator.control.all("invoice") if i["status"] != "void"]


def test_a_sponsor_gets_one_invoice_that_says_what_he_ordered(opened, simulator, make_order):
    order = make_order(
        ("Gold sponsorship", 1, "15000.00"),
        ("Corporate ticket", 3, "850.00"),
        ("Early-bird discount", 2, "-125.50"),
    )
    url = create_stripe_invoice(order, opened=opened)
    (invoice,) = live_invoices(simulator)
    assert invoice["status"] == "open"
    assert invoice["total"] == 1_729_900
    assert invoice["hosted_invoice_url"] == url
    assert {"name": "PO number", "value": "4500012345"} in invoice["custom_fields"]
    assert invoice["metadata"] == {
        "purchase_order_id": str(order.id),
        "purchase_order_ref": order.reference,
        "purchase_order_uuid": str(order.uuid),
        "conference_slug": "pycon-2027",
        "generation": "1",
    }
    stored = fresh(opened, order)
    assert (stored.status, stored.stripe_invoice_id) == ("sent", invoice["id"])
    assert stored.stripe_invoice_url == url


def test_ten_lines_of_a_new_sponsor_cost_four_writes_and_a_read(opened, simulator, make_order):
    order = make_order(*[(f"Package {n}", n, "10.25") for n in range(1, 11)])
    create_stripe_invoice(order, opened=opened)
    methods = [call.method for call in simulator.control.calls()]
    assert (methods.count("POST"), methods.count("GET"), len(methods)) == (4, 1, 5)
    simulator.control.clear_calls()
    create_stripe_invoice(make_order(po_number="2"), opened=opened)
    assert [call.method for call in simulator.control.calls()] == ["GET", *["POST"] * 3]


def test_pressing_the_button_twice_bills_once(opened, simulator, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    with pytest.raises(PurchaseOrderError, match="already invoiced"):
        create_stripe_invoice(order, opened=opened)
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert [r.outcome for r in report.results] == ["skipped"]
    assert report.results[0].stripe_invoice_id == live_invoices(simulator)[0]["id"]
    assert len(live_invoices(simulator)) == 1


def test_250_lines_work_and_251_are_refused_before_any_call(opened, simulator, make_order):
    fits = make_order(*[(f"Seat {n}", 1, "1.00") for n in range(250)], po_number="fits")
    create_stripe_invoice(fits, opened=opened)
    assert live_invoices(simulator)[0]["total"] == 25_000
    simulator.control.clear_calls()
    with pytest.raises(PurchaseOrderError, match=r"251 lines; a Stripe invoice holds 250"):
        make_order(*[(f"Seat {n}", 1, "1.00") for n in range(251)], po_number="long")
    assert simulator.control.calls() == []


@pytest.mark.parametrize(
    ("currency", "prices", "sent"),
    [
        ("jpy", ["1650000"], 1_650_000),
        ("kwd", ["2827.500", "320.250"], 3_147_750),
        ("isk", ["485000"], 48_500_000),
        ("ugx", ["900000"], 90_000_000),
        ("usd", ["1999.99", "-0.09"], 199_990),
    ],
)
def test_a_total_arrives_at_stripe_to_the_last_unit(
    opened, simulator, make_order, currency, prices, sent
):
    order = make_order(*[("Item", 1, price) for price in prices], currency=currency)
    create_stripe_invoice(order, opened=opened)
    (invoice,) = live_invoices(simulator)
    assert (invoice["total"], invoice["currency"]) == (sent, currency)
    assert fresh(opened, order).total == sum(map(Decimal, prices))


def test_two_sponsors_at_one_agency_address_stay_two_customers(opened, simulator, make_order):
    create_stripe_invoice(make_order(organization="Acme GmbH"), opened=opened)
    create_stripe_invoice(make_order(organization="Borealis Ltd"), opened=opened)
    assert sorted(c["name"] for c in simulator.control.all("customer")) == [
        "Acme GmbH",
        "Borealis Ltd",
    ]


def test_a_sponsor_known_to_stripe_is_not_made_again(opened, simulator, make_order):
    opened.gateway.write(
        "/v1/customers", {"email": "ap@acme.example", "name": "ACME  gmbh"}, idempotency_key="mine"
    )
    create_stripe_invoice(make_order(), opened=opened)
    assert len(simulator.control.all("customer")) == 1


def test_one_refused_purchase_order_stops_no_other(opened, simulator, make_order):
    bad = make_order(po_number="bad", due_date=opened.today() + timedelta(days=7 * 365))
    good = make_order(po_number="good", organization="Borealis Ltd")
    report = invoice_purchase_orders(opened, references=[bad.reference, good.reference])
    assert [r.outcome for r in report.results] == ["failed", "invoiced"]
    assert "cannot be more than five years away" in report.results[0].error
    assert len(live_invoices(simulator)) == 1


def test_a_revoked_key_stops_the_batch_with_nothing_half_done(opened, simulator, make_order):
    orders = [make_order(po_number=str(n)) for n in range(3)]
    simulator.control.revoke_key(opened.settings.stripe_secret_key.get_secret_value())
    report = invoice_purchase_orders(opened, references=[o.reference for o in orders])
    assert [r.outcome for r in report.results] == ["failed"] * 3
    assert "key" in report.results[0].error
    key = opened.settings.stripe_secret_key.get_secret_value()
    assert key not in str(report.as_json())
    simulator.control.revoke_key(key, revoked=False)
    again = invoice_purchase_orders(opened, references=[o.reference for o in orders])
    assert again.invoiced == 3
    assert len(live_invoices(simulator)) == 3


def test_a_wrong_total_at_stripe_sends_nothing_and_leaves_no_draft(
    opened, simulator, make_order, monkeypatch
):
    order = make_order()
    monkeypatch.setattr("po_toolkit.invoicing.send.agrees", lambda *_: False)
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert report.results[0].outcome == "failed"
    assert "draft was deleted" in report.results[0].error
    assert simulator.control.all("invoice") == []
    monkeypatch.undo()
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    assert live_invoices(simulator)[0]["metadata"]["generation"] == "2"


def test_a_draft_without_sending_waits_and_is_sent_later(opened, simulator, make_order):
    order = make_order()
    invoice_purchase_orders(opened, references=[order.reference], send=False)
    assert live_invoices(simulator)[0]["status"] == "draft"
    assert fresh(opened, order).status == "draft"
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    assert [i["status"] for i in live_invoices(simulator)] == ["open"]


def test_a_due_date_that_is_past_is_seen_in_the_preview_and_nothing_is_sent(
    opened, simulator, make_order
):
    """Stripe would refuse it in the middle of a batch, after it was shown as ready."""
    order = make_order(due_date=opened.today() - timedelta(days=1))
    make_order(po_number="today", due_date=opened.today())
    preview = preview_invoices(opened, all_draft=True)
    assert [s.reference for s in preview.skipped] == [order.reference]
    assert "Stripe does not accept such a due date" in preview.skipped[0].reason
    assert len(preview.ready) == 1
    report = invoice_purchase_orders(opened, references=[order.reference])
    assert (report.failed, simulator.control.calls()) == (1, [])
    fixed = reissue(opened, order.reference, Changes(days_until_due=14))
    assert fixed.outcome == "invoiced"


def test_an_invoice_that_staff_duplicated_is_taken_over_under_a_generation_of_its_own(
    opened, simulator, make_order
):
    """The copy bears the metadata of the void one, its generation too; invoicing crashed."""
    order = make_order(("Booth", 1, "500.00"))
    create_stripe_invoice(order, opened=opened)
    first = simulator.control.get(fresh(opened, order).stripe_invoice_id)
    write, path = opened.gateway.write, "/v1/invoices"
    write(f"{path}/{first['id']}/void", {}, idempotency_key="staff-1")
    sync_conference(opened)
    copied = {"customer": first["customer"], "currency": "usd", "days_until_due": 30,
              "collection_method": "send_invoice", "metadata": first["metadata"]}  # fmt: skip
    copy = write(path, copied, idempotency_key="staff-2")["id"]
    lines = {"lines": [{"amount": 500_00, "description": "Booth"}]}
    write(f"{path}/{copy}/add_lines", lines, idempotency_key="staff-3")
    write(f"{path}/{copy}/finalize", {}, idempotency_key="staff-4")
    create_stripe_invoice(order, opened=opened)
    invoices = fresh(opened, order).invoices
    assert [(i.stripe_invoice_id, i.generation) for i in invoices] == [(first["id"], 1), (copy, 2)]
