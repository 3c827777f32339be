"""Replacing a person's address, name and phone number where the books do not need them."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from po_toolkit.domain.roles import Act, Actor
from po_toolkit.domain.states import WriteState
from po_toolkit.store import audit_chain
from po_toolkit.store.database import Store
from po_toolkit.store.schema import APPEND_ONLY, unlocked
from po_toolkit.store.tables import (
    AuditEntry,
    Base,
    ClosedPeriod,
    ContactCall,
    ImportBatch,
    ImportRow,
    Invoice,
    InvoiceDocument,
    PurchaseOrder,
    PurchaseOrderFile,
    RowVersion,
    StripeCustomer,
    StripeWrite,
    WebhookEvent,
)

_BOOKS = frozenset(
    {
        "approvals",
        "balance_transactions",
        "bank_matches",
        "bank_statements",
        "bank_transactions",
        "closed_periods",
        "conferences",
        "credit_notes",
        "ledger_entries",
        "payouts",
        "purchase_order_line_items",
        "quarantined_bank_lines",
        "sign_outs",
    }
)
"""Tables that are kept as they are: vouchers, the ledger, and what belongs to the organizers."""
_NAMES_OF_SPONSORS = {
    "audit_entries": frozenset({"actor"}),
    "purchase_orders": frozenset(
        {"organization_name", "organization_key", "billing_address", "po_number", "po_number_key"}
    ),
}
"""Columns of other tables that the books need: who was billed, and who acted."""
_JSON_AS_TEXT = frozenset({"body", "payload"})
_GAP = r"[\s().\-/]{0,3}"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data are looked for: what they are called, and which purchase orders are theirs."""

    address: str
    pseudonym: str
    orders: frozenset[int] = frozenset()
    """Those whose contact they are."""
    earlier_orders: frozenset[int] = frozenset()
    """Those whose contact they were."""
    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    address_pattern: re.Pattern[str] = field(init=False)
    name_pattern: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        """Make the patterns: whole addresses and names, phone numbers however they are grouped."""
        address = rf"(?<![\w.+%-]){re.escape(self.address)}(?![\w-]|\.\w)"
        object.__setattr__(self, "address_pattern", re.compile(address, re.IGNORECASE))
        parts = [
            r"(?<!\w)" + r"\s+".join(map(re.escape, name.split())) + r"(?!\w)"
            for name in sorted(self.names, key=len, reverse=True)
        ]
        for phone in self.phones:
            digits = re.findall(r"\d", phone)
            if len(digits) >= 6:  # fewer may be anything; the prefix is written in many ways
                parts.append(r"[+(]?[\d\s().\-/]*" + _GAP.join(digits[-7:]) + r"(?!\d)")
        pattern = re.compile("|".join(parts), re.IGNORECASE) if parts else None
        object.__setattr__(self, "name_pattern", pattern)

    @property
    def all_orders(self) -> frozenset[int]:
        """All purchase orders whose contact they are or were."""
        return self.orders | self.earlier_orders

    def without(self, value: Any, *, names: bool) -> Any:
        """Return a text, or JSON with texts in it, with the pseudonym in place of the data."""
        if isinstance(value, dict):
            return {k: self.without(v, names=names) for k, v in value.items()}
        if isinstance(value, list):
            return [self.without(v, names=names) for v in value]
        if not isinstance(value, str):
            return value
        value = self.address_pattern.sub(self.pseudonym, value)
        if names and self.name_pattern is not None:
            value = self.name_pattern.sub(self.pseudonym.partition("@")[0], value)
        return value

    def names_in(self, value: Any, *, names: bool = False) -> bool:
        """Tell whether a text, or JSON with texts in it, has the address (or a name)."""
        return bool(self.without(value, names=names) != value)


def find(session: Session, address: str, pseudonym: str) -> Person:
    """Return what the database knows of the person behind an address."""
    person = Person(address, pseudonym)
    theirs = select(
        PurchaseOrder.id,
        PurchaseOrder.contact_name,
        PurchaseOrder.contact_phone,
        PurchaseOrder.organization_name,
    ).where(_is_theirs(address))
    orders, earlier = set(), set()
    names, phones, sponsors = set(), set(), set()
    for row in session.execute(theirs):
        orders.add(row.id)
        names.add(row.contact_name.strip())
        phones.add(row.contact_phone.strip())
        sponsors.add(row.organization_name.strip().casefold())
    for order_id, values in _contacts_in_trail(session, person, orders):
        earlier.add(order_id)
        names.add(str(values.get("contact_name") or "").strip())
        phones.add(str(values.get("contact_phone") or "").strip())
    for version in session.scalars(
        select(RowVersion).where(
            RowVersion.table_name == "purchase_orders", _mentions([RowVersion.old_values], address)
        )
    ):
        if person.names_in(version.old_values.get("contact_email", "")):
            earlier.add(version.row_id)
    for cells in _cells_beside(session, person):
        names.add(cells.get("contact_name", ""))
        phones.add(cells.get("contact_phone", ""))
    return Person(
        address,
        person.pseudonym,
        frozenset(orders),
        frozenset(earlier - orders),
        frozenset(n for n in names if len(n) > 1 and n.casefold() not in sponsors),
        frozenset(filter(None, phones)),
    )


def _contacts_in_trail(
    session: Session, person: Person, orders: set[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield what the audit log says of contacts while they had the address, by purchase order."""
    theirs = AuditEntry.subject_id.in_([str(order_id) for order_id in orders])
    named = _mentions([AuditEntry.before, AuditEntry.after], person.address)
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_type == "PurchaseOrder", or_(theirs, named))
        .order_by(AuditEntry.id.desc())
    )
    had: dict[int, bool] = dict.fromkeys(orders, True)
    for entry in entries:
        order_id = int(entry.subject_id)
        for values in (entry.after, entry.before):
            if "contact_email" in values:
                had[order_id] = person.names_in(values["contact_email"])
            if had.get(order_id):
                yield order_id, values


def _cells_beside(session: Session, person: Person) -> Iterator[dict[str, str]]:
    """Yield the cells of spreadsheets' rows that name the address, by field."""
    rows = session.execute(
        select(ImportRow.cells, ImportBatch.headers, ImportBatch.mapping)
        .join(ImportBatch, ImportBatch.id == ImportRow.batch_id)
        .where(_mentions([ImportRow.cells], person.address))
    )
    for cells, headers, mapping in rows:
        by_column = dict(zip(headers, cells, strict=False))
        fields = {f: str(by_column.get(c) or "").strip() for f, c in mapping.items()}
        if person.names_in(fields.get("contact_email", "")):
            yield fields


def in_the_way(session: Session, address: str) -> list[str]:
    """Return what still needs this address: purchase orders, and writes to Stripe that wait."""
    orders = session.scalars(select(PurchaseOrder).where(_is_theirs(address))).unique()
    found = sorted(o.reference for o in orders if o.balance_due != 0 and o.cancelled_at is None)
    person = Person(address, "")
    waiting = session.execute(
        select(StripeWrite.kind, StripeWrite.body).where(
            StripeWrite.state == WriteState.PENDING.value
        )
    )
    return found + [
        f"a write to Stripe that is not finished ({w.kind})"
        for w in waiting
        if person.names_in(w.body)
    ]


def attached_files(session: Session, address: str) -> int:
    """Count the files that staff attached to their purchase orders."""
    query = (
        select(func.count(PurchaseOrderFile.id))
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseOrderFile.purchase_order_id)
        .where(_is_theirs(address))
    )
    return session.execute(query).scalar_one()


def stripe_customers(session: Session, address: str) -> list[str]:
    """Return the customers at Stripe that carry this address."""
    found = session.scalars(
        select(StripeCustomer.stripe_customer_id).where(
            func.lower(StripeCustomer.email) == address.lower()
        )
    )
    return sorted(filter(None, found))


def forget(
    store: Store, person: Person, actor: Actor, at: datetime, *, delete_files: bool
) -> dict[str, int]:
    """Replace a person's data wherever it may be replaced; return how many rows of each table.

    On their purchase orders, and in every row that names the address, their name and phone number
    are replaced too. Notes of calls about their purchase orders are emptied, and payloads of events
    that were processed. The audit log keeps each entry's digest; an entry at its end notes which
    entries were rewritten and what they say now, so that it can still be proven.
    """
    changed: Counter[str] = Counter()
    with store.bookkeeping() as connection, unlocked(connection, APPEND_ONLY):
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        _empty(connection, person, changed, delete_files=delete_files)
        for table in Base.metadata.sorted_tables:
            if table.name not in _BOOKS and table.name != AuditEntry.__tablename__:
                changed[table.name] += len(_replace_in(connection, table, person))
        rewritten = _replace_in(connection, cast(Table, AuditEntry.__table__), person)
        changed[AuditEntry.__tablename__] = len(rewritten)
        counts = {name: number for name, number in changed.items() if number}
        entry = {
            "at": at,
            "actor": actor.name,
            "act": Act.FORGET.value,
            "conference_id": None,
            "subject_type": "Person",
            "subject_id": person.pseudonym,
            "before": {},
            "after": {"replaced": counts, **audit_chain.note_rewritten(rewritten)},
        }
        if counts:
            audit_chain.append(connection, [entry])
    store.compact()
    return counts


def kept(session: Session, person: Person) -> dict[str, int]:
    """Count the rows that go on naming the person, since the books need them."""
    found: Counter[str] = Counter()
    needles = [person.address, *(n for n in person.names if " " in n), *person.phones]
    for table in Base.metadata.sorted_tables:
        only = None if table.name in _BOOKS else _NAMES_OF_SPONSORS.get(table.name)
        if table.name not in _BOOKS and only is None:
            continue
        columns = [c for c in _texts(table) if only is None or c.name in only]
        if columns:
            condition = or_(*(_mentions(columns, needle) for needle in needles))
            rows = session.execute(select(*columns).where(condition)).all()
            found[table.name] += sum(
                any(person.names_in(value, names=True) for value in row) for row in rows
            )
    for report in session.scalars(select(ClosedPeriod.report)):
        found["closed_periods"] += person.names_in(
            zlib.decompress(report).decode(errors="replace"), names=True
        )
    for model in (InvoiceDocument, PurchaseOrderFile):
        query = select(func.count(model.id)).where(model.purchase_order_id.in_(person.orders))
        found[model.__tablename__] += session.execute(query).scalar_one()
    return {name: number for name, number in found.items() if number}


def _is_theirs(address: str) -> Any:
    return func.lower(PurchaseOrder.contact_email) == address.lower()


def _empty(
    connection: Connection, person: Person, changed: Counter[str], *, delete_files: bool
) -> None:
    """Replace the contact of their purchase orders, and drop what is about them alone."""
    orders = cast(Table, PurchaseOrder.__table__)
    connection.execute(
        update(orders)
        .where(orders.c.id.in_(person.orders))
        .values(contact_name=person.pseudonym.partition("@")[0], contact_phone="")
    )
    cc = select(orders.c.id, orders.c.cc_emails).where(
        _mentions([orders.c.cc_emails], person.address)
    )
    for order_id, addresses in connection.execute(cc).all():
        left = [a for a in re.split(r"\s*,\s*", addresses) if not person.names_in(a)]
        if ", ".join(left) != addresses:
            connection.execute(
                update(orders).where(orders.c.id == order_id).values(cc_emails=", ".join(left))
            )
            changed["purchase_orders"] += order_id not in person.orders
    calls = cast(Table, ContactCall.__table__)
    changed["contact_calls"] = connection.execute(
        update(calls)
        .where(calls.c.purchase_order_id.in_(person.orders), calls.c.note != "")
        .values(note="")
    ).rowcount
    if delete_files:
        files = cast(Table, PurchaseOrderFile.__table__)
        changed["purchase_order_files"] = connection.execute(
            delete(files).where(files.c.purchase_order_id.in_(person.orders))
        ).rowcount
    events = cast(Table, WebhookEvent.__table__)
    changed["webhook_events"] = connection.execute(
        update(events)
        .where(
            events.c.state.in_(("processed", "ignored")),
            _mentions([events.c.payload], person.address),
        )
        .values(payload="")
    ).rowcount


def _texts(table: Table) -> list[Any]:
    return [c for c in table.c if isinstance(c.type, String | JSON) and not c.foreign_keys]


def _mentions(columns: Iterable[Any], needle: str) -> Any:
    """Return the condition that a column may hold a text, in any case; true where it is unsure.

    JSON holds letters outside ASCII as escapes, and SQLite folds the case of ASCII only.
    """
    if not needle.isascii():
        return true()
    plain = needle.lower()
    return or_(*(func.lower(as_type(c, String)).contains(plain, autoescape=True) for c in columns))


def _about_their_orders(table: Table, person: Person) -> Any:
    """Return the condition that a row belongs to a purchase order of the person."""
    orders = person.all_orders
    if table.name == "purchase_orders":
        return table.c.id.in_(person.orders)
    if table.name == "audit_entries":
        ids = [str(order_id) for order_id in orders]
        return and_(table.c.subject_type == "PurchaseOrder", table.c.subject_id.in_(ids))
    if table.name == "row_versions":
        invoices = select(Invoice.id).where(Invoice.purchase_order_id.in_(orders))
        return or_(
            and_(table.c.table_name == "purchase_orders", table.c.row_id.in_(orders)),
            and_(table.c.table_name == "invoices", table.c.row_id.in_(invoices)),
        )
    return table.c.purchase_order_id.in_(orders) if "purchase_order_id" in table.c else false()


def _replace_in(connection: Connection, table: Table, person: Person) -> list[dict[str, Any]]:
    """Replace a person's data in a table; return the rows that changed, as they are now."""
    kept_columns = _NAMES_OF_SPONSORS.get(table.name, frozenset())
    keys = list(table.primary_key.columns)
    columns = [c for c in _texts(table) if c not in keys and c.name not in kept_columns]
    if not columns:
        return []
    wanted = [_mentions(columns, person.address), _about_their_orders(table, person)]
    if table.name == "import_rows":  # also those whose address is damaged
        wanted += [_mentions(columns, name) for name in person.names]
    query = select(*(c for c in table.c if not isinstance(c.type, LargeBinary))).where(or_(*wanted))
    changed = []
    for found in connection.execute(query).mappings().all():
        row: dict[str, Any] = dict(found)
        if table.name == "import_rows":
            row["known_columns"] = _known_columns(connection, row["batch_id"])
        values = {c.name: _replaced(row, c.name, person) for c in columns if row[c.name]}
        values = {name: value for name, value in values.items() if value != row[name]}
        if values:
            which = [key == row[key.name] for key in keys]
            connection.execute(update(table).where(*which).values(**values))
            changed.append(row | values)
    return changed


def _replaced(row: Mapping[str, Any], column: str, person: Person) -> Any:
    value = row[column]
    if column in _JSON_AS_TEXT:
        try:
            whole = json.loads(value)
        except ValueError:
            return person.without(value, names=True)
        left = person.without(whole, names=True)
        return value if left == whole else json.dumps(left, ensure_ascii=False)
    if column == "cells" and not person.names_in(value):
        # another person may have the same name: only where the row has no address of theirs
        return value if "@" in str(value) else person.without(value, names=True)
    if column == "cells":  # what no field was read from may say anything of the person
        known = row["known_columns"]
        value = [cell if place in known else "" for place, cell in enumerate(value)]
    if column == "after" and row.get("act") == Act.LOG_CALL.value and value.get("note"):
        value = value | {"note": person.pseudonym.partition("@")[0]}
    return person.without(value, names=True)


def _known_columns(connection: Connection, batch_id: int) -> set[int]:
    """Return the places of the columns of a spreadsheet that were read as fields."""
    batches = cast(Table, ImportBatch.__table__)
    query = select(batches.c.headers, batches.c.mapping).where(batches.c.id == batch_id)
    headers, mapping = connection.execute(query).one()
    return {place for place, header in enumerate(headers) if header in mapping.values()}
