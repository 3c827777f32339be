"""Which column of a bank's spreadsheet is which field: known, answered, or found by name and cells.

A name alone never decides: ``Valuta`` is a day in German and the currency in Swedish, ``IBAN`` is
ours in one file and the sponsor's in the next, so the cells under it must agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from po_toolkit.errors import ColumnsUnknownError, ImportChoiceError, ImportFileError
from po_toolkit.importers.bank.layout import Layout, by_cells, by_heading, column_names
from po_toolkit.importers.bank.vocabulary import (
    BOOKED,
    FIELDS,
    NO,
    NOT_BOOKED,
    STATUS_ONLY,
    YES,
    amount_of,
    are_directions,
    fields_of,
    fold,
    is_iban_like,
    is_not_booked,
    same,
    text_in,
)
from po_toolkit.importers.cells import Cell, is_empty, sign_currencies, written_date
from po_toolkit.importers.columns import distinct_headers, fingerprint
from po_toolkit.importers.readers.contract import SheetRow
from po_toolkit.money import CURRENCIES

Saved = Callable[[str], Mapping[str, str] | None]

MONEY = ("amount", "credit", "debit")
_HEADER_WITHIN = 60
_SEVERAL = frozenset({"text", "counterparty", "payer", "payee", "counterparty_account", "ignore"})
"""Fields that several columns may hold together."""
_AS_NUMBERS = frozenset({"amount", "credit", "debit", "balance", "fee"})
_UNKNOWN_NUMBER = re.compile(
    r"\b(?:iban|bic|blz|bsb|swift|mcc|sort code|routing|aba|card|branch|zip|time)\b"
)


@dataclass(slots=True)
class Profile:
    """What the cells of one column look like."""

    texts: list[str]
    dates: int
    amounts: int
    codes: int
    ibans: int

    @property
    def filled(self) -> int:
        """How many cells hold anything."""
        return len(self.texts)

    @property
    def values(self) -> set[str]:
        """The different cells, folded."""
        return {fold(t) or t for t in self.texts}

    @property
    def names(self) -> int:
        """How many cells hold letters and no digit."""
        return sum(
            any(c.isalpha() for c in t) and not any(c.isdigit() for c in t) for t in self.texts
        )

    @property
    def lettered(self) -> int:
        """How many cells hold a letter and are neither date nor amount."""
        return sum(any(c.isalpha() for c in t) for t in self.texts)


@dataclass(slots=True)
class Columns:
    """The columns of one sheet.

    Attributes:
        headers: Their names.
        places: Field → positions.
        rest: Positions whose cells are joined to the text, since nobody knows better.
        fingerprint: What the heading is remembered by.
        answered: The fields that a person named, now or before.
        codes: The currencies that columns of unknown names hold.
        width: How many columns the heading has; what stands beyond is of no column.
    """

    headers: list[str]
    places: dict[str, list[int]]
    fingerprint: str
    layout: Layout | None = None
    rest: list[int] = field(default_factory=list)
    answered: frozenset[str] = frozenset()
    codes: set[str] = field(default_factory=set)
    width: int = 0

    @property
    def distinctive(self) -> bool:
        """Whether the heading is the layout's own, exactly, and can be no other bank's."""
        if self.layout is None or self.layout.numbered:
            return False
        mine = {fold(re.sub(r" \(column [A-Z]+\)$", "", h)) for h in self.headers}
        mine = {name for name in mine if not name.startswith("column ")}
        return len(mine) == len(self.layout.names) and self.layout.distinctive

    def named(self) -> dict[str, str]:
        """Return field → names of its columns, ``|`` between several."""
        return {f: "|".join(self.headers[p] for p in at) for f, at in self.places.items() if at}

    def header(self, name: str) -> str:
        """Return the name of a field's first column."""
        return self.headers[self.places[name][0]]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the columns are named: the heading's index (None where there is none) and layout."""

    index: int | None
    layout: Layout | None
    names: list[Cell]


def find_header(
    rows: Sequence[SheetRow],
    chosen: Mapping[str, str] | None,
    saved: Saved | None,
    layouts: Sequence[Layout],
) -> Found:
    """Find the row that names the columns, or see that there is none.

    Raises:
        ImportFileError: Neither is certain; the message says what to name.
    """
    head = rows[:_HEADER_WITHIN]
    known = [(i, x) for i, (_, cells) in enumerate(head) if (x := by_heading(cells, layouts))]
    wanted = {fold(n) for names in (chosen or {}).values() for n in names.split("|") if n}
    best, best_score = None, 0
    for index, (_, cells) in enumerate(head):
        if saved and not chosen and saved(fingerprint(distinct_headers(cells))):
            return Found(index, _at(known, index), cells)
        names = [c for c in cells if isinstance(c, str) and c.strip()]
        if _holds_values(names):
            continue
        fields = {f for c in names for f, _ in fields_of(c)[:1]}
        score = len(fields) + 2 * len(wanted & {fold(c) for c in names})
        money = fields & set(MONEY)
        if money and "date" not in fields and _dated_below(head[index + 1 : index + 4]):
            fields.add("date")
        if score > best_score and (
            ("date" in fields and money) or wanted & {fold(c) for c in names}
        ):
            best, best_score = index, score
    if known:
        index, layout = max(known, key=lambda k: len(k[1].heading))
        if best is None or best == index or not wanted:
            return Found(index, layout, rows[index][1])
    if best is not None:
        return Found(best, _at(known, best), rows[best][1])
    return _without_heading(rows, chosen, layouts)


def _dated_below(rows: Sequence[SheetRow]) -> bool:
    return bool(rows) and all(any(map(written_date, cells)) for _, cells in rows)


def _at(known: Iterable[tuple[int, Layout]], index: int) -> Layout | None:
    return next((x for i, x in known if i == index), None)


def _holds_values(names: Sequence[str]) -> bool:
    """Tell whether a row holds a day or an amount, which no heading does."""
    return any(written_date(n) or (amount_of(n) and any(c in n for c in ".,")) for n in names)


def _without_heading(
    rows: Sequence[SheetRow], chosen: Mapping[str, str] | None, layouts: Sequence[Layout]
) -> Found:
    width = max((len(cells) for _, cells in rows), default=0)
    rows = [(row, [*cells, *[""] * (width - len(cells))]) for row, cells in rows]  # cut short
    names: list[Cell] = [*column_names(width)]
    lines = [r for r in rows if any(written_date(c) for c in r[1]) and any(map(amount_of, r[1]))]
    if lines and len(lines) == len(rows):
        layout = by_cells(rows, layouts)
        if layout or chosen:
            return Found(None, layout, names)
        columns = _by_position(rows, width)
        if columns:
            return Found(None, Layout("", (), columns, numbered=True), names)
    if chosen and lines:
        return Found(None, None, names)
    texts = [text_in(c) for c in rows[0][1] if not is_empty(c)] if rows else []
    first = ", ".join(map(repr, texts))
    heading = (
        "has no header with"
        if lines
        else "has no header with the columns of a bank statement, not even"
    )
    raise ColumnsUnknownError(
        f"The file {heading} a date and an amount; its first row is: {first[:300]}. Name the "
        f"columns of the date and the amount (or of credit and debit). Where the file has no "
        f"header, its columns are called 'column A', 'column B' and so on.",
        map(text_in, names) if len(lines) == len(rows) else texts,
    )


def _by_position(rows: Sequence[SheetRow], width: int) -> dict[str, tuple[str, ...]] | None:
    """Return the columns of a file without a heading where only one reading is possible."""
    profiles = profile(rows, width)
    dates = [p for p, x in enumerate(profiles) if x.filled == len(rows) == x.dates]
    numbers = [
        p
        for p, x in enumerate(profiles)
        if x.filled and x.amounts == x.filled and not x.dates and _has_decimals(x.texts)
    ]
    if len(dates) != 1 or len(numbers) not in (1, 2):
        return None
    columns: dict[str, tuple[str, ...]] = {"date": (str(dates[0] + 1),)}
    if len(numbers) == 2:
        amount = _proven_by(rows, numbers)
        if amount is None:
            return None
        columns["balance"] = (str(next(p for p in numbers if p != amount) + 1),)
    else:
        amount = numbers[0]
    signs = [a.signed or bool(a.mark) for _, c in rows if (a := amount_of(c[amount]))]
    if len(signs) < len(rows) or not any(signs):
        return None
    codes = [p for p, x in enumerate(profiles) if x.filled == len(rows) == x.codes]
    if len(codes) == 1:
        columns["currency"] = (str(codes[0] + 1),)
    taken = {*dates, *numbers, *codes}
    texts = [p for p, x in enumerate(profiles) if x.lettered and p not in taken]
    columns["amount"] = (str(amount + 1),)
    columns["text"] = tuple(str(p + 1) for p in texts)
    return columns


def _has_decimals(texts: Sequence[str]) -> bool:
    return any(re.search(r"\d[.,]\d\d\b", t) for t in texts)


def _proven_by(rows: Sequence[SheetRow], numbers: Sequence[int]) -> int | None:
    """Of two columns of amounts, return the one of which the other is the running balance."""
    read = [
        [(a.written.point if (a := amount_of(c[p])) else None) for p in numbers] for _, c in rows
    ]
    commas = [
        [(a.written.comma if (a := amount_of(c[p])) else None) for p in numbers] for _, c in rows
    ]
    found: set[int] = set()
    for values in (read, commas, read[::-1], commas[::-1]):
        pairs = [[v for v in pair if v is not None] for pair in values]
        if len(pairs) < 2 or any(len(pair) < 2 for pair in pairs):
            continue
        for at in (0, 1):
            if all(b[1 - at] == a[1 - at] + b[at] for a, b in pairwise(pairs)):
                found.add(numbers[at])
    return found.pop() if len(found) == 1 else None


def profile(rows: Sequence[SheetRow], width: int) -> list[Profile]:
    """Look at the cells of every column."""
    found = []
    for position in range(width):
        cells = [
            c[position] for _, c in rows[:2000] if position < len(c) and not is_empty(c[position])
        ]
        texts = [text_in(c) for c in cells]
        found.append(
            Profile(
                texts,
                sum(written_date(c) is not None for c in cells),
                sum(amount_of(c) is not None for c in cells),
                sum(len(t) <= 4 and bool(sign_currencies(t)) for t in texts),
                sum(map(is_iban_like, texts)),
            )
        )
    return found


def assign(
    found: Found,
    rows: Sequence[SheetRow],
    chosen: Mapping[str, str] | None,
    saved: Saved | None,
    own_account: str = "",
) -> Columns:
    """Give every column its field.

    What a person chose is by field, with ``|`` between columns and empty for none. ``saved``
    returns the answers given before for a heading's fingerprint.

    Raises:
        ImportFileError: A chosen field or column does not exist; there is no date or no amount.
        ImportChoiceError: Several columns could be the amount.
    """
    width = max([len(found.names), *(len(c) for _, c in rows)])
    headers = distinct_headers(found.names)
    headers += [f"column {name[7:]}" for name in column_names(width)[len(headers) :]]
    kinds = [] if found.index is not None else _kinds(rows, width)
    print_ = fingerprint([*distinct_headers(found.names), *kinds])
    before = dict((saved(print_) if saved else None) or {})
    settled = {k: v for k, v in (chosen or before).items() if k in FIELDS}
    if wrong := [k for k in chosen or {} if k not in FIELDS]:
        raise ImportFileError(f"{wrong[0]!r} is not a field; the fields are: {', '.join(FIELDS)}.")
    made = Columns(headers, {}, print_, found.layout, answered=frozenset(settled))
    made.width = len(found.names)
    for name, columns in settled.items():
        made.places[name] = [_position(headers, c) for c in columns.split("|") if c]
    if {"credit", "debit"} & settled.keys() and "amount" not in settled:
        made.places["amount"] = []
    if settled.get("amount"):
        made.places.setdefault("credit", [])
        made.places.setdefault("debit", [])
    _from_layout(made, found.layout)
    _by_name(made, found, profile(rows, width), own_account)
    made.places = {name: at for name, at in made.places.items() if at}
    _ask_whose(made, profile(rows, width))
    _only_date(made, profile(rows, width))
    _settle_money(made, rows)
    if "date" not in made.places or not made.places.keys() & set(MONEY):
        missing = "date" if "date" not in made.places else "amount"
        raise ColumnsUnknownError(
            f"The columns {', '.join(map(repr, headers))} hold no {missing}. Name the columns of "
            f"the date and the amount (or of credit and debit).",
            headers,
        )
    return made


def _kinds(rows: Sequence[SheetRow], width: int) -> list[str]:
    """Return what each column holds, by which a file without a heading is remembered."""
    return [
        "date" if x.filled and x.dates == x.filled
        else "amount" if x.filled and x.amounts == x.filled
        else "text" if x.filled else "blank"
        for x in profile(rows, width)
    ]  # fmt: skip


def _position(headers: Sequence[str], name: str) -> int:
    """Return the position of a column by its name, its letter (``column B``) or number (``#2``)."""
    wanted = name.strip()
    alike = [i for i, h in enumerate(headers) if h == wanted]
    alike = alike or [i for i, h in enumerate(headers) if fold(h) and fold(h) == fold(wanted)]
    alike = alike or [
        i for i, h in enumerate(headers) if "?" in fold(h) and same(fold(h), fold(wanted))
    ]
    if not alike:
        letter = re.fullmatch(r"(?:column )?([A-Za-z]{1,2})", wanted)
        number = re.fullmatch(r"#?(\d{1,3})", wanted)
        at = -1
        if letter:
            for character in letter[1].upper():
                at = (at + 1) * 26 + ord(character) - 65
        elif number:
            at = int(number[1]) - 1
        alike = [at] if 0 <= at < len(headers) else []
    if len(alike) == 1:
        return alike[0]
    raise ImportFileError(
        f"There is no column {name!r} in this file; it has: {', '.join(map(repr, headers))}."
    )


def _from_layout(made: Columns, layout: Layout | None) -> None:
    if layout is None:
        return
    bare = [fold(re.sub(r" \(column [A-Z]+\)$", "", h)) for h in made.headers]
    taken = {p for at in made.places.values() for p in at}
    for name, columns in layout.columns.items():
        if name in made.places:
            continue
        for column in columns:
            at = _layout_place(made.headers, bare, column, layout)
            if at is not None and at not in taken:
                made.places.setdefault(name, []).append(at)
    if layout.columns.keys() & set(MONEY):
        # A column of fees beside those that the layout knows may be another bank's.
        for name in (*MONEY, "fee") if made.distinctive else MONEY:
            made.places.setdefault(name, [])


def _layout_place(
    headers: Sequence[str], bare: Sequence[str], column: str, layout: Layout
) -> int | None:
    if layout.numbered or re.fullmatch(r"#\d+", column):
        at = int(column.lstrip("#")) - 1
        return at if at < len(headers) else None
    folded = fold(column)
    if not folded:
        return next((i for i, b in enumerate(bare) if b.startswith("column ")), None)
    return next((i for i, b in enumerate(bare) if same(b, folded)), None)


def _by_name(made: Columns, found: Found, profiles: Sequence[Profile], own_account: str) -> None:
    """Give the columns that nobody named their fields, by their names and cells."""
    taken = {p for at in made.places.values() for p in at}
    candidates: dict[str, list[tuple[int, int]]] = {}
    unnamed: list[int] = []
    for position, column in enumerate(profiles):
        if position in taken:
            continue
        raw = found.names[position] if position < len(found.names) else None
        name = text_in(raw) if found.index is not None else ""
        named = _field(name, column, own_account)
        if named is None:
            unnamed.append(position)
        elif named[0] not in made.places or named[0] in _SEVERAL:
            candidates.setdefault(named[0], []).append((named[1], position))
        elif named[0] not in ("date", "value_date", *_AS_NUMBERS):
            unnamed.append(position)
    for name, options in candidates.items():
        unnamed += _take_candidates(made, name, sorted(options))
    if not made.places.get("value_date"):
        made.places.pop("value_date", None)
    for position in made.places.get("text", []):
        _maybe_status(made, position, profiles[position])
    for position in sorted(unnamed):
        _take_unnamed(made, position, profiles[position])


def _take_candidates(made: Columns, name: str, options: Sequence[tuple[int, int]]) -> list[int]:
    """Give a field the columns that its name fits best; return those left over."""
    positions = [p for _, p in options]
    if name in _SEVERAL:
        made.places.setdefault(name, []).extend(sorted(positions))
        return []
    # Several amounts are compared afterwards: they must say the same.
    made.places[name] = positions if name == "amount" else positions[:1]
    if name == "date":
        made.places.setdefault("value_date", [])
    return positions[1:] if name in ("account", "status", "direction") else []


def _take_unnamed(made: Columns, position: int, column: Profile) -> None:
    """Take a column with no telling name for what its cells are, or join it to the text."""
    if _maybe_status(made, position, column) or _maybe_direction(made, position, column):
        return
    if column.dates == column.filled or _UNKNOWN_NUMBER.search(fold(made.headers[position])):
        return
    if column.filled and column.codes == column.filled:
        made.codes |= {t.lower() for t in column.texts} & CURRENCIES
        return
    if column.ibans == column.filled and column.filled:
        if len(set(column.texts)) > 1:
            made.places.setdefault("counterparty_account", []).append(position)
        elif column.filled >= 3:  # the same in each row: ours
            made.places.setdefault("account", [position])
    elif column.lettered or not any("." in t or "," in t for t in column.texts):
        made.rest.append(position)


def _only_date(made: Columns, profiles: Sequence[Profile]) -> None:
    """Take the one column that holds days for the date, where no name tells."""
    if "date" in made.places or "date" in made.answered:
        return
    taken = {p for name, at in made.places.items() for p in at if name != "ignore"}
    days = [p for p, x in enumerate(profiles) if x.dates and x.dates * 2 > x.filled]
    free = [p for p in days if p not in taken]
    if not free and made.places.get("value_date"):
        made.places["date"] = made.places.pop("value_date")
    elif len(free) == 1 or (
        free and all(profiles[p].texts == profiles[free[0]].texts for p in free)
    ):
        made.places["date"] = free[:1]


_FLAGS = BOOKED | NOT_BOOKED | {"storno", "storniert", "reversed"}


def _maybe_status(made: Columns, position: int, column: Profile) -> bool:
    """Take a column for the status when some of its cells say that a row is booked, or is not."""
    if made.places.get("status") or "status" in made.answered:
        return False
    flag = fold(made.headers[position]) in _FLAGS and column.values <= YES | NO
    if not (flag and column.filled) and not column.values & (NOT_BOOKED | STATUS_ONLY):
        return False
    if len(column.values) > max(4, column.filled // 3):
        return False
    made.places["status"] = [position]
    return True


def _maybe_direction(made: Columns, position: int, column: Profile) -> bool:
    """Take a column without a telling name for the direction when all its cells are such words."""
    if made.places.get("direction") or "direction" in made.answered or not column.filled:
        return False
    if not are_directions(column.values):
        return False
    made.places["direction"] = [position]
    return True


_ACCOUNTS = frozenset(
    {"iban", "kontonummer", "konto nr", "kontonr", "account iban", "iban number", "bank account"}
)


def _field(name: str, column: Profile, own_account: str) -> tuple[str, int] | None:
    """Return the field that a column is, by its name and then by what its cells hold."""
    for wanted, rank in fields_of(name) if name else ():
        if wanted == "counterparty_account" and column.names * 2 > column.filled:
            return "counterparty", rank
        if wanted in ("account", "counterparty_account"):
            return _whose(wanted, column, own_account), rank
        if wanted in ("counterparty", "payer", "payee"):
            numbers = column.filled and (not column.lettered or column.ibans * 2 > column.filled)
            return ("counterparty_account" if numbers else wanted), rank
        if _agrees(wanted, column):
            return wanted, rank
    return (_whose("", column, own_account), 0) if fold(name) in _ACCOUNTS else None


def _agrees(wanted: str, column: Profile) -> bool:
    """Tell whether the cells of a column can be what its name says."""
    if wanted in ("date", "value_date"):
        return bool(column.dates) and column.dates * 2 >= column.filled
    if wanted in _AS_NUMBERS:
        return column.amounts * 2 >= column.filled and column.dates < max(1, column.filled)
    if wanted == "currency":
        return not column.filled or column.codes * 2 >= column.filled
    if wanted in ("direction", "status"):
        return bool(column.filled) and not column.dates and not column.amounts
    return True


def _whose(wanted: str, column: Profile, own_account: str) -> str:
    """Tell whether a column of accounts is ours (it hardly changes) or the other party's."""
    values = {re.sub(r"\s", "", t) for t in column.texts}
    if wanted == "counterparty_account" or not values:
        return "counterparty_account" if wanted != "account" else "account"
    if own_account and values == {own_account}:
        return "account"
    if wanted == "account":
        return "account"
    return "account" if len(values) == 1 and column.filled >= 3 else "counterparty_account"


def _ask_whose(made: Columns, profiles: Sequence[Profile]) -> None:
    """Ask whose the several accounts of a column are, unless another holds the other parties'.

    Raises:
        ImportChoiceError: Nobody answered.
    """
    for position in made.places.get("account", ()):
        column = profiles[position]
        values = {re.sub(r"\s", "", t) for t in column.texts}
        decided = "account" in made.answered | settled_by_layout(made)
        if decided or made.places.get("counterparty_account") or len(values) < 2:
            continue
        if len(values) * 3 > column.filled:
            name = made.headers[position]
            raise ImportChoiceError(
                f"The column {name!r} holds several accounts, and nothing says whether they are "
                f"yours or the other parties'. Choose one.",
                question="mapping",
                choices=[f"account={name}", f"counterparty_account={name}"],
            )


def _settle_money(made: Columns, rows: Sequence[SheetRow]) -> None:
    """Decide between an amount and a credit and a debit column, and between several amounts.

    Raises:
        ImportChoiceError: They say different things.
    """

    def values(position: int) -> list[str]:
        return [
            text_in(c[position]) if position < len(c) and not is_empty(c[position]) else ""
            for _, c in rows
        ]

    amounts = [p for p in made.places.get("amount", []) if any(values(p))]
    several = [p for p in amounts if values(p) != values(amounts[0])]
    if several and "amount" not in made.answered | settled_by_layout(made):
        names = [made.headers[p] for p in (amounts[0], *several)]
        raise ImportChoiceError(
            f"The columns {' and '.join(map(repr, names))} both hold amounts and differ; nothing "
            f"says which one changed the account's balance. Choose one.",
            question="mapping",
            choices=[f"amount={n}" for n in names],
        )
    both = [p for f in ("credit", "debit") for p in made.places.get(f, []) if any(values(p))]
    if len(both) == 1 and not amounts:
        _ask_other_side(made, both[0], values)
    if several and "amount" in settled_by_layout(made):
        return
    made.places["amount"] = amounts[:1]
    if both and amounts:
        if "amount" in made.answered:
            made.places["credit"] = made.places["debit"] = []
        else:
            signed = any(a.signed for t in values(amounts[0]) if (a := amount_of(t)))
            drop = ("credit", "debit") if signed and len(both) < 2 else ("amount",)
            for name in drop:
                made.places[name] = []
    elif amounts and not both:
        made.places["credit"] = made.places["debit"] = []
    made.places = {name: at for name, at in made.places.items() if at}


def _ask_other_side(made: Columns, one: int, values: Callable[[int], list[str]]) -> None:
    """Ask about a column of amounts that is filled where the only one of credit and debit is not.

    Raises:
        ImportChoiceError: There is one, and nobody answered.
    """
    side = "credit" if one in made.places.get("credit", ()) else "debit"
    other = "debit" if side == "credit" else "credit"
    open_fields = {"fee", "ignore", "text"} - made.answered
    known = {p for f, at in made.places.items() if f not in open_fields for p in at}
    if other in made.answered | settled_by_layout(made):
        return
    for position in {*range(len(made.headers))} - known:
        pairs = list(zip(values(one), values(position), strict=True))
        beside = [b for a, b in pairs if b and not a]
        if beside and all(map(amount_of, beside)) and not any(a and b for a, b in pairs):
            name = made.headers[position]
            raise ImportChoiceError(
                f"Only the column {made.headers[one]!r} is called {side}, and {name!r} holds "
                f"amounts where it is empty. Choose what {name!r} is.",
                question="mapping",
                choices=[f"{other}={name}", f"{side}={name}", f"ignore={name}"],
            )


def settled_by_layout(made: Columns) -> frozenset[str]:
    """Return the fields whose columns the known layout names."""
    return frozenset(made.layout.columns) if made.layout else frozenset()


def is_pending_heading(cells: Sequence[Cell]) -> bool | None:
    """Return whether a row that heads others says that they are pending; None if neither."""
    texts = [text_in(c) for c in cells if not is_empty(c)]
    if len(texts) != 1:
        return None
    folded = fold(texts[0])
    if is_not_booked(texts[0]):
        return True
    if re.match(r"(?:posted|booked|completed|cleared|gebuchte|bokforda|comptabilise)", folded):
        return False
    return None
