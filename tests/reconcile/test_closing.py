"""A closed month says the same for ever, and what is found later says so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from po_toolkit.api.reports import close_books, closed_books, closed_report, verify_closed
from po_toolkit.bootstrap import OpenConference
from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.roles import STRIPE, Act, Actor, Role
from po_toolkit.domain.sums import EntryKind
from po_toolkit.errors import NotAllowedError, NotFoundError, PurchaseOrderError
from po_toolkit.payments import ledger
from po_toolkit.payments.ledger import Movement, record
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.store.columns import utc_now
from po_toolkit.store.import_batches import undo_batch
from po_toolkit.store.tables import CreditNote, ImportBatch, Invoice, LedgerEntry
from tests.tampering import tamper

SEPTEMBER = date(2026, 9, 30)
OCTOBER = date(2026, 10, 31)


@pytest.fixture
def opened(store, conference):
    return OpenConference(
        slug=conference.slug,
        settings=ConferenceSettings(name=conference.name),
        conference=conference,
        store=store,
        actor=Actor("treasurer", Role.TREASURER),
        now=utc_now,
    )


@pytest.fixture
def order(ledgers):
    day = date(2026, 9, 1)
    order = ledgers.order(100_00, day=day)
    invoice = ledgers.invoice(order, day=day, stripe_total=100_00, stripe_amount_paid=30_00)
    ledgers.entry(order, 30_00, day=date(2026, 9, 15), invoice_id=invoice)
    return order


def pay(opened, order_id, amount, day, source_id="inpay_late"):
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        record(
            uow,
            uow.lock_purchase_order(order_id),
            Movement(
                kind=EntryKind.PAYMENT,
                method="stripe",
                amount=amount,
                currency="usd",
                source="stripe",
                source_id=source_id,
                payment_date=day,
                note="Auto-synced",
            ),
            Act.SYNC,
        )


def entry_of(opened, source_id):
    with opened.store.reading() as session:
        return session.query(LedgerEntry).filter_by(source_id=source_id).one()


def test_a_payment_of_a_closed_month_counts_in_the_next_and_says_so(opened, order):
    close_books(opened, SEPTEMBER)
    pay(opened, order, 20_00, date(2026, 9, 20))
    entry = entry_of(opened, "inpay_late")
    assert (entry.payment_date, entry.booked_on) == (date(2026, 9, 20), date(2026, 10, 1))
    assert "Dated 20 Sep 2026, in a closed period; it counts from 1 Oct 2026." in entry.note
    close_books(opened, OCTOBER)
    september, october = (json.loads(closed_report(opened, d)) for d in (SEPTEMBER, OCTOBER))
    assert september["corrections"] == []
    assert [e["source_id"] for e in october["corrections"]] == ["inpay_late"]
    assert len(october["entries"]) == 1
    assert september["totals"]["usd"]["paid"] == "30.00"
    assert october["totals"]["usd"]["paid"] == "50.00"


def test_a_credit_note_of_a_closed_month_counts_in_the_next_and_says_so(opened, order):
    close_books(opened, SEPTEMBER)
    with opened.store.writing(opened.actor, Act.ISSUE_CREDIT_NOTE) as uow:
        note = CreditNote(
            amount=10_00,
            currency="usd",
            reason="Smaller booth",
            credit_date=date(2026, 9, 30),
        )
        ledger.add_credit_note(uow, uow.lock_purchase_order(order), note)
    assert note.booked_on == date(2026, 10, 1)
    assert "in a closed period" in note.reason
    made = reconcile_conference(opened.store, opened.conference, as_of=SEPTEMBER)
    assert made.totals["usd"]["credited"] == 0


def test_a_closed_report_is_the_same_after_all_that_comes_later(opened, order, ledgers):
    closed = close_books(opened, SEPTEMBER)
    first = closed_report(opened, SEPTEMBER)
    pay(opened, order, 70_00, date(2026, 9, 29))
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        whole = uow.lock_purchase_order(order)
        whole.organization_name = "Renamed"
        whole.line_items[0].line_total = whole.line_items[0].unit_price = 90_00
        invoice = whole.invoices[0]
        invoice.state = invoice.stripe_status = "void"
        invoice.stripe_amount_paid = 100_00
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        uow.lock_purchase_order(order).cancelled_at = utc_now()
    ledgers.order(500_00, day=date(2026, 11, 2))
    proof = verify_closed(opened, SEPTEMBER)
    assert proof.differences == []
    assert (proof.intact, proof.same_again) == (True, True)
    assert proof.digest == closed.digest
    assert closed_report(opened, SEPTEMBER) == first


def test_a_ledger_that_was_tampered_with_is_found_out(opened, order):
    close_books(opened, SEPTEMBER)
    tamper(opened.store, "UPDATE ledger_entries SET amount = 4000")
    proof = verify_closed(opened, SEPTEMBER)
    assert (proof.intact, proof.same_again) == (True, False)
    assert any("30.00" in line and "40.00" in line for line in proof.differences)


def test_a_report_that_was_tampered_with_is_found_out(opened, order):
    close_books(opened, SEPTEMBER)
    tamper(opened.store, "UPDATE closed_periods SET digest = 'x'")
    assert verify_closed(opened, SEPTEMBER).intact is False


def test_a_day_that_is_not_over_cannot_be_closed(opened):
    with pytest.raises(PurchaseOrderError, match="not over"):
        close_books(opened, opened.today())


def test_a_closed_day_cannot_be_closed_again(opened, order):
    close_books(opened, OCTOBER)
    for day in (OCTOBER, SEPTEMBER):
        with pytest.raises(PurchaseOrderError, match="closed through 31 Oct 2026"):
            close_books(opened, day)
    assert [c.through for c in closed_books(opened)] == [OCTOBER]
    assert closed_books(opened)[0].as_json()["timezone"] == "America/New_York"


def test_only_a_treasurer_closes_books(opened):
    clerk = replace(opened, actor=Actor("clerk", Role.OPERATOR))
    with pytest.raises(NotAllowedError, match="treasurer"):
        close_books(clerk, SEPTEMBER)


def test_an_import_of_a_closed_month_is_not_taken_back(opened):
    with opened.store.writing(STRIPE, Act.IMPORT) as uow:
        batch = ImportBatch(
            conference_id=opened.conference.id,
            file_name="sponsors.csv",
            file_sha256="x",
            entered_by="clerk",
            created_at=datetime(2026, 9, 3, tzinfo=UTC),
        )
        uow.session.add(batch)
    close_books(opened, SEPTEMBER)
    with opened.store.writing(STRIPE, Act.UNDO_IMPORT) as uow:
        row = uow.session.get_one(ImportBatch, batch.id)
        with pytest.raises(PurchaseOrderError, match="closed through 30 Sep 2026"):
            undo_batch(uow, row)


def test_a_period_that_was_never_closed_is_named(opened):
    with pytest.raises(NotFoundError, match="30 Sep 2026"):
        verify_closed(opened, SEPTEMBER)


def test_the_status_today_counts_what_a_closed_month_could_not_take(opened, order):
    close_books(opened, SEPTEMBER)
    pay(opened, order, 70_00, date(2026, 9, 20))
    with opened.store.writing(STRIPE, Act.SYNC) as uow:
        assert uow.lock_purchase_order(order).balance_due == Decimal(0)
        assert uow.session.query(Invoice).count() == 1
    today = reconcile_conference(opened.store, opened.conference, as_of=opened.today())
    assert today.rows["status"].tolist() == ["paid"]
