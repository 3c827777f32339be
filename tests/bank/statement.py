"""Writes what a bank would: CAMT.053 and MT940 of given lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

NS = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True)
class Entry:
    day: date
    amount: Decimal
    text: str
    name: str = ""
    reference: str = ""
    details: Sequence[Decimal] = ()


def camt(
    entries: Iterable[Entry],
    *,
    opening: Decimal = Decimal("1000.00"),
    closing: Decimal | None = None,
    number: str = "S1",
    account: str = "DE02120300000000202051",
    currency: str = "USD",
) -> bytes:
    entries = list(entries)
    closing = opening + sum((e.amount for e in entries), Decimal(0)) if closing is None else closing
    first = min((e.day for e in entries), default=date(2027, 1, 1))
    last = max((e.day for e in entries), default=date(2027, 1, 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{NS}"><BkToCstmrStmt>'
        + statement(entries, opening, closing, number, account, currency, first, last)
        + "</BkToCstmrStmt></Document>"
    ).encode()


def statement(entries, opening, closing, number, account, currency, first, last) -> str:
    return (
        f"<Stmt><Id>{number}</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        + _balance("OPBD", opening, currency, first)
        + _balance("CLBD", closing, currency, last)
        + "".join(_entry(e, currency) for e in entries)
        + "</Stmt>"
    )


def _balance(code: str, amount: Decimal, currency: str, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{_side(amount)}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(e: Entry, currency: str) -> str:
    role = "Dbtr" if e.amount > 0 else "Cdtr"
    details = "".join(
        f'<TxDtls><Amt Ccy="{currency}">{abs(d)}</Amt><CdtDbtInd>{_side(d)}</CdtDbtInd></TxDtls>'
        for d in e.details
    ) or (
        f"<TxDtls><RltdPties><{role}><Pty><Nm>{escape(e.name)}</Nm></Pty></{role}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(e.text)}</Ustrd></RmtInf></TxDtls>"
    )
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(e.amount)}</Amt><CdtDbtInd>{_side(e.amount)}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{e.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{e.day}</Dt></ValDt><AcctSvcrRef>{escape(e.reference)}</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _side(amount: Decimal) -> str:
    return "CRDT" if amount >= 0 else "DBIT"
