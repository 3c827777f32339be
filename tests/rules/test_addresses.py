"""A wrong or shortened address on an invoice is a reason not to pay it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from po_toolkit.domain.addresses import address_parts

WORDS = st.text("abcdefgABC0123456789 -.'é", min_size=1, max_size=20).map(str.strip).filter(bool)
COUNTRIES = st.sampled_from(
    ["Germany", "Deutschland", "USA", "Canada", "UK", "France", "Japan", "NZ", "Georgia", "CA", ""]
)


def words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\s,]+", text))


@given(st.lists(WORDS, min_size=1, max_size=5), COUNTRIES, st.sampled_from(["\n", ", ", "\r\n"]))
def test_no_word_is_lost_and_none_is_added(lines, country, between):
    text = between.join([*lines, country] if country else lines)
    parts = address_parts(text)
    kept = words(" ".join(value for name, value in parts.items() if name != "country"))
    if "country" in parts:
        whole = words(text)
        for word in kept:
            whole.remove(word)
        assert len(whole) <= 3  # the country's own name
    else:
        assert parts == {"line1": text}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Musterstr. 5\n10115 Berlin\nGermany",
            {"line1": "Musterstr. 5", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        ),
        (
            "123 Main St, Suite 4, Springfield, IL 62701, USA",
            {
                "line1": "123 Main St",
                "line2": "Suite 4",
                "city": "Springfield",
                "state": "IL",
                "postal_code": "62701",
                "country": "US",
            },
        ),
        (
            "10 Downing St\nLondon\nSW1A 2AA\nUK",
            {
                "line1": "10 Downing St",
                "city": "London",
                "postal_code": "SW1A 2AA",
                "country": "GB",
            },
        ),
        (
            "1-1 Chiyoda\nTokyo 100-8111\nJapan",
            {"line1": "1-1 Chiyoda", "line2": "Tokyo 100-8111", "country": "JP"},
        ),
        ("1 Peach St, Atlanta, Georgia", {"line1": "1 Peach St, Atlanta, Georgia"}),
        ("1 Sunset Blvd, Los Angeles, CA", {"line1": "1 Sunset Blvd, Los Angeles, CA"}),
        ("Germany", {"line1": "Germany"}),
    ],
)
def test_only_what_is_certain_is_taken_apart(text, parts):
    assert address_parts(text) == parts
