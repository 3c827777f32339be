"""Random statements as OFX, MT940 and CAMT, each with its lines known before it is written.

Signs, reversals, days, currencies, balances and texts vary as the formats allow; a wrong line books
money that never came. ``BANK_FILES=3000`` runs more of them by hand.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest

from po_toolkit.importers.bank import prove, read_bank_file
from po_toolkit.money import to_minor
from tests.bank.statement import Entry, camt

FILES = int(os.environ.get("BANK_FILES", "60"))
DECIMALS = {"usd": 2, "eur": 2, "jpy": 0, "kwd": 3}
NAMES = [
    "Acme GmbH",
    "Beacon & Sons",
    "Łódź Software",
    "Café Zürich SA",
    "株式会社データ",
    "O'Neil <Ltd>",
]
TEXTS = ["PO-7KQAM2", "Invoice 4500012001", "SPONSORING 2027 / GOLD", "RF18 5390 0754 7034", "-"]


@dataclass
class Made:
    """A statement's currency, balances, and its lines with their sign."""

    currency: str
    opening: Decimal
    lines: list[Entry] = field(default_factory=list)
    broken: bool = False

    @property
    def closing(self) -> Decimal:
        kept = sum((x.amount for x in self.lines), self.opening)
        return kept + (Decimal(1) if self.broken else 0)


def made(chance: random.Random) -> Made:
    currency = chance.choice(list(DECIMALS))
    step = Decimal(1).scaleb(-DECIMALS[currency]) * (10 if currency == "kwd" else 1)
    statement = Made(currency, chance.randint(-10_000, 10_000_000) * step)
    day = date(2027, 1, 1) + timedelta(days=chance.randint(0, 700))
    for at in range(chance.randint(1, 7)):
        day += timedelta(days=chance.choice([0, 0, 1, 3]))
        amount = chance.choice([1, 1, -1]) * chance.randint(1, 9_000_000) * step
        name, text = chance.choice(NAMES), f"{chance.choice(TEXTS)} {at}"
        statement.lines.append(Entry(day, amount, text, name, f"R{at}"))
    statement.broken = chance.random() < 0.15
    return statement


def as_camt(it: Made, _chance: random.Random) -> bytes:
    return camt(it.lines, opening=it.opening, closing=it.closing, currency=it.currency.upper())


def as_mt940(it: Made, chance: random.Random) -> bytes:
    """A credit is ``C`` or a debit taken back (``RD``), a debit ``D`` or a credit taken back."""
    comma = lambda v: f"{abs(v):f}".replace(".", ",") + ("" if "." in f"{v:f}" else ",")  # noqa: E731
    side = lambda v: "C" if v >= 0 else "D"  # noqa: E731
    first, last = it.lines[0].day, it.lines[-1].day
    code = it.currency.upper()
    rows = [":20:STARTUMS", ":25:DE02120300000000202051", ":28C:1/1"]
    rows.append(f":60F:{side(it.opening)}{first:%y%m%d}{code}{comma(it.opening)}")
    for x in it.lines:
        mark = chance.choice(["C", "C", "RD"] if x.amount > 0 else ["D", "D", "RC"])
        entry = f"{x.day:%m%d}" if chance.random() < 0.7 else ""
        rows += [
            f":61:{x.day:%y%m%d}{entry}{mark}{comma(x.amount)}NTRF{x.reference}",
            f":86:{x.text}",
        ]
    rows.append(f":62F:{side(it.closing)}{last:%y%m%d}{code}{comma(it.closing)}")
    return ("\r\n".join([*rows, "-"]) + "\r\n").encode()


def as_ofx(it: Made, chance: random.Random) -> bytes:
    """OFX 1 (tags are not closed) or 2; some amounts are signed, some have but a type."""
    xml = chance.random() < 0.5
    tag = lambda n, v: f"<{n}>{v}</{n}>" if xml else f"<{n}>{v}\n"  # noqa: E731
    signed = chance.random() < 0.7
    rows = []
    for at, x in enumerate(it.lines):
        kind = "CREDIT" if x.amount > 0 else "DEBIT"
        amount = f"{x.amount if signed else abs(x.amount):f}"
        moment = chance.choice([f"{x.day:%Y%m%d}", f"{x.day:%Y%m%d}120000[0:GMT]"])
        rows.append(
            "<STMTTRN>" + tag("TRNTYPE", kind) + tag("DTPOSTED", moment) + tag("TRNAMT", amount)
            + tag("FITID", f"F{at}") + tag("NAME", escape(x.name)[:32]) + tag("MEMO", x.text)
            + "</STMTTRN>"
        )  # fmt: skip
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><?OFX OFXHEADER="200" VERSION="211"?>'
        if xml
        else "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n"
    )
    account = "<BANKACCTFROM>" + tag("BANKID", "1") + tag("ACCTID", "2") + "</BANKACCTFROM>"
    body = (
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>" + tag("CURDEF", it.currency.upper()) + account
        + "<BANKTRANLIST>" + "".join(rows) + "</BANKTRANLIST><LEDGERBAL>"
        + tag("BALAMT", f"{it.closing:f}") + tag("DTASOF", f"{it.lines[-1].day:%Y%m%d}")
        + "</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )  # fmt: skip
    return (head + body).encode()


@pytest.mark.parametrize("write", [as_camt, as_mt940, as_ofx])
def test_a_random_statement_is_read_to_the_cent_or_held(
    write: Callable[[Made, random.Random], bytes],
) -> None:
    """Else a debit is money in, or a line of another day, amount or currency pays a sponsor's."""
    for seed in range(FILES):
        chance = random.Random(seed)
        it = made(chance)
        data = write(it, chance)
        file = read_bank_file(data, currency="gbp")
        (statement,) = file.statements
        shown = f"seed {seed}\n{data.decode()}\n{statement}"
        right = [(x.day, to_minor(x.amount, it.currency), it.currency) for x in it.lines]
        assert [(x.booked_on, x.amount, x.currency) for x in statement.lines] == right, shown
        for line, entry in zip(statement.lines, it.lines, strict=True):
            assert entry.text in f"{line.text} {line.counterparty}", shown
        assert not statement.bad, shown
        if write is not as_ofx:  # an OFX file has no opening balance to prove its lines by
            assert (prove(statement).state == "held") is it.broken, shown
