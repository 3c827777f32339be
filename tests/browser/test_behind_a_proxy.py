"""The app behind a reverse proxy, under a path of its own: as most people will reach it."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from po_toolkit.reconcile import list_purchase_orders
from tests.browser.provider import AUTH, provider, sign_in
from tests.browser.proxy import Nginx, SmallProxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the provider and Authlib
]

SAMPLES = Path(__file__).parents[2] / "po_toolkit" / "samples"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def nginx():
    """Debian's nginx; where there is none, a loud skip, and in CI a failure."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if binary is None:
        said = "THE GUIDE'S NGINX IS NOT TRIED: there is no nginx; apt-get install nginx-light."
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    return binary


@pytest.fixture(params=["small", "nginx"])
def behind(request, serve, tmp_path):
    """The app under /finance/po with a sign-in, and the address at which a proxy gives it."""
    binary = nginx() if request.param == "nginx" else ""
    port = free_port()
    front = f"http://127.0.0.1:{port}/finance/po"
    with provider() as address:
        app = serve(
            AUTH,
            options=["--server.baseUrlPath=finance/po", "--server.maxUploadSize=1"],
            front=front,
            provider=address,
            cookie_secret="c" * 40,
        )
        target = urlsplit(app.url).port
        proxy = (
            Nginx(binary, tmp_path / "nginx", port, target) if binary else SmallProxy(port, target)
        )
        with proxy:
            yield app, front


def test_the_job_is_done_through_a_proxy_under_its_path(page, behind, tmp_path):
    """Links, sign-in, uploads, downloads and the live connection must all keep the path."""
    from playwright.sync_api import expect

    app, front = behind
    page.goto(f"{front}/reconciliation")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20000)
    sign_in(page, f"{front}/", "ada")
    expect(page.get_by_role("heading", name="PyCon 2027")).to_be_visible(timeout=20000)
    assert page.url.startswith(f"{front}/")
    page.get_by_role("navigation", name="App pages").get_by_role("link", name="Import").click()
    files = page.get_by_test_id("stFileUploader").locator("input[type=file]")

    huge = tmp_path / "huge.csv"
    huge.write_bytes(b"x" * 1_100_000)
    files.set_input_files(huge)
    expect(page.get_by_test_id("stFileUploader")).to_contain_text("File must be 1.0MB or smaller")
    expect(page.get_by_role("button", name="Import 40 purchase orders")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Import")).to_be_visible(timeout=20000)

    files.set_input_files(SAMPLES / "sponsors-2027.csv")
    page.get_by_role("button", name="Import 40 purchase orders").click(timeout=20000)
    expect(page.get_by_text("40 purchase orders imported")).to_be_visible(timeout=20000)
    assert page.url.startswith(f"{front}/imported?batch=")
    page.get_by_role("link", name="See all purchase orders").click()
    expect(page.get_by_role("heading", name="Purchase orders")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    assert Path(waiting.value.path()).read_bytes().count(b"\r\n") == 41

    opened = app.conference()
    orders = list_purchase_orders(opened.store, opened.conference, limit=1)
    assert orders.matching == 40
    with opened.store.reading() as session:
        from po_toolkit.store import activity

        acts, _ = activity.audit(session, opened.conference, acts=["import"], offset=0, limit=1)
    assert acts[0].actor == "app:ada@example.org"
