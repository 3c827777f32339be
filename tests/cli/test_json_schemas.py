"""What programs read from ``--format json`` is as docs/schemas says."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import po_toolkit
from tests.bank.statement import Entry, camt
from tests.cli.workplace import SCHEMAS, SLUG, Workplace, schema_of
from tests.docs.cli_reference import commands

SAMPLES = Path(po_toolkit.__file__).parent / "samples"
CLI = Path(__file__).parents[2] / "docs" / "cli.md"
AT = ("--conference", SLUG)
CONTENT = """
reminders = [-40, 0]

[po_toolkit.conferences.pycon-2027.e_invoice]
legal_name = "PyCon e. V."
street = "Hauptstr. 1"
city = "Berlin"
postcode = "10115"
country = "DE"
vat_id = "DE123456789"
contact_name = "Ada"
contact_phone = "030 1"
contact_email = "ada@pycon.example"
iban = "DE02120300000000202051"

[po_toolkit.conferences.pycon-2027.e_invoice.categories.none]
category = "E"
reason = "Exempt"
"""


def test_every_command_with_json_has_a_schema() -> None:
    """A program's author cannot guess what keys there are."""
    with_json = {
        part.split("\n", 1)[0].strip()
        for part in CLI.read_text("utf-8").split("## po-toolkit ")[1:]
        if re.search(r"--format <[^>]*json", part)
    }
    assert len(with_json) > 25
    written = {path.stem.replace("_", " ") for path in SCHEMAS.glob("*.json")}
    assert written - {"invoice dry-run", "remind dry-run", "closed verify"} == with_json - {"demo"}
    assert {" ".join(words) for words, _ in commands()} >= with_json
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"].startswith("po-toolkit ")


def test_a_schema_refuses_what_a_program_could_not_read() -> None:
    """A schema that takes everything proves nothing."""
    sync = schema_of(("sync", *AT))
    assert not sync.is_valid({})
    assert not sync.is_valid({"invoices_seen": "3"})


def test_a_whole_season_prints_what_the_schemas_say(work: Workplace) -> None:
    """A key that is renamed or changes its type breaks the scripts of treasurers."""
    with work.config.open("a") as settings:
        settings.write(CONTENT)
    ask = work.checked_json
    ask("status")
    ask("import", str(SAMPLES / "sponsors-with-errors.csv"), *AT, exit_code=3)
    unclear = work.folder / "unclear.csv"
    unclear.write_text("Sponsor;Email;Item;Amount\nEpsilon;ap@epsilon.example;Booth;1.500\n")
    ask("import", str(unclear), *AT, exit_code=2)
    taken = ask("import", str(SAMPLES / "sponsors-currencies.csv"), *AT)
    first, second, third, *_ = taken["purchase_orders"]
    ask("preview", first)

    ask("invoice", *AT, "--all-draft", "--dry-run")
    sent = ask("invoice", *AT, "--batch", str(taken["batch"]))
    ask("invoice", *AT, "--po", first)
    invoice = {r["reference"]: r["stripe_invoice_id"] for r in sent["results"]}
    by_hand = work.invoice_by_hand(70_000)
    adopted = work.order(70_000, po_number="5000")
    ask("adopt", adopted, by_hand)
    ask("resend", second)
    ask("deliver", second, "--out", str(work.folder / "invoice.eml"))
    ask(
        *("e-invoices", *AT, "--since", "2020-01-01", "--until", "2040-01-01"),
        *("--out", str(work.folder / "e.zip")),
        exit_code=3,
    )
    ask("remind", *AT, "--dry-run")
    ask("remind", *AT)
    ask("reissue", third, "--contact", "Ada")

    work.simulator.control.pay(invoice[first], account=work.key)
    ask("sync", *AT)
    ask("sync", *AT, "--full")
    work.json("payment", adopted, "--amount", "500.00", "--method", "wire")
    books = ask("reconcile", *AT)
    owed = next(r for r in books["rows"] if r["reference"] == adopted)
    assert owed["balance"] == "200.00"
    ask("credit-note", adopted, "--amount", "50.00", "--reason", "Late")
    ask("refund", adopted, "--amount", "10.00", "--method", "wire")
    entry = work.opened()
    with entry.store.reading() as session:
        from po_toolkit.store.purchase_orders import by_reference

        (wire, *_) = by_reference(session, entry.conference, adopted).entries
    ask("reverse", str(wire.id))
    ask("cancel", second)

    file = work.folder / "november.xml"
    lines = [Entry(date(2026, 11, 20), Decimal("7.00"), "INTEREST")]
    file.write_bytes(camt([*lines, Entry(date(2026, 11, 20), Decimal("150.00"), f"{adopted}")]))
    ask("bank", "import", str(file), *AT)
    ask("bank", "statements", *AT)
    ask("bank", "match", *AT)
    ask("bank", "payouts", *AT)
    ask("bank", "tie-out", *AT)
    ask("summary")
    ask("month-end", *AT, "--through", "2026-01-31", exit_code=3)
    ask("close", *AT, "--through", "2026-01-31")
    ask("closed", *AT)
    ask("closed", *AT, "--verify", "2026-01-31")
    ask("verify")
    ask("status")
    ask("doctor", exit_code=1)
    ask("copy-database", "--to", f"sqlite:///{work.folder / 'copy.db'}")
    ask("webhook", "list", *AT)
    ask("webhook", "replay", *AT)
