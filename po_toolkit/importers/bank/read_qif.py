"""QIF, Quicken's interchange format: its days are ambiguous and it names no currency.

Source of the rules: Intuit, "Quicken Interchange Format (QIF) files". Each record ends with ``^``;
``D`` is the day, ``T`` (or ``U``) the signed amount, ``P`` the payee, ``M`` the memo, ``N`` the
check number, ``C`` whether it is cleared, ``S``/``E``/``$`` the parts of a split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from po_toolkit.errors import ImportChoiceError, ImportFileError
from po_toolkit.importers.bank.model import (
    Answers,
    BadLine,
    BankFile,
    BankLine,
    Statement,
    minor,
    one_line,
)
from po_toolkit.importers.bank.vocabulary import (
    BALANCE,
    REVERSAL,
    amount_of,
    fold,
    is_balance_row,
    signed_value,
)
from po_toolkit.importers.cells import DayOrder, Decimals, habit_of, order_of, written_date

_KINDS = frozenset({"bank", "cash", "ccard", "oth a", "oth l"})


def read_qif(text: str, *, currency: str, answers: Answers) -> BankFile:
    """Read the transactions of a QIF file's bank, cash and card accounts.

    QIF names no currency: an answer or the conference does. Answers also say the order of dates and
    the decimal mark.

    Raises:
        ImportFileError: It holds no such account.
        ImportChoiceError: The order of its dates or its decimal mark must be chosen.
    """
    records = list(_records(text))
    if not records:
        raise ImportFileError("The QIF file holds no bank transaction.")
    days = [_day_text(r["D"]) for _, _, r in records if "D" in r]
    order, unclear = order_of(days)
    if unclear and not answers.dates:
        raise ImportChoiceError(
            f"Nothing in the file says whether {unclear} has the day or the month first.",
            question="dates",
            choices=["dmy", "mdy"],
        )
    code = answers.currency or currency
    habit = habit_of((r.get("T", r.get("U", "")), code) for _, _, r in records)
    if habit.open and not answers.decimal:
        raise ImportChoiceError(
            f"Nothing in the file says whether {habit.open} has a decimal point or a decimal "
            f"comma.",
            question="decimal",
            choices=["point", "comma"],
        )
    statements: dict[str, Statement] = {}
    for row, account, record in records:
        made = statements.setdefault(
            account, Statement(account, code, assumed=not answers.currency)
        )
        _take(made, row, record, answers.dates or order, answers.decimal or habit.decimals)
    notes = [] if answers.currency else [f"QIF names no currency; {code.upper()} was taken."]
    return BankFile("qif", list(statements.values()), notes)


def _records(text: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield line, account and fields of each record of a bank account."""
    kind, account, in_account = "", "", False
    record: dict[str, str] = {}
    start = 0
    for number, line in enumerate([*text.splitlines(), "^"], 1):
        if line.startswith("!"):
            name = line[1:].strip().lower()
            in_account = name == "account"
            kind = name.removeprefix("type:").strip() if name.startswith("type:") else kind
            record = {}
        elif line.startswith("^"):
            if in_account:
                account = record.get("N", "")
            elif record and kind in _KINDS:
                yield start, account, record
            record = {}
        elif line.strip():
            start = start if record else number
            key, value = line[0], line[1:].strip()
            if key in "SE$%":
                key = "split" if key == "$" else "memo"
            record[key] = one_line(record[key], value) if key == "memo" and key in record else value


def _day_text(text: str) -> str:
    """Write ``3/ 1'27`` as other programs do: 3/1/2027."""
    squeezed = re.sub(r"\s+", "", text)
    squeezed = re.sub(r"^(\d+)([.-])(\d+)'((?:\d\d)?\d\d)$", r"\1\2\3\2\4", squeezed)
    return re.sub(r"'(\d\d)$", r"/20\1", squeezed).replace("'", "/")


def _take(
    made: Statement,
    row: int,
    record: dict[str, str],
    order: DayOrder | None,
    decimals: Decimals | None,
) -> None:
    amount: int | None = None
    name, memo = record.get("P", ""), record.get("M", "")
    try:
        found = amount_of(record.get("T", record.get("U", "")))
        value = signed_value(found, decimals) if found else None
        if value is None:
            raise ValueError(f"has {record.get('T', '')!r} for its amount, which is not an amount")
        own = "opening" in name.lower() or record.get("L", "").startswith("[")
        if own and is_balance_row(name) and BALANCE.search(fold(name)):
            made.opening = minor(value, made.currency)
            return
        amount = minor(value, made.currency)
        written = written_date(_day_text(record.get("D", "")))
        booked = written.read(order) if written else None
        if booked is None:
            raise ValueError(f"has {record.get('D', '')!r} for its date")
    except ValueError as error:
        raw = " | ".join(f"{k}{v}" for k, v in record.items())
        made.bad.append(BadLine(row, raw[:2000], f"Row {row} {error}.", amount))
        return
    check = record.get("N", "")
    text = one_line(
        name, memo, record.get("memo", ""), f"CHECK {check}" if check.isdigit() else check
    )
    made.lines.append(
        BankLine(
            row=row,
            amount=amount,
            currency=made.currency,
            booked_on=booked,
            counterparty=name[:255],
            text=text,
            references=(check,) if check.isdigit() else (),
            reversal=REVERSAL.search(text) is not None,
        )
    )
