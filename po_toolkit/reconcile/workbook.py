"""The workbook: a sheet for each table, typed cells, and totals as formulas that agree."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from po_toolkit.domain.harmless import harmless
from po_toolkit.domain.wording import written_day
from po_toolkit.money import exponent, to_major
from po_toolkit.reconcile.reconciliation import Reconciliation
from po_toolkit.reconcile.schema import Kind, Table
from po_toolkit.reconcile.summaries import SUMS
from po_toolkit.reconcile.tables import (
    AGEING,
    DISCREPANCIES,
    ENTRIES,
    INVOICES,
    MONTHS,
    PURCHASE_ORDERS,
    SUMMARY,
    TAX,
)

_WIDTHS = {Kind.TEXT: 22, Kind.ID: 26, Kind.DATE: 12, Kind.CODES: 30, Kind.FLAG: 8}


def workbook(reconciliation: Reconciliation) -> bytes:
    """Return the whole reconciliation as an XLSX file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": reconciliation.made_at.replace(tzinfo=None)})
        sheets = Sheets(book)
        totals = book.add_worksheet("Totals")
        for table, frame in (
            (PURCHASE_ORDERS, reconciliation.rows),
            (SUMMARY, reconciliation.summary),
            (AGEING, reconciliation.ageing),
            (MONTHS, reconciliation.months),
            (DISCREPANCIES, reconciliation.discrepancies),
            (INVOICES, reconciliation.invoices),
            (ENTRIES, reconciliation.entries),
            *([(TAX, reconciliation.tax)] if len(reconciliation.tax) else []),
        ):
            sheets.add(table, frame)
        sheets.totals(totals, reconciliation)
    return out.getvalue()


class Sheets:
    """Writes tables into one workbook, sharing its cell formats."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True})
        self.date = book.add_format({"num_format": "yyyy-mm-dd"})
        self.amounts = {
            digits: book.add_format({"num_format": f"#,##0{'.' if digits else ''}{'0' * digits}"})
            for digits in (0, 2, 3)
        }

    def add(self, table: Table, frame: pd.DataFrame) -> None:
        """Write one table on a sheet of its own, with a frozen header and a filter."""
        sheet = self.book.add_worksheet(table.title)
        sheet.freeze_panes(1, 1)
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, column.name, self.head)
            sheet.set_column(at, at, _WIDTHS.get(column.kind, 14))
        for at, column in enumerate(table.columns):
            currencies = frame[column.currency].tolist()
            for row, value in enumerate(frame[column.name].tolist(), start=1):
                self._cell(sheet, (row, at), value, column.kind, currencies[row - 1])
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(table.columns) - 1)

    def _cell(
        self, sheet: Any, place: tuple[int, int], value: Any, kind: Kind, currency: str
    ) -> None:
        if kind is Kind.CODES:
            sheet.write_string(*place, " ".join(value))
        elif kind in (Kind.TEXT, Kind.ID):
            sheet.write_string(*place, harmless(value))
        elif pd.isna(value):
            sheet.write_blank(*place, None)
        elif kind is Kind.DATE:
            sheet.write_datetime(*place, value.to_pydatetime(), self.date)
        elif kind.is_money:
            amount = to_major(int(value), currency)
            sheet.write_number(*place, amount, self.amounts[exponent(currency)])
        else:
            sheet.write(*place, value)

    def totals(self, sheet: Any, reconciliation: Reconciliation) -> None:
        """Write the totals as formulas over the purchase orders, with their values beside."""
        sheet.write_string(0, 0, harmless(reconciliation.name), self.bold)
        sheet.write_string(
            1,
            0,
            f"As of the end of {written_day(reconciliation.as_of)} ({reconciliation.timezone})",
        )
        sheet.write_string(3, 0, "currency", self.head)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, len(SUMS), 16)
        sheet.freeze_panes(4, 1)
        last = max(len(reconciliation.rows), 1)
        names = PURCHASE_ORDERS.names
        currency_at, status_at = names.index("currency"), names.index("status")
        title = PURCHASE_ORDERS.title
        keys = f"'{title}'!{xl_range_abs(1, currency_at, last, currency_at)}"
        statuses = f"'{title}'!{xl_range_abs(1, status_at, last, status_at)},\"<>cancelled\""
        for at, name in enumerate(SUMS, start=1):
            sheet.write_string(3, at, name, self.head)
            column = names.index(name)
            figures = f"'{title}'!{xl_range_abs(1, column, last, column)}"
            for row, (currency, sums) in enumerate(reconciliation.totals.items(), start=4):
                sheet.write_string(row, 0, currency, self.bold)
                sheet.write_formula(
                    row,
                    at,
                    f"=SUMIFS({figures},{keys},{xl_rowcol_to_cell(row, 0)},{statuses})",
                    self.amounts[exponent(currency)],
                    float(to_major(sums[name], currency)),
                )
