"""Personal data: what a sponsor's contact may ask to have removed, and what the books keep."""

from __future__ import annotations

from dataclasses import dataclass

from po_toolkit.bootstrap import local_actor, open_database
from po_toolkit.config import Settings
from po_toolkit.domain.pseudonyms import new_pseudonym
from po_toolkit.domain.records import AsJson
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import PurchaseOrderError
from po_toolkit.store import forgetting
from po_toolkit.store.columns import utc_now

ATTACHED = ("keep", "delete")
"""What may become of the files that staff attached to a person's purchase orders."""


@dataclass(frozen=True, slots=True)
class Forgotten(AsJson):
    """What became of a person's data.

    Attributes:
        pseudonym: What stands in place of the address now.
        replaced: How many rows of each table were changed or deleted.
        kept: How many rows of each table go on naming the person, since the books need them: the
            ledger, bank lines, closing reports, the sponsor's name and address, sent invoices.
        stripe_customers: Whom to delete in Stripe's dashboard, by Stripe's id.
    """

    pseudonym: str
    replaced: dict[str, int]
    kept: dict[str, int]
    stripe_customers: list[str]


def forget(settings: Settings, address: str, *, attached: str = "") -> Forgotten:
    """Replace an email address, with name and phone number beside it, by a pseudonym.

    Organizations, billing addresses and amounts stay: invoices must be kept with them.

    Args:
        settings: Which database.
        address: The email address, in any case.
        attached: ``keep`` or ``delete`` the files that staff attached to the person's purchase
            orders; needed where there are any, since a file cannot be rewritten.

    Raises:
        PurchaseOrderError: It is no address, or a purchase order that is not settled needs it. With
            the code ``choice_needed``: there are attached files, and ``attached`` is not given.
        NotAllowedError: The actor is no administrator.
    """
    address = address.strip()
    if "@" not in address.strip("@") or " " in address:
        raise PurchaseOrderError(f"{address!r} is not an email address. Nothing was changed.")
    actor = local_actor()
    require(actor, Act.FORGET)
    store = open_database(settings, make=False)
    with store.reading() as session:
        needed = forgetting.in_the_way(session, address)
        files = forgetting.attached_files(session, address)
        customers = forgetting.stripe_customers(session, address)
        person = forgetting.find(session, address, new_pseudonym())
    if needed:
        raise PurchaseOrderError(
            f"{address} is still needed by: {', '.join(needed[:20])}. Nothing was changed. Settle "
            f"or cancel the purchase orders, or give them another contact, then repeat this."
        )
    if files and attached not in ATTACHED:
        raise PurchaseOrderError(
            f"{address} is the contact of purchase orders with attached files ({files}), which "
            f"may name them and cannot be rewritten. Nothing was changed. Keep or delete them?",
            code="choice_needed",
        )
    replaced = forgetting.forget(store, person, actor, utc_now(), delete_files=attached == "delete")
    with store.reading() as session:
        kept = forgetting.kept(session, person)
    return Forgotten(person.pseudonym, replaced, kept, customers)
