"""The main job by command line alone, as a script runs it against any Stripe-like server."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import po_toolkit
from tests.cli.workplace import SLUG, Workplace

SAMPLES = Path(po_toolkit.__file__).parent / "samples"
AT = ("--conference", SLUG)


def result_of(done: subprocess.CompletedProcess[str], exit_code: int = 0) -> Any:
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_import_invoice_sync_reconcile_by_four_processes(work: Workplace) -> None:
    """Each step must find what the one before left, and JSON must stand alone on stdout."""
    sheet = str(SAMPLES / "sponsors-currencies.csv")
    as_json = ("--format", "json")

    taken = result_of(work.process("import", sheet, *AT, *as_json))
    assert (taken["accepted"], taken["rejected"], taken["errors"]) == (5, 0, [])
    sent = result_of(work.process("invoice", *AT, "--batch", str(taken["batch"]), *as_json))
    assert (sent["invoiced"], sent["skipped"], sent["failed"]) == (5, 0, 0)
    assert [r["reference"] for r in sent["results"]] == taken["purchase_orders"]
    yen = sent["results"][0]["stripe_invoice_id"]
    work.simulator.control.pay(yen, account=work.key)

    first = result_of(work.process("sync", *AT, *as_json))
    again = result_of(work.process("sync", *AT, "--full", *as_json))
    assert (first["payments_recorded"], again["payments_recorded"]) == (1, 0)

    books = result_of(work.process("reconcile", *AT, *as_json))
    for row in books["rows"]:
        money = {k: Decimal(row[k]) for k in ("total", "credited", "paid", "refunded", "balance")}
        assert money["total"] == (
            money["credited"] + money["paid"] - money["refunded"] + money["balance"]
        )
    assert {c: t["balance"] for c, t in books["totals"].items()} == {
        "jpy": "0",
        "bhd": "3788.250",
        "isk": "485000",
        "ugx": "900000",
        "eur": "12390.45",
    }


def test_an_import_names_each_refused_row_and_keeps_the_good_ones(work: Workplace) -> None:
    """One bad line must not hold up a sponsor whose rows are right."""
    sheet = str(SAMPLES / "sponsors-with-errors.csv")
    refused = work.folder / "refused.csv"

    report = work.json("import", sheet, *AT, "--errors-out", str(refused), exit_code=3)
    assert (report["accepted"], report["rejected"]) == (1, 7)
    assert [e["row"] for e in report["errors"]] == [4, 7, 9, 12, 15, 19, 22]
    assert {"row", "column", "code", "value", "message"} <= set(report["errors"][0])
    assert refused.read_text("utf-8-sig").count("ap(at)example") == 1


def test_the_same_file_again_adds_nothing_and_is_no_failure(work: Workplace) -> None:
    """A nightly import of the same file must neither bill twice nor raise an alarm."""
    sheet = str(SAMPLES / "sponsors-currencies.csv")
    work.json("import", sheet, *AT)

    again = work.json("import", sheet, *AT)
    assert (again["accepted"], again["duplicates"]) == (0, 5)


def test_a_dry_run_writes_nothing(work: Workplace) -> None:
    """A look at a file must leave no drafts behind."""
    report = work.json("import", str(SAMPLES / "sponsors-currencies.csv"), *AT, "--dry-run")

    assert (report["batch"], report["accepted"]) == (None, 5)
    assert work.json("status")["conferences"][0]["purchase_orders"] == {}


def test_a_question_that_the_file_leaves_open_names_the_option(work: Workplace) -> None:
    """A date that can be read in two ways must be asked about, not guessed."""
    sheet = work.folder / "open.csv"
    sheet.write_text(
        "organization_name,contact_email,unit_price,due_date\nA,a@a.example,10,03/04/2027\n"
    )

    asked = work.run("import", str(sheet), *AT)
    assert asked.exit_code == 3
    assert "--dates dmy" in asked.stderr
    assert "--dates mdy" in asked.stderr
    assert work.json("import", str(sheet), *AT, "--dates", "dmy")["accepted"] == 1


def test_a_file_that_is_no_spreadsheet_is_told_in_one_line(work: Workplace) -> None:
    """Somebody who picks the wrong attachment must learn that, not see a traceback."""
    wrong = work.folder / "logo.csv"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))

    told = work.run("import", str(wrong), *AT)
    assert told.exit_code == 1
    assert not told.stdout
    assert told.stderr.count("\n") == 1
    assert work.run("import", "missing.xlsx", *AT).exit_code == 2


def test_where_refused_rows_cannot_go_nothing_is_imported(work: Workplace) -> None:
    """An import whose refused rows are lost leaves nobody to correct them."""
    work.run("init")
    sheet = str(SAMPLES / "sponsors-with-errors.csv")
    for place in ("nowhere/refused.csv", "refused.pdf"):
        told = work.run("import", sheet, *AT, "--errors-out", str(work.folder / place))
        assert told.exit_code == 2
    assert work.json("status")["conferences"][0]["purchase_orders"] == {}


def test_the_template_can_be_filled_in_and_imported(work: Workplace) -> None:
    """The columns that we hand out must be those that we take in."""
    for ending in ("csv", "xlsx"):
        sheet = work.folder / f"template.{ending}"
        done = work.run("template", "--format", ending, "--out", str(sheet))
        assert done.exit_code == 0, done.output
        empty = work.run("import", str(sheet), *AT)
        assert empty.exit_code == 1
        assert "no purchase order" in empty.stderr.lower()


def test_one_refused_purchase_order_stops_no_other(work: Workplace) -> None:
    """A sponsor with 251 lines must not keep the next one from being invoiced."""
    good = work.order()
    bad = work.order(po_number="long", lines=[(f"Ticket {n}", 1, 100) for n in range(251)])

    report = work.json("invoice", *AT, "--all-draft", exit_code=3)
    outcomes = {r["reference"]: r["outcome"] for r in report["results"]}
    assert outcomes == {good: "invoiced", bad: "failed"}
    assert "250" in next(r["error"] for r in report["results"] if r["reference"] == bad)
    assert work.run("invoice", *AT, "--po", bad).exit_code == 1


def test_which_purchase_orders_must_be_said_exactly_once(work: Workplace) -> None:
    """A forgotten or doubled choice must not invoice a whole conference."""
    for choice in ((), ("--all-draft", "--batch", "1"), ("--po", "PO-ABCDEF", "--all-draft")):
        told = work.run("invoice", *AT, *choice)
        assert told.exit_code == 2
        assert "--batch ID, --po REF or --all-draft" in told.stderr


def test_the_reconciliation_is_written_in_each_format(work: Workplace) -> None:
    """The auditor wants a spreadsheet, the wiki a table, the script JSON."""
    reference = work.order()
    for ending, start in (("csv", b"reference,"), ("xlsx", b"PK"), ("md", b"# "), ("json", b"{")):
        out = work.folder / f"books.{ending}"
        done = work.run("reconcile", *AT, "--out", str(out))
        assert done.exit_code == 0, done.output
        assert out.read_bytes().removeprefix(b"\xef\xbb\xbf").startswith(start)
        assert not done.stdout
    table = work.run("reconcile", *AT)
    assert reference in table.stdout
    assert work.run("reconcile", *AT, "--out", "books.pdf").exit_code == 2
    assert work.run("reconcile", *AT, "--as-of", "24.11.2026").exit_code == 2
