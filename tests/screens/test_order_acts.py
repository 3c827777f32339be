"""What can be done with one purchase order, and what each role may not do."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import OperationalError

from po_toolkit.api.home import home_page
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import cancel, record_payment_by_hand, refund
from po_toolkit.api.sync import sync_conference
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.reconcile import purchase_order_story
from po_toolkit.store import database
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.ui.formats import plain

DISK_FULL = "database or disk is full"
SHEET = """organization_name,contact_email,po_number,amount,currency
Acme,ap@acme.example,A-1,100.00,{currency}
"""


@pytest.fixture
def order(conference):
    """One purchase order; sent says whether its invoice is out."""

    def make(*, sent=False, slug="pycon-2027", currency="usd"):
        opened = conference(slug)
        sheet = SHEET.format(currency=currency).encode()
        report = import_purchase_orders(opened, sheet, file_name="one.csv")
        if sent:
            invoice_purchase_orders(opened, references=report.references)
        return report.references[0]

    return make


def story(opened, reference):
    return purchase_order_story(opened.store, opened.conference, reference)


def choose(app, label):
    app.button_group[0].set_value(label).run()
    return app


def choices(app):
    return list(app.button_group[0].options) if app.button_group else []


def submit(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def field(app, label):
    return next(w for w in [*app.text_input, *app.checkbox, *app.radio] if w.label == label)


def test_only_what_is_possible_is_offered(show, order):
    """A button that cannot work teaches people to fear all of them."""
    app = show("order", po=order())
    assert choices(app) == [
        "Send invoice",
        "Record payment",
        "Credit note",
        "Edit",
        "Contact and notes",
        "Duplicate",
        "Cancel",
    ]


def test_a_call_is_logged_where_the_caller_was_found(show, read, order, conference):
    """The sponsor rings up and promises a day: nobody goes to Home to look for their card."""
    reference = order(sent=True)
    opened = conference()
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        row = by_reference(uow.session, opened.conference, reference)
        row.live_invoice.due_date = opened.today() - timedelta(days=3)
    app = choose(show("order", po=reference), "Log call")
    assert "3 days overdue" in read(app)
    field(app, "What was said").set_value("Wire is on its way.")
    app.date_input[0].set_value(opened.today() + timedelta(days=2))
    submit(app, "Save call")
    assert "Call logged." in read(app)
    assert "Wire is on its way. They promised to pay by" in read(app)
    assert home_page(opened).calls == []


def test_a_wire_is_recorded_once_and_again_only_on_purpose(show, read, order, conference):
    """The same wire typed twice would settle a debt that is still open."""
    reference = order()
    for expected in ("Payment recorded.", "may be the same money"):
        app = choose(show("order", po=reference), "Record payment")
        field(app, "Amount in USD").set_value("40.00")
        field(app, "The bank's or the sponsor's reference").set_value("FT-77")
        submit(app, "Record payment")
        assert expected in read(app)
    assert str(story(conference(), reference).paid) == "40.00"
    assert [box.label for box in app.checkbox] == ["This is a second payment of the same amount"]
    field(app, "This is a second payment of the same amount").check()
    submit(app, "Record payment")
    assert "is now partially paid, balance 20.00" in read(app)


def test_a_full_disk_is_said_plainly_and_the_payment_is_recorded_once_there_is_room(
    show, read, order, conference, monkeypatch, simulator
):
    """Whoever reads of an unexpected error types the payment again, or believes that it is in."""
    reference, real, broken = order(sent=True), database.Store.writing, [True]

    @contextmanager
    def full(self, actor, act):
        with real(self, actor, act) as uow:
            yield uow
            if broken[0]:  # as SQLite does when it commits
                raise OperationalError("COMMIT", {}, sqlite3.OperationalError(DISK_FULL))

    app = choose(show("order", po=reference), "Record payment")
    field(app, "Amount in USD").set_value("40.00")
    monkeypatch.setattr(database.Store, "writing", full)
    submit(app, "Record payment")
    assert plain("The disk of the database is full. Free some space") in app.error[0].value
    assert "Unexpected error" not in read(app)
    broken[0] = False
    assert story(conference(), reference).paid == 0
    assert simulator.control.all("payment_record") == []
    field(app, "Amount in USD").set_value("40.00")
    submit(app, "Record payment")
    assert not app.error
    assert str(story(conference(), reference).paid) == "40.00"
    assert len(simulator.control.all("payment_record")) == 1


def test_an_overpayment_is_asked_about_when_it_is_entered(show, read, order, conference):
    """A box for each thing that may be odd teaches people to tick them all."""
    reference = order()
    app = choose(show("order", po=reference), "Record payment")
    assert not app.checkbox
    field(app, "Amount in USD").set_value("120.00")
    submit(app, "Record payment")
    assert "120.00 USD is 20.00 USD more. Nothing was recorded." in read(app)
    assert story(conference(), reference).paid == 0
    choose(choose(app, "Credit note"), "Record payment")
    assert not app.checkbox, "asked of a form that was opened anew"
    field(app, "Amount in USD").set_value("120.00")
    submit(app, "Record payment")
    (box,) = app.checkbox
    box.check()
    submit(app, "Record payment")
    assert "is now overpaid" in read(app)
    assert str(story(conference(), reference).balance) == "-20.00"


def test_history_says_what_moved_and_why_without_codes(show, order, conference, simulator):
    """An auditor who reads in_1a1c65ad and no reason learns nothing from the history."""
    reference = order(sent=True)
    opened = conference()
    simulator.control.pay(
        story(opened, reference).stripe_invoice_id, account="sk_test_screens_pycon_2027"
    )
    sync_conference(opened)
    refund(opened, reference, amount=Decimal(30), note="Logo was missing")
    refund(opened, reference, amount=Decimal(10), method="other", note="Cash at the booth")
    number = story(opened, reference).invoices[0].number
    told = story(opened, reference).events
    assert [e.text for e in told if e.amount] == [
        f"Payment of 100.00 USD through Stripe on invoice {number}",
        f"Refund of 30.00 USD through Stripe on invoice {number}: Logo was missing",
        "Refund of 10.00 USD by another way: Cash at the booth",
    ]
    assert all(e.actor for e in told), "who sent the invoice?"
    money = next(d.value for d in show("order", po=reference).dataframe if "entered_by" in d.value)
    assert list(money["reference"]) == [number, number, ""]
    assert list(money["note"]) == ["", "Logo was missing", "Cash at the booth"]


def test_an_amount_that_is_none_is_refused_in_words(show, read, order, conference):
    """'1,000' read as 1 or as 1000 is a guess; nothing is recorded on a guess."""
    reference = order()
    app = choose(show("order", po=reference), "Record payment")
    field(app, "Amount in USD").set_value("1,000")
    submit(app, "Record payment")
    assert "Enter it like 1234.50" in read(app)
    assert story(conference(), reference).paid == 0


def test_a_credit_note_needs_its_reason(show, read, order, conference):
    """A credit note without a reason cannot be explained a year later."""
    reference = order()
    app = choose(show("order", po=reference), "Credit note")
    field(app, "Amount to credit in USD").set_value("10.00")
    submit(app, "Issue credit note")
    assert "Enter a reason" in app.error[0].value
    field(app, "Reason").set_value("Booth was too small")
    submit(app, "Issue credit note")
    assert "balance 90.00" in read(app)


def test_cancelling_voids_the_invoice_at_stripe(show, read, order, conference, simulator):
    """A sponsor who withdrew must not pay a dead invoice."""
    reference = order(sent=True)
    app = choose(show("order", po=reference), "Cancel")
    submit(app, f"Cancel {reference}")
    assert "Enter a reason" in read(app)
    field(app, "Why it is cancelled").set_value("They withdrew")
    submit(app, f"Cancel {reference}")
    assert "Cancelled." in read(app)
    assert story(conference(), reference).status == "cancelled"
    assert story(conference(), reference).invoices[0].state == "void"


def test_a_cancelled_purchase_order_claims_nothing_from_its_sponsor(show, read, order, conference):
    """A balance under the word Cancelled is read to a caller as owed."""
    reference = order()
    cancel(conference(), reference, reason="withdrew")
    app = show("order", po=reference)
    assert "Cancelled" in read(app)
    assert "Balance" not in [metric.label for metric in app.metric]


def test_an_open_invoice_is_mailed_again_on_request(show, read, order, simulator):
    """Half of all unpaid invoices are lost mails."""
    reference = order(sent=True)
    before = len(simulator.control.mails())
    app = choose(show("order", po=reference), "Send invoice again")
    submit(app, "Email it again")
    assert "mailed again" in read(app)
    assert len(simulator.control.mails()) == before + 1


def test_sync_brings_what_the_sponsor_paid(show, read, order, conference, simulator):
    """The sponsor says it is paid; the page must be able to ask Stripe at once."""
    reference = order(sent=True)
    paid = story(conference(), reference).stripe_invoice_id
    simulator.control.pay(paid, account="sk_test_screens_pycon_2027")
    app = show("order", po=reference)
    app.button(key=f"pycon-2027:{reference}:sync.one").click().run()
    assert not app.exception
    assert "1 new payment" in read(app)
    assert {m.label: m.value for m in app.metric}["Balance"] == "0.00\u00a0USD"


def test_in_live_mode_a_box_must_be_ticked_first(show, read, order, conference):
    """What reaches a real account takes a yes of its own."""
    reference = order(slug="live-2027", currency="eur")
    app = choose(show("order", name="Live 2027", po=reference), "Credit note")
    field(app, "Amount to credit in EUR").set_value("10.00")
    field(app, "Reason").set_value("Agreed")
    submit(app, "Issue credit note")
    assert "Tick the box first" in app.error[0].value
    assert story(conference("live-2027"), reference).credited == 0
    field(app, "Yes, in the real Stripe account of Live 2027").check()
    submit(app, "Issue credit note")
    assert str(story(conference("live-2027"), reference).credited) == "10.00"


def test_a_refund_goes_back_through_stripe(show, read, order, conference, simulator):
    """An overpaid sponsor who waits for his money is the last one to come back."""
    reference = order(sent=True)
    account = "sk_test_screens_pycon_2027"
    paid = story(conference(), reference).stripe_invoice_id
    simulator.control.pay(paid, account=account)
    app = show("order", po=reference)
    app.button(key=f"pycon-2027:{reference}:sync.one").click().run()
    choose(app, "Refund")
    field(app, "Amount to refund in USD").set_value("30.00")
    submit(app, "Refund")
    assert "Refunded." in read(app)
    assert str(story(conference(), reference).refunded) == "30.00"


def test_a_mistake_is_reversed_and_never_deleted(show, read, order, conference):
    """What was entered wrongly stays in sight, with its correction beside it."""
    reference = order()
    app = choose(show("order", po=reference), "Record payment")
    field(app, "Amount in USD").set_value("40.00")
    submit(app, "Record payment")
    choose(app, "Reverse an entry")
    field(app, "Reason").set_value("Wrong sponsor")
    submit(app, "Reverse the entry")
    assert "Reversed." in read(app)
    after = story(conference(), reference)
    assert after.paid == 0
    assert len(after.entries) == 2


def test_a_changed_address_voids_the_invoice_and_bills_anew(
    show, read, order, conference, simulator
):
    """'We need it to another mailbox' must be one form, not three tools."""
    reference = order(sent=True)
    first = story(conference(), reference).stripe_invoice_id
    app = choose(show("order", po=reference), "Void and reissue")
    field(app, "Contact email").set_value("billing@acme.example")
    field(app, "Why the invoice is voided").set_value("Another mailbox")
    submit(app, "Void the invoice and send a new one")
    assert "The invoice was replaced" in read(app)
    after = story(conference(), reference)
    assert after.contact_email == "billing@acme.example"
    assert [i.state for i in after.invoices] == ["void", "sent"]
    assert after.stripe_invoice_id != first
    app = show("order", po=reference)
    whole = [code.value for code in app.code]
    assert whole == [i.stripe_invoice_id for i in after.invoices], "to be copied, not cut off"
    (table,) = [d.value for d in app.dataframe if "stripe_total" in d.value]
    assert "stripe_invoice_id" not in table


def test_a_draft_is_simply_changed(show, read, order, conference):
    """Before the invoice is out, a correction costs nothing."""
    reference = order()
    app = choose(show("order", po=reference), "Edit")
    field(app, "PO number").set_value("A-2")
    submit(app, "Save changes")
    assert story(conference(), reference).po_number == "A-2"


def test_an_invoice_for_a_portal_is_written_delivered_and_noted(
    show, read, conference, simulator, order
):
    """What Stripe does not mail must not lie about, unseen and called sent."""
    reference = order()
    app = choose(show("order", po=reference), "Edit")
    next(s for s in app.selectbox if s.label == "Delivery").set_value("ourselves")
    submit(app, "Save changes")
    assert "The invoice is delivered by you." in read(app)
    invoice_purchase_orders(conference(), references=[reference])
    assert simulator.control.mails() == []
    assert "1 invoice to deliver yourself" in [link.label for link in show("home").get("page_link")]
    app = show("order", po=reference)
    assert "Ready to deliver" in read(app)
    assert "Send invoice again" not in choices(app)
    choose(app, "Deliver")
    next(b for b in app.button if b.label == "Write the email").click().run()
    assert not app.exception
    assert [d.label for d in app.get("download_button")][:2] == ["Email draft", "PDF"]
    kept = [d.label for d in app.get("download_button") if d.label.startswith("PDF, kept")]
    assert len(kept) == 1
    submit(app, "Mark as delivered")
    assert "Marked as delivered; it is now sent." in read(app)
    assert story(conference(), reference).status == "sent"


def test_an_e_invoice_is_written_on_the_page_or_what_it_lacks_is_listed(
    show, read, conference, order
):
    """A sponsor whose system takes no PDF must not wait for somebody with a terminal."""
    reference = order()
    invoice_purchase_orders(conference(), references=[reference])
    app = show("order", po=reference)
    next(b for b in app.button if b.label == "Write e-invoice").click().run()
    assert not app.exception
    assert any(plain("BR-09 (e_invoice.country)") in error.value for error in app.error)
    assert "Download e-invoice" not in [d.label for d in app.get("download_button")]


def test_an_overpaid_order_says_what_to_do_with_the_excess(show, read, conference, order):
    """An excess that the page only shows as a negative balance lies there until the audit."""
    opened, reference = conference(), order()
    assert "more was paid" not in read(show("order", po=reference))
    record_payment_by_hand(opened, reference, amount=Decimal(130), method="wire", overpaid=True)
    app = show("order", po=reference)
    (notice,) = [info.value for info in app.info if "more was paid" in info.value]
    assert plain("30.00\u00a0USD") in plain(notice)
    assert "“Refund”" in notice
    assert "“Reverse an entry”" in notice
    assert "Stripe keeps" not in notice, "Stripe has none of it"
    assert {"Refund", "Reverse an entry"} <= set(choices(app))
    refund(opened, reference, amount=Decimal(30), method="wire")
    assert "more was paid" not in read(show("order", po=reference))
