"""Refunds and credit notes above a set amount: one person alone cannot send money away."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from po_toolkit import create_stripe_invoice
from po_toolkit.api.ledger import credit, refund
from po_toolkit.api.sync import sync_conference
from po_toolkit.config import ConferenceSettings
from po_toolkit.domain.roles import Actor, Role
from po_toolkit.errors import PurchaseOrderError, SecondPersonNeededError
from tests.conftest import KEY, fresh


@pytest.fixture
def people(opened):
    """Ada at the command line, Ada in the app, and Bob."""
    strict = opened.settings.model_copy(update={"second_person_above": {"usd": Decimal(500)}})
    guarded = replace(opened, settings=strict)
    guarded.__dict__["gateway"] = opened.gateway
    names = ("cli:ada@example.org", "app:ada@example.org", "app:bob@example.org")
    return [guarded.acting_as(Actor(name, Role.TREASURER)) for name in names]


@pytest.fixture
def order(opened, simulator, make_order):
    """A purchase order of 1,000.00 that was paid by card."""
    made = make_order(("Booth", 1, "1000.00"))
    create_stripe_invoice(made, opened=opened)
    sent = fresh(opened, made)
    simulator.control.pay(sent.stripe_invoice_id, account=KEY)
    sync_conference(opened)
    return fresh(opened, made)


def refunded(opened, order):
    return fresh(opened, order).sums.refunded


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_large_refund_takes_two_people_and_goes_out_once(people, opened, order, simulator):
    """Whoever steals one session, or is tempted, must not empty the account."""
    ada, ada_in_the_app, bob = people
    for asking in (ada, ada, ada_in_the_app):
        with pytest.raises(SecondPersonNeededError, match=r"600\.00 USD needs a second person"):
            refund(asking, order.reference, amount=Decimal(600))
    assert refunded(opened, order) == 0
    with pytest.raises(SecondPersonNeededError):
        refund(bob, order.reference, amount=Decimal(700))  # another amount is another refund
    refund(bob, order.reference, amount=Decimal(600))
    assert refunded(opened, order) == 60_000
    with pytest.raises(PurchaseOrderError):  # what was confirmed is used up
        refund(bob, order.reference, amount=Decimal(600))
    assert len(simulator.control.all("refund", account=KEY)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_parts_of_a_large_refund_take_two_people_too(people, opened, order):
    """Else nine refunds of 499 are what one of 4,491 may not be."""
    ada, _, bob = people
    refund(ada, order.reference, amount=Decimal(400))
    with pytest.raises(SecondPersonNeededError):
        refund(ada, order.reference, amount=Decimal(200))
    refund(bob, order.reference, amount=Decimal(200))
    assert refunded(opened, order) == 60_000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_large_credit_note_takes_two_people_within_two_weeks(people, opened, make_order, clock):
    """A debt that is forgiven is money, too."""
    made = make_order(("Booth", 1, "1000.00"))
    ada, _, bob = people
    with pytest.raises(SecondPersonNeededError):
        credit(ada, made.reference, amount=Decimal(600), reason="Agreed")
    clock.advance(days=15)
    with pytest.raises(SecondPersonNeededError):
        credit(bob, made.reference, amount=Decimal(600), reason="Agreed")
    credit(ada, made.reference, amount=Decimal(600), reason="Agreed")
    assert fresh(opened, made).sums.credited == 60_000


def test_a_currency_that_is_not_named_takes_two_people_for_any_amount():
    """A limit in dollars says nothing about yen."""
    settings = ConferenceSettings(name="x", second_person_above={"USD": "500"})
    assert not settings.needs_second_person(50_000, "usd")
    assert settings.needs_second_person(50_001, "usd")
    assert settings.needs_second_person(1, "jpy")
    assert not ConferenceSettings(name="x").needs_second_person(10**9, "usd")
    with pytest.raises(ValueError, match="usx"):
        ConferenceSettings(name="x", second_person_above={"usx": "500"})
