"""What a spreadsheet's number format shows that the number alone does not say.

``000000`` shows 42 as 000042, so it is a PO number with its zeros; ``#,##0.00 "€"`` makes 500 five
hundred euros, whatever the other columns say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from po_toolkit.importers.cells import ShownNumber, decimal_of
from po_toolkit.importers.currency_signs import sign_currencies

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.'
    r"|\[\$(?P<sign>[^\]-]*)[^\]]*\]|\[[^\]]*\]|(?P<plain>.)"
)
_DIGIT = "\0"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The telling part of a format.

    Attributes:
        padded: The characters of a zero-padded whole number, NUL for each digit; else ``""``.
        sign: The currency sign or code it shows; else ``""``.
    """

    padded: str = ""
    sign: str = ""

    def shown(self, number: float) -> ShownNumber | None:
        """Return the number as its cell shows it, or None if it shows no more than the number."""
        value = decimal_of(number)
        if self.sign:
            return ShownNumber.of(number, f"{self.sign} {value:f}", sign=self.sign)
        if value != value.to_integral_value() or value < 0:
            return None
        return ShownNumber.of(number, self._pad(value))

    def _pad(self, value: Decimal) -> str:
        places = self.padded.count(_DIGIT)
        digits = f"{value:f}".zfill(places)
        extra, rest = digits[: len(digits) - places], list(digits[len(digits) - places :])
        shown = ""
        for character in self.padded:
            if character == _DIGIT:
                shown += extra + rest.pop(0)
                extra = ""
            else:
                shown += character
        return shown


def read_format(code: str) -> NumberFormat | None:
    """Return what a number format tells, or None when it tells nothing beyond the number."""
    literals, sign, plain = "", "", ""
    for token in _TOKEN.finditer(code.split(";", maxsplit=1)[0]):
        if token["sign"]:
            sign = sign or token["sign"].strip()
        elif token["quoted"] is not None or token["escaped"] is not None:
            text = token["quoted"] if token["quoted"] is not None else token["escaped"]
            literals += text
            plain += text.replace("0", "\1")
        elif token["plain"] is not None:
            plain += token["plain"]
    if plain.count("0") >= 2 and not re.search(r"[#?.,%EeymdhsYMDHS@]", _unquoted(code)):
        return NumberFormat(padded=plain.replace("0", _DIGIT).replace("\1", "0"))
    found = sign or _sign_in(literals) or _sign_in(re.sub(r"[0#?.,%()\s-]", "", plain))
    return NumberFormat(sign=found) if found and sign_currencies(found) else None


def _sign_in(text: str) -> str:
    text = text.strip()
    return text if text and sign_currencies(text) and not text.isdecimal() else ""


def _unquoted(code: str) -> str:
    return re.sub(
        r'"[^"]*"|\\.|\[[^\]]*\]', "", code.split(";", maxsplit=1)[0].replace("General", "#")
    )
