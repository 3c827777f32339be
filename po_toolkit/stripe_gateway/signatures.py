"""Whether a delivery really comes from Stripe."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import stripe
from pydantic import SecretStr

TOLERANCE_SECONDS = 300
"""How far a delivery's time may be from ours. Source: Stripe, "Verify webhook signatures"."""


def verify_signature(
    payload: bytes, header: str, secrets: Iterable[SecretStr], now: datetime
) -> bool:
    """Tell whether one of the current secrets signed this body within the tolerance.

    Args:
        payload: The body exactly as received.
        header: The ``Stripe-Signature`` header, ``t=…,v1=…``, possibly with several v1.
        secrets: Each current signing secret; several while one rolls.
        now: The present, aware.
    """
    try:
        text = payload.decode("utf-8")
        signed_at = int(dict(part.split("=", 1) for part in header.split(","))["t"])
    except (UnicodeDecodeError, ValueError, KeyError):
        return False
    if abs(now.timestamp() - signed_at) > TOLERANCE_SECONDS:
        return False
    return any(_signed_by(text, header, secret.get_secret_value()) for secret in secrets)


def _signed_by(text: str, header: str, secret: str) -> bool:
    try:
        return bool(secret) and stripe.WebhookSignature.verify_header(text, header, secret)
    except stripe.SignatureVerificationError:
        return False
