"""MT940: SWIFT's customer statement, as banks really write it.

Source of the rules: SWIFT User Handbook, MT940 fields 20, 25, 28C, 60a, 61, 62a and 86. Banks leave
the entry date or the currency out, write one decimal or none, and fold field 86 as they like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

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
from po_toolkit.importers.bank.vocabulary import REVERSAL

_TAG = re.compile(r"^:(20|21|25P?|28C?|13D|34F|60[FM]|61|86|NS|62[FM]|64|65|90[CD]):(.*)$")
"""The fields there are; a line of field 86 may begin like one, with a time such as ``:26:37``."""
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})?([\d., ]+)$")
_LINE = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4}|\s{4})?(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>\s*\d[\d]*(?:[.,]\d*)?)(?P<type>[A-Z][A-Z0-9]{1,3})?(?P<rest>.*)$",
    re.DOTALL,
)
_SUBFIELD = re.compile(r"[?>](\d\d)")
_FRAME = re.compile(r"^(?:-\}?)?\{[^:]*:.*\{4:|^\{4:")
"""The blocks of a SWIFT message around the statement, where its text begins on the same line."""
_KEYWORD = re.compile(
    r"/(NAME|BENM|ORDP|REMI|EREF|IBAN|ISDT|CSID|MARF|TRTP|ADDR|BIC|TRCD|PREF|RTRN)/"
)


_CLOSING = ("62F", "62M")
_FAR = timedelta(days=45)
"""Value date and booking day are never further apart."""


@dataclass(slots=True)
class _Field:
    tag: str
    row: int
    text: str


def read_mt940(text: str) -> BankFile:
    """Read every statement (each page on its own) of an MT940 file.

    Raises:
        ImportFileError: It holds no statement, or is an MT942.
    """
    fields = _fields(text)
    tags = {f.tag for f in fields}
    if "34F" in tags and not tags & {"60F", "60M"}:
        raise ImportFileError(
            "The file is an MT942 report of the day, whose lines the MT940 statement repeats. "
            "Load the MT940 instead."
        )
    statements: list[Statement] = []
    notes: list[str] = []
    block: list[_Field] = []
    for part in fields:
        ended = part.tag == "" and any(f.tag in _CLOSING for f in block)
        if (part.tag == "20" and block) or ended:
            statements.append(_statement(block, notes))
            block = []
        if part.tag:
            block.append(part)
    if block:
        statements.append(_statement(block, notes))
    if not statements or not tags & {"25", "60F", "60M", "61"}:
        raise ImportFileError("The file holds no MT940 statement.")
    return BankFile("mt940", statements, notes)


_LIKE = {
    "60": re.compile(r"[CD]\d{6}[A-Z]{3}"),
    "62": re.compile(r"[CD]\d{6}[A-Z]{3}"),
    "64": re.compile(r"[CD]\d{6}"),
    "65": re.compile(r"[CD]\d{6}"),
    "61": re.compile(r"\d{6}"),
    "90": re.compile(r"\d+[A-Z]{3}"),
    "28": re.compile(r"\d{1,5}"),
}


def _fields(text: str) -> list[_Field]:
    """Split the text into fields; a line of free text that begins like a tag is still text."""
    fields: list[_Field] = []
    lines = [_FRAME.sub("", line) for line in text.splitlines()]
    for row, line in enumerate(lines, 1):
        found = _TAG.match(line)
        plain = line.strip()
        if found and _is_tag(found[1], found[2], fields, lines[row : row + 4]):
            fields.append(_Field(found[1], row, found[2]))
        elif fields and (plain == "-" or plain.startswith(("-}", "{"))):
            # What stands between two messages (bank codes, blank lines) belongs to neither.
            fields.append(_Field("", row, ""))
        elif fields and plain:
            fields[-1].text += "\n" + line
    return fields


def _is_tag(tag: str, value: str, before: list[_Field], after: list[str]) -> bool:
    """Tell a field from free text such as ``:20:00 UHR`` that only begins like one.

    Inside the text of an entry (61 or 86) a new message begins only where the fields of its head
    follow, and a field of the head only after field 20.
    """
    inside = bool(before) and before[-1].tag in ("61", "86", "NS")
    if not inside:
        return True
    if tag == "20":
        follows = (m[1] for line in after if (m := _TAG.match(line)))
        return any(t in ("21", "25", "25P", "28", "28C") for t in follows)
    if tag in ("21", "25", "25P", "28", "28C", "13D", "34F"):
        return False
    form = _LIKE.get(tag[:2])
    # A balance that is damaged still ends the text, else the statement would have none.
    return form is None or form.match(value.strip()) is not None or tag[:2] in ("60", "62")


def _statement(block: list[_Field], notes: list[str]) -> Statement:
    made = Statement()
    first = {f.tag: f.text for f in reversed(block)}
    made.account = _first_line(first.get("25", first.get("25P", "")))
    number = _first_line(first.get("28C", first.get("28", "")))
    made.number = one_line(_first_line(first.get("20", "")), number)
    opening = next((f for f in block if f.tag in ("60F", "60M")), None)
    closing = next((f for f in reversed(block) if f.tag in _CLOSING), None)
    made.currency = _currency(opening) or _currency(closing)
    made.opening, made.opening_date = _balance(made, opening, "opening")
    made.closing, made.closing_date = _balance(made, closing, "closing")
    for index, part in enumerate(block):
        if part.tag == "61":
            details = [
                f.text for f in _until_next_line(block[index + 1 :]) if f.tag in ("86", "NS")
            ]
            _take_line(made, part, details, notes)
    return made


def _first_line(text: str) -> str:
    return one_line(text.partition("\n")[0])


def _until_next_line(fields: list[_Field]) -> list[_Field]:
    end = next((i for i, f in enumerate(fields) if f.tag not in ("86", "NS")), len(fields))
    return fields[:end]


def _currency(balance: _Field | None) -> str:
    found = _BALANCE.match(_first_line(balance.text)) if balance else None
    return (found[3] or "").lower() if found else ""


def _balance(made: Statement, part: _Field | None, name: str) -> tuple[int | None, date | None]:
    if part is None:
        return None, None
    found = _BALANCE.match(_first_line(part.text))
    if found is None:
        made.problems.append(f"its {name} balance {part.text.strip()!r} cannot be read")
        return None, None
    try:
        same_currency(found[3] or made.currency, made.currency)
        amount = minor(plain_amount(found[4]), made.currency)
        return (amount if found[1] == "C" else -amount), _day(found[2])
    except ValueError as error:
        made.problems.append(f"its {name} balance {error}")
        return None, None


def _day(text: str) -> date:
    """Read YYMMDD; statements of the last century are told by their year."""
    try:
        year = int(text[:2])
        return date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None


def _take_line(made: Statement, part: _Field, details: list[str], notes: list[str]) -> None:
    raw = "\n".join([part.text, *details])
    found = _LINE.match(part.text)
    if found is None:
        made.bad.append(BadLine(part.row, raw, "Field 61 cannot be read.", None))
        return
    mark = found["mark"]
    if mark.startswith("E"):
        notes.append(f"Row {part.row}: An expected entry is not booked; left out.")
        return
    amount: int | None = None
    try:
        size = minor(plain_amount(found["amount"]), made.currency)
        amount = size if mark in ("C", "RD") else -size
        value, booked = _days(found["value"], found["entry"] or "")
    except ValueError as error:
        made.bad.append(BadLine(part.row, raw, f"Field 61: {error}.", amount))
        return
    references, _, supplement = found["rest"].partition("\n")
    own, _, bank = references.partition("//")
    information = "\n".join(details)
    counterparty, text = _information(information)
    account, named = _account_and_references(information)
    made.lines.append(
        BankLine(
            row=part.row,
            amount=amount,
            currency=made.currency,
            booked_on=booked,
            value_date=value,
            counterparty=counterparty[:255],
            text=one_line(text, _own(own), supplement, bank),
            bank_reference=one_line(_own(own), bank)[:255],
            counterparty_account=account[:64],
            references=tuple(dict.fromkeys(r for r in (*named, _own(own).strip()) if r)),
            reversal=mark in ("RC", "RD") or REVERSAL.search(text) is not None,
        )
    )


def _own(reference: str) -> str:
    return "" if reference.strip() in ("NONREF", "EREF", "KREF+", "NOTPROVIDED") else reference


def _days(value: str, entry: str) -> tuple[date | None, date]:
    """Return value date and booking day.

    Where interest is counted by months of 30 days a value date may be 30 February; the booking day
    is a real one all the same.
    """
    if entry.strip() and value[2:4] == "02" and value[4:] in ("29", "30"):
        try:
            day = _day(value)
        except ValueError:
            last = _day(value[:4] + "28")
            booked = _booked(last, entry)
            if abs(booked - last) > _FAR:
                raise
            return None, booked
        return day, _booked(day, entry)
    return _day(value), _booked(_day(value), entry)


def _booked(value: date, entry: str) -> date:
    """Return the booking day: month and day of the entry, in the year that is nearest."""
    if not entry.strip():
        return value
    try:
        days = [
            date(year, int(entry[:2]), int(entry[2:]))
            for year in (value.year - 1, value.year, value.year + 1)
            if entry != "0229" or year % 4 == 0
        ]
    except ValueError:
        raise ValueError(f"entry date {entry!r} is not a date") from None
    return min(days, key=lambda day: abs((day - value).days))


def _information(text: str) -> tuple[str, str]:
    """Return the other party's name and the text of field 86."""
    flat = text.replace("\r", "")
    if len(_SUBFIELD.findall(flat)) >= 2:
        return _structured(flat.replace("\n", ""))
    whole = one_line(flat)
    parts = _KEYWORD.split(flat.replace("\n", ""))
    parts_by_keyword = dict(zip(parts[1::2], parts[2::2], strict=False))
    return one_line(parts_by_keyword.get("NAME", "")), whole


_REFERENCE = re.compile(
    r"(?:EREF|CRED|KREF|ENDT)[+:] ?(?P<plus>.+?)(?= ?(?:[A-Z]{4}[+:])|$)"
    r"|/(?:EREF|PREF)/(?P<slash>[^/]+)"
)


def _account_and_references(text: str) -> tuple[str, list[str]]:
    """Return the other party's account and the structured references of field 86."""
    flat = text.replace("\r", "").replace("\n", "")
    parts = _SUBFIELD.split(flat)
    fields = list(zip(parts[1::2], parts[2::2], strict=False))
    account = next((v.strip() for k, v in fields if k == "31"), "")
    if not account:
        keyed = dict(zip(_KEYWORD.split(flat)[1::2], _KEYWORD.split(flat)[2::2], strict=False))
        account = keyed.get("IBAN", "").strip()
    remittance = "".join(v for k, v in fields if "20" <= k <= "29" or "60" <= k <= "63") or flat
    found = [(m["plus"] or m["slash"]).strip() for m in _REFERENCE.finditer(remittance)]
    return account, [r for r in found if r not in ("NOTPROVIDED", "NONREF")]


def _structured(text: str) -> tuple[str, str]:
    parts = _SUBFIELD.split(text)
    fields = list(zip(parts[1::2], parts[2::2], strict=True))
    name = "".join(v if len(v) >= 27 else v + " " for k, v in fields if k in ("32", "33"))
    remittance = [v for k, v in fields if "20" <= k <= "29" or "60" <= k <= "63"]
    other = [v for k, v in fields if k in ("00", "31", "70", "71")]
    return one_line(name), one_line(" ".join(remittance), one_line(name), *other)
