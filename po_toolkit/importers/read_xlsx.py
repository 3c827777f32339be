"""XLSX: values by calamine."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeVar

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import is_empty
from po_toolkit.importers.workbook import Sheet, Workbook

T = TypeVar("T")


def open_xlsx(data: bytes) -> Workbook:
    """Open an Excel workbook.

    Raises:
        ImportFileError: It is damaged or encrypted.
    """
    book = _guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    hidden = {m.name for m in book.sheets_metadata if m.visible != SheetVisibleEnum.Visible}

    def load(name: str) -> Sheet:
        sheet = _guarded(lambda: book.get_sheet_by_name(name))
        rows = enumerate(sheet.to_python(skip_empty_area=False), 1)
        return Sheet(name, [(n, row) for n, row in rows if not all(map(is_empty, row))])

    return Workbook("xlsx", book.sheet_names, load, hidden=frozenset(hidden))


def _guarded(act: Callable[[], T]) -> T:
    try:
        return act()
    except PasswordError:
        raise ImportFileError(
            "The file is protected with a password. Save a copy without one."
        ) from None
    except CalamineError as error:
        raise ImportFileError(f"The file is damaged and cannot be read: {error}.") from None
