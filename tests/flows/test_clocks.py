"""The hour and the day at which a season is run change nothing of its money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from po_toolkit import create_stripe_invoice, record_payment
from po_toolkit.api.reports import reconcile
from po_toolkit.api.sync import sync_conference
from tests.conftest import ON_SQLITE, fresh

ZONE = ZoneInfo("America/New_York")  # the conference's
NEXT = datetime.now(UTC).year + 1
MOMENTS = {
    "five past midnight": datetime(NEXT, 5, 4, 0, 5, tzinfo=ZONE),
    "the end of a year, two years ahead": datetime(NEXT + 1, 12, 31, 23, 55, tzinfo=ZONE),
    "the clocks go on": datetime(2027, 3, 14, 0, 5, tzinfo=ZONE),
    "the clocks go back": datetime(2027, 11, 7, 23, 55, tzinfo=ZONE),
    "a leap day": datetime(2028, 2, 29, 23, 55, tzinfo=ZONE),
}


@ON_SQLITE
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_season_run_at_any_hour_gives_the_same_books(
    opened, simulator, make_order, clock, moment
):
    """Else money counts from the machine's day, which is another than the conference's."""
    ahead = moment - datetime.now(UTC)
    clock.offset = ahead
    simulator.control.advance(ahead.total_seconds())
    today = opened.today()
    assert today == moment.date()
    last = make_order(("Booth", 1, "100.00"), po_number="1", due_date=today)
    days = make_order(("Booth", 1, "100.00"), po_number="2", days_until_due=14)
    for order in (last, days):
        create_stripe_invoice(order, opened=opened)
    shown = simulator.control.get(fresh(opened, last).stripe_invoice_id)["due_date"]
    assert datetime.fromtimestamp(shown, ZONE).strftime("%F %T") == f"{today} 23:59:59"
    assert fresh(opened, last).live_invoice.due_date == today
    later = simulator.control.get(fresh(opened, days).stripe_invoice_id)["due_date"]
    due = opened.day_of(later)  # Stripe adds days of 24 hours, of which one may have 23 here
    assert abs(due - today - timedelta(days=14)) <= timedelta(days=1)
    assert fresh(opened, days).live_invoice.due_date == due
    simulator.control.pay(fresh(opened, last).stripe_invoice_id)
    record_payment(fresh(opened, days), Decimal("40.00"), "wire", "FT1", opened=opened)
    sync_conference(opened)
    sync_conference(opened, full=True)
    paid, part = fresh(opened, last), fresh(opened, days)
    assert (paid.status, part.status) == ("paid", "partially_paid")
    booked = {entry.booked_on for order in (paid, part) for entry in order.entries}
    assert booked <= {today, opened.today()}, "a slow machine may pass midnight meanwhile"
    rows = {row["reference"]: row for row in reconcile(opened).as_json()["rows"]}
    assert rows[paid.reference]["balance"] == "0.00"
    assert rows[part.reference]["balance"] == "60.00"
    assert [row["discrepancies"] for row in rows.values()] == [[], []]
    assert rows[part.reference]["due_date"] == due.isoformat()
