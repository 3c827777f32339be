"""What a fast reader of values does not see in an XLSX sheet.

Hidden rows and columns, cells that hold an error, formulas that nobody calculated, numbers whose
format shows more than the number, and cells so far apart that a dense table of them would take all
memory. A sheet without any of these is only searched; one with them is parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.archive import Archive
from po_toolkit.importers.cells import Cell, CellError
from po_toolkit.importers.number_formats import NumberFormat

LARGEST_TABLE = 6_000_000
"""Cells between the first and the last; 100,000 rows of 60 columns."""

_NEVER_CALCULATED = CellError("a formula that was never calculated")
_TELLING = (b"hidden=", b't="e"', b"t='e'", b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/", b"<!")
_PLACE = re.compile(rb"r=[\"'](?:([A-Z]{2,3})\d|(\d{1,9})[\"'])")
"""Columns beyond Z, and rows."""
_CARRY = 256


@dataclass(slots=True)
class Scan:
    """What was found beside the values; rows from 1, columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    """Cells that are not what a reader of values takes them for."""


def scan_sheet(
    archive: Archive, part: str, formats: dict[int, NumberFormat], *, uncalculated: bool
) -> Scan:
    """Look through one sheet.

    Raises:
        ImportFileError: The sheet is damaged, or its cells are too far apart.
    """
    styled = None
    if formats:
        styles = "|".join(map(str, sorted(formats)))
        styled = re.compile(rf"\bs=[\"'](?:{styles})[\"']".encode())
    telling, last_row, widest = False, 0, 26
    carry = b""
    for chunk in archive.chunks(part):
        text = carry + chunk
        telling = telling or any(mark in text for mark in _TELLING)
        telling = telling or bool(styled and styled.search(text))
        places = set(_PLACE.findall(text))
        last_row = max(last_row, *(int(row) for _, row in places if row), 0)
        widest = max(widest, *(_column(name) + 1 for name, _ in places if name), 0)
        carry = text[-_CARRY:]
    if not telling and last_row * widest <= LARGEST_TABLE:
        return Scan()
    parser = _SheetParser(formats, uncalculated=uncalculated)
    parser.read(archive, part)
    if parser.last_row * (parser.last_column + 1) > LARGEST_TABLE:
        raise ImportFileError(
            f"The sheet has cells as far out as row {parser.last_row} and column "
            f"{parser.last_column + 1}; that is too large a table. Delete the stray cells, or copy "
            "the rows to a new sheet."
        )
    return parser.found


def _column(letters: bytes) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + letter - 64
    return position - 1


class _SheetParser:
    """Parses one sheet, cell by cell."""

    def __init__(self, formats: dict[int, NumberFormat], *, uncalculated: bool) -> None:
        self.found = Scan()
        self.last_row = self.last_column = 0
        self._formats = formats
        self._uncalculated = uncalculated
        self._row = 0
        self._column = -1
        self._attributes: dict[str, str] = {}
        self._formula = False
        self._text: list[str] | None = None
        self._value = ""
        self._filled = False

    def read(self, archive: Archive, part: str) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            for chunk in archive.chunks(part):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise ImportFileError(f"The file is damaged: {part}: {error}.") from None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "c":
            self._attributes = attributes
            self._formula, self._value, self._filled = False, "", False
            place = attributes.get("r", "")
            letters = place.rstrip("0123456789")
            self._column = _column(letters.encode()) if letters else self._column + 1
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.found.hidden_rows.add(self._row)
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._text = []
        elif name == "is":
            self._filled = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", 0)), int(attributes.get("max", 0))
            self.found.hidden_columns.update(range(first - 1, min(last, 16384)))

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "v":
            self._value = "".join(self._text or ())
            self._filled = self._filled or bool(self._value)
            self._text = None
        elif name == "c":
            self._cell()

    def _cell(self) -> None:
        kind = self._attributes.get("t", "n")
        special: Cell = None
        if kind == "e":
            special = CellError(self._value or "#ERROR!")
        elif self._formula and kind == "n" and self._value in self._empty_results():
            special = _NEVER_CALCULATED
        elif kind == "n" and self._value and (style := self._attributes.get("s")):
            shows = self._formats.get(int(style))
            special = shows.shown(float(self._value)) if shows else None
        if self._filled or special is not None:
            self.last_row = max(self.last_row, self._row)
            self.last_column = max(self.last_column, self._column)
        if special is not None:
            self.found.cells[self._row, self._column] = special

    def _empty_results(self) -> tuple[str, ...]:
        """A file that waits to be calculated holds 0 where a result will be."""
        return ("", "0") if self._uncalculated else ("",)


def _refuse_doctype(*_: object) -> None:
    raise ValueError("it declares entities")
