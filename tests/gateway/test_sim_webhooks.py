"""Webhooks from the simulator are signed like Stripe's and come again until they are taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import stripe
from sdk_account import Account

from po_toolkit.simulator import Simulator

SECRET = "whsec_one"


class Receiver:
    """A small HTTP server that keeps what was posted."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict, str, bytes]] = []
        self.arrived = threading.Semaphore(0)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((json.loads(body), self.headers["Stripe-Signature"], body))
                self.send_response(receiver.status)
                self.end_headers()
                receiver.arrived.release()

            def log_message(self, *args) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def types(self) -> list[str]:
        return [event["type"] for event, _, _ in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


def test_a_delivery_is_signed_and_shows_the_event_as_the_api_does(account, receiver) -> None:
    account.sim.control.send_webhooks_to(receiver.url, SECRET, account.key)
    account.customer()
    (delivery,) = account.sim.control.deliver()
    assert (delivery.type, delivery.status) == ("customer.created", 200)
    event, header, body = receiver.got[0]
    assert stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body, header, "whsec_other", 300)
    listed = account.v1.events.list().data[0].to_dict()
    assert {**listed, "pending_webhooks": 0} == {**event, "pending_webhooks": 0}
    assert account.sim.control.deliver() == []


def test_while_a_secret_rolls_both_sign(account, receiver) -> None:
    account.sim.control.send_webhooks_to(receiver.url, [SECRET, "whsec_two"], account.key)
    account.customer()
    account.sim.control.deliver()
    _, header, body = receiver.got[0]
    for secret in (SECRET, "whsec_two"):
        assert stripe.WebhookSignature.verify_header(body, header, secret, 300)


def test_what_is_not_acknowledged_comes_again(account, receiver) -> None:
    account.sim.control.send_webhooks_to(receiver.url, SECRET, account.key)
    account.customer()
    receiver.status = 500
    assert [d.status for d in account.sim.control.deliver()] == [500]
    assert [e["type"] for e in account.sim.control.pending()] == ["customer.created"]
    receiver.status = 200
    assert [d.status for d in account.sim.control.deliver()] == [200]
    assert account.sim.control.pending() == []


def test_events_can_be_delivered_twice_and_out_of_order(account, receiver) -> None:
    account.sim.control.send_webhooks_to(receiver.url, SECRET, account.key)
    account.sim.control.pay(account.sent().id)
    events = [event["id"] for event in account.sim.control.pending()]
    account.sim.control.deliver([events[-1], events[0], events[-1]])
    got = [event["id"] for event, _, _ in receiver.got]
    assert got == [events[-1], events[0], events[-1]]
    assert len(account.sim.control.pending()) == len(events) - 2


def test_an_account_that_nobody_listens_to_delivers_nothing(account, receiver) -> None:
    account.sim.control.send_webhooks_to(receiver.url, SECRET, "sk_test_someone_else")
    account.customer()
    assert account.sim.control.deliver() == []
    account.sim.control.stop_webhooks("sk_test_someone_else")


def test_a_receiver_that_is_down_loses_nothing(account) -> None:
    gone = Receiver()
    account.sim.control.send_webhooks_to(gone.url, SECRET, account.key)
    gone.server.shutdown()
    gone.server.server_close()
    account.customer()
    assert [d.status for d in account.sim.control.deliver()] == [0]
    assert len(account.sim.control.pending()) == 1
    account.sim.control.stop_webhooks(account.key)
    assert account.sim.control.pending() == []


def test_events_can_be_posted_as_they_happen(receiver) -> None:
    with Simulator(deliver="at_once") as sim:
        account = Account(sim, "sk_test_live_wire")
        sim.control.send_webhooks_to(receiver.url, SECRET)
        account.customer()
        assert receiver.arrived.acquire(timeout=10)
        assert receiver.types() == ["customer.created"]


def test_another_process_can_do_all_of_it_over_http(account, receiver) -> None:
    """The demo and the chaos tests run the simulator in a process of its own."""

    def act(name: str, **arguments):
        answer = requests.post(f"{account.sim.url}/_sim/{name}", json=arguments, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    act("send_webhooks_to", url=receiver.url, secret=SECRET, account=account.key)
    sent = account.sent(10_000)
    assert act("pay", invoice_id=sent.id, amount=2_500)["amount_paid"] == 2_500
    assert {d["status"] for d in act("deliver")} == {200}
    assert act("get", object_id=sent.id)["amount_remaining"] == 7_500
    before = act("advance", seconds=0)
    assert act("advance", seconds=60) >= before + 60
    act("fail", path="/v1/account", method="GET", kind="500")
    with pytest.raises(stripe.APIError):
        account.v1.accounts.retrieve_current()
    assert [c["status"] for c in act("calls") if c["account"] == account.key][-1] == 500
    assert act("mails")[-1]["invoice"] == sent.id
    act("clear_faults")
    wrong = requests.post(f"{account.sim.url}/_sim/pay", json={"invoice_id": "in_x"}, timeout=10)
    assert wrong.status_code == 400
    assert "in_x" in wrong.json()["error"]
    assert requests.post(f"{account.sim.url}/_sim/fly", timeout=10).status_code == 404
    assert "pay" in requests.get(f"{account.sim.url}/_sim/", timeout=10).json()["acts"]
