"""What an import says of itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from po_toolkit.api.import_plan import Plan
from po_toolkit.importers.cells import text_of, written_amount, written_date
from po_toolkit.importers.columns import Column, is_reason
from po_toolkit.importers.orders import LeftColumn, SheetReading
from po_toolkit.importers.problems import RowProblem
from po_toolkit.importers.readers.contract import SheetRow
from po_toolkit.importers.rows import Order
from po_toolkit.importers.table import LeftOut, Table, with_answers
from po_toolkit.importers.writer import Rejected, rejected_csv, rejected_xlsx
from po_toolkit.money import to_major


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
        own_lines: Column name → ``+`` or ``-`` of the columns that are billed as a line beside
            the row's own.
        decimal: The decimal mark its amounts were read with, where one was needed.
        dates: The order of day and month its dates were read in, where one was needed.
        rejected_rows: Line and cells of each row of a rejected purchase order, as they came.
        left_rows: The rows that are no purchase order, with what they held.
        left_columns: The columns with values that are no part of the purchase orders.
        currency: The currency of rows that name none.
        currency_by: What says so: ``conference``, ``title``, ``header`` or ``chosen``.
        scale: What amounts were multiplied by.
        totals: The sum of the purchase orders taken, by currency, in major units.
        answers: The answers that the file was read by, for the file of rejected rows.
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
    own_lines: dict[str, str]
    decimal: Literal["point", "comma"] | None
    dates: Literal["dmy", "mdy", "ymd"] | None
    rejected_rows: list[SheetRow] = field(repr=False)
    left_rows: list[LeftOut] = field(default_factory=list)
    left_columns: list[LeftColumn] = field(default_factory=list)
    currency: str = ""
    currency_by: str = "conference"
    scale: int = 1
    totals: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def rejected_texts(self) -> list[tuple[int, list[str]]]:
        """Line and cells, as texts, of each row of a rejected purchase order."""
        return [(number, list(map(text_of, cells))) for number, cells in self.rejected_rows]

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
            "own_lines": dict(self.own_lines),
            "left_out_columns": [c.as_json() for c in self.left_columns],
            "left_out_rows": [r.as_json() for r in self.left_rows],
            "decimal": self.decimal,
            "dates": self.dates,
            "currency": self.currency,
            "currency_by": self.currency_by,
            "scale": self.scale,
            "totals": {code: text.replace(",", "") for code, text in self.totals.items()},
            "orders": [_order_json(order) for order in self.orders],
            "questions": [],
        }


def _order_json(order: Order) -> dict[str, Any]:
    return {
        "organization_name": order.organization_name,
        "contact_email": order.contact_email,
        "po_number": order.po_number,
        "currency": order.currency,
        "total": str(order.total_major),
        "due_date": order.due_date.isoformat() if order.due_date else None,
        "days_until_due": order.days_until_due,
        "rows": order.rows,
        "lines": [
            {
                "row": line.row,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": str(to_major(line.unit_price, order.currency)),
            }
            for line in order.lines
        ],
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
        packages=list(table.packages.values()),
        own_lines={table.headers[at]: sign for at, sign in table.own_lines.items()},
        decimal=reading.decimals,
        dates=reading.dates,
        rejected_rows=[row for row in table.rows if row[0] in bad] if bad else [],
        left_rows=table.left_out,
        left_columns=reading.left_columns,
        currency=reading.currency,
        currency_by=reading.currency_by,
        scale=reading.scale,
        totals=_totals(plan.orders),
        answers=_answers(table, reading, bad) if bad else {},
    )


def _totals(orders: list[Order]) -> dict[str, str]:
    sums: Counter[str] = Counter()
    for order in orders:
        sums[order.currency] += order.total
    return {code: f"{to_major(sums[code], code):,}" for code in sorted(sums)}


def _answers(table: Table, reading: SheetReading, bad: set[int]) -> dict[str, Any]:
    """Return what the rejected rows alone would leave open."""
    found: dict[str, Any] = {}
    if not table.canonical:
        given = table.answers()
        sure = {c.field for c in table.columns if c.field and c.reason in ("name", "address")}
        found = {key: name for key, name in given.items() if key not in sure}
    texts = [c for number, cells in table.rows if number in bad for c in cells if type(c) is str]
    if reading.decimals and any((w := written_amount(c)) and w.ambiguous for c in texts):
        found["@decimal"] = reading.decimals
    if reading.dates and any((d := written_date(c)) and d.ambiguous for c in texts):
        found["@dates"] = reading.dates
    if reading.currency_by in ("title", "chosen") or table.hints:
        found["@currency"] = reading.currency
    if reading.scale != 1:
        found["@scale"] = reading.scale
    return found


def rejected_rows_csv(report: ImportReport) -> bytes:
    """Return the rejected rows as they came, each with its reasons, as a CSV file.

    Corrected, the file can be imported alone: it carries the answers that were given.
    """
    return rejected_csv(_rejected(report))


def rejected_rows_xlsx(report: ImportReport) -> bytes:
    """Return the rejected rows as they came, each with its reasons, as an XLSX file."""
    return rejected_xlsx(_rejected(report))


def _rejected(report: ImportReport) -> Rejected:
    reasons: dict[int, list[str]] = {}
    for problem in report.problems:
        where = f"{problem.column}: " if problem.column else ""
        reasons.setdefault(problem.row, []).append(f"{where}{problem.message}")
    kept = [at for at, c in enumerate(report.columns) if not is_reason(c.header)]
    rows = report.rejected_rows
    if len(kept) < len(report.columns):
        rows = [(n, [cells[at] for at in kept if at < len(cells)]) for n, cells in rows]
    headers = [report.columns[at].header for at in kept]
    return Rejected(headers, rows, reasons, with_answers(report.answers), report.decimal)
