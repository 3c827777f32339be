"""The report that a treasurer prints says the result first, and every row after it."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from po_toolkit.reconcile.reconciliation import reconcile_conference
from po_toolkit.reconcile.report import at_stake, month_end_report, payouts_report, sheet
from po_toolkit.reconcile.tables import CHECKS, PURCHASE_ORDERS
from po_toolkit.reconcile.tie_out import tie_out

DAY = date(2027, 3, 31)
NOW = datetime(2027, 4, 1, 12, tzinfo=UTC)


def report_of(store, conference):
    books = reconcile_conference(store, conference, as_of=DAY, now=NOW)
    return month_end_report(books, tie_out(store, conference, as_of=DAY))


@pytest.fixture
def many(ledgers):
    """More rows than pandas shows, one overdue, one name that is markup."""
    for number in range(70):
        order = ledgers.order(123_456, organization_name=f"Sponsor & <b>Sons</b> {number}")
        ledgers.invoice(order, due_date=date(2027, 3, 1) if number == 0 else date(2027, 5, 1))


def test_every_row_is_printed_and_no_name_becomes_markup(many, store, conference):
    page = report_of(store, conference).html()
    assert {f"PO-T{n:05}" for n in range(1, 140, 2)} <= set(re.findall(r"PO-T\d{5}", page))
    assert "<b>Sons" not in page
    assert "Sponsor &amp; &lt;b&gt;Sons&lt;/b&gt; 69" in page
    assert "1,234.56" in page


def test_the_file_asks_the_network_for_nothing(many, store, conference):
    page = report_of(store, conference).html()
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import", page)
    assert page.count("<svg") == 2  # by age, and received against due


def test_a_notebook_on_paper_loses_no_column(many, store, conference):
    """A table that scrolls on the screen is cut off at the paper's edge, with its amounts."""
    shown = report_of(store, conference)._repr_html_()
    screen, paper = shown.split("@media print", 1)
    assert "overflow-x:auto" in screen
    assert ".scroll{overflow:visible}" in paper
    assert "size:A4 landscape" in screen


def test_no_code_or_field_name_is_read_by_a_treasurer(many, ledgers, store, conference):
    order = ledgers.order(50_000)
    ledgers.entry(order, 20_000, kind="payment_reversal")
    page = report_of(store, conference).html()
    seen = re.sub(r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", seen.replace("conference_2027", "")) == []


def test_a_side_that_was_not_read_is_not_called_in_agreement(ledgers, store, conference):
    order = ledgers.order(10_000)
    ledgers.invoice(order, stripe_status="paid", stripe_amount_paid=10_000)
    ledgers.entry(order, 10_000)
    found = tie_out(store, conference, as_of=DAY)
    report = payouts_report(found, name="PyCon", made_at=NOW)
    assert report.agrees is not True
    assert "Payouts have not been read from Stripe." in report.verdict
    assert "No bank statement has been imported." in report.verdict


def test_a_sum_that_disagrees_is_the_first_thing_said(many, store, conference):
    books = reconcile_conference(store, conference, as_of=DAY, now=NOW)
    found = tie_out(store, conference, as_of=DAY)
    wrong = CHECKS.frame(
        {
            "check": ["Payouts: sent = sum of their transactions"],
            "currency": ["usd"],
            "left": [100],
            "right": [90],
            "difference": [10],
        }
    )
    found.__dict__["checks"] = wrong
    report = month_end_report(books, found)
    assert report.agrees is False
    assert "5 of 6 checks agree. 1 item needs attention, 1,234.56 USD at stake." in report.verdict
    assert report["Needs attention"].parts[0].title == "Checks that do not agree"


def test_empty_columns_are_left_out_and_one_currency_is_named_once(many, store, conference):
    rows = reconcile_conference(store, conference, as_of=DAY, now=NOW).rows
    made = sheet(PURCHASE_ORDERS, rows)
    assert "Currency" not in made.head
    assert made.note == "Amounts in USD."
    assert "Refunded" not in made.head
    assert len(made.rows) == 70


def test_the_pdf_breaks_no_reference_and_says_the_verdict(many, store, conference, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; the words on the page are not checked")
    report = report_of(store, conference)
    path = tmp_path / "report.pdf"
    path.write_bytes(report.pdf())
    command = ["pdftotext", "-layout", str(path), "-"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert {f"PO-T{n:05}" for n in range(1, 140, 2)} <= set(re.findall(r"PO-T\d{5}", text))
    assert "checks agree" in text


def test_an_empty_conference_still_prints(store, conference):
    report = report_of(store, conference)
    assert "Nothing to check." in report.verdict
    assert report.html()
    assert report.pdf().startswith(b"%PDF-")


def test_the_same_money_is_at_stake_once():
    """Else 100.00 that a sponsor paid too much is called 200.00."""
    rows = [
        ("overpaid", "PO-AAAAAA", "Acme", "usd", 100_00),
        ("paid_twice", "PO-AAAAAA", "Acme", "usd", 100_00),
        ("money_stuck_at_stripe", "", "Acme", "usd", 130_00),
        ("overdue", "PO-BBBBBB", "Beta", "eur", 1_000_00),
        ("disputed", "PO-BBBBBB", "Beta", "eur", 400_00),
        ("bank_credit_not_explained", "", "Beta", "gbp", 5_00),
        ("bank_credit_not_explained", "", "Beta", "gbp", 5_00),
    ]
    columns = ["code", "reference", "organization_name", "currency", "at_stake"]
    assert at_stake(pd.DataFrame(rows, columns=columns)) == (
        "1,000.00 EUR, 10.00 GBP and 130.00 USD"
    )


def test_each_currency_is_a_table_with_sums_of_what_is_not_cancelled(ledgers, store, conference):
    for amount in (100_00, 50_00):
        ledgers.invoice(ledgers.order(amount), number="A-1")
    ledgers.order(70_00, cancelled_at=datetime(2027, 3, 1, tzinfo=UTC))
    ledgers.order(900, currency="jpy")
    yen, dollars = report_of(store, conference)["Purchase orders"].parts
    assert (yen.title, dollars.title) == ("1 purchase order in JPY", "3 purchase orders in USD")
    assert yen.foot is None
    assert dict(zip(dollars.head, dollars.foot, strict=True))["Total"] == "150.00"
    assert "leaves them out" in dollars.note
    assert "Paid" not in dollars.head


def test_every_page_says_whose_it_is_and_what_is_empty_is_not_there(ledgers, store, conference):
    ledgers.order(100_00, organization_name="Zeta")
    ledgers.order(50_00, organization_name="alpha")
    report = report_of(store, conference)
    assert [row[2] for row in report["Purchase orders"].parts[0].rows] == ["alpha", "Zeta"]
    assert "Invoices" not in [section.title for section in report.printed]
    foot = report.small_print
    assert foot.startswith(f"{report.conference} · Month-end report · As of the end of 31 Mar 2027")
    assert f'content:"{foot}"' in report.html()
