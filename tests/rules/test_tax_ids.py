"""A tax id that Stripe or an accounts department refuses sends the invoice back."""

from __future__ import annotations

import inspect
import re

import pytest
import stripe.params._customer_create_params

from po_toolkit.domain.tax_ids import (
    STRIPE_TYPES,
    TYPES,
    TaxId,
    UnknownTaxIdError,
    eu_country,
    has_wrong_check_digits,
    read_tax_id,
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("DE 123 456 789", "eu_vat", "DE123456789"),
        ("FR-12345678901", "eu_vat", "FR12345678901"),
        ("ATU12345678", "eu_vat", "ATU12345678"),
        ("gr 123456789", "eu_vat", "EL123456789"),
        ("IE1234567WA", "eu_vat", "IE1234567WA"),
        ("GB 123 4567 89", "gb_vat", "GB123456789"),
        ("CHE-123.456.789 MWST", "ch_vat", "CHE123456789MWST"),
        ("976098897MVA", "no_vat", "976098897MVA"),
        ("29AABCT1332L1ZD", "in_gst", "29AABCT1332L1ZD"),
        ("123456789 RT0001", "ca_gst_hst", "123456789RT0001"),
        ("12-3456789", "us_ein", "12-3456789"),
        ("au_abn 51 824 753 556", "au_abn", "51824753556"),
        ("nz_gst: 123456789", "nz_gst", "123456789"),
        ("XI 123 4567 89", "eu_vat", "XI123456789"),
        ("br_cnpj 11.222.333/0001-81", "br_cnpj", "11.222.333/0001-81"),
        ("jp_trn T1234567890123", "jp_trn", "T1234567890123"),
    ],
)
def test_what_people_write_is_read_as_what_it_is(text, kind, value):
    assert read_tax_id(text) == TaxId(kind, value)


@pytest.mark.parametrize("text", ["", " - ", "n/a", "None", "keine"])
def test_words_for_none_are_none(text):
    assert read_tax_id(text) is None


@pytest.mark.parametrize("text", ["DE12345", "ATU1234", "au_abn 123", "IT123"])
def test_a_wrong_form_is_said(text):
    with pytest.raises(ValueError, match="not a valid"):
        read_tax_id(text)


@pytest.mark.parametrize("text", ["987654321", "Germany", "see contract"])
def test_a_kind_that_cannot_be_told_is_not_guessed(text):
    with pytest.raises(UnknownTaxIdError):
        read_tax_id(text)


def test_the_member_state_decides_on_reverse_charge():
    assert eu_country(TaxId("eu_vat", "EL123456789")) == "GR"
    assert eu_country(TaxId("eu_vat", "FR12345678901")) == "FR"
    assert eu_country(TaxId("gb_vat", "GB123456789")) == ""


def test_every_kind_that_stripe_takes_is_passed_on():
    """A sponsor's accounts department refuses an invoice without its number."""
    source = inspect.getsource(stripe.params._customer_create_params)
    named = re.search(r"class CustomerCreateParamsTaxIdDatum.*", source, re.DOTALL).group()
    assert set(re.findall(r'"([a-z]{2,4}_[a-z_0-9]+)"', named)) == STRIPE_TYPES
    assert set(TYPES) <= STRIPE_TYPES


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("eu_vat", "DE136695976", False),
        ("eu_vat", "DE136695978", True),
        ("eu_vat", "XI980780684", False),
        ("gb_vat", "GB980780684", False),
        ("gb_vat", "GB802311781", True),
        ("au_abn", "51824753556", False),
        ("au_abn", "51824753557", True),
        ("jp_trn", "T1234567890123", False),
    ],
)
def test_a_slip_in_a_number_is_noticed_and_an_unknown_kind_is_not_judged(kind, value, wrong):
    assert has_wrong_check_digits(TaxId(kind, value)) is wrong


def test_northern_ireland_is_no_member_state():
    assert eu_country(TaxId("eu_vat", "XI980780684")) == ""
