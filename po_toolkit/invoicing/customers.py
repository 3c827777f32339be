"""The sponsor as a customer of the conference's Stripe account."""

from __future__ import annotations

from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.errors import (
    StripeIdempotencyError,
    StripeNotFoundError,
    StripeRefusedError,
    StripeStored500Error,
)
from po_toolkit.invoicing.drive import Drive, customer_key, held, tax_id_key
from po_toolkit.store.stripe_writes import Intent, intend
from po_toolkit.store.tables import StripeCustomer


def customer_step(drive: Drive) -> None:
    """Find or make the customer by e-mail and organization, once for all their orders."""
    customer = drive.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    stripe_id, bears = customer.stripe_customer_id, customer.tax_id_put
    if not stripe_id and not drive.knows_absent(customer):
        stripe_id = _existing(drive)
    if not stripe_id:
        stripe_id, bears = _made(drive, customer)
    wanted = tax_id_key(drive.order)
    if wanted and bears != wanted:
        try:
            _put_tax_id(drive, customer, stripe_id)
        except StripeNotFoundError:
            forget_customer(drive, stripe_id)
            return
        bears = wanted
    with drive.step() as (uow, row):
        kept = uow.session.get_one(StripeCustomer, customer.id)
        kept.stripe_customer_id, kept.tax_id_put = stripe_id, bears
        row.step = "draft"


def _intended(drive: Drive, customer: StripeCustomer) -> Intent:
    account = drive.account
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        held(uow, drive.invoice)
        return intend(
            uow,
            customer_key(customer),
            "/v1/customers",
            drive.plan.customer(),
            conference_id=customer.conference_id,
            purchase_order_id=None,
            now=account.now(),
        )


def _put_tax_id(drive: Drive, customer: StripeCustomer, stripe_id: str) -> None:
    """Put the sponsor's tax id on a customer who was there before, unless he bears it."""
    account, order = drive.account, drive.order
    path = f"/v1/customers/{stripe_id}/tax_ids"
    wanted = {"type": order.tax_id_type, "value": order.tax_id}
    for page in account.gateway.pages(path):
        if any(row["type"] == wanted["type"] and row["value"] == wanted["value"] for row in page):
            return
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        held(uow, drive.invoice)
        intent = intend(
            uow,
            f"{customer_key(customer)}-tax-{wanted['type']}-{wanted['value']}",
            path,
            wanted,
            conference_id=customer.conference_id,
            purchase_order_id=None,
            now=account.now(),
        )
    made = account.gateway.write(intent.path, intent.body, idempotency_key=intent.key)
    drive.finished.append((intent.key, str(made["id"])))


def forget_customer(drive: Drive, stripe_id: str) -> None:
    """Go back to finding the customer: the one we knew was deleted at Stripe."""
    with drive.step() as (uow, row):
        customer = uow.session.get_one(StripeCustomer, row.customer_id)
        if customer.stripe_customer_id in (stripe_id, None):
            customer.stripe_customer_id = None
            customer.tax_id_put = ""
            customer.attempt += 1
        row.attempt += 1
        row.step = "customer"


def _existing(drive: Drive) -> str | None:
    """Return the oldest customer in the account under this e-mail and organization."""
    order = drive.order
    query = {"email": order.contact_email.strip()}
    same = [
        row
        for page in drive.account.gateway.pages("/v1/customers", query)
        for row in page
        if comparable(row.get("name") or "") == order.organization_key
    ]
    oldest = min(same, key=lambda row: (row["created"], row["id"]), default=None)
    return str(oldest["id"]) if oldest else None


def _made(drive: Drive, customer: StripeCustomer) -> tuple[str, str]:
    """Make the customer; return his id and the tax id that he was made with."""
    account = drive.account
    intent = drive.intent or _intended(drive, customer)
    try:
        made = account.gateway.write(intent.path, intent.body, idempotency_key=intent.key)
    except (StripeStored500Error, StripeRefusedError) as error:
        looks = isinstance(error, StripeStored500Error | StripeIdempotencyError)
        found = _existing(drive) if looks else None
        if found:
            return found, ""
        with account.store.writing(account.actor, Act.INVOICE) as uow:
            row = uow.session.get_one(StripeCustomer, customer.id)
            row.attempt = max(row.attempt, customer.attempt + 1)
        raise
    drive.finished.append((intent.key, str(made["id"])))
    given = intent.body.get("tax_id_data") or [{"type": "", "value": ""}]
    return str(made["id"]), f"{given[0]['type']} {given[0]['value']}".strip()
