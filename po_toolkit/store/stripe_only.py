"""What Stripe has and no purchase order explains: stray invoices and customers' balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.money import minor_from_api
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import Conference, CustomerBalance, PurchaseOrder, StrayInvoice

Json = Mapping[str, Any]

TRANSFER = "customer_balance"
"""Stripe's name of bank transfers to a sponsor's virtual account."""


def note_strays(
    uow: UnitOfWork, conference: Conference, invoices: Sequence[Json], read_at: datetime
) -> None:
    """Note what Stripe says of invoices that belong to no purchase order."""
    rows = uow.session.scalars(
        select(StrayInvoice).where(
            StrayInvoice.conference_id == conference.id,
            StrayInvoice.stripe_invoice_id.in_([said["id"] for said in invoices]),
        )
    )
    known = {row.stripe_invoice_id: row for row in rows}
    for said in invoices:
        row = known.get(said["id"])
        if row is None:
            row = StrayInvoice(conference_id=conference.id, stripe_invoice_id=said["id"])
            known[said["id"]] = row
            uow.session.add(row)
        elif row.read_at > read_at:
            continue
        metadata = said.get("metadata") or {}
        currency = said["currency"]
        row.number = said.get("number") or ""
        row.customer_name = said.get("customer_name") or ""
        row.customer_email = said.get("customer_email") or ""
        row.named_reference = metadata.get("purchase_order_ref") or ""
        row.ignored = metadata.get("po_toolkit") == "ignore"
        row.stripe_status = said["status"]
        row.currency = currency
        row.total = minor_from_api(said["total"], currency)
        row.amount_paid = minor_from_api(said["amount_paid"], currency)
        row.read_at = read_at


def note_balances(
    uow: UnitOfWork,
    conference: Conference,
    customer: Json,
    *,
    kind: str,
    api_amounts: Mapping[str, int],
    read_at: datetime,
) -> None:
    """Note how much of a customer's money lies at Stripe.

    Args:
        uow: The transaction.
        conference: Whose account.
        customer: Stripe's id and, where known, name and e-mail.
        kind: ``cash`` or ``credit``.
        api_amounts: By currency, in Stripe's API units, above zero when the money is the
            customer's; nothing lies there in any other currency.
        read_at: When Stripe said so.
    """
    rows = uow.session.scalars(
        select(CustomerBalance).where(
            CustomerBalance.conference_id == conference.id,
            CustomerBalance.stripe_customer_id == customer["id"],
            CustomerBalance.kind == kind,
        )
    )
    known = {row.currency: row for row in rows}
    for currency in {**known, **api_amounts}:
        amount = max(minor_from_api(api_amounts.get(currency, 0), currency), 0)
        row = known.get(currency)
        if row is None:
            if not amount:
                continue
            row = CustomerBalance(
                conference_id=conference.id,
                stripe_customer_id=customer["id"],
                kind=kind,
                currency=currency,
            )
            uow.session.add(row)
        elif row.read_at > read_at:
            continue
        row.amount = amount
        row.customer_name = customer.get("name") or row.customer_name or ""
        row.customer_email = customer.get("email") or row.customer_email or ""
        row.read_at = read_at


def with_money(session: Session, conference: Conference) -> set[str]:
    """Return the Stripe ids of the customers of whom money is noted."""
    query = select(CustomerBalance.stripe_customer_id).where(
        CustomerBalance.conference_id == conference.id, CustomerBalance.amount > 0
    )
    return set(session.scalars(query))


def takes_transfers(session: Session, conference: Conference) -> bool:
    """Tell whether bank transfers to virtual accounts are or were offered to anybody."""
    named = session.scalars(
        select(PurchaseOrder.payment_methods).where(
            PurchaseOrder.conference_id == conference.id,
            PurchaseOrder.payment_methods.is_not(None),
        )
    )
    noted = select(CustomerBalance.id).where(
        CustomerBalance.conference_id == conference.id, CustomerBalance.kind == "cash"
    )
    return (
        TRANSFER in conference.payment_methods
        or any(TRANSFER in (methods or ()) for methods in named)
        or session.scalars(noted.limit(1)).first() is not None
    )
