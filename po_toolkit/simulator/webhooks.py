"""Webhook deliveries: signed as Stripe signs them, kept until the receiver answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import requests

from po_toolkit.simulator.events import shown
from po_toolkit.simulator.world import Account, Json

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Endpoint:
    """Where an account's events go; ``account`` is a key, or "" for every account."""

    url: str
    secrets: tuple[str, ...]
    account: str


@dataclass(frozen=True)
class Delivery:
    """One attempt; ``status`` 0 means that nobody answered."""

    event: str
    type: str
    url: str
    status: int


def signature(payload: str, secrets: Iterable[str], timestamp: int) -> str:
    """Return the ``Stripe-Signature`` header: one ``v1`` for each secret that is valid now."""
    signed = f"{timestamp}.{payload}".encode()
    digests = [hmac.new(s.encode(), signed, hashlib.sha256).hexdigest() for s in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


class Webhooks:
    """Endpoints and the events that wait for them."""

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once
        self._endpoints: list[Endpoint] = []
        self._waiting: dict[tuple[str, str], tuple[Endpoint, Json]] = {}
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Endpoint, Json] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def register(self, url: str, secrets: tuple[str, ...], account: str) -> None:
        """Send the events from now on to this address, replacing an equal endpoint."""
        with self._lock:
            kept = [e for e in self._endpoints if (e.url, e.account) != (url, account)]
            self._endpoints = [*kept, Endpoint(url, secrets, account)]

    def remove(self, account: str) -> None:
        """Forget the endpoints registered for this account, and what waits for them."""
        with self._lock:
            self._endpoints = [e for e in self._endpoints if e.account != account]
            self._waiting = {k: v for k, v in self._waiting.items() if v[0].account != account}

    def happened(self, account: Account, event: Json) -> None:
        """Take an event for every endpoint of its account."""
        with self._lock:
            for endpoint in self._endpoints:
                if endpoint.account in {"", account.key}:
                    event["pending_webhooks"] += 1
                    self._waiting[endpoint.url, event["id"]] = (endpoint, event)
                    if self._at_once:
                        self._queue.put((endpoint, event))

    def pending(self) -> list[Json]:
        """Return the events that no endpoint has acknowledged yet."""
        with self._lock:
            return [shown(event) for _, event in self._waiting.values()]

    def deliver_pending(self) -> list[Delivery]:
        """Post every waiting event once, in the order in which they happened."""
        with self._lock:
            batch = list(self._waiting.values())
        return [self._post(endpoint, event) for endpoint, event in batch]

    def deliver_again(self, account: Account, events: list[Json]) -> list[Delivery]:
        """Post these events in this order, also those that were delivered before."""
        with self._lock:
            mine = [e for e in self._endpoints if e.account in {"", account.key}]
        return [self._post(endpoint, event) for event in events for endpoint in mine]

    def start(self) -> None:
        """Begin to post events as they happen, if that was asked for."""
        if self._at_once:
            self._thread = threading.Thread(target=self._work, name="sim-webhooks", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what is queued and stop posting."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=5)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            self._post(*item)

    def _post(self, endpoint: Endpoint, event: Json) -> Delivery:
        sent = {**shown(event), "pending_webhooks": max(event["pending_webhooks"], 1)}
        payload = json.dumps(sent, indent=2)
        # Receivers compare with their own clock, so the signature bears the machine's time.
        header = signature(payload, endpoint.secrets, int(time.time()))
        try:
            status = requests.post(
                endpoint.url,
                data=payload.encode(),
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": header,
                    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                },
                timeout=TIMEOUT_SECONDS,
            ).status_code
        except requests.RequestException:
            status = 0
        if 200 <= status < 300:
            with self._lock:
                if self._waiting.pop((endpoint.url, event["id"]), None):
                    event["pending_webhooks"] -= 1
        return Delivery(event["id"], event["type"], endpoint.url, status)
