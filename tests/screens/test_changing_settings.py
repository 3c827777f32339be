"""What a treasurer changes in the app counts at once, is audited, and never shows a key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from po_toolkit.api.conference_settings import change_settings, changed_settings
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.reminders import preview_reminders
from po_toolkit.api.reports import purchase_order_story
from po_toolkit.bootstrap import open_database
from po_toolkit.config import load_settings
from po_toolkit.errors import SettingsError
from po_toolkit.jobs import batches
from po_toolkit.jobs.batches import wait_for
from po_toolkit.store import activity
from po_toolkit.store.columns import utc_now


def entries(opened):
    with opened.store.reading() as session:
        return activity.audit(
            session, opened.conference, acts=["change_settings"], offset=0, limit=9
        )[0]


def test_a_change_counts_on_the_next_click_and_after_a_restart(show, read, conference, config):
    """A treasurer who must ask for the server to be restarted leaves the old footer standing."""
    app = show("settings")
    assert not app.exception
    next(t for t in app.text_area if t.label.startswith("Footer")).set_value("Charity no. 7")
    next(n for n in app.number_input if n.label == "Days until due").set_value(45)
    next(m for m in app.multiselect if m.label == "Remind sponsors").set_value([0, 14])
    next(b for b in app.button if b.label == "Save settings").click().run()
    assert not app.exception
    assert not app.error
    assert "Settings saved." in read(app)
    open_database(load_settings(config)).engine.dispose()  # as a restart does
    opened = conference()
    assert (opened.settings.invoice_footer, opened.conference.invoice_footer) == (
        "Charity no. 7",
        "Charity no. 7",
    )
    assert opened.settings.days_until_due == opened.conference.days_until_due == 45
    assert opened.conference.reminders == [0, 14]
    (entry,) = entries(opened)
    assert entry.after == {"days_until_due": 45, "invoice_footer": "Charity no. 7",
                           "reminders": [0, 14]}  # fmt: skip
    assert "sk_test" not in str(entry.before) + str(entry.after)


def test_the_value_of_the_file_can_count_again(conference):
    opened = change_settings(conference(), days_until_due=45)
    assert changed_settings(opened) == {"days_until_due": 45}
    opened = change_settings(opened, from_file=["days_until_due"])
    assert opened.settings.days_until_due == conference().conference.days_until_due == 30
    assert changed_settings(conference()) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stripe_secret_key": "sk_test_x"}, "cannot be changed here"),
        ({"days_until_due": 400}, "days_until_due"),
        ({"payment_methods": []}, "at least one payment method"),
        ({"payment_methods": ["bitcoin"]}, "at least one payment method"),
        ({"remind_from_hour": 9, "reminders": []}, "reminders"),
    ],
)
def test_a_wrong_value_changes_nothing(conference, changes, said):
    """A value that stops every page must never be kept."""
    with pytest.raises(SettingsError, match=said):
        change_settings(conference(), **changes)
    assert changed_settings(conference()) == {}


SHEET = b"organization_name,contact_email,po_number,amount\n{0},ap@{0}.example,{0}-1,100.00\n"


def send_in_the_app(show, conference, sponsor):
    """Import a purchase order, invoice it in the app and return the invoice at Stripe."""
    opened = conference()
    sheet = SHEET.replace(b"{0}", sponsor.encode())
    (reference,) = import_purchase_orders(opened, sheet, file_name=f"{sponsor}.csv").references
    app = show("invoice")
    next(b for b in app.button if b.label.startswith("Send 1 invoice")).click().run()
    app.button(key="pycon-2027:invoice.sure").click().run()
    assert not app.exception
    wait_for(opened, batches.latest(opened, limit=1)[0].batch_id)
    (invoice,) = purchase_order_story(opened, reference).invoices
    return opened.gateway.read(f"/v1/invoices/{invoice.stripe_invoice_id}")


def test_the_worker_that_runs_takes_changed_settings_for_the_next_invoice(show, conference):
    """A worker that goes on with the old footer sends it until somebody thinks of a restart."""
    first = send_in_the_app(show, conference, "acme")
    assert (first["description"], first["footer"]) == (None, None)
    app = show("settings")
    next(t for t in app.text_area if t.label.startswith("Memo")).set_value("Thank you")
    next(t for t in app.text_area if t.label.startswith("Footer")).set_value("Charity no. 7")
    next(n for n in app.number_input if n.label == "Days until due").set_value(45)
    next(m for m in app.multiselect if m.label == "Payment methods").set_value(["us_bank_account"])
    next(m for m in app.multiselect if m.label == "Remind sponsors").set_value([7])
    next(b for b in app.button if b.label == "Save settings").click().run()
    assert not app.error
    assert not app.exception
    assert changed_settings(conference())["invoice_memo"] == "Thank you"
    second = send_in_the_app(show, conference, "bolt")
    assert (second["description"], second["footer"]) == ("Thank you", "Charity no. 7")
    assert second["payment_settings"]["payment_method_types"] == ["us_bank_account"]
    day = 86_400
    assert 14 * day < second["due_date"] - first["due_date"] < 16 * day
    opened = conference()
    late = replace(opened, now=lambda: utc_now() + timedelta(days=55))
    assert preview_reminders(opened).due == []
    assert len(preview_reminders(late).due) == 2
    (entry,) = entries(conference())
    assert set(entry.after) == {
        "days_until_due", "invoice_footer", "invoice_memo", "payment_methods", "reminders",
    }  # fmt: skip
