"""A schedule that reminds twice, or of a past step, makes a sponsor angry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from po_toolkit.domain.reminders import due_step, passed_steps, step_label

DAYS = st.integers(-60, 120)


@given(st.sets(st.integers(-30, 60), max_size=6), st.lists(DAYS, max_size=30))
def test_whatever_the_days_it_is_run_on_steps_go_up_and_none_comes_twice(schedule, days):
    taken: set[int] = set()
    sent: list[int] = []
    for day in sorted(days):
        step = due_step(schedule, taken, day)
        if step is not None:
            assert step <= day
            taken |= {step, *passed_steps(schedule, taken, step)}
            sent.append(step)
    assert sent == sorted(set(sent))
    assert {s for s in schedule if days and s <= max(days)} <= taken


def test_a_late_start_sends_the_latest_step_only():
    assert due_step([-7, 0, 14], (), 20) == 14
    assert passed_steps([-7, 0, 14], (), 14) == [-7, 0]
    assert due_step([-7, 0, 14], {14}, 20) is None
    assert due_step([-7, 0, 14], (), -8) is None


def test_steps_read_well():
    assert [step_label(s) for s in (-7, -1, 0, 1, 14)] == [
        "7 days before it is due",
        "1 day before it is due",
        "on the due date",
        "1 day past due",
        "14 days past due",
    ]
