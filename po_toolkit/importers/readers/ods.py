"""ODS, the format of LibreOffice, in one pass over its content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, CellError, ShownNumber, is_empty, sign_currencies
from po_toolkit.importers.readers.contract import Block, Reader, Sheet, Workbook
from po_toolkit.importers.readers.limits import Archive, is_archive

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"

_WIDEST = 1024
_MOST_ROWS = 1_048_576
_MOST_CELLS = 6_000_000
_MOST_REPEATED = 300_000
"""Cells that stand in the file only as the count of how often a row repeats."""
_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "Err:")


def open_ods(data: bytes) -> Workbook:
    """Open an OpenDocument spreadsheet.

    Raises:
        ImportFileError: It is encrypted or damaged.
    """
    archive = Archive(data)
    manifest = "META-INF/manifest.xml"
    if manifest in archive.names and b"encryption-data" in archive.read(manifest):
        raise ImportFileError("The file is protected with a password. Save a copy without one.")
    reader = _Reader()
    parser: Any = XMLPullParser(["start", "end"])
    try:
        for chunk in archive.chunks("content.xml"):
            _refuse_entities(chunk)
            parser.feed(chunk)
            reader.take(parser.read_events())
        parser.close()
    except ImportFileError:
        raise
    except (ParseError, LookupError, ValueError) as error:
        raise ImportFileError(f"The file is damaged: content.xml: {error}.") from None
    sheets = {sheet.name: sheet.finish() for sheet in reader.sheets}
    if not sheets:
        raise ImportFileError("The file has no sheet with cells. Nothing was imported.")
    hidden = frozenset(sheet.name for sheet in reader.sheets if sheet.hidden)
    return Workbook("ods", list(sheets), sheets.__getitem__, hidden=hidden)


def _refuse_entities(chunk: bytes) -> None:
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise ImportFileError("The file declares entities and was not read.")


@dataclass(slots=True)
class _SheetInProgress:
    name: str
    hidden: bool
    rows: dict[int, list[Cell]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Block] = field(default_factory=list)
    row: int = 1
    column: int = 0
    cells: int = 0
    repeated: int = 0
    struck_rows: set[int] = field(default_factory=set)

    def finish(self) -> Sheet:
        rows = [(n, row) for n, row in self.rows.items() if not all(map(is_empty, row))]
        return Sheet(
            self.name,
            rows,
            frozenset(self.hidden_rows),
            frozenset(self.hidden_columns),
            tuple(self.merged),
            frozenset(self.struck_rows),
        )


class _Reader:
    """Follows the elements of ``content.xml``."""

    def __init__(self) -> None:
        self.sheets: list[_SheetInProgress] = []
        self._hidden_styles: set[str] = set()
        self._struck_styles: set[str] = set()
        self._depth = 0
        self._in_row = False

    def take(self, events: Iterator[tuple[str, Element]]) -> None:
        for event, element in events:
            tag = element.tag
            if event == "start":
                if tag == f"{_TABLE}table":
                    self._depth += 1
                    if self._depth == 1:
                        style = element.get(f"{_TABLE}style-name", "")
                        name = element.get(f"{_TABLE}name", "")
                        self.sheets.append(_SheetInProgress(name, style in self._hidden_styles))
            elif tag == f"{_TABLE}table":
                self._depth -= 1
                element.clear()
            elif self._depth == 1:
                if tag == f"{_TABLE}table-row":
                    self._row(element)
                    element.clear()
                elif tag == f"{_TABLE}table-column":
                    self._columns(element)
            elif tag == f"{_STYLE}style":
                self._style(element)

    def _style(self, element: Element) -> None:
        for properties in element:
            if properties.get(f"{_TABLE}display") == "false":
                self._hidden_styles.add(element.get(f"{_STYLE}name", ""))
            if properties.get(f"{_STYLE}text-line-through-style", "none") != "none":
                self._struck_styles.add(element.get(f"{_STYLE}name", ""))

    def _columns(self, element: Element) -> None:
        sheet = self.sheets[-1]
        repeated = _count(element, "number-columns-repeated")
        if element.get(f"{_TABLE}visibility") in ("collapse", "filter"):
            end = min(sheet.column + repeated, _WIDEST)
            sheet.hidden_columns.update(range(sheet.column, end))
        sheet.column += repeated

    def _row(self, element: Element) -> None:
        sheet = self.sheets[-1]
        repeated = _count(element, "number-rows-repeated")
        cells = self._cells(element, sheet)
        numbers = range(sheet.row, sheet.row + repeated)
        sheet.row += repeated
        if element.get(f"{_TABLE}visibility") in ("collapse", "filter") and repeated <= _MOST_ROWS:
            sheet.hidden_rows.update(numbers)
        if all(map(is_empty, cells)):
            return
        sheet.cells += len(cells)
        sheet.repeated += len(cells) * (repeated - 1)
        if sheet.cells > _MOST_CELLS or sheet.repeated > _MOST_REPEATED:
            raise ImportFileError(
                f"Sheet {sheet.name!r} is too large a table: its rows repeat too often."
            )
        filled = [
            c for c in element if c.get(f"{_OFFICE}value-type") or c.find(f"{_TEXT}p") is not None
        ]
        if any(self._is_struck(cell) for cell in filled):
            sheet.struck_rows.update(numbers)
        for number in numbers:
            sheet.rows[number] = list(cells)

    def _is_struck(self, cell: Element) -> bool:
        spans = cell.findall(f"{_TEXT}p/{_TEXT}span")
        return cell.get(f"{_TABLE}style-name", "") in self._struck_styles or (
            bool(spans)
            and all(span.get(f"{_TEXT}style-name", "") in self._struck_styles for span in spans)
        )

    def _cells(self, row: Element, sheet: _SheetInProgress) -> list[Cell]:
        cells: list[Cell] = []
        for element in row:
            if not element.tag.endswith("table-cell"):
                continue
            value = _value(element)
            repeated = _count(element, "number-columns-repeated")
            if is_empty(value):
                repeated = min(repeated, max(0, _WIDEST - len(cells)))
            elif len(cells) + repeated > _WIDEST:
                raise ImportFileError(
                    f"Row {sheet.row} of sheet {sheet.name!r} has more than {_WIDEST} columns."
                )
            rows_spanned = _count(element, "number-rows-spanned")
            columns_spanned = _count(element, "number-columns-spanned")
            if rows_spanned > 1 or columns_spanned > 1:
                at = len(cells)
                sheet.merged.append(
                    (sheet.row, at, sheet.row + rows_spanned - 1, at + columns_spanned - 1)
                )
            cells += [value] * repeated
        return cells


def _count(element: Element, name: str) -> int:
    text = element.get(f"{_TABLE}{name}", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else 1


def _value(element: Element) -> Cell:
    kind = element.get(f"{_OFFICE}value-type", "")
    shown = _shown(element)
    formula = element.get(f"{_TABLE}formula") is not None
    value: Cell = shown
    if formula and shown.startswith(_ERRORS):
        value = CellError(shown.split()[0])
    elif kind in ("float", "currency", "percentage"):
        value = _number(element, kind, shown.strip())
    elif kind == "date":
        value = _date(element.get(f"{_OFFICE}date-value", ""))
    elif kind == "boolean":
        value = element.get(f"{_OFFICE}boolean-value", "").upper()
    elif formula and not kind and not shown:
        value = CellError("a formula that was never calculated")
    return value


def _number(element: Element, kind: str, shown: str) -> Cell:
    number = float(element.get(f"{_OFFICE}value", "nan"))  # as the program that wrote it has it
    if kind == "percentage":
        return ShownNumber.of(number, shown or f"{number * 100:.15g}%", sign="%")
    sign = element.get(f"{_OFFICE}currency", "") if kind == "currency" else ""
    beside = re.sub(r"[\d\s.,'()-]", "", shown)
    sign = sign or (beside if sign_currencies(beside) else "")
    if sign:
        return ShownNumber.of(number, f"{sign} {number:.15g}", sign=sign)
    zeros = len(shown) > 1 and shown[0] == "0" and shown.isdecimal()
    prefixed = bool(shown) and shown[0].isalpha() and shown[-1].isdecimal()
    return ShownNumber.of(number, shown) if kind == "float" and (zeros or prefixed) else number


def _date(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (
        moment
        if "T" in text and moment.time().isoformat() != "00:00:00"
        else date(moment.year, moment.month, moment.day)
    )


def _shown(element: Element) -> str:
    """Return the text of a cell: its paragraphs, with the spaces that XML writes as elements."""
    lines = [_paragraph(p) for p in element if p.tag == f"{_TEXT}p"]
    return "\n".join(lines)


def _paragraph(element: Element) -> str:
    text = element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            text += " " * _spaces(child)
        elif child.tag == f"{_TEXT}tab":
            text += "\t"
        elif child.tag == f"{_TEXT}line-break":
            text += "\n"
        elif not child.tag.startswith(_OFFICE):
            text += _paragraph(child)
        text += child.tail or ""
    return text


def _spaces(element: Element) -> int:
    text = element.get(f"{_TEXT}c", "1")
    return min(int(text), 1000) if text.isdecimal() else 1


def _is_ods(data: bytes) -> bool:
    if not is_archive(data):
        return False
    archive = Archive(data)
    return "mimetype" in archive.names and b"opendocument.spreadsheet" in archive.read("mimetype")


READER = Reader("ods", "an OpenDocument spreadsheet (ODS)", (".ods",), _is_ods, open_ods)
