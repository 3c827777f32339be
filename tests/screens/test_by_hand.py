"""Purchase orders by hand on the page: new, copied, edited, contacts, and the sponsor's PDF."""

from __future__ import annotations

from decimal import Decimal

import pytest

from po_toolkit.api.contact import attach_file
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.reports import list_purchase_orders, purchase_order_story
from po_toolkit.ui.formats import plain


@pytest.fixture
def books(conference, sample):
    name, data, _ = sample("sponsors-2027.csv")
    opened = conference()
    import_purchase_orders(opened, data, file_name=name)
    return opened


def by_label(app, label):
    return next(w for w in [*app.text_input, *app.text_area] if w.label == label)


def editor_key(app):
    return app.get("data_editor")[0].key


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_a_purchase_order_is_made_on_the_page_and_opens(show, books):
    """A sponsor who calls needs no spreadsheet of one row."""
    app = show("new")
    assert not app.exception
    by_label(app, "Sponsor").set_value("Zoë & Co")
    by_label(app, "Contact email").set_value("zoe@co.example")
    by_label(app, "PO number").set_value("Z-1")
    by_label(app, "Phone").set_value("+1 555 0100")
    app.session_state[editor_key(app)] = {
        "edited_rows": {
            0: {"description": "Gold", "quantity": 2, "unit_price": "1,250.50"},
            1: {"description": "Discount", "unit_price": "-1.00"},
        },
        "added_rows": [],
        "deleted_rows": [],
    }
    press(app, "Create purchase order")
    assert not app.exception
    assert app.title[0].value == "Zoë & Co"
    (order,) = list_purchase_orders(books, text="zoë").orders
    assert (order.total, order.status) == (Decimal("2500.00"), "draft")


def test_what_is_missing_is_named_and_what_was_typed_stays(show, read, books):
    """A form that empties itself on a typo is filled in once."""
    app = show("new")
    by_label(app, "Sponsor").set_value("Zoë & Co")
    by_label(app, "Contact email").set_value("nobody")
    app.session_state[editor_key(app)] = {
        "edited_rows": {0: {"description": "Gold", "unit_price": "12.00"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    press(app, "Create purchase order")
    assert "Zoë & Co: Contact email: This email address has no @ sign" in read(app)
    assert by_label(app, "Sponsor").value == "Zoë & Co"
    by_label(app, "Sponsor").set_value("")
    press(app, "Create purchase order")
    assert app.error[0].value == plain("Sponsor: A value is missing.")
    assert list_purchase_orders(books, text="zoë").matching == 0


def test_a_copy_asks_before_it_bills_the_same_twice(show, read, books):
    """Two clicks on Duplicate must not be two invoices."""
    first = list_purchase_orders(books, text="northwind").orders[0]
    app = show("new", **{"from": first.reference})
    assert not app.exception
    assert not app.checkbox  # a question comes with what is asked
    press(app, "Create purchase order")
    assert f"{first.reference} already, under number {first.po_number}: the same" in read(app)
    by_label(app, "PO number").set_value("ANOTHER-1")
    press(app, "Create purchase order")
    again = list_purchase_orders(books, text="northwind")
    if again.matching == 1:
        next(c for c in app.checkbox if c.label.startswith("Create it even")).check()
        press(app, "Create purchase order")
        again = list_purchase_orders(books, text="northwind")
    assert [o.total for o in again.orders] == [first.total] * 2


def choose(app, label):
    act = next(p for p in app.get("button_group") if "order.act" in (p.key or ""))
    act.set_value([label] if isinstance(act.value, list) else label).run()
    return app


def test_an_edited_line_changes_the_draft(show, books):
    """One booth more is one cell."""
    order = list_purchase_orders(books, text="northwind").orders[0]
    app = choose(show("order", po=order.reference), "Edit")
    assert not app.exception
    app.session_state[editor_key(app)] = {
        "edited_rows": {0: {"unit_price": "1.00"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    press(app, "Save changes")
    assert not app.exception
    story = purchase_order_story(books, order.reference)
    assert story.lines[0].unit_price == 1
    assert story.total == story.lines[0].quantity + sum(x.line_total for x in story.lines[1:])


def test_a_partly_paid_one_says_why_it_is_not_cancelled_and_what_to_do(show, read, books):
    """A button that is simply missing makes people call the developer."""
    order = list_purchase_orders(books, text="northwind").orders[0]
    invoice_purchase_orders(books, references=[order.reference])
    record_payment_by_hand(books, order.reference, amount=Decimal(100), method="wire")
    seen = read(show("order", po=order.reference))
    assert "100.00\u00a0USD is received. Refund it first" in seen
    assert "Stripe voids no invoice with payments" in seen


def test_contact_and_notes_change_on_the_page(show, books):
    """The new accounts payable clerk is one form away."""
    order = list_purchase_orders(books, text="northwind").orders[0]
    app = choose(show("order", po=order.reference), "Contact and notes")
    by_label(app, "Contact email").set_value("new@northwind.example")
    by_label(app, "Notes").set_value("Ask for Ann")
    press(app, "Save contact")
    assert not app.exception
    story = purchase_order_story(books, order.reference)
    assert (story.contact_email, story.notes) == ("new@northwind.example", "Ask for Ann")


def test_the_sponsors_pdf_is_shown(show, books, press):
    """What was signed is looked at where it is argued about."""
    order = list_purchase_orders(books, text="northwind").orders[0]
    attach_file(books, order.reference, "po.pdf", b"%PDF-1.7 signed")
    app = show("order", po=order.reference)
    assert not app.exception
    assert plain("po.pdf") in [b.label for b in app.get("download_button")]
