"""From the SDK's errors to ours: what is known about the call, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

import stripe

from po_toolkit.errors import (
    StripeAuthenticationError,
    StripeGatewayError,
    StripeIdempotencyError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeStored500Error,
    StripeUnknownError,
)


def header(error: stripe.StripeError, name: str) -> str:
    """Return a response header of a failed call, whatever its spelling, or ``""``."""
    headers: Mapping[str, str] = error.headers or {}
    return next((v for k, v in headers.items() if k.lower() == name), "")


def translate(error: stripe.StripeError) -> StripeGatewayError:
    """Return our error for one of the SDK's.

    A 4xx with an error of Stripe's in its body is a definite refusal, except 409 and 429, which
    say nothing about the data. A 500 that Stripe replays is stored under the key. Any other
    failure leaves the outcome unknown, also a 4xx of a proxy and a body that cannot be read,
    whatever its status.
    Source: Stripe, "Error handling" and "Idempotent requests".
    """
    status = error.http_status or 0
    if 0 < status < 500 and not _from_stripe(error):
        return unreadable("not readable")
    reason = str(error.user_message or "no reason given")
    code = error.code or ""
    param = str(getattr(error, "param", None) or "")
    request_id = error.request_id or ""
    kind, message = _kind(error, status, code, reason)
    return kind(message, stripe_code=code, param=param, request_id=request_id)


def unreadable(what: str) -> StripeUnknownError:
    """Return the error for an answer that is not what was asked for, whatever its status."""
    return StripeUnknownError(
        f"Stripe's answer was {what}, so it is not known whether it did what was asked. Try again: "
        f"it is safe."
    )


def _from_stripe(error: stripe.StripeError) -> bool:
    """Tell whether the body is an error object of Stripe's, which names its type."""
    body = error.json_body
    inner = body.get("error") if isinstance(body, Mapping) else None
    return isinstance(inner, Mapping) and isinstance(inner.get("type"), str)


def _about_the_key(status: int, reason: str) -> str:
    """Say that a key is refused, or by Stripe's own sentence which permission it lacks.

    The sentence is shown without the key in it, starred as it is, and without the request id.
    """
    if status == 401:
        return (
            "Stripe does not accept this conference's key. Nothing is half done. Put a valid key "
            "into the settings file, then try again."
        )
    plain = re.sub(r"^Request req_\w+: ", "", reason)
    plain = re.sub(r"The provided key '[^']*'", "The provided key", plain)
    return (
        f"The conference's key may not do this. Stripe says: {plain} Give the key this permission "
        f"in Stripe's dashboard (docs/stripe-beliefs.md lists all that are needed), then run the "
        f"same command again. Nothing is half done."
    )


def _kind(
    error: stripe.StripeError, status: int, code: str, reason: str
) -> tuple[type[StripeGatewayError], str]:
    if status in (401, 403):
        return StripeAuthenticationError, _about_the_key(status, reason)
    if isinstance(error, stripe.IdempotencyError) and status != 409:
        text = f"Stripe has this idempotency key with a different request: {reason}"
        return StripeIdempotencyError, text
    if status == 404 or code == "resource_missing":
        return StripeNotFoundError, f"Stripe does not have it: {reason}"
    if status >= 500 and header(error, "idempotent-replayed") == "true":
        return StripeStored500Error, "Stripe repeats a stored error for this request"
    if status in (409, 429) or status >= 500 or status == 0:
        failure = {409: "is busy with the same call", 429: "asks to slow down"}.get(
            status, f"failed with {status}" if status else "could not be reached"
        )
        return StripeUnknownError, (
            f"Stripe {failure}; what was asked may or may not have been done. Try again: it is "
            f"safe."
        )
    return StripeRefusedError, f"Stripe refused: {reason}"
