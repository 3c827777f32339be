"""A table of rows → purchase orders, a problem for each mistake, and a question for each guess.

Rows that share organization and PO number are the lines of one purchase order; rows without a PO
number never group. One bad row rejects its whole purchase order and never its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import repeat
from typing import Any, Literal

from po_toolkit.domain.records import AsJson
from po_toolkit.domain.references import comparable
from po_toolkit.domain.tax import TaxRules
from po_toolkit.domain.wording import named_rows, sentence
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import (
    EXACT_DIGITS,
    Cell,
    DayOrder,
    Decimals,
    ShownNumber,
    WrittenAmount,
    clean,
    habit_of,
    is_empty,
    is_placeholder,
    names_month,
    order_of,
    sign_currencies,
    text_of,
    written_amount,
    written_date,
)
from po_toolkit.importers.columns import (
    LABELS,
    OWN_LINES,
    bare,
    is_harmless,
    is_in_kind,
    is_money_mark,
    kind_of,
    shown_rows,
    written_as_money,
)
from po_toolkit.importers.fields import (
    ALREADY,
    COUNTS,
    NO,
    REQUIRED,
    TOTALS,
    YES,
    Reading,
    fold,
    header_currencies,
    in_hundredths,
    is_doubtful_number,
    is_no_number,
    is_other_money,
    is_taken_off,
    line_signs,
    looks_of,
    named_number,
    scaled,
    spoken,
    text_currency,
)
from po_toolkit.importers.problems import (
    Choice,
    ImportQuestionsError,
    Question,
    RowProblem,
    in_order,
)
from po_toolkit.importers.readers.text import LOST, mojibake
from po_toolkit.importers.rows import (
    Assembler,
    Findings,
    Order,
    Pricer,
    Rows,
    column_cells,
    core,
    group_rows,
    read_rows,
)
from po_toolkit.importers.table import Table, held_in
from po_toolkit.money import CURRENCIES, to_major

Unknown = Literal["leave", "notes"]

_PRICES = ("unit_price", "amount", "po_amount")
_DATES = ("due_date", "service_start", "service_end")
_WHOLE = "xof"
"""A quantity is whole, like an amount of a currency without decimals."""


class Shape(StrEnum):
    """What one row of the table is."""

    LINES = "one row per line item"
    ORDERS = "one row per purchase order"
    PACKAGES = "one row per purchase order, with a column for each package"


@dataclass(frozen=True, slots=True)
class Options:
    """What a person or the conference decides about a sheet.

    Attributes:
        currency: The conference's, for rows that name none.
        max_lines: How many lines a Stripe invoice can hold.
        decimal: The decimal mark, where a person has chosen it.
        dates: The order of day and month, where a person has chosen it.
        unknown: Whether columns that are no field are left out or kept in the notes.
        tax: The conference's tax rates and rules.
        today: The date in the conference's timezone.
        named_currency: The currency of rows that name none, where a person has chosen it.
        scale: What amounts are multiplied by, where a person has chosen it.
    """

    currency: str
    max_lines: int = 250
    decimal: Decimals | None = None
    dates: DayOrder | None = None
    unknown: Unknown = "leave"
    tax: TaxRules = field(default_factory=TaxRules)
    today: date = field(default_factory=date.today)
    named_currency: str | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class LeftColumn(AsJson):
    """A column with values that is no part of the purchase orders.

    Attributes:
        column: Its name.
        cells: How many of its cells hold anything.
        first: What the first of them holds.
        why: Why it does not matter.
    """

    column: str
    cells: int
    first: str
    why: str


@dataclass(slots=True)
class SheetReading:
    """The outcome of reading a table.

    Attributes:
        orders: The purchase orders without a mistake, as they stand in the sheet.
        rejected: The rows of each purchase order with a mistake.
        errors: Why, by row.
        warnings: What is worth a look and rejects nothing.
        notes: What was assumed or left out.
        questions: What must be answered before anything is imported.
        left_columns: The columns with values that were left out.
        shape: What one row of the table is.
        decimals: The decimal mark its amounts were read with, where one was needed.
        dates: The order of day and month its dates were read in, where one was needed.
        currency: The currency of rows that name none.
        currency_by: What says so: ``conference``, ``title``, ``header`` or ``chosen``.
        scale: What amounts were multiplied by.
    """

    orders: list[Order] = field(default_factory=list)
    rejected: list[list[int]] = field(default_factory=list)
    errors: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    left_columns: list[LeftColumn] = field(default_factory=list)
    shape: Shape = Shape.LINES
    decimals: Decimals | None = None
    dates: DayOrder | None = None
    currency: str = ""
    currency_by: str = "conference"
    scale: int = 1

    @property
    def totals(self) -> dict[str, str]:
        """The sum of the orders by currency, in major units."""
        sums: Counter[str] = Counter()
        for order in self.orders:
            sums[order.currency] += order.total
        return {code: f"{to_major(sums[code], code):,}" for code in sorted(sums)}


def read_orders(table: Table, options: Options) -> SheetReading:
    """Read every purchase order of a table.

    The outcome's ``questions`` are to be answered before any of it is imported.

    Raises:
        ImportQuestionsError: A needed column must be chosen before the table can be read.
        ImportFileError: A needed column is missing.
    """
    return _Read(table, options).result()


def read_order(
    lines: Sequence[Mapping[str, Cell]], options: Options
) -> tuple[Order | None, list[RowProblem]]:
    """Read one purchase order that a program gives, under the rules of a table's rows.

    The lines are field → cell; what the order has one of stands on every line.

    Returns:
        The order, or None; and a problem for each mistake, with the line's number as its row.
    """
    fields = list(dict.fromkeys(key for line in lines for key in line))
    table = [(number, [line.get(key) for key in fields]) for number, line in enumerate(lines, 1)]
    reading = Reading(
        decimals="point",
        dates=None,
        currency=options.currency,
        today=options.today,
        tax=options.tax,
        typed=True,
    )
    rows = read_rows(table, {key: at for at, key in enumerate(fields)}, reading)
    findings = Findings(rows, {})
    assembler = Assembler(
        rows,
        findings,
        Pricer(rows, findings, {}, {}),
        currency=options.currency,
        header_currencies={},
        unknown={},
        max_lines=options.max_lines,
        tax=options.tax,
        refused_rows={},
    )
    return assembler.order(range(len(lines))), in_order(findings.errors)


class _Read:
    """One reading of one table."""

    def __init__(self, table: Table, options: Options) -> None:
        self._table = table
        self._options = options
        self._made = SheetReading(notes=list(table.notes))
        self._questions = self._made.questions
        self._questions += table.assignment.questions

    def result(self) -> SheetReading:
        table, options, made = self._table, self._options, self._made
        if table.assignment.unreadable and self._questions:
            raise ImportQuestionsError(self._questions)
        _require_columns(table)
        columns = dict(table.positions)
        self._drop_tax(columns)
        columns |= {f"package:{at}": at for at in table.packages}
        columns |= {f"own_line:{at}": at for at in table.own_lines}
        self._money = {k: at for k, at in columns.items() if k in _PRICES or ":" in k}
        _refuse_hundredths([table.headers[at] for at in self._money.values()])
        named = self._header_currencies()
        currency = self._file_currency(named)
        unknown = {f"unknown:{c.position}": c for c in table.unknown if options.unknown == "notes"}
        columns |= {key: column.position for key, column in unknown.items()}
        names = {key: table.headers[at] for key, at in columns.items()}
        reading = Reading(
            decimals=options.decimal or self._decimals(named, currency),
            dates=options.dates or self._dates(),
            currency=currency,
            today=options.today,
            tax=options.tax,
            scale=self._scale(),
        )
        made.decimals, made.dates, made.scale = reading.decimals, reading.dates, reading.scale
        rows = read_rows(self._continued_rows(), columns, reading, self._addresses())
        findings = Findings(rows, names)
        package_names = {key: bare(names[key]) for key in columns if key.startswith("package:")}
        own_lines = {
            f"own_line:{at}": (bare(table.headers[at]), sign)
            for at, sign in table.own_lines.items()
        }
        assembler = Assembler(
            rows,
            findings,
            Pricer(rows, findings, package_names, named, own_lines),
            currency=currency,
            header_currencies=named,
            unknown={key: column.header for key, column in unknown.items()},
            max_lines=options.max_lines,
            tax=options.tax,
            refused_rows=self._refused_rows(),
        )
        groups = group_rows(rows, table.continued)
        for group in groups:
            order = assembler.order(group)
            if order is None:
                made.rejected.append([rows.numbers[row] for row in group])
            else:
                made.orders.append(order)
        sizes = [len(group) for group in groups]
        made.shape = (
            Shape.PACKAGES
            if table.packages
            else (Shape.LINES if any(size > 1 for size in sizes) else Shape.ORDERS)
        )
        self._leave_columns(rows, groups)
        if not table.canonical:
            self._ask_currency_column(rows, currency)
            self._ask_email(rows)
            self._ask_grouping(rows)
            self._ask_examples()
            self._ask_titles()
            self._ask_numbers()
            self._ask_texts(rows)
            self._ask_repeated_totals(rows, groups)
            self._ask_lines(rows, groups)
            self._ask_twice()
            self._ask_shared_numbers()
        made.errors = in_order(findings.errors)
        made.warnings = in_order([*findings.warnings, *self._doubtful_rows(rows)])
        return made

    # What is known of the file's habits

    def _drop_tax(self, columns: dict[str, int]) -> None:
        """Leave the column of tax rates out where the conference has none, and say so."""
        if self._options.tax.active or "tax_rate" not in columns:
            return
        at = columns.pop("tax_rate")
        header = self._table.headers[at]
        cells = column_cells(self._table.rows, at)
        if not self._table.canonical and not all(is_empty(c) or _is_nothing(c) for c in cells):
            self._questions.append(
                Question(
                    "column",
                    header,
                    f"Column {header!r} holds tax rates, and the conference has none in its "
                    "settings. Is it to be left out, so that no tax is added? If not, set up the "
                    "conference's tax rates first.",
                    [Choice(f"Yes; leave {header!r} out", {"mapping": {header: ""}})],
                    shown_rows(self._table.headers, self._table.rows, [at]),
                )
            )
            return
        self._made.notes.append(
            f"The conference has no tax rates in its settings; column {header!r} was left out. No "
            "tax is added."
        )

    def _header_currencies(self) -> dict[str, str]:
        """Return column key → the one currency its header, or the units under it, name."""
        named: dict[str, str] = {}
        for key, at in self._money.items():
            header = bare(self._table.headers[at])
            hint = self._table.hints.get(at, "")
            meant = (
                header_currencies(header) or header_currencies(f"in ({hint})")
                if hint
                else (header_currencies(header))
            )
            if meant is None or (self._options.currency in meant and len(meant) > 1):
                continue
            chosen = self._options.named_currency or self._remembered("currency")
            if len(meant) == 1:
                named[key] = next(iter(meant))
            elif chosen in meant:
                named[key] = str(chosen)
            elif meant:
                self._ask_currency(f"Column {header!r} has the sign of several currencies.", meant)
                named[key] = min(meant)
        return named

    def _file_currency(self, named: Mapping[str, str]) -> str:
        """Find the currency of rows that name none."""
        made, options = self._made, self._options
        chosen = options.named_currency or self._remembered("currency")
        if chosen:
            made.currency, made.currency_by = str(chosen), "chosen"
            return str(chosen)
        made.currency = options.currency
        if len(set(named.values())) == 1:
            made.currency, made.currency_by = next(iter(named.values())), "header"
        below = [(text, "below the table") for text in self._table.footers]
        titles = [(t, "above the header") for t in self._table.titles] + below
        if not self._table.canonical:
            titles.append((self._table.sheet, "on the sheet's tab"))
        for title, where in titles:
            meant, certain = text_currency(title)
            if meant is None or options.currency in meant:
                continue
            if certain and len(meant) == 1 and not named:
                made.currency, made.currency_by = next(iter(meant)), "title"
                made.notes.append(
                    f"The text {where} says {title.strip()[:80]!r}. Rows that name no "
                    f"currency are in {made.currency.upper()}."
                )
            elif not named and "currency" not in self._table.positions:
                self._ask_currency(
                    f"The text {where}, {title.strip()[:80]!r}, may name the currency.",
                    meant | {options.currency},
                )
            break
        return made.currency

    def _ask_currency(self, why: str, meant: frozenset[str]) -> None:
        if any(question.kind == "currency" for question in self._questions):
            return
        codes = [code for code in _EVERYDAY if code in meant] or sorted(meant)[:8]
        self._questions.append(
            Question(
                "currency",
                "",
                f"{why} In which currency are the amounts that name none?",
                [Choice(code.upper(), {"currency": code}) for code in codes],
            )
        )

    def _remembered(self, name: str) -> Any:
        return self._table.remembered.get(f"@{name}")

    def _decimals(self, named: Mapping[str, str], currency: str) -> Decimals | None:
        """Decide the file's decimal mark from every amount in it."""
        table = self._table
        columns = [(at, named.get(key, "")) for key, at in self._money.items()]
        if "quantity" in table.positions:
            columns.append((table.positions["quantity"], _WHOLE))
        habit = habit_of(self._texts(columns, currency))
        if not habit.open:
            return habit.decimals
        remembered: Decimals | None = self._remembered("decimal")
        if remembered:
            return remembered
        written = written_amount(habit.open)
        meanings = (
            [f"{m:f}" for m in (written.point, written.comma) if m is not None] if written else []
        )
        marks: list[tuple[Decimals, str]] = [("point", "."), ("comma", ",")]
        self._questions.append(
            Question(
                "decimal",
                habit.open,
                f"{habit.open!r} can be read with a decimal point or a decimal comma, and nothing "
                "in the file decides. Which mark do its amounts have before the cents?",
                [
                    Choice(f"A {mark} ({sign}): {habit.open} is {meaning}", {"decimal": mark})
                    for (mark, sign), meaning in zip(marks, meanings, strict=False)
                ],
                self._where(habit.open, [at for at, _ in columns]),
            )
        )
        return "point"

    def _unshifted(self) -> list[tuple[int, list[Cell]]]:
        """Return the rows whose cells are surely those of their columns."""
        shifted = self._table.shifted
        return (
            [row for row in self._table.rows if row[0] not in shifted]
            if shifted
            else (self._table.rows)
        )

    def _where(self, text: str, positions: Sequence[int]) -> list[tuple[int, str]]:
        for number, cells in self._table.rows:
            if any(at < len(cells) and text_of(cells[at]).strip() == text for at in positions):
                return [(number, text)]
        return []

    def _texts(self, columns: Sequence[tuple[int, str]], default: str) -> Iterator[tuple[str, str]]:
        """Every different text in the columns, with its currency where that can be told."""
        rows = self._unshifted()
        beside_at = self._table.positions.get("currency")
        beside_cells = column_cells(rows, beside_at) if beside_at is not None else repeat("")
        seen: set[tuple[Cell, Cell]] = set()
        for position, header in columns:
            beside = repeat(header) if header else beside_cells
            seen.update(zip(column_cells(rows, position), beside, strict=False))
        names = {name for _, name in seen}
        named = {name: _one(sign_currencies(text_of(name) or default)) for name in names}
        for cell, name in seen:
            if type(cell) is not str or cell.isdecimal() or not cell:
                continue
            currency = named[name]
            if not name or not currency:
                # A sign beside the amount says more than the conference's currency does.
                currency = _signed(cell) or currency
            yield cell, currency

    def _dates(self) -> DayOrder | None:
        """Decide the order of day and month from the whole of the columns of dates."""
        table, today = self._table, self._options.today
        columns = [table.positions[name] for name in _DATES if name in table.positions]
        rows = self._unshifted()
        texts = {c for at in columns for c in column_cells(rows, at) if isinstance(c, str)}
        order, open_value = order_of(sorted(texts), today)
        if not open_value or table.canonical:
            # The template asks for 2027-03-31: a day with two readings is an error of its row.
            return order
        remembered: DayOrder | None = self._remembered("dates")
        if remembered:
            return remembered
        written = written_date(open_value, today)
        words = {"dmy": "the day", "mdy": "the month", "ymd": "the year"}
        days = {key: getattr(written, key) for key in words if getattr(written, key)}
        headers = " or ".join(repr(table.headers[at]) for at in columns)
        ways = " or ".join(f"{words[key].removeprefix('the ')} first" for key in days)
        self._questions.append(
            Question(
                "dates",
                open_value,
                f"{open_value!r} in column {headers} can be read {ways}, and nothing there "
                "decides. Which comes first in its dates?",
                [
                    Choice(f"{words[key].capitalize()}: {open_value} is {day}", {"dates": key})
                    for key, day in days.items()
                ],
                self._where(open_value, columns),
            )
        )
        return "dmy" if "dmy" in days else "mdy" if "mdy" in days else "ymd"

    def _scale(self) -> int:
        """Find what amounts are multiplied by: the file may say that they are in thousands."""
        if self._options.scale:
            return self._options.scale
        headers = [bare(self._table.headers[at]) for at in self._money.values()]
        hints = [self._table.hints.get(at, "") for at in self._money.values()]
        for text in [*headers, *hints, *self._table.titles, *self._table.footers]:
            words = scaled(text)
            if not words:
                continue
            if self._remembered("scale"):
                return int(self._remembered("scale"))
            self._questions.append(
                Question(
                    "scale",
                    text,
                    f"{text.strip()[:80]!r} may say that amounts are in thousands. What does an "
                    "amount of 5 mean?",
                    [
                        Choice("5, as written", {"scale": 1}),
                        Choice("5,000", {"scale": 1000}),
                        Choice("5,000,000", {"scale": 1_000_000}),
                    ],
                )
            )
            return 1
        return 1

    # What is put together before the rows are read

    def _continued_rows(self) -> list[tuple[int, list[Cell]]]:
        """Give lines that go on with an order its sponsor, email and number."""
        table = self._table
        if not table.continued:
            return table.rows
        shared = [
            table.positions[name]
            for name in ("organization_name", "contact_email", "po_number")
            if name in table.positions
        ]
        by_line = dict(table.rows)
        made = []
        for number, cells in table.rows:
            origin = by_line.get(table.continued.get(number, -1))
            if origin is None:
                made.append((number, cells))
                continue
            filled = [*cells, *[""] * (len(origin) - len(cells))]
            for at in shared:
                if at < len(origin):
                    filled[at] = origin[at]
            made.append((number, filled))
        return made

    def _addresses(self) -> dict[str, list[Cell]]:
        """Put street, postal code, city, state and country together as the billing address."""
        parts = self._table.assignment.address
        if not parts:
            return {}
        made: list[Cell] = []
        for _, cells in self._table.rows:
            found: dict[str, list[str]] = defaultdict(list)
            for at, part in parts.items():
                text = " ".join(text_of(cells[at]).split()) if at < len(cells) else ""
                if text and not is_placeholder(text):
                    if part == "code":
                        text = text.removesuffix(".0").removeprefix("'")
                    found[part].append(text)
            city = " ".join(found["code"] + found["city"])
            if found["state"]:
                state = " ".join([*found["state"], *found["code"]])
                city = ", ".join(filter(None, [*found["city"], state]))
            made.append("\n".join(filter(None, [*found["street"], city, *found["country"]])))
        return {"billing_address": made}

    def _refused_rows(self) -> dict[int, list[tuple[str, str]]]:
        """Return line → code and message of what is wrong with a row as a whole."""
        table = self._table
        found: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for number, seen in table.shifted.items():
            found[number].append(
                _refusal(
                    "cells_shifted",
                    f'{seen}; put an amount such as "1,500.00" or a text with a comma in quotation '
                    "marks.",
                )
            )
        for number, text in table.mismatched.items():
            found[number].append(
                _refusal(
                    "amount_mismatch",
                    f"the row is called {text!r}, but its amount is not the sum of the lines above "
                    "it; delete the row, or give it another description.",
                )
            )
        for number, refusal in [*self._changed_numbers(), *self._swapped_dates()]:
            found[number].append(refusal)
        for name in (*REQUIRED, "po_number"):
            if name not in table.positions:
                continue
            cells = column_cells(table.rows, table.positions[name])
            lost = {cell for cell in set(cells) if isinstance(cell, str) and LOST in cell}
            for (number, _), cell in zip(table.rows, cells, strict=True) if lost else ():
                if cell in lost:
                    message = f"{text_of(cell)!r} has a damaged character; write it again."
                    found[number].append(_refusal("characters_lost", message))
        return found

    def _changed_numbers(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield the lines whose PO number a program, or a person in a hurry, did not keep."""
        table = self._table
        at = table.positions.get("po_number", -1)
        odd = table.shifted.keys() | table.continued.keys()
        rows = [row for row in table.rows if row[0] not in odd] if odd else table.rows
        numbers = column_cells(rows, at) if at >= 0 else []
        changed = {c for c in set(numbers) if isinstance(c, str) and _is_changed(c.strip())}
        for (line, _), cell in zip(rows, numbers, strict=False) if table.delimited else ():
            if cell in changed:
                refusal = _refusal(
                    "digits_lost",
                    f"a program may have rounded the number {cell!r} or made a date of it; write "
                    f"the sponsor's own. If this is it, put an apostrophe before it.",
                )
                yield line, refusal
        if table.canonical or not numbers:
            return
        sponsors = column_cells(rows, table.positions["organization_name"])
        written = {
            cell: "" if is_no_number(t := text_of(cell)) else clean(t) for cell in set(numbers)
        }
        plain = {cell: looks_of(text) for cell, text in written.items()}
        seen: dict[tuple[str, str], tuple[int, str]] = {}
        before, number, upper = "", "", 0
        for (line, _), one, cell in zip(rows, sponsors, numbers, strict=True):
            sponsor, text = text_of(one).strip().casefold(), written[cell]
            by, other = seen.setdefault((sponsor, plain[cell]), (line, text))
            if plain[cell] and other != text and comparable(other) != comparable(text):
                refusal = _refusal(
                    "conflict",
                    f"{other!r} and {text!r} may be one PO number; write it the same way.",
                )
                yield from ((row, refusal) for row in (by, line))
            if not is_empty(cell) and not text:
                before, number, upper = sponsor, "", line  # a placeholder says that there is none
                continue
            if text or not sponsor or sponsor != before or not number:
                before, number, upper = sponsor, text, line
                continue
            refusal = _refusal(
                "required",
                f"row {upper} has the PO number {number!r} and row {line}, of the same "
                f"sponsor, has none; write it there too, or - for none.",
            )
            yield from ((row, refusal) for row in (upper, line))

    def _swapped_dates(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield the lines whose dates may be swapped: a program understood only some of a column.

        Where a program expects the month first, it makes dates of those days up to 12 and leaves
        the others as text.
        """
        order = self._made.dates
        for name in _DATES if order in ("dmy", "mdy") else ():
            at = self._table.positions.get(name, -1)
            cells = column_cells(self._table.rows, at) if at >= 0 else []
            if any(isinstance(cell, date) and cell.day > 12 for cell in cells):
                continue
            for (line, _), cell in zip(self._table.rows, cells, strict=False):
                if isinstance(cell, date) and cell.day != cell.month:
                    yield (
                        line,
                        _refusal(
                            "date_invalid",
                            f"{text_of(cell)} may have day and month swapped, since other dates in "
                            f"{self._table.headers[at]!r} are texts. Write it as a text too.",
                        ),
                    )

    # What is asked or said after the rows are read

    def _leave_columns(self, rows: Rows, groups: Sequence[Sequence[int]]) -> None:
        """List what is left out, and ask about what may change what is billed."""
        table = self._table
        values = _LineValues(table, rows, groups, self._made.decimals)
        free = {c.position for c in table.unknown} - table.assignment.settled
        for column in table.unknown:
            cells = column_cells(table.rows, column.position)
            filled = [cell for cell in cells if not is_empty(cell)]
            if not filled:
                continue
            why = "no field of this name"
            if column.position not in free:
                why = "your choice"
            elif not table.canonical:
                if not is_other_money(bare(column.header)):
                    why = values.explanation(column.position) or why
                if why == "no field of this name":
                    self._ask_column(column.header, column.position, filled, values)
            first = " ".join(text_of(filled[0]).split())[:60]
            if self._options.unknown == "notes":
                why = "kept in the notes"
            self._made.left_columns.append(LeftColumn(column.header, len(filled), first, why))

    def _ask_column(
        self, header: str, at: int, filled: Sequence[Cell], values: _LineValues
    ) -> None:
        """Ask about a column that is used for nothing, where it can change what is billed."""
        table = self._table
        name = bare(header)
        kinds = [kind for cell in filled if (kind := kind_of(cell)) != "mark"]
        numbers = kinds.count("number")
        telling = [cell for cell in filled if not _is_nothing(cell)]
        marked = is_money_mark(name)
        if marked:
            words = set(spoken(name).split()) | set(fold(name).split())
            dated = "date" in kinds and not words.isdisjoint(_PAYMENT)
            matters = not ALREADY.isdisjoint(words) and words.isdisjoint(_PAPERS)
            matters = matters or is_in_kind(name)
            asked = bool(telling) and (numbers > 0 or dated or matters)
        else:
            asked = (
                numbers >= 0.5 * max(len(kinds), 1)
                and bool(telling)
                and not is_harmless(name, filled)
                and self._may_be_billed(name, telling, values)
            )
        if not asked:
            self._ask_codes(header, filled)
            return
        choices = [
            Choice(
                f"It does not change what is owed; leave {name!r} out", {"mapping": {header: ""}}
            )
        ]
        if numbers:
            choices += self._uses(header, telling, values)
        shown = shown_rows(table.headers, table.rows, [at])
        why = "may change what is owed" if marked else "holds numbers, and its name is unknown"
        self._questions.append(
            Question(
                "column",
                header,
                f"Column {header!r} {why}. What is it for? If no answer fits, correct the "
                "amounts in the file first.",
                choices,
                shown,
            )
        )

    def _may_be_billed(self, name: str, cells: Sequence[Cell], values: _LineValues) -> bool:
        """Tell whether a column of numbers can be a price, or the quantity that is missing.

        Small whole numbers are none where the column is called by what it counts, such as passes.
        """
        if COUNTS.isdisjoint(spoken(name).split()):
            return True
        if any(written_as_money(cell) or _percent(cell) for cell in cells):
            return True
        written = [w for cell in cells if (w := written_amount(cell))]
        if any((w.point or w.comma or 0) >= 100 for w in written):
            return True
        return values.needs_quantity

    def _uses(self, header: str, cells: Sequence[Cell], values: _LineValues) -> list[Choice]:
        """Offer a column of numbers as the fields it can be."""
        mapping = self._table.mapping
        choices = []
        whole = all(
            (w := written_amount(c)) is not None and (w.point or w.comma or Decimal()) % 1 == 0
            for c in cells
        )
        if values.needs_quantity and whole:
            choices.append(
                Choice(f"{header!r} is {LABELS['quantity']}", {"mapping": {"quantity": header}})
            )
        if "%" in header or any(_percent(cell) for cell in cells):
            return choices
        if {"amount", "unit_price"} & mapping.keys() or self._table.packages:
            choices += [
                Choice(
                    f"Bill {header!r} as {OWN_LINES[sign]}",
                    {"mapping": {header: sign}},
                )
                for sign in line_signs(bare(header))
            ]
        for name in ("amount", "unit_price"):
            if name in mapping:
                chosen = {name: header, mapping[name]: ""}
                label = f"{header!r} is {LABELS[name]}, and {mapping[name]!r} is left out"
                choices.append(Choice(label, {"mapping": chosen}))
        return choices

    def _ask_codes(self, header: str, filled: Sequence[Cell]) -> None:
        """Ask about a column that holds nothing but currency codes, where none is the currency."""
        if "currency" in self._table.positions:
            return
        texts = {text_of(cell).strip() for cell in filled}
        if not all(t.isupper() and t.lower() in CURRENCIES for t in texts):
            return
        if {t.lower() for t in texts} == {self._made.currency}:
            return
        at = self._table.headers.index(header)
        self._questions.append(
            Question(
                "column",
                header,
                f"Column {header!r} holds what may be currency codes. Is it the currency?",
                [
                    Choice(f"{header!r} is the currency", {"mapping": {"currency": header}}),
                    Choice(f"No; leave {header!r} out", {"mapping": {header: ""}}),
                ],
                shown_rows(self._table.headers, self._table.rows, [at]),
            )
        )

    def _ask_currency_column(self, rows: Rows, currency: str) -> None:
        """Ask where some rows name another currency than the conference's and others name none."""
        if self._made.currency_by != "conference":
            return
        others = {order.currency for order in self._made.orders} - {currency}
        if others and (silent := self._without_currency(rows, currency)):
            self._ask_currency(
                f"{named_rows(silent)}: No currency is named, while others have another than the "
                "conference's.",
                frozenset(others | {currency}),
            )

    def _without_currency(self, rows: Rows, currency: str) -> list[int]:
        """Return the lines of orders in a currency that name none themselves."""
        taken = {n for o in self._made.orders if o.currency == currency for n in o.rows}
        columns = [rows.values[key] for key in self._money if key in rows.values]
        codes = rows.values.get("currency")
        return [
            number
            for at, number in enumerate(rows.numbers)
            if number in taken
            and not (codes and codes[at])
            and not any(isinstance(c[at], tuple) and c[at][1] is not None for c in columns)
        ]

    def _ask_email(self, rows: Rows) -> None:
        """Ask about one address for many sponsors: it may be our own, or a form's."""
        table = self._table
        column = next((c for c in table.columns if c.field == "contact_email"), None)
        if column is None or column.reason in ("chosen", "saved"):
            return
        if any(q.kind == "field" and q.subject == "contact_email" for q in self._questions):
            return
        found: dict[str, set[str]] = defaultdict(set)
        for sponsor, emails in zip(
            rows.values["organization_name"], rows.values["contact_email"], strict=True
        ):
            if type(sponsor) is str and type(emails) is list:
                found[emails[0].lower()].add(fold(sponsor))
        sponsors = set().union(*found.values())
        if len(found) != 1 or len(sponsors) < 3:
            return
        address = next(iter(found))
        host = address.rpartition("@")[2].split(".")[0]
        if any(_resembles(host, sponsor) for sponsor in sponsors):
            return
        self._questions.append(
            Question(
                "email",
                column.header,
                f"Column {column.header!r} holds one address, {address}, for {len(sponsors)} "
                "sponsors. Shall all their invoices go there?",
                [Choice(f"Yes, to {address}", {"mapping": {"contact_email": column.header}})],
                shown_rows(table.headers, table.rows, [column.position]),
            )
        )

    def _ask_grouping(self, rows: Rows) -> None:
        """Ask whether a document's number holds rows together where there is no PO number."""
        table = self._table
        if "po_number" in table.positions or not rows.numbers:
            return
        sponsors = rows.values["organization_name"]
        times = Counter(value for value in sponsors if type(value) is str)
        if not any(count > 1 for count in times.values()):
            return
        for column in table.unknown:
            words = set(spoken(bare(column.header)).split())
            if column.position in table.assignment.settled or not words & _DOCUMENT:
                continue
            cells = [text_of(c).strip() for c in column_cells(table.rows, column.position)]
            pairs = [(s, c) for s, c in zip(sponsors, cells, strict=True) if c]
            sponsors_of: dict[str, set[Any]] = defaultdict(set)
            for sponsor, cell in pairs:
                if type(sponsor) is str:
                    sponsors_of[cell].add(sponsor)
            shared = [pair for pair, count in Counter(pairs).items() if count > 1]
            if not shared or any(len(found) > 1 for found in sponsors_of.values()):
                continue
            self._questions.append(
                Question(
                    "grouping",
                    column.header,
                    f"Several rows of a sponsor share a value in column {column.header!r}, and "
                    "there is no PO number. Are rows that share it one purchase order?",
                    [
                        Choice(
                            f"Yes; {column.header!r} is {LABELS['po_number']}",
                            {"mapping": {"po_number": column.header}},
                        ),
                        Choice(
                            "No; each row is a separate purchase order",
                            {"mapping": {column.header: ""}},
                        ),
                    ],
                    shown_rows(table.headers, table.rows, [column.position]),
                )
            )
            return

    def _open(self, numbers: Iterable[int]) -> list[int]:
        """Return the lines that a person has not taken for lines to bill."""
        return sorted(number for number in numbers if number not in self._table.kept)

    def _ask_rows(
        self,
        asked: Sequence[int],
        text: str,
        field: str = "",
        *,
        leave: str = "No; leave out",
        keep: str = "Yes; import",
    ) -> None:
        """Ask whether some lines are to be billed."""
        listed = ",".join(map(str, asked))
        at = self._table.positions.get(field)
        by_line = dict(self._table.rows)
        held = [
            (line, text_of(by_line[line][at]) if at is not None else held_in(by_line[line]))
            for line in asked[:3]
        ]
        choices = [Choice(leave, {"skip_rows": listed}), Choice(keep, {"keep_rows": listed})]
        again = any(question.subject == listed for question in self._questions)
        subject = f"{listed} {len(self._questions)}" if again else listed
        text = f"{named_rows(asked)}: {text}"
        self._questions.append(Question("rows", subject, text, choices, held))

    def _ask_examples(self) -> None:
        if asked := self._table.examples:
            self._ask_rows(
                asked,
                "The cells look like an example for people who fill in the sheet, or like a totals "
                "row. Is there a purchase order here?",
            )

    def _ask_titles(self) -> None:
        """Ask about a tab, title or footer that speaks of a draft, a forecast or an archive."""
        table = self._table
        texts = (table.sheet, *table.titles, *table.footers)
        draft = next((t for t in texts if not _DRAFTS.isdisjoint(spoken(t).split())), "")
        if draft and (asked := self._open(number for number, _ in table.rows)):
            self._ask_rows(
                asked,
                f"{draft.strip()[:80]!r} may say that there are no purchase orders to bill here. "
                f"Are there?",
            )

    def _ask_numbers(self) -> None:
        """Ask about PO numbers that may be remarks, numbers of rows, years or rounded sums."""
        table, year = self._table, self._options.today.year
        at = table.positions.get("po_number", -1)
        cells = column_cells(table.rows, at) if at >= 0 else []
        years = {str(year + more) for more in range(-1, 3)}
        doubtful = {
            cell
            for cell in set(cells)
            if is_doubtful_number(text := text_of(cell))
            or text.strip() in years
            or (isinstance(cell, float) and not isinstance(cell, ShownNumber) and cell % 1)
        }
        odd = (n for (n, _), cell in zip(table.rows, cells, strict=False) if cell in doubtful)
        if asked := self._open(odd):
            shown = _listed(text_of(cell).strip() for cell in doubtful)
            self._ask_rows(
                asked,
                f"The PO number is {shown}, which may be a remark, a row's number, a year, several "
                f"numbers or a sum. Is it the sponsor's number? If not, write that, or - for none, "
                f"in the file.",
                "po_number",
            )

    def _texts_beside(self) -> Iterator[tuple[int, str]]:
        """Yield line and cell of every description, note and text that is taken for nothing."""
        table = self._table
        free = [c for c in table.unknown if c.position not in table.assignment.settled]
        for column in (*free, *(c for c in table.columns if c.field in ("description", "notes"))):
            cells = column_cells(table.rows, column.position)
            for (line, _), cell in zip(table.rows, cells, strict=True):
                if isinstance(cell, str) and cell and cell.lower() not in CURRENCIES:
                    yield line, cell

    def _ask_texts(self, rows: Rows) -> None:
        """Ask about texts that name a PO number or a currency which the order does not have."""
        table, made = self._table, self._made
        orders = {number: order for order in made.orders for number in order.rows}
        silent = set(self._without_currency(rows, made.currency))
        if made.currency_by != "conference":
            silent.clear()
        numbers: dict[int, str] = {}
        currencies: dict[int, str] = {}
        for line, text in self._texts_beside():
            order = orders.get(line)
            if order and (found := named_number(text)) and not _is_number_of(found, order):
                numbers[line] = found
            meant = text_currency(text)[0] if line in silent else None
            if order and meant and order.currency not in meant:
                currencies[line] = text.strip()
        for text in (*table.titles, *table.footers):
            if found := named_number(text):
                numbers |= {n: found for n, order in orders.items() if not order.po_number}
        if asked := self._open(numbers):
            shown = _listed(numbers[number] for number in asked)
            self._ask_rows(
                asked,
                f"A text in the file says {shown}, and the purchase order has another PO number or "
                f"none. Is that right? If not, write the PO number into its column first.",
                "po_number",
            )
        if asked := self._open(currencies):
            shown = _listed(currencies[number] for number in asked)
            self._ask_rows(
                asked,
                f"A text in the file says {shown}, and nothing else names the currency. Is "
                f"{made.currency.upper()} right? If not, write the currency into a column first.",
                "amount",
            )

    def _ask_lines(self, rows: Rows, groups: Sequence[Sequence[int]]) -> None:
        """Ask about lines that add what may be taken off, or that are the sum of those above."""
        taken_off, sums = [], []
        key = "amount" if "amount" in rows.values else "unit_price"
        for group in groups if len(groups) < len(rows.numbers) else ():
            prices = [(rows.value(row, key) or (Decimal(), None))[0] for row in group]
            above, whole = Decimal(), sum(prices)
            for at, (row, price) in enumerate(zip(group, prices, strict=True)):
                others = [whole - price] + [above] * (at > 1)
                if price > 0 and is_taken_off(rows.value(row, "description") or ""):
                    taken_off += [rows.numbers[row]] * (len(group) > 1)
                elif len(group) > 2 and price > 0 and price in others and key == "amount":
                    sums.append(rows.numbers[row])
                above += price
        if asked := self._open(taken_off):
            self._ask_rows(
                asked,
                "The description says discount, credit or deposit, and the amount is above zero. "
                "Is it added to what is owed? If it is subtracted, write a minus before it.",
                "description",
            )
        if asked := self._open(sums):
            self._ask_rows(
                asked,
                "The amount is the sum of other lines of the same purchase order. Is it billed in "
                "addition to them?",
                "description",
            )

    def _ask_twice(self) -> None:
        """Ask about an order that is the same as one above it, where one has no PO number."""
        seen: dict[Any, Order] = {}
        again = []
        for order in self._made.orders:
            lines = tuple((line.description, line.line_total) for line in order.lines)
            due = order.due_date, order.days_until_due, order.currency
            first = seen.setdefault((comparable(order.organization_name), lines, due), order)
            if first is not order and not (first.po_number and order.po_number):
                again += order.rows
        if asked := self._open(again):
            self._ask_rows(
                asked,
                "A purchase order above has the same sponsor, lines and amounts, and no PO number "
                "tells them apart. Is this another purchase order?",
                "organization_name",
            )

    def _ask_shared_numbers(self) -> None:
        """Ask about orders with one PO number whose sponsors' names are almost the same."""
        seen: dict[tuple[str, str], str] = {}
        again = []
        for order in self._made.orders if "po_number" in self._table.positions else ():
            name = order.organization_name
            key = core(name), looks_of(order.po_number)
            if order.po_number and comparable(seen.setdefault(key, name)) != comparable(name):
                again += order.rows
        if asked := self._open(again):
            self._ask_rows(
                asked,
                "A row above has the same PO number, and its sponsor almost the same name. Is this "
                "another purchase order? If not, write the name the same way.",
                "organization_name",
            )

    def _ask_repeated_totals(self, rows: Rows, groups: Sequence[Sequence[int]]) -> None:
        """Ask where all lines of each purchase order have one amount: it may be the order's sum."""
        amounts = rows.values.get("amount")
        several = [group for group in groups if len(group) > 1]
        if amounts is None or "unit_price" in rows.values or not several:
            return
        found = [{amounts[at] for at in group} for group in several]
        if any(len(one) > 1 or None in one for one in found):
            return
        header = self._table.mapping["amount"]
        called = not TOTALS.isdisjoint(spoken(bare(header)).split())
        if not called and (len(several) < _ENOUGH_ORDERS or len(set(map(frozenset, found))) == 1):
            return
        repeated = sorted(rows.numbers[at] for group in several for at in group[1:])
        if self._open(repeated):
            self._ask_rows(
                repeated,
                f"Every line of a purchase order has the same amount in column {header!r}. Is it "
                f"the amount of each line, or the purchase order's sum, repeated?",
                "amount",
                leave="The sum; leave the repeating rows out, with what they describe",
                keep="The amount of each line",
            )

    def _doubtful_rows(self, rows: Rows) -> Iterator[RowProblem]:
        """Yield what is worth a look in single rows."""
        table = self._table
        for number in sorted(table.hidden_rows):
            yield _warning(
                number,
                "",
                "hidden_row",
                "",
                "the row is hidden in the spreadsheet; it was read like any other.",
            )
        for number in sorted(table.struck_rows):
            yield _warning(
                number,
                "",
                "status_cancelled",
                "",
                "a cell of the row is struck through in the spreadsheet; it was read like any "
                "other. Delete the row if it must not be billed.",
            )
        for number, shown in table.differing.items():
            yield _warning(
                number,
                "",
                "total_differs",
                shown,
                f"the totals row shows {shown}, which is not the sum of the rows above it.",
            )
        yield from self._marked_rows()
        yield from self._notes_not_applied(rows)
        if "po_number" in table.positions:
            at = table.positions["po_number"]
            cells = column_cells(table.rows, at)
            empty = {c for c in set(cells) if isinstance(c, str) and is_no_number(c)}
            for (number, _), cell in zip(table.rows, cells, strict=True) if empty else ():
                if cell in empty and number not in table.shifted:
                    text = text_of(cell).strip()
                    yield _warning(
                        number,
                        table.headers[at],
                        "po_placeholder",
                        text,
                        f"{text!r} is not a PO number; the purchase order has none.",
                    )
        yield from self._garbled(rows)

    def _marked_rows(self) -> Iterator[RowProblem]:
        """Warn of rows that a column, a heading or the tab marks as cancelled, paid or alike."""
        table = self._table
        columns = [*self._free_texts(), ("", self._headings())]
        for header, cells in columns:
            marks = _marked(bare(header), cells)
            for (number, _), cell in zip(table.rows, cells, strict=True) if marks else ():
                if cell in marks:
                    shown = text_of(cell).strip()
                    if header and fold(shown) not in _MARKS:
                        shown = f"{header}: {shown}"
                    yield _warning(
                        number,
                        header,
                        "status_cancelled",
                        text_of(cell),
                        f"the row is marked {shown!r}; it was read like any other. Delete it if "
                        f"it must not be billed.",
                    )

    def _free_texts(self) -> Iterator[tuple[str, list[Cell]]]:
        """Yield header and cells of each column that is no field, and of the notes."""
        notes = (c for c in self._table.columns if c.field == "notes")
        for column in (*self._table.unknown, *notes):
            yield column.header, column_cells(self._table.rows, column.position)

    def _notes_not_applied(self, rows: Rows) -> Iterator[RowProblem]:
        """Warn of a note that changes what is billed, to whom or when, where no column says it."""
        table = self._table
        columns = {name: column_cells(table.rows, at) for name, at in table.positions.items()}
        given = ("contact_email", "cc_emails")
        written = {c for name in given for c in rows.cells.get(name, ())}
        addresses = {a.casefold() for c in written for a in _ADDRESS.findall(text_of(c))}
        texts: list[tuple[str, list[Cell], Sequence[tuple[str, re.Pattern[str]]]]]
        texts = [(header, cells, _SPEAKS_OF) for header, cells in self._free_texts()]
        if "description" in columns:
            header = table.headers[table.positions["description"]]
            texts.append((header, columns["description"], _OPTIONAL))
        for header, cells, kinds in texts:
            seen = {cell: _spoken_of(cell, kinds, addresses) for cell in set(cells)}
            for at, cell in enumerate(cells) if any(seen.values()) else ():
                for what in seen[cell]:
                    better = [columns[f][at] for f in _SAID_BY.get(what, ()) if f in columns]
                    if not all(map(is_empty, better)):
                        continue
                    text = text_of(cell).strip()
                    yield _warning(
                        table.rows[at][0],
                        header,
                        "note_not_applied",
                        text,
                        f"{header!r} may mean {what}: {text[:60]!r}. The row was read as its "
                        "columns say; correct it if that is wrong.",
                    )

    def _headings(self) -> list[Cell]:
        """Return what stands above each row as the heading of its section, or on the tab."""
        headings = sorted(self._table.headings.items())
        lines = [line for line, _ in headings]
        texts = ["" if headings else self._table.sheet, *(text for _, text in headings)]
        return [texts[bisect(lines, number)] for number, _ in self._table.rows]

    def _garbled(self, rows: Rows) -> Iterator[RowProblem]:
        """Warn of names whose characters were read in a wrong encoding before they came here."""
        for name in ("organization_name", "contact_name", "billing_address", "description"):
            if name not in rows.cells:
                continue
            meant = {
                c: found
                for c in set(rows.cells[name])
                if isinstance(c, str) and not c.isascii() and (found := mojibake(c))
            }
            for number, cell in zip(rows.numbers, rows.cells[name], strict=True) if meant else ():
                if isinstance(cell, str) and cell in meant:
                    header = self._table.mapping.get(name, name)
                    yield _warning(
                        number,
                        header,
                        "mojibake",
                        cell,
                        f"{cell!r} was probably {meant[cell]!r} before its characters were read in "
                        "a wrong encoding; correct it, or import the file with "
                        "--encoding utf-8-twice.",
                    )


class _LineValues:
    """The values of every row, to find columns that only repeat what is known."""

    def __init__(
        self,
        table: Table,
        rows: Rows,
        groups: Sequence[Sequence[int]],
        decimals: Decimals | None,
    ) -> None:
        self._table = table
        self._decimals = decimals
        price, amount = rows.values.get("unit_price"), rows.values.get("amount")
        self.needs_quantity = price is not None and "quantity" not in table.positions
        self._rows = rows
        self._groups = groups
        self._known: dict[str, list[Decimal | None]] = {}
        self._price, self._amount = price, amount

    def explanation(self, position: int) -> str:
        """Return what a column of numbers repeats in every row, or ``""``."""
        cells = column_cells(self._table.rows, position)
        filled = [(at, cell) for at, cell in enumerate(cells) if not is_empty(cell)]
        written = [(at, written_amount(cell)) for at, cell in filled]
        if any(w is None or w.currencies == frozenset() for _, w in written):
            return ""
        lines = {at for at, _ in filled}
        if any(lines.isdisjoint(group) for group in self._groups):
            return ""  # where it says something of some orders only, it repeats nothing
        self._work_out()
        for name, values in self._known.items():
            if all(w is not None and self._same(w, values[at]) for at, w in written):
                return name
        return ""

    def _same(self, written: WrittenAmount, value: Decimal | None) -> bool:
        read = written.read(self._decimals)
        if read is None:
            read = written.point
        return value is not None and read == value

    def _work_out(self) -> None:
        if self._known:
            return
        rows = self._rows
        count = len(rows.numbers)
        number = [Decimal(rows.value(at, "quantity") or 1) for at in range(count)]
        price = [_first(rows.value(at, "unit_price")) for at in range(count)]
        amount = [_first(rows.value(at, "amount")) for at in range(count)]
        lines = [
            a if a is not None else (p * q if p is not None else None)
            for a, p, q in zip(amount, price, number, strict=True)
        ]
        packages = [key for key in rows.values if key.startswith("package:")]
        if packages:
            lines = [
                sum((_first(rows.value(at, key)) or Decimal() for key in packages), Decimal())
                for at in range(count)
            ]
        sums: list[Decimal | None] = [None] * count
        for group in self._groups:
            parts = [lines[at] for at in group]
            if None not in parts:
                total = sum((part or Decimal() for part in parts), Decimal())
                for at in group:
                    sums[at] = total
        self._known = {
            "the same as the line's amount": lines,
            "the same as the purchase order's sum": sums,
        }
        if any(p is not None for p in price):
            self._known["the same as the unit price"] = price
        if "quantity" in rows.values:
            self._known["the same as the quantity"] = list(number)


_DOCUMENT = frozenset(
    """
    invoice rechnung rechnungsnummer facture factura fattura fatura factuur faktura number no
    nr num
    numero id ref reference order quote deal document belegnummer beleg angebot 番号 #
    """.split()
)
_EVERYDAY = ("usd", "eur", "gbp", "cad", "aud", "nzd", "chf", "jpy", "cny", "sek", "nok", "dkk",
    "isk", "inr", "sgd", "hkd", "brl", "mxn", "pln", "czk", "zar")  # fmt: skip
_PAPERS = frozenset("po logo logos contract agreement artwork form signature vertrag".split())
"""What is received or sent and is no money."""
_PAYMENT = frozenset("payment zahlung paiement pago pagamento betaling betalning".split())
_MARKS = frozenset(
    fold(word)
    for word in """
    cancelled,canceled,cancel,closed lost,closedlost,lost,declined,withdrawn,withdrew,void,voided,
    rejected,dropped,dropped out,no show,not coming,not going ahead,no longer sponsoring,
    do not invoice,do not bill,dont invoice,on hold,dead,duplicate,expired,refunded,inactive,
    deal lost,opportunity lost,pulled out,deleted,archived,postponed,deferred,superseded,replaced,
    not confirmed,unconfirmed,tentative,hold,test,
    paid,paid in full,already paid,already invoiced,invoiced,invoice sent,settled,fully paid,
    credit note,credit memo,refund,gutschrift,avoir,abono,nota de credito,nota di credito,
    creditnota,kreditnota,kreditering,
    storniert,storno,abgesagt,abgelehnt,annulliert,verloren,gekundigt,zuruckgezogen,bezahlt,
    bereits bezahlt,fakturiert,berechnet,
    annule,annulee,annules,perdu,perdue,refuse,refusee,resilie,paye,payee,regle,reglee,facture,
    cancelado,cancelada,anulado,anulada,perdido,perdida,rechazado,rechazada,pagado,pagada,
    facturado,
    pago,paga,faturado,recusado,desistiu,
    annullato,annullata,perso,persa,rifiutato,disdetto,pagato,pagata,fatturato,
    geannuleerd,afgezegd,vervallen,betaald,gefactureerd,verloren gegaan,
    avbokad,avbokat,avbruten,installd,makulerad,betald,fakturerad,forlorad,
    annulleret,aflyst,betalt,faktureret,annullert,kansellert,avlyst,fakturert,tapt,
    peruttu,peruutettu,maksettu,anulowano,anulowane,oplacone,
    キャンセル,取消,取り消し,失注,辞退,中止,無効,支払済,入金済,請求済,已取消""".replace(
        "\n", ""
    ).split(",")
)
"""What a cell says of a row that is probably not to be billed (any more)."""


_MARK_PHRASES = tuple(f"{mark} " for mark in _MARKS if " " in mark)
_ENOUGH_ORDERS = 3
"""So many purchase orders with equal lines are no accident, whatever their column is called."""
_AGREED = tuple(
    f"{fold(word)} "
    for word in """
    confirmed,approved,accepted,signed,contract signed,contracted,committed,won,closed won,
    closedwon,active,attending,coming,participating,going ahead,valid,complete,completed,done,ready,
    returning,renewed,new,open,unpaid,not paid,not yet paid,not invoiced,not yet invoiced,to be,
    awaiting payment,payment pending,overdue,outstanding,
    bestatigt,genehmigt,zugesagt,unterschrieben,aktiv,gultig,gewonnen,erledigt,neu,offen,unbezahlt,
    nicht bezahlt,noch nicht,uberfallig,
    confirme,approuve,accepte,signe,actif,valide,gagne,nouveau,ouvert,impaye,non paye,
    confirmado,aprobado,aceptado,firmado,activo,ganado,nuevo,abierto,impagado,
    aprovado,aceito,assinado,ativo,ganho,novo,aberto,
    confermato,approvato,accettato,firmato,attivo,vinto,nuovo,aperto,
    bevestigd,goedgekeurd,getekend,actief,gewonnen,nieuw,
    bekraftad,godkand,bekraeftet,godkendt,bekreftet,godkjent,
    potwierdzone,zatwierdzone,確定,承認,確認済,受注,已确认""".replace("\n", "").split(",")
)
"""How a cell begins that says of its row that it is agreed, with a space behind."""
_TO_BILL = {word.rstrip() for word in _AGREED} | frozenset(
    fold(word)
    for word in """
    invoice,bill,to bill,to invoice,send invoice,needs invoice,include,ready to invoice,
    invoice needed,invoice required,billable,
    rechnung,rechnung stellen,rechnung senden,abrechnen,fakturieren,
    facturer,a facturer,facture,facturar,por facturar,factura,faturar,a faturar,fatura,
    fatturare,da fatturare,fattura,factureren,te factureren,factuur,
    fakturera,faktura,請求""".replace("\n", "").split(",")
)
"""What a column asks of a row that is billed only if the answer is yes."""
_TICKS = frozenset("x X ✓ ✔ ☑ ✅ ☒ 1 ●".split())


def _refusal(code: str, message: str) -> tuple[str, str]:
    return code, message


_AROUND = frozenset("is was has been on am le el il em op den date".split())
_REST = re.compile(
    r"(?s)[(\[\d].*|\b(?:on|am|le|el|il|em|op|den|via|by|per|par|por|von)\b.*", re.IGNORECASE
)
"""What may follow a mark: ``Cancelled by sponsor (3 Nov)``."""
_INVOICE_NUMBER = re.compile(
    r"(?:(?:no|n|nr|num|numero|number|de|d|stripe) )*"
    r"(?:invoice|facture|factura|fattura|fatura|(?:rechnung|factuur|faktura)s?(?:nummer|nr)?)"
    r"(?: (?:no|nr|num|number|numero|id|date|url|link|nummer))*|請求書番号"
)
_STATUS = frozenset("status stage state phase statut etat estado stato etapa stadium 状態".split())


def _marked(header: str, cells: Sequence[Cell]) -> set[Cell]:
    """Return the cells of a column that say of their rows that they may not be billed.

    Beside cells that say that a row is agreed, every other one says that its row is not yet; an
    invoice's number does where only some rows have one.
    """
    words = fold(header).split()
    asks = " ".join(word for word in words if word not in _AROUND)
    shown, marks, agreed = set(), set(), set()
    for cell in set(cells):
        if 0 < len(text := text_of(cell).strip()) < 60:
            shown.add(cell)
            folded = fold(text)
            if _is_marked(asks, text, folded):
                marks.add(cell)
            elif f"{folded} ".startswith(_AGREED):
                agreed.add(cell)
    if agreed and len(agreed | marks) < len(shown):
        known = sum(cell in agreed or cell in marks for cell in cells)
        if not _STATUS.isdisjoint(words) or 2 * known >= sum(cell in shown for cell in cells):
            return shown - agreed
    if _INVOICE_NUMBER.fullmatch(spoken(header)) and not all(cell in shown for cell in cells):
        marks |= {cell for cell in shown if any(map(str.isdigit, text_of(cell)))}
    return marks


def _is_marked(asks: str, cell: str, folded: str) -> bool:
    """Tell whether a cell says that its row is not to be billed.

    Args:
        asks: The folded header: ``cancelled`` answered by yes or a date, ``confirmed`` by no.
        cell: ``Closed lost``, ``yes``, ``no``, …
        folded: The same, folded.
    """
    before = _REST.sub("", cell)
    if folded in _MARKS or folded.startswith(_MARK_PHRASES) or fold(before) in _MARKS:
        return True
    if asks in _MARKS:
        return folded in YES or cell.strip() in _TICKS or kind_of(cell) == "date"
    return asks in _TO_BILL and cell.strip().casefold() in NO


_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w")
"""Begins where a word begins, since a cell of a million signs would be read from each of them."""
_OPTIONAL = (
    (
        "a line that is optional",
        re.compile(
            r"\b(?:optional\w*|alternative|alternativ|alternativa|wahlweise|option|opcional|"
            r"opzionale|optioneel|optionnel\w*|tbd|tbc|if wanted|falls gewunscht|bei bedarf)\b"
        ),
    ),
)
_TAXES = r"(?:vat|tax|taxes|gst|hst|mwst|ust|umsatzsteuer|tva|iva|btw|moms|mva|alv)"
_SPEAKS_OF = (
    (
        "a discount",
        re.compile(
            r"\b(?:discount\w*|rebate|half price|waived?|complimentary|in kind|free of charge|"
            r"rabatt\w*|nachlass|skonto|kostenlos|kostenfrei|remise|rabais|offert\w?|gratis|"
            r"gratuit\w*|descuento|bonificad\w|desconto|sconto|scontat\w|omaggio|korting|rabat|"
            r"alennus)\b|割引|値引|無料|免费|折扣"
        ),
    ),
    (
        "tax",
        re.compile(
            rf"\b(?:plus|add|adding|with|without|before|excl\w*|incl\w*|net of|exempt\w*|no|zzgl|"
            rf"zuzuglich|ohne|mit|exkl\w*|inkl\w*|hors|sans|avec|mas|sin|con|senza|piu|esente|"
            rf"sem|com|mais|zonder|met|uden|utan|uten|ekskl\w*)(?: \d+)* {_TAXES}\b|"
            rf"\b{_TAXES} (?:exempt\w*|free|excluded|included|befreit)\b|\breverse charge\b|"
            r"\b(?:hors taxes?|steuerfrei|税抜|税込|税別)\b"
        ),
    ),
    (
        "payment terms",
        re.compile(
            r"\b(?:net|netto|nett|nto) ?\d{1,3}\b|"
            r"\b\d{1,3} (?:days|tage|tagen|jours|dias|giorni|dagen|dagar|dage|dager|paivaa|dni)\b|"
            r"\b(?:due|payable|pay|zahlbar|fallig|pagar|pagadero|betaalbaar)"
            r"(?: not)? (?:on|by|upon|in|within|until|before|after|bis|am|nach|innerhalb|au|le|"
            r"avant|el|antes|entro|op|voor)\b|"
            r"\b(?:end of month|eom|monatsende|fin de mois|fin de mes|fine mese)\b"
        ),
    ),
    (
        "payment in parts",
        re.compile(
            r"\b(?:instal+ments?|deposit|down payment|half now|half later|50 50|in two parts|"
            r"split (?:payment|invoice)s?|two invoices|anzahlung|raten\w*|ratenzahlung|"
            r"teilrechnung\w*|acompte|en (?:deux|trois|\d) fois|anticipo|a plazos|en \d pagos|"
            r"parcela\w*|sinal|acconto|a rate|aanbetaling|termijnen|delbetal\w*|forskud\w*)\b"
        ),
    ),
)
"""What a note may say of an invoice, and the words of it, folded."""
_SAID_BY = {"tax": ["tax_rate"], "payment terms": ["due_date", "days_until_due"]}
"""The columns whose cells say it better."""


def _spoken_of(
    cell: Cell, kinds: Sequence[tuple[str, re.Pattern[str]]], addresses: Collection[str]
) -> list[str]:
    """Return what a text means for the invoice; an address alone is only another column's."""
    if not isinstance(cell, str):
        return []
    folded, named = fold(cell), _ADDRESS.findall(cell)
    found = [what for what, pattern in kinds if pattern.search(folded)]
    if any(a.casefold() not in addresses for a in named) and fold(_ADDRESS.sub("", cell)):
        found.append("another recipient")
    return found


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(repr(text[:40]) for text in sorted(set(texts))[:5])


def _is_number_of(named: str, order: Order) -> bool:
    """Tell whether a number that a text names is the order's own, or a part of it."""
    one, other = (re.sub(r"\W", "", looks_of(text)) for text in (named, order.po_number))
    return bool(other) and (one in other or other in one)


_DRAFTS = frozenset(
    fold(word)
    for word in """
    draft drafts entwurf brouillon borrador bozza rascunho concept utkast luonnos szkic proposal
    proposals vorschlag forecast prognose projection projected pipeline prospects wishlist obsolete
    superseded archive archived archiv outdated preliminary vorläufig provisional provisorisch
    """.split()
)
"""Words of a title that says that a list is not, or no longer, one of orders to bill."""


def _is_changed(text: str) -> bool:
    """Tell whether a PO number looks like what a spreadsheet program makes of another one."""
    if text.isdigit():
        whole = text.startswith("0") or len(text) < EXACT_DIGITS + 2
        return not whole and not text[EXACT_DIGITS:].strip("0")
    found = re.fullmatch(r"(?:\d{1,2}[-. /]+)?([^\W\d]{3,})\.?[-. /]*(?:\d\d(?:\d\d)?)?", text)
    if found:
        return names_month(found[1])
    return bool(re.fullmatch(r"\d+([-./ ])\d+\1\d+", text)) and written_date(text) is not None


def _warning(row: int, column: str, code: str, value: str, message: str) -> RowProblem:
    return RowProblem(row, column, code, value, f"Row {row}: {sentence(message)}")


def _first(value: Any) -> Decimal | None:
    return value[0] if value else None


def _is_nothing(cell: Cell) -> bool:
    """Tell whether a cell says that there is no discount, tax, payment or alike."""
    text = text_of(cell).strip().casefold()
    if text in NO or (is_placeholder(text) and not text.startswith("x")):
        return True
    written = written_amount(cell) or written_amount(text.rstrip("% "))
    return written is not None and not written.point and not written.comma


def _percent(cell: Cell) -> bool:
    return text_of(cell).strip().endswith("%")


def _one(currencies: frozenset[str]) -> str:
    return next(iter(currencies)) if len(currencies) == 1 else ""


def _signed(text: str) -> str:
    if not any(c.isalpha() or unicodedata.category(c) == "Sc" for c in text):
        return ""
    written = written_amount(text)
    return _one(written.currencies or frozenset()) if written else ""


def _resembles(host: str, sponsor: str) -> bool:
    """Tell whether an address's domain could be a sponsor's own: ``b03`` and ``B03 Ltd``."""
    names = fold(sponsor).replace(" ", ""), "".join(w[0] for w in fold(sponsor).split())
    host = fold(host).replace(" ", "")
    return len(host) > 1 and any(host in name or (len(name) > 2 and name in host) for name in names)


def _refuse_hundredths(headers: Iterable[str]) -> None:
    for name in headers:
        if in_hundredths(bare(name)):
            raise ImportFileError(
                f"The column {name!r} holds amounts in hundredths. Export the file with amounts "
                f"such as 5000.00, or divide the column by 100, and import it again."
            )


def _require_columns(table: Table) -> None:
    positions = table.positions
    missing = [name for name in REQUIRED if name not in positions]
    if "amount" not in positions and "unit_price" not in positions and not table.packages:
        missing.append("amount or unit_price")
    if missing:
        raise ImportFileError(
            f"The header in row {table.header_row} has no column for {', '.join(missing)}. Its "
            f"columns are: {', '.join(map(repr, table.headers))}. Say which column is which, or "
            "add what is missing."
        )
