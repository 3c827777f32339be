"""BAI2: the cash management balance reporting format of banks in the United States.

Source of the rules: BAI, "Cash Management Balance Reporting Specifications, Version 2" (public
since 2008, X9). Records: 01 file, 02 group (as-of date, currency, status 1 to 4), 03 account with
balances by type code (010 opening ledger, 015 closing ledger), 16 transaction, 88 continuation, 49,
98 and 99 trailers with control totals. Type codes 100-399 are credits, 400-699 debits; 890 and
others give no money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from po_toolkit.errors import ImportFileError
from po_toolkit.importers.bank.model import (
    BadLine,
    BankFile,
    BankLine,
    Statement,
    minor,
    one_line,
)
from po_toolkit.importers.bank.vocabulary import REVERSAL
from po_toolkit.money import exponent

_RETURNS = frozenset({"255", "257", "258", "259", "455", "555", "557", "558", "559", "355", "655"})
"""Returned items, both ways: checks and deposits returned, ACH returns."""


_NOT_FINAL = {"2": "deleted", "4": "a test"}


@dataclass(slots=True)
class _Record:
    row: int
    code: str
    fields: list[str]
    text: str = ""


@dataclass(slots=True)
class _Group:
    currency: str = ""
    day: date | None = None
    status: str = "1"
    interim: bool = False


def read_bai2(text: str, *, currency: str) -> BankFile:
    """Read every account of a BAI2 file.

    The currency is taken where neither group nor account names one (BAI2 then means US dollars).

    Raises:
        ImportFileError: It holds no account, or its records cannot be followed.
    """
    del currency  # the specification's default is the US dollar, not ours
    notes: list[str] = []
    statements: list[Statement] = []
    group = _Group()
    open_: Statement | None = None
    total = 0
    for record in _records(text):
        fields = record.fields
        if record.code == "02":
            group = _Group(
                (_at(fields, 6) or "USD").lower(),
                _day(_at(fields, 4)),
                _at(fields, 3),
                _at(fields, 7) in ("1", "3"),
            )
        elif record.code == "03":
            open_ = _account(record, group)
            total = sum(_amount(value) or 0 for _, value in _balances(fields))
            statements.append(open_)
        elif record.code == "16" and open_ is not None:
            total += _take(open_, record, group)
        elif record.code == "49" and open_ is not None:
            stated = _at(fields, 1)
            if stated.lstrip("+-").isdigit() and int(stated) != total:
                open_.problems.append(
                    f"its control total is {stated} and its records come to {total}"
                )
            open_ = None
    if not statements:
        raise ImportFileError("The BAI2 file holds no account.")
    return BankFile("bai2", statements, notes)


def _records(text: str) -> list[_Record]:
    found: list[_Record] = []
    for row, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if not plain:
            continue
        code, _, rest = plain.partition(",")
        if code == "88" and found:
            last = found[-1]
            if last.code == "16":
                last.text += ("\n" if last.text else "") + rest.rstrip("/")
            else:
                last.fields += rest.rstrip("/").split(",")
            continue
        found.append(_Record(row, code, [code, *rest.split(",")]))
        if code != "16":
            found[-1].fields = [code, *rest.rstrip("/").split(",")]
    return found


def _at(fields: list[str], position: int) -> str:
    return fields[position].strip().rstrip("/") if position < len(fields) else ""


def _day(text: str) -> date | None:
    try:
        if len(text) == 8:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


def _account(record: _Record, group: _Group) -> Statement:
    fields = record.fields
    code = (_at(fields, 2) or group.currency or "USD").lower()
    made = Statement(account=_at(fields, 1), currency=code)
    made.closing_date = group.day
    if group.status in _NOT_FINAL:
        made.problems.append(f"the bank says that this report is {_NOT_FINAL[group.status]}")
    if group.interim:
        made.problems.append("it is an interim report of the day, whose lines may still change")
    for kind, value in _balances(fields):
        amount = _amount(value)
        if amount is None:
            continue
        try:
            if kind == "010":
                made.opening, made.opening_date = minor(_major(amount, code), code), group.day
            elif kind == "015":
                made.closing = minor(_major(amount, code), code)
        except ValueError as error:
            made.problems.append(f"its balance {error}")
    return made


def _balances(fields: list[str]) -> list[tuple[str, str]]:
    """Return type code and amount of each balance; each is followed by a count and a fund type."""
    found = []
    at = 3
    while at < len(fields):
        kind, value = _at(fields, at), _at(fields, at + 1)
        funds = _at(fields, at + 3)
        if kind:
            found.append((kind, value))
        at += 4 + _funds_fields(fields, at + 3, funds)
    return found


def _funds_fields(fields: list[str], at: int, funds: str) -> int:
    """Return how many more fields a fund type brings."""
    if funds == "S":
        return 3
    if funds == "V":
        return 2
    if funds == "D":
        count = _at(fields, at + 1)
        return 1 + 2 * int(count) if count.isdigit() else 1
    return 0


def _amount(text: str) -> int | None:
    squeezed = text.strip()
    return int(squeezed) if squeezed.lstrip("+-").isdigit() and squeezed else None


def _major(units: int, currency: str) -> Decimal:
    """BAI2 writes amounts without a decimal mark, in the currency's own decimals."""
    return Decimal(units).scaleb(-exponent(currency))


def _take(made: Statement, record: _Record, group: _Group) -> int:
    """Take a transaction; return its amount for the control total."""
    fields = record.fields
    kind, value = _at(fields, 1), _at(fields, 2)
    funds = _at(fields, 3)
    at = 4 + _funds_fields(fields, 3, funds)
    bank, customer = _at(fields, at), _at(fields, at + 1)
    text = one_line(",".join(fields[at + 2 :]).strip().rstrip("/"), record.text)
    units = _amount(value) or 0
    number = int(kind) if kind.isdigit() else 0
    raw = ",".join(fields)
    if not value and number >= 890:
        return 0
    try:
        if not value or _amount(value) is None:
            raise ValueError(f"has {value!r} for its amount")
        if not (100 <= number <= 699):
            raise ValueError(f"has the type {kind}, which is neither credit nor debit")
        size = minor(_major(units, made.currency), made.currency)
        if group.day is None:
            raise ValueError("has no day")
    except ValueError as error:
        made.bad.append(BadLine(record.row, raw, f"Row {record.row} {error}.", None))
        return units
    own = customer if customer.strip("0") else ""
    made.lines.append(
        BankLine(
            row=record.row,
            amount=size if number < 400 else -size,
            currency=made.currency,
            booked_on=group.day,
            text=one_line(text, own, bank),
            bank_reference=bank[:255],
            references=(own,) if own else (),
            reversal=kind in _RETURNS or REVERSAL.search(text) is not None,
        )
    )
    return units
