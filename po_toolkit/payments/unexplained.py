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

_NOT_SENT = ("draft", None)

MONEY_FIELDS = ("cash_balance", "invoice_credit_balance")
"""Fields of a customer that Stripe leaves out unless they are expanded. Source: API reference."""


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
    """Keep what lies at Stripe of a customer's money, as far as it is said.

    An overpayment leaves credit, and a bank transfer that fitted no invoice waits as cash. The
    default currency's balance is below zero where it is credit, the others' above zero.
    """
    credit = dict(customer.get("invoice_credit_balance") or {})
    if customer.get("currency"):
        credit[customer["currency"]] = -(customer.get("balance") or 0)
    with store.writing(STRIPE, Act.SYNC) as uow:
        stripe_only.note_balances(
            uow, conference, customer, kind="credit", api_amounts=credit, read_at=read_at
        )
        if "cash_balance" in customer:
            waiting = (customer["cash_balance"] or {}).get("available") or {}
            stripe_only.note_balances(
                uow, conference, customer, kind="cash", api_amounts=waiting, read_at=read_at
            )


def says_money(customer: Json) -> bool:
    """Tell whether a customer, as Stripe shows him, has credit or owes from before, or has cash."""
    waiting = (customer.get("cash_balance") or {}).get("available") or {}
    credit = customer.get("invoice_credit_balance") or {}
    return any([customer.get("balance"), *credit.values(), *waiting.values()])
