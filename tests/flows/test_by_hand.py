"""Purchase orders changed by hand: drafts as a whole, contacts at any time, files beside them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from po_toolkit.api.activity import audit_page
from po_toolkit.api.contact import (
    ContactChanges,
    attach_file,
    attached_content,
    attached_files,
    change_contact,
)
from po_toolkit.api.home import cash_over_time, home_page, log_call
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders, resend_invoice
from po_toolkit.api.order_changes import Changes, change_order, reissue
from po_toolkit.api.original import create_purchase_order
from po_toolkit.api.reports import (
    View,
    list_purchase_orders,
    purchase_order_story,
    search,
)
from po_toolkit.api.sync import sync_conference
from po_toolkit.api.terms import Bucket
from po_toolkit.errors import PoToolkitError, PurchaseOrderError, StripeUnknownError
from po_toolkit.invoicing.delivery import recipients
from po_toolkit.reconcile import reconcile_conference


def made(opened, number="P-1", **details):
    return create_purchase_order(
        opened.slug,
        organization_name="Acme Inc.",
        contact_email="ap@acme.example",
        po_number=number,
        line_items=[
            {"description": "Gold", "unit_price": Decimal(1000), "quantity": 2},
            {"description": "Discount", "unit_price": Decimal("-100.00")},
        ],
        opened=opened,
        **details,
    ).reference


def test_a_drafts_lines_are_replaced_whole_and_its_history_says_how(opened):
    """A booth more or less must not need the spreadsheet again."""
    reference = made(opened)
    lines = [
        {"description": "Gold", "unit_price": Decimal(1100), "quantity": 1},
        {"description": "Booth", "unit_price": Decimal("250.50"), "quantity": 2},
    ]
    order = change_order(opened, reference, Changes(line_items=lines, notes="By phone"))
    assert order.total == Decimal("1601.00")
    assert [line.position for line in order.line_items] == [1, 2]
    story = purchase_order_story(opened, reference)
    assert [line.description for line in story.lines] == ["Gold", "Booth"]
    assert story.total == Decimal("1601.00")
    made_now = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    assert made_now.rows["total"].tolist() == [160100]
    assert set(made_now.discrepancies["code"]) == {"not_invoiced"}
    (result,) = invoice_purchase_orders(opened, references=[reference]).results
    assert result.outcome == "invoiced"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"description": "", "unit_price": Decimal(1)}],
        [{"description": "Gold", "unit_price": Decimal("1.001")}],
        [{"description": "Gold", "unit_price": Decimal(1), "quantity": 0}],
        [{"description": "Gold", "unit_price": Decimal(-5)}],
    ],
)
def test_lines_that_an_import_refuses_change_nothing(opened, lines):
    """Half a change is worse than none."""
    reference = made(opened)
    with pytest.raises(PoToolkitError):
        change_order(opened, reference, Changes(line_items=lines, po_number="P-2"))
    story = purchase_order_story(opened, reference)
    assert (story.total, story.po_number) == (Decimal(1900), "P-1")


def test_a_sent_purchase_order_is_reissued_with_other_lines(opened, simulator):
    """The sponsor who took one booth less gets one right invoice, not two."""
    reference = made(opened)
    (first,) = invoice_purchase_orders(opened, references=[reference]).results
    lines = [{"description": "Gold", "unit_price": Decimal(1000), "quantity": 1}]
    with pytest.raises(PurchaseOrderError, match="reissue"):
        change_order(opened, reference, Changes(line_items=lines))
    second = reissue(opened, reference, Changes(line_items=lines), reason="One booth less")
    assert second.stripe_invoice_id != first.stripe_invoice_id
    story = purchase_order_story(opened, reference)
    assert (story.total, story.balance) == (Decimal(1000), Decimal(1000))
    assert [i.stripe_status for i in story.invoices] == ["void", "open"]
    assert opened.gateway.read(f"/v1/invoices/{second.stripe_invoice_id}")["total"] == 100000


def test_a_line_that_only_names_the_po_number_follows_it(opened):
    """A sponsor who gave another PO number sends back an invoice that still names the old one."""
    sheet = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,Q-1,5.00\n"
    (reference,) = import_purchase_orders(opened, sheet, file_name="one.csv").references
    invoice_purchase_orders(opened, references=[reference])
    again = reissue(opened, reference, Changes(po_number="Q-2"), reason="Another PO number")
    invoice = opened.gateway.read(f"/v1/invoices/{again.stripe_invoice_id}")
    assert [line["description"] for line in invoice["lines"]["data"]] == ["Purchase order Q-2"]
    same = import_purchase_orders(opened, sheet, file_name="one.csv")
    assert (same.accepted, same.rejected) == (0, 1), "the file still has the old number"
    assert reference in same.problems[0].message
    own = made(opened)
    change_order(opened, own, Changes(po_number="P-2"))
    assert "P-2" not in " ".join(n.description for n in purchase_order_story(opened, own).lines)


def customer_of(opened, result):
    invoice = opened.gateway.read(f"/v1/invoices/{result.stripe_invoice_id}")
    return opened.gateway.read(f"/v1/customers/{invoice['customer']}")


def test_the_contact_changes_without_a_new_invoice_and_stripe_knows(opened):
    """The invoice that bounced is resent to the right address, not billed again."""
    reference = made(opened)
    (result,) = invoice_purchase_orders(opened, references=[reference]).results
    changes = ContactChanges(
        contact_name="Zoë", contact_email="Zoe@acme.example", cc_emails="a@x.example; b@x.example"
    )
    assert change_contact(opened, reference, changes) == ""
    assert customer_of(opened, result)["email"].lower() == "zoe@acme.example"
    story = purchase_order_story(opened, reference)
    assert (story.contact_name, len(story.invoices)) == ("Zoë", 1)
    assert change_contact(opened, reference, changes) == "", "again is safe"
    resend_invoice(opened, reference)
    other = made(opened, "P-2")
    change_contact(opened, other, ContactChanges(contact_email="zoe@acme.example"))
    (again,) = invoice_purchase_orders(opened, references=[other]).results
    assert customer_of(opened, again)["id"] == customer_of(opened, result)["id"]


def test_a_change_that_stripe_did_not_answer_goes_on_when_repeated(opened, simulator):
    """Books and Stripe that differ in an address send the next reminder into nowhere."""
    reference = made(opened)
    (result,) = invoice_purchase_orders(opened, references=[reference]).results
    simulator.control.fail("/v1/customers/*", kind="drop_before", times=50)
    changes = ContactChanges(contact_email="new@acme.example")
    with pytest.raises(StripeUnknownError):
        change_contact(opened, reference, changes)
    simulator.control.clear_faults()
    assert change_contact(opened, reference, changes) == ""
    assert customer_of(opened, result)["email"] == "new@acme.example"


def test_a_customer_that_others_are_billed_to_keeps_its_address(opened):
    """One department's new address must not redirect another department's invoice."""
    first, second = made(opened), made(opened, "P-2")
    results = invoice_purchase_orders(opened, references=[first, second]).results
    why = change_contact(opened, first, ContactChanges(contact_email="new@acme.example"))
    assert second in why
    assert customer_of(opened, results[0])["email"] == "ap@acme.example"
    assert change_contact(opened, second, ContactChanges(contact_email="new@acme.example")) == ""
    assert customer_of(opened, results[0])["email"] == "new@acme.example"


def customers_that_differ(opened):
    sync_conference(opened, full=True)
    found = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    codes = found.discrepancies["code"].eq("customer_differs")
    return sorted(found.discrepancies.loc[codes, "reference"])


def test_a_corrected_address_is_a_discrepancy_only_until_stripe_has_it(opened, simulator):
    """An alarm after each correction of ours teaches everybody to overlook the real one."""
    first, second = made(opened), made(opened, "P-2")
    results = invoice_purchase_orders(opened, references=[first, second]).results
    change_contact(opened, first, ContactChanges(contact_email="new@acme.example"))
    assert customers_that_differ(opened) == [first], "its customer keeps the old address"
    change_contact(opened, second, ContactChanges(contact_email="new@acme.example"))
    asked = opened.gateway.read(f"/v1/invoices/{results[0].stripe_invoice_id}")
    assert asked["customer_email"] == "ap@acme.example", "a finalized invoice keeps it"
    assert customers_that_differ(opened) == []
    change_contact(opened, first, ContactChanges(contact_email="third@acme.example"))
    assert customers_that_differ(opened) == [first], "the address that Stripe was given is not this"


@pytest.mark.parametrize("email", ["", "nobody", "a@x.example, b@x.example"])
def test_an_address_that_is_none_is_refused(opened, email):
    """A typo found by the bounce is found too late."""
    reference = made(opened)
    with pytest.raises(PurchaseOrderError):
        change_contact(opened, reference, ContactChanges(contact_email=email))
    assert purchase_order_story(opened, reference).contact_email == "ap@acme.example"


def test_cc_addresses_get_the_mail_that_we_write(opened):
    """The sponsor's agency asked for a copy."""
    reference = made(opened)
    change_contact(opened, reference, ContactChanges(cc_emails="x@y.example, x@y.example"))
    with opened.store.reading() as session:
        from po_toolkit.store.purchase_orders import by_reference

        order = by_reference(session, opened.conference, reference)
    assert recipients(order) == ["ap@acme.example", "x@y.example"]


def test_the_sponsors_own_document_is_kept_once_and_comes_back_as_it_was(opened):
    """In a dispute the signed purchase order is what counts."""
    reference, pdf = made(opened), b"%PDF-1.7 signed"
    attach_file(opened, reference, "po.pdf", pdf)
    attach_file(opened, reference, "copy.pdf", pdf)
    (kept,) = attached_files(opened, reference)
    assert (kept.file_name, attached_content(opened, reference, kept.sha256)) == ("po.pdf", pdf)
    with pytest.raises(PurchaseOrderError, match="not a PDF"):
        attach_file(opened, reference, "po.pdf", b"<script>")


def test_home_views_search_and_log_read_the_same_on_both_databases(opened):
    """What the app shows must not depend on where the books are kept."""
    reference = made(opened)
    change_contact(opened, reference, ContactChanges(contact_name="Zoë"))
    log_call(opened, reference, note="Hello")
    for view in (*View, *Bucket):
        page = list_purchase_orders(opened, view=view, above=Decimal(1))
        found = [order.reference for order in page.orders]
        expected = view in (View.OUTSTANDING, Bucket.NOT_INVOICED)
        assert found == ([reference] if expected else []), view
    home = home_page(opened)
    assert [s.not_invoiced for s in home.sums.totals] == [Decimal(1900)]
    assert (home.calls, home.due_soon, home.payments) == ([], [], [])
    assert cash_over_time(opened, "usd").days == []
    for text, amount in (("zoe acme", None), ("1900", Decimal(1900)), (reference, None)):
        assert [hit.order.reference for hit in search(opened, text, amount=amount)] == [reference]
    happened, _ = audit_page(opened, acts=[], offset=0, limit=9)
    assert [h.text.split(":")[0].split("(")[0].strip() for h in happened][:2] == [
        "Called Acme Inc.",
        "Acme Inc.",
    ]
