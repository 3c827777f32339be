"""People press twice, reload, go back, and lose their role in between; the books must not mind."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.bank_matching import bank_lines
from po_toolkit.api.home import home_page
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.reconcile import list_purchase_orders, purchase_order_story
from tests.bank.statement import Entry, camt
from tests.browser.provider import AUTH, provider, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the provider and Authlib
]

SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"
SECOND = b"Bolt,ap@bolt.example,B-1,200.00\n"
SHEET = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"


def invoiced(app):
    opened = app.conference()
    report = import_purchase_orders(opened, SHEET, file_name="one.csv")
    invoice_purchase_orders(opened, references=report.references)
    return opened, report.references[0]


def choose(page, act):
    acts = page.get_by_role("radiogroup", name="What do you want to do?")
    acts.get_by_text(act, exact=True).click(timeout=20000)


def test_a_double_click_does_nothing_twice(page, serve, simulator):
    """A nervous finger must not credit, mail or import a second time."""
    from playwright.sync_api import expect

    app = serve()
    opened, reference = invoiced(app)
    mails = len(simulator.control.mails())
    page.goto(f"{app.url}/order?po={reference}")
    choose(page, "Credit note")
    page.get_by_label("Amount to credit in USD").fill("5.00")
    page.get_by_label("Reason").fill("agreed")
    page.get_by_role("button", name="Issue credit note").dblclick()
    expect(page.get_by_text("Credit note issued.")).to_be_visible(timeout=20000)
    choose(page, "Send invoice again")
    page.get_by_role("button", name="Email it again").dblclick()
    expect(page.get_by_text("The invoice was emailed again.")).to_be_visible(timeout=20000)
    choose(page, "Record payment")
    page.get_by_label("Amount in USD").fill("7.00")
    page.get_by_role("button", name="Record payment", exact=True).last.dblclick()
    expect(page.get_by_text("Payment recorded.")).to_be_visible(timeout=20000)
    page.reload()
    expect(page.get_by_role("heading", name="Acme")).to_be_visible(timeout=20000)
    story = purchase_order_story(opened.store, opened.conference, reference)
    assert (str(story.credited), str(story.paid)) == ("5.00", "7.00")
    assert len(simulator.control.mails()) == mails + 2, "the credit note and the invoice, once each"

    page.goto(f"{app.url}/import")
    files = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    files.set_input_files(SAMPLES / "sponsors-2027.csv", timeout=20000)
    page.get_by_role("button", name="Import 40 purchase orders").dblclick(timeout=20000)
    expect(page.get_by_text("40 purchase orders imported")).to_be_visible(timeout=20000)
    assert list_purchase_orders(opened.store, opened.conference, limit=1).matching == 41


def test_a_second_press_logs_no_call_of_the_next_sponsor(page, serve, simulator):
    """The list moves up under the pointer; who was not called must stay in it."""
    from playwright.sync_api import expect

    app = serve()
    ago = timedelta(days=60)
    simulator.control.advance(-ago.total_seconds())
    opened = app.conference(ago=ago)
    report = import_purchase_orders(opened, SHEET + SECOND, file_name="two.csv")
    invoice_purchase_orders(opened, references=report.references)
    simulator.control.advance(ago.total_seconds())
    page.goto(app.url)
    page.get_by_role("button", name="Note").first.click(timeout=20000)
    page.get_by_label("What was said").fill("Pays on Friday")
    page.get_by_role("button", name="Save call").dblclick()
    expect(page.get_by_text(re.compile("^Call to .* logged"))).to_be_visible(timeout=20000)
    expect(page.get_by_role("button", name="Save call")).to_have_count(0)
    calls = home_page(app.conference()).calls
    assert len(calls) == 1, "the other sponsor waits for their call"


def test_a_form_that_stood_open_while_the_sponsor_paid_takes_nothing_wrong(page, serve, simulator):
    """What was typed before the money came must not be booked as if it had not."""
    from playwright.sync_api import expect

    app = serve()
    opened, reference = invoiced(app)
    page.goto(f"{app.url}/order?po={reference}")
    choose(page, "Cancel")
    button = page.get_by_role("button", name=f"Cancel {reference}")
    expect(button).to_be_visible(timeout=20000)
    page.get_by_label("Why it is cancelled").fill("They withdrew")
    story = purchase_order_story(opened.store, opened.conference, reference)
    simulator.control.pay(story.stripe_invoice_id, account="sk_test_browser_pycon_2027")
    button.click()
    expect(page.get_by_role("alert").first).to_be_visible(timeout=20000)
    story = purchase_order_story(opened.store, opened.conference, reference)
    assert story.status != "cancelled"


def test_a_role_that_was_taken_away_stops_the_button_on_the_open_page(page, serve):
    """Who left the team at noon must not be able to finish the form she had open."""
    from playwright.sync_api import expect

    with provider() as address:
        app = serve(AUTH, provider=address, cookie_secret="c" * 40)
        opened, reference = invoiced(app)
        sign_in(page, app.url, "ada")
        expect(page.get_by_role("heading", name="PyCon 2027")).to_be_visible(timeout=20000)
        page.goto(f"{app.url}/order?po={reference}")
        choose(page, "Credit note")
        page.get_by_label("Amount to credit in USD").fill("5.00")
        page.get_by_label("Reason").fill("agreed")
        config = app.config.read_text()
        app.config.write_text(config.replace('admin = ["group:board"]', "admin = []"))
        page.get_by_role("button", name="Issue credit note").click()
        expect(page.get_by_text("Viewer")).to_be_visible(timeout=20000)
        expect(page.get_by_role("button", name="Issue credit note")).to_have_count(0)
        story = purchase_order_story(opened.store, opened.conference, reference)
        assert story.credited == 0


def test_a_reason_typed_without_a_mouse_decides_its_own_line_only(page, serve, simulator):
    """Letters of a reason that count as shortcuts book the line to whatever is on the screen."""
    from playwright.sync_api import expect

    app = serve()
    opened, _ = invoiced(app)
    day = opened.today()
    lines = [Entry(day, Decimal(f"-{n}.00"), f"Fee {n}", "Bank") for n in (7, 8, 9)]
    import_bank_statement(opened, camt(lines), file_name="bank.xml")
    page.goto(f"{app.url}/bank")
    for number in (1, 2):
        expect(page.get_by_text(f"Line 1 of {4 - number}")).to_be_visible(timeout=20000)
        expect(page.get_by_role("button", name="Exclude Shortcut X")).to_be_visible()
        expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
        page.keyboard.press("x")
        reason = page.get_by_role("dialog").get_by_role("textbox")
        expect(reason).to_be_focused()
        page.keyboard.type("p, n, x, u: 1 account fee")
        page.keyboard.press("Enter")
    expect(page.get_by_text("Line 1 of 1")).to_be_visible()
    states = sorted((x.state, x.evidence) for x in bank_lines(opened))
    assert states == [("set_aside", "p, n, x, u: 1 account fee")] * 2 + [("unmatched", "")]
