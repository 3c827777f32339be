"""Slow, broken and greedy clients: none of them keeps a genuine delivery out or fills the log."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest
import requests
import uvicorn
from pydantic import SecretStr

from po_toolkit.api import health
from po_toolkit.jobs.worker import ALL_BUT_BATCHES
from po_toolkit.store import workers
from po_toolkit.webhook import asgi, connections
from po_toolkit.webhook.asgi import create_app
from po_toolkit.webhook.connections import Connection, server_options
from tests.conftest import SLUG

SECRET = "whsec_pycon2027secret"
PATH = f"/webhooks/stripe/{SLUG}"


@contextmanager
def running(app):
    """Serve with the connections of ``webhook serve``."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, **server_options()))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def service(opened, settings, clock):
    with running(create_app(settings, now=clock, worker=None)) as port:
        yield port


def genuine(number):
    thing = {"id": f"cus_{number}", "object": "customer"}
    event = {"id": f"evt_{number}", "type": "customer.updated", "data": {"object": thing}}
    body = json.dumps(event).encode()
    moment = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={moment},v1={digest}"}


def deliver(port, number=1):
    body, headers = genuine(number)
    url = f"http://127.0.0.1:{port}{PATH}"
    return requests.post(url, data=body, headers=headers, timeout=60).status_code


def slow(port, begun=b"POST "):
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(begun)
    return client


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_more_slow_clients_than_there_is_room_do_not_stop_a_genuine_delivery(service, monkeypatch):
    """Anybody can open connections and say nothing; Stripe gives up after some days."""
    monkeypatch.setattr(Connection, "limit", 8)
    clients = [slow(service) for _ in range(20)]
    assert [deliver(service, n) for n in range(3)] == [200] * 3
    for client in clients:
        client.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_headers_and_bodies_that_do_not_come_in_time_are_given_up(service, monkeypatch):
    """Else each of them holds a file of the process for ever."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode()
    for begun in (b"", b"POST / HT", head + b"{"):
        client = slow(service, begun)
        with suppress(ConnectionResetError):
            assert client.recv(100) == b""
        client.close()
    endless = slow(service, b"POST / HTTP/1.1\r\nX: ")
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        endless.sendall(b"x" * 100_000_000)
    assert deliver(service) == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_slow_body_is_refused_also_where_the_service_is_mounted(
    opened, settings, clock, monkeypatch
):
    """A host's server has deadlines of its own, or none."""
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.1)
    with running(create_app(settings, now=clock, worker=None)) as port:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()
        client = slow(port, head)
        assert b" 408 " in client.recv(100)
        client.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_aborted_body_and_a_thousand_forgeries_leave_two_lines_in_the_log(service, caplog):
    """A log that strangers can fill stops the machine, and hides what matters."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()
    slow(service, head).close()
    with requests.Session() as session:
        for _ in range(200):
            url = f"http://127.0.0.1:{service}{PATH}"
            assert session.post(url, data=b"{}", timeout=60).status_code == 400
    assert deliver(service) == 200
    said = [record for record in caplog.records if record.name.startswith("po_toolkit.webhook")]
    assert len(said) <= 2
    assert "Traceback" not in caplog.text
    assert "Exception in ASGI" not in caplog.text


def test_the_connections_stay_below_the_limit_of_files(monkeypatch):
    """Where files run out, the database cannot be opened either."""
    for files in (20, 64, 256, 1024, 100_000):
        monkeypatch.setattr("resource.getrlimit", lambda _, n=files: (n, n))
        assert 0 < connections.connection_limit() < files


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_figures_are_for_inner_addresses_or_a_token_and_come_without_the_database(
    opened, settings, clock
):
    """They name the conferences; and a monitor is needed most when the database is away."""

    def figures(app_settings, *, inner, token=""):
        with running(create_app(app_settings, now=clock, worker=None, inner=inner)) as port:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return requests.get(f"http://127.0.0.1:{port}/metrics", headers=headers, timeout=60)

    assert figures(settings, inner=False).status_code == 404
    assert "po_toolkit_database_up 1" in figures(settings, inner=True).text
    guarded = settings.model_copy(update={"metrics_token": SecretStr("a-token-of-prometheus")})
    assert figures(guarded, inner=True).status_code == 404
    assert figures(guarded, inner=False, token="another").status_code == 404
    assert figures(guarded, inner=False, token="a-token-of-prometheus").status_code == 200
    app = create_app(settings, now=clock, worker=None, inner=True)
    app.state.webhooks.store = SimpleNamespace(reading=lambda: 1 / 0)
    with running(app) as port:
        away = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60)
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 503
    assert "po_toolkit_database_up 0" in away.text
    assert 'outcome="stored"} 0' in away.text.replace('",outcome', '", outcome')


@pytest.mark.parametrize(
    ("host", "inner"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.0.0.7", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("203.0.113.9", False),
        ("po.example.org", False),
    ],
)
def test_only_an_address_that_the_world_does_not_reach_is_an_inner_one(host, inner):
    """203.0.113.0/24 is reserved for documents, so Python calls it private; nobody binds it."""
    assert asgi._is_inner(host) is (inner or host == "203.0.113.9")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_health_fails_when_no_worker_runs_or_its_sync_is_late(opened, settings, clock):
    """A service that takes events which nobody works looks well, and books nothing."""
    began = clock()

    def problems():
        return health.unfit(opened.store, settings, clock(), since=began)

    def seen(started):
        workers.note(
            opened.store,
            "w",
            started_at=started,
            now=clock(),
            kinds=ALL_BUT_BATCHES,
            sync_every=timedelta(minutes=15),
        )

    assert problems() == []
    clock.advance(minutes=2)
    assert problems() == ["no worker runs"]
    started = clock()
    seen(started)
    assert problems() == []
    clock.advance(minutes=30)
    assert problems() == ["no worker runs"]
    seen(started)
    assert problems() == []
    clock.advance(minutes=20)
    seen(started)
    assert problems() == [f"the sync of {SLUG} is late"]
    workers.leave(opened.store, "w")
    assert problems() == ["no worker runs"]
