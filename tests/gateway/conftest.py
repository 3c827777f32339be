"""A simulator with an account of its own for each test; whatever it answers is validated."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from po_toolkit.simulator import Simulator

# pytest's importlib mode leaves a test's own folder off the path; openapi and sdk_account lie here.
sys.path.insert(0, str(Path(__file__).parent))

import openapi
import stripe_mock
from sdk_account import Account

_keys = (f"sk_test_account{n}" for n in itertools.count(1))


@pytest.fixture(scope="session")
def shared_sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(shared_sim: Simulator) -> Iterator[Simulator]:
    """The simulator; its clock may have been moved ahead by other tests."""
    yield shared_sim
    shared_sim.control.clear_faults()


@pytest.fixture
def account(sim: Simulator) -> Iterator[Account]:
    """An account that no other test sees; its answers must be what Stripe describes."""
    opened = Account(sim, next(_keys))
    yield opened
    sim.control.stop_webhooks(opened.key)
    try:
        openapi.module_directory()
    except openapi.NotAvailableError:
        return  # test_sim_description.py says so loudly
    assert opened.faults() == []
    _validated["answers"] += sum(status == 200 for *_, status, _ in opened.http.answers)
    _validated["requests"] += len(opened.http.answers)
    _validated["events"] += len(sim.control.all("event", opened.key))
    _validated["endpoints"] |= {
        openapi.endpoint_of(method, path)
        for method, path, status, _ in opened.http.answers
        if status == 200
    }


_validated: dict[str, Any] = {"answers": 0, "requests": 0, "events": 0, "endpoints": set()}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much of the simulator was compared with Stripe's own description."""
    if _validated["requests"]:
        served = len(_validated["endpoints"])
        terminalreporter.write_line(
            f"Compared with Stripe's OpenAPI description, none deviates: {_validated['requests']} "
            f"requests, {_validated['answers']} answers of {served} of {len(openapi.ENDPOINTS)} "
            f"endpoints, {_validated['events']} events."
        )


@pytest.fixture(scope="session")
def stripe_mock_url() -> Iterator[str]:
    """Stripe's own mock server; where none can be had, a loud skip, and in CI a failure."""
    try:
        with stripe_mock.running() as url:
            yield url
    except stripe_mock.NotAvailableError as reason:
        said = f"THE CALLS WE MAKE ARE NOT CHECKED AGAINST STRIPE'S MOCK: {reason}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
