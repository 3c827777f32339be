"""How requests reach Stripe: urllib3 alone, at a third of the CPU time of the SDK's own client."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
import urllib3

STRIPE = "https://api.stripe.com"
CONNECTIONS = 64
"""Kept open at most; a batch has 32 threads."""


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
        if proxy and not urllib.request.proxy_bypass(address.hostname or ""):
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
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                f"No whole answer came from Stripe ({type(error).__name__}: {error}).",
                should_retry=not isinstance(error, urllib3.exceptions.SSLError),
            ) from error
        return answer.data, answer.status, answer.headers

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()
