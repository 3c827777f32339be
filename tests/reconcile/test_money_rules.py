"""Every evaluator of the money rules, given the same rows, must say the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from po_toolkit.domain.ageing import Bucket, bucket
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
@settings(max_examples=8)
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
        parts = (sums.total, sums.credited, sums.paid, sums.refunded, sums.reversed_payments)
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
    store = Store(create_engine("sqlite://", poolclass=StaticPool))
    Base.metadata.create_all(store.engine)
    conference = Conference(
        slug="rules", name="Rules", currency="usd", timezone="America/New_York", days_until_due=30
    )
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
