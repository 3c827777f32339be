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
    missing = work.run("remind", "--conference", SLUG)
    assert missing.exit_code == 1
    assert "reminders = [" in missing.stderr
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
