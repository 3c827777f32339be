"""Webhook endpoints as an account registers them; ``sim.control`` says where events really go."""

from __future__ import annotations

from po_toolkit.simulator.errors import invalid
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.parameters import merged
from po_toolkit.simulator.world import Account, Json


def create(account: Account, params: Json) -> Json:
    """POST /v1/webhook_endpoints; the secret is shown once."""
    url: str = params["url"]
    if account.livemode and not url.startswith("https://"):
        raise invalid("Invalid URL: URL must be https in live mode.", param="url")
    endpoint = account.add(
        {
            "id": account.new_id("we"),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": None,
            "created": account.now(),
            "description": params.get("description") or None,
            "enabled_events": list(params["enabled_events"]),
            "livemode": account.livemode,
            "metadata": merged({}, params.get("metadata")),
            "status": "enabled",
            "url": url,
        }
    )
    return {**endpoint, "secret": account.new_id("whsec")}


def update(account: Account, params: Json, endpoint_id: str) -> Json:
    """POST /v1/webhook_endpoints/{webhook_endpoint}."""
    endpoint = account.get("webhook_endpoint", endpoint_id, param="webhook_endpoint")
    for name in ("description", "enabled_events", "url"):
        if name in params:
            endpoint[name] = params[name]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return dict(endpoint)


def list_endpoints(account: Account, params: Json) -> Json:
    """GET /v1/webhook_endpoints."""
    found = list(account.all("webhook_endpoint").values())
    return page(found, params, "/v1/webhook_endpoints", dict)
