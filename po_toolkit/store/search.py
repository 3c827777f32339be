"""Finding a purchase order by whatever a caller says: name, contact, number, reference, amount."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from po_toolkit.domain.bank_matching.vocabulary import fold
from po_toolkit.money import CURRENCIES, exponent
from po_toolkit.store.tables import (
    BankMatch,
    BankTransaction,
    Conference,
    Invoice,
    LedgerEntry,
    PurchaseOrder,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A purchase order, or a bank line without one, and what of it was looked for."""

    order_id: int | None
    why: str
    line_id: int | None = None


def search(
    session: Session, conference: Conference, text: str, amount: Decimal | None
) -> list[Found]:
    """Return what fits a text, the surest first; each purchase order once.

    All words must be in sponsor, contact, email, phone, PO number or our reference, in any order,
    with or without accents; or the whole text is in an invoice's number or Stripe id, in the
    reference of a payment or bank line; or the amount is a total, a balance or a payment. The text
    is not empty; ``amount`` is what was typed as an amount in major units.
    """
    wanted = text.strip()
    found = [
        *_by_number(session, conference, wanted),
        *_by_words(session, conference, wanted),
        *(_by_amount(session, conference, amount) if amount is not None and amount > 0 else ()),
        *_bank_lines(session, conference, wanted),
    ]
    firsts: dict[Any, Found] = {}
    for hit in found:
        firsts.setdefault(hit.order_id or -(hit.line_id or 0), hit)
    return list(firsts.values())


def _by_number(session: Session, conference: Conference, wanted: str) -> Iterable[Found]:
    """Look for our reference, an invoice's number or id, and a payment's reference."""
    po, inv, entry = PurchaseOrder, Invoice, LedgerEntry
    exact = session.scalars(
        select(po.id).where(po.conference_id == conference.id, po.reference == wanted.upper())
    )
    yield from (Found(i, "reference") for i in exact)
    for i, number in session.execute(
        select(inv.purchase_order_id, inv.number)
        .where(
            inv.conference_id == conference.id,
            or_(_dictated(inv.number, wanted), inv.stripe_invoice_id == wanted),
        )
        .order_by(inv.id.desc())
    ):
        yield Found(i, f"invoice {number}")
    for i, reference in session.execute(
        select(entry.purchase_order_id, entry.reference)
        .where(
            entry.conference_id == conference.id,
            or_(_dictated(entry.reference, wanted), entry.source_id == wanted),
        )
        .order_by(entry.id.desc())
    ):
        yield Found(i, f"payment {reference}".strip())


def _dictated(column: Any, wanted: str) -> Any:
    """Compare without spaces and hyphens, which nobody says on the phone."""
    held, said = func.lower(column), wanted.lower()
    for mark in " -":
        held, said = func.replace(held, mark, ""), said.replace(mark, "")
    return held.contains(said, autoescape=True) if said else false()


def _contains(column: Any, folded: str) -> Any:
    return func.lower(column).contains(folded, autoescape=True)


def _by_words(session: Session, conference: Conference, wanted: str) -> Iterable[Found]:
    """Look for every word in what names the sponsor and the purchase order.

    Accents are folded here, since SQLite cannot.
    """
    words = {plain: fold(wanted, plain=plain).split() for plain in (True, False)}
    po = PurchaseOrder
    rows = session.execute(
        select(
            po.id,
            po.organization_name,
            po.contact_name,
            po.contact_email,
            po.contact_phone,
            po.po_number,
            po.reference,
        )
        .where(po.conference_id == conference.id)
        .order_by(po.organization_key, po.id)
    )
    for order_id, *fields in rows:
        text = " ".join(fields)
        for plain in (True, False):
            folded = text.lower() if text.isascii() else fold(text, plain=plain)
            if all(word in folded for word in words[plain]):
                yield Found(order_id, _field(fields, words[plain], plain=plain))
                break


_FIELDS = ("sponsor", "contact", "email", "phone", "PO number", "reference")


def _field(fields: Sequence[str], words: Sequence[str], *, plain: bool) -> str:
    """Return which field holds all the words, or ``""`` where several do together."""
    for name, value in zip(_FIELDS, fields, strict=True):
        if all(word in fold(value, plain=plain) for word in words):
            return name
    return ""


def _by_amount(session: Session, conference: Conference, amount: Decimal) -> Iterable[Found]:
    """Look for a total, a balance or a payment of this amount, in any currency."""
    codes: dict[int, list[str]] = {}
    for code in sorted(CURRENCIES):
        codes.setdefault(exponent(code), []).append(code)
    places = {p: c for p, c in codes.items() if amount.scaleb(p) % 1 == 0}
    po, entry = PurchaseOrder, LedgerEntry

    def equal(currency: Any, *columns: Any) -> Any:
        return or_(
            *(
                and_(currency.in_(known), or_(*(c == int(amount.scaleb(p)) for c in columns)))
                for p, known in places.items()
            )
        )

    if not places:
        return
    for order_id in session.scalars(
        select(po.id)
        .where(
            po.conference_id == conference.id,
            equal(po.currency, po.sum_total, po.kept_balance),
        )
        .order_by(po.id)
    ):
        yield Found(order_id, "amount")
    for order_id in session.scalars(
        select(entry.purchase_order_id)
        .where(entry.conference_id == conference.id, equal(entry.currency, entry.amount))
        .order_by(entry.id.desc())
    ):
        yield Found(order_id, "payment of this amount")


def _bank_lines(session: Session, conference: Conference, wanted: str) -> Iterable[Found]:
    """Look for bank lines of this reference, and the purchase orders that they paid."""
    line, match = BankTransaction, BankMatch
    rows = session.execute(
        select(line.id, match.purchase_order_id, line.counterparty, line.text)
        .outerjoin(match, and_(match.bank_transaction_id == line.id, match.state == "applied"))
        .where(
            line.conference_id == conference.id,
            or_(
                _dictated(line.bank_reference, wanted),
                *(_contains(c, wanted.lower()) for c in (line.text, line.counterparty)),
            ),
        )
        .order_by(line.id.desc())
    )
    for line_id, order_id, counterparty, text in rows:
        why = "bank line" if order_id is not None else counterparty or text
        yield Found(order_id, why, line_id)
