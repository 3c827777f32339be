"""A bank's spreadsheet: its columns found or remembered, its running balance as its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.amounts import Decimals, habit_of, written_amount
from po_toolkit.importers.bank.csv_columns import Saved, assign, find_header
from po_toolkit.importers.bank.model import BadLine, BankFile, BankLine, Statement, minor, one_line
from po_toolkit.importers.cells import Cell, is_empty, text_of
from po_toolkit.importers.dates import DayOrder, order_of, written_date
from po_toolkit.importers.readers.contract import SheetRow, Workbook
from po_toolkit.money import display, normalize_currency

_DEBIT_WORDS = frozenset(
    {"d", "dr", "dbit", "debit", "s", "soll", "af", "-", "debet", "withdrawal"}
)
_CREDIT_WORDS = frozenset({"c", "cr", "crdt", "credit", "h", "haben", "bij", "+", "deposit"})


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How the cells of one sheet are read."""

    places: Mapping[str, list[int]]
    decimals: Decimals | None
    order: DayOrder | None
    currency: str
    width: int

    def cell(self, cells: Sequence[Cell], field: str) -> Cell:
        """Return a field's cell; None where the row is too short."""
        positions = self.places.get(field)
        return cells[positions[0]] if positions and positions[0] < len(cells) else None

    def text(self, cells: Sequence[Cell], field: str) -> str:
        """Return a field's text, of all of its columns."""
        positions = [p for p in self.places.get(field, ()) if p < len(cells)]
        return one_line(*(text_of(cells[p]) for p in positions))


def read_csv(
    book: Workbook,
    *,
    currency: str,
    mapping: Mapping[str, str] | None = None,
    saved: Saved | None = None,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
) -> BankFile:
    """Read the lines of a spreadsheet's first visible sheet, by account and currency.

    Raises:
        ImportFileError: It has no usable header, or no line.
        ImportChoiceError: The decimal mark or the order of dates must be chosen.
    """
    sheet = book.sheet(next(book.visible()))
    index = find_header(sheet.rows, mapping, saved)
    headers, places, fingerprint = assign(sheet.rows[index][1], mapping, saved)
    rows = sheet.rows[index + 1 :]
    if not rows:
        raise ImportFileError("The file has a header, but no line under it.")
    layout = _Sheet(
        places,
        decimal or _decimals(rows, places, currency),
        dates or _order(rows, places),
        currency,
        len(headers),
    )
    statements: dict[tuple[str, str], Statement] = {}
    balances: dict[tuple[str, str], list[tuple[int, int, int | None]]] = {}
    for row in rows:
        _take(row, layout, statements, balances)
    for key, statement in statements.items():
        _prove_by_running_balance(statement, balances[key])
    columns = {f: "|".join(headers[p] for p in positions) for f, positions in places.items()}
    kind: Literal["csv", "xlsx"] = "csv" if book.kind == "csv" else "xlsx"
    return BankFile(kind, list(statements.values()), list(book.notes), columns, fingerprint)


def _decimals(
    rows: Sequence[SheetRow], places: Mapping[str, list[int]], currency: str
) -> Decimals | None:
    money = [p for f in ("amount", "credit", "debit", "balance") for p in places.get(f, ())]
    code = places.get("currency", [])
    values = [
        (cells[p], text_of(cells[code[0]]) if code and code[0] < len(cells) else currency)
        for _, cells in rows
        for p in money
        if p < len(cells)
    ]
    habit = habit_of((v, c.strip().lower()) for v, c in values if isinstance(v, str) and v.strip())
    if habit.open:
        raise ImportChoiceError(
            f"Nothing in the file says whether {habit.open} has a decimal point or a decimal "
            f"comma.",
            question="decimal",
            choices=["point", "comma"],
        )
    return habit.decimals


def _order(rows: Sequence[SheetRow], places: Mapping[str, list[int]]) -> DayOrder | None:
    positions = [p for f in ("date", "value_date") for p in places.get(f, ())]
    order, open_value = order_of(c[p] for _, c in rows for p in positions if p < len(c))
    if open_value:
        raise ImportChoiceError(
            f"Nothing in the file says whether {open_value} has the day or the month first.",
            question="dates",
            choices=["dmy", "mdy"],
        )
    return order


def _take(
    row: SheetRow,
    layout: _Sheet,
    statements: dict[tuple[str, str], Statement],
    balances: dict[tuple[str, str], list[tuple[int, int, int | None]]],
) -> None:
    number, cells = row
    currency = layout.currency
    amount: int | None = None
    account = layout.text(cells, "account")
    try:
        named = layout.text(cells, "currency")
        currency = _known(named) if named else layout.currency
        amount = _amount(cells, layout, currency)
        booked = _date(cells, layout)
    except ValueError as error:
        raw = " | ".join(text_of(c) for c in cells)
        bad = BadLine(number, raw[:2000], f"Row {number} {error}.", amount)
        key = (account, currency) if (account, currency) in statements else _only(statements)
        key = key or (account, currency)
        _statement(statements, balances, key).bad.append(bad)
        if amount is not None:
            balances[key].append((number, amount, _balance(cells, layout, currency)))
        return
    value = written_date(layout.cell(cells, "value_date"))
    counterparty = layout.text(cells, "counterparty")
    key = (account, currency)
    _statement(statements, balances, key).lines.append(
        BankLine(
            row=number,
            amount=amount,
            currency=currency,
            booked_on=booked,
            value_date=value.read(layout.order) if value else None,
            counterparty=counterparty[:255],
            text=one_line(
                counterparty, layout.text(cells, "text"), layout.text(cells, "direction")
            ),
            bank_reference=layout.text(cells, "bank_reference")[:255],
        )
    )
    balances[key].append((number, amount, _balance(cells, layout, currency)))


def _date(cells: Sequence[Cell], layout: _Sheet) -> date:
    cell = layout.cell(cells, "date")
    written = written_date(cell)
    found = written.read(layout.order) if written else None
    if found is None:
        raise ValueError(f"has {text_of(cell)!r} for its date" if text_of(cell) else "has no date")
    return found


def _only(statements: Mapping[tuple[str, str], Statement]) -> tuple[str, str] | None:
    return next(iter(statements)) if len(statements) == 1 else None


def _statement(
    statements: dict[tuple[str, str], Statement],
    balances: dict[tuple[str, str], list[tuple[int, int, int | None]]],
    key: tuple[str, str],
) -> Statement:
    if key not in statements:
        statements[key] = Statement(account=key[0], currency=key[1])
        balances[key] = []
    return statements[key]


def _known(code: str) -> str:
    try:
        return normalize_currency(code)
    except ValueError:
        raise ValueError(f"has {code!r}, which is no known currency") from None


def _amount(cells: Sequence[Cell], layout: _Sheet, currency: str) -> int:
    if "amount" in layout.places:
        value = _number(layout.cell(cells, "amount"), layout, "amount")
        if value is None:
            raise ValueError("has no amount")
        word = layout.text(cells, "direction").casefold()
        if word in _DEBIT_WORDS:
            value = -abs(value)
        elif word in _CREDIT_WORDS:
            value = abs(value)
        return minor(value, currency)
    credit = _number(layout.cell(cells, "credit"), layout, "credit")
    debit = _number(layout.cell(cells, "debit"), layout, "debit")
    if credit and debit:
        raise ValueError("has both a credit and a debit")
    if credit is None and debit is None:
        raise ValueError("has no amount")
    return minor((credit or Decimal(0)) - abs(debit or Decimal(0)), currency)


def _number(cell: Cell, layout: _Sheet, name: str) -> Decimal | None:
    if is_empty(cell):
        return None
    written = written_amount(cell)
    value = written.read(layout.decimals) if written else None
    if value is None:
        raise ValueError(f"has {text_of(cell)!r} for its {name}, which is no amount")
    return value


def _balance(cells: Sequence[Cell], layout: _Sheet, currency: str) -> int | None:
    try:
        value = _number(layout.cell(cells, "balance"), layout, "balance")
        return None if value is None else minor(value, currency)
    except ValueError:
        return None


def _prove_by_running_balance(
    statement: Statement, moves: list[tuple[int, int, int | None]]
) -> None:
    """Take opening and closing from the running balance, newest line first or last.

    A balance that is shown only on some lines (the last of a day, say) must fit the lines between.
    """
    if not moves or sum(balance is not None for _, _, balance in moves) < min(2, len(moves)):
        return
    breaks = []
    for ordered in (moves, moves[::-1]):
        opening, closing, broken = _walk(ordered)
        breaks.append((len(broken), opening, closing, broken))
    count, opening, closing, broken = min(breaks, key=lambda b: b[0])
    statement.opening, statement.closing = opening, closing
    days = [line.booked_on for line in statement.lines]
    statement.opening_date = min(days, default=None)
    statement.closing_date = max(days, default=None)
    if count:
        row, apart = broken[0]
        statement.problems.append(
            f"the running balance does not follow in row {row}: "
            f"{display(apart, statement.currency)} apart"
        )


def _walk(
    moves: list[tuple[int, int, int | None]],
) -> tuple[int | None, int | None, list[tuple[int, int]]]:
    opening: int | None = None
    running, since = 0, 0
    broken: list[tuple[int, int]] = []
    for row, amount, balance in moves:
        since += amount
        if balance is None:
            continue
        if opening is None:
            opening = balance - since
        elif balance != running + since:
            broken.append((row, balance - running - since))
        running, since = balance, 0
    return opening, None if opening is None else running + since, broken
