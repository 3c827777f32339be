"""Personal data: what a sponsor's contact may ask to have removed, and what the books keep."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from po_toolkit.bootstrap import local_actor, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store import forgetting


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a person's data.

    Attributes:
        pseudonym: What stands in place of the address now.
        replaced: How many rows of each table were changed.
        kept: How many rows of each table go on naming the address: the ledger, the audit trail
            and what was sent to Stripe are never changed.
        stripe_customers: Whom to delete in Stripe's dashboard, by Stripe's id.
    """

    pseudonym: str
    replaced: dict[str, int]
    kept: dict[str, int]
    stripe_customers: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "pseudonym": self.pseudonym,
            "replaced": self.replaced,
            "kept": self.kept,
            "stripe_customers": self.stripe_customers,
        }


def forget(settings: Settings, address: str) -> Forgotten:
    """Replace an email address, with name and phone number beside it, by a pseudonym.

    Organizations, billing addresses and amounts stay: invoices must be kept with them.

    Args:
        settings: Which database.
        address: The email address, in any case.

    Raises:
        PurchaseOrderError: It is no address, or a purchase order that is not settled needs it.
        NotAllowedError: The actor is no administrator.
    """
    address = address.strip()
    if "@" not in address.strip("@") or " " in address:
        raise PurchaseOrderError(f"{address!r} is not an email address. Nothing was changed.")
    require(local_actor(), Act.CONFIGURE)
    store = open_database(settings, make=False)
    with store.reading() as session:
        needed = forgetting.open_orders(session, address)
        customers = forgetting.stripe_customers(session, address)
    if needed:
        raise PurchaseOrderError(
            f"{address} is the contact of purchase orders that are not settled: "
            f"{', '.join(needed[:20])}. Nothing was changed. Settle or cancel them, or give them "
            f"another contact, then repeat this."
        )
    pseudonym = f"forgotten-{token_hex(4)}@example.invalid"
    replaced = forgetting.replace_address(store, address, pseudonym)
    with store.reading() as session:
        kept = forgetting.kept(session, address)
    return Forgotten(pseudonym, replaced, kept, customers)
