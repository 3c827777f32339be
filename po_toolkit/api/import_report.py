"""What an import says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from po_toolkit.api.import_plan import Plan
from po_toolkit.importers.columns import Column
from po_toolkit.importers.orders import Order, SheetReading
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.rejected import rejected_csv, rejected_xlsx
from po_toolkit.importers.table import Table
from po_toolkit.importers.workbook import SheetRow


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took (or would take), and why it did not take the rest.

    ``accepted``, ``rejected`` and ``duplicates`` count purchase orders.

    Attributes:
        batch: The batch's id; None for a dry run.
        references: Our reference of each purchase order taken; empty for a dry run.
        problems: Why purchase orders were rejected, by row.
        warnings: What is worth a look and rejected nothing.
        notes: What was assumed or left out.
        orders: The purchase orders taken, as the sheet says them.
        sheet: The sheet that was read; ``""`` for a text file.
        header_row: The line of the header, as seen.
        shape: What one row of the sheet is, in words.
        columns: What each column was taken for, and why.
        packages: The names of the package columns, where there are any.
        decimal: The decimal mark its amounts were read with, where one was needed.
        dates: The order of day and month its dates were read in, where one was needed.
        rejected_rows: Line and cells of each row of a rejected purchase order, as they came.
    """

    batch: int | None
    accepted: int
    rejected: int
    duplicates: int
    references: list[str]
    problems: list[RowProblem]
    warnings: list[RowProblem]
    notes: list[str]
    orders: list[Order]
    sheet: str
    header_row: int
    shape: str
    columns: list[Column]
    packages: list[str]
    decimal: Literal["point", "comma"] | None
    dates: Literal["dmy", "mdy"] | None
    rejected_rows: list[SheetRow] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command prints it."""
        return {
            "batch": self.batch,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "purchase_orders": list(self.references),
            "errors": [p.as_json() for p in self.problems],
            "warnings": [p.as_json() for p in self.warnings],
            "notes": list(self.notes),
            "sheet": self.sheet,
            "header_row": self.header_row,
            "shape": self.shape,
            "columns": [c.as_json() for c in self.columns],
            "packages": list(self.packages),
        }


def report_of(
    plan: Plan, table: Table, reading: SheetReading, batch: int | None, references: list[str]
) -> ImportReport:
    """Put the report of an import together."""
    bad = {number for rows in plan.rejected for number in rows}
    return ImportReport(
        batch=batch,
        accepted=len(plan.orders),
        rejected=len(plan.rejected),
        duplicates=len(plan.duplicates),
        references=references,
        problems=plan.errors,
        warnings=plan.warnings,
        notes=plan.notes,
        orders=plan.orders,
        sheet=table.sheet,
        header_row=table.header_row,
        shape=reading.shape.value,
        columns=table.columns,
        packages=list(table.packages.columns.values()) if table.packages else [],
        decimal=reading.decimals,
        dates=reading.dates,
        rejected_rows=[row for row in table.rows if row[0] in bad] if bad else [],
    )


def rejected_rows_csv(report: ImportReport) -> bytes:
    """Return the rejected rows as they came, each with its reasons, as a CSV file.

    Mended, the file can be imported alone.
    """
    return rejected_csv(*_rejected(report))


def rejected_rows_xlsx(report: ImportReport) -> bytes:
    """Return the rejected rows as they came, each with its reasons, as an XLSX file."""
    return rejected_xlsx(*_rejected(report))


def _rejected(report: ImportReport) -> tuple[list[str], list[SheetRow], dict[int, list[str]]]:
    reasons: dict[int, list[str]] = {}
    for problem in report.problems:
        where = f"{problem.column}: " if problem.column else ""
        reasons.setdefault(problem.row, []).append(f"{where}{problem.message}")
    return [c.header for c in report.columns], report.rejected_rows, reasons
