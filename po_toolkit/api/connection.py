"""Whether Stripe knows the conference's key, and which account it opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from po_toolkit.bootstrap import OpenConference


@dataclass(frozen=True, slots=True)
class Connection:
    """The Stripe account that a conference's key opens."""

    account_id: str
    name: str
    country: str
    default_currency: str
    charges_enabled: bool
    payouts_enabled: bool


def check_connection(opened: OpenConference) -> Connection:
    """Ask Stripe which account the key opens; nothing is changed.

    Raises:
        SettingsError: The conference has no Stripe key.
        StripeAuthenticationError: Stripe does not accept the key.
        StripeGatewayError: Stripe could not be asked.
    """
    account: dict[str, Any] = opened.gateway.read("/v1/account")
    profile = account.get("business_profile") or {}
    dashboard = (account.get("settings") or {}).get("dashboard") or {}
    return Connection(
        account_id=account["id"],
        name=profile.get("name") or dashboard.get("display_name") or "",
        country=account.get("country") or "",
        default_currency=account.get("default_currency") or "",
        charges_enabled=bool(account.get("charges_enabled")),
        payouts_enabled=bool(account.get("payouts_enabled")),
    )
