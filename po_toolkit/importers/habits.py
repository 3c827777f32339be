"""How the values of a whole table are written: its decimal mark, its order of day and month."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from itertools import repeat

from po_toolkit.errors import ImportChoiceError
from po_toolkit.importers.amounts import Decimals, habit_of, written_amount
from po_toolkit.importers.cells import Cell, text_of
from po_toolkit.importers.currency_signs import sign_currencies
from po_toolkit.importers.dates import DayOrder, order_of
from po_toolkit.importers.rows import column_cells
from po_toolkit.importers.table import Table

_WHOLE = "xof"
"""A quantity is whole, like an amount of a currency without decimals."""


def decimals_of(
    table: Table, amounts: Mapping[str, int], header_currencies: Mapping[str, str], default: str
) -> Decimals | None:
    """Decide the file's decimal mark from every amount in it.

    Args:
        table: The rows.
        amounts: Column key → position of each column of amounts.
        header_currencies: Column key → the currency its header names.
        default: The conference's currency.

    Raises:
        ImportChoiceError: A value has two readings, and nothing decides.
    """
    columns = [(at, header_currencies.get(key, "")) for key, at in amounts.items()]
    if "quantity" in table.positions:
        columns.append((table.positions["quantity"], _WHOLE))
    habit = habit_of(_texts(table, columns, default))
    if habit.open:
        raise ImportChoiceError(
            f"{habit.open!r} can be read with a decimal point or a decimal comma, and nothing in "
            "the file says which. Say whether its amounts have a decimal point or a comma.",
            question="decimal",
            choices=["point", "comma"],
        )
    return habit.decimals


def _texts(table: Table, columns: list[tuple[int, str]], default: str) -> Iterator[tuple[str, str]]:
    """Every different text in the columns, with its currency where that can be told."""
    said_at = table.positions.get("currency")
    said = column_cells(table.rows, said_at) if said_at is not None else repeat("")
    seen: set[tuple[Cell, Cell]] = set()
    for position, header in columns:
        beside = repeat(header) if header else said
        seen.update(zip(column_cells(table.rows, position), beside, strict=False))
    said_names = {name for _, name in seen}
    named = {name: _one(sign_currencies(text_of(name) or default)) for name in said_names}
    for cell, name in seen:
        if type(cell) is not str or cell.isdecimal() or not cell:
            continue
        currency = named[name]
        if not name or not currency:
            # A sign beside the amount says more than the conference's currency does.
            currency = _signed(cell) or currency
        yield cell, currency


def _signed(text: str) -> str:
    if not any(c.isalpha() or unicodedata.category(c) == "Sc" for c in text):
        return ""
    written = written_amount(text)
    return _one(written.currencies or frozenset()) if written else ""


def _one(currencies: frozenset[str]) -> str:
    return next(iter(currencies)) if len(currencies) == 1 else ""


_DATES = ("due_date", "service_start", "service_end")


def dates_of(table: Table) -> DayOrder | None:
    """Decide the order of day and month from the whole of the columns of dates.

    Raises:
        ImportChoiceError: A value has two readings, and nothing decides.
    """
    columns = [table.positions[name] for name in _DATES if name in table.positions]
    texts = {c for at in columns for c in column_cells(table.rows, at) if isinstance(c, str)}
    order, open_value = order_of(sorted(texts))
    if open_value:
        raise ImportChoiceError(
            f"{open_value!r} can be read day first or month first, and nothing in the column "
            f"{' or '.join(repr(table.headers[at]) for at in columns)} says which. Say which "
            f"comes first.",
            question="dates",
            choices=["dmy", "mdy"],
        )
    return order
