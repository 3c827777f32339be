"""Opening a conference, its database and its Stripe account; everything else starts here."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from po_toolkit.bootstrap import OpenConference, local_actor, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.logs import redact
from po_toolkit.store import purchase_orders, sign_outs
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store

__all__ = [
    "Connection",
    "OpenConference",
    "Store",
    "check_connection",
    "check_database",
    "database_error",
    "last_sign_out",
    "local_actor",
    "open_conference",
    "open_conference_of",
    "open_database",
    "sign_out",
    "utc_now",
]


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


def open_conference_of(reference: str, *, settings: Settings) -> OpenConference:
    """Open the conference to which a purchase order belongs.

    Raises:
        NotFoundError: No conference has this reference.
    """
    store = open_database(settings)
    with store.reading() as session:
        slug = purchase_orders.conference_of(session, reference)
    return open_conference(slug, settings=settings, store=store)


def check_database(store: Store) -> None:
    """Ask the database for an answer; raises whatever keeps it from answering."""
    with store.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")


def database_error(error: Exception) -> str:
    """Return in one line why the database cannot be used, or ``""`` for any other error."""
    if "sqlalchemy" not in sys.modules:
        return ""
    from sqlalchemy.exc import DatabaseError, OperationalError

    if type(error) not in {DatabaseError, OperationalError}:
        return ""
    return redact(str(getattr(error, "orig", error)).strip().splitlines()[0])


def sign_out(store: Store, subject: str) -> None:
    """End every sign-in to the app that a person began before now."""
    sign_outs.sign_out(store, subject, utc_now())


def last_sign_out(store: Store, subject: str) -> datetime | None:
    """Return when a person last signed out of the app, or None."""
    with store.reading() as session:
        return sign_outs.signed_out_at(session, subject)
