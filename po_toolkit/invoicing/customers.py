"""The sponsor as a customer of the conference's Stripe account."""

from __future__ import annotations

from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeIdempotencyError, StripeStored500Error
from po_toolkit.invoicing.drive import Drive, held
from po_toolkit.store.stripe_writes import intend
from po_toolkit.store.tables import StripeCustomer


def customer_step(drive: Drive) -> None:
    """Find or make the customer by e-mail and organization, once for all their orders."""
    customer = drive.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    stripe_id = customer.stripe_customer_id or _existing(drive) or _made(drive, customer)
    with drive.step() as (uow, row):
        uow.session.get_one(StripeCustomer, customer.id).stripe_customer_id = stripe_id
        row.step = "draft"


def forget_customer(drive: Drive, stripe_id: str) -> None:
    """Go back to finding the customer: the one we knew was deleted at Stripe."""
    with drive.step() as (uow, row):
        customer = uow.session.get_one(StripeCustomer, row.customer_id)
        if customer.stripe_customer_id == stripe_id:
            customer.stripe_customer_id = None
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


def _made(drive: Drive, customer: StripeCustomer) -> str:
    account = drive.account
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        held(uow, drive.invoice)
        intent = intend(
            uow,
            f"customer-{customer.uuid}-a{customer.attempt}",
            "/v1/customers",
            drive.plan.customer(),
            conference_id=customer.conference_id,
            purchase_order_id=None,
            now=account.now(),
        )
    try:
        made = account.gateway.write(intent.path, intent.body, idempotency_key=intent.key)
    except (StripeStored500Error, StripeIdempotencyError):
        found = _existing(drive)
        if found:
            return found
        with account.store.writing(account.actor, Act.INVOICE) as uow:
            row = uow.session.get_one(StripeCustomer, customer.id)
            row.attempt = max(row.attempt, customer.attempt + 1)
        raise
    drive.finished.append((intent.key, str(made["id"])))
    return str(made["id"])
