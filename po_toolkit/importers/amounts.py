"""Amounts as people write them, and the habit of a whole file.

``1.234`` is twelve hundred in Berlin and one and a bit in Boston. Each way of writing has at most
two readings, decimal point or decimal comma. A value with one reading proves a habit; a value with
two is decided by the other values of the file and by what its currency can hold, or not at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from po_toolkit.errors import AmountError
from po_toolkit.importers.cells import Cell, ShownNumber, decimal_of
from po_toolkit.importers.currency_signs import sign_currencies
from po_toolkit.money import to_minor

Decimals = Literal["point", "comma"]

_TO_ASCII = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000\t\n\r", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u0060\u00b4\u02bc\u066c\u2018\u2019\u2032\uff07", "'"),
        "\uff0c": ",",
        "\uff0e": ".",
    }
)
_PREFIX = re.compile(r"[^\d\s.,'+()-][^\d\s,'+()-]*(?: dollars?)?", re.IGNORECASE)
_SUFFIX = re.compile(_PREFIX.pattern + "$", re.IGNORECASE)
_NO_CENTS = re.compile(r"(?<=\d)[.,]\s?-{1,2}$")
_LONGEST = 64
"""Characters; more than any amount has, with its sign and spaces."""

PLAIN_POINT = re.compile(r"-?\d+\.(?:\d\d?|\d{4,})", re.ASCII)
"""What is written like 1234.50 has one reading, and no sign."""

_PLAIN_COMMA = re.compile(r"-?\d+,(?:\d\d?|\d{4,})", re.ASCII)

_POINT = re.compile(
    r"(?:\d+|[1-9]\d{0,2}(?P<by>[,' ])\d{3}(?:(?P=by)\d{3})*|[1-9]\d?(?:,\d\d)+,\d{3})?(?:\.\d*)?"
)
_COMMA = re.compile(r"(?:\d+|[1-9]\d{0,2}(?P<by>[.' ])\d{3}(?:(?P=by)\d{3})*)?(?:,\d*)?")


class WrittenAmount(NamedTuple):
    """An amount as written: its one or two readings, and what its sign or code may mean."""

    point: Decimal | None
    comma: Decimal | None
    currencies: frozenset[str] | None
    """The currencies its sign or code can mean; None when it has none."""

    @property
    def proves(self) -> Decimals | None:
        """The habit that this value alone proves."""
        if self.point is None:
            return "comma"
        return "point" if self.comma is None else None

    @property
    def ambiguous(self) -> bool:
        """Whether its two readings differ."""
        return self.point is not None and self.comma is not None and self.point != self.comma

    def read(self, decimals: Decimals | None) -> Decimal | None:
        """Return the value in this habit; without one, its only reading if it has but one."""
        if decimals == "point":
            return self.point
        if decimals == "comma":
            return self.comma
        if self.ambiguous:
            return None
        return self.comma if self.point is None else self.point


def written_amount(cell: Cell) -> WrittenAmount | None:
    """Return what a cell can mean as an amount, or None when it is no amount at all."""
    if isinstance(cell, str):
        return _written(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    number = decimal_of(cell)
    if not number.is_finite():
        return None
    sign = cell.sign if isinstance(cell, ShownNumber) else ""
    return WrittenAmount(number, number, sign_currencies(sign) if sign else None)


def _written(text: str) -> WrittenAmount | None:
    if len(text) > _LONGEST:
        return None
    if PLAIN_POINT.fullmatch(text):
        return WrittenAmount(Decimal(text), None, None)
    if text.isdecimal() and text.isascii():
        whole = Decimal(text)
        return WrittenAmount(whole, whole, None)
    stripped = _strip(text)
    if stripped is None:
        return None
    body, negative, currencies = stripped
    point, comma = _decimal(body, _POINT, "."), _decimal(body, _COMMA, ",")
    if point is None and comma is None:
        return None
    if negative:
        point = None if point is None else -point
        comma = None if comma is None else -comma
    return WrittenAmount(point, comma, currencies)


def _strip(text: str) -> tuple[str, bool, frozenset[str] | None] | None:
    """Take sign, parentheses and currency off; None when something else is left around."""
    rest = unicodedata.normalize("NFC", text).translate(_TO_ASCII).strip(" ")
    if not rest.isascii():
        rest = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in rest)
    negative, signs, currencies = False, 0, None
    while rest:
        if rest[0] == "(" and rest[-1] == ")":
            negative, signs, rest = True, signs + 1, rest[1:-1]
        elif rest[0] in "+-":
            negative, signs, rest = rest[0] == "-", signs + 1, rest[1:]
        elif _NO_CENTS.search(rest):
            # The mark that stands for no cents keeps its own evidence: 1.500,- has a comma.
            rest = _NO_CENTS.sub(lambda m: m[0][0] + "00", rest)
        elif rest[-1] == "-":
            negative, signs, rest = True, signs + 1, rest[:-1]
        else:
            found = _affix(rest)
            if found is None:
                break
            meant, rest = found
            currencies = meant if currencies is None else currencies & meant
            if not currencies:
                return None
        rest = rest.strip(" ")
    return None if signs > 1 else (rest, negative, currencies)


def _affix(rest: str) -> tuple[frozenset[str], str] | None:
    """Take one currency sign or code off either end; None when there is none."""
    if start := _PREFIX.match(rest):
        return sign_currencies(start[0]), rest[start.end() :]
    if end := _SUFFIX.search(rest):
        return sign_currencies(end[0]), rest[: end.start()]
    return None


def _decimal(body: str, pattern: re.Pattern[str], mark: str) -> Decimal | None:
    if pattern.fullmatch(body) is None:
        return None
    whole, _, fraction = body.partition(mark)
    digits = re.sub(r"\D", "", whole)
    if not digits and not fraction:
        return None
    return Decimal(f"{digits or '0'}.{fraction}") if fraction else Decimal(digits)


@dataclass(frozen=True, slots=True)
class Habit:
    """What the amounts of a file say about its decimal mark.

    Attributes:
        decimals: The proven habit; None when nothing needs one, or when it cannot be told.
        open: A value that has two readings and that nothing decides, or ``""``.
    """

    decimals: Decimals | None
    open: str = ""


def habit_of(values: Iterable[tuple[str, str]]) -> Habit:
    """Decide the habit of amounts, each with its row's currency (``""`` when unknown).

    What a value proves by the way it is written comes first. Only where nothing does, the reading
    that its currency can hold decides.
    """
    proven: set[Decimals] = set()
    fitting: set[Decimals] = set()
    open_value = unclear = ""
    for text, currency in values:
        if PLAIN_POINT.fullmatch(text):
            proven.add("point")
        elif _PLAIN_COMMA.fullmatch(text):
            proven.add("comma")
        elif (written := written_amount(text)) is not None:
            if written.ambiguous:
                unclear = unclear or text.strip()
                if fits := _proof_by_currency(written, currency):
                    fitting.add(fits)
                else:
                    open_value = open_value or text.strip()
            elif proof := written.proves:
                proven.add(proof)
    if len(proven) == 1:
        return Habit(proven.pop())
    if not proven and len(fitting) == 1:
        return Habit(fitting.pop())
    return Habit(None, open_value or unclear)


def _proof_by_currency(written: WrittenAmount, currency: str) -> Decimals | None:
    """Of two readings, the one that the currency can hold, if only one is."""
    if not currency:
        return None
    fits: list[Decimals] = []
    if written.point is not None and _representable(written.point, currency):
        fits.append("point")
    if written.comma is not None and _representable(written.comma, currency):
        fits.append("comma")
    return fits[0] if len(fits) == 1 else None


def _representable(value: Decimal, currency: str) -> bool:
    try:
        to_minor(value, currency)
    except AmountError:
        return False
    return True
