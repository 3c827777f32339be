"""Opens a bank statement by what it is, not by what its name says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.bank.csv_columns import Saved
from po_toolkit.importers.bank.model import BankFile
from po_toolkit.importers.bank.read_camt import read_camt
from po_toolkit.importers.bank.read_csv import read_csv
from po_toolkit.importers.bank.read_mt940 import read_mt940
from po_toolkit.importers.bank.read_ofx import read_ofx
from po_toolkit.importers.readers import open_workbook, read_bytes
from po_toolkit.importers.readers.text import decode

_MT940 = re.compile(r"^(?:\{4:\s*)?:(?:20|25|28C?|60[FM]|61):", re.MULTILINE)


def read_bank_file(
    source: Path | bytes,
    *,
    currency: str,
    mapping: Mapping[str, str] | None = None,
    saved: Saved | None = None,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
) -> BankFile:
    """Read the statements of a file.

    Args:
        source: The file, or its content.
        currency: Taken where the file names none.
        mapping: For a spreadsheet: field → column name, where the proposal is wrong.
        saved: For a spreadsheet: returns the mapping used before with a header's fingerprint.
        decimal: The decimal mark of a spreadsheet's amounts, where the file does not tell.
        dates: Which of day and month comes first, where the file does not tell.

    Raises:
        ImportFileError: It is no bank statement that can be read.
        ImportChoiceError: Something in it must be chosen.
    """
    data = read_bytes(source)

    def read_sheet(content: bytes) -> BankFile:
        book = open_workbook(content)
        return read_csv(
            book, currency=currency, mapping=mapping, saved=saved, decimal=decimal, dates=dates
        )

    if data.startswith(b"PK"):
        return read_sheet(data)
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"<OFX" in data[:65536].upper() or head.upper().startswith(b"OFXHEADER"):
        return read_ofx(decode(data)[0], currency=currency)
    if head.startswith((b"<?xml", b"<Document")) or b"camt.05" in data[:4096]:
        return read_camt(data)
    if data.startswith(b"%PDF"):
        raise ImportFileError("The file is a PDF; ask the bank for CAMT.053, MT940, OFX or CSV.")
    text, notes = decode(data)
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return read_camt(data)
    if _MT940.search(text[:65536]):
        file = read_mt940(text)
        file.notes[:0] = notes
        return file
    return read_sheet(data)
