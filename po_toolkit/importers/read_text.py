"""CSV and TSV in every encoding and dialect that spreadsheet programs write."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import chain, islice
from typing import cast

from charset_normalizer import from_bytes

from po_toolkit.domain.harmless import restore
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell
from po_toolkit.importers.headers import recognized
from po_toolkit.importers.workbook import Sheet, SheetRow, Workbook

DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 100
_END = "\ue000end of file\ue000"
_SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?(?:\r\n|\r|\n)", re.IGNORECASE)


def open_text(data: bytes) -> Workbook:
    """Open a text file as a workbook of one sheet without a name.

    Raises:
        ImportFileError: It is no text, or a quotation mark is never closed.
    """
    text, notes = decode(data)
    if not text.strip():
        raise ImportFileError("The file is empty. Nothing was imported.")
    hint = ""
    if found := _SEP_LINE.match(text):
        # Excel's own hint; it does not show this line, so it has no row number.
        hint, text = str(found[1]), text[found.end() :]
    delimiter = hint or find_delimiter(text)

    def load(name: str) -> Sheet:
        return Sheet(name, _rows(text, delimiter))

    return Workbook("csv", [""], load, notes=notes)


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text and what was assumed to read it.

    Raises:
        ImportFileError: The bytes are no text, or the last character is cut off.
    """
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return _decode_as(data, encoding), []
    if b"\x00" in data[:4096]:
        unmarked = _unmarked_utf16(data)
        if unmarked is None:
            raise ImportFileError(
                "The file is not a spreadsheet: it holds binary data. Save it as .xlsx or .csv."
            )
        return _decode_as(data, unmarked), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        if (
            error.end == len(data)
            and error.start >= len(data) - 3
            and not data[: error.start].isascii()
        ):
            raise ImportFileError(
                "The file is cut short in the middle of a character. Save or download it again."
            ) from None
    try:
        return data.decode("cp1252"), [
            "The file is not UTF-8; it was read as Windows-1252. Check names with accents."
        ]
    except UnicodeDecodeError:
        best = from_bytes(data).best()
        if best is None:
            raise ImportFileError(
                "The file's characters cannot be read in any known encoding. Save it as UTF-8."
            ) from None
        return str(best), [
            f"The file is not UTF-8; it was read as {best.encoding}. Check names with accents."
        ]


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ImportFileError(
            f"The file says that it is {encoding.removesuffix('-sig').upper()}, but it is damaged "
            "or cut short. Save or download it again."
        ) from None


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without its mark: mostly Latin text has a zero in every second byte."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * len(sample[1::2]) and even < 0.05 * len(sample):
        return "utf-16-le"
    if even > 0.4 * len(sample[0::2]) and odd < 0.05 * len(sample):
        return "utf-16-be"
    return None


def find_delimiter(text: str) -> str:
    """Choose the delimiter under which the first rows make the most sense."""

    def sense(delimiter: str) -> tuple[int, float, int]:
        reader = csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=delimiter)
        try:
            rows = [row for row in islice(reader, _SAMPLE_ROWS) if any(c.strip() for c in row)]
        except csv.Error:
            return 0, 0.0, 0
        if not rows:
            return 0, 0.0, 0
        fields = max(recognized(row) for row in rows[:30])
        width, count = Counter(map(len, rows)).most_common(1)[0]
        return fields, count / len(rows) if width > 1 else 0.0, width

    return max(DELIMITERS, key=sense)


def _rows(text: str, delimiter: str) -> list[SheetRow]:
    try:
        rows, several_lines = _parsed(text, delimiter, strict=True)
    except csv.Error as error:
        # A stray mark is harmless within its own line; if a row ran on, others were swallowed.
        rows, several_lines = _leniently(text, delimiter, error)
    if "'" in text:
        _restore(rows)
    if several_lines:
        _refuse_swallowed_rows(rows, delimiter)
    return rows


def _parsed(text: str, delimiter: str, *, strict: bool) -> tuple[list[SheetRow], int]:
    """Return the rows that are not empty, and the first that takes several lines (or 0)."""
    lines = chain(io.StringIO(text, newline=""), ("\r\n", _END))
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    rows: list[SheetRow] = []
    number = several = 0
    for number, row in enumerate(reader, 1):
        if row and ((row[0] and not row[0].isspace()) or any(c.strip() for c in row)):
            rows.append((number, cast(list[Cell], row)))
        if not several and reader.line_num > number:
            several = number
    if not rows or rows[-1][1] != [_END]:
        raise ImportFileError(
            f"A quotation mark that opens in row {number} is never closed. The file is cut short, "
            "or the mark does not belong there."
        )
    rows.pop()
    return rows, several


def _leniently(text: str, delimiter: str, error: csv.Error) -> tuple[list[SheetRow], int]:
    try:
        rows, several_lines = _parsed(text, delimiter, strict=False)
    except csv.Error:
        raise ImportFileError(f"The file cannot be read: {error}.") from None
    if several_lines:
        raise ImportFileError(
            f"A quotation mark in or after row {several_lines} is not closed, or is not doubled "
            "inside a cell; it swallows what follows. Mend it and import the file again."
        )
    return rows, several_lines


def _restore(rows: list[SheetRow]) -> None:
    """Take off the apostrophes that our own export put before text that looks like a formula."""
    for _, cells in rows:
        for at, cell in enumerate(cells):
            if isinstance(cell, str) and cell.startswith("'"):
                cells[at] = restore(cell)


def _refuse_swallowed_rows(rows: list[SheetRow], delimiter: str) -> None:
    """A stray quotation mark joins rows into one cell; their orders must not vanish in it."""
    for number, cells in rows:
        for cell in cells:
            text = str(cell)
            width = max(len(cells), 4)
            if any(line.count(delimiter) >= width // 2 for line in text.splitlines()[1:]):
                raise ImportFileError(
                    f"A quotation mark in row {number} swallows the rows after it. Close it or "
                    "take it out."
                )
