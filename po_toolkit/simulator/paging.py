"""Lists in pages: newest first, ``limit``, ``starting_after``, ``ending_before``, ``has_more``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Reversible
from itertools import dropwhile, islice
from typing import Any

from po_toolkit.simulator.errors import malformed, missing
from po_toolkit.simulator.world import Json

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100

Kept = Reversible[Json]


def page(
    kept: Kept,
    params: Json,
    url: str,
    render: Callable[[Json], Json] = lambda stored: stored,
    *,
    same: Collection[str] = (),
    wanted: Callable[[Json], bool] = lambda _stored: True,
    newest_first: bool = True,
) -> Json:
    """Return one page of a list as Stripe answers it.

    It looks at no more objects than the page needs, since accounts have tens of thousands. The
    objects are in order of creation; ``limit``, ``starting_after``, ``ending_before`` and
    ``created`` of the parameters count. ``same`` are parameters that, where given, must equal the
    object's attribute; only objects of the page are rendered.

    Raises:
        ApiError: A limit outside 1 to 100, both cursors at once, or an unknown cursor.
    """
    equal = {name: params[name] for name in same if params.get(name)}

    def asked(stored: Json) -> bool:
        return (
            all(stored.get(name) == value for name, value in equal.items())
            and ("created" not in params or within(stored["created"], params["created"]))
            and wanted(stored)
        )

    limit = _limit(params)
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise malformed(
            "You may only specify one of these parameters: ending_before, starting_after."
        )
    if before:
        towards_start = _from(kept, before, "ending_before", backwards=not newest_first)
        found = list(islice(filter(asked, towards_start), limit + 1))
        shown = found[:limit][::-1]
    else:
        onwards = _walk(kept, backwards=newest_first)
        if after:
            onwards = _from(kept, after, "starting_after", backwards=newest_first)
        found = list(islice(filter(asked, onwards), limit + 1))
        shown = found[:limit]
    data = [render(stored) for stored in shown]
    return {"object": "list", "data": data, "has_more": len(found) > limit, "url": url}


def _limit(params: Json) -> int:
    limit: int = params.get("limit", DEFAULT_LIMIT)
    if 1 <= limit <= LARGEST_LIMIT:
        return limit
    bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {LARGEST_LIMIT}"
    raise malformed(
        f"Invalid integer: {limit}. This value must be {bound}.",
        param="limit",
        code="parameter_invalid_integer",
    )


def _walk(kept: Kept, *, backwards: bool) -> Iterator[Json]:
    return reversed(kept) if backwards else iter(kept)


def _from(kept: Kept, cursor: str, param: str, *, backwards: bool) -> Iterator[Json]:
    """Return what comes after the object with this id, in one direction."""
    rest = dropwhile(lambda stored: stored["id"] != cursor, _walk(kept, backwards=backwards))
    if next(rest, None) is None:
        raise missing("object", cursor, param, in_path=False)
    return rest


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
