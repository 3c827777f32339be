"""Home: what needs somebody today; a figure that is wrong here is believed all day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from po_toolkit.api.home import cash_over_time, home_page, log_call
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.reconcile import list_purchase_orders, reconcile_conference
from po_toolkit.reconcile.charts import bar_chart, step_chart
from po_toolkit.reconcile.front_page import calls_to_make
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import ContactCall
from po_toolkit.ui import formats


@pytest.fixture
def books(conference, sample):
    """A season's drafts, one of them overpaid by wire."""
    opened = conference()
    for file in ("sponsors-2027.csv", "sponsors-currencies.csv"):
        name, data, _ = sample(file)
        report = import_purchase_orders(opened, data, file_name=name)
    record_payment_by_hand(
        opened, report.references[0], amount=Decimal(1650001), method="wire", overpaid=True
    )
    return opened


def test_the_first_visit_shows_the_steps_and_sample_data_that_go_away(show, read, conference):
    """Who has just arrived wants to try it, and to leave no made-up sponsor behind."""
    opened = conference()
    app = show("home")
    assert "The job takes four steps" in read(app)
    assert "Enter a purchase order by hand | Test the connection to Stripe" in links(app)
    app.button(key="pycon-2027:sample.load").click().run()
    assert not app.exception
    assert list_purchase_orders(opened.store, opened.conference).matching == 40
    assert "40 drafts to invoice" in links(app)
    app.button(key="pycon-2027:sample.away").click().run()
    assert not app.exception
    assert list_purchase_orders(opened.store, opened.conference).matching == 0
    assert "The job takes four steps" in read(app)


def test_sample_data_are_not_offered_where_money_is_real(show):
    """Forty made-up invoices in a live account would take days to undo."""
    assert not show("home", name="Live 2027").button


def links(app):
    return " | ".join(link.proto.label for link in app.get("page_link"))


@pytest.fixture
def late(books):
    """Three invoices of the season that were sent; the first is 40 days overdue."""
    orders = list_purchase_orders(books.store, books.conference, currency=["usd"], limit=3).orders
    references = [order.reference for order in orders]
    invoice_purchase_orders(books, references=references)
    _due(books, references[0], books.today() - timedelta(days=40))
    _due(books, references[1], books.today() + timedelta(days=10))
    _due(books, references[2], books.today() + timedelta(days=15))
    return references


def _due(books, reference, day):
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        order = by_reference(uow.session, books.conference, reference)
        order.live_invoice.due_date = day


def tiles(app):
    return {metric.label: metric.value for metric in app.metric}


def test_tiles_are_the_sums_of_the_reconciliation(show, read, books, late):
    """Two pages that disagree by a cent are worse than one page."""
    record_payment_by_hand(books, late[0], amount=Decimal("12.34"), method="wire")
    _due(books, late[0], books.today() - timedelta(days=40))
    app = show("home")
    assert not app.exception
    made = reconcile_conference(books.store, books.conference, as_of=books.today())
    for currency, sums in made.totals_text().items():
        code = currency.upper()
        for label, name in (("Outstanding", "open"), ("Overdue", "overdue")):
            shown = tiles(app)[f"{label}, {code}"]
            assert shown == formats.amount(Decimal(sums[name]), currency), label
    assert tiles(app)["Last seven days, USD"] == "12.34\u00a0USD"
    assert "1 purchase order, oldest 40 days" in read(app)


def test_each_tile_opens_to_the_purchase_orders_it_counts(show, books, late):
    """A figure that cannot be opened cannot be believed."""
    record_payment_by_hand(books, late[0], amount=Decimal("12.34"), method="wire")
    _due(books, late[0], books.today() - timedelta(days=40))
    app = show("home")
    counted = {"Show overdue": late[:1], "Show received": late[:1], "Show outstanding": None}
    for text, references in counted.items():
        link = next(k for k in app.get("page_link") if text in k.proto.label)
        query = dict(parse_qsl(link.proto.query_string))
        opened = show("orders", **query)
        assert not opened.exception
        if references is not None:
            assert [list(d.value["reference"]) for d in opened.dataframe] == [references], text


def test_who_is_overdue_is_called_once_a_day_and_rests_after_a_promise(show, read, books, late):
    """A sponsor called twice on one morning, or never, is lost for next year."""
    app = show("home")
    assert "40 days overdue" in read(app)
    form = f"pycon-2027:call.{late[0]}"
    app.button(key=form).click().run()
    assert not app.exception
    assert "Everyone overdue was called today" in read(app)
    with books.store.reading() as session:
        assert session.query(ContactCall).one().entered_by.startswith("app:")
    today = books.today()
    again = calls_to_make(books.store, books.conference, today=today + timedelta(days=1), limit=5)
    assert [order.reference for order in again] == late[:1]
    log_call(books, late[0], note="AP is on it", promised_on=today + timedelta(days=3))
    for days, expected in ((1, []), (3, []), (4, late[:1])):
        rows = calls_to_make(
            books.store, books.conference, today=today + timedelta(days=days), limit=5
        )
        assert [row.reference for row in rows] == expected, days
    assert rows[0].promised_on == today + timedelta(days=3)


def test_a_promise_in_the_past_is_refused(books, late):
    """A slip of the year would hide a sponsor, or call them at once."""
    with pytest.raises(PurchaseOrderError, match="is past"):
        log_call(books, late[0], promised_on=books.today() - timedelta(days=1))


def test_the_next_two_weeks_end_after_fourteen_days(show, books, late):
    """What is due in 15 days is not due in two weeks."""
    _due(books, late[2], books.today() + timedelta(days=14))
    assert [o.reference for o in home_page(books).due_soon] == late[1:]
    _due(books, late[2], books.today() + timedelta(days=15))
    assert [o.reference for o in home_page(books).due_soon] == late[1:2]


def test_cash_over_time_ends_today_and_lays_last_year_beside_it(books, late, conference):
    """A line that runs on into the future promises money that nobody has sent."""
    last = conference("keyless-2027")
    sheet = b"organization_name,contact_email,po_number,amount\nOld,a@old.example,O-1,90.00\n"
    (old,) = import_purchase_orders(last, sheet, file_name="old.csv").references
    today = books.today()
    paid_on = today - timedelta(days=365)
    record_payment_by_hand(
        last, old, amount=Decimal(90), method="wire", payment_date=paid_on, date_as_given=True
    )
    record_payment_by_hand(books, late[0], amount=Decimal(7), method="wire")
    books.settings.event_date = today + timedelta(days=30)
    cash = cash_over_time(
        books,
        "usd",
        previous="keyless-2027",
        previous_event=today + timedelta(days=30 - 370),
    )
    assert cash.days[-1].day == today
    assert cash.days[-1].received == 7
    assert all(d.received == 0 for d in cash.last_year), "that far from the event, nothing had come"
    sooner = cash_over_time(
        books, "usd", previous="keyless-2027", previous_event=today + timedelta(days=30 - 360)
    )
    assert (sooner.last_year[-1].day, sooner.last_year[-1].received) == (today, 90)
    assert sooner.last_name == "Keyless 2027"


def test_what_waits_is_named_with_the_way_there(show, books):
    """An overpaid purchase order that nobody mentions is found by the auditor."""
    assert "44 drafts to invoice" in links(show("home"))
    assert "1 purchase order overpaid" in links(show("home"))


def test_an_old_sync_and_failed_events_are_in_sight(show, read, books, finish):
    """News that stopped coming looks exactly like no news."""
    from po_toolkit.store.cursors import cursor_row
    from po_toolkit.store.tables import WebhookEvent

    seen = read(show("home"))
    assert "Never synced yet." in seen
    assert ":red[" not in seen, "before the first invoice nothing is late"
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor_row(uow, books.conference).last_sync_at = books.now() - timedelta(days=3)
        uow.session.add(
            WebhookEvent(
                conference_id=books.conference.id,
                stripe_event_id="evt_1",
                type="invoice.paid",
                payload='{"id": "evt_1", "type": "x", "data": {"object": {"id": "in_1"}}}',
                state="set_aside",
                error="no such thing",
                received_at=books.now() - timedelta(days=3),
            )
        )
    seen = read(show("home"))
    assert ":red[:material/warning: Heard from Stripe 3 days ago]" in seen
    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor_row(uow, books.conference).last_error = "no network"
    seen = read(show("home"))
    assert ":red[:material/warning: The last sync with Stripe failed]" in seen
    assert ":red[" in seen
    assert "1 webhook event failed." in seen
    activity = show("activity", **{"activity-view": "Webhook events"})
    assert not activity.exception
    assert list(activity.dataframe[0].value["Error"]) == ["no such thing"]
    finish(activity.button(key="pycon-2027:activity.replay").click().run())
    assert not activity.exception
    seen = read(activity)
    assert "1 event processed." in seen or "0 events processed." in seen, "a worker may be faster"
    assert list(activity.dataframe[0].value["State"]) == ["Ignored"]


def test_a_sync_that_stopped_short_and_what_a_sweep_proved_are_in_sight(show, read, books):
    """Books that only look synced are believed."""
    from po_toolkit.store.cursors import cursor_row

    with books.store.writing(STRIPE, Act.SYNC) as uow:
        cursor = cursor_row(uow, books.conference)
        cursor.last_error = "Stripe failed with 500"
        cursor.last_sweep_at = books.now()
        cursor.last_sweep = {"invoices": 12, "payments": 1, "found": 2, "only_here": ["inpay_x"]}
    seen = read(show("home"))
    assert "The last sync did not finish. Stripe failed with 500" in seen
    assert "12 invoices, 1 payment, 0 refunds" in seen
    assert "2 missing entries recorded" in seen
    assert "no longer at Stripe: inpay_x" in seen


def test_an_amount_has_room_behind_its_bar_on_the_narrowest_telephone():
    """An amount that is cut off after its first digits is a wrong amount."""
    amounts = [Decimal("161901.50"), Decimal("1.00")]
    spec = bar_chart(["a", "b"], amounts, ["161,901.50 USD", "1.00 USD"], ink="#111111")
    assert spec["encoding"]["x"]["scale"]["rangeMax"] == {"expr": "max(width - 120, 20)"}


@pytest.mark.parametrize(("first", "ticks"), [("2026-10-01", "%b %-d"), ("2026-01-01", "%b %Y")])
def test_no_month_stands_twice_under_a_chart(first, ticks):
    """Six ticks that all say November say nothing."""
    rows = [
        {"day": day, "on": day, "series": "Due", "size": 1.0, "written": "1.00 USD"}
        for day in (first, "2026-11-30")
    ]
    assert step_chart(rows, "usd", ink="#111111")["encoding"]["x"]["axis"]["format"] == ticks
