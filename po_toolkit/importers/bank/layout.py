"""Known layouts of banks' spreadsheets: one TOML file for each bank, and those a user adds.

A file holds one or more tables ``[[layout]]``; ``docs/bank.md`` describes every key. A layout is
recognised by the names of its columns, or, where a bank writes none, by what its cells hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.bank.vocabulary import FIELDS, amount_of, fold, same
from po_toolkit.importers.cells import (
    Cell,
    DayOrder,
    is_empty,
    sign_currencies,
    text_of,
    written_date,
)
from po_toolkit.importers.readers.contract import SheetRow, column_letter

Meaning = Literal["credit", "debit", "booked", "skip"]
MEANINGS: tuple[Meaning, ...] = ("credit", "debit", "booked", "skip")
BLANK = "blank"
"""How an answer or a layout writes an empty cell."""
ANY = "*"
"""How a layout skips every row that has anything in a column."""


_EVERYBODYS = frozenset(
    """
    date description details memo name reference transaction type category status amount debit
    credit withdrawals deposits balance
    """.split()
)
"""Names that the columns of banks in many countries have."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is known of one layout.

    Attributes:
        name: The bank and which of its files it is.
        heading: The names of its columns, all of which must be there; without a heading row: what
            each column holds (``date``, ``amount``, ``text``, ``blank``, ``any`` or ``=literal``).
        columns: Field → the names of its columns, or their numbers from 1.
        numbered: It has no heading row.
        currency: The account's, where the file does not name it.
        words: Folded word in a direction or status column → what it means.
        skip: Column → folded cells whose rows are no line (opening balance, turnover, fee detail).
        pending_without: A field that every booked row has and a pending one has not.
        reversed: Amounts are written the other way round: what is spent is above 0.
        fee: What a fee column does: ``apart`` (it comes on top of the amount), ``included``.
    """

    name: str
    heading: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbered: bool = False
    currency: str = ""
    decimal: Literal["point", "comma"] | None = None
    dates: DayOrder | None = None
    words: Mapping[str, Meaning] = field(default_factory=dict)
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    pending_without: str = ""
    reversed: bool = False
    fee: Literal["", "apart", "included"] = ""

    @property
    def names(self) -> frozenset[str]:
        """The names of the columns, folded."""
        return frozenset(fold(name) for name in self.heading) - {""}

    @property
    def distinctive(self) -> bool:
        """Whether the heading can be no other bank's: five names, not all of them everybody's."""
        many = not self.numbered and len(self.names) >= 5
        return many and not self.names <= _EVERYBODYS


_KEYS = {
    "name", "source", "heading", "numbered", "columns", "currency", "decimal", "dates", "words",
    "skip", "pending_without", "reversed", "fee",
}  # fmt: skip


def parse_layouts(text: str, where: str) -> list[Layout]:
    """Read the layouts of one TOML file.

    Raises:
        ImportFileError: It is no such file; names the key that is wrong.
    """
    try:
        tables = tomllib.loads(text).get("layout", [])
        return [_layout(table) for table in tables]
    except (tomllib.TOMLDecodeError, TypeError, ValueError, AttributeError) as error:
        raise ImportFileError(f"The bank layout {where} cannot be used: {error}.") from None


def _layout(table: Mapping[str, Any]) -> Layout:
    if unknown := table.keys() - _KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    columns = {name: _names(value) for name, value in table.get("columns", {}).items()}
    if wrong := columns.keys() - set(FIELDS):
        raise ValueError(f"unknown field {', '.join(sorted(wrong))}; use {', '.join(FIELDS)}")
    if not table.get("name") or not table.get("heading"):
        raise ValueError("a layout needs a name and a heading")
    words = {fold(str(word)) or str(word): m for word, m in table.get("words", {}).items()}
    if odd := set(words.values()) - set(MEANINGS):
        raise ValueError(f"{', '.join(map(str, odd))}: a word means {', '.join(MEANINGS)}")
    return Layout(
        name=table["name"],
        heading=tuple(table["heading"]),
        columns=columns,
        numbered=bool(table.get("numbered")),
        currency=str(table.get("currency", "")).lower(),
        decimal=table.get("decimal"),
        dates=table.get("dates"),
        words=words,
        skip={
            c: frozenset(fold(n) or n for n in _names(v)) for c, v in table.get("skip", {}).items()
        },
        pending_without=table.get("pending_without", ""),
        reversed=bool(table.get("reversed")),
        fee=table.get("fee", ""),
    )


def _names(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


@lru_cache(maxsize=1)
def known_layouts() -> tuple[Layout, ...]:
    """Return the layouts that come with the program."""
    folder = resources.files("po_toolkit.importers.bank") / "layouts"
    files = sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)
    return tuple(x for p in files for x in parse_layouts(p.read_text("utf-8"), p.name))


def layouts_in(folder: Path) -> tuple[Layout, ...]:
    """Return the layouts that a user wrote.

    Raises:
        ImportFileError: The folder or one of its files cannot be used.
    """
    if not folder.is_dir():
        raise ImportFileError(f"The folder of bank layouts {folder} does not exist.")
    files = sorted(folder.glob("*.toml"))
    return tuple(x for p in files for x in parse_layouts(p.read_text("utf-8"), str(p)))


def by_heading(cells: Sequence[Cell], layouts: Iterable[Layout]) -> Layout | None:
    """Return the layout whose columns are all in this row: the one with the most of them."""
    names = [fold(text_of(c)) for c in cells]
    there = frozenset(names)
    odd = [n for n in names if "?" in n]

    def has(wanted: str) -> bool:
        folded = fold(wanted)
        return folded in there or any(same(name, folded) for name in odd)

    found = [x for x in layouts if not x.numbered and all(has(n) for n in x.heading if fold(n))]
    # Later ones are the user's; among equals the user's is taken.
    return max(reversed(found), key=lambda x: len(x.heading), default=None)


def by_cells(rows: Sequence[SheetRow], layouts: Iterable[Layout]) -> Layout | None:
    """Return the layout without a heading whose columns hold what these rows hold."""
    found = [x for x in layouts if x.numbered and all(_fits(cells, x.heading) for _, cells in rows)]
    return found[-1] if found else None


def _fits(cells: Sequence[Cell], kinds: Sequence[str]) -> bool:
    given = list(cells)
    while len(given) > len(kinds) and is_empty(given[-1]):
        given.pop()
    given += [None] * (len(kinds) - len(given))
    return len(given) == len(kinds) and all(map(_holds, given, kinds))


def _holds(cell: Cell, kind: str) -> bool:
    """Tell whether a cell is of a kind that a layout without a heading names."""
    empty, text = is_empty(cell), text_of(cell).strip()
    if kind.startswith("="):
        return text in kind[1:].split("|")
    return {
        "any": True,
        "blank": empty,
        "date": written_date(cell) is not None,
        "amount": amount_of(cell) is not None,
        "amount?": empty or amount_of(cell) is not None,
        "currency": bool(sign_currencies(text)),
        "text": not empty and amount_of(cell) is None,
    }.get(kind, False)


def column_names(cells: int) -> list[str]:
    """Name the columns of a file without a heading as a spreadsheet does."""
    return [f"column {column_letter(at)}" for at in range(cells)]
