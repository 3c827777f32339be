"""Whether a delivery really comes from Stripe."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import stripe
from pydantic import SecretStr

_TIME = re.compile(r"[0-9]{1,12}")

TOLERANCE_SECONDS = 300
"""How far a delivery's time may be from ours. Source: Stripe, "Verify webhook signatures"."""


def verify_signature(
    payload: bytes, header: str, secrets: Iterable[SecretStr], now: datetime
) -> bool:
    """Tell whether one of the current secrets signed this body within the tolerance.

    The body is exactly as received. Several secrets are current while one rolls.
    """
    signed_at = _signed_at(header)
    if signed_at is None or abs(now.timestamp() - signed_at) > TOLERANCE_SECONDS:
        return False
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(_signed_by(text, header, secret.get_secret_value()) for secret in secrets)


def _signed_at(header: str) -> int | None:
    """Return the one time that a header names; a second one could hide how old the first is."""
    times = [part[2:] for part in header.split(",") if part.startswith("t=")]
    plausible = header.isascii() and len(times) == 1 and _TIME.fullmatch(times[0])
    return int(times[0]) if plausible else None


def _signed_by(text: str, header: str, secret: str) -> bool:
    try:
        return bool(secret) and stripe.WebhookSignature.verify_header(text, header, secret)
    except stripe.SignatureVerificationError:
        return False
