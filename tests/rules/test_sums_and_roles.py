"""A status follows from the sums, and nobody does what his role does not permit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from po_toolkit.domain.references import REFERENCE_ALPHABET, comparable, new_reference
from po_toolkit.domain.roles import Act, Actor, Role, require
from po_toolkit.domain.sums import Status, Sums, money_status
from po_toolkit.errors import NotAllowedError

amounts = st.integers(min_value=0, max_value=10**12)


@given(total=amounts, credited=amounts, paid=amounts, refunded=amounts)
def test_the_identity_holds_and_the_status_says_what_the_balance_says(
    total, credited, paid, refunded
):
    sums = Sums(total, credited, paid, refunded, active=bool(credited or paid or refunded))
    assert total == credited + paid - refunded + sums.balance
    status = money_status(sums, sent=True, cancelled=False)
    assert (status is Status.OVERPAID) == (sums.balance < 0)
    if status is Status.PAID:
        assert sums.balance == 0
    if status is Status.PARTIALLY_PAID:
        assert sums.balance > 0
        assert paid > 0


def test_cancelled_stays_cancelled_whatever_money_arrives():
    paid = Sums(total=100, paid=250, active=True)
    assert money_status(paid, sent=True, cancelled=True) is Status.CANCELLED


def test_nothing_on_it_is_a_draft_until_the_sponsor_has_it():
    assert money_status(Sums(total=100), sent=False, cancelled=False) is Status.DRAFT
    assert money_status(Sums(total=100), sent=True, cancelled=False) is Status.SENT


@pytest.mark.parametrize("act", list(Act))
def test_a_viewer_changes_nothing_and_an_admin_may_do_all(act):
    with pytest.raises(NotAllowedError, match="viewer"):
        require(Actor("eve", Role.VIEWER), act)
    require(Actor("ada", Role.ADMIN), act)


@pytest.mark.parametrize(
    "act", [Act.RECORD_PAYMENT, Act.ISSUE_CREDIT_NOTE, Act.REFUND, Act.REVERSE, Act.CANCEL]
)
def test_money_takes_a_treasurer(act):
    with pytest.raises(NotAllowedError, match="treasurer"):
        require(Actor("otto", Role.OPERATOR), act)
    require(Actor("tess", Role.TREASURER), act)


def test_references_are_read_aloud_without_mistakes():
    drawn = {new_reference() for _ in range(200)}
    assert len(drawn) == 200
    assert all(set(r.removeprefix("PO-")) <= set(REFERENCE_ALPHABET) for r in drawn)
    assert not set("01OI") & set(REFERENCE_ALPHABET)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Café  GmbH", "cafe\u0301 gmbh"), (" ACME ", "acme"), ("STRASSE", "straße")],
)
def test_names_that_differ_in_spelling_only_are_the_same(one, other):
    assert comparable(one) == comparable(other)
