"""Events: what happened in an account, with the object as it was at that moment."""

from __future__ import annotations

import json
import zlib
from typing import Any

from po_toolkit.simulator.errors import malformed, missing
from po_toolkit.simulator.paging import created_within, page
from po_toolkit.simulator.world import API_VERSION, Account, Json

LISTED_FOR_SECONDS = 30 * 86_400
"""Stripe lists events of the last 30 days."""

MOST_TYPES = 20


def emit(account: Account, kind: str, subject: Json, *, previous: Json | None = None) -> Json:
    """Record an event and hand it to whoever delivers webhooks.

    Args:
        account: Where it happened.
        kind: Stripe's event type, such as ``invoice.paid``.
        subject: The object, already in the shape the API answers with.
        previous: For ``*.updated``: the changed attributes as they were.
    """
    data: Json = {"object": subject}
    if previous is not None:
        data["previous_attributes"] = previous
    event = account.add(
        {
            "id": account.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": account.now(),
            "_data": zlib.compress(json.dumps(data).encode(), 1),
            "livemode": account.livemode,
            "pending_webhooks": 0,
            "request": {"id": account.request_id, "idempotency_key": account.idempotency_key},
            "type": kind,
        }
    )
    if account.on_event is not None:
        account.on_event(account, event)
    return event


def shown(event: Json) -> Json:
    """Return an event as the API shows it; its object is stored packed, as it was then."""
    data = json.loads(zlib.decompress(event["_data"]))
    return {**{k: v for k, v in event.items() if k != "_data"}, "data": data}


def retrieve(account: Account, _params: Json, event_id: str) -> Json:
    """GET /v1/events/{id}."""
    event = account.get("event", event_id)
    if _too_old(account, event):
        raise missing("event", event_id, "id", in_path=True)
    return shown(event)


def list_events(account: Account, params: Json) -> Json:
    """GET /v1/events: newest first, of the last 30 days."""
    types = set(params.get("types") or ())
    if len(types) > MOST_TYPES:
        raise malformed(f"You may list at most {MOST_TYPES} types of events.", param="types")
    if params.get("type"):
        if types:
            raise malformed("You may only specify one of these parameters: type, types.")
        types = {params["type"]}

    def wanted(event: Json) -> bool:
        return bool(
            (not types or any(_matches(event["type"], pattern) for pattern in types))
            and created_within(event, params.get("created"))
            and not _too_old(account, event)
        )

    return page(account.all("event").values(), params, "/v1/events", shown, wanted=wanted)


def changed(before: Json, after: Json) -> dict[str, Any]:
    """Return the attributes that differ, as they were before."""
    return {k: before.get(k) for k in after if before.get(k) != after[k]}


def _matches(kind: str, pattern: str) -> bool:
    """Whether a type is named by itself or by a pattern like ``invoice.*``."""
    return kind == pattern or (pattern.endswith("*") and kind.startswith(pattern[:-1]))


def _too_old(account: Account, event: Json) -> bool:
    return bool(event["created"] < account.now() - LISTED_FOR_SECONDS)
