"""The rows and totals a treasurer closes the month with."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import openpyxl
import pytest

from po_toolkit.domain.harmless import harmless, restore
from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.errors import PoToolkitError
from po_toolkit.reconcile import (
    export,
    months_of,
    reconcile_conference,
    reconcile_conferences,
    summary_of,
)
from po_toolkit.store.tables import Conference

AS_OF = date(2027, 3, 1)
COLUMNS = [
    "reference", "po_number", "organization_name", "currency", "status", "total", "credited",
    "paid", "paid_stripe", "paid_other", "refunded", "balance", "stripe_invoice_id",
    "stripe_status", "stripe_amount_paid", "due_date", "days_overdue", "discrepancies",
]  # fmt: skip


@pytest.fixture
def made(ledgers, store, conference):
    def reconcile(as_of=AS_OF):
        return reconcile_conference(store, conference, as_of=as_of)

    return reconcile


def row_of(reconciliation, reference):
    return next(r for r in reconciliation.as_json()["rows"] if r["reference"] == reference)


def test_a_row_says_what_was_ordered_forgiven_paid_and_is_left(ledgers, made):
    order = ledgers.order(100_000, 25_050, -5_050, reference="PO-AAAAAA", due_date=date(2027, 2, 1))
    ledgers.invoice(
        order, due_date=date(2027, 2, 1), stripe_total=120_000, stripe_amount_paid=50_000
    )
    ledgers.entry(order, 50_000)
    ledgers.entry(order, 20_000, method="wire")
    ledgers.credit(order, 10_000)
    row = row_of(made(), "PO-AAAAAA")
    assert list(row) == COLUMNS
    assert row["total"] == "1200.00"
    assert row["credited"] == "100.00"
    assert (row["paid"], row["paid_stripe"], row["paid_other"]) == ("700.00", "500.00", "200.00")
    assert row["balance"] == "400.00"
    assert row["status"] == "partially_paid"
    assert (row["due_date"], row["days_overdue"]) == ("2027-02-01", 28)
    assert row["discrepancies"] == ["overdue", "paid_here_not_at_stripe"]


def test_totals_are_by_currency_and_never_mixed(ledgers, made):
    ledgers.order(100_00)
    ledgers.order(200_00)
    ledgers.order(5_000, currency="jpy")
    ledgers.order(1_500, currency="kwd")
    totals = made().totals_text()
    assert {c: t["total"] for c, t in totals.items()} == {
        "jpy": "5000",
        "kwd": "1.500",
        "usd": "300.00",
    }
    assert totals["usd"]["purchase_orders"] == 2
    assert totals["usd"]["open"] == "300.00"


def test_a_cancelled_order_is_in_no_total_but_its_row_still_adds_up(ledgers, made):
    """A treasurer must not report 100 USD ordered that the sponsor withdrew."""
    cancelled = datetime(2027, 1, 9, tzinfo=UTC)
    ledgers.order(100_00, reference="PO-AAAAAA", cancelled_at=cancelled)
    ledgers.order(30_00, reference="PO-BBBBBB")
    ledgers.order(50_00, reference="PO-CCCCCC", currency="eur", cancelled_at=cancelled)
    result = made()
    rows = {row["reference"]: row for row in result.as_json()["rows"]}
    assert (rows["PO-AAAAAA"]["status"], rows["PO-AAAAAA"]["balance"]) == ("cancelled", "100.00")
    assert result.totals["usd"] == dict.fromkeys(result.totals["usd"], 0) | {
        "purchase_orders": 1, "total": 30_00, "balance": 30_00, "open": 30_00
    }  # fmt: skip
    assert set(result.totals["eur"].values()) == {0}
    assert result.behind_number("totals", "total", currency="usd")["total"].sum() == 30_00
    workbook = openpyxl.load_workbook(io.BytesIO(export(result, "xlsx")))["Totals"]
    assert workbook["B6"].value.endswith(',"<>cancelled")')


def test_an_empty_conference_is_reconciled_too(made):
    result = made()
    assert result.as_json()["rows"] == []
    for format_ in ("table", "json", "csv", "xlsx", "md"):
        assert export(result, format_)
    for frame in (result.summary, result.ageing, result.invoices, result.entries):
        assert frame.empty


def test_what_happened_after_the_day_is_not_in_it(ledgers, made):
    order = ledgers.order(100_00, reference="PO-AAAAAA", day=date(2027, 1, 5))
    ledgers.invoice(order, day=date(2027, 1, 10))
    ledgers.entry(order, 100_00, day=date(2027, 1, 20))
    assert made(date(2027, 1, 4)).as_json()["rows"] == []
    assert row_of(made(date(2027, 1, 9)), "PO-AAAAAA")["status"] == "draft"
    assert row_of(made(date(2027, 1, 19)), "PO-AAAAAA")["status"] == "sent"
    assert row_of(made(date(2027, 1, 20)), "PO-AAAAAA")["status"] == "paid"


def test_the_day_ends_in_the_conferences_timezone(ledgers, made):
    order = ledgers.order(100_00, reference="PO-AAAAAA")
    ledgers.invoice(order, sent_at=datetime(2027, 1, 11, 4, 59, tzinfo=UTC))
    assert row_of(made(date(2027, 1, 10)), "PO-AAAAAA")["status"] == "sent"
    assert row_of(made(date(2027, 1, 9)), "PO-AAAAAA")["status"] == "draft"


def test_json_is_what_scripts_read(ledgers, made):
    ledgers.order(100_00)
    data = json.loads(export(made(), "json"))
    assert data["rows"][0]["stripe_invoice_id"] is None
    assert data["rows"][0]["stripe_amount_paid"] is None
    assert data["rows"][0]["due_date"] is None
    assert data["totals"]["usd"]["balance"] == "100.00"


NASTY = ["=1+1", "+1", "-1", "@x", "\tx", "\r=1", " =1", "'=1", "plain", "'plain", "", "\uff1d1"]


@pytest.mark.parametrize("text", NASTY)
def test_a_formula_from_a_spreadsheet_cannot_run_and_can_be_read_back(text):
    assert restore(harmless(text)) == text
    assert harmless(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\uff1d")


def test_exports_hold_no_formula_from_a_sponsors_name(ledgers, made):
    ledgers.order(100_00, organization_name='=HYPERLINK("http://x")', po_number="@SUM(1)")
    rows = list(csv.DictReader(io.StringIO(export(made(), "csv").decode())))
    assert rows[0]["organization_name"].startswith("'=")
    assert rows[0]["po_number"].startswith("'@")
    book = openpyxl.load_workbook(io.BytesIO(export(made(), "xlsx")))
    sheet = book["Purchase orders"]
    assert sheet["C2"].value.startswith("'=")
    assert sheet["C2"].data_type == "s"


def test_the_workbooks_totals_are_formulas_with_the_right_value(ledgers, made):
    order = ledgers.order(100_50)
    ledgers.entry(order, 40_25)
    content = io.BytesIO(export(made(), "xlsx"))
    formulas = openpyxl.load_workbook(content)["Totals"]
    values = openpyxl.load_workbook(content, data_only=True)["Totals"]
    assert formulas["B5"].value.startswith("=SUMIFS(")
    assert [values.cell(5, c).value for c in range(1, 9)] == [
        "usd", 100.5, 0, 40.25, 40.25, 0, 0, 60.25,
    ]  # fmt: skip


def test_an_unknown_format_is_refused_with_the_known_ones(made):
    with pytest.raises(PoToolkitError, match="table, json, csv, xlsx, md"):
        export(made(), "pdf")


def test_the_table_shows_amounts_and_what_does_not_add_up(ledgers, made):
    ledgers.order(100_00, reference="PO-AAAAAA", organization_name="A|B\nC")
    text = export(made(), "table").decode()
    assert "PO-AAAAAA" in text
    assert "Not invoiced" in text
    assert "| A\\|B C |" in export(made(), "md").decode()


def test_two_conferences_stand_side_by_side_and_are_never_mixed(ledgers, store, conference):
    with store.writing(STRIPE, Act.SYNC) as uow:
        other = Conference(slug="euro-2027", name="Euro", currency="usd", timezone="Asia/Tokyo")
        uow.session.add(other)
        uow.session.flush()
    ledgers.order(100_00)
    type(ledgers)(store, other).order(70_00, reference="PO-EEEEEE")
    both = reconcile_conferences(store, [conference, other], as_of=AS_OF)
    summary = summary_of(both).set_index("conference")
    assert summary["total"].to_dict() == {"pycon-2027": 100_00, "euro-2027": 70_00}
    assert summary_of([]).empty
    assert months_of(both).empty
