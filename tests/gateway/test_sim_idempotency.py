"""Idempotency keys, faults and limits at the simulator are those that the gateway meets at Stripe.

Source: Stripe's API reference, "Idempotent requests", and its page on rate limits.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe
from sdk_account import Account

from po_toolkit.simulator import Simulator

DAY = 86_400
KEY = {"idempotency_key": "k"}


def make(account, key: str = "k", name: str = "Acme"):
    return account.v1.customers.create({"name": name}, {"idempotency_key": key})


def count(account) -> int:
    return len(account.sim.control.all("customer", account.key))


def test_the_same_key_and_body_answer_again_what_was_answered_first(account) -> None:
    first, again = make(account), make(account)
    assert (first.id, count(account)) == (again.id, 1)
    assert "Idempotent-Replayed" not in first.last_response.headers
    headers = again.last_response.headers
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert headers["Request-Id"] != headers["Original-Request"]
    assert [call.replayed for call in account.calls()] == [False, True]


def test_a_replay_is_byte_for_byte_the_first_answer_even_if_the_object_changed(account) -> None:
    first = make(account)
    account.v1.customers.update(first.id, {"name": "Renamed"})
    again = make(account)
    assert again.last_response.body == first.last_response.body


def test_the_same_key_with_another_body_or_path_is_an_error(account) -> None:
    make(account)
    with pytest.raises(stripe.IdempotencyError, match="same parameters") as caught:
        make(account, name="Other")
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        account.v1.invoices.create({"customer": "cus_x"}, KEY)
    assert count(account) == 1


def test_keys_of_two_accounts_do_not_meet(account) -> None:
    other = Account(account.sim, f"{account.key}other")
    assert make(account).id != make(other).id


def test_a_key_is_forgotten_after_24_hours(account) -> None:
    first = make(account)
    account.sim.control.advance(DAY - 60)
    assert make(account).id == first.id
    account.sim.control.advance(120)
    assert make(account).id != first.id


def test_a_refusal_of_parameters_is_not_kept_but_one_from_the_endpoint_is(account) -> None:
    create = account.v1.customers.create
    with pytest.raises(stripe.InvalidRequestError):
        create({"nmae": "Acme"}, KEY)
    assert make(account).name == "Acme"
    sent = account.sent()
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            account.v1.invoices.finalize_invoice(sent.id, None, {"idempotency_key": "f"})
    assert caught.value.headers["idempotent-replayed"] == "true"


def test_a_key_of_more_than_255_characters_is_refused(account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="255"):
        make(account, key="k" * 256)


def test_a_second_request_while_the_first_is_running_conflicts() -> None:
    with Simulator(latency=0.3) as sim:
        account = Account(sim, "sk_test_slow")
        with ThreadPoolExecutor(2) as pool:
            barrier = threading.Barrier(2)

            def attempt() -> tuple[int, str]:
                barrier.wait()
                try:
                    make(account)
                except stripe.StripeError as error:
                    return error.http_status, error.json_body["error"]["code"]
                return 200, ""

            outcomes = sorted(future.result() for future in [pool.submit(attempt) for _ in "ab"])
        assert outcomes == [(200, ""), (409, "idempotency_key_in_use")]
        assert count(account) == 1


def test_latency_does_not_queue_calls_behind_one_another() -> None:
    with Simulator(latency=0.2) as sim:
        account = Account(sim, "sk_test_slow")
        inside = 0
        most = 0
        lock = threading.Lock()

        def call(n: int) -> None:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            make(account, key=str(n))
            with lock:
                inside -= 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(call, range(8)))
        assert most == 8
        assert count(account) == 8


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1)])
def test_a_lost_connection_before_or_after_the_write(account, kind, done) -> None:
    account.sim.control.fail("/v1/customers", kind=kind)
    with pytest.raises(stripe.APIConnectionError):
        make(account)
    assert count(account) == done
    assert account.calls()[-1].status == 0
    make(account)
    assert count(account) == 1


@pytest.mark.parametrize(
    ("kind", "done", "stays"),
    [("500", 0, False), ("500_stored_before", 0, True), ("500_stored_after", 1, True)],
)
def test_a_500_that_is_kept_under_the_key_and_one_that_is_not(account, kind, done, stays) -> None:
    account.sim.control.fail("/v1/customers", kind=kind)
    with pytest.raises(stripe.APIError) as caught:
        make(account)
    assert caught.value.http_status == 500
    assert count(account) == done
    if stays:
        with pytest.raises(stripe.APIError) as again:
            make(account)
        assert again.value.headers["idempotent-replayed"] == "true"
        assert again.value.headers["stripe-should-retry"] == "false"
        make(account, key="next attempt")
    else:
        make(account)
    assert count(account) == done + 1


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, "rate_limit"),
        ("lock_timeout", 429, "lock_timeout"),
        ("409", 409, "idempotency_key_in_use"),
    ],
)
def test_a_busy_stripe_keeps_nothing_under_the_key(account, kind, status, code) -> None:
    account.sim.control.fail("/v1/customers", kind=kind)
    with pytest.raises(stripe.StripeError) as caught:
        make(account)
    # The SDK puts no code on errors of these statuses: it stands in the body alone.
    assert (caught.value.http_status, caught.value.json_body["error"]["code"]) == (status, code)
    make(account)
    assert count(account) == 1


def test_a_fault_hits_the_calls_it_names_after_those_it_skips(account) -> None:
    account.sim.control.fail("/v1/invoices/*/add_lines", kind="500", times=2, skip=1)
    account.draft()
    draft = account.v1.invoices.create({"customer": account.customer().id})
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            account.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 1}]})
    account.v1.invoices.add_lines(draft.id, {"lines": [{"amount": 1}]})
    with pytest.raises(ValueError, match="drop_before"):
        account.sim.control.fail(kind="earthquake")


@pytest.mark.parametrize(
    ("key", "path", "reason"),
    [
        ("sk_test_fast", "/v1/account", "global-rate"),
        ("sk_live_fast", "/v1/account", "endpoint-rate"),
    ],
)
def test_rate_limits_answer_429_and_say_which(key, path, reason) -> None:
    """25 a second for each endpoint; a sandbox has no more for the whole account either."""
    import requests

    with Simulator(rate_limits=True) as sim, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        answers = [session.get(sim.url + path, timeout=10) for _ in range(60)]
        refused = [a for a in answers if a.status_code == 429]
        assert sum(a.status_code == 200 for a in answers) >= 25
        assert refused
        assert {a.headers["Stripe-Rate-Limited-Reason"] for a in refused} == {reason}
        assert refused[0].json()["error"]["code"] == "rate_limit"


def test_a_key_that_is_wrong_or_revoked_is_refused_without_being_shown(account) -> None:
    account.customer()
    account.sim.control.revoke_key(account.key)
    with pytest.raises(stripe.AuthenticationError) as caught:
        account.customer()
    assert caught.value.http_status == 401
    assert account.key not in str(caught.value)
    account.sim.control.revoke_key(account.key, revoked=False)
    account.customer()
    with pytest.raises(stripe.AuthenticationError):
        Account(account.sim, "pk_test_public").customer()


def test_an_error_body_has_all_that_stripes_has(account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        account.v1.customers.retrieve("cus_nobody")
    error = caught.value.json_body["error"]
    assert error == {
        "code": "resource_missing",
        "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
        "message": "No such customer: 'cus_nobody'",
        "param": "id",
        "request_log_url": error["request_log_url"],
        "type": "invalid_request_error",
    }
    assert caught.value.request_id in error["request_log_url"]
    assert caught.value.http_status == 404


def test_another_version_of_the_api_is_refused(account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="version"):
        account.v1.customers.create({"name": "A"}, {"stripe_version": "2019-01-01"})


def test_an_unknown_address_is_refused(account) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        account.v1.plans.list()
