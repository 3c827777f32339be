"""Opens a spreadsheet by what it is; a name that says otherwise is an error."""

from __future__ import annotations

from pathlib import Path, PurePath

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.archive import Archive
from po_toolkit.importers.read_ods import open_ods
from po_toolkit.importers.read_text import open_text
from po_toolkit.importers.read_xls import open_xls
from po_toolkit.importers.read_xlsx import open_xlsx
from po_toolkit.importers.workbook import Workbook

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a CSV file of 100,000 lines has about 12 million."""

_KIND_OF_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".ods": "ods",
}

_CALLED = {
    "csv": "a text file (CSV)",
    "xlsx": "an Excel workbook (XLSX)",
    "xls": "an Excel 97-2003 workbook (XLS)",
    "ods": "an OpenDocument spreadsheet (ODS)",
}

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
    (b"<meta", "a web page"),
    (b"<?xml", "an XML document"),
    (b"<workbook", "an XML document"),
)


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


def open_workbook(data: bytes, file_name: str = "") -> Workbook:
    """Open a spreadsheet.

    Raises:
        ImportFileError: It is no spreadsheet that can be read, or not the kind its name says.
    """
    said = _KIND_OF_NAME.get(PurePath(file_name).suffix.lower())
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive = Archive(data)
        kind = _kind_of_archive(archive)
        _agree(said, kind, file_name)
        return open_xlsx(data, archive) if kind == "xlsx" else open_ods(archive)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        book = open_xls(data)
        _agree(said, "xls", file_name)
        return book
    _refuse_other_files(data)
    _agree(said, "csv", file_name)
    return open_text(data)


def _agree(said: str | None, kind: str, file_name: str) -> None:
    if said is not None and said != kind:
        raise ImportFileError(
            f"The name {PurePath(file_name).name} says that the file is {_CALLED[said]}, but it is "
            f"{_CALLED[kind]}. Give it the right ending, or save it again."
        )


def _kind_of_archive(archive: Archive) -> str:
    if "xl/workbook.xml" in archive.names:
        return "xlsx"
    if "xl/workbook.bin" in archive.names:
        raise ImportFileError(
            "The file is a binary Excel workbook (XLSB). Save it as .xlsx and import that."
        )
    if "mimetype" in archive.names and b"opendocument.spreadsheet" in archive.read("mimetype"):
        return "ods"
    if any(name.endswith(".iwa") for name in archive.names):
        raise ImportFileError(
            "The file is a Numbers document. Export it from Numbers to Excel or CSV."
        )
    raise ImportFileError("The file is an archive or another document, not a spreadsheet.")


def _refuse_other_files(data: bytes) -> None:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    kind = next((name for mark, name in _OTHER_FILES if data.startswith(mark)), None)
    kind = kind or next((name for mark, name in _MARKUP if start.lower().startswith(mark)), None)
    if kind:
        raise ImportFileError(
            f"The file is {kind}, not a spreadsheet. Open it in a spreadsheet program and save it "
            "as .xlsx or .csv."
        )
