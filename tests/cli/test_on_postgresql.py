"""The installation on PostgreSQL: what dies comes back, and nothing is booked or billed twice."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.cli.workplace import SLUG, Workplace
from tests.postgres import binaries

SECRET = "whsec_abcdefghijklmnop"


@pytest.fixture
def place(work: Workplace, postgres_server):
    """A workplace whose books are on a server, by the name of the database."""
    name = postgres_server.create()
    local = f"sqlite:///{work.folder}/books.db"
    work.config.write_text(work.config.read_text().replace(local, postgres_server.url(name)))
    yield work, name
    postgres_server.drop(name)


def wait_until(true, what):
    until, pause = time.monotonic() + 240, Event()
    while not true():
        assert time.monotonic() < until, what
        pause.wait(0.2)


def answer(method, url, **more):
    try:
        return requests.request(method, url, timeout=60, **more).status_code
    except requests.ConnectionError:
        return 0


def workers_of(parent):
    """The processes that a service started to work its events."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
            line = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(after[1]) == parent and b"spawn_main" in line:
            found.append(int(stat.parent.name))
    return found


def deliver(url, event):
    body = json.dumps(event).encode()
    moment = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return answer("POST", url, data=body, headers={"Stripe-Signature": f"t={moment},v1={digest}"})


def paid(work, number):
    """Invoice a sponsor, let it be paid, and return the reference and Stripe's event."""
    reference, invoice = work.invoiced(po_number=str(number), organization_name=f"Sponsor {number}")
    work.simulator.control.pay(invoice, account=work.key)
    events = work.simulator.control.all("event", account=work.key)
    (event,) = [
        e
        for e in events
        if e["type"] == "invoice_payment.paid" and e["data"]["object"]["invoice"] == invoice
    ]
    return reference, event


def status(work, reference):
    rows = work.json("reconcile", "--conference", SLUG)["rows"]
    return next(row["status"] for row in rows if row["reference"] == reference)


def test_a_killed_worker_is_replaced_and_a_lost_database_comes_back(place, postgres_server):
    """Machines and networks fail at night; in the morning every payment must be there, once."""
    work, _ = place
    sent = [paid(work, number) for number in range(3)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    hook = f"{base}/webhooks/stripe/{SLUG}"
    log = work.folder / "service.log"
    words = ("webhook", "serve", "--port", str(port), "--sync-minutes", "0")
    service = subprocess.Popen(
        [sys.executable, "-m", "po_toolkit", *words],
        cwd=work.folder,
        env=work.environment,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until(lambda: answer("GET", f"{base}/healthz") == 200, log.read_text())
        assert deliver(hook, sent[0][1]) == 200
        wait_until(lambda: status(work, sent[0][0]) == "paid", "the first event")
        (first,) = workers_of(service.pid)
        os.kill(first, signal.SIGKILL)
        assert deliver(hook, sent[1][1]) == 200
        wait_until(lambda: status(work, sent[1][0]) == "paid", "another worker")
        assert first not in workers_of(service.pid)
        postgres_server.stop()
        try:
            assert answer("GET", f"{base}/healthz") == 503
            assert "po_toolkit_database_up 0" in requests.get(f"{base}/metrics", timeout=60).text
            assert deliver(hook, sent[2][1]) == 503
        finally:
            postgres_server.start()
        wait_until(lambda: deliver(hook, sent[2][1]) == 200, "the database")
        wait_until(lambda: status(work, sent[2][0]) == "paid", "the last event")
        for _, event in sent:
            assert deliver(hook, event) == 200
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
    totals = work.json("reconcile", "--conference", SLUG)["totals"]["usd"]
    assert (totals["paid"], totals["balance"]) == ("3000.00", "0.00")
    assert "postgres@" not in log.read_text()


def test_a_backup_of_last_week_bills_nobody_again(place, postgres_server):
    """A restore forgets what was invoiced and paid since; Stripe does not."""
    work, name = place
    for number in range(3):
        work.order(po_number=str(number), organization_name=f"Sponsor {number}")
    url, dump = postgres_server.url(name), work.folder / "books.dump"
    folder = binaries()
    subprocess.run([folder / "pg_dump", "--format=custom", f"--file={dump}", url], check=True)
    assert work.json("invoice", "--conference", SLUG, "--all-draft")["invoiced"] == 3
    for invoice in work.simulator.control.all("invoice", account=work.key)[:2]:
        work.simulator.control.pay(invoice["id"], account=work.key)
    work.json("sync", "--conference", SLUG)
    before = work.json("reconcile", "--conference", SLUG)["totals"]
    restore = ("--clean", "--if-exists", f"--dbname={url}")
    subprocess.run([folder / "pg_restore", *restore, dump], check=True)
    work.run("init")
    work.json("sync", "--conference", SLUG, "--full")
    work.json("invoice", "--conference", SLUG, "--all-draft")
    assert work.json("reconcile", "--conference", SLUG)["totals"] == before
    assert len(work.simulator.control.all("invoice", account=work.key)) == 3
    assert work.run("verify").exit_code == 0
