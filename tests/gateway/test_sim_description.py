"""The simulator takes and answers what Stripe's own OpenAPI description says.

Every other test here that uses ``account`` also validates all it was answered.
"""

from __future__ import annotations

import openapi
import pytest

from po_toolkit.simulator import parameters, routes


@pytest.fixture
def described() -> None:
    try:
        openapi.module_directory()
    except openapi.NotAvailableError as reason:
        openapi.unavailable(reason)


def test_parameters_are_what_stripe_describes(described) -> None:
    """Else the simulator takes a parameter that Stripe would refuse, or the other way round."""
    assert openapi.request_parameters() == parameters.described()


def test_every_served_call_is_described_and_every_honoured_parameter_exists() -> None:
    for route in routes.ROUTES:
        known = parameters.described()[route.endpoint]["fields"]
        assert route.takes - {"expand"} <= known.keys(), route.endpoint


def test_a_wrong_answer_would_be_noticed(described, account) -> None:
    """Else the validation of all other tests proves nothing."""
    account.sent()
    good = next(body for _, path, _, body in account.http.answers if path.endswith("/send"))
    assert openapi.faults(good, "invoice") == []
    assert openapi.faults({**good, "amount_due": "100"}, "invoice")
    assert openapi.faults({**good, "status": "sent"}, "invoice")
    assert openapi.faults({**good, "paid": True}, "invoice") == ["invented field invoice.paid"]
    assert openapi.faults({k: v for k, v in good.items() if k != "total"}, "invoice")
