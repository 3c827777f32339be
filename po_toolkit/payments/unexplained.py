"""What a sync meets at Stripe that belongs to no purchase order, kept for reconciliation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from po_toolkit.domain.roles import STRIPE, Act
from po_toolkit.store import stripe_only
from po_toolkit.store.database import Store
from po_toolkit.store.tables import Conference

Json = dict[str, Any]

EVENT_TYPES = ("customer.updated", "customer_cash_balance_transaction.created")
"""News of money that lies at Stripe without paying an invoice."""

_NOT_SENT = ("draft", None)


def take_strays(
    store: Store, conference: Conference, invoices: Iterable[Json], *, read_at: datetime
) -> None:
    """Keep the invoices that were sent to somebody; those of another conference are left out."""
    sent = [
        said
        for said in invoices
        if said.get("status") not in _NOT_SENT
        and said.get("collection_method") == "send_invoice"
        and (said.get("metadata") or {}).get("conference_slug", conference.slug) == conference.slug
    ]
    if sent:
        with store.writing(STRIPE, Act.SYNC) as uow:
            stripe_only.note_strays(uow, conference, sent, read_at)


def take_customer(
    store: Store, conference: Conference, customer: Json, *, read_at: datetime
) -> None:
    """Keep the credit that an overpayment left on a customer."""
    by_currency = customer.get("invoice_credit_balance") or {}
    if not by_currency and customer.get("currency"):
        by_currency = {customer["currency"]: customer.get("balance") or 0}
    with store.writing(STRIPE, Act.SYNC) as uow:
        for currency, owed in by_currency.items():
            stripe_only.note_balance(
                uow,
                conference,
                customer,
                kind="credit",
                currency=currency,
                api_amount=-owed,
                read_at=read_at,
            )


def take_event(store: Store, conference: Conference, event: Json, *, read_at: datetime) -> None:
    """Keep what one of ``EVENT_TYPES`` says; events are read in the order they happened."""
    thing = event["data"]["object"]
    if event["type"] == "customer.updated":
        before = event["data"].get("previous_attributes") or {}
        if "balance" in before or "invoice_credit_balance" in before:
            take_customer(store, conference, thing, read_at=read_at)
        return
    with store.writing(STRIPE, Act.SYNC) as uow:
        stripe_only.note_balance(
            uow,
            conference,
            {"id": thing["customer"]},
            kind="cash",
            currency=thing["currency"],
            api_amount=thing["ending_balance"],
            read_at=read_at,
        )
