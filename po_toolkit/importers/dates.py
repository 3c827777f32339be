"""Dates as people write them, day first or month first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from po_toolkit.importers.cells import Cell

DayOrder = Literal["dmy", "mdy"]

_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january januar janner janvier enero janeiro gennaio jan ene gen janv",
        "february februar feber fevrier febrero fevereiro febbraio feb fev fevr",
        "march marz mars marzo marco mar mrz maerz",
        "april avril abril aprile apr avr abr",
        "may mai mayo maio maggio mag",
        "june juni juin junio junho giugno jun giu",
        "july juli juillet julio julho luglio jul juil lug",
        "august aout agosto aug ago",
        "september septembre septiembre setembro settembre sep sept set",
        "october oktober octobre octubre outubro ottobre oct okt out ott",
        "november novembre noviembre novembro nov",
        "december dezember decembre diciembre dezembro dicembre dec dez dic",
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
    """A date as written: its reading in each order of day and month."""

    dmy: date | None
    mdy: date | None

    @property
    def ambiguous(self) -> bool:
        """Whether its two readings differ."""
        return self.dmy is not None and self.mdy is not None and self.dmy != self.mdy

    def read(self, order: DayOrder | None) -> date | None:
        """Return the date in this order; without one, its only reading if it has but one."""
        if order is not None and self.ambiguous:
            return self.dmy if order == "dmy" else self.mdy
        if self.ambiguous:
            return None
        return self.mdy if self.dmy is None else self.dmy


def written_date(cell: Cell) -> WrittenDate | None:
    """Return what a cell can mean as a date, or None when it is no date, or no such day."""
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
        return _in_numbers(found[1], found[2], found[3], found[4])
    return _named(_WEEKDAY.sub("", text))


def _in_numbers(first: str, mark: str, second: str, year: str) -> WrittenDate | None:
    day_first = _day(year, second, first)
    # With dots the day is first wherever people write so; no locale has month.day.year.
    month_first = day_first if mark == "." else _day(year, first, second)
    return WrittenDate(day_first, month_first) if day_first or month_first else None


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


def order_of(cells: Iterable[Cell]) -> tuple[DayOrder | None, str]:
    """Decide the order of day and month in a column.

    Returns:
        The proven order (None when nothing needs one or it cannot be told), and a value that
        has two readings and that nothing decides, or ``""``.
    """
    proven: set[DayOrder] = set()
    open_value = ""
    for cell in cells:
        written = written_date(cell) if isinstance(cell, str) else None
        if written is None:
            continue
        if written.ambiguous:
            open_value = open_value or str(cell).strip()
        elif written.mdy is None:
            proven.add("dmy")
        elif written.dmy is None:
            proven.add("mdy")
    if len(proven) == 1:
        return proven.pop(), ""
    return None, open_value
