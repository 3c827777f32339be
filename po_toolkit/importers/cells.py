"""What a spreadsheet cell can hold, and how each value is shown as text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that holds no value: ``#REF!``, or a formula that nobody calculated."""

    text: str


class ShownNumber(float):
    """A number whose cell shows more than the number.

    Attributes:
        shown: What the cell shows: ``000042``, or ``€ 500``.
        sign: The currency sign or code in it, or ``""``.
    """

    shown: str
    sign: str

    def __eq__(self, other: object) -> bool:
        """Equal only to a number that is shown the same, so that 42 is not 000042."""
        return isinstance(other, ShownNumber) and self.shown == other.shown

    def __hash__(self) -> int:
        return hash(self.shown)

    @classmethod
    def of(cls, value: float, shown: str, *, sign: str = "") -> ShownNumber:
        """Pair the number with what its cell shows."""
        made = cls(value)
        made.shown = shown
        made.sign = sign
        return made


Cell = str | float | date | datetime | time | timedelta | CellError | None

EXACT_DIGITS = 15
"""Spreadsheet programs keep and show this many digits of a number; the rest is noise."""

_BREAKS = re.compile("\r\n?|[\u2028\u2029\v\f]")
_CONTROLS = re.compile(
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\\xad\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\ud800-\\udfff]"
)
"""Control characters and invisible marks; joiners stay, since some scripts need them."""


def decimal_of(number: float) -> Decimal:
    """Return the number that the spreadsheet shows, without the noise of binary fractions.

    ``1999.99 * 3`` is stored as 5999.969999999999; every spreadsheet program shows 5999.97.
    """
    return Decimal(f"{number:.{EXACT_DIGITS}g}")


def text_of(cell: Cell) -> str:
    """Return the cell as text, as a person would copy it."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, ShownNumber):
        return cell.shown
    return _text_of_value(cell)


def _text_of_value(cell: float | date | time | timedelta | CellError) -> str:
    if isinstance(cell, int | float):
        return f"{decimal_of(cell):f}"
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    return cell.text if isinstance(cell, CellError) else str(cell)


def clean(text: str) -> str:
    """Keep a text in any script as it is (NFC), without control characters and outer spaces."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _BREAKS.sub("\n", unicodedata.normalize("NFC", text))
    return _CONTROLS.sub("", text).strip()


def has_controls(text: str) -> bool:
    """Tell whether :func:`clean` drops control characters."""
    return not text.isprintable() and _CONTROLS.search(_BREAKS.sub("\n", text)) is not None


def is_empty(cell: Cell) -> bool:
    """Tell whether nothing is to be seen in the cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
