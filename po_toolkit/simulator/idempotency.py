"""Idempotency keys as Stripe keeps them: the first status and body, for 24 hours.

Source: Stripe's API reference, "Idempotent requests". What was refused before the endpoint started
(parameters, rate limits, conflicts) is not kept; anything else is, a 500 too. Only POST has keys.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from po_toolkit.simulator.errors import ApiError, malformed

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


@dataclass
class Kept:
    """What is known about one key; it has no status while its first request is running."""

    path: str
    body: str
    since: int
    request_id: str
    status: int = 0
    packed: bytes = b""

    @property
    def answer(self) -> Answer:
        """What is to be sent again."""
        return Answer(self.status, zlib.decompress(self.packed))


@dataclass(frozen=True)
class Answer:
    """A status and a body as they were sent."""

    status: int
    body: bytes


class Keys:
    """The idempotency keys of one simulator, apart for each account."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Kept] = {}

    def begin(
        self, account: str, key: str, path: str, body: str, *, now: int, request_id: str
    ) -> Kept | None:
        """Take a key for a request; return what it holds when it was used before.

        Raises:
            ApiError: The key is too long, was used for something else, or is in use.
        """
        if len(key) > LONGEST_KEY:
            raise malformed(
                f"Idempotency keys can have at most {LONGEST_KEY} characters; this one has "
                f"{len(key)}."
            )
        known = self._kept.get((account, key))
        if known is not None and now - known.since >= KEPT_SECONDS:
            known = None
        if known is None:
            self._kept[account, key] = Kept(path, body, now, request_id)
            return None
        if known.path != path:
            raise _misused(
                f"for the same endpoint they were first used for ('{path}' vs '{known.path}')", key
            )
        if known.body != body:
            raise _misused("with the same parameters they were first used with", key)
        if not known.status:
            raise in_use(key)
        return known

    def keep(self, account: str, key: str, answer: Answer) -> None:
        """Store the answer of the request that holds the key."""
        kept = self._kept[account, key]
        kept.status, kept.packed = answer.status, zlib.compress(answer.body, 1)

    def forget(self, account: str, key: str) -> None:
        """Give a key back after a request that never started."""
        self._kept.pop((account, key), None)


def in_use(key: str) -> ApiError:
    """Return the conflict with a request that is still running."""
    return ApiError(
        409,
        f"There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        f"try again later.",
        code="idempotency_key_in_use",
        before_execution=True,
        headers={"Stripe-Should-Retry": "true"},
    )


def _misused(how: str, key: str) -> ApiError:
    return ApiError(
        400,
        f"Keys for idempotent requests can only be used {how}. Try using a key other than '{key}' "
        f"if you meant to execute a different request.",
        kind="idempotency_error",
        before_execution=True,
    )
