"""Tables as files to take away."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import pandas as pd
import streamlit as st
import xlsxwriter

from po_toolkit.api.terms import harmless
from po_toolkit.money import exponent
from po_toolkit.ui.language import N_, _

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def downloads(name: str, rows: Callable[[], pd.DataFrame], *, key: str) -> None:
    """Offer a table as CSV and XLSX, made when it is asked for.

    The rows are read on the click.
    """
    file_buttons(
        name, lambda ending: as_csv(rows()) if ending == "csv" else as_xlsx(rows()), key=key
    )


def file_buttons(
    name: str,
    content: Callable[[Literal["csv", "xlsx"]], bytes],
    *,
    key: str,
    label: str = N_("Download {ending}"),
) -> None:
    """Offer a file as CSV and XLSX, made when it is asked for.

    The content of an ending is made on the click; the label has ``{ending}``.
    """
    endings: tuple[tuple[Literal["csv", "xlsx"], str], ...] = (("csv", "text/csv"), ("xlsx", XLSX))
    with st.container(horizontal=True):
        for ending, mime in endings:
            st.download_button(
                _(label, ending=ending.upper()),
                partial(content, ending),
                f"{name}.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{key}.{ending}",
            )


def as_csv(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV in UTF-8: plain decimals, ISO dates, formulas made harmless."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(frame.columns)
    writer.writerows([text_of(v) for v in row] for row in frame.itertuples(index=False))
    return out.getvalue().encode()


def as_xlsx(frame: pd.DataFrame) -> bytes:
    """Write a table as a workbook of one sheet, amounts and dates as such."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        formats = {
            digits: book.add_format({"num_format": "#,##0" + ("." + "0" * digits) * bool(digits)})
            for digits in (0, 2, 3)
        }
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for at, heading in enumerate(frame.columns):
            sheet.write_string(0, at, str(heading), book.add_format({"bold": True}))
            sheet.set_column(at, at, 20)
        for row_number, row in enumerate(frame.to_dict("records"), start=1):
            for column, value in enumerate(row.values()):
                if isinstance(value, Decimal):
                    sheet.write_number(
                        row_number, column, value, formats[exponent(str(row["currency"]))]
                    )
                elif isinstance(value, date) and not pd.isna(value):
                    sheet.write_datetime(row_number, column, _naive(value), day)
                elif isinstance(value, int):
                    sheet.write_number(row_number, column, value)
                else:
                    sheet.write_string(row_number, column, text_of(value))
    return out.getvalue()


def _naive(value: date) -> date:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def text_of(value: Any) -> str:
    """Write a value for a file: ISO dates, formulas made harmless, nothing for what is missing."""
    if pd.isna(value):
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)
