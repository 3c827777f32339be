"""OFX 1 (SGML) and 2 (XML), and QFX: read leniently, since no bank keeps to the specification.

Source of the rules: OFX 2.3, chapter 11 (bank statements). A statement has a closing balance and no
opening one, so it cannot prove itself.
"""

from __future__ import annotations

import html
import re
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
    plain_amount,
    same_currency,
)

_STATEMENT = re.compile(r"<(?:CC)?STMTRS>", re.IGNORECASE)
_ENTRY = re.compile(r"<STMTTRN>", re.IGNORECASE)
_ENTRY_END = re.compile(r"</STMTTRN>|</BANKTRANLIST>|<LEDGERBAL>|<AVAILBAL>", re.IGNORECASE)
_STATUS = re.compile(r"<STATUS>(.*?)</STATUS>", re.IGNORECASE | re.DOTALL)


def read_ofx(text: str, *, currency: str) -> BankFile:
    """Read every bank and credit-card statement of an OFX file.

    Args:
        text: The file.
        currency: Taken where the file names none.

    Raises:
        ImportFileError: It holds no such statement, or is the bank's refusal.
    """
    starts = [found.start() for found in _STATEMENT.finditer(text)]
    if not starts:
        raise ImportFileError(_nothing(text))
    notes: list[str] = []
    statements: list[Statement] = []
    for start, end in zip(starts, [*starts, len(text)][1:], strict=True):
        first_row = text.count("\n", 0, start) + 1
        statements.append(_statement(text[start:end], first_row, currency, notes))
    return BankFile("ofx", statements, notes)


def _nothing(text: str) -> str:
    if re.search(r"<INVSTMTRS>", text, re.IGNORECASE):
        return "The OFX file is an investment statement; load that of the bank account."
    for found in _STATUS.finditer(text):
        if (_field(found[1], "SEVERITY") or "").upper() == "ERROR":
            why = _field(found[1], "MESSAGE") or f"code {_field(found[1], 'CODE')}"
            return f"The OFX file is the bank's refusal, not a statement: {why}"
    return "The OFX file holds no bank statement."


def _statement(block: str, first_row: int, currency: str, notes: list[str]) -> Statement:
    entries = [found.start() for found in _ENTRY.finditer(block)]
    head = block[: entries[0]] if entries else block
    made = Statement(
        account=one_line(_field(head, "BANKID") or "", _field(head, "ACCTID") or ""),
        currency=(_field(head, "CURDEF") or _field(block, "CURSYM") or "").lower(),
        opening_date=_date_or_none(_field(head, "DTSTART")),
        closing_date=_date_or_none(_field(head, "DTEND")),
    )
    if not made.currency:
        made.currency = currency
        notes.append(f"Row {first_row}: no currency is named; {currency.upper()} is taken.")
    for start, next_start in zip(entries, [*entries, len(block)][1:], strict=True):
        end = _ENTRY_END.search(block, start, next_start)
        row = first_row + block.count("\n", 0, start)
        _take_entry(made, block[start : end.start() if end else next_start], row)
    _take_balance(made, block)
    return made


def _field(block: str, tag: str) -> str | None:
    found = re.search(rf"<{tag}>([^<\r\n]*)", block, re.IGNORECASE)
    return html.unescape(found[1]).strip() if found else None


def _take_balance(made: Statement, block: str) -> None:
    found = re.search(
        r"<LEDGERBAL>(.*?)(?:</LEDGERBAL>|<AVAILBAL>|$)", block, re.IGNORECASE | re.DOTALL
    )
    text = _field(found[1], "BALAMT") if found else None
    if not text:
        return
    try:
        made.closing = minor(plain_amount(text), made.currency)
    except ValueError as error:
        made.problems.append(f"its ledger balance {error}")


def _take_entry(made: Statement, raw: str, row: int) -> None:
    amount: int | None = None
    try:
        major = _amount(_field(raw, "TRNAMT") or "")
        if re.search(r"<CURRENCY>", raw, re.IGNORECASE):
            same_currency(_field(raw, "CURSYM") or made.currency, made.currency)
        amount = minor(major, made.currency)
        booked = _date(_field(raw, "DTPOSTED") or "")
    except ValueError as error:
        made.bad.append(BadLine(row, raw.strip()[:2000], f"The transaction {error}.", amount))
        return
    value = _date_or_none(_field(raw, "DTAVAIL"))
    name = _field(raw, "NAME") or ""
    check = _field(raw, "CHECKNUM") or _field(raw, "CHKNUM") or ""
    made.lines.append(
        BankLine(
            row=row,
            amount=amount,
            currency=made.currency,
            booked_on=booked,
            value_date=value,
            counterparty=one_line(name)[:255],
            text=one_line(
                name,
                _field(raw, "MEMO") or "",
                f"CHECK {check}" if check else "",
                _field(raw, "REFNUM") or "",
            ),
            bank_reference=(_field(raw, "FITID") or "")[:255],
        )
    )


def _amount(text: str) -> Decimal:
    """Read an amount; thousands may be marked where a decimal mark follows."""
    squeezed = "".join(text.split())
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+", squeezed):
        squeezed = squeezed.replace(",", "")
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", squeezed):
        squeezed = squeezed.replace(".", "")
    return plain_amount(squeezed) if squeezed else plain_amount("(no amount)")


def _date(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise ValueError(f"has no date: {text!r}") from None


def _date_or_none(text: str | None) -> date | None:
    try:
        return _date(text) if text else None
    except ValueError:
        return None
