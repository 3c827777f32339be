"""Statements of banks without a sample: each is read right, or a question is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.bank import prove, read_bank_file
from po_toolkit.money import to_major
from tests.bank.other_banks import CASES, Line


@pytest.mark.parametrize("conference", ["usd", "eur"])
@pytest.mark.parametrize(
    ("data", "lines", "account"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_statement_of_another_bank_is_right_or_asked_about(
    tmp_path: Path, data: bytes, lines: list[Line], account: str, conference: str
) -> None:
    """Else a treasurer books a payment of the wrong sign, day or currency, or loses its payer."""
    path = tmp_path / "statement.csv"
    path.write_bytes(data)
    try:
        file = read_bank_file(path, currency=conference)
    except ImportFileError:
        return
    # Where nothing in a file speaks of a currency, the conference's is taken, and noted.
    assumed = any("names no currency" in note for note in file.notes)
    found = {
        (str(x.booked_on), str(to_major(x.amount, x.currency)), x.currency): x
        for s in file.statements
        for x in s.lines
    }
    wanted = {(d, a, conference if assumed else c): (text, payer) for d, a, c, text, payer in lines}
    assert found.keys() == wanted.keys()
    assert not [b.message for s in file.statements for b in s.bad]
    assert "held" not in {prove(s).state for s in file.statements}
    for key, (text, payer) in wanted.items():
        assert text in f"{found[key].text} {found[key].counterparty}"
        assert payer in ("", found[key].counterparty)
    assert account in ("", *(s.account for s in file.statements))


def test_at_least_two_of_three_statements_of_other_banks_need_no_question(tmp_path: Path) -> None:
    """Else every treasurer of a bank that nobody described must map its columns by hand."""
    read = 0
    for number, (_, data, _, _) in enumerate(CASES):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        for conference in ("usd", "eur"):
            try:
                read_bank_file(path, currency=conference)
            except ImportFileError:
                continue
            read += 1
    assert read * 3 >= 2 * 2 * len(CASES)
