"""One cell of a bank's spreadsheet: an amount with its sign and currency, an account, a word."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from po_toolkit.importers.cells import Cell, WrittenAmount, text_of, written_amount

_MARK = re.compile(
    r"^(?P<before>CR|DR|C|D)?\.?\s*(?P<amount>[^A-Za-z]*\d.*?|[A-Z]{3}\s*[\d(+-].*?)\s*(?P<after>CR|DR|DB|C|D|H|S|Cr|Dr|cr|dr|Soll|Haben)?\.?$"
)
_DEBIT = frozenset({"DR", "DB", "D", "S", "SOLL"})
_IBAN = re.compile(
    r"(?<![A-Z0-9])([A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)(?![A-Z0-9])"
)


class Amount(NamedTuple):
    """An amount as a bank's cell writes it.

    Attributes:
        written: Its readings, with the sign that is written as a number's.
        mark: credit or debit, where it is marked ``CR`` or ``DR``; else ``""``.
        signed: Whether it bears a plus or minus, or parentheses.
    """

    written: WrittenAmount
    mark: str
    signed: bool


def amount_of(cell: Cell) -> Amount | None:
    """Return what a cell can mean as an amount, or None."""
    if not isinstance(cell, str):
        written = written_amount(cell)
        return (
            None
            if written is None
            else Amount(written, "", bool(written.point and written.point < 0))
        )
    return _of_text(cell.strip())


@lru_cache(maxsize=65536)
def _of_text(text: str) -> Amount | None:
    if not text or not any(c.isdigit() for c in text):
        return None
    written = written_amount(text)
    if written is not None:
        return Amount(written, "", _signed(text))
    found = _MARK.match(text)
    mark = found and (found["after"] or found["before"])
    if not found or not mark:
        return None
    written = written_amount(found["amount"].strip())
    if written is None:
        return None
    side = "debit" if mark.upper() in _DEBIT else "credit"
    return Amount(written, side, signed=_signed(found["amount"]))


def _signed(text: str) -> bool:
    return any(c in text for c in "+-(\u2212\u2013\u2010\u2011") and not re.search(
        r"[.,]-{1,2}$", text
    )


def text_in(cell: Cell) -> str:
    """Return a cell's text; ``="0123"``, by which banks keep zeros, is 0123."""
    text = " ".join(text_of(cell).split())
    return text[2:-1] if text.startswith('="') and text.endswith('"') and len(text) > 3 else text


def iban_in(text: str) -> str:
    """Return the first IBAN in a text whose check digits are right, without spaces, or ``""``."""
    for found in _IBAN.finditer(text):
        squeezed = found[1].replace(" ", "")
        for end in range(len(squeezed), 14, -1):
            if _checks(squeezed[:end]):
                return squeezed[:end]
    return ""


def is_iban_like(text: str) -> bool:
    """Tell whether a cell is written like an IBAN, whatever its check digits."""
    return re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{10,30}", text.replace(" ", "")) is not None


def _checks(text: str) -> bool:
    turned = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def signed_value(amount: Amount, decimals: str | None) -> Decimal | None:
    """Return the value in a habit of decimals, below 0 where it is marked as a debit."""
    value = amount.written.read(decimals)  # type: ignore[arg-type]
    if value is None or not amount.mark:
        return value
    return -abs(value) if amount.mark == "debit" else abs(value)
