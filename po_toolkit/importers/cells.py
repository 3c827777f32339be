"""What a spreadsheet cell can hold: texts, amounts with their currencies, dates and terms.

Each way of writing an amount has at most two readings, decimal point or decimal comma: ``1.234`` is
twelve hundred in Berlin and one and a bit in Boston. A value with one reading proves a habit; a
value with two is decided by the other values of the file and by what its currency can hold, or not
at all. A date has at most three readings: day first, month first, year first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from po_toolkit.errors import AmountError
from po_toolkit.money import CURRENCIES, to_minor


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell that holds no value: ``#REF!``, or a formula that nobody calculated."""

    text: str


class ShownNumber(float):  # a spreadsheet's number; decimal_of makes money of it
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
    ??? x xx xxx . .. ... no not\xa0yet to\xa0follow folgt offen k.a. k.a entfällt keine nv n.v.
    nvt n.v.t. n.v.t nd n.d. n.d s/n s.n. s/o ninguno ninguna nessuno nessuna aucun aucune néant
    à\xa0venir pendiente da\xa0definire a\xa0definir por\xa0definir não\xa0há nenhum nenhuma saknas
    ingen ei\xa0ole brak なし 無し 未定 未 無 无 待定 不明 to\xa0be\xa0determined
    to\xa0be\xa0confirmed to\xa0be\xa0announced not\xa0available not\xa0applicable none\xa0yet
    coming\xa0soon waiting awaiting nachgereicht en\xa0attente à\xa0confirmer not\xa0required
    not\xa0needed none\xa0required none\xa0needed nicht\xa0erforderlich nicht\xa0nötig
    """.replace("\n", " ").split(" ")
)


def is_placeholder(text: str) -> bool:
    """Tell whether a text stands for nothing, such as ``TBD``, ``n/a``, ``nan`` or a dash."""
    if not any(map(str.isalnum, text)):
        return bool(text.strip())
    return " ".join(text.casefold().split()).replace(" ", "\xa0") in _PLACEHOLDER_KEYS


Decimals = Literal["point", "comma"]

_DOLLARS = (
    "usd cad aud nzd sgd hkd twd mxn clp cop ars bbd bmd bnd bsd bzd fjd gyd jmd kyd lrd nad sbd "
    "srd ttd xcd"
)

_SIGNS = {
    **{code: code for code in CURRENCIES},
    "$": _DOLLARS,
    "us$": "usd",
    "$us": "usd",
    "c$": "cad",
    "ca$": "cad",
    "can$": "cad",
    "a$": "aud",
    "au$": "aud",
    "nz$": "nzd",
    "hk$": "hkd",
    "nt$": "twd",
    "s$": "sgd",
    "mx$": "mxn",
    "r$": "brl",
    "€": "eur",
    "euro": "eur",
    "euros": "eur",
    "dollar": _DOLLARS,
    "dollars": _DOLLARS,
    "pounds": "gbp egp",
    "pounds sterling": "gbp",
    "sterling": "gbp",
    "yen": "jpy",
    "francs": "chf",
    "franken": "chf",
    "kronor": "sek",
    "kroner": "nok dkk",
    "rupees": "inr pkr lkr npr mur scr",
    "zloty": "pln",
    "reais": "brl",
    "yuan": "cny",
    "rmb": "cny",
    "人民币": "cny",
    "日本円": "jpy",
    "stg": "gbp",
    "£": "gbp egp",
    "¥": "jpy cny",
    "\uffe5": "jpy cny",
    "円": "jpy",
    "元": "cny",
    "₹": "inr",
    "rs": "inr pkr lkr npr mur scr",
    "rs.": "inr pkr lkr npr mur scr",
    "₩": "krw",
    "₫": "vnd",
    "₪": "ils",
    "₺": "try",
    "tl": "try",
    "₴": "uah",
    "₽": "rub",
    "₱": "php",
    "฿": "thb",
    "₦": "ngn",
    "zł": "pln",
    "kč": "czk",
    "ft": "huf",
    "kr": "sek nok dkk isk",
    "kr.": "sek nok dkk isk",
    "fr": "chf",
    "fr.": "chf",
    "sfr": "chf",
    "sfr.": "chf",
    "r": "zar",
    "rm": "myr",
    "rp": "idr",
    "lei": "ron",
    "лв": "bgn",
    "лв.": "bgn",
    **{
        f"{adjective}{noun}": code
        for nouns, names in (
            ("dollar dollars", "us:usd canadian:cad australian:aud singapore:sgd"),
            ("krone kroner", "danish:dkk norwegian:nok"),
            ("krona kronor", "swedish:sek"),
            ("pound pounds", "british:gbp"),
            ("franc francs", "swiss:chf"),
            ("rupee rupees", "indian:inr"),
            ("yen", "japanese:jpy"),
        )
        for noun in nouns.split()
        for adjective, code in (name.replace(":", " :").split(":") for name in names.split())
    },
}

_MEANT = {sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()}
_NOTHING: frozenset[str] = frozenset()


def sign_currencies(sign: str) -> frozenset[str]:
    """Return the currencies that a sign, code or name can mean; none when it is unknown."""
    return _MEANT.get(sign.strip().lower(), _NOTHING)


_TO_ASCII = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000\t\n\r", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u0060\u00b4\u02bc\u066c\u2018\u2019\u2032\uff07", "'"),
        "\uff0c": ",",
        "\uff0e": ".",
        "\u066b": ".",
    }
)
_PREFIX = re.compile(r"[^\d\s.,'+()-][^\d\s,'+()-]*(?: dollars?)?", re.IGNORECASE)
_SUFFIX = re.compile(_PREFIX.pattern + "$", re.IGNORECASE)
_NO_CENTS = re.compile(r"(?<=\d)(?:[.,]\s?-{1,2}|/[-=])$")
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
        return _amount_in(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    number = decimal_of(cell)
    if not number.is_finite():
        return None
    sign = cell.sign if isinstance(cell, ShownNumber) else ""
    currencies = sign_currencies(sign) if sign else None
    # What a format shows but no currency is called, such as a percent sign, is no amount.
    return WrittenAmount(number, number, currencies) if currencies or not sign else None


def _amount_in(text: str) -> WrittenAmount | None:
    if PLAIN_POINT.fullmatch(text):
        return WrittenAmount(Decimal(text), None, None)
    if text.isdecimal() and text.isascii():
        whole = Decimal(text)
        return WrittenAmount(whole, whole, None)
    stripped = _strip(text) if len(text) <= _LONGEST else None
    if stripped is None:
        return None
    body, negative, currencies = stripped
    if thousands := _IN_THOUSANDS.search(body):
        body = body[: thousands.start()]
    point, comma = _decimal(body, _POINT, "."), _decimal(body, _COMMA, ",")
    if point is None and comma is None:
        return None
    if thousands:
        if point != comma and None not in (point, comma):
            return None
        point = None if point is None else point * 1000
        comma = None if comma is None else comma * 1000
    if negative:
        point = None if point is None else -point
        comma = None if comma is None else -comma
    return WrittenAmount(point, comma, currencies)


_IN_THOUSANDS = re.compile(r"(?<=\d) ?[kK]$")


def in_thousands(cell: Cell) -> bool:
    """Tell whether an amount is written as thousands: ``5k``, ``$2.5K``."""
    stripped = _strip(cell) if isinstance(cell, str) else None
    return stripped is not None and _IN_THOUSANDS.search(stripped[0]) is not None


def _strip(text: str) -> tuple[str, bool, frozenset[str] | None] | None:
    """Take sign, parentheses and currency off; None when something else is left around."""
    rest = clean(text).translate(_TO_ASCII).strip(" ").removeprefix("'")
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
            rest = _NO_CENTS.sub(lambda m: f"{m[0][0]}00".removeprefix("/00"), rest)
        elif rest[-1] in "+-":
            negative, signs, rest = rest[-1] == "-", signs + 1, rest[:-1]
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
    if (end := _SUFFIX.search(rest)) and not _IN_THOUSANDS.search(rest):
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
                if fits := _proof_by_currency(text, written, currency):
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


COMMA_FOR_THOUSANDS = frozenset("usd gbp aud nzd sgd hkd twd jpy cny krw php thb".split())
"""Currencies beside whose sign a comma before three digits is the mark for thousands."""


def _proof_by_currency(text: str, written: WrittenAmount, currency: str) -> Decimals | None:
    """Of two readings, the one that the currency can hold, if only one is."""
    signed = written.currencies is not None and currency in written.currencies
    if signed and currency in COMMA_FOR_THOUSANDS and "," in text.translate(_TO_ASCII):
        return "point"
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


_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.'
    r"|\[\$(?P<sign>[^\]-]*)(?:-(?P<locale>[^\]]*))?\]|\[[^\]]*\]|(?P<plain>.)"
)
_DIGIT = "\0"

_LOCALES = {
    "409": "usd", "1009": "cad", "c0c": "cad", "c09": "aud", "1409": "nzd", "1004": "sgd",
    "4804": "sgd", "c04": "hkd", "404": "twd", "80a": "mxn", "809": "gbp", "411": "jpy",
    "804": "cny", "41d": "sek", "81d": "eur", "414": "nok", "814": "nok", "406": "dkk",
    "40f": "isk", "340a": "clp", "240a": "cop", "2c0a": "ars", "416": "brl", "439": "inr",
    "4009": "inr", "412": "krw", "807": "chf", "100c": "chf", "810": "chf", "1c09": "zar",
    "436": "zar", "415": "pln", "405": "czk", "40e": "huf", "41f": "try", "40d": "ils",
    "c01": "egp", "407": "eur", "c07": "eur", "40c": "eur", "410": "eur", "413": "eur",
    "c0a": "eur", "40a": "eur", "816": "eur", "1809": "eur", "40b": "eur",
}  # fmt: skip
"""Windows' numbers of locales, as in ``[$$-1009]``. Source: Microsoft, [MS-LCID]."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The telling part of a number format.

    ``000000`` shows 42 as 000042, so it is a PO number with its zeros; ``#,##0.00 "€"`` makes 500
    five hundred euros, whatever the other columns hold; ``0%`` makes 0.1 ten per cent.

    Attributes:
        padded: The characters of a zero-padded whole number, NUL for each digit; else ``""``.
        sign: The currency sign or code it shows, or another text that is none; else ``""``.
        before: What it shows before the number, where that is no currency.
        after: What it shows after the number, where that is no currency.
        percent: Whether it shows a percentage.
    """

    padded: str = ""
    sign: str = ""
    before: str = ""
    after: str = ""
    percent: bool = False

    def shown(self, number: float) -> ShownNumber | None:
        """Return the number as its cell shows it, or None if it shows no more than the number."""
        value = decimal_of(number)
        if self.percent:
            return ShownNumber.of(number, f"{(value * 100).normalize():f}%", sign="%")
        if self.before or self.after:
            text = f"{self.before}{value:f}{self.after}".strip()
            return ShownNumber.of(number, text, sign=(self.before + self.after).strip())
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
    section = code.split(";", maxsplit=1)[0].replace("General", "#")
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", section)
    if re.search(r"[EeymdhsYMDHS@]", bare):
        return None
    if "%" in bare:
        return NumberFormat(percent=True)
    return _telling(section, bare)


def _telling(section: str, bare: str) -> NumberFormat | None:
    """Return what the signs and texts in a number format tell."""
    signs, literals, plain, before, after = [], "", "", "", ""
    for token in _TOKEN.finditer(section):
        if token["sign"] is not None:
            if token["sign"].strip():
                signs.append(_located(token["sign"].strip(), (token["locale"] or "").lower()))
        elif token["quoted"] is not None or token["escaped"] is not None:
            text = token["quoted"] if token["quoted"] is not None else token["escaped"]
            literals += f" {text}"
            plain += text.replace("0", "\1")
            before, after = (before, after + text) if _placed(plain) else (before + text, after)
        elif token["plain"] is not None:
            plain += token["plain"]
    if plain.count("0") >= 2 and not re.search(r"[#?.,%]", bare) and not signs:
        return NumberFormat(padded=plain.replace("0", _DIGIT).replace("\1", "0"))
    signs += [word for word in literals.split() if sign_currencies(word)]
    signs += [word for word in re.findall(r"[^\s\d#?.,%()+/\\-]+", bare) if sign_currencies(word)]
    if signs:
        meant = frozenset.intersection(*map(sign_currencies, signs))
        one = next(iter(meant)).upper() if len(meant) == 1 and len(signs) > 1 else " ".join(signs)
        return NumberFormat(sign=signs[0] if len(signs) == 1 else one)
    if any(c.isalnum() for c in literals):
        return NumberFormat(before=before, after=after)
    return None


def _placed(plain: str) -> bool:
    """Tell whether the number itself stands in what was read of a format."""
    return any(c in "0#?" for c in plain)


def _located(sign: str, locale: str) -> str:
    """Return the currency of ``[$$-1009]``: of those the sign can mean, the locale's."""
    named = _LOCALES.get(locale.removeprefix("0").lstrip("0"), "")
    meant = sign_currencies(sign)
    return named.upper() if len(meant) > 1 and named in meant else sign


DayOrder = Literal["dmy", "mdy", "ymd"]

MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    """
    january januar janner janvier enero janeiro gennaio januari jan ene gen janv styczen
    stycznia leden ledna tammikuu tammikuuta;
    february februar feber fevrier febrero fevereiro febbraio februari feb fev fevr luty
    lutego unor unora helmikuu helmikuuta;
    march marz mars marzo marco mar mrz maerz maart mrt marts marzec marca brezen brezna
    maaliskuu maaliskuuta;
    april avril abril aprile apr avr abr kwiecien kwietnia duben dubna huhtikuu huhtikuuta;
    may mai mayo maio maggio mag mei maj maja kveten kvetna toukokuu toukokuuta;
    june juni juin junio junho giugno jun giu czerwiec czerwca cerven cervna kesakuu kesakuuta;
    july juli juillet julio julho luglio jul juil lug lipiec lipca cervenec cervence heinakuu
    heinakuuta;
    august aout agosto aug ago augustus augusti sierpien sierpnia srpen srpna elokuu elokuuta;
    september septembre septiembre setembro settembre sep sept set wrzesien wrzesnia zari
    syyskuu syyskuuta;
    october oktober octobre octubre outubro ottobre oct okt out ott pazdziernik pazdziernika
    rijen rijna lokakuu lokakuuta;
    november novembre noviembre novembro nov listopad listopada listopadu marraskuu
    marraskuuta;
    december dezember decembre diciembre dezembro dicembre dec dez dic des desember grudzien
    grudnia prosinec prosince joulukuu joulukuuta""".split(";"),
    start=1,
):
    MONTHS.update(dict.fromkeys(_names.split(), _number))

_TIME = r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d\d:?\d\d)?)?"
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_EAST_ASIAN = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NUMBERS = re.compile(rf"(\d{{1,2}})([-/. ])(\d{{1,2}})\2(\d{{4}}|\d\d){_TIME}")
_DAY_NAME = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|o|er)?[ -]*(?:de |of )?([^\W\d]+)\.?,?(?: de)?[ -]*(\d{4}|\d\d)"
)
_NAME_DAY = re.compile(r"([^\W\d]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_WEEKDAY = re.compile(r"^[^\W\d]{2,12}\.?, ")


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as written: its reading in each order of day, month and year.

    Only a date whose three parts are two digits each can have its year first.
    """

    dmy: date | None
    mdy: date | None
    ymd: date | None = None

    @property
    def readings(self) -> set[date]:
        """The different days it can mean."""
        return {day for day in (self.dmy, self.mdy, self.ymd) if day is not None}

    @property
    def ambiguous(self) -> bool:
        """Whether its readings differ."""
        return len(self.readings) > 1

    def read(self, order: DayOrder | None) -> date | None:
        """Return the date in this order; without one, its only reading if it has but one."""
        found = self.readings
        if len(found) == 1:
            return found.pop()
        if order is None:
            return None
        return {"dmy": self.dmy, "mdy": self.mdy, "ymd": self.ymd}[order]


def written_date(cell: Cell, today: date | None = None) -> WrittenDate | None:
    """Return what a cell can mean as a date, or None when it is no date, or no such day.

    Of a year in two digits, only readings within ten years of ``today`` count where one is.
    """
    if isinstance(cell, date):
        day = cell.date() if isinstance(cell, datetime) else cell
        return WrittenDate(day, day)
    if not isinstance(cell, str):
        return None
    text = " ".join(unicodedata.normalize("NFKC", cell).split())
    for pattern in (_ISO, _COMPACT, _EAST_ASIAN):
        if found := pattern.fullmatch(text):
            return _certain(found[1], found[2], found[3])
    if found := _NUMBERS.fullmatch(text):
        return _in_numbers(found[1], found[2], found[3], found[4], today)
    return _named(_WEEKDAY.sub("", text))


_MONTH_ONLY = re.compile(
    r"([^\W\d]+)\.?,?[ -]*(?:de )?(?:\d{4}|'?\d\d)?|\d{1,2}[-/.]\d{4}|\d{4}[-/.]\d{1,2}"
)


def names_month(text: str) -> bool:
    """Tell whether a text is a month, as ``March 2027`` and ``03/2027`` are."""
    found = _MONTH_ONLY.fullmatch(_plain(text))
    return found is not None and (found[1] is None or found[1] in MONTHS)


def looks_dated(text: str) -> bool:
    """Tell whether a text has the form of a date, be there such a day or not."""
    forms = (_ISO, _COMPACT, _EAST_ASIAN, _NUMBERS, _DAY_NAME, _NAME_DAY)
    plain = _plain(text)
    return any(form.fullmatch(plain) for form in forms)


_NEAR = 3
"""Years around today in which a due date is expected."""


def _in_numbers(
    first: str, mark: str, second: str, last: str, today: date | None
) -> WrittenDate | None:
    day_first = _day(last, second, first)
    # With dots the day is first wherever people write so; no locale has month.day.year.
    month_first = None if mark == "." else _day(last, first, second)
    year_first = _day(first, second, last) if len(last) == len(first) == 2 else None
    made = [day_first, month_first, year_first]
    if len(last) == 2 and today is not None:
        near = [d if d and abs(d.year - today.year) <= _NEAR else None for d in made]
        if any(near):
            made = near
    elif year_first and (day_first or month_first):
        made[2] = None
    return WrittenDate(*made) if any(made) else None


def _plain(text: str) -> str:
    return "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )


def _named(text: str) -> WrittenDate | None:
    folded = _plain(text)
    if found := _DAY_NAME.fullmatch(folded):
        day, name, year = found[1], found[2], found[3]
    elif found := _NAME_DAY.fullmatch(folded):
        name, day, year = found[1], found[2], found[3]
    else:
        return None
    month = MONTHS.get(name)
    return _certain(year, str(month), day) if month else None


def _certain(year: str, month: str, day: str) -> WrittenDate | None:
    made = _day(year, month, day)
    return WrittenDate(made, made) if made else None


_BUDDHIST = 543
"""Years that the Thai calendar is ahead: 2570 is 2027."""


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year) + (2000 if len(year) == 2 else 0)
    if 0 <= number - 2000 - _BUDDHIST < 100:
        number -= _BUDDHIST
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def order_of(cells: Iterable[Cell], today: date | None = None) -> tuple[DayOrder | None, str]:
    """Decide the order of day, month and year in a column.

    Returns:
        The only order in which every date can be read (None when none is needed, or when it cannot
        be told), and a value that has several readings and that nothing decides, or ``""``.
    """
    possible: set[DayOrder] = {"dmy", "mdy", "ymd"}
    open_value, typed = "", False
    for cell in cells:
        written = written_date(cell, today) if isinstance(cell, str) else None
        if written is None:
            continue
        if written.ambiguous:
            open_value = open_value or str(cell).strip()
        if isinstance(cell, str) and _NUMBERS.fullmatch(" ".join(cell.split())):
            typed = True
            possible &= {order for order in _ORDERS if getattr(written, order) is not None}
    if typed and len(possible) == 1:
        return possible.pop(), ""
    return None, open_value


_ORDERS: tuple[DayOrder, ...] = ("dmy", "mdy", "ymd")

_TERMS = re.compile(
    r"(?:(?:net(?:to)?|n|nt|due|due in|within|in|innerhalb(?: von)?|binnen|zahlbar|payable|"
    r"zahlbar in|"
    r"a|pagamento a|sous|dentro de|en|entro|em|term|terms|payment due in|payment within|om)"
    r"[\s/:-]*)*"
    r"(\d{1,3})(?:[.,]0+)?\s*"
    r"(?:-?(?:calendar )?(?:days?|d|tagen?|tg|t|jours?|j|dias|gg|giorni|dagen|dagar|dager|dage|"
    r"pv|paivaa|dni|日|日以内|天))?\.?\s*"
    r"(?:netto|net|nets|nettos|rein netto|"
    r"(?:after|from) (?:the )?(?:invoice(?: date)?|receipt(?: of invoice)?|date of invoice)|"
    r"nach (?:rechnungsdatum|rechnungserhalt|erhalt der rechnung|rechnungsstellung|erhalt)|"
    r"ab rechnungsdatum|date de facture|date facture|a reception(?: de facture)?|"
    r"fecha (?:de )?factura|data fattura|df|data (?:da )?fatura|d f|f f|da data da fatura|"
    r"na factuurdatum|fran fakturadatum|efter fakturadatum|fra fakturadato|etter fakturadato|"
    r"of invoice(?: date)?|of receipt|以内)?"
)
_LONGEST_TERMS = 60
_AT_ONCE = frozenset(
    """due on receipt;due upon receipt;on receipt;upon receipt;receipt;immediate;immediately;
    due immediately;immediate payment;payable immediately;payable on receipt;payable upon receipt;
    payment on receipt;cash;cod;cash on delivery;due now;now;prepaid terms;
    sofort;sofort fallig;sofort zahlbar;sofort netto;sofort zahlbar ohne abzug;bei erhalt;
    nach erhalt;sofort rein netto;zahlbar sofort;
    a reception;a reception de facture;a reception de la facture;comptant;immediat;au comptant;
    paiement comptant;paiement a reception;des reception;reception de facture;
    al contado;contado;inmediato;pago inmediato;a la recepcion;al recibir;a la vista;contado
    inmediato;
    a vista;pagamento a vista;imediato;pronto pagamento;contra entrega;
    a vista fattura;immediato;pagamento immediato;rimessa diretta;alla ricezione;vista fattura;
    per direct;direct;direct te voldoen;contant;bij ontvangst;onmiddellijk;
    omgaende;kontant;direkt;ved modtagelse;straks;ved mottak;kontant betaling;heti;
    即時;即日;立即;natychmiast;gotowka""".replace("\n    ", "").split(";")
)
_WEEKS = re.compile(
    r"(?:net )?(\d{1,2}) ?(?:weeks?|wochen|semaines?|semanas|settimane|weken|veckor|uker|uger)"
)


_NO_DAYS = "write the days until due as a whole number from 0 to 365, such as 30."


def days_of(text: str) -> int | None:
    """Return the days until due that terms of payment mean; None when they say none.

    Raises:
        ValueError: They cannot be told, or ask for more than 365 days.
    """
    words = unicodedata.normalize("NFKD", text.casefold())
    words = "".join(c for c in words if not unicodedata.combining(c))
    words = " ".join(words.replace("(", " ").replace(")", " ").split()).strip(" .")
    plain = " ".join(re.sub(r"[^\w\s]", " ", words).split())
    if not plain:
        return None
    if len(words) > _LONGEST_TERMS:
        raise ValueError(_NO_DAYS)
    if plain in _AT_ONCE:
        return 0
    found = _TERMS.fullmatch(words) or _TERMS.fullmatch(plain)
    if found and int(found[1]) <= 365:
        return int(found[1])
    if weeks := _WEEKS.fullmatch(plain):
        return 7 * int(weeks[1])
    raise ValueError(_NO_DAYS)
