"""A sheet as a table: its header found, its columns named, its totals rows left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.cells import Cell, is_empty, text_of
from po_toolkit.importers.columns import Column, assign, distinct_headers, fingerprint
from po_toolkit.importers.headers import FIELDS, fold
from po_toolkit.importers.shapes import Packages, find_packages
from po_toolkit.importers.sheet_choice import NEEDED, find_header
from po_toolkit.importers.synonyms import TOTAL_WORDS
from po_toolkit.importers.workbook import Sheet, SheetRow, column_letter

PACKAGES = "packages"
"""The key of a mapping that names the package columns."""

_REPEATED = frozenset(
    [
        "organization_name",
        "contact_name",
        "contact_email",
        "billing_address",
        "po_number",
        "currency",
        "due_date",
        "days_until_due",
        "notes",
        "stripe_invoice_id",
    ]
)
"""Fields whose merged cells hold for each of their rows. A merged amount is one amount."""


@dataclass(slots=True)
class Table:
    """The rows of one sheet under their header.

    Attributes:
        sheet: The sheet's name; ``""`` for a text file.
        header_row: The line of the header, as seen.
        headers: Every column's distinct name.
        columns: What each column was taken for.
        rows: Line number and cells of every data row.
        packages: The package columns, where there are any.
        hidden_rows: Line numbers of data rows that are hidden in the sheet.
        notes: What was assumed or left out.
    """

    sheet: str
    header_row: int
    headers: list[str]
    columns: list[Column]
    rows: list[SheetRow]
    packages: Packages | None = None
    hidden_rows: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)

    @property
    def positions(self) -> dict[str, int]:
        """Field → column position."""
        return {c.field: c.position for c in self.columns if c.field}

    @property
    def mapping(self) -> dict[str, str]:
        """Field → column name."""
        return {c.field: c.header for c in self.columns if c.field}

    @property
    def unknown(self) -> list[Column]:
        """The columns that were taken for nothing."""
        packages = self.packages.columns if self.packages else {}
        return [c for c in self.columns if c.field is None and c.position not in packages]


def read_table(
    sheet: Sheet,
    *,
    chosen: Mapping[str, str] | None = None,
    saved: Mapping[str, Mapping[str, str]] | None = None,
) -> Table:
    """Find the header of a sheet and name its columns.

    Args:
        sheet: The sheet as read.
        chosen: Field → column name, as a person said; ``packages`` → the names of several.
        saved: Fingerprint of a header → the mapping used with it before.

    Raises:
        ImportChoiceError: Two columns fit one field of money.
        ImportFileError: There is no header, or no row under it.
    """
    if not sheet.rows:
        raise ImportFileError(f"{_called(sheet)} is empty. Nothing was imported.")
    index = find_header(sheet, chosen, saved or ())
    if index is None:
        first = ", ".join(repr(text_of(c)) for c in sheet.rows[0][1] if not is_empty(c))
        raise ImportFileError(
            f"{_called(sheet)} has no header with the columns of an import; its first row says: "
            f"{first[:300]}. {NEEDED}"
        )
    header_row, cells = sheet.rows[index]
    headers, rows = distinct_headers(cells), sheet.rows[index + 1 :]
    mapping = dict(chosen or (saved or {}).get(fingerprint(headers)) or {})
    named_packages = mapping.pop(PACKAGES, None)
    columns = assign(headers, rows, mapping=mapping, reason="chosen" if chosen else "saved")
    table = Table(sheet.name, header_row, headers, columns, rows)
    _fill_merged(table, sheet)
    _leave_out(table, cells[: len(headers)])
    if not table.rows:
        raise ImportFileError(
            f"{_called(sheet)} has a header in row {header_row}, but no purchase order under it. "
            "Nothing was imported."
        )
    table.packages = find_packages(columns, table.rows, named_packages)
    _note_what_is_not_seen(table, sheet)
    return table


def table_of(
    sheet: str,
    header_row: int,
    headers: Sequence[str],
    rows: list[SheetRow],
    mapping: Mapping[str, str],
) -> Table:
    """Make a table of rows that were read before, under their headers and their mapping."""
    fields = dict.fromkeys(FIELDS, "") | {k: v for k, v in mapping.items() if k != PACKAGES}
    columns = assign(headers, rows, mapping=fields, reason="saved")
    packages = find_packages(columns, rows, mapping[PACKAGES]) if PACKAGES in mapping else None
    return Table(sheet, header_row, list(headers), columns, rows, packages)


def _called(sheet: Sheet) -> str:
    return f"Sheet {sheet.name!r}" if sheet.name else "The file"


def _fill_merged(table: Table, sheet: Sheet) -> None:
    """Give each row of a merged range its value, where a value can be that of several rows."""
    fields = {c.position: c for c in table.columns if c.field in _REPEATED}
    by_row = dict(table.rows)
    filled: set[int] = set()
    for top, left, bottom, _right in sheet.merged:
        value = by_row.get(top, [])[left : left + 1]
        if left not in fields or top == bottom or not value or is_empty(value[0]):
            continue
        for number in range(top + 1, bottom + 1):
            cells = by_row.get(number)
            if cells is not None:
                cells += [""] * (left + 1 - len(cells))
                cells[left] = value[0]
                filled.add(left)
    for position in sorted(filled):
        table.notes.append(
            f"Merged cells in column {fields[position].header!r} were read as one value for each "
            "of their rows."
        )


def _leave_out(table: Table, header: Sequence[Cell]) -> None:
    """Leave totals rows and repeated headers out, and say so."""
    email = table.positions.get("contact_email")
    po_number = table.positions.get("po_number")
    kept: list[SheetRow] = []
    for row in table.rows:
        number, cells = row
        if _empty_at(cells, email) and _empty_at(cells, po_number) and _says_total(cells):
            table.notes.append(f"Row {number} is a totals row and was left out.")
        elif cells[: len(header)] == header:
            table.notes.append(f"Row {number} repeats the header and was left out.")
        else:
            kept.append(row)
    table.rows = kept


def _empty_at(cells: Sequence[Cell], position: int | None) -> bool:
    return position is None or position >= len(cells) or is_empty(cells[position])


_TOTAL_BEGINNINGS = ("total ", "grand total ", "subtotal ", "sum ", "summe ", "gesamt ", "totale ")


def _says_total(cells: Sequence[Cell]) -> bool:
    """Tell whether the first text of a row that writes to nobody is a word for a total."""
    words = [c for c in cells if isinstance(c, str) and not is_empty(c)]
    if not words or len(words[0]) > 40:
        return False
    first = fold(words[0])
    return first in TOTAL_WORDS or (len(words) <= 3 and first.startswith(_TOTAL_BEGINNINGS))


def _note_what_is_not_seen(table: Table, sheet: Sheet) -> None:
    width = len(table.headers)
    beyond = [n for n, cells in table.rows if any(not is_empty(c) for c in cells[width:])]
    if beyond:
        table.notes.append(
            f"Cells to the right of the last named column were left out in row {beyond[0]}"
            + (f" and {len(beyond) - 1} more." if len(beyond) > 1 else ".")
        )
    table.hidden_rows = frozenset(n for n, _ in table.rows if n in sheet.hidden_rows)
    hidden = [c for c in table.columns if c.position in sheet.hidden_columns]
    for column in hidden:
        used = f"was read as {column.field}" if column.field else "was left out"
        letter = column_letter(column.position)
        table.notes.append(f"Column {letter} ({column.header}) is hidden in the sheet; it {used}.")
