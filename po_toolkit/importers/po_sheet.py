"""A table of rows → purchase orders, and a problem for each mistake.

Rows that share organization and PO number are the lines of one purchase order; rows without a PO
number never group. One bad row rejects its whole purchase order and never its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from po_toolkit.domain.tax import TaxRules
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.amounts import Decimals
from po_toolkit.importers.assemble import Assembler
from po_toolkit.importers.dates import DayOrder
from po_toolkit.importers.findings import Findings
from po_toolkit.importers.grouping import group_rows
from po_toolkit.importers.habits import dates_of, decimals_of
from po_toolkit.importers.headers import REQUIRED, currency_of
from po_toolkit.importers.orders import SheetReading
from po_toolkit.importers.pricing import Pricer
from po_toolkit.importers.problems import RowProblem, in_order
from po_toolkit.importers.row_schema import Reading
from po_toolkit.importers.rows import read_rows
from po_toolkit.importers.shapes import shape_of
from po_toolkit.importers.table import Table

_MONEY = ("unit_price", "amount", "po_amount")

Unknown = Literal["leave", "notes"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a person or the conference says about a sheet.

    Attributes:
        currency: The conference's, for rows that name none.
        max_lines: How many lines a Stripe invoice can hold.
        decimal: The decimal mark, where the file does not tell.
        dates: The order of day and month, where the file does not tell.
        unknown: Whether columns that are no field are left out or kept in the notes.
        tax: The conference's tax rates and rules.
    """

    currency: str
    max_lines: int = 250
    decimal: Decimals | None = None
    dates: DayOrder | None = None
    unknown: Unknown = "leave"
    tax: TaxRules = field(default_factory=TaxRules)


def read_orders(table: Table, options: Options) -> SheetReading:
    """Read every purchase order of a table.

    Raises:
        ImportFileError: A needed column is missing.
        ImportChoiceError: The decimal mark or the order of day and month cannot be told.
    """
    packages = table.packages.columns if table.packages else {}
    _require_columns(table)
    columns = dict(table.positions)
    untaxed = _untaxed(table, columns, options)
    columns |= {f"package:{at}": at for at in packages}
    unknown = {f"unknown:{c.position}": c for c in table.unknown if options.unknown == "notes"}
    columns |= {key: column.position for key, column in unknown.items()}
    names = {key: table.headers[at] for key, at in columns.items()}
    money = {k: at for k, at in columns.items() if k in _MONEY or k.startswith("package:")}
    header_currencies = {k: c for k, at in money.items() if (c := currency_of(table.headers[at]))}
    reading = Reading(
        decimals=options.decimal or decimals_of(table, money, header_currencies, options.currency),
        dates=options.dates or dates_of(table),
        currency=options.currency,
        tax=options.tax,
    )
    rows = read_rows(table.rows, columns, reading)
    findings = Findings(rows, names)
    package_names = {key: names[key] for key in columns if key.startswith("package:")}
    assembler = Assembler(
        rows,
        findings,
        Pricer(rows, findings, package_names, header_currencies),
        currency=options.currency,
        header_currencies=header_currencies,
        unknown={key: column.header for key, column in unknown.items()},
        max_lines=options.max_lines,
        tax=options.tax,
    )
    result = SheetReading(
        notes=[*table.notes, *untaxed], decimals=reading.decimals, dates=reading.dates
    )
    groups = group_rows(rows)
    for group in groups:
        order = assembler.order(group)
        if order is None:
            result.rejected.append([rows.numbers[row] for row in group])
        else:
            result.orders.append(order)
    result.shape = shape_of(table.packages, [len(group) for group in groups])
    result.errors = in_order(findings.errors)
    result.warnings = in_order([*findings.warnings, *_hidden(table)])
    return result


def _untaxed(table: Table, columns: dict[str, int], options: Options) -> list[str]:
    """Leave the column of tax rates out where the conference has none, and say so."""
    if options.tax.active or "tax_rate" not in columns:
        return []
    header = table.headers[columns.pop("tax_rate")]
    note = f"The conference has no tax rates in its settings; column {header!r} was left out."
    return [f"{note} No tax is added."]


def _require_columns(table: Table) -> None:
    positions = table.positions
    missing = [name for name in REQUIRED if name not in positions]
    if "amount" not in positions and "unit_price" not in positions and not table.packages:
        missing.append("amount or unit_price")
    if missing:
        raise ImportFileError(
            f"The header in row {table.header_row} has no column for {', '.join(missing)}. Its "
            f"columns are: {', '.join(map(repr, table.headers))}. Say which column is which, or "
            "add what is missing."
        )


def _hidden(table: Table) -> list[RowProblem]:
    return [
        RowProblem(
            row=number,
            column="",
            code="hidden_row",
            value="",
            message=f"Row {number}: the row is hidden in the spreadsheet; it was read as well.",
        )
        for number in sorted(table.hidden_rows)
    ]
