"""Spreadsheet → draft purchase orders, and what comes after. Nothing here calls Stripe."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from po_toolkit.api.import_report import ImportReport, rejected_rows_csv, rejected_rows_xlsx
from po_toolkit.api.import_save import Answers, Origin, take_table, without_collector
from po_toolkit.bootstrap import OpenConference
from po_toolkit.domain.records import AsJson, copied
from po_toolkit.domain.roles import Act, require
from po_toolkit.errors import ImportFileError
from po_toolkit.importers import writer
from po_toolkit.importers.cells import is_empty
from po_toolkit.importers.columns import (
    OWN_LINES,
    PACKAGES,
    Column,
    distinct_headers,
    fingerprint,
)
from po_toolkit.importers.fields import FIELDS
from po_toolkit.importers.orders import LeftColumn, SheetReading, read_orders
from po_toolkit.importers.problems import Choice, ImportQuestionsError, Question, RowProblem
from po_toolkit.importers.readers import open_frame, open_workbook, read_bytes
from po_toolkit.importers.readers.contract import SheetRow, Workbook
from po_toolkit.importers.readers.text import ENCODINGS
from po_toolkit.importers.table import Table, choose_sheet, find_header, read_table, table_of
from po_toolkit.money import normalize_currency
from po_toolkit.store import import_batches

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ENCODINGS",
    "FIELDS",
    "OWN_LINES",
    "PACKAGES",
    "BatchSummary",
    "Choice",
    "Column",
    "ImportQuestionsError",
    "ImportReport",
    "LeftColumn",
    "Question",
    "RejectedRow",
    "RejectedRows",
    "RowProblem",
    "UndoReport",
    "import_batches_of",
    "import_fixed_rows",
    "import_purchase_orders",
    "keep_corrections",
    "proposed_columns",
    "rejected_rows",
    "rejected_rows_csv",
    "rejected_rows_xlsx",
    "template",
    "undo_import",
]


def import_purchase_orders(
    opened: OpenConference,
    source: str | Path | bytes | IO[bytes] | pd.DataFrame,
    *,
    file_name: str = "",
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    allow_duplicates: bool = False,
    decimal: Literal["point", "comma"] | None = None,
    dates: Literal["dmy", "mdy", "ymd"] | None = None,
    currency: str | None = None,
    scale: int | None = None,
    encoding: str | None = None,
    unknown: Literal["leave", "notes"] = "leave",
    skip_rows: str | Iterable[int] = (),
    keep_rows: str | Iterable[int] = (),
    corrections: Mapping[int, Mapping[int, str]] | None = None,
) -> ImportReport:
    """Take the purchase orders of a spreadsheet in as drafts.

    The good ones are kept and the bad ones named; one that is there already with the same content
    is counted as a duplicate and changes nothing.

    Args:
        opened: The conference.
        source: The file's path, its content, an open binary file, or a DataFrame.
        file_name: What the file is called; by default the path's name.
        sheet: Which sheet; by default the only one with a recognizable header.
        mapping: Field → column name, where the proposal is wrong. An empty name leaves the field
            out; a column's name with an empty text leaves that column out; ``packages`` and
            ``ignore`` name several columns. It is remembered for files with this header.
        dry_run: Only report what would be done.
        allow_duplicates: Take also those that differ from one that is there under their number.
        decimal: The decimal mark of its amounts, where the file does not decide.
        dates: Which of day, month and year comes first, where the file does not decide.
        currency: The currency of rows that name none, where the file leaves it open.
        scale: What amounts are multiplied by, where the file may hold thousands.
        encoding: The encoding of a text file that is not UTF-8.
        unknown: Whether columns that are no field are left out or kept in the notes.
        skip_rows: Lines to leave out, as numbers or as a text such as ``3,7-9``.
        keep_rows: Lines to take for purchase orders although they look like something else.
        corrections: Line → position of a column → the text to read in place of the cell.

    Raises:
        ImportQuestionsError: Something that changes what is billed must be answered; nothing is
            written. Its ``questions`` hold the choices and what each would mean.
        ImportFileError: The file cannot be read or holds no purchase order; nothing is written.
        NotAllowedError: The actor may not import.
    """
    with without_collector():
        data, name, book = _opened_source(source, file_name)
        answers = Answers(
            mapping or {},
            decimal,
            dates,
            normalize_currency(currency) if currency else None,
            scale,
            encoding,
            unknown,
            rows_of(skip_rows),
            rows_of(keep_rows),
            allow_duplicates,
            dry_run,
        )
        file = _File(opened, data, name, sheet, answers, book=book)
        table, reading = file.read(answers, corrections)
        if reading.questions:
            raise ImportQuestionsError(file.with_money(reading.questions, len(table.rows)))
        origin = Origin(name, hashlib.sha256(data).hexdigest())
        return take_table(opened, table, reading, origin, answers)


def _opened_source(
    source: str | Path | bytes | IO[bytes] | pd.DataFrame, file_name: str
) -> tuple[bytes, str, Workbook | None]:
    """Return a source's content, its name, and the workbook where it is no file.

    Raises:
        ImportFileError: It cannot be read, or is nothing that could be imported.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        return read_bytes(path), file_name or path.name, None
    if isinstance(source, bytes | bytearray | memoryview):
        return read_bytes(bytes(source)), file_name, None
    if (pandas := sys.modules.get("pandas")) and isinstance(source, pandas.DataFrame):
        return source.to_csv().encode(), file_name or "DataFrame", open_frame(source)
    read = getattr(source, "read", None)
    content = read() if callable(read) else None
    if not isinstance(content, bytes):
        raise ImportFileError(
            f"A {type(source).__name__} cannot be imported. Pass a path, bytes, a file opened "
            f"with 'rb', or a DataFrame."
        )
    given = getattr(source, "name", "")
    return (
        read_bytes(content),
        file_name or (Path(given).name if isinstance(given, str) else ""),
        None,
    )


def rows_of(rows: str | Iterable[int]) -> frozenset[int]:
    """Return line numbers from a text such as ``3,7-9``.

    Raises:
        ImportFileError: It is no list of lines.
    """
    if not isinstance(rows, str):
        return frozenset(rows)
    found: set[int] = set()
    for part in filter(None, re.split(r"[,;\s]+", rows)):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or len(part) > 16:
            raise ImportFileError(f"{part!r} is not a row of the file; write rows like 3,7-9.")
        found.update(range(int(first), min(int(last or first), int(first) + 2_000_000) + 1))
    return frozenset(found)


_FEW_ENOUGH_TO_TRY = 3000
"""Rows up to which each answer is tried out, to show what it would mean in money."""


class _File:
    """A file that is read once, and interpreted by different answers."""

    def __init__(
        self,
        opened: OpenConference,
        data: bytes,
        name: str,
        sheet: str | None,
        answers: Answers,
        *,
        book: Workbook | None = None,
    ) -> None:
        self._opened = opened
        self._sheet = sheet
        self._answers = answers
        with opened.store.reading() as session:
            self._saved = import_batches.remembered_mappings(session, opened.conference.id)
        self._book = book or self._open(data, name)

    def _open(self, data: bytes, name: str) -> Workbook:
        encoding = self._answers.encoding
        try:
            return open_workbook(data, name, encoding=encoding, sheet=self._sheet)
        except ImportQuestionsError as asked:
            # An answer is remembered with the header, which most encodings write alike.
            for choice in asked.questions[0].choices:
                book = open_workbook(data, name, encoding=choice.answer["encoding"])
                rows = book.sheet(book.names[0])
                at = find_header(rows, None, self._saved)
                if at is None:
                    continue
                known = self._saved.get(fingerprint(distinct_headers(rows.rows[at][1])), {})
                if known.get("@encoding") == choice.answer["encoding"]:
                    return book
            raise

    def table(
        self,
        answers: Answers,
        corrections: Mapping[int, Mapping[int, str]] | None = None,
        sheet: str | None = None,
    ) -> Table:
        """Interpret the columns and rows."""
        mapping = answers.mapping
        chosen = choose_sheet(self._book, sheet or self._sheet, mapping, self._saved)
        if corrections:
            chosen = replace(chosen, rows=_corrected(chosen.rows, corrections))
        table = read_table(
            chosen,
            chosen=mapping,
            saved=self._saved,
            skip_rows=answers.skip_rows,
            keep_rows=answers.keep_rows,
        )
        table.notes[:0] = self._book.notes
        return table

    def read(
        self,
        answers: Answers,
        corrections: Mapping[int, Mapping[int, str]] | None = None,
        sheet: str | None = None,
    ) -> tuple[Table, SheetReading]:
        """Interpret the file by these answers."""
        try:
            table = self.table(answers, corrections, sheet)
            return table, read_orders(table, answers.options(self._opened))
        except ImportQuestionsError as asked:
            raise ImportQuestionsError(self.with_money(asked.questions, 0)) from None

    def with_money(self, questions: Sequence[Question], rows: int) -> list[Question]:
        """Add to each answer what it would mean in money, the other questions left as they are."""
        if rows > _FEW_ENOUGH_TO_TRY:
            return list(questions)
        return [
            replace(question, choices=[self._tried(choice) for choice in question.choices])
            for question in questions
        ]

    def _tried(self, choice: Choice) -> Choice:
        answer = dict(choice.answer)
        sheet = answer.pop("sheet", None)
        if "encoding" in answer:
            return choice
        if "mapping" in answer:
            answer["mapping"] = {**self._answers.mapping, **answer["mapping"]}
        for name in ("skip_rows", "keep_rows"):
            if name in answer:
                answer[name] = rows_of(answer[name]) | getattr(self._answers, name)
        try:
            answers = replace(self._answers, **answer)
            table = self.table(answers, sheet=sheet)
            reading = read_orders(table, answers.options(self._opened))
        except ImportFileError:
            return choice
        return replace(choice, totals=reading.totals, orders=len(reading.orders))


def _corrected(
    rows: Sequence[SheetRow], corrections: Mapping[int, Mapping[int, str]]
) -> list[SheetRow]:
    """Put corrected texts in the place of cells."""
    made: list[SheetRow] = []
    for number, cells in rows:
        changed = corrections.get(number, {})
        corrected = [*cells, *[""] * (max(changed, default=0) + 1 - len(cells))]
        for at, text in changed.items():
            corrected[at] = text
        made.append((number, corrected))
    return made


def proposed_columns(
    opened: OpenConference,
    source: bytes,
    *,
    file_name: str = "",
    sheet: str | None = None,
) -> list[Column]:
    """Return what each column would be taken for, also where a needed one was not found.

    Raises:
        ImportQuestionsError: The sheet or the encoding must be chosen.
        ImportFileError: The file cannot be read, or has no row that could be its header.
    """
    answers = Answers()
    return _File(opened, source, file_name, sheet, answers).table(answers).columns


def template(format: Literal["csv", "xlsx"]) -> bytes:  # noqa: A002 the option's own name
    """Return an empty import template."""
    return writer.template(format)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken: its line in the spreadsheet, its cells as they came, and why.

    ``corrected`` holds its cells as a person has changed them since, if they have.
    """

    row: int
    cells: list[str]
    problems: list[RowProblem]
    corrected: list[str] | None = None


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
        corrected = dict(found.reading.get("corrected") or {})
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
                    corrected.get(str(row.row_number)),
                )
                for row in import_batches.rejected_rows(session, found.id)
            ],
        )


def keep_corrections(
    opened: OpenConference, waiting: RejectedRows, rows: Sequence[tuple[int, Sequence[str]]]
) -> None:
    """Keep the corrections of rejected rows until they are imported; the rows stay as they came.

    Args:
        opened: The conference.
        waiting: The rejected rows as they were loaded.
        rows: The line of each row and its cells as they are now; rows that were added (line 0)
            are not kept.

    Raises:
        NotAllowedError: The actor may not import.
    """
    cells = {row.row: row.cells for row in waiting.rows}
    changed = {
        str(number): list(texts)
        for number, texts in rows
        if number in cells and list(texts) != cells[number]
    }
    kept = {str(row.row): row.corrected for row in waiting.rows if row.corrected}
    if changed == kept:
        return
    with opened.store.writing(opened.actor, Act.IMPORT) as uow:
        found = import_batches.batch_by_id(uow.session, opened.conference.id, waiting.batch)
        found.reading = {**found.reading, "corrected": changed}


def import_fixed_rows(
    opened: OpenConference,
    batch: int,
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    dry_run: bool = False,
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
            f"Row {strangers[0]} is not among the rejected rows of batch {batch}; it was "
            f"imported or corrected before. Load the rejected rows again."
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
        decimal=read.get("decimal"),
        dates=read.get("dates"),
        currency=read.get("currency"),
        scale=read.get("scale"),
        unknown=read.get("unknown", "leave"),
        dry_run=dry_run,
    )
    reading = read_orders(table, answers.options(opened))
    if reading.questions:
        raise ImportQuestionsError(reading.questions)
    origin = Origin(found.file_name, found.file_sha256, batch)
    return take_table(opened, table, reading, origin, answers)


@dataclass(frozen=True, slots=True)
class UndoReport(AsJson):
    """What was taken back."""

    batch: int
    purchase_orders: list[str]


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
            copied(
                BatchSummary,
                batch,
                batch=batch.id,
                waiting_rows=waiting,
                can_be_undone=batch.undone_at is None and 0 < batch.accepted == drafts,
            )
            for batch, waiting, drafts in import_batches.all_batches(session, opened.conference.id)
        ]
