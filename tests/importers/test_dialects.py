"""Random purchase orders, written in every dialect, are read back as they were.

Where the file cannot tell its decimal mark or its order of dates, it must ask; after the answer it
must be right. A wrong reading is never allowed: it bills a sponsor a thousand times too much.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from po_toolkit.domain.stripe_limits import maximum_total
from po_toolkit.errors import ImportChoiceError
from po_toolkit.importers.cells import clean
from po_toolkit.importers.fields import is_taken_off, named_number, text_currency
from po_toolkit.importers.orders import Options, SheetReading, read_orders
from po_toolkit.importers.problems import ImportQuestionsError
from po_toolkit.importers.readers import reader_of
from po_toolkit.importers.table import choose_sheet, read_table
from po_toolkit.money import exponent, to_major

HEADERS = (
    "Sponsor;Contact;E-Mail;Billing address;PO number;Description;Quantity;Unit price;Currency;"
    "Due date;Notes"
).split(";")


@dataclass(frozen=True)
class Line:
    description: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Order:
    organization: str
    number: str
    currency: str
    due: date
    address: str
    lines: tuple[Line, ...]


def words(*, several_lines: bool = False) -> st.SearchStrategy[str]:
    """Texts in any script, as they are after reading: NFC, no control characters."""
    characters = st.characters(
        exclude_categories=("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"),
        include_characters="\n" if several_lines else "",
    )
    texts = st.text(characters, min_size=1, max_size=20).map(clean)
    return texts.filter(lambda text: bool(text) and not text.startswith("'"))


MOST_LINES = 4


def asks_nothing(description: str) -> bool:
    """Tell whether a line so called is no discount, and names no currency and no PO number."""
    named = text_currency(description)[0] or named_number(description)
    return not named and not is_taken_off(description)


@st.composite
def line_in(draw: st.DrawFn, currency: str) -> Line:
    """A line of which an order can have the most lines and still be charged."""
    step = 10 if exponent(currency) == 3 else 1
    quantity = draw(st.integers(1, 50))
    minor = draw(st.integers(50, maximum_total(currency) // (MOST_LINES * quantity * step)))
    description = draw(words().filter(asks_nothing))
    return Line(description, quantity, to_major(minor * step, currency))


@st.composite
def orders(draw: st.DrawFn) -> list[Order]:
    made = []
    for at in range(draw(st.integers(1, 5))):
        currency = draw(st.sampled_from(["usd", "eur", "jpy", "bhd", "chf", "isk"]))
        made.append(
            Order(
                f"S{at} {draw(words())}",
                draw(st.sampled_from(["", "00", "PO-", "№ "]))
                + str(draw(st.integers(10_000, 10**14))),
                currency,
                draw(st.dates(date(2026, 12, 1), date(2029, 12, 31))),
                draw(words(several_lines=True)),
                tuple(draw(st.lists(line_in(currency), min_size=1, max_size=MOST_LINES))),
            )
        )
    return made


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    encoding: str
    ends: str
    quoting: int
    mark: str
    group: str
    sign: str
    day: str


dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ends=st.sampled_from(["\r\n", "\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    mark=st.sampled_from([".", ","]),
    group=st.sampled_from(["", ",", ".", " ", "'", "\u00a0", "\u202f"]),
    sign=st.sampled_from(["{0}", "{0} {1}", "{1} {0}", "{1}{0}"]),
    day=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d %B %Y", "%m-%d-%y"]),
)


def written(value: Decimal, currency: str, dialect: Dialect) -> str:
    group = "" if dialect.group == dialect.mark else dialect.group
    shown = f"{value:,}".translate(str.maketrans({",": group, ".": dialect.mark}))
    return dialect.sign.format(shown, currency.upper())


def rows_of(made: Sequence[Order], amount: Any, day: Any) -> list[list[Any]]:
    return [
        [
            order.organization,
            "Accounts Payable",
            f"ap@{order.organization[:2].lower()}.example",
            order.address,
            order.number,
            line.description,
            line.quantity,
            amount(line.price, order.currency),
            order.currency,
            day(order.due),
            "",
        ]
        for order in made
        for line in order.lines
    ]


def read(content: bytes, **answers: Any) -> SheetReading:
    table = read_table(choose_sheet(reader_of(content).open(content), None))
    reading = read_orders(table, Options("usd", today=date(2026, 11, 29), **answers))
    if reading.questions:
        raise ImportQuestionsError(reading.questions)
    return reading


def agree(reading: SheetReading, made: Sequence[Order]) -> None:
    assert reading.errors == []
    found = [
        (
            o.organization_name,
            o.po_number,
            o.currency,
            o.due_date,
            o.billing_address,
            [(ln.description, ln.quantity, to_major(ln.unit_price, o.currency)) for ln in o.lines],
        )
        for o in reading.orders
    ]
    assert found == [
        (
            o.organization,
            o.number,
            o.currency,
            o.due,
            o.address,
            [(ln.description, ln.quantity, ln.price) for ln in o.lines],
        )
        for o in made
    ]


def read_with_answers(content: bytes, made: Sequence[Order], truth: dict[str, str]) -> None:
    """Read, answer what is asked, and compare; each question is asked once at most."""
    answers: dict[str, str] = {}
    for _ in range(len(truth) + 1):
        try:
            reading = read(content, **answers)
        except ImportChoiceError as asked:
            answers[asked.question] = truth[asked.question]
        else:
            agree(reading, made)
            return
    pytest.fail("It asks again what was answered.")


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(made=orders(), dialect=dialects)
def test_text_in_any_dialect_is_read_back(made: list[Order], dialect: Dialect) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=dialect.delimiter,
        lineterminator=dialect.ends,
        quoting=dialect.quoting,  # type: ignore[arg-type]  # one of the csv module's numbers
    )
    writer.writerow(HEADERS)
    writer.writerows(
        rows_of(made, lambda v, c: written(v, c, dialect), lambda d: d.strftime(dialect.day))
    )
    truth = {
        "decimal": "point" if dialect.mark == "." else "comma",
        "dates": "dmy" if dialect.day.startswith("%d") else "mdy",
    }
    read_with_answers(out.getvalue().encode(dialect.encoding), made, truth)


@SLOW
@given(made=orders(), by=st.sampled_from(["openpyxl", "xlsxwriter"]))
def test_a_workbook_with_numbers_and_dates_is_read_back(made: list[Order], by: str) -> None:
    rows = rows_of(made, lambda v, _: float(v), lambda d: d)
    out = io.BytesIO()
    if by == "openpyxl":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for at, row in enumerate([HEADERS, *rows], 1):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(at, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # also where it begins like a formula or an error
        book.save(out)
    else:
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(out, options) as made_by:
            page = made_by.add_worksheet()
            day = made_by.add_format({"num_format": "dd/mm/yyyy"})
            for at, row in enumerate([HEADERS, *rows]):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        page.write_datetime(at, column, value, day)
                    else:
                        page.write(at, column, value)
    read_with_answers(out.getvalue(), made, {})
