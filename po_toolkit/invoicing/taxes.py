"""Tax rates at Stripe, created once in each account, and tax that Stripe computed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.tax import Rate, payable
from po_toolkit.invoicing.lease import Lease
from po_toolkit.invoicing.plan import all_lines, line_key, line_taxes
from po_toolkit.money import SENT_AS_TWO_DECIMAL, minor_from_api
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.purchase_orders import refresh_status
from po_toolkit.store.tables import PurchaseOrder, StripeTaxRate
from po_toolkit.store.upsert import insert_if_new

Json = dict[str, Any]

_OURS = "po_toolkit_rate"
"""The metadata that leads from a rate at Stripe back to its row."""


def make_rate(opened: OpenConference, rate: Rate) -> str:
    """Make a rate at Stripe, once whoever else makes it too, and return its id.

    Args:
        opened: Where.
        rate: The rate.

    Raises:
        StripeGatewayError: In one of its kinds; the same call again is safe.
    """
    with opened.store.writing(opened.actor, Act.INVOICE) as uow:
        row = _row(uow, opened.conference.id, rate)
    if row.stripe_tax_rate_id:
        return row.stripe_tax_rate_id
    write = Write(
        outbox.TAX_RATE,
        f"tax-rate-{row.uuid}",
        "/v1/tax_rates",
        lambda: _body(row, rate),
        find=lambda _stored: _existing(opened, str(row.uuid)),
        conference_id=row.conference_id,
    )

    def keep(uow: UnitOfWork, outcome: Outcome) -> None:
        uow.session.get_one(StripeTaxRate, row.id).stripe_tax_rate_id = outcome.answer["id"]

    return str(outbox.perform(opened, write, Act.INVOICE, keep).answer["id"])


def _row(uow: UnitOfWork, conference_id: int, rate: Rate) -> StripeTaxRate:
    same = {"conference_id": conference_id, "fingerprint": rate.fingerprint}
    insert_if_new(
        uow.session,
        StripeTaxRate,
        {**same, "uuid": uuid4(), "attempt": 1, "created_at": utc_now()},
        [StripeTaxRate.conference_id, StripeTaxRate.fingerprint],
    )
    return uow.session.scalars(select(StripeTaxRate).filter_by(**same)).one()


def _body(row: StripeTaxRate, rate: Rate) -> Json:
    body: Json = {
        "display_name": rate.name,
        "percentage": rate.percentage,
        "inclusive": rate.inclusive,
        "metadata": {_OURS: str(row.uuid)},
    }
    further = {
        "country": rate.country,
        "state": rate.state,
        "jurisdiction": rate.jurisdiction,
        "tax_type": rate.type,
    }
    return body | {name: value for name, value in further.items() if value}


def _existing(opened: OpenConference, uuid: str) -> Json | None:
    """Return the rate that an earlier try made, by its metadata; lists are consistent."""
    for page in opened.gateway.pages("/v1/tax_rates"):
        for rate in page:
            if (rate.get("metadata") or {}).get(_OURS) == uuid:
                return rate
    return None


def taxed_lines(lease: Lease, invoice: Json) -> list[Json]:
    """Return the lines of an invoice whose tax Stripe computed; empty for any other.

    Raises:
        StripeGatewayError: Further lines could not be read.
    """
    if not lease.plan.content.automatic_tax:
        return []
    return all_lines(lease.opened.gateway, invoice)


def unpayable(invoice: Json) -> bool:
    """Tell whether Stripe computed a tax that cannot be paid in the invoice's currency."""
    currency = invoice["currency"]
    whole = currency in SENT_AS_TWO_DECIMAL
    lines = invoice["lines"]["data"] if whole else ()
    taxes = (tax["amount"] for line in lines for tax in line.get("taxes") or ())
    return not all(payable(amount, currency) for amount in (invoice["total"], *taxes))


def take_taxes(uow: UnitOfWork, order_id: int, lines: list[Json]) -> PurchaseOrder:
    """Give the locked purchase order's lines the tax that Stripe's lines bear."""
    order = uow.lock_purchase_order(order_id)
    waiting: dict[tuple[str, int], list[Json]] = {}
    for stripe_line in lines:
        waiting.setdefault((stripe_line["description"] or "", stripe_line["amount"]), []).append(
            stripe_line
        )
    for line in order.line_items:
        stripe_line = waiting[line_key(line, order.currency)].pop(0)
        on_top, included = (minor_from_api(tax, order.currency) for tax in line_taxes(stripe_line))
        line.tax_on_top, line.tax_included = on_top, included
    refresh_status(order)
    return order
