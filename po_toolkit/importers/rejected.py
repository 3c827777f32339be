"""The rows that were not taken, to be mended and imported alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from po_toolkit.domain.harmless import harmless
from po_toolkit.importers.amounts import written_amount
from po_toolkit.importers.cells import text_of
from po_toolkit.importers.workbook import SheetRow

REASON = "po_toolkit_reason"
"""The header of the column that says why; an import leaves it out."""


def rejected_csv(
    headers: Sequence[str], rows: Sequence[SheetRow], reasons: Mapping[int, Sequence[str]]
) -> bytes:
    """Write rows as they came, with a column of reasons; UTF-8 with its mark, so Excel reads it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*headers, REASON])
    for number, cells in rows:
        texts = [text_of(cell) for cell in cells[: len(headers)]]
        texts += [""] * (len(headers) - len(texts))
        reason = " ".join(reasons.get(number, ()))
        writer.writerow([*(t if written_amount(t) else harmless(t) for t in texts), reason])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
