"""The contract between a spreadsheet's reader and the import.

A reader is one module that ends in a :class:`Reader`: whether a file is its own, and how to open
it as a :class:`Workbook`. Others can add theirs by an entry point in the group
``po_toolkit.spreadsheet_readers`` that names a :class:`Reader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell

SheetRow = tuple[int, list[Cell]]
"""The line a person sees in the spreadsheet, from 1, and its cells from column A."""

Block = tuple[int, int, int, int]
"""A merged range: first row and column, last row and column; rows from 1, columns from 0."""


@dataclass(slots=True)
class Sheet:
    """The rows of one sheet that hold anything, and what cannot be seen in their values.

    Attributes:
        name: The sheet's name; ``""`` for a text file.
        rows: Line number and cells of each row that is not empty.
        hidden_rows: Line numbers of hidden rows.
        hidden_columns: Positions of hidden columns, from 0.
        merged: Ranges whose value stands in their first cell only.
        struck_rows: Line numbers of rows with a cell that is struck through.
        delimiter: The mark between the cells of a text file, whose rows have as many cells as they
            were written with; ``""`` for a workbook.
    """

    name: str
    rows: list[SheetRow]
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Block, ...] = ()
    struck_rows: frozenset[int] = frozenset()
    delimiter: str = ""


@dataclass(slots=True)
class Workbook:
    """A file with one or more sheets; each is read when it is asked for.

    Attributes:
        kind: csv, xlsx, xls or ods: what the file is.
        names: Its sheets, in their order.
        load: Reads one sheet.
        hidden: Names of hidden sheets.
        notes: What was assumed to read the file.
    """

    kind: str
    names: list[str]
    load: Callable[[str], Sheet]
    hidden: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    _loaded: dict[str, Sheet] = field(default_factory=dict)

    def sheet(self, name: str) -> Sheet:
        """Read one sheet.

        Raises:
            ImportFileError: There is no such sheet; the message names those there are.
        """
        if name not in self.names:
            if self.names == [""]:
                raise ImportFileError(f"There is no sheet {name!r}: a text file has no sheets.")
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


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the files of one format.

    Attributes:
        kind: A short name: csv, xlsx, xls or ods.
        called: The format in words, with its article.
        endings: The endings of its files' names, in lower case.
        matches: Whether these bytes are such a file.
        open: Opens it. The sheets hold text, numbers, dates and errors as
            :data:`~po_toolkit.importers.cells.Cell`; a number whose format shows more than the
            number is a :class:`~po_toolkit.importers.cells.ShownNumber`.
        limited: Whether it is opened in a process with limits of its own.
    """

    kind: str
    called: str
    endings: tuple[str, ...]
    matches: Callable[[bytes], bool]
    open: Callable[[bytes], Workbook]
    limited: bool = True
