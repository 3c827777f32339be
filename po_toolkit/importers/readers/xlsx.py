"""XLSX: values by calamine, and by an own pass what it does not see.

That is: hidden rows and columns, cells that hold an error, formulas that nobody calculated, numbers
whose format shows more than the number, rows that are struck through, and cells so far apart that a
dense table of them would take all memory. A sheet without any of these is only searched; one with
them is parsed.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import chain
from typing import Any, TypeVar
from xml.parsers import expat

from python_calamine import CalamineWorkbook

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, CellError, NumberFormat, is_empty, read_format
from po_toolkit.importers.readers.contract import Reader, Sheet, SheetRow, Workbook
from po_toolkit.importers.readers.limits import Archive, is_archive

T = TypeVar("T")


def open_xlsx(data: bytes) -> Workbook:
    """Open an Excel workbook.

    Raises:
        ImportFileError: It is damaged, or has no sheet of cells.
    """
    archive = Archive(data)
    parts = read_parts(archive)
    archive.prove()
    book = guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    names = [name for name in book.sheet_names if name in parts.sheets]
    if not names:
        raise ImportFileError("The file has no sheet with cells. Nothing was imported.")

    def load(name: str) -> Sheet:
        part = parts.sheets[name]
        scan = scan_sheet(archive, part, parts)
        sheet = guarded(lambda: book.get_sheet_by_name(name))
        return Sheet(
            name,
            _rows(guarded(lambda: sheet.to_python(skip_empty_area=False)), scan),
            frozenset(scan.hidden_rows),
            frozenset(scan.hidden_columns),
            tuple(
                (top + 1, left, bottom + 1, right)
                for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            ),
            frozenset(scan.struck_rows),
        )

    return Workbook("xlsx", names, load, hidden=parts.hidden)


def _rows(values: list[list[Any]], scan: Scan) -> list[SheetRow]:
    known: dict[str, str] = {}
    rows: dict[int, list[Cell]] = {
        number: [_cell(value, known) for value in row]
        for number, row in enumerate(values, 1)
        if any(value != "" for value in row)
    }
    for (number, column), cell in scan.cells.items():
        row = rows.setdefault(number, [])
        row += [""] * (column + 1 - len(row))
        row[column] = cell
    return [(n, rows[n]) for n in sorted(rows) if not all(map(is_empty, rows[n]))]


def _cell(value: Any, known: dict[str, str]) -> Cell:
    """Turn a value into a cell; equal texts share one object."""
    kind = type(value)
    cell: Cell = value
    if kind is str:
        cell = known.setdefault(value, value)
    elif kind is bool:
        cell = "TRUE" if value else "FALSE"
    elif kind is int:
        cell = float(value) if abs(value) < 2**53 else str(value)  # a float holds those exactly
    elif kind is datetime and value.time() == time():
        cell = value.date()
    return cell


def guarded(act: Callable[[], T]) -> T:
    """Let a reader of damaged files fail only in our own words.

    Raises:
        ImportFileError: It failed, also by a panic of compiled code, which is no ``Exception``.
    """
    try:
        return act()
    except (KeyboardInterrupt, SystemExit, MemoryError, ImportFileError):
        raise
    except BaseException as error:  # noqa: BLE001 a panic derives from nothing narrower
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ImportFileError(
            f"The file is damaged and cannot be read ({reason}). Save or download it again."
        ) from None


@dataclass(frozen=True, slots=True)
class XlsxParts:
    """What the sheets' own parts do not hold.

    Attributes:
        sheets: Sheet name → the archive's part that holds it.
        hidden: Names of hidden sheets.
        formats: Cell style → its number format, for formats that show more than the number.
        struck: Cell styles whose text is struck through.
        uncalculated: Whether the program that wrote the file left its formulas to be calculated.
    """

    sheets: dict[str, str]
    hidden: frozenset[str]
    formats: dict[int, NumberFormat]
    struck: frozenset[int]
    uncalculated: bool


_LARGEST_DIRECTORY = 8 * 1024 * 1024
"""Bytes of a part that describes the others; a workbook with 4,000 formats has about 1 million."""
_MOST_ENTRIES = 70_000
"""Excel's own limit of cell formats is 65,490."""
_PERCENTAGES = {"9": NumberFormat(percent=True), "10": NumberFormat(percent=True)}
"""Formats that every workbook has without naming them. Source: ECMA-376, 18.8.30."""


def read_parts(archive: Archive) -> XlsxParts:
    """Read the workbook's directory and styles.

    Raises:
        ImportFileError: They are damaged, or too large to be a spreadsheet's.
    """
    targets: dict[str, str] = {}
    if "xl/_rels/workbook.xml.rels" in archive.names:
        for _, tag, attributes in _elements(archive, "xl/_rels/workbook.xml.rels"):
            if tag == "Relationship":
                target = attributes.get("Target", "")
                rooted = target.startswith("/")
                path = target.lstrip("/") if rooted else posixpath.join("xl", target)
                targets[attributes.get("Id", "")] = posixpath.normpath(path)
    sheets, hidden, full = {}, set(), False
    for _, tag, attributes in _elements(archive, "xl/workbook.xml"):
        if tag == "calcPr":
            full = attributes.get("fullCalcOnLoad") in ("1", "true")
        elif tag == "sheet":
            name = attributes.get("name", "")
            found = (v for k, v in attributes.items() if k.rpartition(" ")[2] == "id")
            part = targets.get(next(found, ""), "")
            if part in archive.names and "worksheets" in part:
                sheets[name] = part
            if attributes.get("state", "visible") != "visible":
                hidden.add(name)
    formats, struck = _styles(archive)
    return XlsxParts(sheets, frozenset(hidden), formats, struck, full)


def _styles(archive: Archive) -> tuple[dict[int, NumberFormat], frozenset[int]]:
    """Return the telling number formats and the struck-through ones among the cell styles."""
    if "xl/styles.xml" not in archive.names:
        return {}, frozenset()
    telling = dict(_PERCENTAGES)
    formats: dict[int, NumberFormat] = {}
    struck: set[int] = set()
    struck_fonts: set[int] = set()
    font = style = -1
    for inside, tag, attributes in _elements(archive, "xl/styles.xml"):
        if tag == "numFmt":
            found = read_format(attributes.get("formatCode", ""))
            if found:
                telling[attributes.get("numFmtId", "")] = found
        elif tag == "font" and inside == "fonts":
            font += 1
        elif (
            tag == "strike"
            and inside == "font"
            and attributes.get("val", "1") not in ("0", "false")
        ):
            struck_fonts.add(font)
        elif tag == "xf" and inside == "cellXfs":
            style += 1
            if attributes.get("numFmtId") in telling:
                formats[style] = telling[attributes["numFmtId"]]
            if (
                attributes.get("fontId", "").isdecimal()
                and int(attributes["fontId"]) in struck_fonts
            ):
                struck.add(style)
    return formats, frozenset(struck)


def _elements(archive: Archive, name: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Return the elements of a small part as they begin: parent, name, attributes.

    Raises:
        ImportFileError: It is no XML, declares entities, or is too large.
    """
    found: list[tuple[str, str, dict[str, str]]] = []
    inside: list[str] = [""]

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        found.append((inside[-1], local, attributes))
        inside.append(local)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: inside.pop()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    entries = 0
    chunks = chain(archive.chunks(name, largest=_LARGEST_DIRECTORY), (b"",))
    for chunk in chunks:
        try:
            parser.Parse(chunk, not chunk)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise ImportFileError(f"The file is damaged: {name}: {error}.") from None
        entries += len(found)
        if entries > _MOST_ENTRIES * 4:
            raise ImportFileError(
                f"The file's part {name} has more entries than a spreadsheet has; it was not read."
            )
        yield from found
        found.clear()


LARGEST_TABLE = 6_000_000
"""Cells between the first and the last; 100,000 rows of 60 columns."""
_SMALL_TABLE = 400_000
_EMPTY_FOR_EACH = 60
"""Cells of a larger table for each cell that is written in the file: the rest are holes."""

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
    struck_rows: set[int] = field(default_factory=set)
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    """Cells that are not what a reader of values takes them for."""


def scan_sheet(archive: Archive, part: str, parts: XlsxParts) -> Scan:
    """Look through one sheet.

    Raises:
        ImportFileError: The sheet is damaged, or its cells are too far apart.
    """
    styled = None
    if parts.formats or parts.struck:
        styles = "|".join(map(str, sorted({*parts.formats, *parts.struck})))
        styled = re.compile(rf"\bs=[\"'](?:{styles})[\"']".encode())
    telling, last_row, widest, written = False, 0, 26, 0
    carry = b""
    for chunk in archive.chunks(part):
        text = carry + chunk
        telling = telling or any(mark in text for mark in _TELLING)
        telling = telling or bool(styled and styled.search(text))
        places = set(_PLACE.findall(text))
        last_row = max(last_row, *(int(row) for _, row in places if row), 0)
        widest = max(widest, *(_column(name) + 1 for name, _ in places if name), 0)
        written += chunk.count(b"<c ") + chunk.count(b":c ") + chunk.count(b"<c>")
        carry = text[-_CARRY:]
    if not telling and _table_fits(last_row * widest, written):
        return Scan()
    parser = _SheetParser(parts.formats, parts.struck, uncalculated=parts.uncalculated)
    parser.read(archive, part)
    if not _table_fits(parser.last_row * (parser.last_column + 1), parser.written):
        raise ImportFileError(
            f"The sheet has cells as far out as row {parser.last_row} and column "
            f"{parser.last_column + 1}; that is too large a table. Delete the stray cells, or copy "
            "the rows to a new sheet."
        )
    return parser.found


def _table_fits(cells: int, written: int) -> bool:
    """Tell whether a table of so many cells, holes and all, can be held in memory."""
    return cells <= min(LARGEST_TABLE, max(_SMALL_TABLE, _EMPTY_FOR_EACH * written))


def _column(letters: bytes) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + letter - 64
    return position - 1


class _SheetParser:
    """Parses one sheet, cell by cell."""

    def __init__(
        self, formats: dict[int, NumberFormat], struck: frozenset[int], *, uncalculated: bool
    ) -> None:
        self.found = Scan()
        self.written = 0
        self._struck = struck
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
            special = shows.shown(float(self._value)) if shows else None  # as Excel has it
        if self._filled:
            self.written += 1
            if int(self._attributes.get("s") or 0) in self._struck:
                self.found.struck_rows.add(self._row)
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


def _is_xlsx(data: bytes) -> bool:
    return is_archive(data) and "xl/workbook.xml" in Archive(data).names


READER = Reader("xlsx", "an Excel workbook (XLSX)", (".xlsx", ".xlsm"), _is_xlsx, open_xlsx)
