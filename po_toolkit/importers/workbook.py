"""A spreadsheet file opened: its sheets, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell

SheetRow = tuple[int, list[Cell]]
"""The line a person sees in the spreadsheet, from 1, and its cells from column A."""


@dataclass(slots=True)
class Sheet:
    """The rows of one sheet that hold anything, and what cannot be seen in them."""

    name: str
    rows: list[SheetRow]
    hidden_rows: frozenset[int] = frozenset()
    """Row numbers, from 1."""
    hidden_columns: frozenset[int] = frozenset()
    """Column positions, from 0."""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Workbook:
    """A file with one or more sheets; each is read when it is asked for."""

    kind: str
    """csv, xlsx, xls or ods: what the file is, whatever its name says."""
    names: list[str]
    load: Callable[[str], Sheet]
    hidden: frozenset[str] = frozenset()
    """Names of hidden sheets."""
    notes: list[str] = field(default_factory=list)
    _loaded: dict[str, Sheet] = field(default_factory=dict)

    def sheet(self, name: str) -> Sheet:
        """Read one sheet.

        Raises:
            ImportFileError: There is no such sheet; the message names those there are.
        """
        if name not in self.names:
            known = ", ".join(map(repr, self.names))
            raise ImportFileError(f"There is no sheet {name!r} in this file; it has: {known}.")
        if name not in self._loaded:
            self._loaded[name] = self.load(name)
        return self._loaded[name]

    def visible(self) -> Iterator[str]:
        """Name the sheets that a person sees."""
        return (name for name in self.names if name not in self.hidden)


def column_letter(position: int) -> str:
    """Return the letter over a column: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
