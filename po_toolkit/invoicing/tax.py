"""Tax rates at Stripe, made once in each account and then named by every invoice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from po_toolkit import outbox
from po_toolkit.context import OpenConference
from po_toolkit.domain.roles import Act
from po_toolkit.domain.tax import Rate
from po_toolkit.outbox import Outcome, Write
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import StripeTaxRate
from po_toolkit.store.upsert import insert_if_new

Json = dict[str, Any]

_OURS = "po_toolkit_rate"
"""The metadata that leads from a rate at Stripe back to its row."""


def known_rates(uow: UnitOfWork, conference_id: int, wanted: Iterable[str]) -> dict[str, str]:
    """Return the Stripe ids of rates that were made, by fingerprint."""
    rows = uow.session.execute(
        select(StripeTaxRate.fingerprint, StripeTaxRate.stripe_tax_rate_id).where(
            StripeTaxRate.conference_id == conference_id,
            StripeTaxRate.fingerprint.in_(list(wanted)),
            StripeTaxRate.stripe_tax_rate_id.is_not(None),
        )
    )
    return {fingerprint: str(stripe_id) for fingerprint, stripe_id in rows}


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
