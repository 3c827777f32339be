"""Dates as people write them, day first or month first, and terms of payment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from po_toolkit.importers.cells import Cell

DayOrder = Literal["dmy", "mdy", "ymd"]

_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january januar janner janvier enero janeiro gennaio januari jan ene gen janv",
        "february februar feber fevrier febrero fevereiro febbraio februari feb fev fevr",
        "march marz mars marzo marco mar mrz maerz maart mrt marts",
        "april avril abril aprile apr avr abr",
        "may mai mayo maio maggio mag mei maj",
        "june juni juin junio junho giugno jun giu",
        "july juli juillet julio julho luglio jul juil lug",
        "august aout agosto aug ago augustus augusti",
        "september septembre septiembre setembro settembre sep sept set",
        "october oktober octobre octubre outubro ottobre oct okt out ott",
        "november novembre noviembre novembro nov",
        "december dezember decembre diciembre dezembro dicembre dec dez dic des desember",
    ),
    start=1,
):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))

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


def _named(text: str) -> WrittenDate | None:
    folded = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    if found := _DAY_NAME.fullmatch(folded):
        day, name, year = found[1], found[2], found[3]
    elif found := _NAME_DAY.fullmatch(folded):
        name, day, year = found[1], found[2], found[3]
    else:
        return None
    month = _MONTHS.get(name)
    return _certain(year, str(month), day) if month else None


def _certain(year: str, month: str, day: str) -> WrittenDate | None:
    made = _day(year, month, day)
    return WrittenDate(made, made) if made else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
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
_LONGEST = 60
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
    if len(words) > _LONGEST:
        raise ValueError("write the days until due as a whole number from 0 to 365, such as 30.")
    if plain in _AT_ONCE:
        return 0
    found = _TERMS.fullmatch(words) or _TERMS.fullmatch(plain)
    if found and int(found[1]) <= 365:
        return int(found[1])
    if weeks := _WEEKS.fullmatch(plain):
        return 7 * int(weeks[1])
    raise ValueError("write the days until due as a whole number from 0 to 365, such as 30.")
