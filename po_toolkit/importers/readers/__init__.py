"""Opens a spreadsheet by what it is; a name that says otherwise is an error."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import EXACT_DIGITS, Cell
from po_toolkit.importers.readers.contract import Reader, Sheet, SheetRow, Workbook
from po_toolkit.importers.readers.limits import Archive, is_archive

if TYPE_CHECKING:
    import pandas as pd

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a CSV file of 100,000 lines has about 12 million."""

GROUP = "po_toolkit.spreadsheet_readers"
"""The group of entry points by which others add a reader of their own."""

_OWN = ("xlsx", "ods", "xls", "text")
"""The modules with our own readers; text comes last, since every file might be text."""

_OTHER_FILES = (
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"SQLite format 3", "a database"),
)

_MARKUP = (
    (b"<html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<table", "a web page"),
    (b"<head", "a web page"),
    (b"<body", "a web page"),
    (b"<meta", "a web page"),
    (b"<style", "a web page"),
    (b"<div", "a web page"),
    (b"<!--", "a web page"),
    (b"<?xml", "an XML document"),
    (b"<workbook", "an XML document"),
    (b"mime-version:", "a web archive"),
)


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """Return the readers that are installed: those of others first, then our own."""
    from importlib.metadata import entry_points

    others = [found.load() for found in entry_points(group=GROUP)]
    return (*others, *(import_module(f"{__name__}.{name}").READER for name in _OWN))


def read_bytes(source: Path | bytes) -> bytes:
    """Return a file's content.

    Raises:
        ImportFileError: It cannot be read, is empty, or is too large.
    """
    if isinstance(source, bytes):
        data = source
        _refuse_large(len(data))
    else:
        try:
            _refuse_large(source.stat().st_size)
            data = source.read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ImportFileError(f"{source} cannot be read: {reason}.") from None
    if not data:
        raise ImportFileError("The file is empty. Nothing was imported.")
    return data


def _refuse_large(size: int) -> None:
    if size > LARGEST_FILE:
        raise ImportFileError(
            f"The file has {size / 1e6:,.0f} MB; at most {LARGEST_FILE / 1e6:,.0f} MB can be "
            "imported. Split it."
        )


def reader_of(data: bytes, file_name: str = "") -> Reader:
    """Return the reader of a file.

    Raises:
        ImportFileError: There is none, or the file is not the kind its name says.
    """
    _refuse_other_files(data)
    found = next((reader for reader in readers() if reader.matches(data)), None)
    if found is None:
        raise ImportFileError(_other_archive(data))
    ending = PurePath(file_name).suffix.lower()
    named = next((reader for reader in readers() if ending in reader.endings), found)
    if named is not found and ending not in found.endings:
        raise ImportFileError(
            f"The name {PurePath(file_name).name} says that the file is {named.called}, but it is "
            f"{found.called}. Give it the right ending, or save it again."
        )
    return found


def open_workbook(
    data: bytes, file_name: str = "", *, encoding: str | None = None, sheet: str | None = None
) -> Workbook:
    """Open a spreadsheet.

    A name's ending that says another kind of file is an error. Encoding and sheet are what a person
    has chosen.

    Raises:
        ImportFileError: It is no spreadsheet that can be read, or not the kind its name says.
        ImportQuestionsError: It is a text file whose encoding must be chosen.
    """
    reader = reader_of(data, file_name)
    if not reader.limited:
        from po_toolkit.importers.readers.text import open_text

        return open_text(data, encoding) if reader.kind == "csv" else reader.open(data)
    from po_toolkit.importers.readers.limits import open_limited

    return open_limited(reader, data, sheet)


def open_frame(frame: pd.DataFrame) -> Workbook:
    """Open a DataFrame as one sheet with its column names in row 1.

    An index with a name is a column too.

    Raises:
        ImportFileError: It has no rows.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    missing = frame.isna().to_numpy().tolist()
    rows: list[SheetRow] = [(1, [str(name) for name in frame.columns])]
    for at, values in enumerate(frame.itertuples(index=False, name=None)):
        cells = [None if gone else _cell(v) for v, gone in zip(values, missing[at], strict=True)]
        if any(cell is not None for cell in cells):
            rows.append((at + 2, cells))
    if len(rows) == 1:
        raise ImportFileError("The DataFrame has no rows. Nothing was imported.")
    return Workbook("frame", ["DataFrame"], lambda name: Sheet(name, rows))


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        plain = value.replace(tzinfo=None)
        return plain.date() if plain.time() == time() else plain
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Decimal):
        exact = len(value.as_tuple().digits) <= EXACT_DIGITS
        return float(value) if exact else f"{value:f}"  # a float shows that many digits exactly
    if isinstance(value, int):
        return float(value) if abs(value) < 10**EXACT_DIGITS else str(value)  # exact up to there
    return value if isinstance(value, str | float) else _other(value)


def _other(value: Any) -> Cell:
    plain = getattr(value, "item", None)  # numpy's scalars
    return _cell(plain()) if callable(plain) else value if hasattr(value, "year") else str(value)


def _other_archive(data: bytes) -> str:
    if not is_archive(data):
        return "The file is not a spreadsheet that can be read. Save it as .xlsx or .csv."
    names = Archive(data).names
    if "xl/workbook.bin" in names:
        return "The file is a binary Excel workbook (XLSB). Save it as .xlsx and import that."
    if any(name.endswith(".iwa") for name in names):
        return "The file is a Numbers document. Export it from Numbers to Excel or CSV."
    return "The file is an archive or another document, not a spreadsheet."


def _refuse_other_files(data: bytes) -> None:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((name for mark, name in _OTHER_FILES if data.startswith(mark)), None)
    kind = kind or next((name for mark, name in _MARKUP if start.startswith(mark)), None)
    if kind is None and start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[:512].decode("utf-16", "ignore").lstrip().lower().encode()
        kind = next((name for mark, name in _MARKUP if text.startswith(mark)), None)
    if data.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in data:
        raise ImportFileError("The file is protected with a password. Save a copy without one.")
    if kind:
        raise ImportFileError(
            f"The file is {kind}, not a spreadsheet. Open it in a spreadsheet program and save it "
            "as .xlsx or .csv."
        )
