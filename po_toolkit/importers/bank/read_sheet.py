"""A bank's spreadsheet read line by line: what decides money is known, answered or asked.

Sign, currency, day, account and whether a row is booked come from a known layout, from the cells
themselves, from the running balance, or from a person's answer; never from a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank.columns import (
    MONEY,
    Columns,
    Found,
    Saved,
    assign,
    find_header,
    is_pending_heading,
)
from po_toolkit.importers.bank.layout import ANY, BLANK, Layout, Meaning
from po_toolkit.importers.bank.model import (
    MONTH_FIRST,
    Answers,
    BadLine,
    BankFile,
    BankLine,
    Reading,
    Statement,
    follows,
    minor,
    one_line,
    prove_by_running_balance,
)
from po_toolkit.importers.bank.vocabulary import (
    ACCOUNT_LABEL,
    BALANCE,
    BOOKED,
    CARD,
    CREDIT,
    CURRENCY_LABEL,
    DEBIT,
    IN_THOUSANDS,
    KIND,
    LETTERS,
    NO,
    NOT_BOOKED,
    REVERSAL,
    TOTAL,
    YES,
    Amount,
    amount_of,
    are_directions,
    fold,
    iban_in,
    is_balance_row,
    is_marked_pending,
    is_not_booked,
    likely_currencies,
    signed_value,
    text_in,
)
from po_toolkit.importers.cells import (
    COMMA_FOR_THOUSANDS,
    Cell,
    DayOrder,
    Decimals,
    habit_of,
    is_empty,
    order_of,
    sign_currencies,
    text_of,
    written_date,
)
from po_toolkit.importers.fields import currency_of, in_hundredths, scaled, text_currency
from po_toolkit.importers.readers.contract import SheetRow, Workbook
from po_toolkit.money import CURRENCIES

_NONE = frozenset({"notprovided", "nonref", "none", "n a", "0", "not provided"})
_NEW = re.compile(r"\s+(?:neu|new)\s*$", re.IGNORECASE)
"""What comdirect writes behind the day of a line that was not shown before."""
_NOT_A_NAME = re.compile(r"[\d\s./-]*")


@dataclass(slots=True)
class _Row:
    """One row that may be a line.

    Attributes:
        amount: As written, in major units, before the direction column is looked at.
        side: credit or debit, where a column or a mark of its own says so.
        signed: Whether the amount's own sign was written.
        account: The account that a row above it names for the rows under it, and its currency.
        pending: Why it is not booked; empty otherwise.
    """

    number: int
    cells: list[Cell]
    amount: Decimal | None = None
    side: str = ""
    signed: bool = False
    currencies: frozenset[str] | None = None
    error: str = ""
    pending: str = ""
    word: str = ""
    fee: Decimal = Decimal(0)
    balance: Decimal | None = None
    place: int = -1
    paid_out: bool = False
    account: str = ""
    currency: str = ""


@dataclass(slots=True)
class _Sheet:
    """How the cells of one sheet are read."""

    columns: Columns
    layout: Layout
    answers: Answers
    decimals: Decimals | None
    order: DayOrder | None
    notes: list[str]
    conference: str
    own_account: str = ""
    own_currency: str = ""
    why_currency: str = ""
    assumed: bool = False
    words: dict[str, Meaning] = field(default_factory=dict)
    sign: str = ""
    signs: Literal["", "written", "none"] = ""
    sections: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Row → account and currency that it names for the rows under it."""
    texts: list[str] = field(default_factory=list)
    """What is written above, between and under the lines."""
    writes_signs: bool = False
    """Whether a debit in a file of this heading is known to bear a sign."""
    anchors: list[tuple[int, Decimal]] = field(default_factory=list)
    """Row and balance of each row that only says a balance."""

    def cell(self, cells: Sequence[Cell], name: str) -> Cell:
        """Return a field's first cell; None where there is none."""
        at = self.columns.places.get(name)
        return cells[at[0]] if at and at[0] < len(cells) else None

    def text(self, cells: Sequence[Cell], name: str) -> str:
        """Return a field's text, of all of its columns."""
        at = [p for p in self.columns.places.get(name, ()) if p < len(cells)]
        return one_line(*(text_in(cells[p]) for p in at))

    def has(self, name: str) -> bool:
        """Tell whether there is a column of this field."""
        return bool(self.columns.places.get(name))


def read_sheet(
    book: Workbook,
    *,
    currency: str,
    answers: Answers,
    saved: Saved | None = None,
    layouts: Sequence[Layout] = (),
) -> BankFile:
    """Read the lines of a spreadsheet, by account and currency.

    The first visible sheet that holds a statement is read. The conference's currency is taken where
    nothing in the file speaks of another; later layouts go first; ``saved`` returns the answers
    given before for a heading's fingerprint.

    Raises:
        ImportFileError: It holds no line.
        ImportChoiceError: Something that decides money must be answered.
    """
    rows = _rows_of(book, answers)
    mapping = answers.mapping or None
    found = find_header(rows, mapping, saved, layouts)
    above, below, sections = _parts(rows, found)
    if not below:
        raise ImportFileError("The file has a header, but no line under it.")
    account, own_currency = _above(above)
    columns = assign(found, below, mapping, saved, account)
    before = dict((saved(columns.fingerprint) if saved else None) or {})
    remembered = _remembered(answers, before, columns, below, own_currency)
    if not answers.currency and not remembered:
        before.pop("=currency", None)
    answers = answers.with_saved(before)
    layout = columns.layout or Layout("", ())
    decimals = answers.decimal or _decimals(below, columns, layout, currency)
    sheet = _Sheet(
        columns,
        layout,
        answers,
        decimals,
        answers.dates or _order(below, columns, layout),
        list(book.notes),
        currency,
        account,
        own_currency,
        words=_words(layout, answers),
        assumed=remembered not in ("", "each"),
        sections=sections,
        texts=[text_in(c) for _, cells in above for c in cells if not is_empty(c)],
        writes_signs="=signs" in before or _always_signed(columns),
    )
    lines = _classify(below, sheet, pending=_pending_above(above))
    _refuse_scaled(sheet)
    _settle_signs(lines, sheet)
    lines = [row for row in lines if not row.pending]
    _ask_if_turned(lines, sheet)
    _settle_fee(lines, sheet)
    _settle_currency(lines, sheet)
    file = _statements(lines, sheet, "csv" if book.kind == "csv" else "xlsx", below)
    file.remembered, file.signs = remembered, sheet.signs
    return file


def _remembered(
    answers: Answers,
    before: Mapping[str, str],
    columns: Columns,
    below: Sequence[SheetRow],
    above: str,
) -> str:
    """Return the currency answered for the heading before, unless this file names another."""
    code = "" if answers.currency else before.get("=currency", "")
    at = columns.places.get("currency", [])[:1]
    named = {text_in(c[p]).lower() for _, c in below for p in at if p < len(c)} & CURRENCIES
    other = above not in ("", code) or bool(named and code not in named)
    return "" if other and code != "each" else code


def _always_signed(columns: Columns) -> bool:
    """Tell whether the layout is known beyond doubt to write a debit's sign at its amount."""
    layout = columns.layout
    return layout is not None and columns.distinctive and "direction" not in columns.places


def _refuse_scaled(sheet: _Sheet) -> None:
    """Refuse amounts in hundredths or thousands, as a heading or a text beside the lines says.

    Raises:
        ImportFileError: They are.
    """
    columns = sheet.columns
    names = [columns.headers[p] for f in MONEY for p in columns.places.get(f, ())]
    for name in names:
        if in_hundredths(name):
            raise ImportFileError(
                f"The column {name!r} holds amounts in hundredths. Export the file with amounts "
                f"such as 5000.00, or divide the column by 100, and import it again."
            )
    named = [n for n in names if scaled(n)] + [
        t for t in sheet.texts if IN_THOUSANDS.search(fold(t))
    ]
    if named:
        text = named[0][:80]
        raise ImportFileError(
            f"The file says that its amounts are in thousands or millions: {text!r}. Export it "
            f"with amounts such as 5000.00, or write them so, and import it again."
        )


def _rows_of(book: Workbook, answers: Answers) -> list[SheetRow]:
    names = list(book.visible())
    if answers.sheet:
        return book.sheet(answers.sheet).rows
    filled = [n for n in names if book.sheet(n).rows]
    if len(filled) > 1:
        money = [n for n in filled if _has_lines(book.sheet(n).rows)]
        if len(money) > 1:
            raise ImportChoiceError(
                f"Several sheets hold days and amounts: {', '.join(money)}. Choose one, "
                f"and import the others one by one.",
                question="sheet",
                choices=money,
            )
        filled = money or filled
    if not filled:
        raise ImportFileError("The file is empty. Nothing was imported.")
    return book.sheet(filled[0]).rows


def _has_lines(rows: Sequence[SheetRow]) -> bool:
    return any(any(map(written_date, c)) and any(map(amount_of, c)) for _, c in rows)


def _parts(
    rows: Sequence[SheetRow], found: Found
) -> tuple[list[SheetRow], list[SheetRow], dict[int, tuple[str, str]]]:
    """Return the rows above the heading and under it, and those that name another account.

    Where the heading is repeated, it is left out; what stands before it may name the account and
    currency of the rows under it.
    """
    if found.index is None:
        return [], list(rows), {}
    head = [fold(text_of(c)) for c in found.names]
    below: list[SheetRow] = []
    sections: dict[int, tuple[str, str]] = {}
    for row in rows[found.index + 1 :]:
        if [fold(text_of(c)) for c in row[1]] != head:
            below.append(row)
            continue
        for before in below[-1:-5:-1]:
            if any(written_date(c) is not None for c in before[1]):
                break
            named = _above([before])
            if any(named):
                sections[before[0]] = named
    return list(rows[: found.index]), below, sections


def _above(rows: Sequence[SheetRow]) -> tuple[str, str]:
    """Return our account and its currency where the text above the heading names them."""
    account, codes = "", set()
    for _, cells in rows:
        texts = [text_in(c) for c in cells]
        for at, text in enumerate(texts):
            label, colon, value = text.partition(":")
            beside = next((t for t in texts[at + 1 :] if t), "")
            value = value.strip() if colon and value.strip() else beside
            if CURRENCY_LABEL.match(fold(label)) and value.strip().lower() in CURRENCIES:
                codes.add(value.strip().lower())
            if (iban := iban_in(text)) and not iban_in(account):
                account = iban
            elif (
                not account and ACCOUNT_LABEL.match(fold(label)) and any(c.isdigit() for c in value)
            ):
                account = iban_in(value) or " ".join(value.split())[:64]
            codes |= _code_of_amount(text, texts[at + 1] if at + 1 < len(texts) else "")
    return account, codes.pop() if len(codes) == 1 else ""


def _code_of_amount(text: str, beside: str) -> set[str]:
    """Return the currency beside or within an amount, such as ``1.000,00 EUR``."""
    found = re.search(
        r"\d[\d.,' ]*[.,]\d\d\s*([A-Z]{3}|€|£)$|^([A-Z]{3}|€|£)\s*[\d.,' ]+[.,]\d\d$", text
    )
    code = (found[1] or found[2]) if found else ""
    if not code and re.search(r"\d[.,]\d\d$", text) and re.fullmatch(r"[A-Z]{3}", beside):
        code = beside
    meant = sign_currencies(code) if code else frozenset()
    return set(meant) if len(meant) == 1 else ({"gbp"} if code == "£" else set())


def _decimals(
    rows: Sequence[SheetRow], columns: Columns, layout: Layout, currency: str
) -> Decimals | None:
    places = [p for f in (*MONEY, "balance", "fee") for p in columns.places.get(f, ())]
    code = columns.places.get("currency", [])
    values = []
    for _, cells in rows:
        code_shown = text_in(cells[code[0]]) if code and code[0] < len(cells) else ""
        code_shown = code_shown.lower() if code_shown.lower() in CURRENCIES else currency
        for p in places:
            cell = cells[p] if p < len(cells) else None
            if isinstance(cell, str) and (amount := amount_of(cell)):
                bare = (
                    re.sub(r"(?i)^[a-z]+\.?|[a-z]+\.?$", "", cell.strip()) if amount.mark else cell
                )
                values.append((bare, code_shown))
    habit = habit_of(values)
    if habit.open and layout.decimal is None:
        raise ImportChoiceError(
            f"Nothing in the file says whether {habit.open} has a decimal point or a decimal "
            f"comma.",
            question="decimal",
            choices=["point", "comma"],
        )
    return habit.decimals or layout.decimal


def _order(rows: Sequence[SheetRow], columns: Columns, layout: Layout) -> DayOrder | None:
    at = [p for f in ("date", "value_date") for p in columns.places.get(f, ())]
    days = [c[p] for _, c in rows for p in at if p < len(c)]
    order, open_value = order_of(days)
    if layout.dates is None:
        _refuse_year_first(days)
    if open_value and layout.dates is None:
        raise ImportChoiceError(
            f"Nothing in the file says whether {open_value} has the day or the month first.",
            question="dates",
            choices=["dmy", "mdy"],
        )
    return order or layout.dates


_SHORT_DAY = re.compile(r"(\d\d)([-/. ])(\d\d)\2(\d\d)")


def _refuse_year_first(cells: Sequence[Cell]) -> None:
    """Refuse days that lie years apart with the year last, and within one with the year first.

    Raises:
        ImportFileError: They do; only the year in four digits tells.
    """
    found = [m for c in cells if isinstance(c, str) and (m := _SHORT_DAY.fullmatch(c.strip()))]
    firsts, lasts = {m[1] for m in found}, {m[4] for m in found}
    if len(firsts) == 1 and len(lasts) > 1 and all(m[3] <= "12" and m[4] <= "31" for m in found):
        raise ImportFileError(
            f"The days such as {found[0][0]} seem to begin with the year, in two digits. Write the "
            f"years in four digits, or say which of day and month comes first, and import the file "
            f"again."
        )


def _words(layout: Layout, answers: Answers) -> dict[str, Meaning]:
    return {**layout.words, **{fold(w) or w.strip(): m for w, m in answers.words.items()}}


def _pending_above(rows: Sequence[SheetRow]) -> bool:
    """Tell whether the last row above the heading that speaks of it says: pending."""
    headings = [heads for _, cells in rows if (heads := is_pending_heading(cells)) is not None]
    return bool(headings) and headings[-1]


def _classify(rows: Sequence[SheetRow], sheet: _Sheet, *, pending: bool = False) -> list[_Row]:
    """Take from each row what it says of itself; rows that are no line are left out, and noted."""
    lines: list[_Row] = []
    left = {"balance": 0, "pending": 0, "skip": 0}
    account, currency = "", ""
    for number, cells in rows:
        if (heads := is_pending_heading(cells)) is not None:
            pending = heads
            continue
        if number in sheet.sections:
            named, code = sheet.sections[number]
            account, currency = named or account, code or currency
            continue
        if _skipped(cells, sheet):
            left["skip"] += 1
            continue
        row = _row(number, cells, sheet)
        if row is None:
            _keep_text(lines, cells, sheet)
            continue
        row.account, row.currency = account, currency
        if pending and not row.pending:
            row.pending = "it stands under a heading of pending rows"
        if _is_balance(row, sheet):
            left["balance"] += 1
            if row.balance is not None and _says_balance(row.cells):
                sheet.anchors.append((number, row.balance))
            continue
        lines.append(row)
    _hold_totals(lines, sheet)
    _without_balance(lines, sheet)
    _without_repeated_closing(lines, sheet)
    _note_left_out(lines, left, sheet)
    return lines


def _note_left_out(lines: Sequence[_Row], left: dict[str, int], sheet: _Sheet) -> None:
    left["pending"] = sum(bool(r.pending) for r in lines)
    for kind, words in (
        ("balance", "with balances, turnovers or totals"),
        ("pending", "that the bank has not booked"),
        ("skip", "that the bank's layout does not count as lines"),
    ):
        if left[kind]:
            rows_ = "1 row" if left[kind] == 1 else f"{left[kind]} rows"
            sheet.notes.append(f"Left out: {rows_} {words}.")


def _skipped(cells: Sequence[Cell], sheet: _Sheet) -> bool:
    for column, values in sheet.layout.skip.items():
        at = [i for i, h in enumerate(sheet.columns.headers) if fold(h) == fold(column)]
        if sheet.layout.numbered and column.isdigit():
            at = [int(column) - 1]
        texts = [text_in(cells[p]) for p in at if p < len(cells)]
        if any(fold(t) in values or (t and ANY in values) for t in texts):
            return True
    return False


def _row(number: int, cells: Sequence[Cell], sheet: _Sheet) -> _Row | None:
    """Read a row's amounts and whether it is booked; None where it holds no money at all."""
    row = _Row(number, list(cells))
    dated = sheet.text(cells, "date")
    money = any(not is_empty(sheet.cell(cells, f)) for f in MONEY)
    balance = not is_empty(sheet.cell(cells, "balance")) and _says_balance(cells)
    if (not money and not dated and not balance) or _is_footnote(cells):
        return None
    if (
        dated
        and written_date(sheet.cell(cells, "date")) is None
        and (is_not_booked(dated) or fold(dated) in NOT_BOOKED)
    ):
        row.pending = f"its date says {dated}"
    elif not dated and sheet.has("value_date"):
        row.error = "has no date"
    row.pending = row.pending or _status(row, sheet)
    try:
        _take_amount(row, sheet)
        row.fee = _number(sheet.cell(cells, "fee"), sheet, "fee") or Decimal(0)
        row.fee = abs(row.fee)
    except ValueError as error:
        row.error = row.error or str(error)
    try:
        row.balance = _number(sheet.cell(cells, "balance"), sheet, "balance")
    except ValueError:
        row.balance = None
    if beyond := [text_in(c) for c in cells[sheet.columns.width :] if amount_of(c) is not None]:
        row.error = row.error or (
            f"has {beyond[0]!r} beyond the last column, so a mark inside an amount or a text may "
            f"have parted it"
        )
    row.word = sheet.text(cells, "direction")
    texts = (sheet.text(cells, f) for f in ("text", "counterparty", "payer", "payee"))
    if row.balance is None and any(map(is_marked_pending, texts)):
        row.error = row.error or "is marked as pending, so it may not be booked"
    return row


def _keep_text(lines: Sequence[_Row], cells: Sequence[Cell], sheet: _Sheet) -> None:
    """Keep a footnote; add other texts without day and amount to the row that they continue."""
    if _is_footnote(cells):
        sheet.texts.append(text_in(cells[0]))
        return
    row = lines[-1] if lines else _Row(0, [])
    for field_ in ("text", "counterparty"):
        for at in sheet.columns.places.get(field_, ()):
            if at < min(len(cells), len(row.cells)) and not is_empty(cells[at]):
                row.cells[at] = one_line(text_in(row.cells[at]), text_in(cells[at]))


def _is_footnote(cells: Sequence[Cell]) -> bool:
    """Tell whether a row is one text in the first column: no day, no amount, nothing beside it."""
    filled = [p for p, c in enumerate(cells) if not is_empty(c)]
    if filled != [0] or written_date(cells[0]) is not None or amount_of(cells[0]) is not None:
        return False
    text = text_in(cells[0])
    return not is_not_booked(text) and not any(c.isdigit() for c in text[:12])


def _status(row: _Row, sheet: _Sheet) -> str:
    """Return why a row's status means that it is not booked, or nothing.

    Raises:
        ImportChoiceError: The word is unknown.
    """
    if not sheet.has("status"):
        return ""
    text = sheet.text(row.cells, "status")
    word = fold(text) or text or BLANK
    meaning = sheet.words.get(word) or _yes_or_no(word, sheet)
    if meaning is None:
        if word in BOOKED or word == BLANK or is_date(text):
            meaning = "booked"
        elif word in NOT_BOOKED:
            meaning = "skip"
        else:
            raise ImportChoiceError(
                f"Row {row.number}: The column {sheet.columns.header('status')!r} says {text!r}, "
                f"and nothing says whether such a row is booked money.",
                question=f"word:{text or BLANK}",
                choices=["booked", "skip"],
            )
    return f"its status is {text}" if meaning == "skip" else ""


def _yes_or_no(word: str, sheet: _Sheet) -> Meaning | None:
    """Return what yes and no mean under a heading such as Pending or Booked."""
    if word not in YES | NO:
        return None
    header = fold(sheet.columns.header("status"))
    if header in NOT_BOOKED:
        return "skip" if word in YES else "booked"
    return ("booked" if word in YES else "skip") if header in BOOKED else None


def is_date(text: str) -> bool:
    """Tell whether a status cell holds a day, by which banks mark what is posted."""
    return written_date(text) is not None


def _take_amount(row: _Row, sheet: _Sheet) -> None:
    if sheet.has("amount"):
        # A layout may have a column for each currency; a row fills one of them.
        places = [p for p in sheet.columns.places["amount"] if p < len(row.cells)]
        filled = [p for p in places if not is_empty(row.cells[p])]
        found = _amount(row.cells[filled[0]], "amount") if filled else None
        if found is None:
            raise ValueError("has no amount")
        if len(filled) > 1:
            raise ValueError("has several amounts")
        row.place = filled[0]
        row.amount = _value(found, sheet, text_in(row.cells[row.place]))
        row.side, row.signed, row.currencies = found.mark, found.signed, found.written.currencies
        return
    sides: list[tuple[Decimal, str, Amount]] = []
    chosen = _side_of_word(row, sheet)
    for name in (chosen,) if chosen else ("credit", "debit"):
        found = _amount(sheet.cell(row.cells, name), name)
        if found is not None:
            value = _value(found, sheet, text_in(sheet.cell(row.cells, name)))
            if value:
                sides.append((value, name, found))
    if len(sides) > 1:
        raise ValueError("has both a credit and a debit")
    if not sides:
        zero = any(not is_empty(sheet.cell(row.cells, f)) for f in ("credit", "debit"))
        if not zero:
            raise ValueError("has no amount")
        row.amount, row.side = Decimal(0), "credit"
        return
    value, row.side, found = sides[0]
    row.paid_out = row.side == "debit"
    row.amount, row.signed, row.currencies = value, found.signed, found.written.currencies


def _side_of_word(row: _Row, sheet: _Sheet) -> str:
    """Return which of credit and debit column counts, where a word says so and both are filled.

    Raises:
        ValueError: The word is unknown.
    """
    if not (sheet.has("direction") and sheet.has("credit") and sheet.has("debit")):
        return ""
    filled = [f for f in ("credit", "debit") if not is_empty(sheet.cell(row.cells, f))]
    if len(filled) < 2:
        return ""
    word = sheet.text(row.cells, "direction")
    side = _meaning(fold(word) or word, sheet, frozenset())
    if not side:
        raise ValueError(f"has both a credit and a debit, and {word!r} says neither")
    return side


def _amount(cell: Cell, name: str) -> Amount | None:
    if is_empty(cell) or (isinstance(cell, str) and cell.strip() in ("-", "--", "\u2013")):
        return None
    found = amount_of(cell)
    if found is None:
        raise ValueError(f"has {text_of(cell)!r} for its {name}, which is not an amount")
    return found


def _value(found: Amount, sheet: _Sheet, text: str) -> Decimal:
    value = signed_value(found, sheet.decimals)
    if value is None:
        raise ValueError(f"has {text!r} for its amount, which is not an amount in this file")
    return value


def _number(cell: Cell, sheet: _Sheet, name: str) -> Decimal | None:
    found = _amount(cell, name)
    return None if found is None else _value(found, sheet, text_in(cell))


def _is_balance(row: _Row, sheet: _Sheet) -> bool:
    """Tell whether a row is an opening or closing balance, a turnover or a total."""
    texts = [
        t
        for p, c in enumerate(row.cells)
        if (t := text_in(c))
        and written_date(c) is None
        and not (p in _money_places(sheet) and amount_of(c) is not None)
    ]
    named = any(is_balance_row(t) for t in texts)
    no_money = all(amount_of(sheet.cell(row.cells, f)) is None for f in MONEY)
    if no_money and row.balance is not None and (named or not texts):
        return True
    if not named:
        return False
    named_texts = _texts_that_name_balances(row, sheet)
    if not any(map(is_balance_row, named_texts)):
        named_texts = texts
    empty = all(is_empty(sheet.cell(row.cells, f)) for f in MONEY)
    name = sheet.text(row.cells, "counterparty")
    if empty or all(
        is_balance_row(t) or (len(t) <= 3 and t != name) or _is_own(t, sheet) for t in named_texts
    ):
        return True
    if named_texts is not texts:
        row.error = row.error or "speaks of a balance in one of its cells, so it may be no line"
    return False


def _texts_that_name_balances(row: _Row, sheet: _Sheet) -> list[str]:
    """Return the texts of the columns that may name a balance, without the days."""
    places = (p for f in ("text", "counterparty", "date") for p in sheet.columns.places.get(f, ()))
    texts = [text_in(row.cells[p]) for p in places if p < len(row.cells)]
    return [t for t in texts if t and written_date(t) is None]


def _hold_totals(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Hold rows that speak of a total and are the sum of several rows before them.

    A sponsor may be called Total, so such a row is set apart and named, not left out.
    """
    whole = since = credits_ = Decimal(0)
    count = 0
    for row in lines:
        if row.amount is None or row.pending:
            continue
        says = TOTAL.search(fold(sheet.text(row.cells, "text")))
        if says and count > 1 and row.amount in (whole, since, credits_, whole - credits_):
            row.error = row.error or "speaks of a total and is the sum of the rows before it"
            since, count = Decimal(0), 0
            continue
        whole, since, count = whole + row.amount, since + row.amount, count + 1
        credits_ += max(row.amount, Decimal(0))


def _says_balance(cells: Sequence[Cell]) -> bool:
    """Tell whether a row says a balance, and not a total or a turnover."""
    return any(BALANCE.search(fold(text_in(c))) for c in cells if is_balance_row(text_in(c)))


def _money_places(sheet: _Sheet) -> set[int]:
    return {p for f in (*MONEY, "balance") for p in sheet.columns.places.get(f, ())}


def _is_own(text: str, sheet: _Sheet) -> bool:
    return bool(iban_in(text)) or text == sheet.own_account


def _newest_first(rows: Sequence[_Row], sheet: _Sheet) -> bool | None:
    """Tell whether the newest row stands first; None where all are of one day."""
    written = [w for r in rows if (w := written_date(sheet.cell(r.cells, "date"))) is not None]
    days = [d for d in (w.read(sheet.order) for w in written[:1] + written[-1:]) if d]
    return days[0] > days[-1] if days and days[0] != days[-1] else None


def _without_repeated_closing(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Drop a closing balance at the end of the oldest row: it says the newest's again."""
    rows = [r for r in lines if r.balance is not None and not r.pending]
    newest = _newest_first(rows, sheet) if len(rows) > 1 else None
    if newest is None:
        return
    closing = rows[0 if newest else -1].balance
    low, high = rows[0].number, rows[-1].number
    sheet.anchors = [
        (number, balance)
        for number, balance in sheet.anchors
        if balance != closing or not (number > high if newest else number < low)
    ]


def _without_balance(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Mark rows at the newest end that have no balance though all others have: not booked yet.

    A layout may say so of its bank; else it is so only where every other row has a balance.
    """
    name = sheet.layout.pending_without
    if name:
        for row in lines:
            if is_empty(sheet.cell(row.cells, name)) and not row.pending:
                row.pending = f"it has no {name}, which the bank gives once it books"
        return
    rows = [r for r in lines if not r.pending]
    with_balance = [r.balance is not None for r in rows]
    if not sheet.has("balance") or all(with_balance) or sum(with_balance) < 2:
        return
    first, last = with_balance.index(True), len(rows) - with_balance[::-1].index(True)
    newest = _newest_first(rows, sheet)
    bare = [*(rows[:first] if newest is not False else ()), *(rows[last:] if not newest else ())]
    if all(with_balance[first:last]) and bare and not (first and last < len(rows)):
        for row in bare:
            row.error = row.error or (
                "has no balance although every other row has one, so it may not be booked yet; "
                "load the next statement once it is"
            )
            row.balance = None


def _settle_signs(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Give every row its side, or ask.

    Raises:
        ImportChoiceError: The sign stands in a column or in words that are not known.
    """
    good = [r for r in lines if r.amount is not None and not r.pending]
    if not sheet.has("amount"):
        _settle_two_columns(good, sheet)
        return
    # A sign on a row that is not booked shows as well that the file writes signs.
    everywhere = [r for r in lines if r.amount is not None]
    signed = any(r.signed or (r.amount or 0) < 0 for r in everywhere)
    if sheet.has("direction"):
        marked = bool(good) and all(r.side for r in good)
        _by_words(good, sheet, known_already=signed or marked)
        return
    if any(r.side for r in good) and not all(r.side for r in good) and not signed:
        _unmarked(good, sheet)
    elif signed or (good and all(r.side for r in good)):
        _ask_if_card(sheet)
        sheet.sign = "as written in the amount"
        sheet.signs = "written" if any((r.amount or 0) < 0 for r in good) else ""
        _compare_with_words(good, sheet)
    else:
        _ask_if_card(sheet)
        _unsigned(good, sheet)


def _compare_with_words(good: Sequence[_Row], sheet: _Sheet) -> None:
    """Hold signed amounts against a column of other words that all mean credit or debit."""
    taken = _money_places(sheet) | {*sheet.columns.places.get("status", ())}
    for position in range(len(sheet.columns.headers)):
        words = [text_in(r.cells[position]) if position < len(r.cells) else "" for r in good]
        folded = [fold(w) or w for w in words]
        known = {*folded} <= DEBIT | CREDIT and {*folded} & DEBIT and {*folded} & CREDIT
        if position in taken or not known or any(len(w) < 2 for w in folded):
            continue
        sheet.columns.places["direction"] = [position]
        for row, word in zip(good, words, strict=True):
            row.word = word
        meanings = {w: _meaning(w, sheet, frozenset(folded)) for w in folded}
        _against(good, folded, meanings, sheet)
        return


def _ask_if_card(sheet: _Sheet) -> None:
    """Ask which way a card's amounts are written: issuers differ, and no balance tells.

    Raises:
        ImportChoiceError: The headings are those of a card, and its layout is not known.
    """
    names = " ; ".join(map(fold, sheet.columns.headers))
    two_days = re.search(r"\btrans\w* date\b", names) and re.search(r"\bpost\w* date\b", names)
    card = CARD.search(names) or two_days
    if card and not (sheet.layout.name or sheet.has("balance") or sheet.answers.sign):
        raise ImportChoiceError(
            "The headings are those of a card, and issuers differ: some write what was spent "
            "below 0, others above. Say whether the amounts' own signs count or are reversed.",
            question="sign",
            choices=["amount", "reversed"],
        )


def _ask_if_turned(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Ask where the running balance follows from the amounts only with their signs turned.

    The balance may also be what the account owes, so this proves nothing by itself.

    Raises:
        ImportChoiceError: It is so.
    """
    moves = [(r.amount, r.balance) for r in lines if not r.error]
    turned = [(None if amount is None else -amount, balance) for amount, balance in moves]
    decided = sheet.answers.sign or sheet.layout.reversed
    if not decided and follows(turned) and not follows(moves):
        raise ImportChoiceError(
            "The running balance follows from the amounts only where money in is below 0 and money "
            "out above. Say whether the amounts are reversed, or whether their own signs count and "
            "the balance is what the account owes.",
            question="sign",
            choices=["reversed", "amount"],
        )


def _settle_two_columns(good: Sequence[_Row], sheet: _Sheet) -> None:
    sheet.sign = " and ".join(
        f"{n}: {sheet.columns.header(n)}" for n in ("credit", "debit") if sheet.has(n)
    )
    debits = [r for r in good if r.side == "debit" and r.amount]
    negative = [r for r in debits if r.amount and r.amount < 0]
    as_minus = len(negative) == len(debits)
    for row in good:
        value = row.amount or Decimal(0)
        if row.side == "debit":
            if negative and not as_minus:
                row.error = f"has {value} in the debit column, where only some rows have a minus"
            row.amount = -abs(value)
        elif value < 0 and sheet.layout.reversed:
            row.amount = -value
        elif value < 0:
            row.error = f"has {value} in the credit column"
        row.side = ""


def _meaning(word: str, sheet: _Sheet, words: frozenset[str]) -> str:
    """Return credit or debit for a word of the direction column, or ``""`` when it is unknown."""
    answer = sheet.words.get(fold(word) or word or BLANK)
    if answer in ("credit", "debit"):
        return answer
    for marker, meanings in LETTERS.items():
        if marker in words and word in meanings:
            return meanings[word]
    if word == "d" and words == {"d"} and not _NAMES_DEBIT.search(_direction_header(sheet)):
        return ""  # a debit, or a deposit beside W for withdrawal
    if word in DEBIT:
        return "debit"
    return "credit" if word in CREDIT else ""


_NAMES_DEBIT = re.compile(r"\b(?:d|dc|cd|cdi|drcr|crdr)\b|deb|\bdr\b|soll|dare|sens")


def _direction_header(sheet: _Sheet) -> str:
    return fold(sheet.columns.header("direction")) if sheet.has("direction") else "d"


def _by_words(good: Sequence[_Row], sheet: _Sheet, *, known_already: bool) -> None:
    """Take each row's side from the word beside its amount."""
    folded = [fold(r.word) or r.word for r in good]
    words = frozenset(folded)
    meanings = {w: _meaning(w, sheet, words) for w in words}
    header = sheet.columns.header("direction")
    answered = any(w in sheet.words for w in words) or "direction" in sheet.columns.answered
    negative = any(r.amount < 0 for r in good if r.amount is not None)
    if known_already and (negative or not answered):
        _against(good, folded, meanings, sheet)
        return
    learned = _learned(good, folded, meanings) if "" in meanings.values() else {}
    meanings = {w: m or learned.get(w, "") for w, m in meanings.items()}
    unknown = next((w for w in folded if not meanings[w]), None)
    if unknown is not None:
        row = good[folded.index(unknown)]
        shown = row.word or BLANK
        raise ImportChoiceError(
            f"Row {row.number}: The amounts have no sign, and the column {header!r} says "
            f"{shown!r}, which is not known as credit or debit.",
            question=f"word:{shown}",
            choices=["credit", "debit"],
        )
    used = {r.word: meanings[w] for r, w in zip(good, folded, strict=True)}
    sheet.sign = f"{header}: " + ", ".join(f"{w or BLANK} = {m}" for w, m in sorted(used.items()))
    for row, word in zip(good, folded, strict=True):
        if row.amount is not None and row.amount < 0:
            row.error = f"has {row.amount} beside the word {row.word!r}"
            continue
        row.side = meanings[word]
    _apply_sides(good)


def _against(
    good: Sequence[_Row], words: Sequence[str], meanings: Mapping[str, str], sheet: _Sheet
) -> None:
    """Compare signed amounts with the words beside them.

    Raises:
        ImportChoiceError: Each has the opposite sign of its word.
    """
    sheet.sign = "as written in the amount"
    marked = [
        (r, r.amount, meanings[w])
        for r, w in zip(good, words, strict=True)
        if r.amount and meanings[w]
    ]
    against = [r for r, amount, meaning in marked if (meaning == "debit") != (amount < 0)]
    decided = sheet.answers.sign or sheet.layout.reversed
    if against and len(against) == len(marked) and not decided:
        row = against[0]
        raise ImportChoiceError(
            f"Every amount has the opposite sign of its word in the column "
            f"{sheet.columns.header('direction')!r}. Row {row.number} says {row.word!r} beside "
            f"{row.amount}. Say whether the amounts' own signs count or are reversed.",
            question="sign",
            choices=["amount", "reversed"],
        )
    if not decided:
        for row in against:
            row.error = f"has {row.amount} beside the word {row.word!r}"


def _apply_sides(rows: Iterable[_Row]) -> None:
    for row in rows:
        if row.amount is not None and row.side:
            row.amount = -abs(row.amount) if row.side == "debit" else abs(row.amount)


def _learned(
    good: Sequence[_Row], words: Sequence[str], meanings: Mapping[str, str]
) -> dict[str, str]:
    """Learn what words mean from the running balance, where it leaves one reading only."""
    found: list[dict[str, str]] = []
    for ordered in (list(zip(good, words, strict=True)), list(zip(good, words, strict=True))[::-1]):
        learned = {w: m for w, m in meanings.items() if m}
        steps = list(pairwise(ordered))
        if not steps or any(r.balance is None or r.amount is None for r, _ in ordered):
            continue
        for (before, _), (row, word) in steps:
            moved = (row.balance or Decimal(0)) - (before.balance or Decimal(0))
            if abs(moved) != abs(row.amount or Decimal(0)) or not moved:
                break
            side = "debit" if moved < 0 else "credit"
            if learned.setdefault(word, side) != side:
                break
        else:
            found.append(learned)
    return found[0] if len(found) == 1 else {}


def _unmarked(good: Sequence[_Row], sheet: _Sheet) -> None:
    """Some amounts are marked CR or DR and others bear nothing."""
    marks = {r.side for r in good if r.side}
    bare = next(r for r in good if not r.side)
    meaning = sheet.words.get(BLANK, "")
    proven = _learned(good, [r.side for r in good], {"credit": "credit", "debit": "debit", "": ""})
    meaning = meaning or proven.get("", "")
    if meaning not in ("credit", "debit"):
        raise ImportChoiceError(
            f"Row {bare.number}: Some amounts are marked as {' or '.join(sorted(marks))}, this one "
            f"is not. Say what an amount without a mark is.",
            question=f"word:{BLANK}",
            choices=["credit", "debit"],
        )
    for row in good:
        row.side = row.side or meaning
    sheet.sign = f"marks beside the amounts; no mark = {meaning}"
    _apply_sides(good)


def _unsigned(good: Sequence[_Row], sheet: _Sheet) -> None:
    """No amount bears a sign: another column, or the balance, must say which way money went."""
    sheet.signs = "none"
    if sheet.answers.sign == "amount" or not good:
        sheet.sign = "no amount has a minus: all are credits"
        return
    taken = _money_places(sheet) | {
        p
        for f in (
            "date",
            "value_date",
            "currency",
            "account",
            "status",
            "bank_reference",
            "fee",
            "counterparty_account",
        )
        for p in sheet.columns.places.get(f, ())
    }
    for position in range(len(sheet.columns.headers)):
        if position in taken:
            continue
        words = [text_in(r.cells[position]) if position < len(r.cells) else "" for r in good]
        folded = {fold(w) or w for w in words}
        known = {w for w in folded & (DEBIT | CREDIT) if len(w) > 1}
        answered = folded & {w for w, m in sheet.words.items() if m in ("credit", "debit")}
        few = 1 < len(folded) <= max(2, min(6, len(good) // 3)) and all(len(w) < 40 for w in words)
        two_of_few = len(good) <= 3 and bool(known) and len(folded) <= 2
        if answered or are_directions(folded) or (known and few) or two_of_few:
            sheet.columns.places["direction"] = [position]
            for row, word in zip(good, words, strict=True):
                row.word = word
            _by_words(good, sheet, known_already=False)
            return
    if _by_balance(good, sheet):
        sheet.sign = "no amount has a sign; the running balance proves each"
        return
    if sheet.writes_signs:
        sheet.sign = "no amount has a minus, which this bank writes: all are credits"
        return
    suspicious = _two_valued(good, taken, sheet)
    why = (
        f"the column {suspicious!r} may say which way the money went"
        if suspicious
        else "nothing says whether all are credits"
    )
    raise ImportChoiceError(
        f"No amount in the file has a sign, and {why}. Name the column that tells credit from "
        f"debit (direction), or say that all are credits.",
        question="sign",
        choices=["amount"],
    )


def _by_balance(good: Sequence[_Row], sheet: _Sheet) -> bool:
    """Give every row the side that the running balance proves; tell whether it proves them all.

    The balance before the oldest row must be there too, or that row's side is open.
    """
    moves: list[tuple[int, _Row | None, Decimal | None]] = [(r.number, r, r.balance) for r in good]
    moves += [(number, None, balance) for number, balance in sheet.anchors]
    moves.sort(key=lambda m: m[0])
    if not sheet.anchors or any(balance is None for _, _, balance in moves):
        return False
    newest = _newest_first(good, sheet)
    orders = [o for o, wrong in ((moves, True), (moves[::-1], False)) if newest is not wrong]
    found = [s for o in orders if (s := _sides([(row, b) for _, row, b in o])) is not None]
    if not found or any(s != found[0] for s in found):
        return False
    for row in good:
        row.side = found[0][row.number]
    _apply_sides(good)
    return True


def _sides(moves: Sequence[tuple[_Row | None, Decimal | None]]) -> dict[int, str] | None:
    """Return each row's side, oldest first; None where a step of the balance is no row's amount."""
    found: dict[int, str] = {}
    if moves[0][0] is not None:
        return None
    for (_, before), (row, after) in pairwise(moves):
        moved = (after or Decimal(0)) - (before or Decimal(0))
        if abs(moved) != abs(row.amount or 0 if row else 0):
            return None
        if row:
            found[row.number] = "debit" if moved < 0 else "credit"
    return found


def _two_valued(good: Sequence[_Row], taken: set[int], sheet: _Sheet) -> str:
    """Return a column of few different words, which may be the sign; empty where there is none.

    A column of free text counts only where its words repeat.
    """
    texts = {p for f in ("text", "counterparty") for p in sheet.columns.places.get(f, ())}
    for position, header in enumerate(sheet.columns.headers):
        if position in taken:
            continue
        words = [text_in(r.cells[position]) if position < len(r.cells) else "" for r in good]
        different = {w for w in words if w}
        free = position in texts and not KIND.search(fold(header))
        repeated = len(different) < len([w for w in words if w])
        short = all(len(w) <= 30 and not any(c.isdigit() for c in w) for w in different)
        if 2 <= len(different) <= 4 and short and (repeated or (len(words) == 2 and not free)):
            return header
        if len(different) == 1 and "" in words and len(next(iter(different))) <= 2:
            return header
    return ""


def _settle_fee(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Take fees off the amounts they come on top of.

    Raises:
        ImportChoiceError: Nothing says whether they do.
    """
    if not any(r.fee for r in lines):
        return
    if not sheet.has("amount"):
        # Of two columns, the one that was paid out is what the fee comes on top of.
        if sheet.layout.fee == "apart":
            for row in lines:
                if row.amount is not None and row.amount < 0:
                    row.amount -= row.fee
        return
    if _fee_rule(lines, sheet) == "apart":
        for row in lines:
            if row.amount is not None:
                row.amount -= row.fee


def _fee_rule(lines: Sequence[_Row], sheet: _Sheet) -> str:
    """Return whether fees are apart or included: answered, known, by heading or by balances.

    Raises:
        ImportChoiceError: None of these says so.
    """
    if rule := sheet.answers.fee or sheet.layout.fee:
        return rule
    if re.search(r"\b(?:net|netto|total)\b", fold(sheet.columns.header("amount"))):
        return "included"
    read = [r for r in lines if r.amount is not None]
    apart = follows([((r.amount or Decimal(0)) - r.fee, r.balance) for r in read])
    included = follows([(r.amount, r.balance) for r in read])
    if apart != included:
        return "apart" if apart else "included"
    raise ImportChoiceError(
        f"The column {sheet.columns.header('fee')!r} holds fees, and nothing says whether the "
        f"amounts are before or after them: apart (the account was also debited the fee) or "
        f"included.",
        question="fee",
        choices=["apart", "included"],
    )


def _settle_currency(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Find the account's currency: answered, in a column, in the heading or above it, or known.

    Raises:
        ImportChoiceError: Something speaks against the conference's currency.
    """
    if sheet.answers.currency:
        if sheet.answers.currency != "each":
            sheet.own_currency, sheet.why_currency = sheet.answers.currency, "your answer"
    elif sheet.has("currency"):
        _by_currency_column(lines, sheet)
    elif len(sheet.columns.places.get("amount", ())) > 1:
        sheet.why_currency = "heading of each amount"
    elif len(codes := _heading_currencies(sheet)) == 1:
        sheet.own_currency, sheet.why_currency = codes.pop(), "heading"
    elif sheet.own_currency:
        sheet.why_currency = "text above the heading"
    elif not any(r.currencies for r in lines):
        _currency_of_bank(sheet)
    elif sheet.layout.currency:
        if any(sheet.conference in (r.currencies or ()) for r in lines):
            _ask_if_not_its_own(sheet)
        sheet.own_currency, sheet.why_currency = sheet.layout.currency, sheet.layout.name
    else:
        _ask_which_dollar(lines, sheet)


def _ask_which_dollar(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Ask where every sign in the file may be one of several currencies, and not the conference's.

    Raises:
        ImportChoiceError: It is so.
    """
    signs = {r.currencies for r in lines if r.currencies}
    meant = next(iter(signs)) if len(signs) == 1 else frozenset()
    if len(meant) > 1 and sheet.conference not in meant:
        first = [c for c in ("usd", "cad", "aud", "nzd") if c in meant]
        _ask_currency(
            f"The currency sign beside the amounts stands for several currencies, but not for "
            f"{sheet.conference.upper()}",
            first or sorted(meant),
        )


def _ask_if_not_its_own(sheet: _Sheet) -> None:
    """Ask for the currency of a known bank, whose heading may be another's or another account's.

    Raises:
        ImportChoiceError: The bank's currency is not the conference's.
    """
    known = sheet.layout.currency
    if known != sheet.conference:
        _ask_currency(
            f"The file looks like one of {sheet.layout.name}, whose accounts are in "
            f"{known.upper()}, but does not name its currency",
            (known, sheet.conference),
        )


def _currency_of_bank(sheet: _Sheet) -> None:
    """Take the conference's currency, unless something is against it.

    Raises:
        ImportChoiceError: A text, a column, the headings, the decimal mark or the bank is.
    """
    if sheet.layout.currency:
        _ask_if_not_its_own(sheet)
    for text in sheet.texts:
        meant = text_currency(text)[0] or frozenset((sheet.conference,))
        if sheet.conference not in meant:
            _ask_currency(
                f"{text[:80]!r} may name the currency", (*sorted(meant), sheet.conference)
            )
    if codes := sheet.columns.codes - {sheet.conference}:
        _ask_currency(
            f"Unrecognized columns hold currency codes "
            f"({', '.join(sorted(c.upper() for c in sheet.columns.codes))})",
            (*sorted(codes), sheet.conference),
        )
    likely = likely_currencies(sheet.columns.headers)
    if likely and sheet.conference not in likely:
        _ask_currency(
            f"The file does not name its currency, and its headings are not those of an account "
            f"in {sheet.conference.upper()}",
            (*sorted(likely)[:3], sheet.conference),
        )
    if sheet.decimals == "comma" and sheet.conference in COMMA_FOR_THOUSANDS:
        _ask_currency(
            f"The file does not name its currency, and its amounts have a decimal comma, as in no "
            f"account in {sheet.conference.upper()}",
            ("eur", sheet.conference),
        )
    sheet.own_currency = sheet.conference
    sheet.assumed = True
    sheet.why_currency = "the conference's; the file names none"
    sheet.notes.append(
        f"The file names no currency; the conference's, {sheet.conference.upper()}, is used."
    )


def _by_currency_column(lines: Sequence[_Row], sheet: _Sheet) -> None:
    """Take each row's currency from its column, where it is the amount's own beyond doubt."""
    sheet.why_currency = f"column {sheet.columns.header('currency')}"
    in_heading = _heading_currencies(sheet)
    if len(in_heading) == 1 and not sheet.own_currency:
        sheet.own_currency = in_heading.pop()
    codes = {text_in(sheet.cell(r.cells, "currency")).lower() for r in lines} - {""}
    known = "currency" in sheet.layout.columns
    if len(codes) > 1 and not known and not _each_proven(lines, sheet, codes):
        raise ImportChoiceError(
            f"The column {sheet.columns.header('currency')!r} names several currencies "
            f"({', '.join(sorted(c.upper() for c in codes))}), and nothing says whether the "
            f"amounts are in them or in the account's. Choose each, or the account's "
            f"currency.",
            question="currency",
            choices=["each", *sorted(codes)],
        )


def _heading_currencies(sheet: _Sheet) -> set[str]:
    names = [
        sheet.columns.headers[p]
        for f in (*MONEY, "balance")
        for p in sheet.columns.places.get(f, ())
    ]
    return {code for name in names if (code := _heading_currency(name))}


def _heading_currency(header: str) -> str:
    lowered = f" {fold(header)} "
    if found := currency_of(header) or currency_of(header.replace("$", " ")):
        return found
    if " euro " in lowered or " euros " in lowered:
        return "eur"
    return next(
        (c for s, c in (("$", ""), ("kč", "czk"), ("zł", "pln")) if s in header.lower()), ""
    )


def _ask_currency(why: str, choices: Sequence[str]) -> None:
    names = list(dict.fromkeys(choices))
    raise ImportChoiceError(
        f"{why}. Say which currency it is in.", question="currency", choices=names
    )


def _each_proven(lines: Sequence[_Row], sheet: _Sheet, codes: set[str]) -> bool:
    """Tell whether every account has one currency, or every currency its own running balance."""
    by_account: dict[str, set[str]] = {}
    by_code: dict[str, list[tuple[Decimal | None, Decimal | None]]] = {c: [] for c in codes}
    for row in lines:
        code = text_in(sheet.cell(row.cells, "currency")).lower()
        by_account.setdefault(sheet.text(row.cells, "account"), set()).add(code)
        if code:
            by_code[code].append((row.amount, row.balance))
    if sheet.has("account") and len(by_account) > 1:
        return all(len(c) == 1 for c in by_account.values())
    return all(len(moves) > 1 and follows(moves) for moves in by_code.values())


def _currency(row: _Row, sheet: _Sheet) -> str:
    """Return a row's currency.

    Raises:
        ValueError: It is unknown, or its cell and its column or account disagree.
    """
    code = row.currency or sheet.own_currency
    if not code or sheet.answers.currency in ("", "each"):
        code = _named_currency(row, sheet) or code
    signs = row.currencies
    if not signs:
        if not code:
            raise ValueError("names no currency, although other rows do")
        return code
    if code and code not in signs:
        raise ValueError(f"has an amount that is not in {code.upper()}")
    return code or _one_of(signs, sheet, "a currency sign")


def _named_currency(row: _Row, sheet: _Sheet) -> str:
    """Return the currency that a row's own column names, or nothing.

    Raises:
        ValueError: It is unknown, or not the one that the text above the heading names.
    """
    places = sheet.columns.places.get("currency", [])
    at = places[1] if len(places) > 1 and row.paid_out else places[0] if places else -1
    named = text_in(row.cells[at]) if 0 <= at < len(row.cells) else ""
    if not named and len(sheet.columns.places.get("amount", ())) > 1 and row.place >= 0:
        named = _heading_currency(sheet.columns.headers[row.place])
    if not named:
        return ""
    meant = sign_currencies(named)
    if not meant:
        raise ValueError(f"has {named!r}, which is not a known currency")
    code = sheet.own_currency if sheet.own_currency in meant else ""
    code = code or _one_of(meant, sheet, repr(named))
    if sheet.own_currency and code != sheet.own_currency and not sheet.layout.name:
        raise ValueError(
            f"is in {code.upper()}, but the text above the heading says "
            f"{sheet.own_currency.upper()}"
        )
    return code


def _one_of(meant: frozenset[str], sheet: _Sheet, what: str) -> str:
    if len(meant) == 1:
        return next(iter(meant))
    if sheet.conference in meant:
        return sheet.conference
    raise ValueError(f"has {what} that may be one of several currencies")


def _statements(
    lines: Sequence[_Row],
    sheet: _Sheet,
    kind: Literal["csv", "xlsx"],
    below: Sequence[SheetRow],
) -> BankFile:
    statements: dict[tuple[str, str], Statement] = {}
    moves: dict[tuple[str, str], list[tuple[int, int, int | None]]] = {}
    constant = _constant(below, sheet)
    for row in lines:
        _take(row, sheet, constant, statements, moves)
    for key, statement in statements.items():
        if len(statements) == 1:
            anchored = [
                (number, 0, _minor_or_none(balance, key[1])) for number, balance in sheet.anchors
            ]
            moves[key] = sorted([*moves[key], *anchored], key=lambda move: move[0])
        prove_by_running_balance(statement, moves[key])
        statement.assumed = sheet.assumed
    reading = Reading(
        layout=sheet.layout.name,
        columns=sheet.columns.named(),
        sign=sheet.sign,
        currency=", ".join(sorted({k[1].upper() for k in statements}))
        + (f" ({sheet.why_currency})" if sheet.why_currency else ""),
        dates={"dmy": "day first", "mdy": MONTH_FIRST}.get(sheet.order or "", "as written"),
        decimal=sheet.decimals or "as written",
    )
    return BankFile(
        kind,
        list(statements.values()),
        sheet.notes,
        columns=sheet.columns.named(),
        fingerprint=sheet.columns.fingerprint,
        reading=reading,
    )


def _take(
    row: _Row,
    sheet: _Sheet,
    constant: set[int],
    statements: dict[tuple[str, str], Statement],
    moves: dict[tuple[str, str], list[tuple[int, int, int | None]]],
) -> None:
    cells = row.cells
    account = sheet.text(cells, "account") or row.account or sheet.own_account
    account = sheet.answers.account or account
    currency, amount, balance = "", None, None
    try:
        currency = _currency(row, sheet)
        if row.amount is not None:
            value = -row.amount if _turned(sheet) else row.amount
            amount = minor(value, currency)
        balance = None if row.balance is None else _minor_or_none(row.balance, currency)
        if row.error:
            raise ValueError(row.error)
        booked = _date(cells, sheet)
    except ValueError as error:
        key = (account, currency)
        if key not in statements:
            key = (
                next(iter(statements))
                if len(statements) == 1
                else (account, currency or sheet.own_currency or sheet.conference)
            )
        raw = " | ".join(text_of(c) for c in cells)
        statement = _statement(statements, moves, key)
        uncertain = "may not be booked" in str(error) or "speaks of a " in str(error)
        statement.bad.append(
            BadLine(
                row.number, raw[:2000], f"Row {row.number} {error}.", 0 if uncertain else amount
            )
        )
        if amount is not None and not uncertain:
            moves[key].append((row.number, amount, balance))
        return
    key = (account, currency)
    statement = _statement(statements, moves, key)
    statement.lines.append(
        _line(row, sheet, constant, amount=amount or 0, currency=currency, booked=booked)
    )
    moves[key].append((row.number, amount or 0, balance))


def _turned(sheet: _Sheet) -> bool:
    if sheet.answers.sign:
        return sheet.answers.sign == "reversed"
    return sheet.layout.reversed and not sheet.has("credit")


def _minor_or_none(value: Decimal, currency: str) -> int | None:
    try:
        return minor(value, currency)
    except ValueError:
        return None


def _statement(
    statements: dict[tuple[str, str], Statement],
    moves: dict[tuple[str, str], list[tuple[int, int, int | None]]],
    key: tuple[str, str],
) -> Statement:
    if key not in statements:
        statements[key] = Statement(account=key[0], currency=key[1])
        moves[key] = []
    return statements[key]


_OLDEST = 1970
"""A day before this year is of another calendar, or misread."""


def _date(cells: Sequence[Cell], sheet: _Sheet) -> date:
    cell = sheet.cell(cells, "date")
    if isinstance(cell, str):
        cell = _NEW.sub("", cell)
    written = written_date(cell)
    found = written.read(sheet.order) if written else None
    if found is None or found.year < _OLDEST:
        raise ValueError(f"has {text_of(cell)!r} for its date" if text_in(cell) else "has no date")
    return found


def _constant(rows: Sequence[SheetRow], sheet: _Sheet) -> set[int]:
    """Return the columns that say the same in every row: our own name, a product, a branch."""
    found = set()
    for position in range(len(sheet.columns.headers)):
        values = [text_in(c[position]) if position < len(c) else "" for _, c in rows]
        if len(values) >= 2 and values[0] and len(set(values)) == 1:
            found.add(position)
    return found


def _line(
    row: _Row, sheet: _Sheet, constant: set[int], *, amount: int, currency: str, booked: date
) -> BankLine:
    cells = row.cells
    value = written_date(sheet.cell(cells, "value_date"))
    names, accounts = _parties(row, sheet, constant, credit=amount >= 0)
    places = sheet.columns.places
    texts = [text_in(cells[p]) for p in places.get("text", ()) if p < len(cells)]
    # A bank that writes the address behind the name parts them by semicolons.
    texts += [
        after.strip()
        for p in places.get("counterparty", ())
        if p < len(cells) and (after := text_in(cells[p]).partition(";")[2])
    ]
    rest = [text_in(cells[p]) for p in sheet.columns.rest if p < len(cells) and p not in constant]
    reference = sheet.text(cells, "bank_reference")
    # Money amounts in other columns and empty references only make matching noisier.
    details = [t for t in (*texts, *rest) if fold(t) not in _NONE and not _is_number_with_cents(t)]
    text = one_line(*names, *details)
    return BankLine(
        row=row.number,
        amount=amount,
        currency=currency,
        booked_on=booked,
        value_date=value.read(sheet.order) if value else None,
        counterparty=one_line(*names)[:255],
        counterparty_account=accounts[:64],
        text=one_line(text, reference if fold(reference) not in _NONE else ""),
        bank_reference=reference[:255],
        reversal=REVERSAL.search(text) is not None,
    )


def _is_number_with_cents(text: str) -> bool:
    return re.fullmatch(r"[+-]?[\d.,' ]*[.,]\d\d", text) is not None


def _parties(
    row: _Row, sheet: _Sheet, constant: set[int], *, credit: bool
) -> tuple[list[str], str]:
    """Return the other party's names and account: of sender and recipient, not us."""
    places = sheet.columns.places
    one_sided = ("payer",) if credit else ("payee",)
    both = bool(places.get("payer")) and bool(places.get("payee"))
    fields = ["counterparty", *(one_sided if both else ("payer", "payee"))]
    names, accounts = [], []
    for position in (p for f in fields for p in places.get(f, ())):
        text = text_in(row.cells[position]) if position < len(row.cells) else ""
        several = sum(len(places.get(f, ())) for f in ("counterparty", "payer", "payee")) > 1
        if not text or (several and position in constant and not both):
            continue
        if _NOT_A_NAME.fullmatch(text):
            accounts.append(text)
        else:
            names.append(text.partition(";")[0].strip() or text)
    accounts += [
        text_in(row.cells[p]) for p in places.get("counterparty_account", ()) if p < len(row.cells)
    ]
    numbers = [a for a in accounts if any(c.isdigit() for c in a)]
    return names, next((a for a in numbers if a.strip("0 ")), "")
