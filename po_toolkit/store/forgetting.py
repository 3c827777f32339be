"""Replacing a person's address, and the names beside it, where the books do not need them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import JSON, Connection, String, Table, func, or_, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from po_toolkit.store.database import Store
from po_toolkit.store.schema import APPEND_ONLY
from po_toolkit.store.tables import Base, PurchaseOrder, StripeCustomer, WebhookEvent

_KEPT = frozenset({*APPEND_ONLY, "conferences", "sign_outs", "stripe_writes", "money_intents"})
"""What is never changed: the ledger, the audit trail, and what was sent to Stripe."""


def open_orders(session: Session, address: str) -> list[str]:
    """Return the references of the purchase orders that still need this address."""
    orders = session.scalars(select(PurchaseOrder).where(_is_theirs(address))).unique()
    return sorted(o.reference for o in orders if o.balance_due != 0 and o.cancelled_at is None)


def stripe_customers(session: Session, address: str) -> list[str]:
    """Return the customers at Stripe that carry this address."""
    found = session.scalars(
        select(StripeCustomer.stripe_customer_id).where(
            func.lower(StripeCustomer.email) == address.lower()
        )
    )
    return sorted(filter(None, found))


def replace_address(store: Store, address: str, pseudonym: str) -> dict[str, int]:
    """Replace an address wherever it may be replaced; return how many rows of each table changed.

    The contact's name and phone number on their purchase orders become the pseudonym, too, and in
    the rows of spreadsheets that they came from. Events of Stripe that name the address lose their
    payload once they are processed.
    """
    changed: Counter[str] = Counter()
    with store.bookkeeping() as connection:
        names = _empty_contacts(connection, address, pseudonym)
        _drop_payloads(connection, address)
        for table in Base.metadata.sorted_tables:
            if table.name not in _KEPT:
                changed[table.name] += _replace_in(connection, table, address, pseudonym, names)
    return {name: number for name, number in changed.items() if number}


def kept(session: Session, address: str) -> dict[str, int]:
    """Count the rows that go on naming the address, since they are never changed."""
    found = {}
    for name in sorted(_KEPT):
        table = Base.metadata.tables[name]
        if columns := _texts(table):
            query = select(func.count()).select_from(table).where(_names(columns, address))
            if number := session.execute(query).scalar_one():
                found[name] = number
    return found


def _is_theirs(address: str) -> Any:
    return func.lower(PurchaseOrder.contact_email) == address.lower()


def _empty_contacts(connection: Connection, address: str, pseudonym: str) -> set[str]:
    """Replace name and phone number on their purchase orders; return those there were."""
    orders: Any = PurchaseOrder.__table__
    theirs = func.lower(orders.c.contact_email) == address.lower()
    rows = connection.execute(select(orders.c.contact_name, orders.c.contact_phone).where(theirs))
    names = {text for row in rows for text in row if text}
    connection.execute(
        update(orders)
        .where(theirs)
        .values(contact_name=pseudonym.partition("@")[0], contact_phone="")
    )
    return names


def _drop_payloads(connection: Connection, address: str) -> None:
    events: Any = WebhookEvent.__table__
    connection.execute(
        update(events)
        .where(events.c.state.in_(("processed", "ignored")), _names([events.c.payload], address))
        .values(payload="")
    )


def _texts(table: Table) -> list[Any]:
    return [c for c in table.c if isinstance(c.type, String | JSON) and not c.foreign_keys]


def _names(columns: list[Any], address: str) -> Any:
    plain = address.lower()
    return or_(*(func.lower(as_type(c, String)).contains(plain, autoescape=True) for c in columns))


def _replace_in(
    connection: Connection, table: Table, address: str, pseudonym: str, names: set[str]
) -> int:
    columns = _texts(table)
    if not columns:
        return 0
    keys = list(table.primary_key.columns)
    query = select(*keys, *(c for c in columns if c not in keys)).where(_names(columns, address))
    rows = connection.execute(query).mappings().all()
    for row in rows:
        values = {
            c.name: _without(
                row[c], address, pseudonym, names if table.name == "import_rows" else ()
            )
            for c in columns
            if c not in keys and row[c] is not None
        }
        which = [key == row[key] for key in keys]
        connection.execute(update(table).where(*which).values(**values))
    return len(rows)


def _without(value: Any, address: str, pseudonym: str, names: Any) -> Any:
    """Return a text, or JSON with texts in it, with the pseudonym in place of the address."""
    if isinstance(value, dict):
        return {k: _without(v, address, pseudonym, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_without(v, address, pseudonym, names) for v in value]
    if not isinstance(value, str):
        return value
    if value in names:
        return pseudonym.partition("@")[0]
    low, at, parts = value.lower(), 0, []
    while (found := low.find(address.lower(), at)) >= 0:
        parts += [value[at:found], pseudonym]
        at = found + len(address)
    return "".join([*parts, value[at:]])
