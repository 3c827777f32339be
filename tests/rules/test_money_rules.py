"""Two pages that answer one question of money differently cost a debt, or a sponsor's goodwill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from po_toolkit.domain.ageing import Bucket, bucket
from po_toolkit.domain.periods import last_second
from po_toolkit.domain.reminders import why_not
from po_toolkit.domain.sums import (
    EntryKind,
    Status,
    Sums,
    due_date,
    held_amount,
    is_held,
    money_status,
    open_amount,
    sums_of,
)
from po_toolkit.money import to_major
from po_toolkit.reconcile.books import open_books
from po_toolkit.reconcile.front_page import front_page
from po_toolkit.store import listing
from po_toolkit.store.database import Store
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.reminders import unpaid_references
from po_toolkit.store.tables import (
    Base,
    Conference,
    CreditNote,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
    PurchaseOrderLineItem,
)

TODAY = date(2027, 3, 14)  # the clocks change in New York
SENT_AT = datetime(2027, 2, 1, 4, 30, tzinfo=UTC)  # in New York still the last day of January


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
    parts = (sums.total, sums.credited, sums.paid, sums.refunded, sums.taken_back)
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


# The same rows for every evaluator that remains.


@dataclass(frozen=True)
class Case:
    """One purchase order as the generator made it."""

    total: int
    credits: list[int]
    entries: list[tuple[str, str, int]]
    invoice: str
    shown_due: date | None
    own_due: date | None
    own_days: int | None
    marked: bool
    cancelled: bool
    asked_again: int

    @property
    def sums(self) -> Sums:
        again = self.asked_again
        return sums_of([self.total], self.credits, self.entries, asked_again=again)

    @property
    def sent(self) -> bool:
        return self.marked or self.invoice in {"finalized", "sent", "paid", "adopted"}

    @property
    def status(self) -> Status:
        return money_status(
            self.sums,
            sent=self.sent,
            delivered=self.marked or self.invoice != "finalized",
            cancelled=self.cancelled,
        )

    @property
    def due(self) -> date | None:
        sent_on = date(2027, 1, 31) if self.invoice else None
        return due_date(
            self.shown_due if self.invoice else None,
            self.own_due,
            sent_on,
            own_days=self.own_days,
            usual_days=30,
        )

    @property
    def bucket(self) -> str:
        if open_amount(self.sums.balance, cancelled=self.cancelled) == 0:
            return ""
        late = (TODAY - self.due).days if self.due else 0
        return bucket(late, sent=self.sent, held=self.sums.held).value


small = st.sampled_from([100, 200, 300, 500, 1000])
entry = st.tuples(
    st.sampled_from([k.value for k in EntryKind]), st.sampled_from(["stripe", "manual"]), small
)
near = st.none() | st.sampled_from([TODAY + timedelta(days=d) for d in (-95, -61, -30, -1, 0, 9)])
cases = st.builds(
    Case,
    total=small,
    credits=st.lists(small, max_size=2),
    entries=st.lists(entry, max_size=6),
    invoice=st.sampled_from(["", "drafted", "finalized", "sent", "paid", "adopted"]),
    shown_due=near,
    own_due=near,
    own_days=st.sampled_from([None, 0, 14]),
    marked=st.booleans(),
    cancelled=st.booleans(),
    asked_again=st.sampled_from([0, 0, 300, 1000]),
).map(lambda c: replace(c, shown_due=c.shown_due if c.invoice else None))


@given(st.lists(cases, min_size=20, max_size=40))
@settings(max_examples=12, deadline=None)
def test_lists_front_page_reminders_and_reconciliation_say_the_same(many):
    store, conference = _written(many)
    with store.reading() as session:
        rows = listing.page(
            session,
            listing.filtered(conference.id, (), (), ""),
            sort="reference",
            descending=False,
            offset=0,
            limit=1000,
        )
        kept = {o.reference: o for o in session.scalars(select(PurchaseOrder))}
        hybrid = dict(
            session.execute(select(PurchaseOrder.reference, PurchaseOrder.kept_balance)).all()
        )
        unpaid = set(unpaid_references(session, conference, due_by=date.max))
        loaded = {reference: order.sums for reference, order in kept.items()}
    frame = open_books(store, conference, TODAY).orders.set_index("reference")
    listed = {row.reference: row for row in rows}
    aged: dict[str, tuple[int, int]] = {}
    for number, case in enumerate(many):
        reference, sums = f"PO-{number:06}", case.sums
        expected = (sums.total, sums.credited, sums.paid, sums.refunded, sums.balance)
        names = ("total", "credited", "paid", "refunded", "balance")
        assert tuple(getattr(listed[reference], n) for n in names) == expected
        assert tuple(int(frame.loc[reference, n]) for n in names) == expected
        assert loaded[reference] == sums
        assert hybrid[reference] == kept[reference].kept_balance == sums.balance
        assert kept[reference].status == frame.loc[reference, "status"] == case.status
        parts = (sums.total, sums.credited, sums.paid, sums.refunded, sums.taken_back)
        held = 0 if case.cancelled else held_amount(*parts, asked_again=case.asked_again)
        assert int(frame.loc[reference, "refunded_without_credit"]) == held
        assert is_held(*parts, asked_again=case.asked_again) == sums.held
        shown = frame.loc[reference, "due_date"]
        assert (None if shown != shown else shown.date()) == case.due  # noqa: PLR0124 NaT
        assert frame.loc[reference, "bucket"] == case.bucket
        has_due = case.shown_due is not None and case.invoice not in {"", "drafted"}
        assert (reference in unpaid) == (has_due and sums.balance > 0 and not case.cancelled)
        if case.bucket:
            count, amount = aged.get(case.bucket, (0, 0))
            aged[case.bucket] = (count + 1, amount + sums.balance)
    front = front_page(store, conference, today=TODAY)
    assert {a.bucket.value: (a.purchase_orders, a.amount) for a in front.ageing} == {
        name: (count, to_major(amount, "usd")) for name, (count, amount) in aged.items()
    }
    balances = sum((row.balance for row in front.by_status), Decimal(0))
    assert balances == to_major(sum(case.sums.balance for case in many), "usd")
    assert set(aged) <= {b.value for b in Bucket}
    store.engine.dispose()


def _written(many):
    from sqlalchemy.pool import StaticPool

    store = Store(create_engine("sqlite://", poolclass=StaticPool))
    Base.metadata.create_all(store.engine)
    conference = Conference(
        slug="rules", name="Rules", currency="usd", timezone="America/New_York", days_until_due=30
    )
    from sqlalchemy.orm import Session

    with Session(store.engine, expire_on_commit=False) as session, session.begin():
        session.add(conference)
        session.flush()
        for number, case in enumerate(many):
            order = PurchaseOrder(
                conference_id=conference.id,
                reference=f"PO-{number:06}",
                organization_name=f"Sponsor {number}",
                organization_key=f"sponsor {number}",
                contact_email="ap@sponsor.example",
                currency="usd",
                due_date=case.own_due,
                days_until_due=case.own_days,
                marked_sent=case.marked,
                asked_again=case.asked_again,
                created_at=datetime(2027, 1, 1, tzinfo=UTC),
                cancelled_at=datetime(2027, 2, 2, tzinfo=UTC) if case.cancelled else None,
                line_items=[
                    PurchaseOrderLineItem(
                        position=1,
                        description="Booth",
                        quantity=1,
                        unit_price=case.total,
                        line_total=case.total,
                    )
                ],
            )
            session.add(order)
            session.flush()
            if case.invoice:
                order.invoices.append(
                    Invoice(
                        conference_id=conference.id,
                        generation=1,
                        state=case.invoice,
                        step="send" if case.invoice == "drafted" else "done",
                        currency="usd",
                        stripe_invoice_id=f"in_{number}",
                        due_date=case.shown_due,
                        sent_at=SENT_AT,
                        created_at=SENT_AT,
                    )
                )
            for position, (kind, source, amount) in enumerate(case.entries):
                order.entries.append(
                    LedgerEntry(
                        conference_id=conference.id,
                        currency="usd",
                        kind=kind,
                        method="stripe" if source == "stripe" else "wire",
                        source=source,
                        amount=amount,
                        source_id=f"{number}-{position}",
                        payment_date=date(2027, 2, 3),
                        entered_by="test",
                        created_at=SENT_AT,
                    )
                )
            for amount in case.credits:
                order.credit_notes.append(
                    CreditNote(
                        conference_id=conference.id,
                        currency="usd",
                        amount=amount,
                        reason="Smaller",
                        credit_date=date(2027, 2, 3),
                        issued_by="test",
                        created_at=SENT_AT,
                    )
                )
            session.flush()
            refresh_status(order)
    return store, conference
