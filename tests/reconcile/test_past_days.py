"""A past day can be told again, whatever was changed since."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from po_toolkit.domain.periods import booking_day, end_of_day
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.tables import (
    Conference,
    CustomerBalance,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    RowVersion,
)
from tests.tampering import tamper

THEN = date(2027, 2, 1)


@pytest.fixture
def change(store):
    """Change a row as the rooms do, and let it have happened on a day."""

    def change(table, row_id, day, **values):
        with store.writing(STRIPE, Act.SYNC) as uow:
            row = uow.session.get_one(table, row_id)
            for name, value in values.items():
                setattr(row, name, value)
        _date_newest(store, day)

    return change


def _date_newest(store, day):
    """Let the last change have happened on a day."""
    newest = "(SELECT max(id) FROM row_versions)"
    tamper(store, f"UPDATE row_versions SET until = '{day} 18:00:00' WHERE id = {newest}")


def told(store, conference, day):
    made = reconcile_conference(store, conference, as_of=day)
    return made.as_json()["rows"][0]


def test_an_invoice_voided_later_stood_then(ledgers, store, conference, change):
    order = ledgers.order(100_00)
    invoice = ledgers.invoice(order, stripe_total=100_00, stripe_amount_paid=0)
    before = told(store, conference, THEN)
    change(Invoice, invoice, date(2027, 2, 3), state="void", stripe_status="void")
    assert told(store, conference, THEN) == before
    assert before["status"] == "sent"
    assert told(store, conference, date(2027, 2, 3))["status"] == "draft"


def test_an_invoice_delivered_later_waited_to_be_delivered_then(ledgers, store, conference, change):
    invoice = ledgers.invoice(ledgers.order(100_00), state="finalized", delivery="ourselves")
    change(Invoice, invoice, date(2027, 2, 3), state="sent")
    days = (THEN, date(2027, 2, 3))
    assert [told(store, conference, day)["status"] for day in days] == ["issued", "sent"]


def test_of_several_changes_the_first_after_the_day_counts(ledgers, store, conference, change):
    order = ledgers.order(100_00)
    invoice = ledgers.invoice(order, stripe_amount_paid=0)
    change(Invoice, invoice, date(2027, 1, 10), stripe_amount_paid=10_00)
    change(Invoice, invoice, date(2027, 2, 3), stripe_amount_paid=20_00)
    change(Invoice, invoice, date(2027, 2, 9), stripe_amount_paid=30_00)
    days = [date(2027, 1, 9), THEN, date(2027, 2, 5), date(2027, 2, 9)]
    paid = [told(store, conference, d)["stripe_amount_paid"] for d in days]
    assert paid == ["0.00", "10.00", "20.00", "30.00"]


def test_an_amended_order_keeps_its_old_total_in_the_past(ledgers, store, conference):
    order = ledgers.order(100_00, 50_00)
    with store.writing(STRIPE, Act.SYNC) as uow:
        row = uow.lock_purchase_order(order)
        row.line_items[0].unit_price = row.line_items[0].line_total = 80_00
        uow.session.delete(row.line_items[1])
    with store.reading() as session:
        (version,) = session.query(RowVersion)
        assert version.old_values == {"total": 150_00, "tax": 0}
    _date_newest(store, date(2027, 2, 3))
    assert told(store, conference, THEN)["total"] == "150.00"
    assert told(store, conference, date(2027, 2, 3))["total"] == "80.00"


def test_a_renamed_sponsor_has_the_old_name_in_the_past(ledgers, store, conference, change):
    order = ledgers.order(100_00, organization_name="Old")
    change(PurchaseOrder, order, date(2027, 2, 3), organization_name="New")
    assert told(store, conference, THEN)["organization_name"] == "Old"


def test_a_customer_renamed_at_stripe_has_the_old_name_in_the_past(
    ledgers, store, conference, change
):
    """Else the report of closed books reads differently, and no longer verifies."""
    known = {"conference_id": ledgers.conference.id, "currency": "usd", "customer_name": "Old"}
    noon = datetime(2027, 1, 30, 12, tzinfo=UTC)
    balance = CustomerBalance(
        **known,
        stripe_customer_id="cus_1",
        kind="cash",
        amount=12_00,
        read_at=noon,
        created_at=noon,
    )
    balance_id = ledgers._add(balance)

    def names(day):
        found = reconcile_conference(store, conference, as_of=day).discrepancies
        return found.set_index("code").loc["money_stuck_at_stripe", "organization_name"]

    change(CustomerBalance, balance_id, date(2027, 2, 3), customer_name="New")
    assert [names(day) for day in (THEN, date(2027, 2, 3))] == ["Old", "New"]


def test_what_another_conference_reads_later_changes_no_past_day(ledgers, store, change):
    """Else the report of closed books no longer verifies once the other one has synced.

    Both conferences of an account read of the same customer; the first one shows the money, unless
    the two have not read the same.
    """
    noon = datetime(2027, 1, 30, 12, tzinfo=UTC)
    second = Conference(slug="second", name="Second", currency="usd")
    ledgers._add(second)
    known = {"stripe_customer_id": "cus_1", "kind": "cash", "currency": "usd"}
    known |= {"read_at": noon, "created_at": noon}
    theirs, mine = (
        ledgers._add(CustomerBalance(**known, conference_id=whose, amount=amount))
        for whose, amount in ((ledgers.conference.id, 5_00), (second.id, 12_00))
    )

    def shown(day):
        return list(reconcile_conference(store, second, as_of=day).books.balances["amount"])

    assert shown(THEN) == [12_00]
    change(CustomerBalance, theirs, date(2027, 2, 3), amount=12_00)
    assert [shown(day) for day in (THEN, date(2027, 2, 3))] == [[12_00], []]
    change(CustomerBalance, mine, date(2027, 2, 5), amount=7_00)
    assert [shown(date(2027, 2, day)) for day in (1, 3, 5)] == [[12_00], [], [7_00]]


@pytest.mark.parametrize("values", [{"amount": 1}, {"payment_date": date(2027, 3, 1)}, {}])
def test_a_booked_entry_cannot_be_changed_or_deleted(ledgers, store, values):
    entry = ledgers.entry(ledgers.order(100_00), 50_00)
    with store.writing(STRIPE, Act.SYNC) as uow:
        row = uow.session.get_one(LedgerEntry, entry)
        for name, value in values.items():
            setattr(row, name, value)
        if not values:
            uow.session.delete(row)
        with pytest.raises(PurchaseOrderError, match="never changed"):
            uow.session.flush()
        uow.session.rollback()


def test_days_end_by_the_conferences_clock_also_when_clocks_change():
    assert end_of_day(date(2027, 3, 14), "America/New_York") == datetime(2027, 3, 15, 4, tzinfo=UTC)
    assert end_of_day(date(2027, 3, 13), "America/New_York") == datetime(2027, 3, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moved", "closed", "booked"),
    [
        (date(2027, 1, 5), None, date(2027, 1, 5)),
        (date(2027, 1, 5), date(2027, 1, 4), date(2027, 1, 5)),
        (date(2027, 1, 5), date(2027, 1, 5), date(2027, 1, 6)),
        (date(2027, 1, 5), date(2027, 1, 31), date(2027, 2, 1)),
        (date(2027, 9, 9), date(2027, 1, 31), date(2027, 3, 1)),
    ],
)
def test_what_comes_too_late_for_a_closed_period_counts_in_the_next(moved, closed, booked):
    assert booking_day(moved, closed_through=closed, today=date(2027, 3, 1)) == booked
