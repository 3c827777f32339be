"""What a treasurer closes, proves and hands on."""

from __future__ import annotations

import csv
import json

from tests.cli.workplace import SLUG, Workplace
from tests.tampering import tamper

CONFERENCE = ("--conference", SLUG)


def test_a_closed_period_can_be_listed_proved_and_written(work: Workplace) -> None:
    """An auditor asks for last month's books and must get the same bytes."""
    work.invoiced(total=100_000)
    closed = work.json("close", *CONFERENCE, "--through", "2026-09-30")
    assert work.json("closed", *CONFERENCE)["closed"] == [closed]
    proof = work.json("closed", *CONFERENCE, "--verify", "2026-09-30")
    assert (proof["intact"], proof["same_again"], proof["differences"]) == (True, True, [])
    report = work.run("closed", *CONFERENCE, "--report", "2026-09-30")
    assert json.loads(report.stdout)["timezone"] == closed["timezone"]
    assert work.run("close", *CONFERENCE, "--through", "2026-09-30").exit_code == 1


def test_a_ledger_that_was_changed_behind_our_back_fails_its_proof(work: Workplace) -> None:
    """Somebody who edits the database by hand must not go unseen."""
    reference, _ = work.invoiced(total=100_000)
    wire = ("payment", reference, "--amount", "10", "--method", "wire", "--date", "2026-09-02")
    work.json(*wire, "--date-as-given")
    work.run("close", *CONFERENCE, "--through", "2026-09-30")
    opened = work.opened()
    tamper(opened.store, "UPDATE ledger_entries SET amount = 1001")
    proof = work.run("closed", *CONFERENCE, "--verify", "2026-09-30")
    assert proof.exit_code == 1
    assert "10.01" in proof.stderr


def test_the_summary_shows_every_conference(work: Workplace) -> None:
    """The treasurer of two conferences sees both without adding them together."""
    work.invoiced(total=100_000)
    (row,) = work.json("summary")["rows"]
    assert (row["conference"], row["status"], row["total"]) == (SLUG, "sent", "1000.00")
    (month,) = work.json("summary", "--months")["rows"]
    assert month["invoiced"] == "1000.00"
    assert "1,000.00" in work.run("summary").stdout


def test_the_journal_is_written_with_the_accounts_that_were_named(work: Workplace) -> None:
    """Xero refuses a journal whose accounts are not its codes."""
    work.invoiced(total=100_000)
    folder = work.folder / "books"
    named = ("--account", "receivable=620", "--account", "income=200")
    done = work.run("journal", *CONFERENCE, "--program", "xero", "--folder", str(folder), *named)
    assert done.exit_code == 0, done.stderr
    (path,) = folder.iterdir()
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(r["*AccountCode"], r["*Amount"]) for r in rows] == [
        ("620", "1000.00"),
        ("200", "-1000.00"),
    ]
    wrong = work.run(
        "journal", *CONFERENCE, "--program", "xero", "--folder", str(folder), "--account", "x=1"
    )
    assert wrong.exit_code == 2
    assert "receivable" in wrong.stderr


def test_pages_for_the_sponsor_are_written(work: Workplace) -> None:
    """A sponsor's portal takes a PDF and nothing else."""
    reference, _ = work.invoiced(total=100_000)
    invoice, statement = work.folder / "invoice.pdf", work.folder / "statement.pdf"
    assert work.run("invoice-pdf", reference, "--out", str(invoice)).exit_code == 0
    sponsor = work.json("reconcile", *CONFERENCE)["rows"][0]["organization_name"]
    done = work.run("statement", *CONFERENCE, "--sponsor", sponsor, "--out", str(statement))
    assert done.exit_code == 0
    assert invoice.read_bytes()[:5] == statement.read_bytes()[:5] == b"%PDF-"
    nobody = work.run("statement", *CONFERENCE, "--sponsor", "Nobody", "--out", str(statement))
    assert nobody.exit_code == 1
    assert "Nobody" in nobody.stderr
