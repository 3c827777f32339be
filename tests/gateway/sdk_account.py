"""A Stripe account as the real SDK sees it, for tests; keeps and validates all it was answered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import openapi
import stripe
from stripe.params import WebhookEndpointCreateParams

from po_toolkit.simulator import Simulator
from po_toolkit.simulator.world import API_VERSION

_ENABLED = WebhookEndpointCreateParams.__annotations__["enabled_events"]
EVENT_TYPES = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", repr(_ENABLED)))
"""Every type of event that a webhook endpoint can ask for, as the SDK knows them."""


class RecordingClient(stripe.RequestsClient):
    """Stripe's own HTTP client, which keeps what went out and what came back."""

    def __init__(self) -> None:
        super().__init__(timeout=10)
        self.answers: list[tuple[str, str, int, dict[str, Any]]] = []
        self.sent: list[tuple[str, str, str]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        parts = urlsplit(url)
        encoded = "&".join(part for part in (parts.query, post_data or "") if part)
        self.sent.append((method.upper(), parts.path, encoded))
        body, status, got = super().request(method, url, headers, post_data)
        self.answers.append((method.upper(), parts.path, status, json.loads(body)))
        return body, status, got


@dataclass
class Account:
    """One account at the simulator, seen through Stripe's SDK."""

    sim: Simulator
    key: str
    http: RecordingClient = field(default_factory=RecordingClient)

    def __post_init__(self) -> None:
        self.v1 = stripe.StripeClient(
            self.key,
            base_addresses={"api": self.sim.url},
            http_client=self.http,
            max_network_retries=0,
        ).v1

    def customer(self, **more: Any) -> stripe.Customer:
        return self.v1.customers.create({"name": "Acme", "email": "ap@acme.example", **more})

    def draft(self, amount: int = 10_000, currency: str = "usd", **more: Any) -> stripe.Invoice:
        customer = more.pop("customer", None) or self.customer().id
        lines = more.pop("lines", None) or [{"amount": amount, "description": "Gold sponsor"}]
        invoice = self.v1.invoices.create(
            {
                "customer": customer,
                "collection_method": "send_invoice",
                "days_until_due": 30,
                "currency": currency,
                "pending_invoice_items_behavior": "exclude",
                "auto_advance": False,
                **more,
            }
        )
        return self.v1.invoices.add_lines(invoice.id, {"lines": lines})

    def sent(self, amount: int = 10_000, currency: str = "usd", **more: Any) -> stripe.Invoice:
        return self.v1.invoices.send_invoice(self.draft(amount, currency, **more).id)

    def invoice(self, invoice_id: str) -> stripe.Invoice:
        return self.v1.invoices.retrieve(invoice_id, {"expand": ["payments"]})

    def events(self, *types: str) -> list[stripe.Event]:
        """Return this account's events, oldest first."""
        params: Any = {"limit": 100, **({"types": list(types)} if types else {})}
        return list(self.v1.events.list(params).data)[::-1]

    def calls(self) -> list[Any]:
        return [call for call in self.sim.control.calls() if call.account == self.key]

    def faults(self) -> list[str]:
        """Return everything that Stripe's description would object to."""
        found = []
        for method, path, status, answer in self.http.answers:
            if status == 200:
                found += openapi.faults_of_answer(method, path, answer)
        for event in self.sim.control.all("event", self.key):
            if event["api_version"] != API_VERSION:
                continue  # the description is of our version
            subject = event["data"]["object"]
            lines = openapi.faults(subject, subject["object"])
            found += [f"event {event['type']}: {line}" for line in lines]
            if event["type"] not in EVENT_TYPES:
                found.append(f"Stripe has no event {event['type']}")
        return sorted(set(found))
