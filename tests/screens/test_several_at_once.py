"""Several people at once: whoever comes second learns what changed, and nothing is done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines, choose
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.order_changes import Changes, change_order
from po_toolkit.api.reports import close_books, closed_books, verify_closed
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.ui import bank_line, order_money, orders_bulk, session
from tests.bank.statement import Entry, camt
from tests.screens.test_orders import tick

SHEET = b"""organization_name,contact_email,po_number,amount
Acme Press,ap@acme.example,A-1,100.00
Bolt Systems,ap@bolt.example,B-1,200.00
"""
BEN = Actor("ben", Role.ADMIN)


@pytest.fixture
def books(conference):
    """Two purchase orders, as Ben sees them."""
    opened = conference(actor=BEN)
    return opened, import_purchase_orders(opened, SHEET, file_name="two.csv").references


def act(app, label):
    """Choose what to do with the purchase order that is shown."""
    pills = next(p for p in app.get("button_group") if "order.act" in (p.key or ""))
    pills.set_value([label] if isinstance(pills.value, list) else label).run()
    assert not app.exception
    return app


def field(app, label):
    return next(w for w in [*app.text_input, *app.text_area] if w.label == label)


def press(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def story(opened, reference):
    return purchase_order_story(opened.store, opened.conference, reference)


def test_an_edit_of_what_was_sent_meanwhile_is_not_done_and_says_how_to_go_on(show, read, books):
    """A price that changes after the invoice is out is a price that nobody is asked for."""
    opened, (reference, _) = books
    app = act(show("order", po=reference), "Edit")
    field(app, "PO number").set_value("A-2")
    invoice_purchase_orders(opened, references=[reference])
    press(app, "Save changes")
    said = app.warning[0].value
    assert "Since you opened “Edit”" in said
    assert "reissue it" in said, "what to do instead"
    assert story(opened, reference).po_number == "A-1"


def test_two_edits_of_one_draft_keep_both(show, books):
    """Whoever saves last must not undo, unseen, what a colleague saved before."""
    opened, (reference, _) = books
    app = act(show("order", po=reference), "Edit")
    field(app, "PO number").set_value("A-2")
    line = {"description": "Booth", "quantity": 1, "unit_price": Decimal(150)}
    change_order(opened, reference, Changes(line_items=[line]))
    press(app, "Save changes")
    assert "(ben)" in app.warning[0].value
    assert "Nothing that you entered was done" in app.warning[0].value
    now = story(opened, reference)
    assert (now.po_number, now.total) == ("A-1", 150)
    press(app, "Save changes")
    now = story(opened, reference)
    assert (now.po_number, now.total) == ("A-2", 150)
    assert not app.warning


def test_a_preview_whose_purchase_order_changed_meanwhile_sends_nothing(show, read, books, finish):
    """What is sent is what somebody looked at."""
    opened, (reference, other) = books
    app = press(show("invoice"), "Send 2 invoices…")
    line = {"description": "Booth", "quantity": 1, "unit_price": Decimal(150)}
    change_order(opened, reference, Changes(line_items=[line]))
    press(app, "Send 2 invoices")
    assert "Nothing was sent: 1 purchase order changed meanwhile." in app.warning[0].value
    assert "Acme Press: 100.00 USD, now 150.00 USD" in read(app).replace("\xa0", " ")
    assert not story(opened, other).invoices
    press(app, "Preview again")
    finish(press(app, "Send 2 invoices"))
    assert [i.stripe_total for i in story(opened, reference).invoices] == [150]
    assert [i.stripe_total for i in story(opened, other).invoices] == [200]


def test_two_who_send_the_same_preview_send_it_once(show, books):
    """Two coordinators who press at the same time must not bill a sponsor twice."""
    opened, references = books
    app = press(show("invoice"), "Send 2 invoices…")
    invoice_purchase_orders(opened, references=references)
    press(app, "Send 2 invoices")
    assert "2 purchase orders changed meanwhile." in app.warning[0].value
    press(app, "Preview again")
    assert not app.error
    assert [len(story(opened, r).invoices) for r in references] == [1, 1]


def load(opened, *entries):
    import_bank_statement(opened, camt(list(entries)), file_name="bank.xml")
    return bank_lines(opened)


def test_a_line_that_was_matched_meanwhile_is_not_matched_twice(show, books):
    """Two treasurers at one statement must not record one wire twice."""
    opened, (reference, other) = books
    invoice_purchase_orders(opened, references=[reference, other])
    day = opened.today()
    load(opened, Entry(day, Decimal(100), "A-1", "Acme Press"), Entry(day, Decimal(7), "Interest"))
    app = show("bank")
    shown = app.session_state["pycon-2027:bank.seen"]
    line = next(x for x in bank_lines(opened) if x.line == shown)
    first = reference if Decimal(line.amount) == 100 else other
    if first == other:  # turn to the wire
        press(app, "Next")
        shown = app.session_state["pycon-2027:bank.seen"]
    choose(opened, shown, orders={reference: None})
    press(app, "Exclude")
    assert f"Somebody else has decided about line {shown}" in app.warning[0].value
    assert reference in app.warning[0].value.replace("\\", "")
    assert not app.get("dialog"), "the reason would be kept with another line"
    assert [e.amount for e in story(opened, reference).entries] == [100]
    states = {Decimal(x.amount): x.state for x in bank_lines(opened)}
    assert states == {Decimal(100): "applied", Decimal(7): "unmatched"}


def test_a_check_that_two_people_record_counts_once(show, read, books):
    """One check on two desks is one payment."""
    opened, (reference, _) = books
    app = act(show("order", po=reference), "Record payment")
    field(app, "The bank's or the sponsor's reference").set_value("CHK 1041")
    record_payment_by_hand(
        opened, reference, amount=Decimal(100), method="check", payment_reference="CHK 1041"
    )
    press(app, "Record payment")
    assert "Since you opened “Record payment”" in app.warning[0].value
    press(app, "Record payment")
    assert field(app, "Amount in USD").value == "100.00", "what was in the field stays in it"
    assert "may be the same money" in " ".join(w.value for w in app.warning), "it is asked about"
    assert [e.amount for e in story(opened, reference).entries] == [100]


def test_a_month_closed_while_somebody_matches_stays_as_it_was_closed(show, books):
    """A wire that is matched a minute too late belongs to the next month, and to no two."""
    opened, (reference, _) = books
    invoice_purchase_orders(opened, references=[reference])
    yesterday = opened.today() - timedelta(days=1)
    load(opened, Entry(yesterday, Decimal(100), "A-1", "Acme Press"))
    app = show("bank")
    close_books(opened, yesterday)
    next(b for b in app.button if b.label == "Match").click().run()
    assert not app.exception
    for question in [b for b in app.button if b.label == "Match anyway"]:
        question.click().run()
    assert not app.exception
    (entry,) = story(opened, reference).entries
    assert entry.amount == 100
    found = verify_closed(opened, yesterday)
    assert found.intact
    assert found.same_again


def test_a_month_is_closed_once_by_two(show, books):
    """Two treasurers at the end of the month."""
    opened, _ = books
    app = show("reconciliation", **{"reconciliation-view": "Month end"})
    yesterday = opened.today() - timedelta(days=1)
    next(d for d in app.date_input if d.label == "Close through").set_value(yesterday)
    app.checkbox[0].check()
    close_books(opened, yesterday)
    press(app, "Close")
    assert len(closed_books(opened)) == 1
    assert not any(c.value for c in app.checkbox), "a form that is there is that of the next period"


@pytest.fixture
def second_click(monkeypatch):
    """Click a button again as soon as an act is done, before the page can say so."""

    def again(module, name, app):
        real, states = getattr(module, name), app._tree.get_widget_states()

        def acted(*args, **kwargs):
            result = real(*args, **kwargs)
            requests = get_script_run_ctx().script_requests
            assert requests.request_rerun(RerunData(widget_states=states))
            monkeypatch.setattr(module, name, real)
            return result

        monkeypatch.setattr(module, name, acted)
        app.run()
        assert not app.exception

    return again


def test_a_second_click_records_no_second_payment_and_hides_no_first(
    show, read, books, second_click
):
    """Who reads that nothing was done types the payment again."""
    opened, (reference, _) = books
    invoice_purchase_orders(opened, references=[reference])
    app = act(show("order", po=reference), "Record payment")
    field(app, "Amount in USD").set_value("7")
    next(b for b in app.button if b.label == "Record payment").click()
    second_click(order_money, "record_payment_by_hand", app)
    assert "Payment recorded." in app.success[0].value
    assert not app.warning
    assert story(opened, reference).paid == 7


def test_a_second_click_emails_no_invoice_again(show, books, second_click, simulator):
    """A sponsor who gets each invoice three times asks which one to pay."""
    opened, references = books
    invoice_purchase_orders(opened, references=references)
    mails = len(simulator.control.mails())
    app = show("orders")
    tick(app, [0, 1])
    next(b for b in app.button if b.label == "Resend 2 invoices").click()
    second_click(orders_bulk, "resend_invoice", app)
    assert len(simulator.control.mails()) == mails + 2
    assert "2 purchase orders resent" in app.success[0].value


def test_a_line_that_one_decides_by_two_clicks_was_decided_by_nobody_else(
    show, books, second_click
):
    """Who is told that a colleague was first asks around for nothing."""
    opened, _ = books
    lines = [Entry(opened.today(), Decimal(f"-{n}.00"), f"Fee {n}", "Bank") for n in (7, 8)]
    import_bank_statement(opened, camt(lines), file_name="bank.xml")
    app = press(show("bank"), "Exclude")
    next(t for t in app.text_input if t.label.startswith("Reason")).set_value("a fee")
    [b for b in app.button if b.label == "Exclude"][-1].click()
    second_click(bank_line, "exclude_line", app)
    assert not app.warning
    assert sorted(x.state for x in bank_lines(opened)) == ["set_aside", "unmatched"]


def test_a_second_click_waits_for_what_the_first_does(monkeypatch):
    """Run beside the first, it would find a half-done payment and call it one that was cut off."""
    looked, begun, free, acts = Event(), Event(), Event(), []

    class State(dict):
        def get(self, *asked):
            if begun.is_set():
                looked.set()
            return super().get(*asked)

    def act():
        begun.set()
        assert free.wait(10)
        acts.append("recorded")
        return len(acts)

    monkeypatch.setattr(session.st, "session_state", State())
    with ThreadPoolExecutor() as pool:
        first = pool.submit(session.wholly, "payment", act)
        assert begun.wait(10)
        second = pool.submit(session.wholly, "payment", act)
        assert looked.wait(10)
        free.set()
        assert [first.result(10), second.result(10)] == [1, 1]
        assert pool.submit(session.wholly, "payment", act).result(10) == 2, "a later click acts"
