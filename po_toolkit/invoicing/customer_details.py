"""Name, address, language and tax id of a sponsor who is a customer at Stripe already.

What a purchase order names is put on the customer before the invoice is final, since Stripe prints
what the customer bears then; an invoice that came back for its address is not sent with it again.
What the purchase order leaves open stays as it is at Stripe.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeIdempotencyError, StripeNotFoundError, StripeStored500Error
from po_toolkit.invoicing.drive import Drive, covers, held, tax_id_key
from po_toolkit.store.stripe_writes import Intent, intend
from po_toolkit.store.tables import StripeCustomer

Json = dict[str, Any]

_ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")

_ROUNDS = 6
"""Details and tax id, each perhaps after what another driver began for the same customer."""


def borne(customer: Json) -> Json:
    """Return what a customer at Stripe, or the body that makes one, says of himself."""
    address = customer.get("address") or {}
    return {
        "name": customer.get("name") or "",
        "address": {part: address[part] for part in _ADDRESS if address.get(part)},
        "preferred_locales": list(customer.get("preferred_locales") or []),
    }


def bring_up_to_date(
    drive: Drive, customer: StripeCustomer, stripe_id: str, *, put: Json, bears: str
) -> tuple[Json, str]:
    """Put on the customer what the purchase order names and he is not known to bear.

    Args:
        drive: The invoice in hand.
        customer: His row.
        stripe_id: His id at Stripe.
        put: What he is known to say of himself.
        bears: The tax id that he is known to bear.

    Returns:
        What he says of himself now, and the tax id that he bears.

    Raises:
        StripeGatewayError: In one of its kinds; StripeNotFoundError where he was deleted.
    """
    path, order = f"/v1/customers/{stripe_id}", drive.order
    tax_id = tax_id_key(order)
    changes = customer.changes
    for _ in range(_ROUNDS):
        details = drive.plan.details(put)
        if not covers(put, details):
            asked = path, _with_all_parts(details)
        elif tax_id and bears != tax_id and not _bears_it(drive, path, tax_id, replaced=bears):
            asked = f"{path}/tax_ids", {"type": order.tax_id_type, "value": order.tax_id}
        else:
            return put, tax_id or bears
        intent = _write(drive, customer, changes, *asked)
        changes += 1
        if intent.path == path:
            put = put | {k: v for k, v in borne(intent.body).items() if k in intent.body}
        else:
            bears = f"{intent.body['type']} {intent.body['value']}"
        _remember(drive, customer, changes, put=put, bears=bears)
    return put, bears


def _with_all_parts(details: Json) -> Json:
    """Name every part of an address, so that none of the old one is left."""
    if "address" not in details:
        return details
    address = {part: details["address"].get(part, "") for part in _ADDRESS}
    return details | {"address": address}


def _bears_it(drive: Drive, path: str, tax_id: str, *, replaced: str) -> bool:
    """Tell whether he bears the tax id; the one that it replaces is taken off him."""
    gateway, found = drive.opened.gateway, False
    for row in [row for page in gateway.pages(f"{path}/tax_ids") for row in page]:
        known = f"{row['type']} {row['value']}"
        found |= known == tax_id
        if known == replaced:
            with suppress(StripeNotFoundError):  # gone already, which is as good
                gateway.delete(f"{path}/tax_ids/{row['id']}")
    return found


def _write(drive: Drive, customer: StripeCustomer, changes: int, path: str, body: Json) -> Intent:
    """Do the customer's next change, or the one that another driver has begun."""
    opened = drive.opened
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        held(uow, drive.invoice)
        intent = intend(
            uow,
            f"customer-{customer.uuid}-a{customer.attempt}-c{changes}",
            path,
            body,
            conference_id=customer.conference_id,
            purchase_order_id=None,
            now=opened.now(),
        )
    try:
        said = opened.gateway.write(intent.path, intent.body, idempotency_key=intent.key)
    except (StripeStored500Error, StripeIdempotencyError):
        _remember(drive, customer, changes + 1)  # this key can say nothing more
        raise
    drive.finished.append((intent.key, str(said["id"])))
    return intent


def _remember(
    drive: Drive,
    customer: StripeCustomer,
    changes: int,
    *,
    put: Json | None = None,
    bears: str | None = None,
) -> None:
    opened = drive.opened
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        row = uow.session.get_one(StripeCustomer, customer.id, with_for_update=True)
        row.changes = max(row.changes, changes)
        if put is not None:
            row.details_put = put
        if bears is not None:
            row.tax_id_put = bears
