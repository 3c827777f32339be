"""From the SDK's errors to ours: what is known about the call, and what to do."""

from __future__ import annotations

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

    A 4xx is a definite refusal, except 409 and 429, which say nothing about the data. A 500 that
    Stripe replays is stored under the key; any other failure leaves the outcome unknown.
    Source: Stripe, "Error handling" and "Idempotent requests".
    """
    status = error.http_status or 0
    said = str(error.user_message or "no reason given")
    code = error.code or ""
    param = str(getattr(error, "param", None) or "")
    request_id = error.request_id or ""
    kind, message = _kind(error, status, code, said)
    return kind(message, stripe_code=code, param=param, request_id=request_id)


def _kind(
    error: stripe.StripeError, status: int, code: str, said: str
) -> tuple[type[StripeGatewayError], str]:
    if status in (401, 403):
        return StripeAuthenticationError, (
            "Stripe does not accept this conference's key for this call; put a valid one into the "
            "settings. Nothing is half done: run the same command again then."
        )
    if isinstance(error, stripe.IdempotencyError) and status != 409:
        return StripeIdempotencyError, f"Stripe knows this key with another body: {said}"
    if status == 404 or code == "resource_missing":
        return StripeNotFoundError, f"Stripe does not have it: {said}"
    if status >= 500 and header(error, "idempotent-replayed") == "true":
        return StripeStored500Error, "Stripe keeps answering with a stored failure"
    if status in (409, 429) or status >= 500 or status == 0:
        reason = {409: "is busy with the same call", 429: "asks to slow down"}.get(
            status, f"failed with {status}" if status else "could not be reached"
        )
        return StripeUnknownError, (
            f"Stripe {reason}; what was asked may or may not have been done. Try again: it is safe."
        )
    return StripeRefusedError, f"Stripe refused: {said}"
