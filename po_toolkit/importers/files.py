"""Opens a spreadsheet by what it is, not by what its name says."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.read_text import open_text
from po_toolkit.importers.read_xlsx import open_xlsx
from po_toolkit.importers.workbook import Workbook

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; 100,000 lines are about 12 million."""


def read_bytes(source: Path | bytes) -> bytes:
    """Return a file's content.

    Raises:
        ImportFileError: It cannot be read, is empty, or is too large.
    """
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > LARGEST_FILE:
            raise ImportFileError(
                f"The file has {size / 1e6:,.0f} MB; {LARGEST_FILE / 1e6:,.0f} MB can be imported. "
                "Split it."
            )
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImportFileError(f"{source} cannot be read: {reason}.") from None
    if not data:
        raise ImportFileError("The file is empty. Nothing was imported.")
    return data


def open_workbook(data: bytes) -> Workbook:
    """Open a spreadsheet.

    Raises:
        ImportFileError: It is no spreadsheet that can be read; the message says what it is.
    """
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _open_zip(data)
    return open_text(data)


def _open_zip(data: bytes) -> Workbook:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ImportFileError(f"The file is damaged or cut short: {error}.") from None
    if "xl/workbook.xml" in names:
        return open_xlsx(data)
    raise ImportFileError("The file is a zip archive, not a spreadsheet.")
