"""What a treasurer changes in the app counts at once, is audited, and never shows a key."""

from __future__ import annotations

import pytest

from po_toolkit.api.conference_settings import change_settings, changed_settings
from po_toolkit.bootstrap import open_database
from po_toolkit.config import load_settings
from po_toolkit.errors import SettingsError
from po_toolkit.store import activity


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
