"""The bank commands as scripts and treasurers use them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from po_toolkit.store.purchase_orders import by_reference
from tests.bank.statement import Entry, camt
from tests.cli.workplace import SLUG

DAY = date(2026, 11, 20)
AT = ("--conference", SLUG)


def test_from_statement_to_tie_out(work) -> None:
    """Else a script that books the bank every night breaks on a name or an exit code."""
    reference, invoice = work.invoiced(total=100_000)
    work.simulator.control.sell(5000, "usd", "Ticket", work.key)
    work.simulator.control.advance(3 * 86_400)
    payout = work.simulator.control.payout("usd", trace="TRACE99", account=work.key)
    work.simulator.control.payout_arrives(payout["id"])
    pulled = work.json("sync", *AT)["payouts"]
    assert (pulled["payouts_new"], pulled["balance_transactions_new"]) == (1, 2)
    assert work.json("bank", "payouts", *AT)["payouts_new"] == 0
    lines = [
        Entry(DAY, Decimal("1000.00"), f"WIRE {reference}"),
        Entry(DAY, Decimal(payout["amount"]) / 100, "STRIPE TRANSFER TRACE99"),
        Entry(DAY, Decimal("7.00"), "INTEREST"),
    ]
    file = work.folder / "november.xml"
    file.write_bytes(camt(lines))
    loaded = work.json("bank", "import", str(file), *AT)
    assert (loaded["format"], loaded["lines"], loaded["new"]) == ("camt053", 3, 3)
    assert loaded["errors"] == []
    assert work.json("bank", "import", str(file), *AT)["duplicates"] == 3
    proposed = work.json("bank", "match", *AT)
    assert (proposed["applied"], proposed["proposed"]) == (0, 2)
    matched = work.json("bank", "match", "--apply", *AT)
    counts = {k: matched[k] for k in ("applied", "proposed", "ambiguous", "unmatched")}
    assert counts == {"applied": 2, "proposed": 0, "ambiguous": 0, "unmatched": 1}
    assert {m["rule"] for m in matched["matches"]} == {"reference", "payout_trace"}
    assert work.simulator.control.get(invoice)["status"] == "paid"
    books = work.json("reconcile", *AT)
    row = next(r for r in books["rows"] if r["reference"] == reference)
    assert (row["status"], row["paid_other"]) == ("paid", "1000.00")
    tied = work.json("bank", "tie-out", *AT, "--as-of", "2030-01-01")
    assert all(c["difference"] == "0.00" for c in tied["checks"])
    assert [p["at_bank"] for p in tied["payouts"]] == [p["amount"] for p in tied["payouts"]]
    one = work.json("bank", "tie-out", *AT, "--as-of", "2030-01-01", "--po", reference)
    assert [r["at_bank"] for r in one["rows"]] == ["1000.00"]
    assert [x["payments"] for x in one["bank_lines"]] == ["1000.00"]
    assert (one["payouts"], one["checks"]) == ([], tied["checks"])
    line = str(matched["unmatched_lines"][0]["line"])
    assert work.run("bank", "exclude", line, *AT, "--reason", "Interest").exit_code == 0
    wired = str(next(m["line"] for m in matched["matches"] if m["rule"] == "reference"))
    assert "unmatched again" in work.run("bank", "undo", wired, *AT).stdout
    assert work.run("bank", "apply", wired, *AT).exit_code == 0
    assert "Evidence" not in work.run("bank", "match", *AT).stdout


def test_a_held_statement_exits_3_and_can_be_accepted(work) -> None:
    """Else a nightly job takes a statement with a page missing for done."""
    file = work.folder / "bad.xml"
    file.write_bytes(camt([Entry(DAY, Decimal(5), "X")], closing=Decimal(9)))
    loaded = work.json("bank", "import", str(file), *AT, exit_code=3)
    assert (loaded["lines"], loaded["new"], loaded["statements"][0]["state"]) == (1, 0, "held")
    assert loaded["errors"][0]["code"] == "held"
    number = str(loaded["statements"][0]["id"])
    done = work.run("bank", "accept", number, *AT, "--reason", "Bank's mistake")
    assert "1 new" in done.stdout
    assert work.run("bank", "import", str(work.folder / "none.xml"), *AT).exit_code == 1


def test_a_person_answers_what_a_csv_does_not_tell(work) -> None:
    """Else a bank whose columns have odd names cannot be used from the command line."""
    file = work.folder / "march.csv"
    file.write_text("Tag;Wieviel;Was\n03.04.2027;+1.200,50;MIETE\n")
    asked = work.run("bank", "import", str(file), *AT)
    assert (asked.exit_code, "--map" in asked.output) == (2, True)
    mapped = ("--map", "date=Tag", "--map", "amount=Wieviel", "--map", "text=Was")
    asked = work.run("bank", "import", str(file), *AT, *mapped)
    assert (asked.exit_code, "--currency eur or usd" in asked.output) == (2, True)
    mapped = (*mapped, "--currency", "usd")
    assert work.json("bank", "import", str(file), *AT, *mapped)["new"] == 1
    file.write_text("Date,Amount,Memo\n03/04/2027,5.00,X\n")
    asked = work.run("bank", "import", str(file), *AT)
    assert (asked.exit_code, "--dates dmy or mdy" in asked.output) == (2, True)


def test_a_line_of_money_that_was_typed_offers_both_ways_out(work) -> None:
    """Else a treasurer reads that it may be the same money, and not how to say that it is not."""
    reference = work.order()
    typed = ("payment", reference, "--amount", "400", "--method", "wire", "--date", "2026-11-19")
    recorded = work.run(*typed, "--date-as-given")
    assert recorded.exit_code == 0, recorded.output
    file = work.folder / "november.xml"
    file.write_bytes(camt([Entry(DAY, Decimal(400), "COUNTER DEPOSIT")]))
    work.json("bank", "import", str(file), *AT)
    asked = work.run("bank", "apply", "1", *AT, "--po", f"{reference}=400")
    assert asked.exit_code == 2
    ways = [line.partition("po-toolkit ")[2] for line in asked.stderr.splitlines()]
    same = next(way for way in ways if "--entry" in way)
    other = next(way for way in ways if way.endswith("--again"))
    assert work.run(*same.split()).exit_code == 0
    assert work.run("bank", "undo", "1", *AT).exit_code == 0
    assert work.run(*other.split()).exit_code == 0
    opened = work.opened()
    with opened.store.reading() as session:
        found = by_reference(session, opened.conference, reference)
        assert [e.amount for e in found.entries] == [40_000, 40_000]
