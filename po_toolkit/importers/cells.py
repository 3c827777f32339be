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
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\\xad\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff\\u115f\\u1160\\u2800\\u3164\\uffa0\\ud800-\\udfff]"
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
    if isinstance(cell, str):
        return not cell or cell.isspace() or (not cell.isascii() and not clean(cell))
    return cell is None


_PLACEHOLDER_KEYS = frozenset(
    """
    tbd tba tbc tbs n/a na n.a. n.a nan none null nil nul #n/a <na> nat unknown pending todo ? ??
    ??? x xx xxx . .. ... no not\xa0yet to\xa0follow folgt offen k.a. k.a entfällt keine nv
    n.v. nvt
    n.v.t. n.v.t nd n.d. n.d s/n s.n. s/o ninguno ninguna nessuno nessuna aucun aucune néant
    à\xa0venir pendiente da\xa0definire a\xa0definir por\xa0definir não\xa0há nenhum nenhuma
    saknas ingen
    ei\xa0ole brak なし 無し 未定 未 無 无 待定 不明 to\xa0be\xa0determined to\xa0be\xa0confirmed
    to\xa0be\xa0announced not\xa0available not\xa0applicable no\xa0po none\xa0yet
    coming\xa0soon waiting awaiting
    awaiting\xa0po wird\xa0nachgereicht nachgereicht liegt\xa0noch\xa0nicht\xa0vor
    en\xa0attente à\xa0confirmer
    per\xa0email see\xa0email no\xa0po\xa0required not\xa0required same as\xa0above idem ditto " ″
    """.replace("\n", " ").split(" ")
)


def is_placeholder(text: str) -> bool:
    """Tell whether a text stands for nothing, such as ``TBD``, ``n/a``, ``nan`` or a dash."""
    if not any(map(str.isalnum, text)):
        return bool(text.strip())
    return " ".join(text.casefold().split()).replace(" ", "\xa0") in _PLACEHOLDER_KEYS
