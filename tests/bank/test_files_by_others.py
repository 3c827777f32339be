"""Statement files written by others: each read whole, held or refused with its reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mt940
import pytest
from ofxtools.Parser import OFXTree

from po_toolkit.api.bank import accept_statement, import_bank_statement, loaded_statements
from po_toolkit.errors import ImportFileError
from po_toolkit.importers.bank import prove, read_bank_file
from po_toolkit.money import to_major
from po_toolkit.store.bank_matches import all_lines

HERE = Path(__file__).parent / "files_by_others"
FILES = sorted(
    p
    for p in HERE.rglob("*")
    if p.suffix in {".ofx", ".qfx", ".xml", ".sta", ".mt940"} and p.is_file()
)
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
ENTRY = {"ofx": rb"<STMTTRN>", "mt940": rb"^:61:", "camt053": rb"<(?:\w+:)?Ntry>"}


def name_of(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def reading(path: Path) -> dict:
    """Say in short what a file was read as."""
    try:
        file = read_bank_file(path, currency="usd")
    except ImportFileError as error:
        return {"refused": str(error)}
    return {
        "format": file.format,
        "statements": [
            [s.account, s.currency, s.opening, s.closing, len(s.lines), len(s.bad), prove(s).state]
            for s in file.statements
        ],
    }


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_file_reads_as_it_did(path: Path) -> None:
    """Else a change of a reader loses lines of a bank that nobody here uses.

    After a wanted change: write what ``reading`` says into expected.json.
    """
    assert reading(path) == EXPECTED[name_of(path)]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_entry_of_a_file_is_lost(path: Path) -> None:
    """Else money on the account is in no book, and the count does not say so."""
    said = reading(path)
    if "refused" in said:
        assert len(said["refused"]) > 20
        return
    entries = re.findall(ENTRY[said["format"]], path.read_bytes(), re.MULTILINE | re.IGNORECASE)
    assert sum(s[4] + s[5] for s in said["statements"]) == len(entries)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_doubled_and_what_is_held_can_be_accepted(path: Path, opened) -> None:
    """Else loading a file again, or accepting a held statement, counts money twice."""
    try:
        first = import_bank_statement(opened, path)
    except ImportFileError:
        return
    held = [s for s in first.statements if s.state == "held"]
    for statement in held:
        assert statement.reason
        accept_statement(opened, statement.id, "Checked against the paper")
    again = import_bank_statement(opened, path)
    assert again.new == 0
    assert again.new + again.duplicates + again.quarantined == again.lines == first.lines
    with opened.store.reading() as session:
        kept = all_lines(session, opened.conference.id)
    file = read_bank_file(path, currency=opened.conference.currency)
    assert sorted(x.amount for x in kept) == sorted(
        x.amount for s in file.statements for x in s.lines
    )
    assert not [s for s in loaded_statements(opened) if s.state == "held"]


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.suffix == ".sta" and "raphaelm" not in p.name], ids=name_of
)
def test_mt940_amounts_agree_with_another_parser(path: Path) -> None:
    """Else both our reader and our tests misread a sign or a comma in the same way."""
    # A credit reversed (RC) is a debit, as the balances prove; the other parser leaves it positive.
    theirs = [
        -abs(t.data["amount"].amount) if t.data["status"] == "RC" else t.data["amount"].amount
        for t in mt940.parse(path.read_text(encoding="utf-8"))
        if "amount" in t.data
    ]
    file = read_bank_file(path, currency="eur")
    ours = [to_major(x.amount, x.currency) for s in file.statements for x in s.lines]
    if any(s.bad for s in file.statements):
        theirs = theirs[-len(ours) :]  # a currency of the last century: not taken here
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:.*tag")
def test_ofx_amounts_agree_with_another_parser() -> None:
    """Else a bank's way of writing amounts is misread by ours alone."""
    compared = 0
    for path in (p for p in FILES if p.suffix in {".ofx", ".qfx"}):
        try:
            tree = OFXTree()
            tree.parse(str(path))
            theirs = [
                t.trnamt for s in tree.convert().statements for t in getattr(s, "transactions", [])
            ]
        except Exception:  # noqa: BLE001 the other parser is strict, and refuses most of them
            continue
        if "refused" in reading(path):
            continue
        file = read_bank_file(path, currency="usd")
        assert [to_major(x.amount, x.currency) for s in file.statements for x in s.lines] == theirs
        compared += 1
    assert compared >= 3
