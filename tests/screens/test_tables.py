"""Tables to take away: what leaves the page must arrive in the spreadsheet unharmed."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest
from babel import Locale

from po_toolkit.ui import formats, table_files


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "reference": ["PO-A", "PO-B"],
            "organization_name": ['=HYPERLINK("x")', "-Dash & Söhne"],
            "total": [Decimal("1234.50"), Decimal(300000)],
            "currency": ["usd", "jpy"],
            "due_date": [date(2027, 4, 30), None],
            "note": [None, ""],
        }
    )


def test_csv_keeps_amounts_exact_and_formulas_harmless(frame):
    """A sponsor's name must never run as a formula on the treasurer's machine."""
    rows = list(csv.DictReader(io.StringIO(table_files.as_csv(frame).decode())))
    assert rows[0]["organization_name"] == '\'=HYPERLINK("x")'
    assert [r["total"] for r in rows] == ["1234.50", "300000"]
    assert [r["due_date"] for r in rows] == ["2027-04-30", ""]
    assert rows[0]["note"] == ""


def test_xlsx_has_numbers_and_dates_that_sum_and_sort(frame):
    """Amounts as text cannot be added up in the spreadsheet they were downloaded for."""
    sheet = openpyxl.load_workbook(io.BytesIO(table_files.as_xlsx(frame))).active
    heading, first, second = sheet.iter_rows()
    assert [c.value for c in heading] == list(frame.columns)
    assert first[1].data_type == "s"
    assert first[1].value == '\'=HYPERLINK("x")'
    assert first[2].value == 1234.5
    assert first[2].number_format == "#,##0.00"
    assert second[2].number_format == "#,##0"
    assert first[4].value.date() == date(2027, 4, 30)


@pytest.mark.parametrize(
    ("amount", "currency", "where", "written"),
    [
        ("1234.5", "usd", "en_US", "1,234.50\u00a0USD"),
        ("-1234.5", "eur", "de_DE", "-1.234,50\u00a0EUR"),
        ("300000", "jpy", "en_US", "300,000\u00a0JPY"),
        ("2827.5", "bhd", "en_US", "2,827.500\u00a0BHD"),
        ("485000", "isk", "en_US", "485,000\u00a0ISK"),
    ],
)
def test_amounts_are_written_as_the_reader_is_used_to(amount, currency, where, written):
    """1.234,50 read by an American is one dollar twenty-three."""
    assert formats.amount(Decimal(amount), currency, where=Locale.parse(where)) == written
