"""Seeing, delivering and reminding, as a treasurer types it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from po_toolkit.store.columns import utc_now
from tests.cli.workplace import SLUG, Workplace


def test_the_preview_and_what_stripe_has_are_printed_side_by_side(work: Workplace) -> None:
    """Whoever can see the invoice beforehand sends the right one."""
    reference, _ = work.invoiced(total=100_000)
    planned = work.json("preview", reference)
    assert {"name": "Total", "planned": "1,000.00 USD", "sent": None} in planned["fields"]
    both = work.json("preview", reference, "--sent")
    assert both["equal"] is True
    assert all(field["planned"] == field["sent"] for field in both["fields"])
    table = work.run("preview", reference, "--sent")
    assert table.exit_code == 0
    assert "1,000.00 USD" in table.stdout


def test_an_invoice_is_written_as_mail_draft_and_as_pdf(work: Workplace) -> None:
    """A vendor portal takes a file, not a link."""
    reference, _ = work.invoiced()
    made = work.run("deliver", reference, "--out", str(work.folder / "i.eml"), "--format", "json")
    assert made.exit_code == 0
    assert len(json.loads(made.stdout)["sha256"]) == 64
    assert work.run("deliver", reference, "--out", str(work.folder / "i.pdf")).exit_code == 0
    assert (work.folder / "i.pdf").read_bytes().startswith(b"%PDF-")
    assert b"X-Unsent: 1" in (work.folder / "i.eml").read_bytes()


def test_reminders_are_previewed_then_sent_once(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daily job must not mail the same reminder every day."""
    reference, invoice_id = work.invoiced()
    assert work.json("remind", "--conference", SLUG) == {
        "sent": 0, "drafted": 0, "held": 0, "failed": 0, "results": [],
    }  # fmt: skip
    text = work.config.read_text()
    work.config.write_text(text.replace('currency = "usd"', 'currency = "usd"\nreminders = [-7]'))
    assert work.json("remind", "--conference", SLUG, "--dry-run") == {"due": [], "held": []}
    later = utc_now() + timedelta(days=25)
    monkeypatch.setattr("po_toolkit.bootstrap.open_conference.__kwdefaults__", _at(later))
    due = work.json("remind", "--conference", SLUG, "--dry-run")["due"]
    assert [(r["reference"], r["step"]) for r in due] == [(reference, -7)]
    assert work.run("remind", "--conference", SLUG, "--dry-run").exit_code == 0
    assert work.json("remind", "--conference", SLUG)["sent"] == 1
    assert work.json("remind", "--conference", SLUG)["results"] == []
    mails = [m for m in work.simulator.control.mails() if m.invoice == invoice_id]
    assert len(mails) == 2


def _at(moment):
    from po_toolkit.bootstrap import open_conference

    return {**open_conference.__kwdefaults__, "now": lambda: moment}


def test_a_portals_invoice_is_final_without_a_mail_then_noted_as_delivered(
    work: Workplace,
) -> None:
    """A mail of Stripe's beside the portal's upload makes a sponsor send both back."""
    before = len(work.simulator.control.mails())
    reference, mailed = work.order(), work.order(po_number="2")
    sheet = work.folder / "portal.csv"
    sheet.write_text(
        "organization_name,contact_email,amount,delivery\nPortal AG,ap@portal.example,50,portal\n"
    )
    (from_sheet,) = work.json("import", str(sheet), "--conference", SLUG)["purchase_orders"]
    invoice = ("invoice", "--conference", SLUG)
    ready = work.json(*invoice, "--all-draft", "--dry-run")["ready"]
    ways = {line["reference"]: line["delivery"] for line in ready}
    assert ways == {reference: "stripe", mailed: "stripe", from_sheet: "ourselves"}
    both = ("--po", reference, "--po", from_sheet)
    chosen = (*both, "--delivery", "ourselves")
    seen = work.run(*invoice, *chosen, "--dry-run")
    assert seen.stdout.count("delivered by you") == 2
    assert work.json(*invoice, *both, "--dry-run")["ready"][0]["delivery"] == "stripe"
    assert work.json(*invoice, *chosen)["invoiced"] == 2
    assert work.json(*invoice, "--po", mailed)["invoiced"] == 1
    assert len(work.simulator.control.mails()) == before + 1
    assert "delivered by you" in work.run("preview", reference).output
    rows = work.json("reconcile", "--conference", SLUG)["rows"]
    status = {row["reference"]: row["status"] for row in rows}
    assert status == {reference: "issued", mailed: "sent", from_sheet: "issued"}
    assert work.run("deliver", reference).exit_code == 2
    mail = work.folder / "i.eml"
    assert work.run("deliver", reference, "--out", str(mail)).exit_code == 0
    assert b"X-Unsent: 1" in mail.read_bytes()
    assert work.json("deliver", reference, "--done")["status"] == "sent"
    refused = work.run("resend", reference)
    assert (refused.exit_code, "po-toolkit deliver" in refused.stderr) == (1, True)


def test_reminders_of_portals_are_written_into_a_folder(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Stripe must not mail is reminded of too, by a draft that a person sends."""
    text = work.config.read_text()
    hour = 'currency = "usd"\nreminders = [-7]\nremind_from_hour = 9'
    work.config.write_text(text.replace('currency = "usd"', hour))
    reference = work.order(delivery="ourselves")
    work.json("invoice", "--conference", SLUG, "--po", reference)
    work.json("deliver", reference, "--done")
    monkeypatch.setattr(
        "po_toolkit.bootstrap.open_conference.__kwdefaults__", _at(utc_now() + timedelta(days=25))
    )
    assert work.json("remind", "--conference", SLUG)["held"] == 1
    folder = work.folder / "mails"
    made = work.json("remind", "--conference", SLUG, "--drafts", str(folder))
    assert (made["drafted"], made["sent"]) == (1, 0)
    assert [f.name for f in folder.iterdir()] == [f"reminder-{reference}.eml"]
    assert work.json("remind", "--conference", SLUG, "--drafts", str(folder))["results"] == []
    (conference,) = work.json("status")["conferences"]
    assert (conference["reminders_from_hour"], conference["reminders_last_at"]) == (9, None)
    assert conference["reminders_next_at"]
    assert "Reminders next at" in work.run("status").stdout
