"""A row that goes back to a state it has left could be billed, booked or worked twice."""

from __future__ import annotations

import pytest

from po_toolkit.domain.states import (
    LIVE_STATES,
    EventState,
    IntentStep,
    InvoiceState,
    InvoiceStep,
    JobState,
    may_follow,
)


@pytest.mark.parametrize("state", [*InvoiceState])
def test_an_invoice_that_ended_is_never_live_again(state):
    for ended in (InvoiceState.VOID, InvoiceState.DELETED):
        assert may_follow(ended, state) == (state is ended)


def test_only_an_ended_invoice_makes_room_for_the_next_one():
    ended = {InvoiceState.REPLACED, InvoiceState.VOID, InvoiceState.DELETED}
    assert {*InvoiceState} - LIVE_STATES == ended


@pytest.mark.parametrize("step", [s for s in InvoiceStep if s is not InvoiceStep.DONE])
def test_an_invoice_that_was_sent_is_never_sent_again(step):
    assert may_follow(step, InvoiceStep.DONE)
    assert not may_follow(InvoiceStep.DONE, step)


def test_money_that_was_booked_is_never_told_again():
    assert [s for s in IntentStep if may_follow(IntentStep.DONE, s)] == [IntentStep.DONE]


def test_an_invoiced_item_and_a_processed_event_are_never_worked_again():
    after = [s for s in JobState if may_follow(JobState.INVOICED, s)]
    assert after == [JobState.INVOICED]
    after = [s for s in EventState if may_follow(EventState.PROCESSED, s)]
    assert after == [EventState.PROCESSED]
