"""A database bills from the account that it belongs to, and from no other."""

from __future__ import annotations

import json
import os

import pytest

from tests.cli.workplace import SLUG, Workplace
from tests.conftest import ENGINES

AT = ("--conference", SLUG)
SHEET = (
    "organization_name,contact_email,po_number,description,quantity,unit_price,currency\n"
    "Northwind GmbH,ap@northwind.example,4711,Silver sponsorship,1,500.00,usd\n"
)


def other_settings(work: Workplace, old: str, new: str) -> None:
    text = work.config.read_text()
    assert old in text
    work.config.write_text(text.replace(old, new))


def let_go() -> None:
    """Close what earlier commands of this process left open, as the end of a command does."""
    for engine in list(ENGINES):
        engine.dispose()


def invoices_of(work: Workplace, key: str = "") -> list:
    return work.simulator.control.all("invoice", key or work.key)


@pytest.mark.parametrize("mode", ["test", "live"])
def test_the_key_of_another_account_or_mode_does_nothing(work: Workplace, mode: str) -> None:
    """Row 5: else a reissue bills in one account while the old invoice stays open in the other."""
    reference, invoice = work.invoiced()
    draft = work.order(po_number="4712")
    other = f"sk_{mode}_another_account_{os.urandom(8).hex()}"
    other_settings(work, work.key, other)
    before = work.opened().store
    for command in (
        ("sync", *AT),
        ("sync", *AT, "--full"),
        ("invoice", *AT, "--po", draft, "--yes"),
        ("reissue", reference, "--yes"),
        ("cancel", reference, "--yes"),
        ("resend", reference, "--yes"),
        ("payment", reference, "--amount", "10", "--method", "wire", "--yes"),
        ("credit-note", reference, "--amount", "10", "--reason", "x", "--yes"),
    ):
        result = work.run(*command)
        if result.exit_code == 2 and "No such option" in result.output:
            result = work.run(*command[:-1])
        assert result.exit_code != 0, command
        assert "belong to Stripe account acct_" in result.stderr, (command, result.output)
        assert f"po-toolkit archive --conference {SLUG}" in result.stderr
    before.engine.dispose()
    assert invoices_of(work, other) == []
    assert work.simulator.control.get(invoice)["status"] == "open"
    assert work.json("status")["conferences"][0]["purchase_orders"] == {"draft": 1, "sent": 1}
    other_settings(work, other, work.key)
    assert work.json("sync", *AT)["problems"] == []


def test_test_data_are_put_aside_before_the_first_live_invoice(work: Workplace) -> None:
    """Row 6: else nobody is invoiced and test payments count as money; the remedy must work."""
    work.invoiced()
    live = f"sk_live_first_{os.urandom(8).hex()}"
    other_settings(work, work.key, live)
    assert work.run("sync", *AT).exit_code != 0
    done = work.run("archive", *AT)
    assert done.exit_code == 0, done.output
    assert "archived" in done.stdout
    reference = work.order()
    found = work.json("invoice", *AT, "--po", reference, "--yes")
    assert found["invoiced"] == 1
    assert len(invoices_of(work, live)) == 1


def test_another_key_of_the_same_account_goes_on(work: Workplace) -> None:
    """A key is rolled every year; that is no other account."""
    work.invoiced()
    rolled = f"sk_test_rolled_{os.urandom(8).hex()}"
    world = work.simulator.world
    world.add_key(rolled, world.account(work.key), None)
    other_settings(work, work.key, rolled)
    assert work.json("sync", *AT)["problems"] == []
    calls = len(work.simulator.control.calls())
    work.json("sync", *AT)
    asked = [c.path for c in work.simulator.control.calls()[calls:]]
    assert "/v1/account" not in asked


def test_a_corrected_name_does_not_bill_everybody_again(work: Workplace) -> None:
    """Row 7: the sheet is imported again under the new name; renaming keeps what was sent."""
    work.invoiced(total=50_000)
    other_settings(work, f"conferences.{SLUG}]", "conferences.pycon-us-2027]")
    sheet = work.folder / "sponsors.csv"
    sheet.write_text(SHEET)
    new = ("--conference", "pycon-us-2027")
    assert work.run("import", str(sheet), *new).exit_code == 0
    refused = work.run("invoice", *new, "--all-draft")
    assert refused.exit_code != 0
    assert f"po-toolkit rename {SLUG} pycon-us-2027" in refused.stderr
    assert "shares_stripe_account = true" in refused.stderr
    assert len(invoices_of(work)) == 1
    again = work.run("rename", SLUG, "pycon-us-2027")
    assert again.exit_code != 0
    assert "po-toolkit archive --conference pycon-us-2027" in again.stderr
    assert work.run("archive", *new).exit_code == 0
    renamed = work.run("rename", SLUG, "pycon-us-2027")
    assert renamed.exit_code == 0, renamed.output
    assert work.json("import", str(sheet), *new)["duplicates"] == 1
    assert work.run("invoice", *new, "--all-draft").exit_code in {0, 1}
    assert len(invoices_of(work)) == 1


def test_two_conferences_on_one_account_are_said_to_be_so(work: Workplace) -> None:
    work.invoiced()
    second = (
        f'\n[po_toolkit.conferences.second]\nname = "Second"\nstripe_secret_key = "{work.key}"\n'
    )
    work.config.write_text(work.config.read_text() + second)
    sheet = work.folder / "sponsors.csv"
    sheet.write_text(SHEET.replace("4711", "4712"))
    assert work.run("import", str(sheet), "--conference", "second").exit_code == 0
    assert work.run("invoice", "--conference", "second", "--all-draft").exit_code != 0
    work.config.write_text(work.config.read_text() + "shares_stripe_account = true\n")
    found = work.json("invoice", "--conference", "second", "--all-draft")
    assert found["invoiced"] == 1


def test_only_init_and_import_make_a_database(work: Workplace) -> None:
    """Row 4: else cron in another folder begins an empty one; its reconciliation is empty too."""
    for command in (
        ("sync", *AT),
        ("invoice", *AT, "--all-draft"),
        ("reconcile", *AT),
        ("payment", "PO-7KQ2MX", "--amount", "1", "--method", "wire"),
        ("bank", "match", *AT),
        ("worker", "--once"),
    ):
        result = work.run(*command)
        if "No such option" in result.output:
            continue
        assert result.exit_code != 0, command
        assert f"There is no database at {work.folder}/books.db" in result.stderr, result.output
        assert not (work.folder / "books.db").exists()
    sheet = work.folder / "sponsors.csv"
    sheet.write_text(SHEET)
    assert work.run("import", str(sheet), *AT).exit_code == 0
    assert json.loads(work.run("status", "--format", "json").stdout)["database"] == "ready"


def test_init_begins_again_and_keeps_what_was(work: Workplace) -> None:
    """The way from test data to live; it must neither lose the old nor bill live ones again."""
    sent = work.process("invoice", *AT, "--po", work.order())
    assert sent.returncode == 0, sent.stderr
    let_go()
    done = work.run("init", "--fresh")
    assert done.exit_code == 0, done.output
    (kept,) = work.folder.glob("books-*.db")
    assert str(kept) in done.stdout
    assert work.json("status")["conferences"][0]["purchase_orders"] == {}
    other_settings(work, work.key, f"sk_live_fresh_{os.urandom(8).hex()}")
    sent = work.process("invoice", *AT, "--po", work.order(), "--yes", live=True)
    assert sent.returncode == 0, sent.stderr
    refused = work.run("init", "--fresh")
    assert refused.exit_code != 0
    assert "1 live invoices" in refused.stderr
    let_go()
    begun = work.run("init", "--fresh", "--yes")
    assert begun.exit_code == 0, begun.output


def test_init_says_where_a_database_has_not_the_tables_of_this_release(work: Workplace) -> None:
    """A database of an unreleased version said "ready" and failed at the first act."""
    assert work.run("init").exit_code == 0
    store = work.opened().store
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reminders DROP COLUMN error")
        connection.exec_driver_sql("DROP TRIGGER ledger_entries_no_delete")
    refused = work.run("init")
    assert refused.exit_code != 0
    assert "column reminders.error is missing" in refused.stderr
    assert "trigger ledger_entries_no_delete is missing" in refused.stderr
    store.engine.dispose()
    let_go()
    assert work.run("init", "--fresh").exit_code == 0
    assert work.run("init").exit_code == 0
