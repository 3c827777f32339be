"""The sponsor as a customer of the conference's Stripe account: found, created, kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any, TypeVar

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeNotFoundError
from po_toolkit.invoicing.lease import (
    Lease,
    covers,
    customer_slot,
    existing_customer,
    tax_id_key,
    up_to_date,
)
from po_toolkit.outbox import Write
from po_toolkit.store import invoices
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.invoices import (
    Sponsor,
    customer_billed,
    customer_rows,
    known_customer,
    note_customers,
    other_addresses,
)
from po_toolkit.store.stripe_writes import StoredWrite
from po_toolkit.store.tables import PurchaseOrder, StripeCustomer
from po_toolkit.stripe_gateway.client import PAGE

T = TypeVar("T")
Json = dict[str, Any]

_ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")

WORTH_PAGES = 20
"""From so many new sponsors on, pages of all customers are cheaper than one look-up each."""

_AT_ONCE = 200
"""Rows changed in one transaction, so that nobody waits long for the database."""

_ROUNDS = 6
"""Details and tax id, each perhaps after what another worker began for the same customer."""


def details_of(customer: Json) -> Json:
    """Return what a customer at Stripe, or the body that makes one, says of itself."""
    address = customer.get("address") or {}
    return {
        "name": customer.get("name") or "",
        "address": {part: address[part] for part in _ADDRESS if address.get(part)},
        "preferred_locales": list(customer.get("preferred_locales") or []),
    }


def customer_step(lease: Lease) -> None:
    """Find or make the customer by email and organization, once for all their orders."""
    customer = lease.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    stripe_id, tax_id, details = (
        customer.stripe_customer_id,
        customer.tax_id_put,
        customer.details_put,
    )
    if not stripe_id and not lease.knows_absent(customer):
        found = existing_customer(lease.opened, lease.order)
        if found is not None:
            stripe_id, details = str(found["id"]), details_of(found)
    if not stripe_id:
        stripe_id, tax_id, details = _created(lease, customer)
    try:
        details, tax_id = bring_up_to_date(
            lease, customer, stripe_id, details=details, tax_id=tax_id
        )
    except StripeNotFoundError:
        forget_customer(lease, stripe_id)
        return
    with lease.step() as (_, row):
        customer.stripe_customer_id, customer.tax_id_put = stripe_id, tax_id
        customer.details_put = details
        row.step = "draft"


def _created(lease: Lease, customer: StripeCustomer) -> tuple[str, str, Json]:
    """Create the customer; return its id, and the tax id and details that it was created with."""
    if lease.pending is None:
        opened, write = lease.opened, lease.customer_write(customer)
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            invoices.held(uow, lease.invoice)
            lease.pending = write, outbox.declare(uow, opened, write)
    outcome = lease.write()
    if outcome.found:
        return str(outcome.answer["id"]), "", details_of(outcome.answer)
    given = outcome.stored.body.get("tax_id_data") or [{"type": "", "value": ""}]
    tax_id = f"{given[0]['type']} {given[0]['value']}".strip()
    return str(outcome.answer["id"]), tax_id, details_of(outcome.stored.body)


def before_it_is_final(lease: Lease) -> None:
    """Put right what another purchase order of the sponsor has changed since the draft."""
    customer = lease.invoice.customer
    if customer is None or not customer.stripe_customer_id or up_to_date(lease, customer):
        return
    with suppress(StripeNotFoundError):  # deleted at Stripe; the invoice keeps what it says
        bring_up_to_date(
            lease,
            customer,
            customer.stripe_customer_id,
            details=customer.details_put,
            tax_id=customer.tax_id_put,
        )


def forget_customer(lease: Lease, stripe_id: str) -> None:
    """Go back to finding the customer: the one we knew was deleted at Stripe."""
    customer = lease.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    with lease.step() as (uow, row):
        known = uow.session.get_one(StripeCustomer, customer.id)
        if known.stripe_customer_id in (stripe_id, None):
            customer.stripe_customer_id = None
            customer.tax_id_put, customer.details_put = "", {}
            customer.attempt = known.attempt + 1
        else:
            customer.stripe_customer_id, customer.attempt = known.stripe_customer_id, known.attempt
            customer.tax_id_put, customer.details_put = known.tax_id_put, known.details_put
        row.step = "customer"


def bring_up_to_date(
    lease: Lease, customer: StripeCustomer, stripe_id: str, *, details: Json, tax_id: str
) -> tuple[Json, str]:
    """Put on the customer what the purchase order names and it is not known to have.

    Stripe prints on an invoice what the customer has when it is finalized. What the purchase order
    leaves open stays as it is at Stripe. ``details`` and ``tax_id`` are what it is known to say of
    itself.

    Returns:
        What it says of itself now, and the tax id that it has.

    Raises:
        StripeGatewayError: In one of its kinds; StripeNotFoundError where it was deleted.
    """
    wanted = tax_id_key(lease.order)
    for _ in range(_ROUNDS):
        missing = lease.plan.details(details)
        if not covers(details, missing):
            write = _details_write(lease, customer, stripe_id, missing)
        elif wanted and tax_id != wanted and not _has_tax_id(lease, customer, stripe_id, tax_id):
            write = _tax_id_write(lease, customer, stripe_id)
        else:
            return details, wanted or tax_id
        outcome = outbox.perform(lease.opened, write, Act.INVOICE)
        body = outcome.stored.body
        if write.kind is outbox.TAX_ID:
            tax_id = f"{body['type']} {body['value']}"
        else:
            details = details | {k: v for k, v in details_of(body).items() if k in body}
        _remember(lease, customer, details, tax_id)
    return details, tax_id


def _details_write(lease: Lease, customer: StripeCustomer, stripe_id: str, details: Json) -> Write:
    path = f"/v1/customers/{stripe_id}"

    def same(stored: StoredWrite) -> Json | None:
        found = lease.opened.gateway.read(path)
        return found if covers(details_of(found), details_of(stored.body)) else None

    return Write(
        outbox.CUSTOMER_DETAILS,
        customer_slot(customer, "details"),
        path,
        lambda: _with_all_parts(details),
        find=same,
        conference_id=customer.conference_id,
    )


def _tax_id_write(lease: Lease, customer: StripeCustomer, stripe_id: str) -> Write:
    path, order = f"/v1/customers/{stripe_id}/tax_ids", lease.order

    def same(stored: StoredWrite) -> Json | None:
        rows = (row for page in lease.opened.gateway.pages(path) for row in page)
        return next((r for r in rows if all(r[k] == v for k, v in stored.body.items())), None)

    return Write(
        outbox.TAX_ID,
        customer_slot(customer, "tax-id"),
        path,
        lambda: {"type": order.tax_id_type, "value": order.tax_id},
        find=same,
        conference_id=customer.conference_id,
    )


def _has_tax_id(lease: Lease, customer: StripeCustomer, stripe_id: str, replaced: str) -> bool:
    """Tell whether the customer has the sponsor's tax id; the one it replaces is removed."""
    path, found = f"/v1/customers/{stripe_id}/tax_ids", False
    for row in [row for page in lease.opened.gateway.pages(path) for row in page]:
        known = f"{row['type']} {row['value']}"
        found |= known == tax_id_key(lease.order)
        if known == replaced:
            _remove_tax_id(lease, customer, f"{path}/{row['id']}", row["id"])
    return found


def _remove_tax_id(lease: Lease, customer: StripeCustomer, path: str, tax_id: str) -> None:
    def gone(_stored: StoredWrite) -> Json | None:
        with suppress(StripeNotFoundError):
            lease.opened.gateway.read(path)
            return None
        return {}

    write = Write(
        outbox.TAX_ID_REMOVAL,
        customer_slot(customer, f"remove-{tax_id}"),
        path,
        dict,
        find=gone,
        conference_id=customer.conference_id,
    )
    outbox.perform(lease.opened, write, Act.INVOICE)


def _with_all_parts(details: Json) -> Json:
    """Name every part of an address, so that none of the old one is left."""
    if "address" not in details:
        return details
    address = {part: details["address"].get(part, "") for part in _ADDRESS}
    return details | {"address": address}


def _remember(lease: Lease, customer: StripeCustomer, details: Json, tax_id: str) -> None:
    with lease.opened.store.writing(lease.opened.actor, Act.INVOICE) as uow:
        row = uow.session.get_one(StripeCustomer, customer.id, with_for_update=True)
        row.details_put, row.tax_id_put = details, tax_id


def find_customers(opened: OpenConference, sponsors: Sequence[Sponsor]) -> None:
    """Look for many new sponsors at Stripe by pages of all customers, not one by one.

    What was found, and that the rest is not there, is stored with each sponsor's row, so that
    every process that works the batch knows. Below 20 new sponsors it does nothing; in an account
    with many customers it stops when one by one would be cheaper.
    """
    new = _new_rows(opened, sponsors)
    if len(new) < WORTH_PAGES:
        return
    found, saw_all = _list_customers(opened, new)
    for some in _parts(list(new.values())):
        there = {
            row_id: (str(found[row_id]["id"]), details_of(found[row_id]))
            for row_id in some
            if row_id in found
        }
        absent = [row_id for row_id in some if row_id not in found] if saw_all else []
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            note_customers(uow, there, absent, opened.now())


def _new_rows(opened: OpenConference, sponsors: Sequence[Sponsor]) -> dict[Sponsor, int]:
    """Return the rows of those whom Stripe does not know through us, made where they are new."""
    new: dict[Sponsor, int] = {}
    for some in _parts(sponsors):
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            rows = customer_rows(uow, opened.conference.id, some)
        new |= {sponsor: row.id for sponsor, row in rows.items() if not row.stripe_customer_id}
    return new


def _list_customers(
    opened: OpenConference, new: dict[Sponsor, int]
) -> tuple[dict[int, Json], bool]:
    """Return the oldest customer of each row, and whether every customer was looked at."""
    found: dict[int, Json] = {}
    for number, page in enumerate(opened.gateway.pages("/v1/customers"), start=1):
        for seen in page:
            sponsor = (seen.get("email") or "").casefold(), comparable(seen.get("name") or "")
            row_id = new.get(sponsor)
            if row_id is not None:
                found[row_id] = min(found.get(row_id, seen), seen, key=itemgetter("created", "id"))
        if number > len(new) // 10 and len(page) == PAGE:
            return found, False
    return found, True


def _parts(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]


def change_email(opened: OpenConference, order: PurchaseOrder) -> str:
    """Give the customer of a purchase order's invoice the contact's present address at Stripe.

    Nothing happens where no customer was made yet, or it has the address. A customer that other
    purchase orders with another address are billed to keeps its own.

    Returns:
        Why the customer was left as it is, or ``""``.

    Raises:
        StripeGatewayError: Stripe refused, or the outcome is unknown; the same call again is safe.
    """
    email = order.contact_email.casefold()
    with opened.store.reading() as session:
        customer = customer_billed(session, order)
        if customer is None or not customer.stripe_customer_id or customer.email == email:
            return ""
        others = other_addresses(session, customer, email)
        taken = known_customer(session, customer, email)
    if taken:
        return (
            "Stripe has a customer of this sponsor with the new address already, so the invoice "
            "stays with the old one. Void and reissue the invoice to move it."
        )
    if others:
        return (
            f"Stripe bills {', '.join(others)} to the same customer, so it keeps its address. "
            f"Change the contact there too, or void and reissue this invoice."
        )
    path = f"/v1/customers/{customer.stripe_customer_id}"

    def same(stored: StoredWrite) -> Json | None:
        found = opened.gateway.read(path)
        return found if found.get("email") == stored.body["email"] else None

    def keep(uow: UnitOfWork, _outcome: outbox.Outcome) -> None:
        row = uow.session.get_one(StripeCustomer, customer.id, with_for_update=True)
        row.email = email

    write = Write(
        outbox.CUSTOMER_DETAILS,
        customer_slot(customer, "email"),
        path,
        lambda: {"email": order.contact_email},
        find=same,
        conference_id=customer.conference_id,
    )
    outbox.perform(opened, write, Act.AMEND, keep)
    return ""
