"""What is typed, ticked or chosen counts for what it was entered for, and for nothing else."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest

from po_toolkit.api.contact import ContactChanges, change_contact
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.month_end import accept_discrepancies
from po_toolkit.reconcile import list_purchase_orders, purchase_order_story

SHEET = b"""organization_name,contact_email,po_number,amount
Acme Press,ap@acme.example,A-1,100.00
Bolt Systems,ap@bolt.example,B-1,200.00
"""
NEWCOMER = b"organization_name,contact_email,po_number,amount\nCole,ap@cole.example,C-1,300.00\n"
TYPED = "typed for Acme"


@pytest.fixture
def books(conference):
    """Two purchase orders of two sponsors, sent and paid in part."""
    opened = conference()
    references = import_purchase_orders(opened, SHEET, file_name="two.csv").references
    return opened, references


def press(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def tick(app, *rows):
    selection = {"rows": list(rows), "columns": [], "cells": []}
    app.session_state[app.dataframe[0].key] = {"selection": selection}
    app.run()
    assert not app.exception
    return app


def entered(app):
    """What the page's fields hold, by their labels."""
    fields = [*app.text_input, *app.text_area, *app.date_input, *app.checkbox, *app.radio]
    return [(each.label, each.value) for each in fields]


@pytest.mark.parametrize(
    "act",
    [
        "Record payment",
        "Credit note",
        "Refund",
        "Log call",
        "Contact and notes",
        "Void and reissue",
        "Cancel",
    ],
)
def test_a_form_begins_empty_though_another_order_s_was_on_the_page(show, books, act):
    """A page that is slow shows the next purchase order's form in the place of the last one's."""
    opened, references = books
    invoice_purchase_orders(opened, references=references)
    if act == "Refund":
        for reference in references:
            record_payment_by_hand(opened, reference, amount=Decimal(5), method="wire")
    (acme, bolt), opener = references, "pycon-2027:{}:order.act.0"
    fresh = show("order", po=bolt)
    fresh.session_state[opener.format(bolt)] = act
    fresh.run()
    app = show("order", po=acme)
    app.session_state[opener.format(acme)] = act
    app.run()
    for field in [*app.text_input[1:], *app.text_area]:
        field.set_value(TYPED)
    for choice in app.radio:
        choice.set_value("other")
    change_contact(opened, acme, ContactChanges(notes="Changed by a colleague"))
    next(b for b in app.button if b.form_id).click().run()
    assert "Nothing that you entered was done" in app.warning[0].value
    assert TYPED in [value for _, value in entered(app)]
    app.query_params["po"] = bolt
    app.session_state[opener.format(bolt)] = act
    app.run()
    assert not app.exception
    assert app.title[0].value == "Bolt Systems"
    assert len(entered(app)) > 1
    assert entered(app) == entered(fresh)


def test_a_tick_stays_with_its_row_when_another_comes_above_it(show, read, books):
    """The list shows what others import by itself: the one above would be cancelled."""
    app = tick(show("orders"), 0)
    assert "1 purchase order ticked" in read(app)
    opened = books[0]
    import_purchase_orders(opened, NEWCOMER, file_name="one.csv")
    app.run()
    assert app.dataframe[0].value["organization_name"].iloc[0] == "Cole"
    assert "ticked" not in read(app)


def test_a_tick_outlasts_a_payment_of_the_same_rows(show, read, books):
    """On the day when money comes in, nobody could ever tick five rows."""
    opened, (acme, _bolt) = books
    app = tick(show("orders", sort="Sponsor"), 0)
    record_payment_by_hand(opened, acme, amount=Decimal(5), method="wire")
    app.run()
    assert "Partially paid" in app.dataframe[0].value["status"].explode().tolist()
    assert "1 purchase order ticked" in read(app)


def test_a_reason_for_some_is_not_given_for_others(show, books):
    """'They withdrew' of one sponsor would be in the history of another."""
    app = tick(show("orders", sort="Sponsor"), 0)
    next(t for t in app.text_input if t.label == "Reason").set_value("They withdrew").run()
    assert not next(b for b in app.button if b.label == "Cancel 1 purchase order").disabled
    tick(app, 1)
    assert next(t for t in app.text_input if t.label == "Reason").value == ""
    assert next(b for b in app.button if b.label == "Cancel 1 purchase order").disabled


def test_a_draft_that_was_unticked_is_not_sent_in_the_place_of_another(show, books, conference):
    """A draft that goes and one that comes change what is at each place of the table."""
    opened, references = books
    app = show("invoice")
    grid = app.get("data_editor")[0]
    app.session_state[grid.key] = {
        "edited_rows": {1: {"send": False}}, "added_rows": [], "deleted_rows": []
    }  # fmt: skip
    app.run()
    assert [b.label for b in app.button if b.label.startswith("Send")] == ["Send 1 invoice…"]
    invoice_purchase_orders(opened, references=references[:1])
    import_purchase_orders(opened, NEWCOMER, file_name="one.csv")
    app.run()
    assert [b.label for b in app.button if b.label.startswith("Send")] == ["Send 2 invoices…"]
    sent = app.get("data_editor")[0].value
    assert sent["send"].all(), "other rows are asked about anew"


def test_which_of_two_entries_is_reversed_is_never_assumed(show, read, books):
    """The first of two wires would go, and it may be the right one."""
    opened, (acme, _) = books
    for amount in (10, 20):
        record_payment_by_hand(opened, acme, amount=Decimal(amount), method="wire")
    app = show("order", po=acme)
    app.session_state[f"pycon-2027:{acme}:order.act.0"] = "Reverse an entry"
    app.run()
    (entry,) = [r for r in app.radio if r.label == "Entered by mistake"]
    assert entry.value is None
    assert len(set(entry.options)) == 2
    next(t for t in app.text_input if t.label == "Reason").set_value("Typed twice")
    press(app, "Reverse the entry")
    assert "Choose the entry to reverse." in app.error[0].value

    def paid():
        return purchase_order_story(opened.store, opened.conference, acme).paid

    assert paid() == 30
    (entry,) = [r for r in app.radio if r.label == "Entered by mistake"]
    entry.set_value(next(o for o in entry.options if "20.00" in o))
    press(app, "Reverse the entry")
    assert paid() == 10


def test_a_question_that_was_confirmed_is_asked_again_of_another_amount(show, read, books):
    """A tick for 20 too much must not book 2,000 too much after one more zero."""
    opened, (acme, _) = books
    app = show("order", po=acme)
    app.session_state[f"pycon-2027:{acme}:order.act.0"] = "Record payment"
    app.run()

    def enter(amount):
        next(t for t in app.text_input if t.label == "Amount in USD").set_value(amount)
        press(app, "Record payment")
        return purchase_order_story(opened.store, opened.conference, acme).paid

    assert enter("120") == 0
    app.checkbox[0].check()
    assert enter("1200") == 0
    assert "1,200.00" in read(app)
    assert not app.checkbox[0].value
    app.checkbox[0].check()
    assert enter("1200") == 1200


def test_which_of_two_acceptances_is_withdrawn_is_never_assumed(show, read, books):
    """The first one's reason would be lost, and it would be open again."""
    opened, references = books
    for reference in references:
        record_payment_by_hand(
            opened, reference, amount=Decimal(1000), method="wire", overpaid=True
        )
    accept_discrepancies(opened, "overpaid", set(references), reason="Kept for 2028")
    app = press(show("reconciliation"), "Open again")
    assert "Choose what to open again." in app.error[0].value
    assert "Accepted: 2" in [e.label for e in app.expander]
    box = next(s for s in app.selectbox if s.label == "Accepted discrepancy")
    assert box.value is None
    box.set_value(next(o for o in box.options if "Bolt" in o))
    app = press(app, "Open again")
    assert "Accepted: 1" in [e.label for e in app.expander]
    (left,) = next(s for s in app.selectbox if s.label == "Accepted discrepancy").options
    assert "Acme Press" in left


def test_an_answer_about_one_sheet_is_not_taken_for_another(show, conference):
    """Whether 1.230 is a thousand on one sheet says nothing about the other."""
    book = openpyxl.Workbook()
    for name, sheet in (("Gold", book.active), ("Silver", book.create_sheet())):
        sheet.title = name
        sheet.append(["organization_name", "contact_email", "po_number", "amount", "currency"])
        sheet.append([f"{name} One", "ap@one.example", f"{name}-1", "1.230", "bhd"])
        sheet.append([f"{name} Two", "ap@two.example", f"{name}-2", "5.670", "bhd"])
    content = io.BytesIO()
    book.save(content)
    app = show("import")
    app.file_uploader[0].set_value(("two.xlsx", content.getvalue(), "application/octet-stream"))
    app.run()

    def answer(asked, number):
        app.radio[asked].set_value(number).run()
        assert not app.exception

    answer(0, 0)
    assert "decimal" in app.radio[1].label
    answer(1, 1)
    assert app.metric[0].label == "Purchase orders ready to import"
    answer(0, 1)
    assert "decimal" in app.radio[1].label
    assert app.radio[1].value is None
    assert not app.metric, "nothing is ready before it is asked about this sheet"
    answer(0, 0)
    assert list_purchase_orders(conference().store, conference().conference).matching == 0
