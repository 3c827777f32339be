"""The app as it is deployed: with the webhook in one server, behind a path, seen from outside."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from po_toolkit.api.imports import import_purchase_orders
from po_toolkit.api.invoices import invoice_purchase_orders
from po_toolkit.jobs import batches
from po_toolkit.reconcile import purchase_order_story

pytestmark = pytest.mark.browser

SHEET = b"organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"
KEY = "sk_test_browser_pycon_2027"
SECRET = "whsec_browser_pycon_2027"


@pytest.fixture
def both(serve, simulator):
    """App and webhook in one server, and Stripe's deliveries sent there at once."""
    app = serve(script="asgi.py")
    address = f"{app.url}/webhooks/stripe/pycon-2027"
    simulator.control.send_webhooks_to(address, SECRET, account=KEY)
    return app


def answer(url, data=None):
    try:
        with urlopen(Request(url, data=data), timeout=10) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


def test_a_payment_shows_within_seconds_without_a_reload(page, both, simulator):
    """Whoever waits on the phone with a sponsor must see the money come in."""
    from playwright.sync_api import expect

    opened = both.conference()
    one = import_purchase_orders(opened, SHEET, file_name="one.csv").references[0]
    url = invoice_purchase_orders(opened, references=[one]).results[0].hosted_invoice_url
    page.goto(f"{both.url}/order?po={one}")
    balance = page.get_by_test_id("stMetric").filter(has_text="Balance")
    expect(balance).to_contain_text("100.00", timeout=20000)
    sponsor = page.context.new_page()
    sponsor.goto(url)
    sponsor.get_by_role("button", name="Pay").first.click()
    expect(sponsor.get_by_text("Paid on")).to_be_visible()
    simulator.control.deliver()
    expect(balance).not_to_contain_text("100.00", timeout=10000)


def test_the_webhook_answers_for_itself_beside_the_app(both):
    """A GET that shows the app's page under the webhook's address looks like success to Stripe."""
    assert answer(f"{both.url}/healthz") == (200, b'{"status":"ok"}')
    assert answer(f"{both.url}/webhooks/stripe/pycon-2027")[0] == 405
    assert answer(f"{both.url}/webhooks/nothing")[0] == 404
    forged = json.dumps({"id": "evt_1"}).encode()
    assert answer(f"{both.url}/webhooks/stripe/pycon-2027", forged)[0] == 400
    assert answer(f"{both.url}/webhooks/stripe/stranger", forged)[0] == 404


def test_a_batch_that_was_cut_off_goes_on_when_the_server_starts(serve, simulator, tmp_path):
    """Nobody should have to open the page again for invoices to leave."""
    from po_toolkit.jobs.batches import wait_for

    app = serve()
    opened = app.conference()
    report = import_purchase_orders(opened, SHEET, file_name="one.csv")
    batch = batches.start(opened, report.references)
    serve(script="asgi.py")
    assert wait_for(opened, batch).invoiced == 1
    story = purchase_order_story(opened.store, opened.conference, report.references[0])
    assert story.status == "sent"


def test_it_works_under_a_path_of_a_proxy(page, serve):
    """Many installations share one host name; links must keep the path."""
    from playwright.sync_api import expect

    app = serve(options=["--server.baseUrlPath=finance/po"])
    page.goto(f"{app.url}/")
    expect(page.get_by_role("heading", name="PyCon 2027")).to_be_visible(timeout=20000)
    page.get_by_role("link", name="Reconciliation").first.click()
    expect(page.get_by_role("heading", name="Reconciliation")).to_be_visible()
    assert page.url.startswith(f"{app.url}/reconciliation")
    page.reload()
    expect(page.get_by_role("heading", name="Reconciliation")).to_be_visible()


def test_from_outside_it_serves_nobody_without_a_sign_in(chromium, serve):
    """An app that sends invoices must not lie open because a proxy was put before it."""
    from playwright.sync_api import expect

    app = serve()
    outside = chromium.new_context(extra_http_headers={"X-Forwarded-For": "203.0.113.9"})
    page = outside.new_page()
    page.goto(f"{app.url}/orders")
    expect(page.get_by_role("heading", name="No sign-in is set up")).to_be_visible(timeout=20000)
    expect(page.get_by_role("link", name="Reconciliation")).to_have_count(0)
    outside.close()


def test_an_upload_without_the_apps_token_is_refused(page, serve, tmp_path):
    """Another site's page must not upload into somebody's open session."""
    from playwright.sync_api import expect

    app = serve()
    page.goto(f"{app.url}/import")
    file = tmp_path / "one.csv"
    file.write_bytes(SHEET)
    uploader = page.get_by_test_id("stFileUploader")
    expect(uploader).to_be_visible(timeout=20000)
    with page.expect_request(lambda request: "/upload_file/" in request.url) as sent:
        uploader.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("button", name="Import 1 purchase order")).to_be_visible()
    upload = sent.value
    assert "x-xsrftoken" in upload.headers
    forged = Request(upload.url, data=b"data", method=upload.method)
    with pytest.raises(HTTPError) as refused:
        urlopen(forged, timeout=10)
    assert refused.value.code == 403
