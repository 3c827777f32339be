"""What is unlikely or cut off is asked about, and what the answer names works."""

from __future__ import annotations

import shlex
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from po_toolkit.domain.wording import written_day
from po_toolkit.store.purchase_orders import by_reference
from po_toolkit.store.tables import PurchaseOrder
from tests.cli.workplace import SLUG, Workplace

HEADER = "organization_name,contact_email,description,amount\n"


def follow(work: Workplace, refused: Result) -> Result:
    """Do what the last line of a refusal names."""
    assert refused.exit_code == 2, refused.output
    command = refused.stderr.strip().splitlines()[-1].split(": ", 1)[1]
    return work.run(*shlex.split(command)[1:])


def books(work: Workplace, reference: str) -> PurchaseOrder:
    opened = work.opened()
    with opened.store.reading() as session:
        return by_reference(session, opened.conference, reference)


def paid_at_stripe(work: Workplace, invoice_id: str) -> int:
    return work.simulator.control.get(invoice_id, account=work.key)["amount_paid"]


def wire(reference: str, *more: str, amount: str = "400") -> tuple[str, ...]:
    return ("payment", reference, "--amount", amount, "--method", "wire", *more)


def test_a_payment_that_stripe_cut_off_counts_once_when_it_is_repeated_with_a_note(
    work: Workplace,
) -> None:
    """Row 10: else 'try again: it is safe' books the wire twice."""
    reference, invoice = work.invoiced()
    control = work.simulator.control
    control.fail(path="/v1/payment_records/*", method="POST", kind="drop_before", times=99)
    assert work.run(*wire(reference, "--reference", "FT1")).exit_code == 1
    control.clear_faults()
    again = work.run(*wire(reference, "--reference", "ft1 ", "--note", "by telephone"))
    assert again.exit_code == 0, again.output
    assert "begun before" in again.stderr
    assert paid_at_stripe(work, invoice) == 40_000
    assert [e.amount for e in books(work, reference).entries] == [40_000]
    second = again.stderr.strip().splitlines()[-1].split(": ", 1)[1]
    assert work.run(*shlex.split(second)[1:]).exit_code == 0
    assert paid_at_stripe(work, invoice) == 80_000
    assert [e.amount for e in books(work, reference).entries] == [40_000, 40_000]


def test_a_wire_that_is_not_finished_is_seen_by_who_types_it_under_another_reference(
    work: Workplace,
) -> None:
    """Else a sync finishes the first beside the second."""
    reference, invoice = work.invoiced()
    control = work.simulator.control
    control.fail(path="/v1/payment_records/*", method="POST", kind="drop_before", times=99)
    work.run(*wire(reference, "--reference", "FT1"))
    control.clear_faults()
    refused = work.run(*wire(reference, "--reference", "Acme 4711"))
    assert "not finished" in refused.stderr
    assert follow(work, refused).exit_code == 0
    assert paid_at_stripe(work, invoice) == 40_000
    assert [e.reference for e in books(work, reference).entries] == ["FT1"]


@pytest.mark.parametrize("finished_by", ["repeating", "a sync"])
def test_a_credit_note_that_stripe_cut_off_counts_once(work: Workplace, finished_by: str) -> None:
    """Row 10: else the sponsor is forgiven twice."""
    reference, _ = work.invoiced()
    control = work.simulator.control
    control.fail(path="/v1/credit_notes", method="POST", kind="drop_after", times=99)
    note = ("credit-note", reference, "--amount", "100", "--reason")
    assert work.run(*note, "Smaller booth").exit_code == 1
    control.clear_faults()
    if finished_by == "a sync":
        assert work.run("sync", "--conference", SLUG).exit_code == 0
    repeated = work.run(*note, "Smaller booth, says Ada")
    assert repeated.exit_code == (2 if finished_by == "a sync" else 0)
    at_stripe = control.all("credit_note", account=work.key)
    assert [n["amount"] for n in at_stripe] == [10_000]
    assert [n.amount for n in books(work, reference).credit_notes] == [10_000]
    if finished_by == "a sync":
        assert follow(work, repeated).exit_code == 0
        assert books(work, reference).sums.credited == 20_000


def test_a_payment_of_tomorrow_is_refused(work: Workplace) -> None:
    """Row 17: else a slip in the year keeps the money out of every report of this one."""
    reference, invoice = work.invoiced()
    day = (work.opened().today() + timedelta(days=1)).isoformat()
    result = work.run(*wire(reference, "--date", day, "--date-as-given"))
    assert result.exit_code == 1
    assert "future" in result.stderr
    back = ("refund", reference, "--amount", "1", "--method", "wire", "--date", day)
    assert "future" in work.run(*back).stderr
    assert paid_at_stripe(work, invoice) == 0
    assert books(work, reference).entries == []


def test_a_payment_before_the_purchase_order_and_above_what_is_open_asks_for_both_at_once(
    work: Workplace,
) -> None:
    """Row 17: else money is booked on the wrong purchase order, or in the wrong year."""
    reference, _ = work.invoiced()
    refused = work.run(*wire(reference, "--date", "2020-02-03", "--note", "it's so", amount="1200"))
    assert "before" in refused.stderr
    assert "count from 3 Feb 2020" in refused.stderr
    assert "200.00 USD more" in refused.stderr
    assert "--date-as-given --overpaid" in refused.stderr
    assert books(work, reference).entries == []
    assert follow(work, refused).exit_code == 0
    (entry,) = books(work, reference).entries
    assert (entry.amount, entry.payment_date, entry.note) == (
        120_000, date(2020, 2, 3), "it's so",
    )  # fmt: skip


def test_a_payment_in_a_closed_period_says_from_when_it_would_count(work: Workplace) -> None:
    """Row 17: else a figure that was handed to the board changes, or seems to."""
    reference, _ = work.invoiced()
    closed = work.opened().today() - timedelta(days=1)
    assert work.run("close", "--conference", SLUG, "--through", closed.isoformat()).exit_code == 0
    refused = work.run(*wire(reference, "--date", closed.isoformat()))
    counts = closed + timedelta(days=1)
    said = (
        f"closed through {written_day(closed)}; the payment would count from {written_day(counts)}"
    )
    assert said in refused.stderr
    assert follow(work, refused).exit_code == 0
    (entry,) = books(work, reference).entries
    assert (entry.payment_date, entry.booked_on) == (closed, counts)


def sheet(work: Workplace, name: str, *rows: str) -> Path:
    path = work.folder / name
    path.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    "corrected",
    [
        "NORTHWIND  GmbH,ap@northwind.example,Silver,1200.00",
        "Northwind GmbH,billing@northwind.example,Silver,1000.00",
        "northwind gmbh,ap@northwind.example,Silver and a table,1000.00",
    ],
)
def test_a_sheet_without_numbers_that_was_corrected_is_not_billed_beside_the_first(
    work: Workplace, corrected: str
) -> None:
    """Row 15: else the sponsor gets an invoice for the mistake and one for its correction."""
    first = sheet(work, "a.csv", "Northwind GmbH,ap@northwind.example,Silver,1000.00")
    made = work.json("import", str(first), "--conference", SLUG)
    fine = "Northwind GmbH,ap@northwind.example,Party,77.00"
    second = sheet(work, "b.csv", corrected, fine)
    report = work.json("import", str(second), "--conference", SLUG, exit_code=3)
    assert (report["accepted"], report["rejected"]) == (1, 1)
    assert [p["code"] for p in report["errors"]] == ["duplicate_likely"]
    assert made["purchase_orders"][0] in report["errors"][0]["message"]
    assert work.run("invoice", "--conference", SLUG, "--all-draft").exit_code == 0
    totals = [i["total"] for i in work.simulator.control.all("invoice", account=work.key)]
    assert sorted(totals) == [7_700, 100_000]
    meant = work.json("import", str(second), "--conference", SLUG, "--allow-duplicates")
    assert (meant["accepted"], meant["duplicates"]) == (1, 1)


def test_a_corrected_sheet_is_taken_once_the_old_purchase_order_is_cancelled(
    work: Workplace,
) -> None:
    """What the refusal says to do works."""
    first = sheet(work, "a.csv", "Northwind GmbH,ap@northwind.example,Silver,1000.00")
    (old,) = work.json("import", str(first), "--conference", SLUG)["purchase_orders"]
    assert work.run("cancel", old).exit_code == 0
    second = sheet(work, "b.csv", "Northwind GmbH,ap@northwind.example,Silver,1200.00")
    assert work.json("import", str(second), "--conference", SLUG)["accepted"] == 1


def test_income_that_came_before_any_invoice_is_in_the_journal(work: Workplace) -> None:
    """Row 16: else the accountant sees money in the bank and no income."""
    reference = work.order(total=100_000)
    assert work.run(*wire(reference, amount="1000")).exit_code == 0
    folder = work.folder / "journal"
    command = ("journal", "--conference", SLUG, "--program", "beancount", "--folder", str(folder))
    assert work.run(*command).exit_code == 0
    (text,) = (path.read_text("utf-8") for path in folder.iterdir())
    assert "Income:Sponsorship-Income  -1000.00 USD" in text
    assert work.simulator.control.all("invoice", account=work.key) == []
