"""The sponsor as a customer of the conference's Stripe account."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    StripeIdempotencyError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeStored500Error,
)
from po_toolkit.invoicing.customer_details import borne, bring_up_to_date
from po_toolkit.invoicing.drive import Drive, customer_key, held, up_to_date
from po_toolkit.store.stripe_writes import Intent, intend
from po_toolkit.store.tables import StripeCustomer

Json = dict[str, Any]


def customer_step(drive: Drive) -> None:
    """Find or make the customer by e-mail and organization, once for all their orders."""
    customer = drive.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    stripe_id, bears, put = customer.stripe_customer_id, customer.tax_id_put, customer.details_put
    if not stripe_id and not drive.knows_absent(customer):
        found = _existing(drive)
        if found is not None:
            stripe_id, put = str(found["id"]), borne(found)
    if not stripe_id:
        stripe_id, bears, put = _made(drive, customer)
    try:
        put, bears = bring_up_to_date(drive, customer, stripe_id, put=put, bears=bears)
    except StripeNotFoundError:
        forget_customer(drive, stripe_id)
        return
    with drive.step() as (uow, row):
        kept = uow.session.get_one(StripeCustomer, customer.id)
        kept.stripe_customer_id, kept.tax_id_put, kept.details_put = stripe_id, bears, put
        row.step = "draft"


def _intended(drive: Drive, customer: StripeCustomer) -> Intent:
    opened = drive.opened
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        held(uow, drive.invoice)
        return intend(
            uow,
            customer_key(customer),
            "/v1/customers",
            drive.plan.customer(),
            conference_id=customer.conference_id,
            purchase_order_id=None,
            now=opened.now(),
        )


def before_it_is_final(drive: Drive) -> None:
    """Put right what another purchase order of the sponsor has changed since the draft."""
    customer = drive.invoice.customer
    if customer is None or not customer.stripe_customer_id or up_to_date(drive, customer):
        return
    with suppress(StripeNotFoundError):  # deleted at Stripe; the invoice keeps what it says
        bring_up_to_date(
            drive,
            customer,
            customer.stripe_customer_id,
            put=customer.details_put,
            bears=customer.tax_id_put,
        )


def forget_customer(drive: Drive, stripe_id: str) -> None:
    """Go back to finding the customer: the one we knew was deleted at Stripe."""
    with drive.step() as (uow, row):
        customer = uow.session.get_one(StripeCustomer, row.customer_id)
        if customer.stripe_customer_id in (stripe_id, None):
            customer.stripe_customer_id = None
            customer.tax_id_put, customer.details_put = "", {}
            customer.attempt += 1
        row.attempt += 1
        row.step = "customer"


def _existing(drive: Drive) -> Json | None:
    """Return the oldest customer in the account under this e-mail and organization."""
    order = drive.order
    query = {"email": order.contact_email.strip()}
    same = [
        row
        for page in drive.opened.gateway.pages("/v1/customers", query)
        for row in page
        if comparable(row.get("name") or "") == order.organization_key
    ]
    return min(same, key=lambda row: (row["created"], row["id"]), default=None)


def _made(drive: Drive, customer: StripeCustomer) -> tuple[str, str, Json]:
    """Make the customer; return his id, and the tax id and details that he was made with."""
    opened = drive.opened
    intent = drive.intent or _intended(drive, customer)
    try:
        made = opened.gateway.write(intent.path, intent.body, idempotency_key=intent.key)
    except (StripeStored500Error, StripeRefusedError) as error:
        looks = isinstance(error, StripeStored500Error | StripeIdempotencyError)
        found = _existing(drive) if looks else None
        if found:
            return str(found["id"]), "", borne(found)
        with opened.store.writing(opened.actor, Act.INVOICE) as uow:
            row = uow.session.get_one(StripeCustomer, customer.id)
            row.attempt = max(row.attempt, customer.attempt + 1)
        raise
    drive.finished.append((intent.key, str(made["id"])))
    given = intent.body.get("tax_id_data") or [{"type": "", "value": ""}]
    bears = f"{given[0]['type']} {given[0]['value']}".strip()
    return str(made["id"]), bears, borne(intent.body)
