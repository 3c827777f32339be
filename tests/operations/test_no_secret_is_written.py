"""Every process, with its database and Stripe broken: nothing that it writes holds a secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from po_toolkit import logs
from po_toolkit.logs import get_logger, hide_in, redact

ROOT = Path(__file__).parents[2]
SLUG = "pycon-2027"
SECRETS = {
    "key": "sk_test_PLANTEDstripeKey0123456789",
    "signing": "whsec_PLANTEDsigning0123456789",
    "password": "PLANTED-database-pw",
    "client": "PLANTED-oidc-client",
    "cookie": "PLANTED-cookie-0123456789abcdefghijklmnop",
}
SETTINGS = """
[auth]
redirect_uri = "http://127.0.0.1:8501/oauth2callback"
cookie_secret = "{cookie}"
client_id = "po-toolkit"
client_secret = "{client}"
server_metadata_url = "http://127.0.0.1:1/.well-known/openid-configuration"

[po_toolkit]
database_url = "{database}"
stripe_api_base = "http://127.0.0.1:1"

[po_toolkit.conferences.pycon-2027]
name = "PyCon 2027"
stripe_secret_key = "{key}"
stripe_webhook_secret = "{signing}"
"""


def wait_until(true, what):
    until, pause = time.monotonic() + 120, Event()
    while not true():
        assert time.monotonic() < until, what
        pause.wait(0.2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


class Processes:
    """Commands that run in a folder, each writing into a file of its own."""

    def __init__(self, folder):
        self.folder, self.running, self.logs = folder, [], []
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PO_TOOLKIT_")}
        self.environment = inherited | {"PYTHONPATH": str(ROOT), "PO_TOOLKIT_LOG_FORMAT": "json"}

    def start(self, *words):
        log = self.folder / f"log-{len(self.logs)}.txt"
        self.logs.append(log)
        self.running.append(
            subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=self.folder,
                env=self.environment,
                stdout=log.open("wb"),
                stderr=subprocess.STDOUT,
            )
        )
        return self.running[-1]

    def stop(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(timeout=60)

    def written(self):
        return {log.name: log.read_text("utf-8", "replace") for log in self.logs}


@pytest.fixture
def processes(tmp_path):
    found = Processes(tmp_path)
    yield found
    found.stop()


def visit(port):
    """Open the app's page, as a browser does."""
    message = BackMsg()
    message.rerun_script.SetInParent()
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    with connect(address, origin=f"http://127.0.0.1:{port}", open_timeout=60) as page:
        page.send(message.SerializeToString())
        while not ForwardMsg.FromString(page.recv(timeout=240)).HasField("script_finished"):
            pass


def test_no_process_writes_a_secret_when_its_database_and_stripe_break(
    processes, postgres_server, tmp_path
):
    """Logs are shipped to collectors and pasted into issues: a key in them is a key given away."""
    name = postgres_server.create()
    database = postgres_server.url(name).replace("postgres@", f"postgres:{SECRETS['password']}@")
    config = tmp_path / ".streamlit" / "secrets.toml"
    config.parent.mkdir()
    config.write_text(SETTINGS.format(database=database, **SECRETS))
    (tmp_path / ".streamlit" / "config.toml").write_text(
        (ROOT / ".streamlit" / "config.toml").read_text()
    )
    hook, app = free_port(), free_port()
    service = f"http://127.0.0.1:{hook}"
    processes.start("po_toolkit", "webhook", "serve", "--port", str(hook))
    processes.start("po_toolkit", "worker")
    processes.start("streamlit", "run", str(ROOT / "app.py"), f"--server.port={app}")
    wait_until(lambda: answers(f"{service}/healthz"), processes.written())
    wait_until(lambda: answers(f"http://127.0.0.1:{app}/_stcore/health") == 200, "the app")
    processes.start("po_toolkit", "sync", "--conference", SLUG).wait(120)
    postgres_server.drop(name)
    body = b'{"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}'
    moment = int(time.time())
    digest = hmac.new(SECRETS["signing"].encode(), f"{moment}.".encode() + body, hashlib.sha256)
    answer = requests.post(
        f"{service}/webhooks/stripe/{SLUG}",
        data=body,
        headers={"Stripe-Signature": f"t={moment},v1={digest.hexdigest()}"},
        timeout=60,
    )
    assert answer.status_code == 503
    visit(app)
    for words in (("status",), ("sync", "--conference", SLUG), ("init",)):
        processes.start("po_toolkit", *words).wait(120)
    wait_until(lambda: "the work waits" in processes.logs[1].read_text(), "the worker notices")
    processes.stop()
    for log, text in processes.written().items():
        assert text, log
        assert "PLANTED" not in text, (log, text)


def test_a_process_of_ours_writes_files_for_its_owner_alone(processes, tmp_path):
    """Other accounts of the machine have no business with sponsors and their money."""
    config = tmp_path / "settings.toml"
    config.write_text(SETTINGS.format(database=f"sqlite:///{tmp_path}/new/books.db", **SECRETS))
    processes.environment["PO_TOOLKIT_CONFIG"] = str(config)
    processes.environment["PO_TOOLKIT_STRIPE_API_BASE"] = "http://127.0.0.1:1"
    for words in (
        ("init",),
        ("template", "--out", "sponsors.csv"),
        ("reconcile", "--conference", SLUG, "--out", "books.csv"),
    ):
        processes.start("po_toolkit", *words).wait(120)
    made = [tmp_path / "new", *(tmp_path / "new").iterdir()]
    made += [tmp_path / "sponsors.csv", tmp_path / "books.csv"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    assert modes["new"] == 0o700, processes.written()
    assert {n: oct(m) for n, m in modes.items() if n != "new" and m != 0o600} == {}


def test_a_host_program_that_sets_up_no_logging_sees_no_local_variables(
    capsys, caplog, monkeypatch
):
    """A Flask app that imports the toolkit has its own way of logging, or none."""
    monkeypatch.setattr(logs, "_configured", False)  # a command in this process may have set it up
    password = "PLANTED-local"
    try:
        int("refused")
    except ValueError:
        get_logger("po_toolkit.test").exception("failed", url=f"postgresql://u:{password}@host/x")
    shown = "".join(capsys.readouterr()) + caplog.text
    assert "ValueError: invalid literal" in shown
    assert "PLANTED" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "sk_org_live_PLANTED0123",
        "sk_org_PLANTED0123",
        "rk_live_PLANTED0123",
        "postgresql://me:PLANTED@p@db.example.org/books?x=1",
        "password=PLANTED host=db",
        "client_secret='PLANTED words'",
        '{"cookie_secret": "PLANTED"}',
        "hook https://hooks.slack.example/services/T0/PLANTEDhook failed",
        "quoted https%3A%2F%2Fhooks.slack.example%2Fservices%2FT0%2FPLANTEDhook",
    ],
)
def test_each_kind_of_secret_is_known(text):
    """An error text of a library may quote any of them."""
    hide_in(
        {"notify": {"slack_webhook_url": "https://hooks.slack.example/services/T0/PLANTEDhook"}}
    )
    assert "PLANTED" not in redact(text)
    assert redact("10:30 ap@sponsor.example paid PO-7KQ2MX") == (
        "10:30 ap@sponsor.example paid PO-7KQ2MX"
    )
