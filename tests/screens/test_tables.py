"""Tables to take away: what leaves the page must arrive in the spreadsheet unharmed."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest
from babel import Locale
from streamlit.testing.v1 import AppTest

from po_toolkit.ui import formats, table_files
from po_toolkit.ui.tables import first_on_a_phone


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


def amounts(values):
    from decimal import Decimal

    import pandas as pd

    from po_toolkit.ui import tables

    frame = pd.DataFrame({"amount": [v and Decimal(v) for v in values], "currency": "usd"})
    tables.show(frame, {"amount": "At bank"}, money=["amount"])


@pytest.mark.parametrize(
    ("values", "widened"),
    [
        ([None] * 6 + ["1250"], True),
        (["0"] * 6 + ["1250000"], False),
        (["0"] * 6 + ["12500000"], True),
        (["1250"] * 7, False),
    ],
)
def test_one_long_amount_in_a_column_of_short_ones_is_not_cut(values, widened):
    """Of 1,250.00 USD in a column as wide as its blanks, 50.00 USD was left to read."""
    app = AppTest.from_function(amounts, args=(values,)).run()
    assert not app.exception
    config = json.loads(app.dataframe[0].proto.columns).get("amount", {})
    longest = formats.amount(Decimal(values[-1]), "usd", where=Locale("en"))
    assert (config.get("width", 0) >= 7 * len(longest)) is widened


def test_on_a_phone_amounts_come_first(monkeypatch):
    """A table of which a phone shows two columns is read for its amounts."""
    columns = {"date": "Date", "sponsor": "Sponsor", "gross": "Gross"}
    monkeypatch.setattr(formats, "on_a_phone", lambda: False)
    assert list(first_on_a_phone(columns, "gross")) == ["date", "sponsor", "gross"]
    monkeypatch.setattr(formats, "on_a_phone", lambda: True)
    assert list(first_on_a_phone(columns, "gross")) == ["gross", "date", "sponsor"]
