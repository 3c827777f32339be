"""One pace for each Stripe account, shared by every process on this database."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from pydantic import SecretStr
from sqlalchemy import text

from po_toolkit.store.database import Store

_RESERVE = text(
    """
    INSERT INTO rate_slots (key, next_free) VALUES (:key, :now + :gap)
    ON CONFLICT (key) DO UPDATE SET next_free =
      CASE WHEN rate_slots.next_free > :now THEN rate_slots.next_free ELSE :now END + :gap
    RETURNING next_free
    """
)

PACE = 0.92
"""Share of Stripe's limit that is used, so that jitter never passes it."""


def account_permit(store: Store, key: SecretStr) -> Callable[[str], None]:
    """Return the function that waits for the next free slot of this account and endpoint.

    The account is known by a digest of its key; the key itself is not stored.
    """
    secret = key.get_secret_value()
    account = hashlib.sha256(secret.encode()).hexdigest()[:16]
    per_second = 100 if secret.startswith(("sk_live_", "rk_live_")) else 25

    def permit(endpoint: str) -> None:
        now = time.time_ns() // 1000
        start = now
        with store._writer.begin() as connection:  # noqa: SLF001 no actor: nothing is acted on
            for slot, rate in ((account, per_second), (f"{account}:{endpoint}", 25)):
                gap = int(1_000_000 / (rate * PACE))
                free = connection.execute(
                    _RESERVE, {"key": slot, "now": now, "gap": gap}
                ).scalar_one()
                start = max(start, free - gap)
        if start > now:
            time.sleep((start - now) / 1_000_000)

    return permit
