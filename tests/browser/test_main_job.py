"""The whole job in a browser, as somebody does it who has never seen a terminal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"
ROW = 35
"""Pixels of a row of a grid."""


def upload(page, file):
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)


def download(page, label):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    return Path(waiting.value.path()).read_bytes()


def go(page, place):
    page.get_by_role("navigation", name="App pages").get_by_role("link", name=place).click()


def edit(page, grid, row, column, text):
    """Change a cell by keyboard, as somebody does who uses no mouse."""
    grid.get_by_test_id(f"glide-cell-{column}-{row}").wait_for(state="attached")
    box = grid.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + ROW + ROW * row + ROW / 2)
    for _ in range(column):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#portal input, #portal textarea").first.fill(text)
    page.keyboard.press("Enter")


def test_from_a_messy_spreadsheet_to_the_books(page, serve, simulator, tmp_path):
    """If this fails, nobody without a terminal can do the job at all."""
    from playwright.sync_api import expect

    app = serve(script="asgi.py")
    page.goto(app.url)
    expect(page.get_by_role("heading", name="PyCon 2027")).to_be_visible(timeout=20000)
    go(page, "Import")
    upload(page, SAMPLES / "sponsors-with-errors.csv")
    page.get_by_role("button", name="Import 1 purchase order").click()
    expect(page.get_by_role("heading", name="Rows to mend")).to_be_visible()

    mend = page.get_by_test_id("stDataFrame").first
    edit(page, mend, 2, 4, "ap@northwind-logistics-gmbh.example")
    page.get_by_role("button", name="Import 1 mended purchase order").click()
    expect(page).to_have_url(f"{app.url}/import?batch=2")
    expect(page.get_by_text("1 purchase order imported")).to_be_visible()

    go(page, "Invoice")
    page.get_by_role("button", name="Send 2 invoices…").click()
    page.get_by_role("button", name="Send 2 invoices", exact=True).click()
    expect(page.get_by_role("button", name="Done", exact=True)).to_be_visible(timeout=60000)
    results = list(csv.DictReader(io.StringIO(download(page, "Download CSV").decode())))
    assert [r["outcome"] for r in results] == ["Invoiced"] * 2

    paid = next(r for r in results if r["organization_name"].startswith("Northwind"))
    page.goto(f"{app.url}/order?po={paid['reference']}")
    expect(page.get_by_role("heading", name="Northwind Logistics GmbH")).to_be_visible()
    balance = page.get_by_test_id("stMetric").filter(has_text="Balance")
    expect(balance).to_contain_text("10,662.44")
    sponsor = page.context.new_page()
    sponsor.goto(paid["hosted_invoice_url"])
    sponsor.get_by_role("button", name="Pay").first.click()
    expect(sponsor.get_by_text("Paid on")).to_be_visible()
    page.get_by_role("button", name="Sync with Stripe").click()
    expect(page.get_by_text("1 new payment,")).to_be_visible(timeout=20000)
    expect(balance).not_to_contain_text("10,662.44")

    go(page, "Reconciliation")
    expect(page.get_by_role("heading", name="Reconciliation")).to_be_visible()
    books = list(csv.DictReader(io.StringIO(download(page, "Download CSV").decode())))
    assert {r["reference"]: r["status"] for r in books}[paid["reference"]] == "paid"
    assert sum(r["status"] == "sent" for r in books) == 1
    workbook = openpyxl.load_workbook(io.BytesIO(download(page, "Download XLSX")))
    assert "Purchase orders" in workbook.sheetnames


def test_a_batch_survives_a_reload_and_shows_in_another_window(page, serve, simulator):
    """Whoever closes the laptop must find the batch where it is, not start it again."""
    from playwright.sync_api import expect

    app = serve()
    page.goto(f"{app.url}/import")
    expect(page.get_by_role("heading", name="Import")).to_be_visible(timeout=20000)
    upload(page, SAMPLES / "sponsors-2027.csv")
    page.get_by_role("button", name="Import 40 purchase orders").click()
    page.get_by_role("link", name="Invoice them").click()
    page.get_by_role("button", name="Send 40 invoices…").click()
    page.get_by_role("button", name="Send 40 invoices", exact=True).click()
    expect(page.get_by_text("of 40 done")).to_be_visible(timeout=20000)
    page.reload()
    other = page.context.new_page()
    other.goto(f"{app.url}/invoice")
    for window in (page, other):
        expect(window.get_by_text("Batch 1, started by")).to_be_visible(timeout=20000)
    expect(page.get_by_role("button", name="Done", exact=True)).to_be_visible(timeout=120000)
    expect(page.get_by_test_id("stMetric").first).to_contain_text("40")
    invoices = [i for i in simulator.control.all("invoice") if i["status"] == "open"]
    assert len(invoices) == 40
