"""A sheet as a table: its header found, its columns named, its totals rows left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.cells import Cell, is_empty, text_of
from po_toolkit.importers.columns import Column, assign, distinct_headers, fingerprint
from po_toolkit.importers.headers import field_of, fold, recognized
from po_toolkit.importers.synonyms import TOTAL_WORDS
from po_toolkit.importers.workbook import Sheet, SheetRow, Workbook

_HEADER_WITHIN = 50
"""A header stands in the first rows of its sheet."""


@dataclass(slots=True)
class Table:
    """The rows of one sheet under their header.

    Attributes:
        sheet: The sheet's name; ``""`` for a text file.
        header_row: The line of the header, as seen.
        headers: Every column's distinct name.
        columns: What each column was taken for.
        rows: Line number and cells of every data row.
        notes: What was assumed or left out.
    """

    sheet: str
    header_row: int
    headers: list[str]
    columns: list[Column]
    rows: list[SheetRow]
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """What a saved mapping for this header is remembered by."""
        return fingerprint(self.headers)

    @property
    def positions(self) -> dict[str, int]:
        """Field → column position."""
        return {c.field: c.position for c in self.columns if c.field}

    @property
    def mapping(self) -> dict[str, str]:
        """Field → column name."""
        return {c.field: c.header for c in self.columns if c.field}


def choose_sheet(workbook: Workbook, name: str | None, chosen: Mapping[str, str] | None) -> Sheet:
    """Return the sheet that was asked for, or the only one with a recognizable header.

    Raises:
        ImportChoiceError: Several sheets fit.
        ImportFileError: None does, or there is no sheet of that name.
    """
    if name is not None and (name or len(workbook.names) > 1):
        return workbook.sheet(name)
    if len(workbook.names) == 1:
        return workbook.sheet(workbook.names[0])
    fitting = [n for n in workbook.visible() if has_header(workbook.sheet(n), chosen)]
    if len(fitting) == 1:
        return workbook.sheet(fitting[0])
    if fitting:
        raise ImportChoiceError(
            f"Several sheets hold purchase orders: {', '.join(map(repr, fitting))}. Choose one.",
            question="sheet",
            choices=fitting,
        )
    raise ImportFileError(
        f"No sheet has a header with the columns of an import; the sheets are: "
        f"{', '.join(map(repr, workbook.names))}. {_NEEDED}"
    )


_NEEDED = (
    "Needed are an organization, a contact e-mail, and an amount or a unit price in one header row."
)


def has_header(sheet: Sheet, chosen: Mapping[str, str] | None = None) -> bool:
    """Tell whether a sheet has a row that names what an import needs."""
    return find_header(sheet, chosen) is not None


def find_header(sheet: Sheet, chosen: Mapping[str, str] | None = None) -> int | None:
    """Return the index in ``sheet.rows`` of the row that names most fields, or None."""
    wanted = {fold(name) for name in (chosen or {}).values() if name}
    best, best_score = None, 0
    for index, (_, cells) in enumerate(sheet.rows[:_HEADER_WITHIN]):
        names = {fold(c) for c in cells if isinstance(c, str)}
        score = recognized(cells) + 2 * len(wanted & names)
        if score > best_score and _names_enough(cells, wanted & names):
            best, best_score = index, score
    return best


def _names_enough(cells: Sequence[Cell], chosen: set[str]) -> bool:
    fields = {f[0] for c in cells if isinstance(c, str) and c.strip() and (f := field_of(c))}
    if chosen:
        return True
    return len(fields) >= 2 and bool(fields & {"organization_name", "contact_email"})


def read_table(
    sheet: Sheet,
    *,
    chosen: Mapping[str, str] | None = None,
    saved: Mapping[str, Mapping[str, str]] | None = None,
) -> Table:
    """Find the header of a sheet and name its columns.

    Args:
        sheet: The sheet as read.
        chosen: Field → column name, as a person said.
        saved: Fingerprint of a header → the mapping used with it before.

    Raises:
        ImportFileError: There is no header, or a needed column is missing.
    """
    if not sheet.rows:
        raise ImportFileError(f"{_sheet_name(sheet)} is empty. Nothing was imported.")
    index = find_header(sheet, chosen)
    if index is None:
        first = ", ".join(repr(text_of(c)) for c in sheet.rows[0][1] if not is_empty(c))
        raise ImportFileError(
            f"{_sheet_name(sheet)} has no header with the columns of an import; its first row "
            f"says: {first[:300]}. {_NEEDED}"
        )
    header_row, cells = sheet.rows[index]
    rows = sheet.rows[index + 1 :]
    width = max((len(row[1]) for row in rows), default=0)
    headers = distinct_headers(_trimmed(cells), max(len(_trimmed(cells)), 1))
    remembered = (saved or {}).get(fingerprint(headers))
    columns = assign(headers, rows, chosen=chosen, saved=remembered)
    table = Table(sheet.name, header_row, headers, columns, rows, list(sheet.notes))
    if width > len(headers):
        _note_width(table)
    _leave_out(table)
    if not table.rows:
        raise ImportFileError(
            f"{_sheet_name(sheet)} has a header in row {header_row}, but no purchase order under "
            "it. Nothing was imported."
        )
    return table


def _sheet_name(sheet: Sheet) -> str:
    return f"Sheet {sheet.name!r}" if sheet.name else "The file"


def _trimmed(cells: Sequence[Cell]) -> Sequence[Cell]:
    end = len(cells)
    while end and is_empty(cells[end - 1]):
        end -= 1
    return cells[:end]


def _note_width(table: Table) -> None:
    width = len(table.headers)
    wide = [
        n
        for n, cells in table.rows
        if len(cells) > width and any(not is_empty(c) for c in cells[width:])
    ]
    if wide:
        table.notes.append(f"Cells to the right of the header were left out in row {wide[0]}.")


def _leave_out(table: Table) -> None:
    """Leave totals rows and repeated headers out, and say so."""
    positions = table.positions
    spoken = [p for f, p in positions.items() if f not in ("amount", "unit_price", "quantity")]
    header = [fold(h) for h in table.headers]
    kept: list[SheetRow] = []
    for number, cells in table.rows:
        if _is_total(cells, positions.get("contact_email"), spoken):
            table.notes.append(f"Row {number} is a totals row and was left out.")
        elif [fold(text_of(c)) for c in _trimmed(cells)] == header:
            table.notes.append(f"Row {number} repeats the header and was left out.")
        else:
            kept.append((number, cells))
    table.rows = kept


def _is_total(cells: Sequence[Cell], email: int | None, spoken: Sequence[int]) -> bool:
    """A totals row says so in its first text, and writes to nobody."""
    if email is not None and email < len(cells) and not is_empty(cells[email]):
        return False
    words = [c for c in cells if isinstance(c, str) and not is_empty(c)]
    if not words or len(words[0]) > 40:
        return False
    first = fold(words[0])
    return first in TOTAL_WORDS or any(
        first.startswith(f"{w} ") and len(words) <= 2 and w in ("total", "grand total", "summe")
        for w in TOTAL_WORDS
    )
