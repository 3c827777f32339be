"""Where a key may go: to Stripe, and in a test over plain HTTP to this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from pydantic import SecretStr

from po_toolkit.errors import SettingsError, StripeUnknownError
from po_toolkit.stripe_gateway import StripeGateway

LIVE, TEST = "sk_live_abcdefghijklmnop", "rk_test_abcdefghijklmnop"


def gateway(key: str, base: str | None) -> StripeGateway:
    return StripeGateway(
        SecretStr(key), api_base=base, permit=lambda _: None, sleep=lambda _seconds: None
    )


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:12111",
        "http://api.stripe.com",
        "https://api.stripe.com.example.org",
        "https://api.stripe.com:8443",
        "https://user@api.stripe.com@example.org",
        "https://proxy.example.org/api.stripe.com",
    ],
)
def test_a_live_key_goes_nowhere_but_to_stripe(base):
    """Whoever else gets it can refund every payment of the conference."""
    with pytest.raises(SettingsError, match="A live key is sent to") as no:
        gateway(LIVE, base)
    assert "abcdefgh" not in str(no.value)


@pytest.mark.parametrize(
    "base",
    [
        "http://192.0.2.7:12111",
        "http://stripe.example.org",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "127.0.0.1:12111",
        "",
    ],
)
def test_no_key_crosses_a_network_unencrypted(base):
    """A test account's key opens real sponsors' names too."""
    with pytest.raises(SettingsError, match="over HTTPS"):
        gateway(TEST, base)


def test_stripe_itself_and_a_simulator_on_this_machine_are_reached():
    """Else nothing works, or nothing can be tried."""
    for key, base in (
        (LIVE, None),
        (LIVE, "https://api.stripe.com"),
        (LIVE, "https://api.stripe.com/"),
        (TEST, "http://127.0.0.1:12111"),
        (TEST, "http://[::1]:12111"),
        (TEST, "http://localhost:12111"),
        (TEST, "https://stripe.example.org"),
    ):
        assert gateway(key, base).calls == 0


class Redirects(BaseHTTPRequestHandler):
    """Sends every request on to a place that would read the key."""

    seen: ClassVar[list[str]] = []

    def do_GET(self):
        self.seen.append(self.path)
        self.send_response(307)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


def test_a_redirect_is_not_followed(monkeypatch):
    """It would carry the key along, to whoever answered."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # and no proxy gets what stays here
    monkeypatch.delenv("no_proxy", raising=False)
    server = HTTPServer(("127.0.0.1", 0), Redirects)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(StripeUnknownError):
            gateway(TEST, f"http://127.0.0.1:{server.server_port}").read("/v1/account")
    finally:
        server.shutdown()
        server.server_close()
    assert set(Redirects.seen) == {"/v1/account"}
