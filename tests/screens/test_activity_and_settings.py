"""Activity and settings: who did what, and what is in force, without a secret on the screen."""

from __future__ import annotations

from decimal import Decimal

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand

SHEET = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"


def test_every_act_stands_in_the_trail_with_its_actor(show, conference):
    """When a figure surprises, the first question is who entered it."""
    opened = conference()
    one = import_purchase_orders(opened, SHEET, file_name="one.csv").references[0]
    record_payment_by_hand(opened, one, amount=Decimal(40), method="wire")
    app = show("activity")
    assert not app.exception
    trail = app.table[0].value.map(lambda text: str(text).replace("\\", ""))
    assert "40.00 USD" in trail["What happened"].iloc[0], "the newest first"
    assert "recorded. The purchase order is now partially paid." in trail["What happened"].iloc[0]
    assert "imported from one.csv" in trail["What happened"].iloc[-1]
    assert set(trail["Who"]) == {"test"}


def test_the_trail_of_one_conference_is_not_anothers(show, read, conference):
    """Names and amounts in an audit log are as confidential as the books."""
    import_purchase_orders(conference(), SHEET, file_name="one.csv")
    app = show("activity", name="Live 2027")
    assert "No activity yet." in read(app)


def test_invoicing_that_failed_is_listed_with_its_reason(show, read, conference):
    """A sponsor who was never billed must not be found in March."""
    opened = conference()
    due = f"{opened.today().year + 7}-01-31"  # Stripe takes five years
    sheet = SHEET.replace(b"amount\n", b"amount,due_date\n").replace(
        b"100.00\n", f"100.00,{due}\n".encode()
    )
    report = import_purchase_orders(opened, sheet, file_name="one.csv")
    invoice_purchase_orders(opened, references=report.references)
    app = show("activity", **{"activity-view": "Failed tasks"})
    assert not app.exception
    assert "due date" in read(app)


def test_settings_show_keys_only_in_part(show, read, config):
    """A screenshot sent to a colleague must not give the account away."""
    app = show("settings")
    assert not app.exception
    seen = read(app)
    assert "sk_test_…2027" in seen
    assert "screens" not in seen.replace(str(config), "")


def test_the_connection_test_names_the_account(show, read):
    """A key of the wrong account bills the wrong sponsors' money to it."""
    app = show("settings")
    app.button(key="pycon-2027:settings.test").click().run()
    assert not app.exception
    assert "Stripe answers:" in app.success[0].value
    assert "acct" in app.success[0].value


def test_a_connection_that_fails_is_told_in_words(show, config, simulator):
    """'Something went wrong' does not tell whom to call."""
    config.write_text(config.read_text().replace(simulator.url, "http://127.0.0.1:1"))
    app = show("settings")
    app.button(key="pycon-2027:settings.test").click().run()
    assert not app.exception
    assert app.error
