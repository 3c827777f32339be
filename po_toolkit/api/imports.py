"""Spreadsheet → draft purchase orders, and what comes after. Nothing here calls Stripe."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from po_toolkit.api.import_report import ImportReport, rejected_rows_csv, rejected_rows_xlsx
from po_toolkit.api.import_save import Answers, Origin, take_table, without_collector
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import ImportFileError
from po_toolkit.importers import template as templates
from po_toolkit.importers.cells import is_empty
from po_toolkit.importers.columns import Column
from po_toolkit.importers.files import open_workbook, read_bytes
from po_toolkit.importers.headers import FIELDS
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.sheet_choice import choose_sheet
from po_toolkit.importers.table import Table, read_table, table_of
from po_toolkit.importers.workbook import SheetRow
from po_toolkit.store import import_batches

__all__ = [
    "FIELDS",
    "BatchSummary",
    "Column",
    "RejectedRow",
    "RejectedRows",
    "UndoReport",
    "import_batches_of",
    "import_purchase_orders",
    "mend_import",
    "proposed_columns",
    "rejected_rows",
    "template",
    "undo_import",
]

__all__ = [
    "BatchSummary",
    "ImportReport",
    "RejectedRow",
    "RejectedRows",
    "RowProblem",
    "UndoReport",
    "import_batches_of",
    "import_purchase_orders",
    "mend_import",
    "proposed_columns",
    "rejected_rows",
    "rejected_rows_csv",
    "rejected_rows_xlsx",
    "template",
    "undo_import",
]


def import_purchase_orders(
    opened: OpenConference,
    source: Path | bytes,
    *,
    file_name: str = "",
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    allow_duplicates: bool = False,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
    unknown: Literal["leave", "notes"] = "leave",
) -> ImportReport:
    """Take the purchase orders of a spreadsheet in as drafts.

    The good ones are kept and the bad ones named; one that is there already with the same content
    is counted as a duplicate and changes nothing.

    Args:
        opened: The conference.
        source: The file, or its content.
        file_name: What the file is called; by default the path's name.
        sheet: Which sheet; by default the only one with a recognizable header.
        mapping: Field → column name, where the proposal is wrong; an empty name leaves the field
            out, ``packages`` names several columns. It is remembered for files with this header.
        dry_run: Only say what would be done.
        allow_duplicates: Take also those that differ from one that is there under their number.
        decimal: The decimal mark of its amounts, where the file does not tell.
        dates: Which of day and month comes first, where the file does not tell.
        unknown: Whether columns that are no field are left out or kept in the notes.

    Raises:
        ImportChoiceError: The sheet, a column, the decimal mark or the order of dates must be
            chosen; nothing is written.
        ImportFileError: The file cannot be read or holds no purchase order; nothing is written.
        NotAllowedError: The actor may not import.
    """
    with without_collector():
        data = read_bytes(source)
        name = file_name or (source.name if isinstance(source, Path) else "")
        table = _table(opened, data, name, sheet, mapping)
        answers = Answers(mapping or {}, decimal, dates, unknown, allow_duplicates, dry_run)
        origin = Origin(name, hashlib.sha256(data).hexdigest())
        return take_table(opened, table, origin, answers)


def proposed_columns(
    opened: OpenConference,
    source: bytes,
    *,
    file_name: str = "",
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> list[Column]:
    """Say what each column would be taken for, also where a needed one was not found.

    Raises:
        ImportChoiceError: The sheet or a column must be chosen.
        ImportFileError: The file cannot be read, or has no row that could be its header.
    """
    return _table(opened, source, file_name, sheet, mapping).columns


def _table(
    opened: OpenConference,
    data: bytes,
    file_name: str,
    sheet: str | None,
    mapping: Mapping[str, str] | None,
) -> Table:
    book = open_workbook(data, file_name)
    with opened.store.reading() as session:
        saved = import_batches.remembered_mappings(session, opened.conference.id)
    table = read_table(choose_sheet(book, sheet, mapping, saved), chosen=mapping, saved=saved)
    table.notes[:0] = book.notes
    return table


def template(format: Literal["csv", "xlsx"]) -> bytes:  # noqa: A002 the option's own name
    """Return an empty import template."""
    return templates.template(format)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken: its line in the spreadsheet, its cells as they came, and why."""

    row: int
    cells: list[str]
    problems: list[RowProblem]


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The rows of a batch that wait to be mended, under the headers of their file."""

    batch: int
    file_name: str
    sheet: str
    headers: list[str]
    rows: list[RejectedRow]


def rejected_rows(opened: OpenConference, batch: int) -> RejectedRows:
    """Return the rows of a batch that wait to be mended.

    Raises:
        NotFoundError: There is no such batch.
    """
    with opened.store.reading() as session:
        found = import_batches.batch_by_id(session, opened.conference.id, batch)
        width = len(found.headers)
        return RejectedRows(
            found.id,
            found.file_name,
            found.sheet,
            list(found.headers),
            [
                RejectedRow(
                    row.row_number,
                    [*row.cells[:width], *[""] * (width - len(row.cells))],
                    [RowProblem(**problem) for problem in row.problems],
                )
                for row in import_batches.rejected_rows(session, found.id)
            ],
        )


def mend_import(
    opened: OpenConference,
    batch: int,
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    dry_run: bool = False,
    allow_duplicates: bool = False,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy"] | None = None,
) -> ImportReport:
    """Check edited rows of a batch again, without a new upload, and take the good ones in.

    They become a batch of their own that leads to the same file, sheet and rows; in the old one
    they count as mended.

    Args:
        opened: The conference.
        batch: The batch that rejected them.
        rows: The line of each row in the spreadsheet (0 for a row that was added), and its cells
            under the headers of :func:`rejected_rows`.
        dry_run: Only say what would be done.
        allow_duplicates: Take also those that differ from one that is there under their number.
        decimal: The decimal mark; by default the one that the file was read with.
        dates: The order of day and month; by default the one that the file was read with.

    Raises:
        NotFoundError: There is no such batch.
        ImportChoiceError: An edited value can be read in two ways.
        ImportFileError: There is no row; nothing is written.
        NotAllowedError: The actor may not import.
    """
    require(opened.actor, Act.IMPORT)
    with opened.store.reading() as session:
        found = import_batches.batch_by_id(session, opened.conference.id, batch)
        waiting = {row.row_number for row in import_batches.rejected_rows(session, batch)}
    strangers = sorted({number for number, _ in rows if number} - waiting)
    if strangers:
        raise ImportFileError(
            f"Row {strangers[0]} is not among the rejected rows of batch {batch}; it was taken or "
            "mended before. Load the rejected rows again."
        )
    added = max([number for number, _ in rows] + list(waiting), default=0)
    numbered: list[SheetRow] = []
    for number, cells in rows:
        if not number:
            added += 1
        if not all(map(is_empty, cells)):
            numbered.append((number or added, list(cells)))
    if not numbered:
        raise ImportFileError("There is no row to import.")
    read = found.reading
    table = table_of(
        found.sheet, int(read.get("header_row", 1)), found.headers, numbered, found.mapping
    )
    answers = Answers(
        decimal=decimal or read.get("decimal"),
        dates=dates or read.get("dates"),
        unknown=read.get("unknown", "leave"),
        allow_duplicates=allow_duplicates,
        dry_run=dry_run,
    )
    return take_table(opened, table, Origin(found.file_name, found.file_sha256, batch), answers)


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What was taken back."""

    batch: int
    purchase_orders: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"batch": self.batch, "purchase_orders": list(self.purchase_orders)}


def undo_import(opened: OpenConference, batch: int) -> UndoReport:
    """Take a batch back as a whole, while all its purchase orders are untouched drafts.

    Raises:
        NotFoundError: There is no such batch.
        PurchaseOrderError: One of its purchase orders is more than a draft, or it was taken back
            before; nothing changes.
        NotAllowedError: The actor may not.
    """
    with opened.store.writing(opened.actor, Act.UNDO_IMPORT) as uow:
        found = import_batches.batch_by_id(uow.session, opened.conference.id, batch)
        return UndoReport(batch, import_batches.undo_batch(uow, found))


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One import: what it took, what waits to be mended, and whether it can be taken back."""

    batch: int
    file_name: str
    sheet: str
    created_at: datetime
    entered_by: str
    accepted: int
    rejected: int
    duplicates: int
    waiting_rows: int
    undone_at: datetime | None
    can_be_undone: bool


def import_batches_of(opened: OpenConference) -> list[BatchSummary]:
    """Return the conference's imports, the latest first."""
    with opened.store.reading() as session:
        return [
            BatchSummary(
                batch=batch.id,
                file_name=batch.file_name,
                sheet=batch.sheet,
                created_at=batch.created_at,
                entered_by=batch.entered_by,
                accepted=batch.accepted,
                rejected=batch.rejected,
                duplicates=batch.duplicates,
                waiting_rows=waiting,
                undone_at=batch.undone_at,
                can_be_undone=batch.undone_at is None and 0 < batch.accepted == drafts,
            )
            for batch, waiting, drafts in import_batches.all_batches(session, opened.conference.id)
        ]
