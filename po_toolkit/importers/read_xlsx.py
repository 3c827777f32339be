"""XLSX: values by calamine, what it does not see by a look of our own."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, time
from typing import Any, TypeVar

from python_calamine import CalamineWorkbook

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.archive import Archive
from po_toolkit.importers.cells import Cell, is_empty
from po_toolkit.importers.workbook import Sheet, SheetRow, Workbook
from po_toolkit.importers.xlsx_parts import read_parts
from po_toolkit.importers.xlsx_scan import Scan, scan_sheet

T = TypeVar("T")


def open_xlsx(data: bytes, archive: Archive) -> Workbook:
    """Open an Excel workbook.

    Raises:
        ImportFileError: It is damaged, or has no sheet of cells.
    """
    parts = read_parts(archive)
    archive.prove()
    book = guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    names = [name for name in book.sheet_names if name in parts.sheets]
    if not names:
        raise ImportFileError("The file has no sheet with cells. Nothing was imported.")

    def load(name: str) -> Sheet:
        part = parts.sheets[name]
        scan = scan_sheet(archive, part, parts.formats, uncalculated=parts.uncalculated)
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
    if kind is str:
        return known.setdefault(value, value)
    if kind is float:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if kind is int:
        return float(value) if abs(value) < 2**53 else str(value)
    if kind is datetime and value.time() == time():
        return value.date()  # type: ignore[no-any-return]
    return value  # type: ignore[no-any-return]


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
