"""Rate limits: 100 calls a second live, 25 in test mode, and 25 for each endpoint."""

from __future__ import annotations

import time
from collections import deque

from po_toolkit.simulator.errors import ApiError

LIVE = 100
TEST = 25
ENDPOINT = 25
WINDOW_SECONDS = 1.0


class RateLimits:
    """Counts calls in a window that ends now; a refused call does not count."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def check(self, account: str, endpoint: str, *, livemode: bool) -> None:
        """Count a call.

        Raises:
            ApiError: It is one too many in this second.
        """
        now = time.monotonic()
        whole, part = self._window((account, ""), now), self._window((account, endpoint), now)
        if len(whole) >= (LIVE if livemode else TEST):
            raise rate_limited("global-rate")
        if len(part) >= ENDPOINT:
            raise rate_limited("endpoint-rate")
        whole.append(now)
        part.append(now)

    def _window(self, key: tuple[str, str], now: float) -> deque[float]:
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - WINDOW_SECONDS:
            seen.popleft()
        return seen


def rate_limited(reason: str) -> ApiError:
    """Return Stripe's 429."""
    return ApiError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://docs.stripe.com/rate-limits.",
        code="rate_limit",
        before_execution=True,
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> ApiError:
    """Return Stripe's 429 for an object that another request holds."""
    return ApiError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request.",
        code="lock_timeout",
        before_execution=True,
        headers={"Stripe-Should-Retry": "true"},
    )
