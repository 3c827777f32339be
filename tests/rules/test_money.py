"""No amount is rounded, invented or sent in the wrong unit, in any currency Stripe takes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from po_toolkit import convert_amount_for_api, convert_amount_for_db
from po_toolkit.errors import AmountError
from po_toolkit.money import (
    CURRENCIES,
    SENT_AS_TWO_DECIMAL,
    THREE_DECIMAL,
    ZERO_DECIMAL,
    display,
    exponent,
    minor_from_api,
    minor_to_api,
    normalize_currency,
    parse_decimal,
    to_major,
    to_minor,
)

currencies = st.sampled_from(sorted(CURRENCIES))
minor_units = st.integers(min_value=-(10**15), max_value=10**15)


@st.composite
def representable(draw):
    """A currency and an amount of it in minor units that Stripe can take."""
    currency = draw(currencies)
    minor = draw(minor_units)
    return currency, minor * 10 if currency in THREE_DECIMAL else minor


@given(representable())
def test_what_goes_to_stripe_comes_back_to_the_last_unit(case):
    currency, minor = case
    amount = to_major(minor, currency)
    api = convert_amount_for_api(amount, currency)
    assert convert_amount_for_db(api, currency) == amount
    assert to_minor(amount, currency) == minor
    assert minor_from_api(minor_to_api(minor, currency), currency) == minor


@given(currencies, st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_an_amount_is_exact_or_refused_and_never_rounded(currency, amount):
    try:
        api = convert_amount_for_api(amount, currency)
    except AmountError:
        return
    assert convert_amount_for_db(api, currency) == amount


@pytest.mark.parametrize(
    ("currency", "amount", "api"),
    [
        ("usd", "12.50", 1250),
        ("jpy", "1650000", 1_650_000),
        ("kwd", "2827.500", 2_827_500),
        ("isk", "485000", 48_500_000),
        ("ugx", "900000", 90_000_000),
        ("USD", "-0.01", -1),
        ("bhd", "0.010", 10),
    ],
)
def test_each_kind_of_currency_is_sent_as_stripe_documents_it(currency, amount, api):
    assert convert_amount_for_api(Decimal(amount), currency) == api


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("usd", "1.001"),
        ("jpy", "0.5"),
        ("isk", "1.50"),
        ("ugx", "0.01"),
        ("kwd", "1.001"),
        ("bhd", "0.0001"),
        ("usd", "NaN"),
        ("usd", "Infinity"),
        ("usd", "1e-1000"),
        ("usd", "1e1000"),
        ("xxx", "1"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_by_its_name(currency, amount):
    with pytest.raises(AmountError) as raised:
        convert_amount_for_api(Decimal(amount), currency)
    said = str(raised.value).lower()
    assert str(Decimal(amount)).lower() in said or currency in said


@pytest.mark.parametrize(("currency", "api"), [("isk", 150), ("ugx", 1)])
def test_an_integer_stripe_could_not_mean_is_refused(currency, api):
    with pytest.raises(AmountError, match="last two digits"):
        convert_amount_for_db(api, currency)


@pytest.mark.parametrize("amount", [1.5, "1.50", True, None])
def test_floats_and_texts_are_no_amounts(amount):
    with pytest.raises(TypeError):
        to_minor(amount, "usd")
    with pytest.raises(TypeError):
        convert_amount_for_db(amount, "usd")


def test_every_currency_has_one_rule():
    assert not ZERO_DECIMAL & THREE_DECIMAL
    assert not SENT_AS_TWO_DECIMAL & (ZERO_DECIMAL | THREE_DECIMAL)
    assert {exponent(currency) for currency in CURRENCIES} == {0, 2, 3}
    assert normalize_currency(" EUR ") == "eur"


@given(st.text(max_size=12))
def test_an_unreadable_amount_is_never_zero(text):
    try:
        value = parse_decimal(text)
    except AmountError:
        return
    assert any(c.isdigit() for c in text)
    assert value == Decimal(text.strip())


@given(representable())
def test_people_read_the_very_amount(case):
    currency, minor = case
    shown, code = display(minor, currency).split()
    assert Decimal(shown.replace(",", "")) == to_major(minor, currency)
    assert code == currency.upper()
