"""What a treasurer types as an amount: read as she means it, or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel import Locale

from po_toolkit.errors import AmountError
from po_toolkit.ui import typed


@pytest.fixture
def speaking(monkeypatch):
    def speak(tag):
        monkeypatch.setattr(typed, "locale", lambda: Locale.parse(tag, sep="-"))

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
