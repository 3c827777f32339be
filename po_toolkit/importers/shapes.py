"""How a table says its purchase orders: a row per line, a row per order, or packages beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice

from po_toolkit.importers.amounts import written_amount
from po_toolkit.importers.cells import Cell, CellError, is_empty
from po_toolkit.importers.columns import Column, find
from po_toolkit.importers.headers import fold
from po_toolkit.importers.workbook import SheetRow

_SAMPLE = 2000


class Shape(StrEnum):
    """What one row of the table is."""

    LINES = "one row per line item"
    ORDERS = "one row per purchase order"
    PACKAGES = "one row per purchase order, with a column for each package"


@dataclass(frozen=True, slots=True)
class Packages:
    """The package columns: position → the package's name."""

    columns: dict[int, str]


_NOT_MONEY = frozenset(
    [
        "id",
        "no",
        "nr",
        "number",
        "num",
        "numero",
        "nummer",
        "code",
        "zip",
        "postcode",
        "postal",
        "plz",
        "cap",
        "cep",
        "phone",
        "telephone",
        "tel",
        "telefon",
        "telefono",
        "telefone",
        "fax",
        "mobile",
        "year",
        "jahr",
        "annee",
        "ano",
        "anno",
        "date",
        "day",
        "month",
        "vat",
        "tax",
        "ust",
        "iva",
        "tva",
        "count",
        "qty",
        "quantity",
        "rank",
        "age",
        "row",
        "line",
        "ref",
        "reference",
        "account",
        "konto",
        "iban",
        "siret",
        "ein",
    ]
)
"""Words in a header whose numbers are no amounts."""

_DASH = re.compile(r"[-\u2013\u2014\s]*")


def find_packages(
    columns: Sequence[Column], rows: Sequence[SheetRow], named: str | None = None
) -> Packages | None:
    """Recognize package columns.

    They are two or more columns that are nothing else, hold only amounts, dashes and empty cells,
    and stand where there is neither a unit price nor a description; beside an amount they must add
    up to it. Columns that a person names are taken as named, separated by commas, semicolons or
    line breaks.

    Raises:
        ImportFileError: A named column does not exist.
    """
    headers = [column.header for column in columns]
    if named:
        between = r"\n" if "\n" in named else r"[;,]"
        names = [name.strip() for name in re.split(between, named)]
        wanted = [find(headers, name) for name in names if name]
        return Packages({at: headers[at] for at in wanted})
    fields = {column.field for column in columns}
    if "unit_price" in fields or "description" in fields or "quantity" in fields:
        return None
    found = {c.position: c.header for c in columns if c.field is None and _has_amounts(c, rows)}
    total = next((column.position for column in columns if column.field == "amount"), None)
    if total is None:
        found = {at: name for at, name in found.items() if _may_be_money(name)}
    elif not _adds_up(list(found), total, rows):
        return None
    return Packages(found) if len(found) >= 2 else None


def _may_be_money(header: str) -> bool:
    return _NOT_MONEY.isdisjoint(fold(header).split()) and not header.startswith("column ")


def _adds_up(parts: Sequence[int], total: int, rows: Sequence[SheetRow]) -> bool:
    """Tell whether most rows' parts are their total, in either habit."""
    checked = agreed = 0
    for _, cells in islice(rows, _SAMPLE):
        amounts = [written_amount(c) for at in parts if (c := _at(cells, at))]
        whole = written_amount(_at(cells, total))
        if whole is None:
            continue
        checked += 1
        point = sum((a.point or 0 for a in amounts if a), Decimal())
        comma = sum((a.comma or 0 for a in amounts if a), Decimal())
        agreed += point == whole.point or comma == whole.comma
    return agreed >= max(1, 0.8 * checked)


def _at(cells: Sequence[Cell], position: int) -> Cell:
    return cells[position] if position < len(cells) else ""


def _has_amounts(column: Column, rows: Sequence[SheetRow]) -> bool:
    amounts = 0
    for _, cells in islice(rows, _SAMPLE):
        cell = _at(cells, column.position)
        if is_empty(cell) or (isinstance(cell, str) and _DASH.fullmatch(cell)):
            continue
        if isinstance(cell, str) and re.fullmatch(r"0\d+", cell.strip()):
            return False
        if not isinstance(cell, CellError) and written_amount(cell) is None:
            return False
        amounts += 1
    return amounts > 0


def shape_of(packages: Packages | None, group_sizes: Sequence[int]) -> Shape:
    """Name the shape of a table whose purchase orders have these numbers of rows."""
    if packages:
        return Shape.PACKAGES
    return Shape.LINES if any(size > 1 for size in group_sizes) else Shape.ORDERS
