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
    Answers,
    BadLine,
    BankFile,
    BankLine,
    Statement,
    minor,
    one_line,
    plain_amount,
    same_currency,
)
from po_toolkit.importers.bank.vocabulary import REVERSAL
from po_toolkit.money import THREE_DECIMAL

_STATEMENT = re.compile(r"<(?:CC)?STMTRS>", re.IGNORECASE)
_ENTRY = re.compile(r"<STMTTRN>", re.IGNORECASE)
_ENTRY_END = re.compile(r"</STMTTRN>|</BANKTRANLIST>|<LEDGERBAL>|<AVAILBAL>", re.IGNORECASE)
_STATUS = re.compile(r"<STATUS>(.*?)</STATUS>", re.IGNORECASE | re.DOTALL)


def read_ofx(text: str, *, currency: str, answers: Answers | None = None) -> BankFile:
    """Read every bank and credit-card statement of an OFX file.

    The currency is that of statements which name none, unless an answer says which it is.

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
        statements.append(_statement(text[start:end], first_row, currency, answers, notes))
    return BankFile("ofx", statements, notes)


def _nothing(text: str) -> str:
    if re.search(r"<INVSTMTRS>", text, re.IGNORECASE):
        return "The OFX file is an investment statement; load that of the bank account."
    for found in _STATUS.finditer(text):
        if (_field(found[1], "SEVERITY") or "").upper() == "ERROR":
            why = _field(found[1], "MESSAGE") or f"code {_field(found[1], 'CODE')}"
            return f"The OFX file is the bank's refusal, not a statement: {why}"
    return "The OFX file holds no bank statement."


def _statement(
    block: str, first_row: int, currency: str, answers: Answers | None, notes: list[str]
) -> Statement:
    entries = [found.start() for found in _ENTRY.finditer(block)]
    head = block[: entries[0]] if entries else block
    made = Statement(
        account=one_line(_field(head, "BANKID") or "", _field(head, "ACCTID") or ""),
        currency=(_field(head, "CURDEF") or _field(block, "CURSYM") or "").lower(),
        opening_date=_date_or_none(_field(head, "DTSTART")),
        closing_date=_date_or_none(_field(head, "DTEND")),
    )
    if not made.currency:
        answer = answers.currency if answers else ""
        made.currency, made.assumed = answer or currency, not answer
        notes.append(f"Row {first_row}: No currency is named; {made.currency.upper()} is used.")
    raws: list[tuple[int, str]] = []
    for start, next_start in zip(entries, [*entries, len(block)][1:], strict=True):
        end = _ENTRY_END.search(block, start, next_start)
        row = first_row + block.count("\n", 0, start)
        raws.append((row, block[start : end.start() if end else next_start]))
    raws = _corrected(raws, made, notes)
    unsigned = _is_unsigned([raw for _, raw in raws])
    if unsigned:
        notes.append(f"Row {first_row}: No amount has a minus; the types say which are debits.")
    for row, raw in raws:
        if (_field(raw, "TRNTYPE") or "").upper() == "HOLD":
            notes.append(f"Row {row}: A hold is not booked; left out.")
            continue
        _take_entry(made, raw, row, unsigned=unsigned)
    _take_balance(made, block)
    return made


_DEBITS = frozenset(
    {"DEBIT", "FEE", "SRVCHG", "ATM", "POS", "CHECK", "PAYMENT", "CASH", "DIRECTDEBIT", "REPEATPMT"}
)
_CREDITS = frozenset({"CREDIT", "DEP", "DIRECTDEP", "DIV"})


def _is_unsigned(raws: list[str]) -> bool:
    """Tell whether the bank writes debits without a minus, which the specification forbids."""
    amounts = [(_field(raw, "TRNAMT") or "").strip() for raw in raws]
    kinds = {(_field(raw, "TRNTYPE") or "").upper() for raw in raws}
    return (
        bool(amounts)
        and not any(a.startswith(("-", "(")) for a in amounts)
        and bool(kinds & _DEBITS)
    )


def _corrected(
    raws: list[tuple[int, str]], made: Statement, notes: list[str]
) -> list[tuple[int, str]]:
    """Apply CORRECTFITID: a replaced transaction is left out, a deletion deletes and is no line.

    What corrects a transaction that is not in this file is kept in ``made.corrections``.
    """
    gone: set[str] = set()
    kept: list[tuple[int, str]] = []
    for row, raw in raws:
        wrong = _field(raw, "CORRECTFITID") or ""
        if not wrong:
            kept.append((row, raw))
            continue
        delete = (_field(raw, "CORRECTACTION") or "").upper() == "DELETE"
        gone.add(wrong)
        verb = "deletes" if delete else "replaces"
        notes.append(f"Row {row}: The bank {verb} its transaction {wrong}.")
        made.corrections[wrong] = "" if delete else (_field(raw, "FITID") or "")
        if not delete:
            kept.append((row, raw))
    there = {(_field(raw, "FITID") or "") for _, raw in raws}
    for fitid in gone & there:
        made.corrections.pop(fitid, None)
    return [(row, raw) for row, raw in kept if (_field(raw, "FITID") or "") not in gone]


def _field(block: str, tag: str) -> str | None:
    found = re.search(rf"<{tag}>\s*([^<\r\n]*)", block, re.IGNORECASE)
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


def _take_entry(made: Statement, raw: str, row: int, *, unsigned: bool) -> None:
    amount: int | None = None
    try:
        major = _amount(_field(raw, "TRNAMT") or "", made.currency)
        if unsigned:
            major = _signed(major, (_field(raw, "TRNTYPE") or "").upper())
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
            references=(check,) if check else (),
            reversal=REVERSAL.search(f"{name} {_field(raw, 'MEMO') or ''}") is not None,
        )
    )


def _signed(size: Decimal, kind: str) -> Decimal:
    """Give an amount without sign the sign of its type.

    Raises:
        ValueError: The type says nothing of the direction.
    """
    if kind in _DEBITS:
        return -size
    if kind in _CREDITS:
        return size
    raise ValueError(f"has no sign, and its type {kind or '(none)'} is neither credit nor debit")


def _amount(text: str, currency: str) -> Decimal:
    """Read an amount; thousands may be marked where a decimal mark follows.

    Raises:
        ValueError: It is no amount, or its one mark may be of thousands or of decimals.
    """
    squeezed = "".join(text.split())
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", squeezed) and currency not in THREE_DECIMAL:
        raise ValueError(f"has {squeezed!r} for its amount, which may be thousands or decimals")
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
