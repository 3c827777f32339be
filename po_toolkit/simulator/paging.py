"""Lists in pages: newest first, ``limit``, ``starting_after``, ``ending_before``, ``has_more``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from po_toolkit.simulator.errors import malformed, missing
from po_toolkit.simulator.world import Json

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100


def page(
    oldest_first: Sequence[Json],
    params: Json,
    url: str,
    render: Callable[[Json], Json] = lambda kept: kept,
    *,
    newest_first: bool = True,
) -> Json:
    """Return one page of a list as Stripe answers it.

    Args:
        oldest_first: All objects that match, in order of creation.
        params: The call's ``limit``, ``starting_after`` and ``ending_before``.
        url: The list's own address.
        render: Makes the answer's form of one object; called for this page only.
        newest_first: False for lists that go forward, such as an invoice's lines.

    Raises:
        ApiError: A limit outside 1 to 100, both cursors at once, or an unknown cursor.
    """
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= LARGEST_LIMIT:
        small = limit < 1
        bound = "greater than or equal to 1" if small else f"less than or equal to {LARGEST_LIMIT}"
        raise malformed(
            f"Invalid integer: {limit}. This value must be {bound}.",
            param="limit",
            code="parameter_invalid_integer",
        )
    ordered = list(reversed(oldest_first)) if newest_first else list(oldest_first)
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise malformed(
            "You may only specify one of these parameters: ending_before, starting_after."
        )
    if after:
        ordered = ordered[_place(ordered, after, "starting_after") + 1 :]
    if before:
        earlier = ordered[: _place(ordered, before, "ending_before")]
        shown, more = earlier[-limit:], len(earlier) > limit
    else:
        shown, more = ordered[:limit], len(ordered) > limit
    return {"object": "list", "data": [render(o) for o in shown], "has_more": more, "url": url}


def _place(ordered: Sequence[Json], cursor: str, param: str) -> int:
    for index, kept in enumerate(ordered):
        if kept["id"] == cursor:
            return index
    raise missing("object", cursor, param, in_path=False)


def created_within(kept: Json, wanted: Any) -> bool:
    """Whether an object's ``created`` is what a list asks for: a second, or a range."""
    return within(kept["created"], wanted)


def within(moment: int | None, wanted: Any) -> bool:
    """Whether a time is the wanted second, or within gt, gte, lt, lte."""
    if wanted is None:
        return True
    if moment is None:
        return False
    if isinstance(wanted, int):
        return moment == wanted
    return bool(
        moment > wanted.get("gt", -1)
        and moment >= wanted.get("gte", 0)
        and moment < wanted.get("lt", 1 << 62)
        and moment <= wanted.get("lte", 1 << 62)
    )
