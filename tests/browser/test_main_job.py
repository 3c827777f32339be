"""The whole job in a browser, as somebody does it who has never seen a terminal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"


def upload(page, file):
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)


def download(page, label):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    return Path(waiting.value.path()).read_bytes()


def go(page, place):
    page.get_by_role("navigation", name="App pages").get_by_role("link", name=place).click()


def test_from_spreadsheet_to_reconciliation(page, serve, simulator, tmp_path):
    """If this fails, nobody without a terminal can do the job at all."""
    from playwright.sync_api import expect

    app = serve()
    sheet = tmp_path / "sponsors.csv"
    rows = (SAMPLES / "sponsors-2027.csv").read_text().splitlines(keepends=True)
    sheet.write_text("".join(rows[:12]))

    page.goto(app.url)
    expect(page.get_by_role("heading", name="Import")).to_be_visible(timeout=20000)
    upload(page, sheet)
    page.get_by_role("button", name="Import 4 purchase orders").click()
    expect(page.get_by_text("4 purchase orders imported")).to_be_visible()

    page.get_by_role("link", name="Invoice them").click()
    page.get_by_role("button", name="Send 4 invoices…").click()
    page.get_by_role("button", name="Send 4 invoices", exact=True).click()
    expect(page.get_by_role("button", name="Done")).to_be_visible(timeout=60000)
    results = list(csv.DictReader(io.StringIO(download(page, "Download CSV").decode())))
    assert [r["outcome"] for r in results] == ["Invoiced"] * 4

    sponsor = page.context.new_page()
    first = next(r for r in results if r["organization_name"].startswith("Northwind"))
    sponsor.goto(first["hosted_invoice_url"])
    sponsor.get_by_role("button", name="Pay").first.click()

    go(page, "Purchase orders")
    page.get_by_role("button", name="Sync with Stripe").click()
    expect(page.get_by_text("1 new payment,")).to_be_visible(timeout=20000)
    page.goto(f"{app.url}/order?po={first['reference']}")
    expect(page.get_by_role("heading", name="Northwind Logistics GmbH")).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("Paid", exact=True).first).to_be_visible()

    go(page, "Reconciliation")
    expect(page.get_by_role("heading", name="Reconciliation")).to_be_visible()
    books = list(csv.DictReader(io.StringIO(download(page, "Download CSV").decode())))
    assert {r["reference"]: r["status"] for r in books}[first["reference"]] == "paid"
    assert sum(r["status"] == "sent" for r in books) == 3
    workbook = openpyxl.load_workbook(io.BytesIO(download(page, "Download XLSX")))
    assert "Purchase orders" in workbook.sheetnames
