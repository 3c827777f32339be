"""One row of a purchase-order sheet: from cells to values, or to what is wrong with each cell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from po_toolkit.domain import stripe_limits
from po_toolkit.importers import emails
from po_toolkit.importers.amounts import Decimals, WrittenAmount, sign_currencies, written_amount
from po_toolkit.importers.cells import (
    EXACT_DIGITS,
    Cell,
    CellError,
    ShownNumber,
    clean,
    is_empty,
    text_of,
)
from po_toolkit.importers.dates import DayOrder, written_date
from po_toolkit.money import CURRENCIES


@dataclass(slots=True)
class Reading:
    """How this file's values are to be read.

    Attributes:
        decimals: The file's decimal mark, where it has one.
        dates: The file's order of day and month, where it needs one.
        default_currency: The conference's.
        required: The fields that every row must fill.
    """

    decimals: Decimals | None
    dates: DayOrder | None
    default_currency: str
    required: frozenset[str]
    cache: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))


def wrong(code: str, message: str) -> PydanticCustomError:
    """Return the refusal of one cell."""
    return PydanticCustomError(code, "{text}", {"text": message})  # type: ignore[arg-type]


def _reader(read: Callable[[Cell, Reading, str], Any]) -> PlainValidator:
    """Read a cell in the file's habit, and each different text only once."""

    def validate(cell: Cell, info: ValidationInfo) -> Any:
        reading: Reading = info.context
        name = str(info.field_name)
        if type(cell) is not str:
            return _checked(cell, reading, name)
        known = reading.cache[name]
        if cell not in known:
            known[cell] = _checked(cell, reading, name)
        return known[cell]

    def _checked(cell: Cell, reading: Reading, name: str) -> Any:
        if isinstance(cell, CellError):
            raise wrong("cell_error", f"the cell holds {cell.text}; put the value there.")
        if name in reading.required and is_empty(cell):
            raise wrong("required", f"{name} is empty; every row needs it.")
        return read(cell, reading, name)

    return PlainValidator(validate)


def _text(limit: int) -> PlainValidator:
    def read(cell: Cell, _reading: Reading, name: str) -> str:
        text = clean(text_of(cell))
        if len(text) > limit:
            raise wrong("too_long", f"{len(text)} characters; {name} can have {limit}.")
        return text

    return _reader(read)


_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")


def _number_text(cell: Cell, _reading: Reading, name: str) -> str:
    """A PO number is text: leading zeros and all."""
    text = clean(text_of(cell))
    rounded = isinstance(cell, float) and not isinstance(cell, ShownNumber)
    if _ROUNDED.fullmatch(text) or (rounded and abs(float(text)) >= 10**EXACT_DIGITS):
        raise wrong(
            "digits_lost",
            "the spreadsheet program rounded this number; format the cell as text and type it "
            "again.",
        )
    if len(text) > stripe_limits.PO_NUMBER_LENGTH:
        raise wrong(
            "too_long",
            f"{len(text)} characters; an invoice shows {stripe_limits.PO_NUMBER_LENGTH} of {name}.",
        )
    return text


def _email(cell: Cell, _reading: Reading, _name: str) -> list[str]:
    text = clean(text_of(cell))
    try:
        return emails.addresses(text)
    except ValueError as error:
        raise wrong("email_invalid", str(error)) from None


def _amount(cell: Cell, reading: Reading, _name: str) -> tuple[Decimal, WrittenAmount] | None:
    if is_empty(cell):
        return None
    written = written_amount(cell)
    if written is None:
        raise wrong("amount_unreadable", "this is not an amount; write a number such as 1234.50.")
    value = written.read(reading.decimals)
    if value is None:
        mark = reading.decimals or "point or comma"
        raise wrong("amount_unreadable", f"this is not an amount with a decimal {mark}.")
    return value, written


def _quantity(cell: Cell, reading: Reading, _name: str) -> int:
    if is_empty(cell):
        return 1
    written = written_amount(cell)
    value = written.read(reading.decimals) if written and written.currencies is None else None
    if value is None or value != value.to_integral_value() or value < 1:
        raise wrong(
            "quantity_invalid",
            "a quantity is a whole number from 1; for a discount make the price negative.",
        )
    if value > stripe_limits.LARGEST_QUANTITY:
        raise wrong(
            "quantity_invalid", f"a quantity can be {stripe_limits.LARGEST_QUANTITY:,} at most."
        )
    return int(value)


def _currency(cell: Cell, reading: Reading, _name: str) -> str:
    text = clean(text_of(cell))
    if not text:
        return ""
    code = text.lower()
    if code in CURRENCIES:
        return code
    meant = sign_currencies(text)
    if len(meant) == 1:
        return next(iter(meant))
    if reading.default_currency in meant:
        return reading.default_currency
    raise wrong(
        "currency_unknown",
        "this is not a currency that Stripe takes; write a three-letter code such as usd.",
    )


def _date(cell: Cell, reading: Reading, _name: str) -> date | None:
    if is_empty(cell):
        return None
    written = written_date(cell)
    value = written.read(reading.dates) if written else None
    if value is None:
        raise wrong("date_invalid", "there is no such day; write a date like 2027-03-31.")
    if not 2000 <= value.year <= 2199:
        raise wrong("date_invalid", f"the year {value.year} cannot be meant.")
    return value


_DAYS = re.compile(
    r"(?:net(?:to)? ?)?(\d{1,3})(?:[.,]0+)? ?(?:days?|d|tage?|jours?|d[ií]as|dias|giorni)?(?: net)?",
    re.IGNORECASE,
)


def _days(cell: Cell, _reading: Reading, _name: str) -> int | None:
    text = clean(text_of(cell))
    if not text:
        return None
    found = _DAYS.fullmatch(text)
    if found is None or int(found[1]) > 365:
        raise wrong("days_invalid", "write the days until due as a whole number from 0 to 365.")
    return int(found[1])


_INVOICE_ID = re.compile(r"in_\w{1,250}", re.ASCII)


def _invoice_id(cell: Cell, _reading: Reading, _name: str) -> str:
    text = clean(text_of(cell))
    if text and _INVOICE_ID.fullmatch(text) is None:
        raise wrong(
            "invoice_id_invalid",
            "a Stripe invoice id begins with in_; copy it from the invoice's page at Stripe.",
        )
    return text


class Row(TypedDict, total=False):
    """A row's values; a column that the file lacks is missing here too."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]  # pydantic's own way

    organization_name: Annotated[str, _text(stripe_limits.NAME_LENGTH)]
    contact_name: Annotated[str, _text(stripe_limits.NAME_LENGTH)]
    contact_email: Annotated[list[str], _reader(_email)]
    billing_address: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    po_number: Annotated[str, _reader(_number_text)]
    description: Annotated[str, _text(stripe_limits.LINE_DESCRIPTION_LENGTH)]
    quantity: Annotated[int, _reader(_quantity)]
    unit_price: Annotated[tuple[Decimal, WrittenAmount] | None, _reader(_amount)]
    amount: Annotated[tuple[Decimal, WrittenAmount] | None, _reader(_amount)]
    currency: Annotated[str, _reader(_currency)]
    due_date: Annotated[date | None, _reader(_date)]
    days_until_due: Annotated[int | None, _reader(_days)]
    notes: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    stripe_invoice_id: Annotated[str, _reader(_invoice_id)]
    po_amount: Annotated[tuple[Decimal, WrittenAmount] | None, _reader(_amount)]


_ROW = TypeAdapter(Row)


def read_row(cells: Mapping[str, Cell], reading: Reading) -> tuple[Row, list[tuple[str, str, str]]]:
    """Read one row.

    Returns:
        The values of the good cells, and for each bad one its field, code and message.
    """
    try:
        return _ROW.validate_python(cells, context=reading), []
    except ValidationError as error:
        bad = [
            (str(e["loc"][0]), e["type"], e["msg"])
            for e in error.errors(include_url=False, include_input=False)
        ]
    names = {name for name, _, _ in bad}
    good = {name: cell for name, cell in cells.items() if name not in names}
    return _ROW.validate_python(good, context=reading), bad
