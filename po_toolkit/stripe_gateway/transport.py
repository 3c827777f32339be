"""How requests reach Stripe: urllib3 alone, at a third of the CPU time of the SDK's own client."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import stripe
import urllib3

from po_toolkit.config import is_loopback
from po_toolkit.errors import SettingsError, StripeUnknownError

STRIPE = "https://api.stripe.com"
TIMEOUT_SECONDS = 30
CONNECTIONS = 64
"""Kept open at most; a batch has 32 threads."""


def refuse_unsafe_address(key: str, base: str | None) -> None:
    """Refuse to send a key where somebody else could read it.

    Raises:
        SettingsError: A live key would go elsewhere than to Stripe, or any key over plain HTTP
            through a network.
    """
    if base is None or base.rstrip("/") == STRIPE:
        return
    if not key.startswith(("sk_test_", "rk_test_")):
        raise SettingsError(
            f"A live key is sent to {STRIPE} only, and stripe_api_base is {base}, so nothing was "
            f"sent. Remove stripe_api_base (PO_TOOLKIT_STRIPE_API_BASE), or use a test key."
        )
    address = urlsplit(base)
    if address.scheme != "https" and not (
        address.scheme == "http" and is_loopback(address.hostname)
    ):
        raise SettingsError(
            f"A key is sent over HTTPS, or over plain HTTP to this machine alone; stripe_api_base "
            f"is {base}, so nothing was sent. Write https://, or remove stripe_api_base."
        )


class Transport(stripe.HTTPClient):
    """Sends one request at a time on a connection of a common pool; repeats nothing itself."""

    name = "urllib3"

    def __init__(self, base: str | None, timeout: float) -> None:
        """Open nothing yet.

        Args:
            base: Where Stripe is, by default Stripe's own address. The environment's proxies
                (``https_proxy``, ``no_proxy``) are read once, for this address.
            timeout: Seconds to wait for a connection, and for each part of an answer.
        """
        super().__init__()
        address = urlsplit(base or STRIPE)
        options: dict[str, Any] = {
            "maxsize": CONNECTIONS,
            "retries": False,
            "timeout": urllib3.Timeout(connect=timeout, read=timeout),
            "ca_certs": stripe.ca_bundle_path,
        }
        proxy = urllib.request.getproxies().get(address.scheme)
        host = address.hostname or ""
        if proxy and not (is_loopback(host) or urllib.request.proxy_bypass(host)):
            self._pool: urllib3.PoolManager = urllib3.ProxyManager(proxy, **options)
        else:
            self._pool = urllib3.PoolManager(**options)

    def request(  # type: ignore[override]  # the SDK names no default, and passes none
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request and return body, status and headers of the answer.

        Raises:
            stripe.APIConnectionError: No whole answer came.
        """
        try:
            answer = self._pool.request(
                method.upper(),
                url,
                body=post_data,
                headers={**(headers or {}), "Accept-Encoding": "gzip"},
                redirect=False,  # another address must not get the key
            )
        except urllib3.exceptions.HTTPError as error:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]  # the SDK's gap
                f"No complete answer came from Stripe ({type(error).__name__}: {error}).",
                should_retry=not isinstance(error, urllib3.exceptions.SSLError),
            ) from error
        return answer.data, answer.status, answer.headers

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()


def server_time(base: str | None) -> datetime | None:
    """Return the time by Stripe's clock, asked without a key; None where the answer has none.

    Raises:
        StripeUnknownError: No answer came.
    """
    transport = Transport(base, TIMEOUT_SECONDS)
    try:
        _, _, headers = transport.request("GET", f"{(base or STRIPE).rstrip('/')}/v1/account", None)
    except stripe.APIConnectionError as error:
        raise StripeUnknownError(str(error)) from None
    finally:
        transport.close()
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
