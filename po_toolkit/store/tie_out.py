"""What the tie-out reads: ledger, balance transactions, payouts, bank lines and their matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from po_toolkit.store.tables import (
    BalanceTransaction,
    BankMatch,
    BankTransaction,
    Invoice,
    LedgerEntry,
    Payout,
    PurchaseOrder,
)

Rows = Sequence[Any]
"""Named tuples with the columns that are selected below."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The rows of all four sides up to a day; amounts in minor units."""

    entries: Rows
    moves: Rows
    payouts: Rows
    lines: Rows
    matches: Rows


def sides(session: Session, conference_id: int, *, day: date, before: datetime) -> Sides:
    """Read all four sides.

    ``day`` is the last one of ledger entries and bank lines, ``before`` the first instant that no
    longer counts for what Stripe dates by the second.
    """
    return Sides(
        entries=_entries(session, conference_id, day),
        moves=_moves(session, conference_id, before),
        payouts=_payouts(session, conference_id, before),
        lines=_lines(session, conference_id, day),
        matches=_matches(session, conference_id),
    )


def _entries(session: Session, conference_id: int, day: date) -> Rows:
    e, po, inv = LedgerEntry, PurchaseOrder, Invoice
    return session.execute(
        select(
            e.id, e.kind, e.method, e.amount, e.currency, e.source, e.source_id,
            e.stripe_payment_id, e.payment_date, e.booked_on,
            po.reference, po.organization_name, inv.stripe_invoice_id, inv.number,
        )
        .join(po, po.id == e.purchase_order_id)
        .outerjoin(inv, inv.id == e.invoice_id)
        .where(e.conference_id == conference_id, e.booked_on <= day)
        .order_by(e.id)
    ).all()  # fmt: skip


def _moves(session: Session, conference_id: int, before: datetime) -> Rows:
    t = BalanceTransaction
    return session.execute(
        select(
            t.id, t.stripe_id, t.payout_id, t.type, t.currency, t.amount, t.fee, t.net,
            t.fee_details, t.exchange_rate, t.method, t.source_id, t.charge_id,
            t.payment_intent_id, t.description, t.made_at,
        )
        .where(t.conference_id == conference_id, t.made_at < before)
        .order_by(t.made_at, t.id)
    ).all()  # fmt: skip


def _payouts(session: Session, conference_id: int, before: datetime) -> Rows:
    p = Payout
    return session.execute(
        select(
            p.id, p.stripe_payout_id, p.amount, p.currency, p.status, p.automatic, p.method,
            p.arrival_date, p.trace_id, p.failure_code, p.failure_message, p.itemised, p.made_at,
        )
        .where(p.conference_id == conference_id, p.made_at < before)
        .order_by(p.made_at, p.id)
    ).all()  # fmt: skip


def _lines(session: Session, conference_id: int, day: date) -> Rows:
    b = BankTransaction
    return session.execute(
        select(
            b.id, b.account, b.currency, b.amount, b.booked_on, b.counterparty, b.text, b.set_aside
        )
        .where(b.conference_id == conference_id, b.booked_on <= day)
        .order_by(b.booked_on, b.id)
    ).all()


def _matches(session: Session, conference_id: int) -> Rows:
    m, e, po = BankMatch, LedgerEntry, PurchaseOrder
    return session.execute(
        select(
            m.id, m.uuid, m.bank_transaction_id, m.kind, m.payout_id, m.entry_id, m.amount,
            m.charges, m.rule, m.evidence, m.purchase_order_id,
            e.booked_on, po.reference, po.organization_name,
        )
        .outerjoin(e, e.id == m.entry_id)
        .outerjoin(po, po.id == e.purchase_order_id)
        .where(m.conference_id == conference_id, m.state == "applied")
        .order_by(m.id)
    ).all()  # fmt: skip
