"""One row of a purchase-order sheet: what each cell must be, and what is wrong when it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.tax import TaxRules
from po_toolkit.domain.tax_ids import TaxId
from po_toolkit.importers import content_cells, emails
from po_toolkit.importers.amounts import Decimals, written_amount
from po_toolkit.importers.cells import (
    EXACT_DIGITS,
    Cell,
    CellError,
    ShownNumber,
    clean,
    is_empty,
    text_of,
)
from po_toolkit.importers.currency_signs import sign_currencies
from po_toolkit.importers.dates import DayOrder, written_date
from po_toolkit.money import CURRENCIES


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file's values are to be read.

    Attributes:
        decimals: The file's decimal mark, where it has one.
        dates: The file's order of day and month, where it needs one.
        currency: The conference's.
        tax: The conference's rates.
    """

    decimals: Decimals | None
    dates: DayOrder | None
    currency: str
    tax: TaxRules = field(default_factory=TaxRules)


Amount = tuple[Decimal, frozenset[str] | None]
"""A value in major units, and the currencies that the sign beside it can mean."""


def _wrong(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": message})


def _reader(read: Callable[[Cell, Reading], Any], *, required: bool = False) -> PlainValidator:
    """Read a cell in the file's habit; refuse one that holds an error, or nothing."""

    def validate(cell: Cell, info: ValidationInfo) -> Any:
        if isinstance(cell, CellError):
            raise _wrong("cell_error", f"the cell holds {cell.text}; put the value there.")
        if required and is_empty(cell):
            raise _wrong("required", "the cell is empty; every row needs a value here.")
        return read(cell, info.context)  # type: ignore[arg-type]  # read_cell always gives one

    return PlainValidator(validate)


def _text(limit: int, *, required: bool = False) -> PlainValidator:
    def read(cell: Cell, _reading: Reading) -> str:
        text = clean(text_of(cell))
        if len(text) > limit:
            raise _wrong("too_long", f"the text has {len(text)} characters; Stripe takes {limit}.")
        return text

    return _reader(read, required=required)


_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")


def _number_text(cell: Cell, _reading: Reading) -> str:
    """A PO number is text: leading zeros and all."""
    if isinstance(cell, date | time | timedelta):
        raise _wrong(
            "digits_lost",
            "the spreadsheet program made a date of this number; format the cell as text and "
            "type it again.",
        )
    text = clean(text_of(cell))
    plain_number = isinstance(cell, float) and not isinstance(cell, ShownNumber)
    if _ROUNDED.fullmatch(text) or (plain_number and abs(float(text)) >= 10**EXACT_DIGITS):
        raise _wrong(
            "digits_lost",
            "the spreadsheet program rounded this number; format the cell as text and type it "
            "again.",
        )
    if len(text) > stripe_limits.PO_NUMBER_LENGTH:
        limit = stripe_limits.PO_NUMBER_LENGTH
        raise _wrong("too_long", f"{len(text)} characters; an invoice shows {limit} at most.")
    return text


def _email(cell: Cell, _reading: Reading) -> list[str]:
    try:
        return emails.addresses(clean(text_of(cell)))
    except ValueError as error:
        raise _wrong("email_invalid", str(error)) from None


def _amount(cell: Cell, reading: Reading) -> Amount | None:
    if is_empty(cell):
        return None
    written = written_amount(cell)
    if written is None:
        raise _wrong("amount_unreadable", "this is not an amount; write a number such as 1234.50.")
    value = written.read(reading.decimals)
    if value is None:
        mark = reading.decimals or "point or a comma"
        raise _wrong("amount_unreadable", f"this is not an amount with a decimal {mark}.")
    return value, written.currencies


_DASH = re.compile(r"[-\u2013\u2014\s]*")


def _package(cell: Cell, reading: Reading) -> Amount | None:
    """A package that was not ordered is empty, a dash or zero."""
    if isinstance(cell, str) and _DASH.fullmatch(cell):
        return None
    amount = _amount(cell, reading)
    return amount if amount and amount[0] else None


def _quantity(cell: Cell, reading: Reading) -> int:
    if is_empty(cell):
        return 1
    written = written_amount(cell)
    value = written.read(reading.decimals) if written and written.currencies is None else None
    if value is None or value != value.to_integral_value() or value < 1:
        raise _wrong(
            "quantity_invalid",
            "a quantity is a whole number from 1; for a discount make the price negative.",
        )
    if value > stripe_limits.LARGEST_QUANTITY:
        most = stripe_limits.LARGEST_QUANTITY
        raise _wrong("quantity_invalid", f"a quantity can be {most:,} at most.")
    return int(value)


def _currency(cell: Cell, reading: Reading) -> str:
    text = clean(text_of(cell))
    if not text or text.lower() in CURRENCIES:
        return text.lower()
    meant = sign_currencies(text)
    if reading.currency in meant:
        return reading.currency
    if len(meant) == 1:
        return next(iter(meant))
    raise _wrong(
        "currency_unknown",
        "this is not a currency that Stripe takes; write a three-letter code such as usd.",
    )


def _date(cell: Cell, reading: Reading) -> date | None:
    if is_empty(cell):
        return None
    written = written_date(cell)
    value = written.read(reading.dates) if written else None
    if value is None:
        raise _wrong("date_invalid", "there is no such day; write a date like 2027-03-31.")
    if not 2000 <= value.year <= 2199:
        raise _wrong("date_invalid", f"the year {value.year} cannot be meant.")
    return value


_DAYS = re.compile(
    r"(?:net(?:to)?\s*)?(\d{1,3})(?:[.,]0+)?\s*"
    r"(?:days?|d|tage?|jours?|d[ií]as|dias|giorni)?(?:\s*net(?:to)?)?",
    re.IGNORECASE,
)


def _days(cell: Cell, _reading: Reading) -> int | None:
    text = clean(text_of(cell))
    if not text:
        return None
    found = _DAYS.fullmatch(text)
    if found is None or int(found[1]) > 365:
        raise _wrong("days_invalid", "write the days until due as a whole number from 0 to 365.")
    return int(found[1])


_INVOICE_ID = re.compile(r"in_\w{1,250}", re.ASCII)


def _invoice_id(cell: Cell, _reading: Reading) -> str:
    text = clean(text_of(cell))
    if text and _INVOICE_ID.fullmatch(text) is None:
        raise _wrong(
            "invoice_id_invalid",
            "a Stripe invoice id begins with in_; copy it from the invoice's page at Stripe.",
        )
    return text


def _said(code: str, read: Callable[[str, Reading], Any]) -> PlainValidator:
    """Read a text by a function whose ValueError says what is wrong."""

    def cell_text(cell: Cell, reading: Reading) -> Any:
        try:
            return read(clean(text_of(cell)), reading)
        except ValueError as error:
            raise _wrong(code, str(error)) from None

    return _reader(cell_text)


_TAX_RATE = _said("tax_rate_unknown", lambda t, r: content_cells.tax_rate_names(t, r.tax))
_TAX_ID = _said("tax_id_invalid", lambda t, _r: content_cells.tax_id_of(t))
_LANGUAGE = _said("language_unknown", lambda t, _r: content_cells.locale_of(t))
_DELIVERY = _said("delivery_unknown", lambda t, _r: content_cells.delivery_of(t))
_WAYS_TO_PAY = _said("payment_methods_unknown", lambda t, _r: content_cells.ways_to_pay(t))


class Row(TypedDict, total=False):
    """The values of a row; each column that the file lacks is missing here too.

    ``package`` and ``unknown`` stand for any number of columns that are no field of their own.
    """

    organization_name: Annotated[str, _text(stripe_limits.NAME_LENGTH, required=True)]
    contact_name: Annotated[str, _text(stripe_limits.NAME_LENGTH)]
    contact_email: Annotated[list[str], _reader(_email, required=True)]
    billing_address: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    po_number: Annotated[str, _reader(_number_text)]
    description: Annotated[str, _text(stripe_limits.LINE_DESCRIPTION_LENGTH, required=True)]
    quantity: Annotated[int, _reader(_quantity)]
    unit_price: Annotated[Amount | None, _reader(_amount)]
    amount: Annotated[Amount | None, _reader(_amount)]
    currency: Annotated[str, _reader(_currency)]
    due_date: Annotated[date | None, _reader(_date)]
    days_until_due: Annotated[int | None, _reader(_days)]
    notes: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    stripe_invoice_id: Annotated[str, _reader(_invoice_id)]
    po_amount: Annotated[Amount | None, _reader(_amount)]
    tax_rate: Annotated[tuple[str, ...] | None, _TAX_RATE]
    tax_id: Annotated[TaxId | None, _TAX_ID]
    language: Annotated[str, _LANGUAGE]
    service_start: Annotated[date | None, _reader(_date)]
    service_end: Annotated[date | None, _reader(_date)]
    payment_methods: Annotated[tuple[str, ...] | None, _WAYS_TO_PAY]
    delivery: Annotated[str, _DELIVERY]
    package: Annotated[Amount | None, _reader(_package)]
    unknown: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
