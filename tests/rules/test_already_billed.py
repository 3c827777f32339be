"""Which invoice at Stripe bills a purchase order already; a miss bills a sponsor twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from po_toolkit.domain.already_billed import (
    InvoiceAtStripe,
    ToBill,
    billed_beside,
    names_number,
    own_invoices,
    same_sponsor,
)

ORDER = ToBill("u-1", "Acme GmbH", "ap@acme.example", "4500012345", "usd", 100_000)
AT = datetime(2027, 1, 5, tzinfo=UTC)
OTHER = InvoiceAtStripe(
    "in_1",
    "open",
    "usd",
    100_000,
    AT,
    customer_name="Acme GmbH",
    customer_email="ap@acme.example",
    texts=(("PO number", "4500012345"),),
    order_uuid="u-2",
)


@pytest.mark.parametrize(
    ("texts", "number", "found"),
    [
        ((("PO number", "4500012345"),), "4500012345", True),
        ((("PO number", "PO 4500012345"),), "4500012345", True),
        ((("order", "4500-012 345"),), "PO# 4500-012-345", True),
        ((("Bestellnummer", "AB/12"),), "ab-12", True),
        ((("", "Gold sponsorship, your PO 12"),), "12", True),
        ((("", "Gold sponsorship, 12 tickets"),), "12", False),
        ((("", "Sponsorship under 4500012345."),), "4500012345", True),
        ((("", "Sponsorship under 45000123456."),), "4500012345", False),
        ((("PO number", "45000123450"),), "4500012345", False),
        ((("Booth", "13"),), "12", False),
        ((), "12", False),
        ((("", "anything"),), "--", False),
    ],
)
def test_a_number_is_found_however_it_is_written(texts, number, found):
    assert names_number(texts, number) is found


@pytest.mark.parametrize(
    ("name", "email", "same"),
    [
        ("ACME  gmbh", "else@where.example", True),
        ("Acme Inc.", "billing@ACME.example", True),
        ("Acme Inc.", "billing@acme-tools.example", False),
        ("Acme Tools GmbH", "ap@acme.example", False),
        ("", "ap@acme.example", False),
    ],
)
def test_a_sponsor_is_the_same_by_name_or_by_name_and_domain(name, email, same):
    found = replace(OTHER, customer_name=name, customer_email=email)
    assert same_sponsor(ORDER, found) is same


@pytest.mark.parametrize("status", ["draft", "void", "open", "paid", "uncollectible"])
def test_only_an_invoice_that_counts_speaks_against_billing(status):
    found = billed_beside(ORDER, [replace(OTHER, status=status)])
    assert (found is not None) is (status in ("open", "paid", "uncollectible"))


@pytest.mark.parametrize(
    ("order", "invoice", "billed"),
    [
        ({}, {"total": 5}, True),
        ({}, {"customer_name": "Other Ltd", "customer_email": "x@other.example"}, False),
        ({}, {"customer_name": "Agency for Acme"}, True),
        ({}, {"texts": (("PO number", "77"),)}, False),
        ({}, {"texts": ()}, True),
        ({}, {"texts": (), "total": 5}, False),
        ({"po_number": ""}, {}, True),
        ({"po_number": ""}, {"total": 5}, False),
        ({"po_number": ""}, {"currency": "eur"}, False),
        ({"po_number": ""}, {"customer_name": "Agency for Acme"}, False),
        ({"beside": frozenset({"in_1"})}, {}, False),
        ({"own_ids": frozenset({"in_1"})}, {}, False),
        ({}, {"order_uuid": "u-1"}, False),
    ],
)
def test_the_same_sponsor_and_number_or_total_is_the_same_bill(order, invoice, billed):
    found = billed_beside(replace(ORDER, **order), [replace(OTHER, **invoice)])
    assert (found is not None) is billed


def test_its_own_invoices_are_found_by_uuid_and_through_every_revision():
    mine = replace(OTHER, order_uuid="u-1", status="void", texts=())
    edited = replace(OTHER, stripe_id="in_2", order_uuid="", revises="in_0", status="void")
    again = replace(OTHER, stripe_id="in_3", order_uuid="", revises="in_2", status="open")
    foreign = replace(OTHER, stripe_id="in_4", revises="in_9")
    known = replace(ORDER, own_ids=frozenset({"in_0"}))
    found = own_invoices(known, [foreign, again, edited, mine])
    assert [row.stripe_id for row in found] == ["in_3", "in_1", "in_2"]
    assert own_invoices(ORDER, [foreign, again, edited]) == []
    paid = replace(mine, stripe_id="in_5", status="paid")
    assert own_invoices(ORDER, [mine, replace(mine, status="open"), paid])[0].status == "paid"
