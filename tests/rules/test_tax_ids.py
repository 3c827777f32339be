"""A tax id that Stripe or an accounts department refuses sends the invoice back."""

from __future__ import annotations

import pytest

from po_toolkit.domain.tax_ids import TaxId, UnknownTaxIdError, eu_country, read_tax_id


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
    ],
)
def test_what_people_write_is_read_as_what_it_is(text, kind, value):
    assert read_tax_id(text) == TaxId(kind, value)


@pytest.mark.parametrize("text", ["", " - ", "n/a", "None", "keine"])
def test_words_for_none_are_none(text):
    assert read_tax_id(text) is None


@pytest.mark.parametrize("text", ["DE12345", "ATU1234", "au_abn 123", "IT123"])
def test_a_wrong_form_is_said(text):
    with pytest.raises(ValueError, match="form of a"):
        read_tax_id(text)


@pytest.mark.parametrize("text", ["987654321", "Germany", "see contract"])
def test_a_kind_that_cannot_be_told_is_not_guessed(text):
    with pytest.raises(UnknownTaxIdError):
        read_tax_id(text)


def test_the_member_state_decides_on_reverse_charge():
    assert eu_country(TaxId("eu_vat", "EL123456789")) == "GR"
    assert eu_country(TaxId("eu_vat", "FR12345678901")) == "FR"
    assert eu_country(TaxId("gb_vat", "GB123456789")) == ""
