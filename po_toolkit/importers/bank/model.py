"""What a bank statement says, whatever its format, and whether it adds up; money in minor units."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, ClassVar, Literal

from po_toolkit.domain.records import AsJson
from po_toolkit.domain.wording import named_rows, written_day
from po_toolkit.errors import AmountError
from po_toolkit.money import display, to_minor

MONTH_FIRST = "month first"
"""How a reading says that days are written as in 3/25/2027."""
Format = Literal["csv", "xlsx", "ofx", "mt940", "camt053", "camt052", "bai2", "qif"]


@dataclass(frozen=True, slots=True)
class Payment(AsJson):
    """One payment inside an entry that the bank booked as a whole.

    Attributes:
        amount: Minor units of the entry's currency, a debit below 0; None where the file gives it
            in another currency or not at all.
        counterparty: The other party's name.
        account: The other party's IBAN or account number.
        text: All that the bank says of it, in one line.
        references: Structured references: end-to-end id, creditor's reference, check number.
    """

    amount: int | None = None
    counterparty: str = ""
    account: str = ""
    text: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankLine:
    """One entry as the bank booked it.

    Attributes:
        row: The line of the file where it begins, from 1.
        amount: Minor units of ``currency``; a debit is below 0.
        counterparty: The other party's name, where the file has a field for it.
        counterparty_account: The other party's IBAN or account number; ours is never here.
        text: All that the bank says of it, in one line.
        bank_reference: The bank's own id, which banks use again.
        references: Structured references of the payment: end-to-end id, creditor's reference, check
            number; what banks write for "none" is left out.
        details: The payments booked together as this entry, where there are several.
        reversal: The bank says that the entry takes back an earlier one.
    """

    row: int
    amount: int
    currency: str
    booked_on: date
    value_date: date | None = None
    counterparty: str = ""
    text: str = ""
    bank_reference: str = ""
    details: tuple[Payment, ...] = ()
    counterparty_account: str = ""
    references: tuple[str, ...] = ()
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class BadLine:
    """An entry that cannot be read, as it came; it is never taken for 0.

    Attributes:
        amount: Its amount in minor units where that could be read, so that the balances can still
            be proven.
    """

    row: int
    raw: str
    message: str
    amount: int | None = None


@dataclass(slots=True)
class Statement:
    """One statement of one account.

    Attributes:
        number: The statement's own number or id.
        opening: The balance before its lines, in minor units, if it says so.
        closing: The balance after them.
        problems: Why it cannot be trusted, whatever its balances say.
        assumed: Nothing in the file names its currency; the conference's was taken, or the one
            that was answered for the same heading before.
    """

    account: str = ""
    currency: str = ""
    assumed: bool = False
    number: str = ""
    opening: int | None = None
    closing: int | None = None
    opening_date: date | None = None
    closing_date: date | None = None
    lines: list[BankLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    corrections: dict[str, str] = field(default_factory=dict)
    """The bank's id of an earlier transaction that it corrects → of the one that replaces it; empty
    where it is deleted."""

    @property
    def count(self) -> int:
        """How many entries it holds, as booked."""
        return len(self.lines) + len(self.bad)


@dataclass(frozen=True, slots=True)
class Reading(AsJson):
    """How a file was read, for a person to check.

    Attributes:
        layout: The known layout; empty where the columns were found by name.
        columns: Field → column names.
        sign: What tells a credit from a debit.
        currency: The currency, and what says so.
        dates: Day or month first.
        decimal: The decimal mark.
    """

    layout: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    sign: str = ""
    currency: str = ""
    dates: str = ""
    decimal: str = ""


@dataclass(slots=True)
class BankFile:
    """The statements of one file, and what was left out of it."""

    format: Format
    statements: list[Statement]
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    """For a spreadsheet: field → column name."""
    fingerprint: str = ""
    """For a spreadsheet: what its columns are remembered by."""
    reading: Reading = field(default_factory=Reading)
    signs: Literal["", "written", "none"] = ""
    """For a spreadsheet with one column of amounts: whether a debit in it bears a sign."""
    remembered: str = ""
    """The currency, where an earlier answer for the heading named it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person answered about a file; what is empty was not answered.

    Attributes:
        mapping: Field → column names, ``|`` between several; an empty name leaves a field out.
        decimal: The decimal mark.
        dates: Which of day and month comes first.
        currency: The account's currency, or ``each``: every row names its own.
        account: Our account.
        words: Word of a direction or status column (``blank`` for an empty cell) → credit, debit,
            booked or skip.
        sign: amount (the amounts' own signs count) or reversed.
        fee: apart (a fee comes on top of the amount) or included.
        sheet: The sheet of a workbook.
        intraday: Take a camt.052 report, which is no final statement.
        encoding: What a text file is in.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    decimal: Literal["point", "comma"] | None = None
    dates: Literal["dmy", "mdy"] | None = None
    currency: str = ""
    account: str = ""
    words: Mapping[str, Literal["credit", "debit", "booked", "skip"]] = field(default_factory=dict)
    sign: Literal["", "amount", "reversed"] = ""
    fee: Literal["", "apart", "included"] = ""
    sheet: str = ""
    intraday: bool = False
    encoding: str = ""

    _KEPT: ClassVar = ("decimal", "dates", "currency", "sign", "fee")

    def with_saved(self, saved: Mapping[str, str]) -> Answers:
        """Return these answers, completed by those given before for the same heading."""
        words = {k[5:]: v for k, v in saved.items() if k.startswith("word:")}
        kept = {
            n: saved["=" + n] for n in self._KEPT if saved.get("=" + n) and not getattr(self, n)
        }
        every: Any = {**words, **self.words}
        values: Any = kept
        return replace(self, words=every, **values)

    def to_save(self, before: Mapping[str, str], signs: str = "") -> dict[str, str]:
        """Return what is to be remembered; a new mapping replaces the one of before.

        Args:
            before: What was remembered.
            signs: Whether the file's debits bear a sign (``BankFile.signs``). That all amounts of
                a file without signs are credits is not remembered: the next one may hold a debit.
        """
        whole = self.with_saved(before)
        mapping = self.mapping or {
            k: v for k, v in before.items() if k[:1] != "=" and k[:5] != "word:"
        }
        kept = {"=" + n: str(getattr(whole, n)) for n in self._KEPT if getattr(whole, n)}
        if signs == "none" and kept.get("=sign") == "amount":
            del kept["=sign"]
        if signs == "written" or "=signs" in before:
            kept["=signs"] = "written"
        return {**mapping, **kept, **{f"word:{w}": m for w, m in whole.words.items()}}

    @property
    def given(self) -> bool:
        """Whether anything was answered that is worth remembering."""
        return bool(self.mapping or self.words or any(getattr(self, n) for n in self._KEPT))


_AHEAD, _FAR = timedelta(days=3), timedelta(days=366)
"""How far after today a bank may date what it booked, over a weekend; and how far nobody does."""


def set_future_apart(file: BankFile, today: date) -> None:
    """Set apart what a file dates after today: scheduled, or its day and month read wrongly.

    Where all of a file lies ahead, within a year, its days and the computer's clock disagree and
    nothing tells which is wrong: it is taken, with a note. ``today`` is the date in the
    conference's timezone.
    """
    days = [line.booked_on for statement in file.statements for line in statement.lines]
    if not days or max(days) <= today + _AHEAD:
        return
    latest = today + (_AHEAD if min(days) <= today + _AHEAD else _FAR)
    if max(days) <= latest:
        file.notes.append(
            f"Every line is dated after today, {written_day(today)}, from "
            f"{written_day(min(days))} to "
            f"{written_day(max(days))}. Check the days and this computer's clock."
        )
    for statement in file.statements:
        for line in [line for line in statement.lines if line.booked_on > latest]:
            statement.lines.remove(line)
            raw = one_line(
                str(line.booked_on), display(line.amount, line.currency), line.counterparty,
                line.text,
            )  # fmt: skip
            why = (
                f"Row {line.row} is dated {written_day(line.booked_on)}, which is after today, "
                f"{written_day(today)}. It "
                f"was not imported. Once it is booked, import the statement again."
            )
            statement.bad.append(BadLine(line.row, raw, why, line.amount))


_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)", re.ASCII)


def plain_amount(text: str) -> Decimal:
    """Read an amount as statement formats write it: one decimal mark, no thousands.

    Raises:
        ValueError: It is no such amount.
    """
    squeezed = "".join(text.split())
    if _NUMBER.fullmatch(squeezed) is None:
        raise ValueError(f"{text.strip()!r} is not an amount")
    try:
        return Decimal(squeezed.replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{text.strip()!r} is not an amount") from None


def minor(amount: Decimal, currency: str) -> int:
    """Convert to minor units.

    Raises:
        ValueError: The currency is unknown, or has fewer decimals; says which.
    """
    try:
        return to_minor(amount, currency)
    except AmountError as error:
        raise ValueError(str(error).rstrip(".")) from None


def same_currency(found: str, account: str) -> None:
    """Refuse an amount that is not in the account's currency.

    Raises:
        ValueError: Says both currencies.
    """
    if found.lower() != account:
        raise ValueError(f"is in {found.upper()}, the account in {account.upper()}")


def one_line(*parts: str) -> str:
    """Join texts with single spaces, without repeating one."""
    kept: list[str] = []
    for part in parts:
        flat = " ".join(part.split())
        if flat and flat not in kept:
            kept.append(flat)
    return " ".join(kept)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a statement's own numbers say of it.

    Attributes:
        state: proven; unproven (it names no two balances); held (they do not add up).
        difference: closing - (opening + lines) in minor units, None where that is unknown.
        reason: Why it is held, or why nothing is proven; empty when proven.
    """

    state: Literal["proven", "unproven", "held"]
    difference: int | None
    reason: str


def prove(statement: Statement) -> Proof:
    """Add a statement up."""
    difference = _difference(statement)
    reasons = list(statement.problems)
    if difference:
        reasons.append(_words(statement, difference))
    unread = [bad for bad in statement.bad if bad.amount is None]
    if statement.opening is not None and statement.closing is not None and unread:
        where = named_rows([bad.row for bad in unread]).lower()
        reasons.append(
            f"the sums cannot be checked without the amounts of {where}, which cannot be read"
        )
    if reasons:
        return Proof("held", difference or None, "; ".join(reasons))
    if difference is None:
        missing = " and ".join(
            name
            for name, value in (("opening", statement.opening), ("closing", statement.closing))
            if value is None
        )
        return Proof("unproven", None, f"the file holds no {missing} balance to prove it by")
    return Proof("proven", None, "")


def _difference(statement: Statement) -> int | None:
    if statement.opening is None or statement.closing is None:
        return None
    moved = sum(line.amount for line in statement.lines)
    moved += sum(bad.amount for bad in statement.bad if bad.amount is not None)
    return statement.closing - statement.opening - moved


def _words(statement: Statement, difference: int) -> str:
    currency = statement.currency
    opening, closing = statement.opening or 0, statement.closing or 0
    moved = closing - opening - difference
    return (
        f"opening {display(opening, currency)} + lines {display(moved, currency)} is "
        f"{display(opening + moved, currency)}, but it closes with {display(closing, currency)}: "
        f"{display(difference, currency)} apart"
    )


def follows(moves: Sequence[tuple[Decimal | None, Decimal | None]]) -> bool:
    """Tell whether the running balance follows from the amounts, oldest line first or last.

    The moves are amount and balance of each line in major units, at least two with a balance.
    """
    if len(moves) < 2 or any(a is None or b is None for a, b in moves):
        return False
    return any(
        all(b[1] == (a[1] or 0) + (b[0] or 0) for a, b in pairwise(ordered))
        for ordered in (list(moves), list(moves)[::-1])
    )


def prove_by_running_balance(
    statement: Statement, moves: list[tuple[int, int, int | None]]
) -> None:
    """Take opening and closing from the running balance, newest line first or last.

    A balance that is shown only on some lines (the last of a day, say) must fit the lines between.
    The moves are row, amount and balance in minor units, in the file's order.
    """
    if not moves or sum(balance is not None for _, _, balance in moves) < min(2, len(moves)):
        return
    breaks = []
    for ordered in (moves, moves[::-1]):
        opening, closing, broken = _walk(ordered)
        breaks.append((len(broken), opening, closing, broken))
    count, opening, closing, broken = min(breaks, key=lambda b: b[0])
    statement.opening, statement.closing = opening, closing
    days = [line.booked_on for line in statement.lines]
    statement.opening_date = min(days, default=None)
    statement.closing_date = max(days, default=None)
    if count:
        row, apart = broken[0]
        statement.problems.append(
            f"the running balance does not follow in row {row}: "
            f"{display(apart, statement.currency)} apart"
        )


def _walk(
    moves: list[tuple[int, int, int | None]],
) -> tuple[int | None, int | None, list[tuple[int, int]]]:
    opening: int | None = None
    running, since = 0, 0
    broken: list[tuple[int, int]] = []
    for row, amount, balance in moves:
        since += amount
        if balance is None:
            continue
        if opening is None:
            opening = balance - since
        elif balance != running + since:
            broken.append((row, balance - running - since))
        running, since = balance, 0
    return opening, None if opening is None else running + since, broken
