"""Every page as people see it: readable, reachable, and without a word of error."""

from __future__ import annotations

import io
import os
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from po_toolkit.api.bank import import_bank_statement
from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.api.ledger import record_payment_by_hand
from po_toolkit.api.payouts import pull_payouts
from po_toolkit.api.sync import sync_conference
from po_toolkit.jobs import batches
from po_toolkit.reconcile import list_purchase_orders
from po_toolkit.ui.shell import SCREENS
from tests.bank.statement import Entry, camt
from tests.browser import axe
from tests.browser.conftest import TOKEN

pytestmark = pytest.mark.browser

KEY = "sk_test_browser_pycon_2027"
LIVE = """
[po_toolkit.conferences.django-2027]
name = "DjangoCon 2027"
stripe_secret_key = "sk_live_browser_django_2027"
"""
LOOKS = [(1280, "light"), (390, "dark")]
if os.environ.get("SCREENSHOTS"):
    LOOKS += [(1280, "dark"), (390, "light")]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 16) Chrome/156.0 Mobile Safari/537.36",
}
"""Whose lists begin with amount and status."""
APART = ("home", "order", "imported", "invoices")
"""Places whose pages are named one by one below, or look as another does."""
PATIENCE = 180_000
"""Milliseconds after which a page hangs, however busy the machine is."""
WEEK = 7 * 86_400
SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"


@pytest.fixture
def season(serve, simulator):
    """An app with something of everything in it, and the address of each page."""
    app = serve(LIVE)
    import_purchase_orders(app.conference("django-2027"), SAMPLES / "sponsors-2027.csv")
    opened = app.conference()
    simulator.control.advance(-WEEK)  # money takes days until it can be paid out
    import_purchase_orders(opened, SAMPLES / "sponsors-2027.csv")
    faulty = import_purchase_orders(opened, SAMPLES / "sponsors-with-errors.csv")
    report = import_purchase_orders(opened, SAMPLES / "sponsors-currencies.csv")
    drafts = list_purchase_orders(opened.store, opened.conference, limit=100).orders
    first = [order.reference for order in drafts[:6]]
    for result in invoice_purchase_orders(opened, references=first).results[:4]:
        simulator.control.pay(result.stripe_invoice_id, account=KEY)
    simulator.control.advance(WEEK)
    record_payment_by_hand(opened, first[5], amount=Decimal(10), method="wire")
    sync_conference(opened)
    simulator.control.payout("usd", account=KEY)
    pull_payouts(opened)
    lines = [Entry(opened.today(), Decimal("1250.00"), f"Invoice {first[4]}", "Granite")]
    import_bank_statement(opened, camt(lines), file_name="bank.xml")
    batch = batches.start(opened, report.references)
    batches.pause(opened, batch)
    pages = {place: f"/{place}" for place in SCREENS if place not in APART}
    pages |= {
        "home": "/",
        "order": f"/order?po={first[0]}",
        "import-batch": f"/imported?batch={faulty.batch}",
        "invoice-live": f"/invoice?conference=DjangoCon+2027&token={TOKEN}",
        "live-to-look-at": "/invoice?conference=DjangoCon+2027",
        "by-month": "/reconciliation?reconciliation-view=By+month",
        "bank-statements": "/bank?bank-view=Statements",
        "webhook-events": "/activity?activity-view=Webhook+events",
    }
    return app, pages


def settle(page):
    """Wait until the page is drawn."""
    from playwright.sync_api import expect

    expect(page.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=PATIENCE
    )
    expect(page.locator("h1").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)


@pytest.fixture
def checker():
    """The accessibility checker; where there is none, a loud skip, and in CI a failure."""
    try:
        return axe.script()
    except axe.NotAvailableError as reason:
        said = f"ACCESSIBILITY IS NOT CHECKED: {reason}."
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)


def test_no_page_shuts_anybody_out(chromium, season, checker):
    """On a telephone, in the dark, without a mouse or good eyes, the job is the same.

    With SCREENSHOTS naming a folder, a picture of each page is kept there.
    """
    app, pages = season
    wrong, errors = {}, []
    for width, scheme in LOOKS:
        device = {"viewport": {"width": 1280, "height": 900}} if width == 1280 else PHONE
        context = chromium.new_context(color_scheme=scheme, **device)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        for name, path in pages.items():
            page.goto(app.url + path, timeout=PATIENCE)
            settle(page)
            _keep_picture(page, f"{name}-{width}-{scheme}")
            found = axe.violations(page, checker) + _pale_buttons(page)
            if page.get_by_test_id("stException").count() or page.get_by_role("dialog").count():
                found.append("an error or a dialog is on the page")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append("the page is wider than the window")
            if found:
                wrong[name, width] = found
        context.close()
    assert wrong == {}
    assert errors == []


def _pale_buttons(page):
    """Buttons whose words axe-core does not judge, since icons and words are mixed in them."""
    return page.evaluate(
        """() => {
            const light = c => {
                const [r, g, b] = c.match(/[0-9.]+/g).map(v => v / 255)
                    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
            };
            return [...document.querySelectorAll("[data-testid^='stBaseButton-primary']")]
                .filter(button => !button.disabled)
                .filter(button => {
                    const style = getComputedStyle(button);
                    const [a, b] = [light(style.color), light(style.backgroundColor)];
                    return Math.max(a, b) / Math.min(a, b) < 4.5;
                })
                .map(button => `pale button: ${button.textContent}`);
        }"""
    )


def _keep_picture(page, name):
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    page.wait_for_timeout(1500)  # the canvas of a grid is drawn after the page is idle
    picture = Image.open(io.BytesIO(page.screenshot()))
    Path(folder).mkdir(parents=True, exist_ok=True)
    picture.save(Path(folder) / f"{name}.webp", quality=80, method=6)
