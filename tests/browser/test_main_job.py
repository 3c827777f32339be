"""The whole job in a browser, as somebody does it who has never seen a terminal."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.jobs import batches
from po_toolkit.store import activity

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"
KEY = "sk_test_browser_pycon_2027"
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


def edit(page, grid, old, text):
    """Change the cell that holds a text by keyboard, as somebody does who uses no mouse.

    Each step waits until the grid shows where it is: keys that come faster than the grid follows
    would write into the cell beside it.
    """
    from playwright.sync_api import expect

    whole = re.compile(f"^{re.escape(old)}$")
    cells = grid.locator("td[data-testid^='glide-cell-']").filter(has_text=whole)
    cells.first.wait_for(state="attached")
    column, row = map(int, cells.first.get_attribute("data-testid").split("-")[-2:])

    def at(column):
        return grid.locator(f"td[data-testid='glide-cell-{column}-{row}'][aria-selected='true']")

    box = grid.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + ROW + ROW * row + ROW / 2)
    for left in range(1, column):  # the first is the row's mark, which the click passed by
        expect(at(left)).to_be_attached()
        page.keyboard.press("ArrowRight")
    expect(at(column)).to_be_attached()
    page.keyboard.press("Enter")
    page.locator("#portal input, #portal textarea").first.fill(text)
    page.keyboard.press("Enter")
    expect(grid.get_by_test_id(f"glide-cell-{column}-{row}")).to_have_text(text)


def test_from_a_messy_spreadsheet_to_the_books(page, serve, simulator, tmp_path):
    """If this fails, nobody without a terminal can do the job at all."""
    from playwright.sync_api import expect

    app = serve(script="asgi.py")
    simulator.control.send_webhooks_to(
        f"{app.url}/webhooks/stripe/pycon-2027", "whsec_browser_pycon_2027", account=KEY
    )
    page.goto(app.url)
    expect(page.get_by_role("heading", name="PyCon 2027")).to_be_visible(timeout=20000)
    go(page, "Import")
    upload(page, SAMPLES / "sponsors-with-errors.csv")
    page.get_by_role("button", name="Import 1 purchase order").click()
    expect(page.get_by_role("heading", name="Rows to fix")).to_be_visible()

    mend = page.get_by_test_id("stDataFrame").first
    edit(page, mend, "ap(at)example", "ap@northwind-logistics-gmbh.example")
    page.get_by_role("button", name="Import 1 fixed purchase order").click()
    expect(page).to_have_url(f"{app.url}/imported?batch=2")
    expect(page.get_by_text("1 purchase order imported")).to_be_visible()

    go(page, "Invoice")
    page.get_by_role("button", name="Send 2 invoices…").click()
    shown = page.locator(".react-pdf__Page").first.bounding_box()
    place = page.get_by_test_id("pdf-container").bounding_box()
    assert shown["x"] + shown["width"] <= place["x"] + place["width"], "the amounts are cut off"
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
    simulator.control.deliver()
    paid_sign = page.get_by_test_id("stMain").get_by_role("img", name="check icon", exact=True)
    expect(paid_sign).to_be_visible(timeout=10000)
    expect(balance).not_to_contain_text("10,662.44")

    go(page, "Reconciliation")
    expect(page.get_by_role("heading", name="Reconciliation")).to_be_visible()
    books = list(csv.DictReader(io.StringIO(download(page, "Download CSV").decode())))
    assert {r["reference"]: r["status"] for r in books}[paid["reference"]] == "paid"
    assert sum(r["status"] == "sent" for r in books) == 1
    workbook = openpyxl.load_workbook(io.BytesIO(download(page, "Download XLSX")))
    assert "Purchase orders" in workbook.sheetnames


def test_a_place_for_files_is_in_the_language_of_the_page(page, serve):
    """Streamlit writes English there, and has no setting for it."""
    from playwright.sync_api import expect

    app = serve()
    page.goto(f"{app.url}/import?language=Deutsch")
    place = page.get_by_test_id("stFileUploaderDropzone")
    expect(place).to_be_visible(timeout=20000)
    expect(page.get_by_text("Leere Vorlage (CSV)")).to_be_visible(timeout=20000)
    shown = """place => [...place.querySelectorAll("p, span")].map(part => [
        getComputedStyle(part).fontSize === "0px" ? "" : part.textContent,
        getComputedStyle(part, "::after").content,
    ]).flat().join(" ")"""
    words = place.evaluate(shown)
    assert "Hochladen" in words
    assert re.search(r"Bis \d+ MB", words)
    assert "per file" not in words
    assert place.get_by_role("button", name="Hochladen").count() == 1, "it has a name to be read"
    upload(page, SAMPLES / "sponsors-2027.csv")
    expect(page.get_by_text("sponsors-2027.csv").first).to_be_visible()


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


def test_a_sync_is_seen_by_both_who_want_it_and_runs_once(chromium, page, serve, simulator):
    """Two impatient people must not ask Stripe twice, nor wonder whether anything happens."""
    from playwright.sync_api import expect

    app = serve()
    import_purchase_orders(app.conference(), SAMPLES / "sponsors-2027.csv")
    other = chromium.new_context().new_page()
    for window in (page, other):
        window.goto(app.url)
        expect(window.get_by_role("button", name="Sync with Stripe")).to_be_visible(timeout=20000)
    simulator.control.fail(path="/v1/events", method="GET", kind="429", times=4)
    page.get_by_role("button", name="Sync with Stripe").dblclick()
    for window in (page, other):
        expect(window.get_by_text("Under way since")).to_be_visible(timeout=15000)
        expect(window.get_by_role("button", name="Sync with Stripe")).to_be_disabled()
    page.goto("about:blank")
    expect(other.get_by_text("Stripe was asked about")).to_be_visible(timeout=60000)
    opened = app.conference()
    with opened.store.reading() as session:
        acts, _ = activity.audit(session, opened.conference, acts=["sync"], offset=0, limit=20)
    asked = [act for act in acts if act.subject_type == "Job"]
    assert [act.after.get("started") for act in asked if "started" in act.after] == ["sync"]
    other.context.close()


def test_back_from_a_purchase_order_leads_to_the_list_as_it_was(page, serve):
    """Whoever goes through thirty sponsors one by one must not search thirty times."""
    from playwright.sync_api import expect

    app = serve()
    import_purchase_orders(app.conference(), SAMPLES / "sponsors-2027.csv")
    page.goto(f"{app.url}/orders?search=robotics&status=Draft&sort=Sponsor")
    expect(page.get_by_text("5 purchase orders")).to_be_visible(timeout=20000)
    grid = page.get_by_test_id("stDataFrame").first
    grid.get_by_test_id("glide-cell-1-0").wait_for(state="attached")
    box = grid.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 100, box["y"] + ROW + ROW / 2)  # the first sponsor's name
    expect(page.get_by_role("link", name="All purchase orders")).to_be_visible(timeout=20000)
    page.go_back()
    expect(page.get_by_text("5 purchase orders")).to_be_visible(timeout=20000)
    page.go_forward()
    page.get_by_role("link", name="All purchase orders").click(timeout=20000)
    expect(page.get_by_text("5 purchase orders")).to_be_visible(timeout=20000)
    assert "search=robotics" in page.url


def test_a_batch_ends_when_the_settings_file_changes_while_it_runs(serve, page, simulator):
    """A batch must not stay half done because a colleague wrote a new name into the settings."""
    from playwright.sync_api import expect

    app = serve()
    opened = app.conference()
    rows = "".join(f"Sponsor {n},ap{n}@sponsor{n}.example,A-{n},100.00\n" for n in range(60))
    sheet = f"organization_name,contact_email,po_number,amount\n{rows}".encode()
    report = import_purchase_orders(opened, sheet, file_name="sixty.csv")
    batch = batches.start(opened, report.references)
    page.goto(app.url)  # whose server works what waits
    while not simulator.control.mails():
        page.wait_for_timeout(20)  # a sandbox's pace spreads the sixty over ten seconds
    assert not batches.progress(opened, batch).ended
    app.config.write_text(app.config.read_text().replace('"PyCon 2027"', '"PyCon US 2027"'))
    page.reload()
    expect(page.get_by_text("PyCon US 2027").first).to_be_visible()
    assert batches.wait_for(opened, batch).invoiced == len(report.references)
    assert len(simulator.control.all("invoice")) == len(report.references)


def test_what_is_unticked_on_one_page_of_drafts_stays_so_on_the_others(page, serve):
    """Turning the page must not send the invoice that somebody left out."""
    from playwright.sync_api import expect

    app = serve()
    rows = "".join(f"Sponsor {n},ap{n}@sponsor{n}.example,A-{n},100.00\n" for n in range(103))
    sheet = f"organization_name,contact_email,po_number,amount\n{rows}".encode()
    import_purchase_orders(app.conference(), sheet, file_name="many.csv")
    page.goto(f"{app.url}/invoice")

    def click_first(number):
        grid = page.get_by_test_id("stDataFrame").first
        grid.get_by_test_id("glide-cell-1-0").wait_for(state="attached")
        box = grid.locator("canvas").first.bounding_box()
        page.mouse.click(box["x"] + 73, box["y"] + ROW + ROW / 2)
        says(number)

    def says(number):
        button = page.get_by_role("button", name=f"Send {number} invoices…")
        expect(button).to_be_visible(timeout=20000)

    def turn(number, sponsor):
        page.get_by_test_id("stPagination").get_by_text(str(number), exact=True).click()
        grid = page.get_by_test_id("stDataFrame").first
        expect(grid.get_by_test_id("glide-cell-1-0")).to_have_text(sponsor, timeout=20000)

    says(103)
    click_first(102)
    turn(2, "Sponsor 100")
    says(102)
    click_first(101)
    turn(1, "Sponsor 0")
    says(101)
    click_first(102)
    turn(2, "Sponsor 100")
    says(102)
    click_first(103)
