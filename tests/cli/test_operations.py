"""What somebody who runs an installation types."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import pytest
import requests
from sqlalchemy import text

from po_toolkit.api import doctor
from po_toolkit.api.contact import ContactChanges, attach_file, change_contact
from po_toolkit.api.delivery import deliver
from po_toolkit.api.home import log_call
from po_toolkit.api.webhook_work import work_events
from po_toolkit.api.webhooks import keep_deliveries
from po_toolkit.config import load_settings
from po_toolkit.store import webhook_events, workers
from po_toolkit.store.columns import utc_now
from po_toolkit.store.database import open_store
from po_toolkit.store.tables import WebhookEvent
from po_toolkit.store.webhook_events import Delivery
from tests.cli.workplace import SLUG, Workplace
from tests.postgres import EMPTY
from tests.tampering import tamper


def paid(work: Workplace) -> str:
    """Import, invoice, be paid, sync, and record a wire for another sponsor."""
    reference, invoice_id = work.invoiced(organization_name="Acme", po_number="1")
    work.simulator.control.pay(invoice_id, account=work.key)
    work.json("sync", "--conference", SLUG)
    other = work.order(organization_name="Other AG", po_number="2", contact_email="O@other.example")
    work.json("payment", other, "--amount", "1000.00", "--method", "wire", "--reference", "W1")
    return reference


def findings(work: Workplace, exit_code: int = 0) -> dict[str, tuple[str, str]]:
    found = work.json("doctor", exit_code=exit_code)["findings"]
    return {f["check"]: (f["state"], f["detail"]) for f in found}


def registered(work: Workplace, events: list[str], at: str = "", **values: str) -> str:
    """Register a webhook endpoint at the simulator, or change one; return its path."""
    url = f"https://po.example.org/webhooks/stripe/{SLUG}"
    body = {f"enabled_events[{n}]": event for n, event in enumerate(events)}
    body |= values if at else {"url": url, **values}
    path = at or "/v1/webhook_endpoints"
    made = requests.post(f"{work.simulator.url}{path}", data=body, auth=(work.key, ""), timeout=30)
    assert made.status_code == 200, made.text
    return f"/v1/webhook_endpoints/{made.json()['id']}"


def test_a_health_check_fails_when_no_worker_runs(work: Workplace) -> None:
    """A container whose worker hangs is restarted only if its health check notices."""
    work.run("init")
    asked = work.run("worker", "--check")
    assert (asked.exit_code, "po-toolkit worker" in asked.stderr) == (1, True)
    now = utc_now()
    workers.note(
        work.opened().store, "w", started_at=now, now=now, kinds=("invoice",), sync_every=None
    )
    assert work.run("worker", "--check").exit_code == 0


def test_doctor_names_what_is_wrong_and_changes_nothing(work: Workplace) -> None:
    """Else a wrong mode, a dead worker or an old backup is found out when money is missing."""
    backup = work.folder / "backup.db"
    work.config.write_text(
        work.config.read_text().replace("[po_toolkit]", f'[po_toolkit]\nbackup_path = "{backup}"')
    )
    work.config.chmod(0o644)
    (work.folder / "books.db").unlink()
    assert findings(work, exit_code=1)["database"][0] == "failed"
    work.run("init")
    backup.write_text("x")
    backup.chmod(0o600)
    os.utime(backup, (0, 0))
    before = [(c.method, c.path) for c in work.simulator.control.calls()]
    found = findings(work, exit_code=1)
    assert found["file permissions"][0] == "ok"  # the last one of them: the backup
    assert found["database"] == ("ok", "It answers, with the tables of this release.")
    assert found["worker"][0] == "warning"
    assert found[f"{SLUG} sync"][0] == "warning"
    assert found[f"{SLUG} key"][0] == "ok"
    assert found[f"{SLUG} clock"][0] == "ok"
    assert found["backup"][0] == "failed"
    table = work.run("doctor")
    assert f"{work.config} has mode 644" in table.stdout
    assert f"chmod 640 {work.config}" in table.stdout
    made = [(c.method, c.path) for c in work.simulator.control.calls()][len(before) :]
    assert {method for method, _ in made} <= {"GET"}
    work.config.chmod(0o600)
    os.utime(backup)
    work.json("sync", "--conference", SLUG, "--full")
    assert found[f"{SLUG} webhook"][0] == "failed"
    registered(work, ["*"])
    found = findings(work)
    assert found[f"{SLUG} webhook"][0] == "ok"
    assert found["backup"][0] == found[f"{SLUG} full sync"][0] == found[f"{SLUG} sync"][0] == "ok"


def test_doctor_names_the_rights_that_a_restricted_key_lacks(work: Workplace) -> None:
    """A missing right shows up in the middle of a batch otherwise."""
    work.run("init")
    key = f"rk_test_{uuid4().hex}"
    rights = {
        "accounts_kyc_basic_read",
        "invoice_write",
        "customer_write",
        "event_read",
        "charge_read",
    }
    work.simulator.control.add_key(key, work.key, rights)
    work.config.write_text(work.config.read_text().replace(work.key, key))
    state, detail = findings(work, exit_code=1)[f"{SLUG} permissions"]
    assert state == "failed"
    assert "read refunds" in detail
    assert "write refunds" in detail
    assert "read invoices" not in detail
    assert "write invoices" not in detail


def test_doctor_asks_for_the_types_of_event_that_an_endpoint_leaves_out(work: Workplace) -> None:
    """An endpoint without refunds books none until the next sync, and nobody knows why."""
    opened, every = work.opened(), sorted(set(doctor.HANDLERS) - {"invoice.payment_succeeded"})
    opened.settings.stripe_webhook_secret = ["whsec_x"]
    assert doctor._endpoint(opened).state == "failed"
    place = registered(work, [e for e in every if e != "refund.created"])
    left_out = doctor._endpoint(opened)
    assert (left_out.state, "refund.created" in left_out.detail) == ("failed", True)
    registered(work, every, at=place)
    assert doctor._endpoint(opened).state == "ok"
    registered(work, ["*"], at=place, disabled="true")
    assert "No enabled endpoint" in doctor._endpoint(opened).detail
    registered(work, ["*"], api_version="2024-06-20")
    old = doctor._endpoint(opened)
    assert (old.state, "2024-06-20" in old.detail) == ("warning", True)


@pytest.mark.parametrize("way", ["to PostgreSQL", "and back"])
def test_the_books_are_the_same_in_another_database(
    way: str, work: Workplace, postgres_server
) -> None:
    """A season moves to PostgreSQL midway: nothing may be lost, rounded or billed again."""
    reference = paid(work)
    before = work.json("reconcile", "--conference", SLUG)
    name = postgres_server.create(template=EMPTY)
    url = postgres_server.url(name)
    proven = work.json("copy-database", "--to", url)["tables"]
    rows = {t["table"]: t["rows"] for t in proven}
    assert rows["purchase_orders"] == rows["ledger_entries"] == 2
    sums = {t["table"]: t["sums"] for t in proven}
    assert sums["ledger_entries"]["amount usd"] == 200_000
    assert work.run("copy-database", "--to", url).exit_code == 1  # it is not empty any more
    old = f"sqlite:///{work.folder}/books.db"
    work.config.write_text(work.config.read_text().replace(old, url))
    if way == "and back":
        back = f"sqlite:///{work.folder}/back.db"
        again = work.json("copy-database", "--to", back)["tables"]
        assert {t["table"]: t["sha256"] for t in again} == {t["table"]: t["sha256"] for t in proven}
        work.config.write_text(work.config.read_text().replace(url, back))
    assert work.json("reconcile", "--conference", SLUG) == before
    assert work.run("verify").exit_code == 0
    work.json("sync", "--conference", SLUG, "--full")
    skipped = work.json("invoice", "--conference", SLUG, "--po", reference)
    assert skipped["invoiced"] == 0
    new, _ = work.invoiced(organization_name="Third", po_number="3")
    assert new not in {row["reference"] for row in before["rows"]}
    assert len(work.simulator.control.all("invoice", account=work.key)) == 2
    postgres_server.drop(name)


def test_a_copy_is_refused_while_a_worker_runs(work: Workplace) -> None:
    """What it books meanwhile would be missing, and be billed again."""
    work.run("init")
    store = work.opened().store
    now = utc_now()
    workers.note(store, "w", started_at=now, now=now, kinds=["events"], sync_every=None)
    refused = work.run("copy-database", "--to", f"sqlite:///{work.folder}/copy.db")
    assert (refused.exit_code, "1 workers run" in refused.stderr) == (1, True)
    workers.leave(store, "w")
    assert work.run("copy-database", "--to", f"sqlite:///{work.folder}/copy.db").exit_code == 0


def test_verify_fails_when_the_trail_was_changed(work: Workplace) -> None:
    """The command is what an auditor runs."""
    paid(work)
    assert "unchanged" in work.run("verify").stdout
    store = open_store(f"sqlite:///{work.folder}/books.db")
    with store.bookkeeping() as connection:
        connection.execute(text("DROP TRIGGER audit_entries_no_update"))
        connection.execute(text("UPDATE audit_entries SET actor = 'x'"))
    assert len(work.json("verify", exit_code=1)["problems"]) == 1


def test_reconcile_fails_on_the_classes_that_a_script_names(work: Workplace) -> None:
    """Cron mails what fails; a code of its own tells a discrepancy from a broken database."""
    work.order()
    reconcile = ("reconcile", "--conference", SLUG, "--fail-on")
    found = work.run(*reconcile, "overdue", "--fail-on", "not_invoiced", "--format", "json")
    assert found.exit_code == 4
    assert json.loads(found.stdout)["rows"]
    assert "Not invoiced (1)" in found.stderr
    assert work.run(*reconcile, "any").exit_code == 4
    assert work.run(*reconcile, "Not invoiced").exit_code == 4
    assert work.run(*reconcile, "overdue").exit_code == 0
    assert work.run(*reconcile, "overdu").exit_code == 2


def test_the_conference_is_taken_from_the_environment(work: Workplace, monkeypatch) -> None:
    """Whoever has one conference types its name a hundred times a day."""
    work.run("init")
    assert work.run("reconcile").exit_code == 2
    monkeypatch.setenv("PO_TOOLKIT_CONFERENCE", SLUG)
    assert work.run("reconcile").exit_code == 0


class Chat(BaseHTTPRequestHandler):
    """An incoming webhook."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def chat(work: Workplace):
    server = HTTPServer(("127.0.0.1", 0), Chat)
    server.got, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/PLANTEDhook"
    notify = f'[po_toolkit.notify]\nslack_webhook_url = "{url}"\n'
    work.config.write_text(work.config.read_text() + notify)
    yield server
    server.shutdown()
    server.server_close()


def test_each_new_problem_is_told_once_until_it_is_solved(work: Workplace, chat) -> None:
    """A channel that repeats itself is muted, and one that forgets is useless."""
    reference = work.order(organization_name="<!channel> *Acme* `x` [a](http://b)")
    work.json("payment", reference, "--amount", "1500.00", "--method", "wire", "--overpaid")
    notify = ("notify", "--conference", SLUG)
    chat.status = 500
    assert work.run(*notify).exit_code == 1
    chat.status = 302
    failed = work.run(*notify)
    assert (failed.exit_code, "PLANTED" in failed.output) == (1, False)
    chat.status = 200
    assert work.json(*notify)["sent"] == [f"Overpaid: {reference}"]
    assert work.json(*notify)["sent"] == []
    store, now = work.opened().store, utc_now()
    workers.note(store, "w", started_at=now, now=now.replace(year=2020), kinds=[], sync_every=None)
    with store.bookkeeping() as connection:
        connection.execute(text("UPDATE workers SET seen_at = '2026-01-01 00:00:00'"))
    (line,) = work.json(*notify)["sent"]
    assert "worker stopped" in line
    assert work.json(*notify)["sent"] == []
    work.json("refund", reference, "--amount", "500.00", "--method", "wire")
    assert work.json(*notify)["sent"] == []
    work.json(
        "payment", reference, "--amount", "500.00", "--method", "ach", "--overpaid", "--again"
    )
    assert work.json(*notify)["sent"] == [f"Overpaid: {reference}"]
    assert chat.got[-1]["blocks"][0]["text"]["type"] == "plain_text"
    assert not any("channel" in json.dumps(message) for message in chat.got)


def test_what_an_event_of_somebody_else_says_is_not_kept(work: Workplace) -> None:
    """A shared account's ticket buyers are none of ours."""
    work.run("init")
    opened = work.opened()
    foreign = '{"id": "evt_2", "type": "invoice.paid", "data": {"object": {"id": "in_theirs"}}}'
    keep_deliveries(
        opened.store,
        [
            Delivery(opened.conference.id, "evt_1", "checkout.session.completed", ""),
            Delivery(opened.conference.id, "evt_2", "invoice.voided", foreign),
        ],
    )
    work_events(opened)
    with opened.store.reading() as session:
        rows = {e.stripe_event_id: (e.state, e.payload) for e in session.query(WebhookEvent)}
    assert rows["evt_1"] == ("ignored", "")
    assert rows["evt_2"] in {("ignored", ""), ("failed", foreign)}
    with opened.store.bookkeeping() as connection:
        connection.execute(text("UPDATE webhook_events SET state = 'processed', payload = 'x'"))
        connection.execute(text("UPDATE webhook_events SET processed_at = '2020-01-01 00:00:00'"))
    assert webhook_events.drop_payloads(opened.store, utc_now()) == 2
    assert work.run("webhook", "replay", "evt_1", "--conference", SLUG).exit_code == 3


def test_a_contact_is_forgotten_and_the_books_say_the_same(work: Workplace) -> None:
    """A person may ask for it; the tax office must still find every invoice."""
    sheet = work.folder / "s.csv"
    sheet.write_text(
        "organization_name,contact_name,contact_email,Mobile,po_number,"
        "description,amount,currency,notes\n"
        "Acme AG,Ada Lovelace,Ada@Acme.example,+49 170 7654321,A1,Booth,1000.00,usd,"
        "ada lovelace has a dog\n"
        "Open AG,Olga Open,olga@open.example,,O1,Booth,50.00,usd,\n"
        "Nada AG,Nada,nada@acme.example,,N1,Booth,50.00,usd,\n"
        "Broken AG,Ada Lovelace,ada(at)acme,,B1,Booth,1.00,usd,\n"
    )
    references = work.json("import", str(sheet), "--conference", SLUG, exit_code=3)
    reference, other, _ = references["purchase_orders"]
    sent = work.json("invoice", "--conference", SLUG, "--po", reference)["results"][0]
    work.simulator.control.pay(sent["stripe_invoice_id"], account=work.key)
    opened = work.opened()
    log_call(opened, reference, note="Ms. Lovelace is at 030/1234567, ill until May")
    change_contact(opened, reference, ContactChanges(contact_phone="+49 30 1234567"))
    change_contact(opened, reference, ContactChanges(contact_name="Ada Lovelace-King"))
    change_contact(opened, other, ContactChanges(cc_emails="ada@acme.example, cc@open.example"))
    change_contact(opened, reference, ContactChanges(contact_name="Ada Lovelace"))
    attach_file(opened, reference, "PO of Ada Lovelace.pdf", b"%PDF-1.4 ada@acme.example")
    deliver(opened, reference)
    event = json.dumps({"id": "evt_1", "data": {"object": {"customer_email": "Ada@acme.example"}}})
    keep_deliveries(
        opened.store, [Delivery(opened.conference.id, "evt_1", "invoice.voided", event)]
    )
    work.json("sync", "--conference", SLUG)
    before = work.json("reconcile", "--conference", SLUG)
    assert work.run("forget", "ada@acme.example").exit_code == 2
    refused = work.run("forget", "olga@open.example", "--yes")
    assert (refused.exit_code, other in refused.stderr) == (1, True)
    asked = work.run("forget", "ada@acme.example", "--yes")
    assert (asked.exit_code, "--attached delete" in asked.stderr) == (2, True)
    found = work.json("forget", "ada@acme.example", "--yes", "--attached", "delete")
    assert found["stripe_customers"]
    assert found["replaced"]["contact_calls"] == found["replaced"]["purchase_order_files"] == 1
    assert found["kept"] == {"invoice_documents": 1}
    work.json("sync", "--conference", SLUG, "--full")
    written = b"".join(path.read_bytes() for path in work.folder.glob("*.db*")).lower()
    for gone in (b"ada lovelace", b"lovelace", b"1234567", b"7654321", b"-king"):
        assert gone not in written, gone
    assert written.count(b"ada@acme.example") == written.count(b"nada@acme.example") > 0
    assert b"olga@open.example" in written
    after = work.json("reconcile", "--conference", SLUG)
    assert (after["rows"], after["totals"]) == (before["rows"], before["totals"])
    proof = work.json("verify")
    assert (proof["problems"], proof["rewritten_entries"] > 1) == ([], True)
    assert len(work.simulator.control.all("invoice", account=work.key)) == 1
    tamper(opened.store, "UPDATE audit_entries SET \"after\" = '{}' WHERE act = 'log_call'")
    assert work.run("verify").exit_code == 1


def test_a_wrong_notify_setting_is_named(work: Workplace) -> None:
    """The address of a chat's webhook is a secret, so it does not cross the network in the open."""
    plain = '[po_toolkit.notify]\nslack_webhook_url = "http://chat.example.org/PLANTED"\n'
    work.config.write_text(work.config.read_text() + plain)
    refused = work.run("status")
    assert (refused.exit_code, "PLANTED" in refused.output) == (1, False)
    assert "https://" in refused.stderr


def test_the_settings_of_a_workplace_can_be_read(work: Workplace) -> None:
    """Settings that are printed by accident show no password."""
    settings = load_settings(work.config)
    shown = repr(settings.model_copy(update={"database_url": "postgresql://u:PLANTED@h/x"}))
    assert "PLANTED" not in shown
    assert work.key not in shown
