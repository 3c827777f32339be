"""Known layouts of banks: each proven by a sample and the lines that it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank import Answers, known_layouts, prove, read_bank_file
from po_toolkit.money import to_major

HERE = Path(__file__).parent / "layouts"
SAMPLES = sorted(HERE.glob("*.csv"))


def expected(sample: Path) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the layout's name, the account, and day, amount and currency of each line."""
    name, account, lines = "", "", []
    for text in sample.with_suffix(".lines").read_text("utf-8").splitlines():
        if text.startswith("# "):
            name = text[2:]
        elif text.startswith("account "):
            account = text[8:]
        else:
            line, _, payer = text.partition(" | ")
            lines.append((line, payer))
    return name, account, lines


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda p: p.stem)
def test_a_known_bank_is_read_without_a_question(sample: Path) -> None:
    """Else a treasurer of this bank is asked what the bank's own heading says, or misread."""
    name, account, lines = expected(sample)
    currency = lines[0][0].rsplit(" ", 1)[1]
    file = read_bank_file(sample, currency=currency)
    assert file.reading.layout == name
    found = [
        (f"{x.booked_on} {to_major(x.amount, x.currency)} {x.currency}", x)
        for s in file.statements
        for x in sorted(s.lines, key=lambda x: x.row)
    ]
    assert [line for line, _ in found] == [line for line, _ in lines]
    assert not [b.message for s in file.statements for b in s.bad]
    assert not [prove(s).reason for s in file.statements if prove(s).state == "held"]
    assert account in ("", *(s.account for s in file.statements))
    for (_, line), (_, payer) in zip(found, lines, strict=True):
        assert payer in ("", line.counterparty)
        if line.amount > 0:
            assert "4500012345" in line.text


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda p: p.stem)
def test_the_currency_of_a_bank_is_named_or_asked(sample: Path) -> None:
    """Else the dollar account of a British bank is read in pounds."""
    _, _, lines = expected(sample)
    currency = lines[0][0].rsplit(" ", 1)[1]
    try:
        file = read_bank_file(sample, currency="nzd" if currency != "nzd" else "usd")
        found = {s.currency for s in file.statements if not s.assumed}
    except ImportChoiceError as asked:
        found = set(asked.choices[:1]) if asked.question == "currency" else set()
    assert currency in found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda p: p.stem)
def test_a_bank_that_nobody_wrote_down_is_read_right_or_asked(sample: Path, monkeypatch) -> None:
    """Else a bank that resembles these and is not among them is misread without a word."""
    from po_toolkit.importers.bank import files

    monkeypatch.setattr(files, "known_layouts", tuple)
    _, _, lines = expected(sample)
    currency = lines[0][0].rsplit(" ", 1)[1]
    try:
        file = read_bank_file(sample, currency=currency, answers=Answers())
    except ImportFileError:
        return
    held = any(prove(s).state == "held" for s in file.statements)
    found = {
        f"{x.booked_on} {to_major(x.amount, x.currency)} {x.currency}"
        for s in file.statements
        for x in s.lines
    }
    assert held or found <= {line for line, _ in lines}


def test_every_layout_has_a_sample() -> None:
    """Else a layout that was never tried passes for known."""
    assert {x.name for x in known_layouts()} == {expected(s)[0] for s in SAMPLES}
    assert len(known_layouts()) >= 40
