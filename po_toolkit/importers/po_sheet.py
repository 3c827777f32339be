"""A table of rows → purchase orders, and a problem for each mistake.

Rows that share organization and PO number are the lines of one purchase order; rows without a PO
number never group. One bad row rejects its whole purchase order and never its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from po_toolkit.domain.references import comparable
from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.amounts import Decimals, habit_of, sign_currencies
from po_toolkit.importers.assemble import Assembler
from po_toolkit.importers.cells import Cell, clean, is_empty, text_of
from po_toolkit.importers.dates import DayOrder, order_of
from po_toolkit.importers.headers import REQUIRED, currency_of
from po_toolkit.importers.orders import SheetReading
from po_toolkit.importers.problems import in_order
from po_toolkit.importers.row_schema import Reading
from po_toolkit.importers.table import Table

MONEY_FIELDS = ("unit_price", "amount", "po_amount")


@dataclass(frozen=True, slots=True)
class Options:
    """What a person or the conference says about a sheet.

    Attributes:
        currency: The conference's, for rows that name none.
        max_lines: How many lines a Stripe invoice can hold.
        decimal: The decimal mark, where the file does not tell.
        dates: The order of day and month, where the file does not tell.
    """

    currency: str
    max_lines: int = 250
    decimal: Decimals | None = None
    dates: DayOrder | None = None


def read_orders(table: Table, options: Options) -> SheetReading:
    """Read every purchase order of a table.

    Raises:
        ImportFileError: A needed column is missing.
        ImportChoiceError: The decimal mark or the order of day and month cannot be told.
    """
    _require_columns(table)
    reading = Reading(
        decimals=options.decimal or _decimals(table, options),
        dates=options.dates or _dates(table),
        default_currency=options.currency,
        required=frozenset(REQUIRED),
    )
    assembler = Assembler(table, options.currency, options.max_lines, reading)
    result = SheetReading(notes=list(table.notes))
    for rows in _groups(table):
        assembler.take(rows, result)
    result.errors = in_order(result.errors)
    result.warnings = in_order(result.warnings)
    return result


def _require_columns(table: Table) -> None:
    positions = table.positions
    missing = [name for name in REQUIRED if name not in positions]
    if "amount" not in positions and "unit_price" not in positions:
        missing.append("amount or unit_price")
    if missing:
        raise ImportFileError(
            f"The header in row {table.header_row} has no column for {', '.join(missing)}. Its "
            f"columns are: {', '.join(map(repr, table.headers))}. Name the column for each field "
            "that is missing, or add it."
        )


def _decimals(table: Table, options: Options) -> Decimals | None:
    """Decide the file's decimal mark from every amount in it."""
    habit = habit_of(_amount_cells(table, options.currency))
    if habit.open:
        raise ImportChoiceError(
            f"{habit.open!r} can be read with a decimal point or a decimal comma, and nothing in "
            "the file says which. Say whether its amounts have a decimal point or a comma.",
            question="decimal",
            choices=["point", "comma"],
        )
    return habit.decimals


def _amount_cells(table: Table, default: str) -> Iterator[tuple[Cell, str]]:
    """Every different text in the amount columns, each with its currency."""
    positions = table.positions
    currency_at = positions.get("currency")
    columns = [
        (positions[name], currency_of(table.headers[positions[name]]) or default)
        for name in MONEY_FIELDS
        if name in positions
    ]
    if "quantity" in positions:
        # A quantity is whole, like an amount of a currency without decimals.
        columns.append((positions["quantity"], "xof"))
    seen: set[tuple[str, str]] = set()
    for _, cells in table.rows:
        said = cells[currency_at] if currency_at is not None and currency_at < len(cells) else ""
        for position, fallback in columns:
            cell = cells[position] if position < len(cells) else ""
            if type(cell) is str and not cell.isdecimal():
                currency = fallback if fallback == "xof" else (text_of(said) or fallback)
                seen.add((cell, currency))
    for text, currency in seen:
        meant = sign_currencies(currency)
        yield text, next(iter(meant)) if len(meant) == 1 else ""


def _dates(table: Table) -> DayOrder | None:
    position = table.positions.get("due_date")
    if position is None:
        return None
    cells = {c[position] for _, c in table.rows if position < len(c) and type(c[position]) is str}
    order, open_value = order_of(sorted(map(text_of, cells)))
    if open_value:
        raise ImportChoiceError(
            f"{open_value!r} can be read day first or month first, and nothing in the column "
            f"{table.headers[position]!r} says which. Say which comes first.",
            question="dates",
            choices=["dmy", "mdy"],
        )
    return order


def _groups(table: Table) -> Iterator[list[tuple[int, Mapping[str, Cell]]]]:
    """Put the lines of each purchase order together, in the order of their first rows."""
    fields = [(name, position) for name, position in table.positions.items()]
    folded: dict[str, str] = {}
    groups: dict[object, list[tuple[int, Mapping[str, Cell]]]] = {}
    latest: dict[str, object] = {}
    orphans: list[tuple[str, tuple[int, Mapping[str, Cell]]]] = []

    def key_of(cell: Cell) -> str:
        text = text_of(cell)
        if text not in folded:
            folded[text] = comparable(clean(text))
        return folded[text]

    for number, cells in table.rows:
        width = len(cells)
        row = {name: cells[at] if at < width else "" for name, at in fields}
        po_number = key_of(row.get("po_number", ""))
        if not po_number:
            groups[number] = [(number, row)]
            continue
        key: object = (key_of(row["organization_name"]), po_number)
        if is_empty(row["organization_name"]):
            # It is a line of the order above with its number: a hole in it, not another sponsor's.
            if po_number not in latest:
                orphans.append((po_number, (number, row)))
                continue
            key = latest[po_number]
        latest[po_number] = key
        groups.setdefault(key, []).append((number, row))
    for po_number, line in orphans:
        groups.setdefault(latest.get(po_number, ("", po_number)), []).append(line)
    for lines in groups.values():
        lines.sort(key=lambda line: line[0])
    yield from sorted(groups.values(), key=lambda lines: lines[0][0])
