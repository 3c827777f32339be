"""Opening a conference, its database and its Stripe account; everything else starts here."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from po_toolkit.bootstrap import OpenConference, local_actor, open_conference, open_database
from po_toolkit.config import Settings
from po_toolkit.domain import remedies
from po_toolkit.domain.roles import Act
from po_toolkit.errors import SettingsError
from po_toolkit.logs import redact
from po_toolkit.store import conferences, purchase_orders, sign_outs
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import Store
from po_toolkit.store.overview import sqlite_path
from po_toolkit.store.schema import check_tables
from po_toolkit.stripe_gateway import StripeGateway

__all__ = [
    "Connection",
    "OpenConference",
    "Store",
    "archive_conference",
    "check_connection",
    "check_key",
    "database_error",
    "last_sign_out",
    "local_actor",
    "make_database",
    "open_conference",
    "open_conference_of",
    "open_database",
    "rename_conference",
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
    return _account(opened.gateway)


def check_key(key: str, settings: Settings) -> Connection:
    """Ask Stripe which account a key opens, before it is in the settings; nothing is changed.

    Raises:
        StripeAuthenticationError: Stripe does not accept the key.
        StripeGatewayError: Stripe could not be asked.
    """
    api_base = settings.stripe_api_base
    return _account(StripeGateway(SecretStr(key), api_base=api_base, permit=lambda _endpoint: None))


def _account(gateway: StripeGateway) -> Connection:
    account: dict[str, Any] = gateway.read("/v1/account")
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


def make_database(settings: Settings, *, fresh: bool = False, despite_live: bool = False) -> str:
    """Create or migrate the database, and compare its tables with this release's.

    Args:
        settings: Where it is.
        fresh: Keep the old one beside it under another name, and begin with an empty one.
        despite_live: Do that also where live invoices are in it.

    Returns:
        The path under which the old database is kept, or ``""``.

    Raises:
        SettingsError: It cannot be used, differs from this release, or is to be kept.
    """
    kept = _keep_beside(settings, despite_live=despite_live) if fresh else ""
    check_tables(open_database(settings))
    return kept


def _keep_beside(settings: Settings, *, despite_live: bool) -> str:
    path = sqlite_path(settings.database_url)
    if path is None:
        raise SettingsError(
            "Only a SQLite file can be begun again. Make an empty PostgreSQL database, name it as "
            "database_url in the settings, and set it up.",
            remedy=remedies.set_up_database(),
        )
    if not path.is_file():
        return ""
    with closing(sqlite3.connect(path)) as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(conferences)")}
        live = (
            "SELECT count(*) FROM invoices i JOIN conferences c ON c.id = i.conference_id "
            "WHERE c.stripe_livemode"
        )
        if "stripe_livemode" in columns and not despite_live:
            (number,) = database.execute(live).fetchone()
            if number:
                raise SettingsError(
                    f"{path} knows of {number} live invoices, and an empty database would bill "
                    f"those sponsors again. Nothing was done.",
                    remedy=remedies.begin_again(despite_live=True),
                )
        try:  # which needs it alone, and leaves one file
            database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise SettingsError(
                f"{path} is in use ({error}). Stop the app, worker and webhook service first.",
                remedy=remedies.begin_again(),
            ) from None
    kept = path.with_name(f"{path.stem}-{utc_now():%Y%m%d-%H%M%S}{path.suffix}")
    path.rename(kept)
    return str(kept)


def rename_conference(settings: Settings, old: str, new: str) -> int:
    """Give a conference's data to the name that it has in the settings now.

    Returns:
        How many purchase orders the conference has.

    Raises:
        SettingsError: The settings have no conference of the new name.
        NotFoundError: The database has none of the old name.
        PurchaseOrderError: The new name has purchase orders of its own.
    """
    settings.conference(new)
    with open_database(settings, make=False).writing(local_actor(), Act.CONFIGURE) as uow:
        return conferences.rename(uow, old, new)


def archive_conference(settings: Settings, slug: str) -> str:
    """Put a conference's data aside, so that its name begins anew; return their new name.

    Raises:
        SettingsError: The settings have no such conference.
        NotFoundError: The database has none.
    """
    settings.conference(slug)
    store = open_database(settings, make=False)
    with store.writing(local_actor(), Act.CONFIGURE) as uow:
        name = conferences.archive(uow, slug)
    open_database(settings)
    return name


def open_conference_of(reference: str, *, settings: Settings) -> OpenConference:
    """Open the conference to which a purchase order belongs.

    Raises:
        NotFoundError: No conference has this reference.
    """
    store = open_database(settings, make=False)
    with store.reading() as session:
        slug = purchase_orders.conference_of(session, reference)
    return open_conference(slug, settings=settings, store=store)


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
