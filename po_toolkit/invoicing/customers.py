"""The sponsor as a customer of the conference's Stripe account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from po_toolkit.domain.references import comparable
from po_toolkit.domain.roles import Act
from po_toolkit.errors import StripeIdempotencyError, StripeStored500Error
from po_toolkit.invoicing.drive import Account, Drive, held
from po_toolkit.store.invoices import customer_row
from po_toolkit.store.stripe_writes import intend
from po_toolkit.store.tables import PurchaseOrder, StripeCustomer
from po_toolkit.stripe_gateway.client import PAGE

WORTH_PAGES = 20
"""From so many new sponsors on, pages of all customers are cheaper than one look-up each."""

LOOK_HOLDS = timedelta(hours=1)
"""How long 'not there' is believed; the key keeps two makers of one customer apart meanwhile."""


def customer_step(drive: Drive) -> None:
    """Find or make the customer by e-mail and organization, once for all their orders."""
    customer = drive.invoice.customer
    if customer is None:
        raise AssertionError("an invoice in flight has its customer's row")
    stripe_id = customer.stripe_customer_id
    if not stripe_id and not _just_looked_for(drive, customer):
        stripe_id = _existing(drive)
    stripe_id = stripe_id or _made(drive, customer)
    with drive.step() as (uow, row):
        uow.session.get_one(StripeCustomer, customer.id).stripe_customer_id = stripe_id
        row.step = "draft"


def find_customers(account: Account, orders: Iterable[PurchaseOrder]) -> None:
    """Look for many new sponsors at Stripe by pages of all customers, not one by one.

    What was found, and that the rest is not there, is stored with each sponsor's row, so that
    every process that works the batch knows. Below 20 new sponsors it does nothing; in an account
    with many customers it stops when one by one would be cheaper.
    """
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        rows = {row.id: row for row in (customer_row(uow, order) for order in orders)}
    new = {(r.email, r.organization_key): r.id for r in rows.values() if not r.stripe_customer_id}
    if len(new) < WORTH_PAGES:
        return
    found: dict[int, tuple[int, str]] = {}
    pages = account.gateway.pages("/v1/customers")
    for number, page in enumerate(pages, start=1):
        for seen in page:
            row_id = new.get(
                ((seen.get("email") or "").casefold(), comparable(seen.get("name") or ""))
            )
            if row_id is not None:
                found[row_id] = min(
                    found.get(row_id, (seen["created"], seen["id"])), (seen["created"], seen["id"])
                )
        if number > len(new) // 10 and len(page) == PAGE:
            break
    else:
        _note_absent(account, set(new.values()) - set(found))
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        for row_id, (_, stripe_id) in found.items():
            uow.session.get_one(StripeCustomer, row_id).stripe_customer_id = stripe_id


def _note_absent(account: Account, row_ids: set[int]) -> None:
    with account.store.writing(account.actor, Act.INVOICE) as uow:
        for row_id in row_ids:
            uow.session.get_one(StripeCustomer, row_id).looked_for_at = account.now()


def _just_looked_for(drive: Drive, customer: StripeCustomer) -> bool:
    """Tell whether the account is known not to have this customer, unless we made it since."""
    looked = customer.looked_for_at
    fresh = looked is not None and drive.account.now() - looked < LOOK_HOLDS
    return fresh and not drive.resumed and customer.attempt == 1


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
