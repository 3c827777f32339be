"""Amounts, dates and number formats as people write them.

An amount that is read wrongly is billed wrongly; one that cannot be read must never become zero.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from po_toolkit.importers.cells import (
    Habit,
    ShownNumber,
    clean,
    decimal_of,
    habit_of,
    order_of,
    read_format,
    text_of,
    written_amount,
    written_date,
)
from po_toolkit.importers.fields import field_of, header_currencies
from po_toolkit.importers.rows import exact_minor, similar
from po_toolkit.money import CURRENCIES, to_major, to_minor


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1\u2019234.50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50 €", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("12,34,567.00", "1234567.00"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("$ 500", "500"),
        ("US$5.10", "5.10"),
        ("USD 5.10", "5.10"),
        ("5,10 zł", "5.10"),
        ("Fr. 100.50", "100.50"),
        ("1.500,-", "1500.00"),
        ("1'500.-", "1500.00"),
        ("CHF 1500.--", "1500.00"),
        ("(1,234.00)", "-1234.00"),
        (" $ (1,234.00)", "-1234.00"),
        ("$-250.00", "-250.00"),
        ("-$250.00", "-250.00"),
        ("250.00-", "-250.00"),
        ("\u2212250.00", "-250.00"),
        ("R$ 1.234,00", "1234.00"),
        ("\uff11\uff12\uff13", "123"),
        (".5", "0.5"),
        ("0.123", "0.123"),
    ],
)
def test_an_amount_is_read_in_any_common_way_of_writing(text: str, value: str) -> None:
    written = written_amount(text)
    assert written is not None
    assert written.read(None) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *["", "-", "twelve", "12%", "1e5", "--5", "(5)-", "1.2.3", "1,2,3", "EUR", "€ 12 $", "n/a"],
        *["#REF!", "12 abc", "1 2", "1000 00", "12.345.67", "½", "²", "5 x", "NaN", "inf"],
    ],
)
def test_what_is_no_amount_is_never_taken_for_one(text: str) -> None:
    """Least of all for 0: a wrong zero is a sponsor who is never billed."""
    assert written_amount(text) is None


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.345", "-1,500", "€ 2.500"])
def test_an_amount_with_two_readings_has_no_value_until_it_is_decided(text: str) -> None:
    written = written_amount(text)
    assert written is not None
    assert written.ambiguous
    assert written.read(None) is None
    assert written.read("point") != written.read("comma")


@pytest.mark.parametrize(
    ("values", "habit"),
    [
        ([("1.500", "eur"), ("12,50", "eur")], Habit("comma")),
        ([("1.500", "eur"), ("12.50", "eur")], Habit("point")),
        ([("1.234", "usd")], Habit("comma")),
        ([("1,234", "jpy")], Habit("point")),
        ([("320.250", "bhd")], Habit(None, "320.250")),
        ([("320.250", "bhd"), ("2827.500", "bhd")], Habit("point")),
        ([("1.500", "eur")], Habit(None, "1.500")),
        ([("1.500", "")], Habit(None, "1.500")),
        ([("500", "eur"), ("-20", "eur")], Habit(None)),
        ([("1,50", "eur"), ("2.50", "eur"), ("1.500", "eur")], Habit(None, "1.500")),
        ([("1,50", "eur"), ("2.50", "eur")], Habit(None)),
        ([("12.345", "usd"), ("12.50", "usd")], Habit("point")),
        ([("1.234", "usd"), ("2,345", "usd")], Habit(None, "1.234")),
        ([("nonsense", "eur"), ("12,50", "eur")], Habit("comma")),
    ],
)
def test_the_whole_column_and_the_currency_decide_the_habit(
    values: list[tuple[str, str]], habit: Habit
) -> None:
    """A value that nothing decides is asked for, never guessed: a guess is wrong by a thousand."""
    assert habit_of(values) == habit


@given(
    minor=st.integers(-(10**11), 10**11),
    currency=st.sampled_from(sorted(CURRENCIES)),
    habit=st.sampled_from(["point", "comma"]),
    group=st.sampled_from(["", ",", ".", " ", "'", "\u00a0", "\u202f", "\u2019"]),
    negative=st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"]),
    sign=st.sampled_from(["{}", "{} €", "€{}", "USD {}", "{} kr", " $ {} "]),
)
def test_every_dialect_of_an_amount_is_read_back(
    minor: int, currency: str, habit: str, group: str, negative: str, sign: str
) -> None:
    mark = "." if habit == "point" else ","
    if group == mark:
        group = ""
    value = to_major(minor - minor % 10, currency)
    shown = f"{abs(value):,}".translate(str.maketrans({",": group, ".": mark}))
    text = sign.format(negative.format(shown) if value < 0 else shown)
    written = written_amount(text)
    assert written is not None, text
    assert written.read(habit) == value, text  # type: ignore[arg-type]  # one of the two
    if not written.ambiguous:
        assert written.read(None) == value, text


@given(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(["usd", "jpy", "bhd", "isk"]),
)
def test_the_fast_conversion_agrees_with_the_exact_one(value: Decimal, currency: str) -> None:
    """Rounding by a cent would be a wrong invoice."""
    try:
        exact = to_minor(value, currency)
    except ValueError as error:
        with pytest.raises(type(error)):
            exact_minor(value, currency)
    else:
        assert exact_minor(value, currency) == exact


@given(st.text())
def test_no_text_makes_reading_an_amount_or_a_date_fail(text: str) -> None:
    written_amount(text)
    written_date(text)
    clean(text)


def test_binary_noise_is_not_taken_for_decimals() -> None:
    """1999.99 x 3 is 5999.97 on the screen, and an error by a hair inside."""
    assert decimal_of(1999.99 * 3) == Decimal("5999.97")
    assert decimal_of(0.1 + 0.2) == Decimal("0.3")
    assert text_of(4528271557.0) == "4528271557"
    assert text_of(12.5) == "12.5"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_number_of_fifteen_digits_survives_the_spreadsheet(value: Decimal) -> None:
    assert decimal_of(float(value)) == value


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-03-31", date(2027, 3, 31)),
        ("31/03/2027", date(2027, 3, 31)),
        ("3/31/2027", date(2027, 3, 31)),
        ("31.3.27", date(2027, 3, 31)),
        ("03.04.2027", date(2027, 4, 3)),
        ("5/5/2027", date(2027, 5, 5)),
        ("31. März 2027", date(2027, 3, 31)),
        ("March 31st, 2027", date(2027, 3, 31)),
        ("31-Mar-27", date(2027, 3, 31)),
        ("1er mars 2027", date(2027, 3, 1)),
        ("31 de marzo de 2027", date(2027, 3, 31)),
        ("1º de março de 2027", date(2027, 3, 1)),
        ("Wed, 31 Mar 2027", date(2027, 3, 31)),
        ("2027-03-31T00:00:00Z", date(2027, 3, 31)),
        ("2027/3/31", date(2027, 3, 31)),
        ("20270331", date(2027, 3, 31)),
        ("2027年3月31日", date(2027, 3, 31)),
    ],
)
def test_a_date_is_read_in_any_common_way_of_writing(text: str, day: date) -> None:
    written = written_date(text)
    assert written is not None
    assert written.read(None) == day


@pytest.mark.parametrize(
    "text", ["2027-02-30", "31/31/2027", "03.13.2027", "soon", "46477", "", "2027", "13/2027"]
)
def test_there_is_no_such_day(text: str) -> None:
    assert written_date(text) is None


def test_the_column_decides_which_of_day_and_month_comes_first() -> None:
    assert order_of(["03/04/2027", "31/03/2027"]) == ("dmy", "")
    assert order_of(["03/04/2027", "3/31/2027"]) == ("mdy", "")
    assert order_of(["03/04/2027", "05/05/2027"]) == (None, "03/04/2027")
    assert order_of(["03/04/2027", "31/03/2027", "3/31/2027"])[1] == "03/04/2027"
    assert order_of(["2027-04-03", "05/05/2027"]) == (None, "")


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("000000", 417, "000417"),
        ('"PO-"0000', 42, "PO-0042"),
        ("000-000", 42042, "042-042"),
        ("0000", 1234567, "1234567"),
        ("#,##0.00 [$€-407]", 5, "€ 5"),
        ('"$"#,##0.00', 5.5, "$ 5.5"),
        ("[$USD] #,##0.00;[Red]-[$USD] #,##0.00", 5, "USD 5"),
        ('_("£"* #,##0.00_)', 5, "£ 5"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(code: str, number: float, shown: str) -> None:
    """A PO number that loses its zeros is one the sponsor's accounts payable cannot find."""
    found = read_format(code)
    assert found is not None
    cell = found.shown(float(number))
    assert isinstance(cell, ShownNumber)
    assert text_of(cell) == shown


@pytest.mark.parametrize("code", ["General", "0", "0.00", "#,##0", "yyyy-mm-dd", "hh:mm", "@"])
def test_other_formats_say_no_more_than_the_number(code: str) -> None:
    assert read_format(code) is None


def test_a_shown_number_is_not_the_plain_one() -> None:
    """Else 42 and 000042 in one column would become the same PO number."""
    assert len({ShownNumber.of(42, "000042"), 42.0, ShownNumber.of(42, "0042")}) == 3


@pytest.mark.parametrize(
    ("header", "field", "currency"),
    [
        ("Sponsor", "organization_name", ""),
        ("E-Mail", "contact_email", ""),
        ("P.O. No.", "po_number", ""),
        ("PO #", "po_number", ""),
        ("N° de bon de commande", "po_number", ""),
        ("Betrag in EUR", "amount", "eur"),
        ("Amount (USD)", "amount", "usd"),
        ("Prix unitaire (€)", "unit_price", "eur"),
        ("FÄLLIGKEITSDATUM", "due_date", ""),
        ("Qté", "quantity", ""),
        ("Moneda", "currency", ""),
        ("Valuta", "currency", ""),
        ("organization_name", "organization_name", ""),
    ],
)
def test_a_header_is_known_in_six_languages(header: str, field: str, currency: str) -> None:
    found = field_of(header)
    assert found is not None
    assert found[0] == field
    assert (header_currencies(header) or {""}) == {currency}


def test_sponsors_that_are_probably_one_are_told() -> None:
    found = similar(
        ["Acme, Inc.", "Northwnd Logistics", "Bolt 2", "Zeta", "ACME Ltd"],
        ["Acme GmbH", "Northwind Logistics", "Bolt 1", "Omega"],
    )
    assert found["Acme, Inc."] == "Acme GmbH"
    assert found["Northwnd Logistics"] == "Northwind Logistics"
    assert "Bolt 2" not in found
    assert "Zeta" not in found
