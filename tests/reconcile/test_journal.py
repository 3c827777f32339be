"""The journal that goes to the accountant balances and says what the ledger says."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile import reconcile_conference
from po_toolkit.reconcile.books import open_books
from po_toolkit.reconcile.journal import Accounts, journal, journal_files
from po_toolkit.store.purchase_orders import refresh_status
from tests.tampering import tamper

MARCH = date(2027, 3, 31)


@pytest.fixture
def busy(ledgers):
    first = ledgers.order(100_00, organization_name='=Acme "AG"', reference="PO-AAAAAA")
    ledgers.invoice(first, number="A-1")
    ledgers.entry(first, 60_00)
    ledgers.entry(first, 50_00, method="wire", day=date(2027, 2, 3))
    ledgers.entry(first, 10_00, kind="refund", day=date(2027, 2, 4))
    ledgers.credit(first, 5_00, day=date(2027, 2, 5))
    gone = ledgers.order(70_00, cancelled_at=datetime(2027, 2, 20, tzinfo=UTC))
    ledgers.invoice(gone, state="sent")
    ledgers.credit(gone, 20_00, day=date(2027, 1, 25))
    yen = ledgers.order(5000, currency="jpy")
    ledgers.invoice(yen, currency="jpy")
    ledgers.entry(yen, 5000, currency="jpy", kind="payment")
    ledgers.entry(yen, 5000, currency="jpy", kind="dispute", day=date(2027, 3, 2))
    ledgers.order(900_00)
    early = ledgers.order(300_00)
    ledgers.entry(early, 200_00, method="wire", day=date(2027, 1, 10))
    ledgers.credit(early, 30_00, day=date(2027, 2, 2))
    ledgers.entry(early, 70_00, method="wire", day=date(2027, 2, 9))
    ledgers.entry(early, 20_00, method="wire", day=date(2027, 3, 9))


def balances(entries):
    sums = Counter()
    for entry in entries:
        for posting in entry.postings:
            sums[posting.account, entry.currency] += posting.amount
    return sums


def test_every_entry_balances_and_receivables_are_what_is_owed(busy, store, conference):
    entries = journal(store, conference, through=MARCH)
    assert all(sum(p.amount for p in e.postings) == 0 for e in entries)
    assert len({e.number for e in entries}) == len(entries)
    assert all(len(e.number) <= 21 for e in entries)
    sums = balances(entries)
    rows = reconcile_conference(store, conference, as_of=MARCH).rows
    owed = rows[rows["status"].isin(["sent", "partially_paid", "paid", "overpaid"])]
    for currency, balance in owed.groupby("currency")["balance"].sum().items():
        assert sums["Accounts Receivable", currency] == balance
    assert sums["Stripe Clearing", "usd"] == 50_00
    assert sums["Bank Clearing", "usd"] == 50_00 + 290_00


def test_months_exported_one_by_one_are_the_year(busy, store, conference):
    whole = balances(journal(store, conference, through=MARCH))
    parts = Counter()
    since = None
    for end in (date(2027, 1, 31), date(2027, 2, 28), MARCH):
        month = journal(store, conference, through=end, since=since)
        assert all(since is None or e.day >= since for e in month)
        assert all(e.day <= end for e in month)
        parts.update(balances(month))
        since = date.fromordinal(end.toordinal() + 1)
    assert {k: v for k, v in parts.items() if v} == {k: v for k, v in whole.items() if v}


def test_a_cancellation_takes_the_charge_back_in_its_own_month(busy, store, conference):
    february = journal(store, conference, through=date(2027, 2, 28), since=date(2027, 2, 1))
    (back,) = [e for e in february if "voided" in e.narration]
    assert back.postings[0].amount == -50_00


def test_the_accountant_finds_a_payments_invoice_by_the_number_on_it(busy, store, conference):
    """Stripe's own IDs stand on no paper that an accountant has."""
    invoices = open_books(store, conference, MARCH).invoices
    ids = set(invoices.loc[invoices["number"].ne(""), "stripe_invoice_id"])
    words = {
        word for e in journal(store, conference, through=MARCH) for word in e.narration.split()
    }
    assert ids
    assert not ids & words


def test_income_that_was_paid_before_any_invoice_is_booked_on_the_day_it_was_settled(
    busy, store, conference
):
    """Else the bank shows the money and the accountant never sees what it was for."""
    entries = journal(store, conference, through=MARCH)
    (charge,) = [e for e in entries if "without an invoice" in e.narration]
    assert charge.narration == f"Settled without an invoice: {charge.reference}"
    assert charge.day == date(2027, 2, 9)
    posted = {p.account: p.amount for p in charge.postings}
    assert posted == {"Accounts Receivable": 300_00, "Sponsorship Income": -300_00}
    mine = balances([e for e in entries if e.reference == charge.reference])
    assert mine["Accounts Receivable", "usd"] == -20_00
    january = journal(store, conference, through=date(2027, 1, 31))
    assert not [e for e in january if "without an invoice" in e.narration]


def test_quickbooks_gets_one_currency_a_file_with_debits_equal_to_credits(busy, store, conference):
    files = journal_files(journal(store, conference, through=MARCH), "quickbooks")
    assert sorted(files) == ["journal-quickbooks-jpy-1.csv", "journal-quickbooks-usd-1.csv"]
    for content in files.values():
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        debits = sum(Decimal(r["Debits"] or 0) for r in rows)
        assert debits == sum(Decimal(r["Credits"] or 0) for r in rows) > 0
        assert all(re.fullmatch(r"\d\d/\d\d/2027", r["JournalDate"]) for r in rows)
        assert not any(r["Name"].startswith("=") for r in rows)


def test_xero_gets_codes_and_signed_amounts_that_add_up_to_zero(busy, store, conference):
    accounts = Accounts(receivable="620", income="200", credits="201", stripe="630", bank="090")
    entries = journal(store, conference, through=MARCH, accounts=accounts)
    files = journal_files(entries, "xero")
    for content in files.values():
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert sum(Decimal(r["*Amount"]) for r in rows) == 0
        assert {r["*AccountCode"] for r in rows} <= {"620", "200", "201", "630", "090"}


def test_a_long_journal_is_cut_between_entries_where_xero_stops_reading(ledgers, store, conference):
    order = ledgers.order(1000_00)
    for _ in range(151):
        ledgers.entry(order, 1_00)
    files = journal_files(journal(store, conference, through=MARCH), "xero")
    counts = [len(c.decode().splitlines()) - 1 for c in files.values()]
    assert counts == [300, 2]


def test_beancount_can_read_it(busy, store, conference):
    (content,) = journal_files(journal(store, conference, through=MARCH), "beancount").values()
    text = content.decode()
    assert '\\"AG\\"' in text
    opened = set(re.findall(r"open (\S+)", text))
    sums = Counter()
    postings = re.findall(r"^  ([A-Z]\S+)  (-?[\d.]+) ([A-Z]+)$", text, re.MULTILINE)
    for account, amount, currency in postings:
        assert account in opened
        sums[currency] += Decimal(amount)
    assert set(sums.values()) == {Decimal(0)}


def test_a_program_nobody_knows_is_refused():
    with pytest.raises(PoToolkitError, match="quickbooks, xero, beancount"):
        journal_files([], "ledger")


@pytest.fixture
def taxed(ledgers, store):
    def make(net, tax, **columns):
        order = ledgers.order(net, **columns)
        with store.writing(STRIPE, Act.SYNC) as uow:
            row = uow.lock_purchase_order(order)
            row.line_items[0].tax_on_top = tax
            refresh_status(row)
        tamper(store, "DELETE FROM row_versions")
        return order

    return make


def test_the_tax_office_gets_its_own_account_and_income_is_without_it(
    ledgers, taxed, store, conference
):
    """Tax booked as income is paid twice: once as income tax, once when the office asks."""
    stands = taxed(100_00, 19_00)
    ledgers.invoice(stands)
    gone = taxed(50_00, 9_50, cancelled_at=datetime(2027, 2, 20, tzinfo=UTC))
    ledgers.invoice(gone)
    ledgers.credit(gone, 5_00, day=date(2027, 1, 25))
    taxed(70_00, 13_30)
    january = balances(journal(store, conference, through=date(2027, 1, 31)))
    assert january["Sales Tax Payable", "usd"] == -28_50
    assert january["Sponsorship Income", "usd"] == -150_00
    since = date(2027, 2, 1)
    february = balances(journal(store, conference, through=MARCH, since=since))
    assert february["Sales Tax Payable", "usd"] == 9_50
    whole = balances(journal(store, conference, through=MARCH))
    assert whole["Sales Tax Payable", "usd"] == -19_00
    assert whole["Accounts Receivable", "usd"] == 119_00
    assert all(whole[key] == january[key] + february[key] for key in {*whole, *january, *february})
    entries = journal(store, conference, through=MARCH, accounts=Accounts(tax="1776"))
    assert all(sum(p.amount for p in e.postings) == 0 for e in entries)
    assert "1776" in {p.account for e in entries for p in e.postings}
    (text,) = journal_files(journal(store, conference, through=MARCH), "beancount").values()
    assert b"Liabilities:Sales-Tax-Payable" in text


def test_entries_of_three_lines_are_cut_between_files_too(ledgers, taxed, store, conference):
    for _ in range(101):
        ledgers.invoice(taxed(1_00, 19))
    files = journal_files(journal(store, conference, through=MARCH), "xero")
    counts = [len(c.decode().splitlines()) - 1 for c in files.values()]
    assert counts == [300, 3]
