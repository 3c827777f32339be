"""One purchase order made by a program, under the rules of an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Required

from typing_extensions import TypedDict

from po_toolkit.api.import_plan import content_of, corrected
from po_toolkit.api.import_save import order_columns
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.duplicates import difference
from po_toolkit.domain.sums import Status
from po_toolkit.domain.tax import EXEMPT, REVERSE_CHARGE, TaxRules, rates_of
from po_toolkit.errors import AmountError, DuplicateEntryError, PurchaseOrderError
from po_toolkit.importers.cells import Cell
from po_toolkit.importers.orders import Options, read_order
from po_toolkit.importers.rows import Order
from po_toolkit.money import to_major, to_minor
from po_toolkit.store import imports, purchase_orders
from po_toolkit.store.database import UnitOfWork
from po_toolkit.store.tables import PurchaseOrder


class LineItem(TypedDict, total=False):
    """One line of a new purchase order.

    ``unit_price`` is in major units, below zero for a discount; ``quantity`` is whole and 1 by
    default. ``tax_rates`` lists names of the conference's rates, or one of ``exempt``,
    ``reverse_charge`` and ``none``; without it the conference's rules decide.
    """

    description: Required[str]
    unit_price: Required[Decimal]
    quantity: int
    tax_rates: Sequence[str] | None


class Details(TypedDict, total=False):
    """What else a new purchase order may say."""

    contact_name: str
    billing_address: str
    notes: str
    due_date: date | None
    days_until_due: int | None
    language: str
    service_start: date | None
    service_end: date | None
    payment_methods: Sequence[str] | None
    delivery: str
    buyer_reference: str
    e_invoice_address: str
    e_invoice_format: str


def line_items_of(order: PurchaseOrder) -> list[LineItem]:
    """Return a purchase order's lines as they would be given for a new one, rates by name."""
    rules = TaxRules.of(order.conference.tax)
    names = {rate: name for name, rate in rules.rates.items()}
    treatments = {EXEMPT: "exempt", REVERSE_CHARGE: "reverse_charge"}
    known = names | treatments
    return [
        LineItem(
            description=line.description,
            quantity=line.quantity,
            unit_price=to_major(line.unit_price, order.currency),
            tax_rates=[known.get(r, r.name) for r in rates_of(line.tax_rates)] or ["none"],
        )
        for line in order.line_items
    ]


def checked_order(
    opened: OpenConference,
    line_items: Iterable[LineItem],
    currency: str,
    po_amount: Decimal | None,
    values: Mapping[str, Any],
) -> Order:
    """Check one purchase order as a row of a spreadsheet is checked.

    ``po_amount`` is in major units; values are field → value.

    Raises:
        PurchaseOrderError: Something is missing, wrong or unknown; ``code`` is that of the first
            mistake, as in an import.
        AmountError: A price or its tax cannot be represented in the currency.
    """
    name, items = str(values["organization_name"]).strip(), list(line_items)
    if not name:
        raise PurchaseOrderError("organization_name: A value is missing.", code="required")
    if not items:
        raise PurchaseOrderError(f"{name}: A purchase order needs lines.", code="no_lines")
    _refuse_unknown(name, "detail", values, (*_NAMED, *Details.__annotations__))
    single = {key: _cell(value) for key, value in values.items()}
    if po_amount is not None:
        single["po_amount"] = _price(po_amount, currency)
    rows = []
    for number, item in enumerate(items, 1):
        _refuse_unknown(f"{name}: Line {number}", "key", item, tuple(LineItem.__annotations__))
        price = item.get("unit_price")
        rows.append(
            single
            | {
                "description": _cell(item.get("description")),
                "quantity": _cell(item.get("quantity")),
                "unit_price": None if price is None else _price(price, currency),
                "tax_rate": " + ".join(item.get("tax_rates") or ()),
            }
        )
    options = Options(
        currency=currency,
        max_lines=opened.conference.max_invoice_lines,
        tax=TaxRules.of(opened.conference.tax),
        today=opened.today(),
    )
    order, problems = read_order(rows, options)
    if order is None:
        messages = [
            f"{f'line {p.row}, ' if p.column in _OF_A_LINE else ''}{p.column}: "
            f"{'A value is missing.' if p.code == 'required' else p.message.removeprefix(row)}"
            for p in problems
            for row in (f"Row {p.row}: ",)
        ]
        kind = AmountError if problems[0].code == "tax_not_representable" else PurchaseOrderError
        raise kind(f"{name}: {' '.join(dict.fromkeys(messages))}", code=problems[0].code)
    return order


_OF_A_LINE = ("description", "quantity", "unit_price", "amount", "tax_rate")
_NAMED = ("organization_name", "contact_email", "po_number", "tax_id")


def add_order(
    uow: UnitOfWork, opened: OpenConference, order: Order, *, allow_duplicates: bool
) -> PurchaseOrder:
    """Save a purchase order, unless one is there that may be the same.

    Raises:
        DuplicateEntryError: The import would not take it beside what is there.
    """
    conference_id = opened.conference.id
    imports.lock_conference(uow, conference_id)
    if not allow_duplicates:
        _refuse_duplicate(uow, conference_id, order)
    columns, lines = order_columns(order)
    return purchase_orders.add(
        uow,
        conference_id,
        columns | {"import_row": None, "sum_total": order.total},
        [line | {"import_row": None} for line in lines],
    )


def _refuse_duplicate(uow: UnitOfWork, conference_id: int, order: Order) -> None:
    key = imports.order_key(order.organization_name, order.po_number)
    known = imports.known_orders(uow.session, conference_id, [key])
    content = content_of(order)
    there = known.get(key, ())
    same = [k for k in there if order.po_number or not difference(k.content, content)]
    active = [k for orders in known.values() for k in orders if k.status != Status.CANCELLED]
    found = corrected(order.po_number, content, active)
    if same:
        twin, why = same[-1], difference(same[-1].content, content) or "the same content"
    elif found:
        twin, why = found
    else:
        return
    raise DuplicateEntryError(
        f"{order.organization_name} has {twin.reference} already, "
        f"{f'under number {twin.po_number}' if twin.po_number else 'without a number'}: {why}. "
        f"Nothing was created. Change {twin.reference}, or allow duplicates if both are meant.",
        code="duplicate_purchase_order",
    )


def _refuse_unknown(where: str, what: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f" Is {near[0]!r} meant?" if near else ""
            raise PurchaseOrderError(
                f"{where}: There is no {what} {name!r}.{hint} There are: {', '.join(known)}.",
                code="unknown_field",
            )


def _price(amount: Decimal, currency: str) -> str:
    """Write an amount as the cell of a spreadsheet that is exact."""
    try:
        return f"{to_major(to_minor(amount, currency), currency):f}"
    except TypeError as error:
        raise AmountError(str(error)) from None


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | date):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    return str(value)
