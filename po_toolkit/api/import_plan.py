"""What an import would do with each purchase order, given what is in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.duplicates import Content, difference, in_common
from po_toolkit.domain.sums import Status
from po_toolkit.importers.orders import SheetReading
from po_toolkit.importers.problems import RowProblem, in_order
from po_toolkit.importers.rows import Known, Order, doubts
from po_toolkit.importers.table import Table
from po_toolkit.store.imports import (
    KnownOrder,
    OrderKey,
    invoice_owners,
    known_orders,
    order_key,
    sponsor_names,
)


@dataclass(slots=True)
class Plan:
    """What is to be done with each purchase order of a sheet."""

    orders: list[Order] = field(default_factory=list)
    """To take."""
    duplicates: list[tuple[Order, KnownOrder]] = field(default_factory=list)
    """There already, with the same content."""
    rejected: list[list[int]] = field(default_factory=list)
    errors: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_import(
    session: Session,
    opened: OpenConference,
    reading: SheetReading,
    table: Table,
    *,
    allow_duplicates: bool,
) -> Plan:
    """Compare what was read with what is there."""
    plan = Plan(
        rejected=list(reading.rejected),
        errors=list(reading.errors),
        warnings=list(reading.warnings),
        notes=list(reading.notes),
    )
    keys = {id(o): order_key(o.organization_name, o.po_number) for o in reading.orders}
    known = known_orders(session, opened.conference.id, keys.values())
    claimed = [o.stripe_invoice_id for o in reading.orders if o.stripe_invoice_id]
    owners = invoice_owners(session, opened.conference.id, claimed)
    seen: Counter[object] = Counter()
    repeated = {
        id(order): _same(order, known.get(keys[id(order)], ()), seen) for order in reading.orders
    }
    met = {same.id for same in repeated.values() if same is not None}
    others = _others(known, met)
    for order in reading.orders:
        same = repeated[id(order)]
        if same is not None:
            plan.duplicates.append((order, same))
            plan.warnings.extend(_details(order, same, table))
            continue
        problem = _taken(order, owners, table)
        if problem is None and not allow_duplicates:
            key = keys[id(order)]
            there = known.get(key, ()) if order.po_number else ()
            problem = _differs(order, there, table) or _corrected(order, others[key[0]], table)
        if problem is None:
            plan.orders.append(order)
            if order.stripe_invoice_id:
                owners[order.stripe_invoice_id] = f"the one in row {order.rows[0]}"
        else:
            plan.errors.append(problem)
            plan.rejected.append(order.rows)
    plan.errors = in_order(plan.errors)
    world = Known(opened.today(), sponsor_names(session, opened.conference.id), _billed(known))
    plan.warnings = in_order([*plan.warnings, *doubts(plan.orders, table.mapping, world)])
    return plan


def _billed(known: Mapping[OrderKey, Sequence[KnownOrder]]) -> dict[OrderKey, Counter[str]]:
    """Sum up what was billed under each number, by currency; a cancelled order bills nothing."""
    billed: dict[OrderKey, Counter[str]] = {}
    for key, orders in known.items():
        sums = billed.setdefault(key, Counter())
        for order in orders:
            if order.status != Status.CANCELLED.value:
                sums[order.content.currency] += order.content.total
    return billed


def content_of(order: Order) -> Content:
    """Return what a purchase order shares with one that is the same."""
    return Content(
        currency=order.currency,
        contact_email=order.contact_email,
        due_date=order.due_date,
        days_until_due=order.days_until_due,
        stripe_invoice_id=order.stripe_invoice_id,
        lines=tuple((line.description, line.quantity, line.unit_price) for line in order.lines),
        tax_on_top=sum(line.tax_on_top for line in order.lines),
    )


def _same(order: Order, there: Sequence[KnownOrder], seen: Counter[object]) -> KnownOrder | None:
    """Return the purchase order that this one repeats.

    Without a PO number two equal orders of one file are two: each meets one of its own.
    """
    if not there:
        return None
    content = content_of(order)
    alike = [known for known in there if not difference(known.content, content)]
    if order.po_number:
        return alike[0] if alike else None
    key = (order.organization_name, content.fingerprint)
    met = seen[key]
    seen[key] += 1
    return alike[met] if met < len(alike) else None


def _differs(order: Order, there: Sequence[KnownOrder], table: Table) -> RowProblem | None:
    if not there:
        return None
    known = there[-1]
    return RowProblem(
        row=order.rows[0],
        column=table.mapping.get("po_number", "po_number"),
        code="duplicate_differs",
        value=order.po_number,
        message=(
            f"Row {order.rows[0]}: {order.organization_name} has purchase order "
            f"{order.po_number} already as {known.reference}; "
            f"{difference(known.content, content_of(order))}. Change {known.reference}, or allow "
            "duplicates if both are meant."
        ),
    )


def _others(
    known: Mapping[OrderKey, Sequence[KnownOrder]], met: AbstractSet[int]
) -> Mapping[str, list[KnownOrder]]:
    """Return each sponsor's purchase orders that stand and that no row of the file repeats."""
    others: dict[str, list[KnownOrder]] = defaultdict(list)
    for (organization, _), orders in known.items():
        others[organization] += [
            order
            for order in orders
            if order.id not in met and order.status != Status.CANCELLED.value
        ]
    return others


def corrected(
    po_number: str, content: Content, others: Iterable[KnownOrder]
) -> tuple[KnownOrder, str] | None:
    """Return a sponsor's purchase order that a new one may correct, and what both have in common.

    Two that have a number each are two.
    """
    for known in others:
        if not (po_number and known.po_number):
            shared = in_common(known.content, content)
            if shared:
                return known, shared
    return None


def _corrected(order: Order, others: Iterable[KnownOrder], table: Table) -> RowProblem | None:
    found = corrected(order.po_number, content_of(order), others)
    if found is None:
        return None
    known, shared = found
    number = f"under number {known.po_number}" if known.po_number else "without a number"
    return RowProblem(
        row=order.rows[0],
        column=table.mapping.get("po_number", "po_number"),
        code="duplicate_likely",
        value=order.po_number,
        message=(
            f"Row {order.rows[0]}: {order.organization_name} has {known.reference} already, "
            f"{number}, with {shared}. If this row corrects it, cancel {known.reference} and "
            f"import the file again; if both are meant, allow duplicates."
        ),
    )


def _taken(order: Order, owners: dict[str, str], table: Table) -> RowProblem | None:
    owner = owners.get(order.stripe_invoice_id) if order.stripe_invoice_id else None
    if owner is None:
        return None
    return RowProblem(
        row=order.rows[0],
        column=table.mapping.get("stripe_invoice_id", "stripe_invoice_id"),
        code="invoice_id_taken",
        value=order.stripe_invoice_id,
        message=(
            f"Row {order.rows[0]}: {order.stripe_invoice_id} belongs to purchase order {owner}."
        ),
    )


def _details(order: Order, known: KnownOrder, table: Table) -> list[RowProblem]:
    """Name what differs in a duplicate without making it another one: it is not changed."""
    return [
        RowProblem(
            row=order.rows[0],
            column=table.mapping.get(name, name),
            code="duplicate_detail",
            value=now,
            message=(
                f"Row {order.rows[0]}: {known.reference} already exists with another {name}; it "
                f"was not changed."
            ),
        )
        for name, old, now in (
            ("contact_name", known.contact_name, order.contact_name),
            ("billing_address", known.billing_address, order.billing_address),
            ("notes", known.notes, order.notes),
        )
        if old != now
    ]
