"""Rate limits: 100 calls a second live, 25 in test mode, and 25 for each endpoint."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

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


Kind = Literal[
    "drop_before",
    "drop_after",
    "500",
    "500_stored_before",
    "500_stored_after",
    "429",
    "409",
    "lock_timeout",
]
"""What goes wrong.

- drop_before, drop_after: the connection is cut before or after the call was carried out.
- 500: nothing is done and nothing kept; the same call again works.
- 500_stored_before, 500_stored_after: a 500 is kept under the idempotency key, and the write was
  not done, or was.
- 429: too many requests. 409: the key is in use. lock_timeout: 429 with ``lock_timeout``.
"""


@dataclass
class Fault:
    """One fault, for the next ``times`` calls that match, after ``skip`` that pass."""

    path: str
    method: str
    kind: Kind
    times: int
    skip: int


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, path: str, method: str, kind: str, times: int, skip: int) -> None:
        """Switch a fault on; ``*`` in the path stands for anything.

        Raises:
            ValueError: No such kind.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"{kind!r} is not one of {', '.join(get_args(Kind))}.")
        known: Kind = kind  # type: ignore[assignment]  # compared with the very list above
        self._waiting.append(Fault(path, method.upper(), known, times, skip))

    def take(self, method: str, path: str) -> Kind | None:
        """Return what goes wrong with this call, and count it off."""
        for fault in self._waiting:
            if fault.method not in {method, "*"} or not fnmatchcase(path, fault.path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._waiting.remove(fault)
            return fault.kind
        return None

    def clear(self) -> None:
        """Switch all faults off."""
        self._waiting.clear()
