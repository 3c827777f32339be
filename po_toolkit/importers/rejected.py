"""The rows that were not taken, to be mended and imported alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

import xlsxwriter

from po_toolkit.domain.harmless import harmless
from po_toolkit.importers.amounts import written_amount
from po_toolkit.importers.cells import Cell, text_of
from po_toolkit.importers.headers import REASON
from po_toolkit.importers.workbook import SheetRow

Reasons = Mapping[int, Sequence[str]]
"""Line number → why its purchase order was rejected."""


def rejected_csv(headers: Sequence[str], rows: Sequence[SheetRow], reasons: Reasons) -> bytes:
    """Write rows as they came, with a column of reasons; UTF-8 with its mark, so Excel reads it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*headers, REASON])
    for texts in _texts(headers, rows, reasons):
        writer.writerow(t if written_amount(t) else harmless(t) for t in texts)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def rejected_xlsx(headers: Sequence[str], rows: Sequence[SheetRow], reasons: Reasons) -> bytes:
    """Write rows as they came, with a column of reasons.

    Every cell is text, so that a PO number keeps its zeros and nothing is run as a formula.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Rejected rows")
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet.set_column(0, len(headers), 18, text)
        for column, header in enumerate([*headers, REASON]):
            sheet.write_string(0, column, header, bold)
        for row, texts in enumerate(_texts(headers, rows, reasons), 1):
            for column, value in enumerate(texts):
                if value:
                    sheet.write_string(row, column, value, text)
        sheet.freeze_panes(1, 0)
    return out.getvalue()


def _texts(
    headers: Sequence[str], rows: Iterable[SheetRow], reasons: Reasons
) -> Iterator[list[str]]:
    width = len(headers)
    for number, cells in rows:
        kept: Sequence[Cell] = cells[:width]
        padding = [""] * (width - len(kept))
        yield [*map(text_of, kept), *padding, " ".join(reasons.get(number, ()))]
