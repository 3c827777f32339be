"""The rows of a table as read: which are one purchase order, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from po_toolkit.domain.references import comparable
from po_toolkit.importers.amounts import PLAIN_POINT
from po_toolkit.importers.cells import Cell, clean, has_controls, is_empty, text_of
from po_toolkit.importers.fields import Reading, Row
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.readers.contract import SheetRow

_SCHEMA: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind) for name, kind in get_type_hints(Row, include_extras=True).items()
}

_TEXTS = frozenset(
    [
        "organization_name",
        "contact_name",
        "billing_address",
        "po_number",
        "description",
        "notes",
        "unknown",
    ]
)


_AMOUNTS = frozenset({"unit_price", "amount", "po_amount", "package", "own_line"})

_SILENT = frozenset(_SCHEMA) - {"organization_name", "contact_email", "description", "package"}
"""Columns that say nothing when they are empty from top to bottom."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a cell is not what its column needs."""

    code: str
    message: str


@dataclass(slots=True)
class Rows:
    """The rows of a table as read; a row is known by its index.

    Attributes:
        numbers: The line of each row, as seen in the spreadsheet.
        cells: Column key → the cells as they came.
        values: Column key → the value of each row; a :class:`Refusal` where there is none.
        refused: Row → the keys of its bad cells.
        cleaned: Row → the keys of the cells whose control characters were taken out.
        same: The keys of columns that say the same in every row.
    """

    numbers: list[int]
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    refused: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    cleaned: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    same: set[str] = field(default_factory=set)

    def value(self, row: int, key: str) -> Any:
        """Return a good cell's value; None for a bad cell or where there is no such column."""
        column = self.values.get(key)
        if column is None:
            return None
        value = column[row]
        return None if type(value) is Refusal else value

    def shown(self, row: int, key: str) -> str:
        """Return a cell as it came."""
        return text_of(self.cells[key][row]) if key in self.cells else ""

    def is_bad(self, row: int, *keys: str) -> bool:
        """Tell whether one of these cells is bad."""
        return row in self.refused and not set(keys).isdisjoint(self.refused[row])


def column_cells(rows: Sequence[SheetRow], position: int) -> list[Cell]:
    """Return one column of the rows."""
    try:
        return [cells[position] for _, cells in rows]
    except IndexError:
        return [cells[position] if position < len(cells) else "" for _, cells in rows]


def read_rows(
    table: Sequence[SheetRow],
    columns: Mapping[str, int],
    reading: Reading,
    made: Mapping[str, list[Cell]] | None = None,
) -> Rows:
    """Read the rows of a table.

    Args:
        table: Line number and cells of each row.
        columns: Field → position. ``package:3`` and ``unknown:5`` are columns of those kinds.
        reading: How the file's values are to be read.
        made: Field → cells that were put together from several columns.
    """
    rows = Rows([number for number, _ in table])
    sources = {key: column_cells(table, position) for key, position in columns.items()}
    for key, cells in (sources | dict(made or {})).items():
        kind = key.partition(":")[0]
        schema = _SCHEMA[kind]
        rows.cells[key] = cells
        different = set(cells)
        if kind in _SILENT and all(map(is_empty, different)):
            continue
        known = _plain_amounts(different, reading) if kind in _AMOUNTS else {}
        known |= {cell: _value(schema, cell, reading) for cell in different - known.keys()}
        values = rows.values[key] = [known[cell] for cell in cells]
        if len(different) == 1:
            rows.same.add(key)
        if any(type(value) is Refusal for value in known.values()):
            for row, value in enumerate(values):
                if type(value) is Refusal:
                    rows.refused[row].append(key)
        if kind in _TEXTS:
            dirty = {cell for cell in different if isinstance(cell, str) and has_controls(cell)}
            for row in (row for row, cell in enumerate(cells) if cell in dirty) if dirty else ():
                rows.cleaned[row].append(key)
    return rows


def _plain_amounts(different: AbstractSet[Cell], reading: Reading) -> dict[Cell, Any]:
    """Read what is written like 1234.50, which is most: it needs no look at signs or marks."""
    if reading.decimals == "comma" or reading.scale != 1:
        return {}
    return {
        cell: (Decimal(cell), None)
        for cell in different
        if type(cell) is str and PLAIN_POINT.fullmatch(cell)
    }


def _value(schema: TypeAdapter[Any], cell: Cell, reading: Reading) -> Any:
    try:
        return schema.validate_python(cell, context=reading)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Refusal(first["type"], first["msg"])


class Findings:
    """The errors and warnings of a table, purchase order after purchase order."""

    def __init__(self, rows: Rows, names: Mapping[str, str]) -> None:
        """Take the rows as read, and what the column of each key is called."""
        self._rows = rows
        self._names = names
        self.errors: list[RowProblem] = []
        self.warnings: list[RowProblem] = []

    def name(self, key: str) -> str:
        """Return what the column of a key is called in the file."""
        return self._names.get(key, key)

    def error(self, row: int, key: str, code: str, message: str) -> None:
        """Note why the purchase order of this row is rejected."""
        self.errors.append(self._problem(row, key, code, message))

    def warn(self, row: int, key: str, code: str, message: str) -> None:
        """Note what is worth a look in this row."""
        self.warnings.append(self._problem(row, key, code, message))

    def _problem(self, row: int, key: str, code: str, message: str) -> RowProblem:
        number = self._rows.numbers[row]
        return RowProblem(
            row=number,
            column=self._names.get(key, key),
            code=code,
            value=self._rows.shown(row, key),
            message=f"Row {number}: {message}",
        )


def group_rows(rows: Rows, continued: Mapping[int, int] | None = None) -> list[list[int]]:
    """Put the rows of each purchase order together, in the order of their first rows.

    Rows share a purchase order when organization and PO number are the same, whatever their case
    and spaces; a row without a PO number stands alone. A row with a number but no organization has
    a hole: it belongs to the nearest order above it with that number, else to the next below. A
    row that goes on with the one above it belongs to its order.

    Args:
        rows: The rows as read.
        continued: Line of a row that goes on with an order → the line where that order is.
    """
    count = len(rows.numbers)
    organizations = _keys(rows, "organization_name")
    po_numbers = _keys(rows, "po_number") if "po_number" in rows.cells else [""] * count
    groups: dict[object, list[int]] = {}
    latest: dict[str, object] = {}
    orphans: list[int] = []
    of_line: dict[int, object] = {}
    key: object
    if not continued and all(organizations):
        for row, (organization, po_number) in enumerate(
            zip(organizations, po_numbers, strict=True)
        ):
            key = (organization, po_number) if po_number else row
            groups.setdefault(key, []).append(row)
        return list(groups.values())
    for row, (organization, po_number) in enumerate(zip(organizations, po_numbers, strict=True)):
        key = row
        if continued and rows.numbers[row] in continued:
            key = of_line.get(continued[rows.numbers[row]], row)
        elif po_number and (organization or po_number in latest):
            key = (organization, po_number) if organization else latest[po_number]
            latest[po_number] = key
        elif po_number:
            orphans.append(row)
            continue
        groups.setdefault(key, []).append(row)
        if continued:
            of_line[rows.numbers[row]] = key
    for row in orphans:
        key = latest.get(po_numbers[row], ("", po_numbers[row]))
        groups.setdefault(key, []).append(row)
    if not orphans and not continued:
        return list(groups.values())
    return sorted((sorted(group) for group in groups.values()), key=lambda group: group[0])


def _keys(rows: Rows, name: str) -> list[str]:
    """Return what tells the values of a column apart; a bad cell counts as it came."""
    cells, values = rows.cells[name], rows.values.get(name)
    if values is None:
        return [""] * len(cells)
    folded = {
        cell: comparable(value if type(value) is str else clean(text_of(cell)))
        for cell, value in dict(zip(cells, values, strict=True)).items()
    }
    return [folded[cell] for cell in cells]
