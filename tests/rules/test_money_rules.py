"""Two pages that answer one question of money differently cost a debt, or a sponsor's goodwill."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from po_toolkit.domain.periods import last_second
from po_toolkit.domain.reminders import why_not
from po_toolkit.domain.sums import (
    Sums,
    due_date,
    held_amount,
    open_amount,
    sums_of,
)


def reminded(sums: Sums) -> bool:
    return why_not(sums, "usd") == ""


def test_a_refund_that_a_credit_note_explains_in_part_only_is_not_reminded_of():
    """A reminder over 500.00 went out for a debt that a person had yet to decide on."""
    sums = sums_of([1000], [500], [("payment", "stripe", 500), ("refund", "stripe", 500)])
    assert (sums.balance, sums.held) == (500, True)
    assert not reminded(sums)


def test_a_debt_that_the_bank_returned_is_reminded_of_although_an_excess_was_refunded():
    """An ACH debit that comes back is owed again; nobody ever asked for it."""
    entries = [
        ("payment", "stripe", 1500),
        ("refund", "stripe", 500),
        ("payment_reversal", "stripe", 1500),
    ]
    sums = sums_of([1000], [], entries)
    assert (sums.balance, sums.held) == (1500, False)
    assert reminded(sums)


@pytest.mark.parametrize(
    ("credits_", "entries", "held"),
    [
        ([], [("payment", "stripe", 1000), ("refund", "stripe", 1000)], 1000),
        ([], [("payment", "stripe", 1000), ("refund", "stripe", 300)], 300),
        ([300], [("payment", "stripe", 1000), ("refund", "stripe", 300)], 0),
        ([], [("payment", "stripe", 1300), ("refund", "stripe", 300)], 0),
        ([], [("payment", "stripe", 1200), ("refund", "stripe", 300)], 100),
        ([], [("payment", "manual", 1000), ("payment_reversal", "manual", 1000)], 0),
        ([], [("refund", "stripe", 100), ("refund_failed", "stripe", 100)], 0),
        ([], [("payment", "stripe", 1000), ("dispute", "stripe", 1000)], 0),
    ],
)
def test_only_a_refund_that_nothing_explains_is_held(credits_, entries, held):
    sums = sums_of([1000], credits_, entries)
    parts = (sums.total, sums.credited, sums.paid, sums.refunded, sums.reversed_payments)
    assert held_amount(*parts, asked_again=0) == held
    assert sums.held == (held > 0)


def test_a_reissued_invoice_is_reminded_of_until_more_goes_back():
    """Who reissued it has decided that it is owed; it stayed on hold until it was paid."""
    went = [("payment", "stripe", 1000), ("refund", "stripe", 1000)]
    again = [*went, ("payment", "stripe", 1000)]
    for entries, held in ((went, False), ([*again, ("refund", "stripe", 300)], True)):
        sums = sums_of([1000], [], entries, asked_again=1000)
        assert (sums.held, reminded(sums)) == (held, not held)
    lost = [("payment", "stripe", 1000), ("dispute", "stripe", 1000)]
    assert reminded(sums_of([1000], [], lost, asked_again=1000))


def test_a_dispute_stops_reminders_until_it_is_won():
    disputed = [("payment", "stripe", 100), ("dispute", "stripe", 100)]
    assert "disputed" in why_not(sums_of([100], [], disputed), "usd")
    won = [*disputed, ("dispute_reinstated", "stripe", 100)]
    assert why_not(sums_of([100], [], won), "usd") == "nothing is left to pay"


def test_a_cancelled_or_overpaid_purchase_order_asks_for_nothing():
    assert open_amount(500, cancelled=True) == 0
    assert open_amount(-500, cancelled=False) == 0
    assert open_amount(500, cancelled=False) == 500


def test_what_the_invoice_shows_is_the_due_date_and_else_the_order_then_the_days():
    shown, own, sent = date(2027, 3, 1), date(2027, 4, 1), date(2027, 2, 1)
    days = {"own_days": 10, "usual_days": 30}
    assert due_date(shown, own, sent, **days) == shown
    assert due_date(None, own, sent, **days) == own
    assert due_date(None, None, sent, **days) == date(2027, 2, 11)
    assert due_date(None, None, sent, own_days=0, usual_days=30) == sent
    assert due_date(None, None, sent, own_days=None, usual_days=30) == date(2027, 3, 3)
    assert due_date(None, None, None, **days) is None


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "UTC", "Pacific/Apia"])
@pytest.mark.parametrize(
    "day",
    [
        date(2027, 3, 14),
        date(2026, 11, 1),
        date(2027, 3, 28),
        date(2026, 10, 25),
        date(2028, 2, 29),
        date(2027, 12, 31),
    ],
)
def test_stripe_is_given_the_last_second_of_the_due_date(day, zone):
    """One second more and the sponsor reads a due date that is a day late."""
    from zoneinfo import ZoneInfo

    shown = datetime.fromtimestamp(last_second(day, zone), ZoneInfo(zone))
    assert (shown.date(), shown.hour, shown.minute, shown.second) == (day, 23, 59, 59)
