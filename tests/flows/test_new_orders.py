"""What a program makes is checked like a spreadsheet, and nothing is billed that was not meant."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from po_toolkit import create_purchase_order
from po_toolkit.errors import AmountError, DuplicateEntryError, PoToolkitError
from po_toolkit.store.purchase_orders import references
from tests.conftest import ON_SQLITE, SLUG

BOOTH = {"description": "Booth", "unit_price": Decimal("1000.00")}


def make(opened, **given):
    values = {
        "organization_name": "Northwind GmbH",
        "contact_email": "ap@northwind.example",
        "line_items": [BOOTH],
    }
    return create_purchase_order(SLUG, opened=opened, **(values | given))


def made(opened):
    with opened.store.reading() as session:
        return len(references(session, opened.conference))


@ON_SQLITE
@pytest.mark.parametrize(
    ("given", "code", "named"),
    [
        ({"line_items": [BOOTH | {"quantity": 1.9}]}, "quantity_invalid", "line 1"),
        ({"line_items": [BOOTH, BOOTH | {"quantity": 0}]}, "quantity_invalid", "line 2"),
        ({"line_items": [BOOTH | {"qty": 2}]}, "unknown_field", "'quantity' meant"),
        ({"line_items": [{"unit_price": Decimal(1)}]}, "required", "description"),
        ({"line_items": [{"description": "Booth"}]}, "required", "amount"),
        ({"line_items": []}, "no_lines", "lines"),
        ({"line_items": [BOOTH | {"tax_rates": ["luxury"]}]}, "tax_rate_unknown", "luxury"),
        ({"organization_name": "  "}, "required", "organization_name"),
        ({"contact_email": "ap-at-northwind"}, "email_invalid", "contact_email"),
        ({"contact_email": ""}, "required", "contact_email"),
        ({"duedate": date(2027, 3, 1)}, "unknown_field", "'due_date' meant"),
        ({"due_date": "soon"}, "date_invalid", "due_date"),
        ({"delivery": "pigeon"}, "delivery_unknown", "pigeon"),
        ({"tax_id": "DE12"}, "tax_id_invalid", "DE12"),
        ({"line_items": [BOOTH | {"unit_price": 5.0}]}, "amount_invalid", "5.0"),
        ({"line_items": [BOOTH | {"unit_price": Decimal(-1)}]}, "total_not_positive", "-1.00"),
    ],
)
def test_a_mistake_is_refused_with_a_code_and_creates_nothing(opened, given, code, named):
    """Row 18: else one is billed where 1.9 were meant, or a word that nobody knows is ignored."""
    with pytest.raises(ValueError, match=named) as refused:
        make(opened, **given)
    assert isinstance(refused.value, PoToolkitError)
    assert refused.value.code == code
    assert made(opened) == 0


def test_a_price_that_the_currency_cannot_hold_is_an_amount_error(opened):
    with pytest.raises(AmountError):
        make(opened, line_items=[BOOTH | {"unit_price": Decimal("1.001")}])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"po_number": "4711"}, {"po_number": " 4711", "organization_name": "NORTHWIND gmbh"}),
        ({"po_number": "4711"}, {"po_number": "4711", "contact_email": "x@northwind.example"}),
        ({}, {}),
        ({}, {"line_items": [BOOTH | {"unit_price": Decimal(1200)}]}),
        ({}, {"line_items": [BOOTH | {"description": "Silver"}]}),
        ({}, {"po_number": "4711"}),
        ({"po_number": "4711"}, {}),
    ],
)
def test_the_same_purchase_order_again_is_refused_until_the_program_says_that_it_is_meant(
    opened, first, second
):
    """Row 18: else a script that runs twice bills everybody twice."""
    there = make(opened, **first)
    with pytest.raises(DuplicateEntryError, match=there.reference):
        make(opened, **second)
    assert made(opened) == 1
    make(opened, **second, allow_duplicates=True)
    assert made(opened) == 2


def test_two_numbers_of_one_sponsor_are_two_purchase_orders(opened):
    make(opened, po_number="4711")
    make(opened, po_number="4712")
    assert made(opened) == 2
