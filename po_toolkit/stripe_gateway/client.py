"""One conference's Stripe account: paced, retried, with our errors.

Answers are plain dictionaries. A write carries an idempotency key and goes out again with the same
key and body until its outcome is known or patience ends; the SDK's own retries are off, since they
pass by the account's pace.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import stripe
from pydantic import SecretStr

from po_toolkit.errors import StripeGatewayError, StripeUnknownError
from po_toolkit.stripe_gateway.translate import header, translate, unreadable
from po_toolkit.stripe_gateway.transport import TIMEOUT_SECONDS, Transport, refuse_unsafe_address

API_VERSION = "2026-10-28.endive"
TRIES = 6
PAGE = 100
"""Most objects Stripe puts on one page."""

Json = dict[str, Any]

SENT_WITHIN = 3600.0
"""For so many seconds a write is sent and repeated. Stripe forgets a key after 24 hours, and a
machine that was suspended meanwhile would do the write again; whoever asked looks first by then."""

stripe.enable_telemetry = False
"""Tells Stripe how long each call took and on which machine, for a tenth of a call's CPU time."""


class StripeGateway:
    """Calls to one Stripe account.

    Attributes:
        calls: How many requests went out, repeats included.
    """

    def __init__(
        self,
        key: SecretStr,
        *,
        api_base: str | None = None,
        permit: Callable[[str], None],
        slow_down: Callable[[], None] = lambda: None,
        http_client: stripe.HTTPClient | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        admit: Callable[[StripeGateway], None] = lambda _gateway: None,
    ) -> None:
        """Open the account.

        Args:
            key: The secret key; it stays inside.
            api_base: Where Stripe is, by default Stripe's own address.
            permit: Waits for the account's next free slot; gets the endpoint's name.
            slow_down: Told of each 429.
            http_client: The SDK's transport; tests pass one that fails on purpose.
            sleep: Waits between tries.
            clock: The present in seconds, which goes on while the machine is suspended.
            admit: Called once, before the first call; where it raises, nothing is called.

        Raises:
            SettingsError: The key must not be sent to that address.
        """
        refuse_unsafe_address(key.get_secret_value(), api_base)
        self._client = stripe.StripeClient(
            key.get_secret_value(),
            stripe_version=API_VERSION,
            base_addresses={"api": api_base.rstrip("/")} if api_base else {},
            max_network_retries=0,
            http_client=http_client or Transport(api_base, TIMEOUT_SECONDS),
        )
        self._permit = permit
        self._slow_down = slow_down
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._admit = admit
        self._admission = threading.RLock()
        self._admitted, self._admitting = False, False
        self.calls = 0

    def be_admitted(self) -> None:
        """Make sure that this is the account that may be called, once."""
        if self._admitted:
            return
        with self._admission:
            if self._admitted or self._admitting:
                return  # the calls by which it is found out
            self._admitting = True
            try:
                self._admit(self)
                self._admitted = True
            finally:
                self._admitting = False

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        """Fetch one object or page.

        Raises:
            StripeGatewayError: In one of its kinds.
        """
        return self._call("get", path, dict(params or {}), None)

    def write(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        idempotency_key: str,
        expects: str = "",
        within: float = SENT_WITHIN,
    ) -> Json:
        """Do one write; safe to repeat with the same key and body.

        Only the outbox calls it; see :mod:`po_toolkit.outbox`. ``expects`` is what kind of object
        the answer must be, as ``invoice``; by default any. After ``within`` seconds nothing is
        sent.

        Raises:
            StripeGatewayError: In one of its kinds.
        """
        return self._call("post", path, dict(body), idempotency_key, expects, within=within)

    def delete(self, path: str, *, expects: str = "") -> Json:
        """Delete one object.

        Raises:
            StripeNotFoundError: It is gone already.
            StripeGatewayError: In one of its other kinds.
        """
        return self._call("delete", path, {}, None, expects)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[list[Json]]:
        """Walk a list page by page, newest first, as Stripe orders it.

        Raises:
            StripeGatewayError: In one of its kinds.
        """
        query = {**(params or {}), "limit": PAGE}
        while True:
            page = self.read(path, query)
            rows: list[Json] = page["data"]
            yield rows
            if not page.get("has_more") or not rows:
                return
            query["starting_after"] = rows[-1]["id"]

    def _call(
        self,
        method: str,
        path: str,
        params: Json,
        key: str | None,
        expects: str = "",
        *,
        within: float = SENT_WITHIN,
    ) -> Json:
        until = self._clock() + min(within, SENT_WITHIN)
        self.be_admitted()
        options = {"idempotency_key": key} if key else {}
        endpoint = f"{method} {_IDS.sub('/*', path)}"
        ours: StripeGatewayError = StripeUnknownError(
            "Stripe was not called, since this computer was suspended meanwhile. Try again."
        )
        for tried in range(1, TRIES + 1):
            self._permit(endpoint)
            if key and self._clock() > until:
                raise ours from None
            with self._lock:
                self.calls += 1
            error: stripe.StripeError | None = None
            try:
                answer = self._client.raw_request(method, path, **params, **options)
                return _whole(answer.data, expects)
            except stripe.StripeError as theirs:
                error, ours = theirs, translate(theirs)
                if error.http_status == 429:
                    self._slow_down()
            except StripeUnknownError as unreadable_answer:
                ours = unreadable_answer
            except (AttributeError, TypeError):  # the SDK takes every error for Stripe's
                ours = unreadable("not readable")
            if tried == TRIES or not _again(error, ours):
                raise ours from None
            self._sleep(_pause(error, tried))
        raise AssertionError("unreachable")


_IDS = re.compile(r"/[a-z]{2,10}_[A-Za-z0-9_]+")


def _whole(answer: Any, expects: str) -> Json:
    """Return an answer that is a whole JSON object, of the expected kind where one is expected.

    Raises:
        StripeUnknownError: It is anything else, as what a proxy answers with status 200.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("object"), str):
        raise unreadable("not an object of Stripe's")
    if answer["object"] == "list" and not isinstance(answer.get("data"), list):
        raise unreadable("a list without rows")
    if expects and (answer["object"] != expects or not isinstance(answer.get("id"), str)):
        raise unreadable(f"not a whole {expects.replace('_', ' ')}")
    return answer


def _again(error: stripe.StripeError | None, ours: StripeGatewayError) -> bool:
    """Tell whether the same call may end better.

    A failure at Stripe's side is asked about once more even where Stripe advises against it: the
    repeat shows whether the failure is stored under our key, and does nothing else.
    """
    if not isinstance(ours, StripeUnknownError):
        return False
    if error is None or (error.http_status or 0) >= 500:
        return True
    return header(error, "stripe-should-retry") != "false"


def _pause(error: stripe.StripeError | None, tried: int) -> float:
    """Seconds to wait: what Stripe asks for, else doubling with jitter, at most 8."""
    asked = header(error, "retry-after") if error is not None else ""
    if asked.isdigit() and int(asked) <= 60:
        return int(asked) + random.random() * 0.25  # noqa: S311 jitter, no secret
    longest: float = min(0.25 * 2**tried, 8.0)
    return longest * (0.5 + random.random() / 2)  # noqa: S311 jitter, no secret
