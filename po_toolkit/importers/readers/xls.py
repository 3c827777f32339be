"""XLS, the format of Excel up to 2003."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlrd
from xlrd.biffh import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER, XL_CELL_TEXT
from xlrd.biffh import error_text_from_code as ERROR_TEXTS  # noqa: N812 it is a constant

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, CellError, NumberFormat, is_empty, read_format
from po_toolkit.importers.readers.contract import Reader, Sheet, SheetRow, Workbook
from po_toolkit.importers.readers.xlsx import guarded


def open_xls(data: bytes) -> Workbook:
    """Open an old Excel workbook.

    Raises:
        ImportFileError: It is encrypted or damaged.
    """
    if _utf16(b"EncryptedPackage") in data or _utf16(b"EncryptionInfo") in data:
        raise ImportFileError("The file is protected with a password. Save a copy without one.")
    nowhere = io.StringIO()
    book = guarded(
        lambda: xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=nowhere)
    )
    formats = {
        index: found
        for index, style in enumerate(book.xf_list)
        if (known := book.format_map.get(style.format_key))
        and (found := read_format(known.format_str or ""))
    }

    def load(name: str) -> Sheet:
        return guarded(lambda: _sheet(book, book.sheet_by_name(name), formats))

    hidden = {s.name for s in book.sheets() if s.visibility}
    return Workbook("xls", book.sheet_names(), load, hidden=frozenset(hidden))


def _utf16(name: bytes) -> bytes:
    return name.decode().encode("utf-16-le")


def _sheet(book: Any, sheet: Any, formats: dict[int, NumberFormat]) -> Sheet:
    rows: list[SheetRow] = []
    struck_fonts = {at for at, font in enumerate(book.font_list) if font.struck_out}
    struck: set[int] = set()
    for index in range(sheet.nrows):
        row = [_cell(book, cell, formats) for cell in sheet.row(index)]
        if not all(map(is_empty, row)):
            rows.append((index + 1, row))
            filled = [cell for cell in sheet.row(index) if cell.value != ""]
            if any(book.xf_list[cell.xf_index].font_index in struck_fonts for cell in filled):
                struck.add(index + 1)
    return Sheet(
        sheet.name,
        rows,
        frozenset(index + 1 for index, info in sheet.rowinfo_map.items() if info.hidden),
        frozenset(index for index, info in sheet.colinfo_map.items() if info.hidden),
        tuple(
            (top + 1, left, bottom, right - 1) for top, bottom, left, right in sheet.merged_cells
        ),
        frozenset(struck),
    )


def _cell(book: Any, cell: Any, formats: dict[int, NumberFormat]) -> Cell:
    value = cell.value
    if cell.ctype == XL_CELL_TEXT:
        return str(value)
    if cell.ctype == XL_CELL_NUMBER:
        shows = formats.get(cell.xf_index)
        return (shows.shown(value) if shows else None) or float(value)  # the file's
    if cell.ctype == XL_CELL_DATE:
        return _date(book, value)
    if cell.ctype == XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if cell.ctype == XL_CELL_ERROR:
        return CellError(ERROR_TEXTS.get(value, "#ERROR!"))
    return ""


def _date(book: Any, value: float) -> Cell:
    try:
        moment: datetime = xlrd.xldate_as_datetime(value, book.datemode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return float(value)  # no date: the number that the file has
    if value < 1:
        return moment.time()
    return moment if value % 1 else moment.date()


def _is_xls(data: bytes) -> bool:
    return data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


READER = Reader("xls", "an Excel 97-2003 workbook (XLS)", (".xls",), _is_xls, open_xls)
