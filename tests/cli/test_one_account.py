"""One Stripe account in the life that databases have: restored, copied, edited in the dashboard."""

from __future__ import annotations

import gc
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.workplace import SETTINGS, SLUG, Workplace

AT = ("--conference", SLUG)


class Backups:
    """Copies of a workplace's database."""

    def __init__(self, work: Workplace) -> None:
        self.work = work
        self.kept = work.folder / "backup.db"

    @property
    def book(self) -> Path:
        return self.work.folder / "books.db"

    def take(self) -> None:
        gc.collect()
        with closing(sqlite3.connect(self.book)) as book, closing(sqlite3.connect(self.kept)) as to:
            book.backup(to)

    def restore(self) -> None:
        gc.collect()
        for beside in self.work.folder.glob("books.db*"):
            beside.unlink()
        shutil.copy(self.kept, self.book)


def second_database(work: Workplace) -> Workplace:
    folder = work.folder / "second"
    folder.mkdir()
    other = Workplace(folder, work.simulator, work.key)
    other.config.write_text(SETTINGS.format(folder=folder, key=work.key))
    assert other.run("init").exit_code == 0
    return other


def counting(work: Workplace) -> list[dict[str, Any]]:
    """The account's invoices that ask for money or got it."""
    rows = work.simulator.control.all("invoice", work.key)
    return [row for row in rows if row["status"] in ("open", "paid", "uncollectible")]


def invoiced(work: Workplace, reference: str, *more: str, exit_code: int = 0) -> dict[str, Any]:
    (result,) = work.json("invoice", *AT, "--po", reference, *more, exit_code=exit_code)["results"]
    return result


def follow(work: Workplace, stderr: str, label: str) -> Any:
    """Run the remedy that a command named on stderr."""
    (line,) = [line for line in stderr.splitlines() if line.startswith(f"{label}: ")]
    return work.run(*shlex.split(line.removeprefix(f"{label}: "))[1:])


def row(work: Workplace, reference: str) -> dict[str, Any]:
    found = work.json("reconcile", *AT)["rows"]
    return next(r for r in found if r["reference"] == reference)


@pytest.mark.parametrize("paid", [False, True])
def test_a_backup_from_before_invoicing_bills_nobody_again(work: Workplace, paid: bool) -> None:
    """Row 1: also where the invoice is paid; the payment must not be lost either."""
    reference, backups = work.order(), Backups(work)
    backups.take()
    first = invoiced(work, reference)["stripe_invoice_id"]
    if paid:
        work.simulator.control.pay(first)
    work.simulator.control.advance(30 * 3600)
    backups.restore()
    work.json("sync", *AT, "--full")
    planned = work.json("invoice", *AT, "--po", reference, "--dry-run")
    assert planned["count"] == 0
    assert first in planned["skipped"][0]["reason"]
    result = invoiced(work, reference)
    assert (result["outcome"], result["stripe_invoice_id"]) == ("skipped", first)
    assert [invoice["id"] for invoice in counting(work)] == [first]
    books = row(work, reference)
    assert (books["status"], books["balance"]) == (
        ("paid", "0.00") if paid else ("sent", "1000.00")
    )


def test_a_backup_of_the_first_generation_takes_over_the_second(work: Workplace) -> None:
    """Row 2: sync and the advice that reconcile gives must not bill a second time."""
    reference, first = work.invoiced()
    backups = Backups(work)
    backups.take()
    assert work.run("reissue", reference).exit_code == 0
    (second,) = [invoice["id"] for invoice in counting(work)]
    assert second != first
    work.simulator.control.pay(second)
    backups.restore()
    work.json("sync", *AT)
    assert "voided_at_stripe" in row(work, reference)["discrepancies"]
    assert invoiced(work, reference)["stripe_invoice_id"] == second
    assert [invoice["id"] for invoice in counting(work)] == [second]
    assert row(work, reference)["paid_stripe"] == "1000.00"
    assert row(work, reference)["discrepancies"] == []


def test_a_generation_that_only_stripe_knows_keeps_its_number(work: Workplace) -> None:
    """Its keys are remembered by Stripe: used again they would answer with the void invoice."""
    reference, backups = work.order(), Backups(work)
    backups.take()
    first = invoiced(work, reference)["stripe_invoice_id"]
    assert work.run("reissue", reference).exit_code == 0
    (second,) = [invoice["id"] for invoice in counting(work)]
    work.simulator.control.get(second)
    assert work.run("cancel", reference).exit_code == 0
    assert counting(work) == []
    backups.restore()
    work.json("sync", *AT, "--full")
    third = invoiced(work, reference)
    assert third["outcome"] == "invoiced"
    assert third["stripe_invoice_id"] not in {first, second}
    (made,) = counting(work)
    assert made["metadata"]["generation"] == "3"


@pytest.mark.parametrize("synced", [False, True])
@pytest.mark.parametrize("numbered", [True, False])
def test_two_databases_on_one_account_bill_a_sponsor_once(
    work: Workplace, synced: bool, numbered: bool
) -> None:
    """Row 3: both ways on that the outcome names work."""
    details = {"po_number": "4711" if numbered else ""}
    first = invoiced(work, work.order(**details))["stripe_invoice_id"]
    other = second_database(work)
    reference = other.order(organization_name="NORTHWIND  GmbH", **details)
    if synced:
        other.json("sync", *AT)
    again = ("invoice", *AT, "--po", reference, "--bill-again", first, "--dry-run")
    assert other.json(*again)["ready"][0]["doubts"][-1] == f"billed again beside {first}"
    said = other.run("invoice", *AT, "--po", reference)
    assert said.exit_code == 2, said.output
    assert first in said.stdout
    assert len(counting(work)) == 1
    planned = other.json("invoice", *AT, "--po", reference, "--dry-run")
    assert planned["count"] == 0
    assert first in planned["skipped"][0]["reason"]
    if numbered:
        assert follow(other, said.stderr, "Adopt the invoice").exit_code == 0
        assert row(other, reference)["stripe_invoice_id"] == first
        assert len(counting(work)) == 1
    else:
        assert follow(other, said.stderr, "Bill it again on purpose").exit_code == 0
        assert len(counting(work)) == 2


@pytest.mark.parametrize("drops_metadata", [True, False])
def test_an_invoice_edited_in_the_dashboard_is_taken_over(
    work: Workplace, drops_metadata: bool
) -> None:
    """Row 9: the revision stands for the invoice that it made void."""
    reference, first = work.invoiced()
    if drops_metadata:
        work.simulator.control.switch("revision_drops_metadata", account=work.key)
    revised = work.simulator.control.revise(first, amount=90_000)["id"]
    again = work.simulator.control.revise(revised, amount=95_000)["id"]
    work.json("sync", *AT)
    result = invoiced(work, reference)
    assert (result["outcome"], result["stripe_invoice_id"]) == ("skipped", again)
    assert [invoice["id"] for invoice in counting(work)] == [again]
    assert "amount_differs_from_stripe" in row(work, reference)["discrepancies"]


def test_what_is_no_second_invoice_is_billed_without_a_question(work: Workplace) -> None:
    """The same number of another sponsor, another number, and what is void do not count."""
    invoiced(work, work.order())
    other = second_database(work)
    for details in (
        {"organization_name": "Southwind GmbH", "contact_email": "ap@southwind.example"},
        {"po_number": "4712"},
    ):
        assert invoiced(other, other.order(**details))["outcome"] == "invoiced"
    voided, gone = work.invoiced(po_number="4713")
    assert work.run("cancel", voided).exit_code == 0
    assert work.simulator.control.get(gone)["status"] == "void"
    assert invoiced(other, other.order(po_number="4713"))["outcome"] == "invoiced"


def overpaid(work: Workplace, excess: int = 5_000) -> tuple[str, str, str]:
    """A purchase order that was overpaid at Stripe: reference, invoice and customer."""
    reference, invoice = work.invoiced()
    work.simulator.control.pay(invoice, amount=100_000 + excess)
    work.json("sync", *AT)
    return reference, invoice, work.simulator.control.get(invoice)["customer"]


def balance_at_stripe(work: Workplace, customer: str) -> int:
    return int(work.simulator.control.get(customer)["balance"])


def test_a_refunded_excess_does_not_lower_the_next_invoice_too(work: Workplace) -> None:
    """Row 13: the card gets it back, so the credit for the same excess goes."""
    reference, _, customer = overpaid(work)
    assert balance_at_stripe(work, customer) == -5_000
    assert row(work, reference)["discrepancies"] == ["overpaid"]
    work.json("refund", reference, "--amount", "50.00", "--yes")
    assert balance_at_stripe(work, customer) == 0
    (refund,) = work.simulator.control.all("refund", work.key)
    assert refund["amount"] == 5_000
    assert row(work, reference)["balance"] == "0.00"
    work.json("sync", *AT)
    assert work.json("reconcile", *AT)["discrepancies"] == []
    _, following = work.invoiced(po_number="4712")
    assert work.simulator.control.get(following)["amount_due"] == 100_000


@pytest.mark.parametrize("decision", ["bill otherwise", "wait", "cancel"])
def test_an_invoice_paid_in_part_and_refunded_has_a_way_on(work: Workplace, decision: str) -> None:
    """Stripe never voids it; else "refund it" is the advice after the refund too, for ever."""
    reference, invoice = work.invoiced()
    work.simulator.control.pay(invoice, amount=40_000)
    work.json("sync", *AT)
    work.json("refund", reference, "--amount", "400.00", "--yes")
    if decision == "cancel":
        assert work.json("cancel", reference)["balance"] == "0.00"
        (note,) = work.simulator.control.all("credit_note", work.key)
        assert [link["amount_refunded"] for link in note["refunds"]] == [40_000]
        assert counting(work)[0]["amount_remaining"] == 0
        assert work.json("reconcile", *AT)["discrepancies"] == []
        return
    said = work.run("reissue", reference)
    assert said.exit_code == 1, said.output
    assert "still asks for 600.00 USD" in " ".join(said.stderr.split())
    if decision == "wait":
        work.simulator.control.pay(invoice)
        work.json("sync", *AT)
    else:
        assert follow(work, said.stderr, "Issue a credit note").exit_code == 0
    assert work.run("reissue", reference).exit_code == 0
    assert [i["amount_remaining"] for i in counting(work)] == [0, 40_000]
    assert row(work, reference)["balance"] == "400.00"
    assert work.json("reconcile", *AT)["discrepancies"] == []


def test_an_excess_whose_credit_was_used_is_not_refunded(work: Workplace) -> None:
    """Row 13: what another invoice or the dashboard took from the balance is gone."""
    reference, _, customer = overpaid(work)
    work.simulator.control.move_balance(customer, 2_000)
    said = work.run("refund", reference, "--amount", "50.00", "--yes")
    assert said.exit_code == 1, said.output
    assert "only 30.00 USD are left" in " ".join(said.stderr.split())
    assert work.simulator.control.all("refund", work.key) == []
    assert balance_at_stripe(work, customer) == -3_000
    work.json("refund", reference, "--amount", "30.00", "--yes")
    assert balance_at_stripe(work, customer) == 0


@pytest.mark.parametrize("moved", [-5_000, 5_000])
@pytest.mark.parametrize("choice", ["Let the balance count", "Remove the balance"])
def test_a_balance_that_the_books_do_not_know_stops_the_invoice(
    work: Workplace, moved: int, choice: str
) -> None:
    """Row 14: else the sponsor is asked another sum than is owed, and nobody is told."""
    _, invoice = work.invoiced()
    customer = work.simulator.control.get(invoice)["customer"]
    work.simulator.control.move_balance(customer, moved)
    reference = work.order(po_number="4712")
    said = work.run("invoice", *AT, "--po", reference)
    assert said.exit_code == 1, said.output
    assert [i["id"] for i in work.simulator.control.all("invoice", work.key)] == [invoice]
    done = follow(work, said.stderr, choice)
    assert done.exit_code == 0, done.output
    (made,) = [i for i in counting(work) if i["id"] != invoice]
    counts = choice == "Let the balance count"
    assert made["amount_due"] == (100_000 + moved if counts else 100_000)
    assert balance_at_stripe(work, customer) == 0
