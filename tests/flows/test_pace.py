"""The pace of one Stripe account: as fast as its limits allow, and never faster."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from po_toolkit.store.permits import SHARE, account_pace, next_start
from tests.conftest import KEY


def test_starts_of_one_account_never_pass_its_limit_and_429_spreads_them(opened, monkeypatch):
    now = 1_000_000_000_000
    slept: list[float] = []
    monkeypatch.setattr("po_toolkit.store.permits.time.time_ns", lambda: now)
    monkeypatch.setattr("po_toolkit.store.permits.time.sleep", slept.append)
    monkeypatch.setattr("po_toolkit.store.permits.time.monotonic", lambda: 0.0)
    pace = account_pace(opened.store, SecretStr(KEY))
    other = account_pace(opened.store, SecretStr(KEY))
    for n in range(72):
        (pace if n % 2 else other).wait(f"post /v1/endpoint{n % 5}")
    starts = [0.0, *slept]
    assert starts == sorted(starts)
    assert all(later - start > 1 for start, later in zip(starts, starts[24:], strict=False))
    assert starts[-1] < 3
    for _ in range(15):
        pace.slow_down()
    slept.clear()
    for _ in range(48):
        pace.wait("post /v1/other")
    assert slept[-1] - slept[-25] > 2


@given(
    waits=st.lists(st.integers(0, 3_000_000) | st.integers(0, 50_000), max_size=150),
    limit=st.sampled_from([25, 100]),
)
def test_no_second_holds_more_calls_than_the_limit_whenever_they_are_asked_for(waits, limit):
    now, starts = 1_000_000_000_000, []
    for wait in waits:
        now += wait
        start = next_start(starts[-limit:], now, limit)
        assert start >= now
        starts.append(start)
    for first, last in zip(starts, starts[int(limit * SHARE) :], strict=False):
        assert last - first >= 1_000_000


def test_what_a_standstill_cost_is_caught_up_and_a_wrong_clock_stops_nobody():
    now = 1_000_000_000_000
    early = [now - 700_000 + 32_000 * n for n in range(12)]
    gaps = []
    for _ in range(10):
        early.append(next_start(early, now, 25))
        gaps.append(early[-1] - early[-2])
    assert max(gaps[1:]) < 1_000_000 / 25
    assert next_start([now + 3_600_000_000], now, 25) == now
