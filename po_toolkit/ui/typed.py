"""Amounts as people type them, in the habit of their language; what is ambiguous is refused."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import get_decimal_symbol

from po_toolkit.errors import AmountError
from po_toolkit.money import exponent
from po_toolkit.ui.language import locale

_NUMBER = re.compile(r"([+-]?)([0-9]+(?:[.,][0-9]+)*)")
_SPACES = re.compile(r"[\s\u00a0\u202f'\u2019]")


def written(value: Decimal) -> str:
    """Write an amount as the person would type it: ``1234.50``, or ``1234,50``."""
    return str(value).replace(".", get_decimal_symbol(locale()))


def amount(text: str, currency: str) -> Decimal:
    """Read an amount in major units: ``1234.50``, ``1,234.50``, ``1.234,50`` or ``1 234,50``.

    Raises:
        AmountError: It is no amount, or may be a thousand as well as one: ``1.000``.
    """
    found = _NUMBER.fullmatch(_SPACES.sub("", text))
    if found is None:
        raise AmountError(f"{text.strip()!r} is not an amount. Enter it like {_like()}.")
    sign, digits = found[1], found[2]
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return Decimal(sign + digits)
    whole, _, part = digits.rpartition(marks[-1])
    if marks.count(marks[-1]) > 1:
        return Decimal(sign + _grouped(digits, text))
    if len(marks) == 1 and _may_be_thousands(whole, part, marks[0], currency):
        raise AmountError(
            f"Ambiguous amount {text.strip()!r}. Enter it like {_like()}, without a thousands "
            "separator."
        )
    return Decimal(f"{sign}{_grouped(whole, text)}.{part}")


def _grouped(digits: str, text: str) -> str:
    """Take the marks between thousands away; there must be one kind, each before three digits."""
    groups = re.split(r"[.,]", digits)
    one_kind = len(set(re.findall(r"[.,]", digits))) <= 1
    if len(groups) > 1 and not (one_kind and all(len(g) == 3 for g in groups[1:])):
        raise AmountError(f"{text.strip()!r} is not an amount. Enter it like {_like()}.")
    return "".join(groups)


def _may_be_thousands(whole: str, part: str, mark: str, currency: str) -> bool:
    if len(part) != 3 or len(whole) > 3 or whole.startswith("0"):
        return False
    return exponent(currency) != 3 or mark != get_decimal_symbol(locale())


def _like() -> str:
    return written(Decimal("1234.50"))
