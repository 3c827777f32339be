"""Amounts as people write them, and the habit of a whole column.

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
from typing import Literal

from po_toolkit.errors import AmountError
from po_toolkit.importers.cells import Cell, decimal_of
from po_toolkit.money import CURRENCIES, to_minor

Decimals = Literal["point", "comma"]

_DOLLARS = frozenset(
    ["usd", "cad", "aud", "nzd", "sgd", "hkd", "twd", "mxn", "clp", "cop", "ars", "bbd", "bmd", "bnd", "bsd", "bzd", "fjd", "gyd", "jmd", "kyd", "lrd", "nad", "sbd", "srd", "ttd", "xcd"]
)
_SIGNS: dict[str, frozenset[str]] = {
    "$": _DOLLARS,
    "¢": frozenset(),
    **{s: frozenset({"usd"}) for s in ("us$", "$us", "us dollar", "us dollars")},
    **{s: frozenset({"cad"}) for s in ("c$", "ca$", "can$")},
    **{s: frozenset({"aud"}) for s in ("a$", "au$")},
    "nz$": frozenset({"nzd"}),
    "hk$": frozenset({"hkd"}),
    "nt$": frozenset({"twd"}),
    "s$": frozenset({"sgd"}),
    "mx$": frozenset({"mxn"}),
    "r$": frozenset({"brl"}),
    **{s: frozenset({"eur"}) for s in ("€", "euro", "euros")},
    "£": frozenset({"gbp", "egp"}),
    **{s: frozenset({"jpy", "cny"}) for s in ("¥", "￥")},
    "円": frozenset({"jpy"}),
    "元": frozenset({"cny"}),
    "₹": frozenset({"inr"}),
    **{s: frozenset({"inr", "pkr", "lkr", "npr", "mur", "scr"}) for s in ("rs", "rs.")},
    "₩": frozenset({"krw"}),
    "₫": frozenset({"vnd"}),
    "₪": frozenset({"ils"}),
    **{s: frozenset({"try"}) for s in ("₺", "tl")},
    "₴": frozenset({"uah"}),
    "₱": frozenset({"php"}),
    "฿": frozenset({"thb"}),
    "₦": frozenset({"ngn"}),
    "zł": frozenset({"pln"}),
    "kč": frozenset({"czk"}),
    "ft": frozenset({"huf"}),
    **{s: frozenset({"sek", "nok", "dkk", "isk"}) for s in ("kr", "kr.")},
    **{s: frozenset({"chf"}) for s in ("fr", "fr.", "sfr", "sfr.")},
    "r": frozenset({"zar"}),
    "rm": frozenset({"myr"}),
    "rp": frozenset({"idr"}),
    "lei": frozenset({"ron"}),
    "лв": frozenset({"bgn"}),
    "лв.": frozenset({"bgn"}),
    "₽": frozenset({"rub"}),
    **{code: frozenset({code}) for code in CURRENCIES},
}
"""Signs and codes, in lower case, and the currencies each can mean."""

_TO_ASCII = str.maketrans(
    {
        **dict.fromkeys("\xa0\u2007\u2009\u202f\u2002\u2003\u2008\u200a\u3000\t\n\r", " "),
        **dict.fromkeys("−‐‑‒–—﹣－", "-"),
        **dict.fromkeys("’‘ʼ′´`＇٬", "'"),
        "\uff0c": ",",
        "\uff0e": ".",
    }
)
_AFFIX = re.compile(r"[^\d\s.,'+()-][^\d\s,'+()-]*(?: dollars?)?")
_NO_CENTS = re.compile(r"(?<=\d)[.,]\s?-{1,2}$")

_POINT = re.compile(
    r"(?:\d+|[1-9]\d{0,2}(?P<by>[,' ])\d{3}(?:(?P=by)\d{3})*|[1-9]\d?(?:,\d\d)+,\d{3})?(?:\.\d*)?"
)
_COMMA = re.compile(r"(?:\d+|[1-9]\d{0,2}(?P<by>[.' ])\d{3}(?:(?P=by)\d{3})*)?(?:,\d*)?")


@dataclass(frozen=True, slots=True)
class WrittenAmount:
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


def sign_currencies(sign: str) -> frozenset[str]:
    """Return the currencies that a sign, code or name can mean; none when it is unknown."""
    return _SIGNS.get(sign.strip().lower(), frozenset())


def written_amount(cell: Cell) -> WrittenAmount | None:
    """Return what a cell can mean as an amount, or None when it is no amount at all."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    if not isinstance(cell, str):
        number = decimal_of(cell)
        return WrittenAmount(number, number, None)
    if cell.isdecimal() and cell.isascii():
        whole = Decimal(cell)
        return WrittenAmount(whole, whole, None)
    stripped = _strip(cell)
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
    if signs > 1:
        return None
    return rest, negative, currencies


def _affix(rest: str) -> tuple[frozenset[str], str] | None:
    """Take one currency sign or code off either end; None when there is none."""
    start = _AFFIX.match(rest)
    if start:
        return _SIGNS.get(start[0].lower(), frozenset()), rest[start.end() :]
    last = max((i for i, c in enumerate(rest) if c.isdigit()), default=-1)
    tail = rest[last + 1 :].lstrip(".,") if last >= 0 else ""
    if tail.strip(" ") and tail.strip(" ")[0] not in "()-+'":
        word = tail.strip(" )")
        return _SIGNS.get(word.lower(), frozenset()), rest[: len(rest) - len(tail)] + (
            ")" if tail.endswith(")") else ""
        )
    return None


def _decimal(body: str, pattern: re.Pattern[str], mark: str) -> Decimal | None:
    if not any(c.isdigit() for c in body) or pattern.fullmatch(body) is None:
        return None
    whole, _, fraction = body.partition(mark)
    digits = "".join(c for c in whole if c.isdigit())
    return Decimal(f"{digits or '0'}.{fraction or '0'}") if fraction else Decimal(digits or "0")


def representable(value: Decimal, currency: str) -> bool:
    """Tell whether the currency can hold the amount exactly."""
    try:
        to_minor(value, currency)
    except AmountError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Habit:
    """What the amounts of a file say about its decimal mark.

    Attributes:
        decimals: The proven habit; None when nothing needs one, or when it cannot be told.
        open: A value that has two readings and that nothing decides, or ``""``.
    """

    decimals: Decimals | None
    open: str = ""


def habit_of(values: Iterable[tuple[Cell, str]]) -> Habit:
    """Decide the habit of amounts, each with its row's currency (``""`` when unknown)."""
    proven: set[Decimals] = set()
    open_values: list[str] = []
    for cell, currency in values:
        if not isinstance(cell, str):
            continue
        written = written_amount(cell)
        if written is None:
            continue
        proof = written.proves
        if written.ambiguous and currency:
            proof = _proof_by_currency(written, currency)
        if proof:
            proven.add(proof)
        elif written.ambiguous:
            open_values.append(cell.strip())
    if len(proven) == 1:
        return Habit(proven.pop())
    return Habit(None, open_values[0] if open_values else "")


def _proof_by_currency(written: WrittenAmount, currency: str) -> Decimals | None:
    fits: list[Decimals] = []
    if written.point is not None and representable(written.point, currency):
        fits.append("point")
    if written.comma is not None and representable(written.comma, currency):
        fits.append("comma")
    return fits[0] if len(fits) == 1 else None
