"""What a treasurer types as an amount: read as she means it, or not at all."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from babel import Locale

from po_toolkit.errors import AmountError
from po_toolkit.ui import formats, typed


@pytest.fixture
def speaking(monkeypatch):
    def speak(tag):
        for module in (typed, formats):
            monkeypatch.setattr(module, "locale", lambda: Locale.parse(tag, sep="-"))

    return speak


@pytest.mark.parametrize("language", ["en-US", "de-DE", "fr-FR"])
@pytest.mark.parametrize(
    ("text", "currency", "value"),
    [
        ("5000", "usd", "5000"),
        ("1234.50", "usd", "1234.50"),
        ("1234,50", "eur", "1234.50"),
        ("1,234.50", "usd", "1234.50"),
        ("1.234,50", "eur", "1234.50"),
        ("1 234,50", "eur", "1234.50"),
        ("1\u202f234,50", "eur", "1234.50"),
        ("1'234.50", "chf", "1234.50"),
        ("1,234,567", "jpy", "1234567"),
        ("12.5", "usd", "12.5"),
        ("0.125", "usd", "0.125"),
        ("1894.130", "bhd", "1894.130"),
        ("-10,00", "eur", "-10.00"),
    ],
)
def test_an_amount_is_read_as_it_is_written(speaking, language, text, currency, value):
    """'Write it like an American' is no answer to a treasurer in Berlin."""
    speaking(language)
    assert typed.amount(text, currency) == Decimal(value)


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
@pytest.mark.parametrize(
    "text", ["1,000", "1.000", "12.345", "1,23,4.5", "1.2.3", "12,34.567,8", "ten", "", "1e3", "٣"]
)
def test_what_can_be_read_in_two_ways_is_not_read(speaking, language, text):
    """1.000 booked as one dollar where a thousand came is found at the year's end, or never."""
    speaking(language)
    with pytest.raises(AmountError, match="Enter it like"):
        typed.amount(text, "usd")


@pytest.mark.parametrize(("language", "text"), [("en-US", "894.130"), ("de-DE", "894,130")])
def test_what_the_form_proposes_can_be_taken_as_it_stands(speaking, language, text):
    """Three decimals of a dinar must not be taken for thousands."""
    speaking(language)
    assert typed.written(Decimal("894.130")) == text
    assert typed.amount(text, "bhd") == Decimal("894.130")


@pytest.mark.parametrize(
    ("language", "typed_as", "text"),
    [
        ("en-US", "MM/DD/YYYY", "Dated Mar 5, 2027, which is closed; due Mar 5, 2027"),
        ("en-GB", "DD/MM/YYYY", "Dated 5 Mar 2027, which is closed; due 5 Mar 2027"),
        ("de-DE", "DD.MM.YYYY", "Dated 05.03.2027, which is closed; due 05.03.2027"),
    ],
)
def test_a_page_writes_dates_in_one_way(speaking, language, typed_as, text):
    """3/5 in a field beside 2027-05-03 in a message makes somebody book in the wrong month."""
    speaking(language)
    assert formats.date_format() == typed_as
    assert formats.localized("Dated 2027-03-05, which is closed; due 5 Mar 2027") == text
    for number in ("PO-2027-03-05", "2027-03-05-7", "99-2027-03-05", "2027-13-05", "31 Feb 2027"):
        assert formats.localized(number) == number


def test_every_field_for_a_date_shows_it_as_the_locale_does():
    """One field left as YYYY/MM/DD is the one where a wire gets the wrong day."""
    for file in Path(formats.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "date_input":
                given = {k.arg: ast.unparse(k.value) for k in call.keywords}
                assert given.get("format") == "formats.date_format()", f"{file.name}:{call.lineno}"
