"""An invoice that came back is replaced, and money on the old one is not lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.content import compare_content
from po_toolkit.api.invoices import adopt_invoice, invoice_purchase_orders, resend_invoice
from po_toolkit.api.ledger import cancel, credit
from po_toolkit.api.new_order import LineItem
from po_toolkit.api.order_changes import Changes, change_order, reissue
from po_toolkit.api.sync import sync_conference
from po_toolkit.errors import PoToolkitError, PurchaseOrderError, StripeGatewayError
from po_toolkit.invoicing import existing
from po_toolkit.payments.sync import sync_one
from tests.conftest import fresh


def test_a_wrong_address_is_put_right_under_a_new_invoice(opened, simulator, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    old = fresh(opened, order).stripe_invoice_id
    result = reissue(opened, order.reference, Changes(contact_email="new@acme.example"))
    after = fresh(opened, order)
    assert (result.outcome, after.stripe_invoice_id) == ("invoiced", result.stripe_invoice_id)
    assert simulator.control.get(old)["status"] == "void"
    new = simulator.control.get(result.stripe_invoice_id)
    assert (new["status"], new["customer_email"]) == ("open", "new@acme.example")
    assert new["metadata"]["generation"] == "2"
    assert [i.state for i in after.invoices] == ["void", "sent"]


def test_a_reissue_cut_off_after_the_void_goes_on_and_bills_once(opened, simulator, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    simulator.control.fail(path="/v1/invoices", method="POST", kind="drop_before", times=50)
    assert reissue(opened, order.reference).outcome == "failed"
    assert fresh(opened, order).status == "draft"
    simulator.control.clear_faults()
    assert reissue(opened, order.reference).outcome == "invoiced"
    open_ones = [i for i in simulator.control.all("invoice") if i["status"] == "open"]
    assert len(open_ones) == 1


def test_an_invoice_with_money_on_it_is_not_voided(opened, simulator, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    simulator.control.pay(fresh(opened, order).stripe_invoice_id, 100)
    with pytest.raises(PurchaseOrderError, match="Stripe has"):
        reissue(opened, order.reference, Changes(po_number="other"))
    assert fresh(opened, order).po_number == "4500012345"


def test_a_refused_purchase_order_can_be_mended_and_is_billed_then(opened, simulator, make_order):
    order = make_order(due_date=opened.today() + timedelta(days=7 * 365))
    assert invoice_purchase_orders(opened, references=[order.reference]).failed == 1
    change_order(opened, order.reference, Changes(days_until_due=14))
    assert invoice_purchase_orders(opened, references=[order.reference]).invoiced == 1
    assert len(simulator.control.all("invoice")) == 1


def test_an_invoiced_purchase_order_is_not_changed_under_its_invoice(opened, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    with pytest.raises(PurchaseOrderError, match="reissue"):
        change_order(opened, order.reference, Changes(po_number="other"))


def test_resending_mails_the_open_invoice_again(opened, simulator, make_order):
    order = make_order()
    with pytest.raises(PurchaseOrderError, match="no open invoice"):
        resend_invoice(opened, order.reference)
    create_stripe_invoice(order, opened=opened)
    resend_invoice(opened, order.reference)
    sent = [e for e in simulator.control.all("event") if e["type"] == "invoice.sent"]
    assert len(sent) == 2


def test_a_payment_on_the_old_invoice_is_entered_and_found(opened, simulator, make_order):
    order = make_order(("Booth", 1, "100.00"))
    create_stripe_invoice(order, opened=opened)
    old = fresh(opened, order).stripe_invoice_id
    payment = simulator.control.pay(old)
    with opened.store.writing(opened.actor, "reissue") as uow:
        locked = uow.lock_purchase_order(order.id)
        locked.invoices[0].state = "void"
    create_stripe_invoice(order, opened=opened)
    sync_conference(opened, full=True)
    after = fresh(opened, order)
    assert after.total_paid == Decimal("100.00")
    assert after.entries[0].source_id == payment["id"]
    assert after.entries[0].invoice_id == after.invoices[0].id


def test_a_dead_stripe_leaves_the_old_invoice_as_it_is(opened, simulator, make_order):
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    old = fresh(opened, order).stripe_invoice_id
    simulator.control.fail(path="/v1/invoices/*/void", kind="drop_before", times=50)
    with pytest.raises(StripeGatewayError):
        reissue(opened, order.reference, Changes(po_number="other"))
    assert fresh(opened, order).stripe_invoice_id == old
    assert fresh(opened, order).po_number == "4500012345"


@pytest.mark.parametrize("way", ["reissued", "invoiced again after a void"])
def test_nothing_is_billed_while_a_credit_note_is_on_its_way(opened, simulator, make_order, way):
    """Else the sponsor is asked for what the credit note then forgives on the old invoice."""
    order = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(order, opened=opened)
    old = fresh(opened, order).stripe_invoice_id
    simulator.control.fail(path="/v1/credit_notes", method="POST", kind="drop_before", times=50)
    with pytest.raises(StripeGatewayError):
        credit(opened, order.reference, amount=Decimal(100), reason="smaller")
    simulator.control.clear_faults()
    if way == "reissued":
        with pytest.raises(PurchaseOrderError, match=r"100\.00 USD was begun"):
            reissue(opened, order.reference)
        assert simulator.control.get(old)["status"] == "open"
    else:
        opened.gateway.write(f"/v1/invoices/{old}/void", {}, idempotency_key="dashboard")
        sync_one(opened, old)
        (result,) = invoice_purchase_orders(opened, all_draft=True).results
        assert "100.00 USD was begun" in result.error
    assert len(simulator.control.all("invoice")) == 1
    assert sync_conference(opened).problems == []
    assert fresh(opened, order).sums.balance == 900_00
    done = reissue(opened, order.reference)
    sync_conference(opened)  # lowers it where Stripe credits no void invoice
    assert simulator.control.get(done.stripe_invoice_id)["amount_remaining"] == 900_00


GERMANY = "Wrong St 1\n10115 Berlin\nGermany"
FRANCE = "2 rue Juste\n75001 Paris\nFrance"


def address_of(invoice):
    return {name: part for name, part in invoice["customer_address"].items() if part}


def test_what_was_wrong_of_the_sponsor_is_not_printed_again(opened, simulator, make_order):
    """An invoice that came back for its address or VAT number must not go out with it again."""
    order = make_order(billing_address=GERMANY, tax_id="DE123456789")
    create_stripe_invoice(order, opened=opened)
    changes = Changes(billing_address=FRANCE, tax_id="DE999999999", organization_name="ACME GmbH")
    result = reissue(opened, order.reference, changes)
    new = simulator.control.get(result.stripe_invoice_id)
    assert address_of(new) == {
        "line1": "2 rue Juste",
        "postal_code": "75001",
        "city": "Paris",
        "country": "FR",
    }
    assert new["customer_tax_ids"] == [{"type": "eu_vat", "value": "DE999999999"}]
    assert new["customer_name"] == "ACME GmbH"
    assert compare_content(opened, order.reference).equal
    (customer,) = simulator.control.all("customer")
    assert customer["name"] == "ACME GmbH"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500_stored_after", "500", "409"])
@pytest.mark.parametrize("path", ["customers/*", "customers/*/tax_ids"])
def test_a_correction_that_was_cut_off_is_printed_in_the_end(
    opened, simulator, make_order, path, kind
):
    order = make_order(billing_address=GERMANY, tax_id="DE123456789")
    create_stripe_invoice(order, opened=opened)
    simulator.control.fail(path=f"/v1/{path}", kind=kind, times=8)
    changes = Changes(billing_address=FRANCE, tax_id="DE999999999")
    reissue(opened, order.reference, changes)
    simulator.control.clear_faults()
    reissue(opened, order.reference)
    (new,) = [i for i in simulator.control.all("invoice") if i["status"] == "open"]
    assert address_of(new)["country"] == "FR"
    assert new["customer_tax_ids"] == [{"type": "eu_vat", "value": "DE999999999"}]


def test_a_sponsor_who_was_there_before_gets_what_the_row_names_and_keeps_the_rest(
    opened, simulator, make_order
):
    there = {
        "name": "acme gmbh",
        "email": "ap@acme.example",
        "address": {"line1": "Old St", "line2": "Floor 3", "country": "US"},
        "preferred_locales": ["fr"],
    }
    opened.gateway.write("/v1/customers", there, idempotency_key="before")
    plain, moved = make_order(po_number="1"), make_order(po_number="2", billing_address=GERMANY)
    first, second = (
        simulator.control.get(fresh(opened, order).stripe_invoice_id)
        for order in (plain, moved)
        if create_stripe_invoice(order, opened=opened)
    )
    assert address_of(first) == there["address"]
    assert address_of(second)["city"] == "Berlin"
    assert "line2" not in address_of(second)
    (customer,) = simulator.control.all("customer")
    assert (customer["name"], customer["preferred_locales"]) == ("Acme GmbH", ["fr"])


def test_each_of_a_sponsors_invoices_bears_its_own_address(opened, simulator, make_order):
    """Two branches under one name: the one sent last must not print the other's address."""
    berlin = make_order(po_number="1", billing_address=GERMANY)
    paris = make_order(po_number="2", billing_address=FRANCE)
    invoice_purchase_orders(opened, references=[berlin.reference], send=False)
    for order in (paris, berlin, paris):
        invoice_purchase_orders(opened, references=[order.reference])
    for order, country in ((berlin, "DE"), (paris, "FR")):
        invoice = simulator.control.get(fresh(opened, order).stripe_invoice_id)
        assert address_of(invoice)["country"] == country


@pytest.mark.parametrize(
    "changes",
    [
        Changes(line_items=[LineItem(description="Booth", unit_price=Decimal(99))]),
        Changes(line_items=[LineItem(description="", unit_price=Decimal(99))]),
        Changes(cc_emails="nobody"),
        Changes(tax_id="DE1"),
    ],
)
def test_a_change_that_is_not_possible_leaves_the_invoice_as_it_is(
    opened, simulator, make_order, changes
):
    """Else the sponsor's invoice is void, there is no other, and the message says nothing was."""
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    credit(opened, order.reference, amount=Decimal(100), reason="smaller")
    with pytest.raises(PoToolkitError):
        reissue(opened, order.reference, changes)
    assert simulator.control.get(fresh(opened, order).stripe_invoice_id)["status"] == "open"


def test_an_invoice_that_is_edited_while_it_is_cancelled_does_not_stay_behind(
    opened, simulator, make_order, monkeypatch
):
    """Else the sponsor of a cancelled purchase order is asked by the edited invoice."""
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    invoice, look = fresh(opened, order).stripe_invoice_id, existing.find_at_stripe

    def look_and_edit(lease):
        found = look(lease)
        simulator.control.revise(invoice)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(existing, "find_at_stripe", look_and_edit)
        with pytest.raises(PurchaseOrderError, match="took its place") as refused:
            cancel(opened, order.reference)
    assert refused.value.remedy.command[0] == "sync"
    sync_conference(opened, full=True)
    with pytest.raises(PurchaseOrderError, match="Adopt the invoice") as refused:
        cancel(opened, order.reference)
    adopt_invoice(opened, order.reference, refused.value.remedy.command[-1])
    assert cancel(opened, order.reference).status == "cancelled"
    assert {i["status"] for i in simulator.control.all("invoice")} == {"void"}


def test_lines_are_not_lowered_below_what_was_credited(opened, simulator, make_order):
    """Else a purchase order that nobody paid counts as overpaid and asks for a refund."""
    order = make_order()
    create_stripe_invoice(order, opened=opened)
    credit(opened, order.reference, amount=Decimal(100), reason="smaller")
    invoice = fresh(opened, order).stripe_invoice_id
    opened.gateway.write(f"/v1/invoices/{invoice}/void", {}, idempotency_key="dashboard")
    sync_conference(opened, full=True)
    lower = [LineItem(description="Booth", unit_price=Decimal(99))]
    with pytest.raises(PurchaseOrderError, match=r"99.00 USD is less than the 100.00 USD"):
        change_order(opened, order.reference, Changes(line_items=lower))
    assert fresh(opened, order).sums.balance > 0
    as_much = [LineItem(description="Booth", unit_price=Decimal(100))]
    change_order(opened, order.reference, Changes(line_items=as_much))
    assert fresh(opened, order).sums.balance == 0
