"""Events: what happened in an account, with the object as it was at that moment."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from po_toolkit.simulator import rendered
from po_toolkit.simulator.errors import malformed, missing
from po_toolkit.simulator.paging import page
from po_toolkit.simulator.world import Account, Json

LISTED_FOR_SECONDS = 30 * 86_400
"""Stripe lists events of the last 30 days."""

MOST_TYPES = 20


def emit(account: Account, kind: str, subject: Json, *, previous: Json | None = None) -> Json:
    """Record an event and hand it to whoever delivers webhooks.

    The subject has the shape of the API's answer; ``previous`` are the changed attributes of an
    ``*.updated`` as they were.
    """
    if not rendered.known(kind, account.api_version):
        return {}
    data: Json = {"object": rendered.as_of(account, subject, account.api_version)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": account.new_id("evt"),
        "object": "event",
        "api_version": account.api_version,
        "created": account.now(),
        "_data": zlib.compress(json.dumps(data).encode(), 1),
        "livemode": account.livemode,
        "pending_webhooks": 0,
        "request": {"id": account.request_id, "idempotency_key": account.idempotency_key},
        "type": kind,
    }
    if account.holds_events:
        account.held.append(event)
    else:
        _happen(account, event)
    return event


def _happen(account: Account, event: Json) -> None:
    account.add(event)
    if account.on_event is not None:
        account.on_event(account, event)


def release(account: Account, order: Sequence[int] | None = None) -> int:
    """Let the held events be listed and delivered, in an order of their own; return how many.

    Their ``created`` stays: an event can appear after newer ones. Source: Stripe, "Webhooks":
    the order of events is not guaranteed.
    """
    held, account.held = account.held, []
    account.events_came_late = True
    for place in order if order is not None else range(len(held)):
        _happen(account, held[place])
    return len(held)


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
            and not _too_old(account, event)
        )

    kept = account.all("event").values()
    found = sorted(kept, key=lambda e: int(e["created"])) if account.events_came_late else kept
    return page(found, params, "/v1/events", shown, wanted=wanted)


def changed(before: Json, after: Json) -> dict[str, Any]:
    """Return the attributes that differ, as they were before."""
    return {k: before.get(k) for k in after if before.get(k) != after[k]}


def _matches(kind: str, pattern: str) -> bool:
    """Whether a type is named by itself or by a pattern like ``invoice.*``."""
    return kind == pattern or (pattern.endswith("*") and kind.startswith(pattern[:-1]))


def _too_old(account: Account, event: Json) -> bool:
    return bool(event["created"] < account.now() - LISTED_FOR_SECONDS)
