"""What each field's cell must be, and what is wrong with it when it is not.

One function reads one kind of cell; ``Row`` at the end says which field is of which kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.deliveries import way_named
from po_toolkit.domain.e_invoices import FORMATS
from po_toolkit.domain.payment_methods import METHODS, method_named
from po_toolkit.domain.stripe_limits import EMAIL_LENGTH
from po_toolkit.domain.tax import TaxRules
from po_toolkit.domain.tax_ids import TaxId, UnknownTaxIdError, read_tax_id
from po_toolkit.importers.amounts import Decimals, in_thousands, sign_currencies, written_amount
from po_toolkit.importers.cells import (
    EXACT_DIGITS,
    Cell,
    CellError,
    ShownNumber,
    clean,
    is_empty,
    is_placeholder,
    text_of,
)
from po_toolkit.importers.dates import DayOrder, days_of, written_date
from po_toolkit.importers.names import fold
from po_toolkit.money import CURRENCIES

_PLAIN = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)+[a-z]{2,}", re.IGNORECASE
)
"""What most addresses look like; the rest is for the thorough and slow check."""

_NO_MAIL = frozenset({"invalid", "local", "localhost", "onion", "arpa", "internal", "home", "lan"})
_FOUND = re.compile(r"[^\s<>()\[\]\"',;:|/\\@]+@[^\s<>()\[\]\"',;:|/\\@]+")
_BETWEEN = re.compile(
    r"[\s,;|/&+<>()\[\]\"']*(?:(?:and|or|und|oder|et|ou|y|o|e|cc|bcc|en|of|och|og|to|email|e-mail|mail)"
    r"[:.\s]*)*[\s,;|/&+<>()\[\]\"'.]*",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"[^<>()\[\];,|@\n]*[<(\[]\s*([^\s<>()\[\]@]+@[^\s<>()\[\]@]+?)\s*[>)\]]",
)
_BRACKETED = re.compile(
    r"[<(\[]\s*(?:mailto:)?([^\s<>()\[\]@]+@[^\s<>()\[\]@]+?)\s*[>)\]]", re.IGNORECASE
)


_PERSON = r"[^\W\d_][^@<>()\[\]|:;,\u2013\u2014]*?"
_MARKED = r"\s*(?:\s[-\u2013\u2014/]\s|[|:\n])\s*"
_NAMED_BEFORE = re.compile(rf"\s*{_PERSON}{_MARKED}({_FOUND.pattern})\s*")
_NAMED_AFTER = re.compile(rf"\s*({_FOUND.pattern}){_MARKED}{_PERSON}\s*")
"""``Bo Smith - bo@sponsor.example`` and the other way round."""


def addresses(text: str) -> list[str]:
    """Return the addresses in a cell, the first one being the one to write to.

    Takes several addresses, ``Last, First <address>``, ``First Last (address)`` and ``mailto:``.

    Raises:
        ValueError: One of them cannot be written to; the message says why.
    """
    if _PLAIN.fullmatch(text) and _mailable(text):
        return [text]
    text = re.sub(r"mailto:", " ", text, flags=re.IGNORECASE)
    rest = text
    found: list[str] = []
    if _BRACKETED.search(text):
        # What stands before an address in brackets is a name, unless it holds an address too.
        found = _BRACKETED.findall(text)
        rest = ""
        if "@" in _BRACKETED.sub(" ", text):
            rest = _NAMED.sub(r" \1 ", text)
    if named := _NAMED_BEFORE.fullmatch(rest) or _NAMED_AFTER.fullmatch(rest):
        found, rest = [named[1]], ""
    if rest:
        found = _FOUND.findall(rest)
        if not _BETWEEN.fullmatch(_FOUND.sub(" ", rest)):
            found = []
    if not found:
        _one(text.strip())
        raise ValueError("this is not an email address; write one like ap@sponsor.com.")
    return list(dict.fromkeys(_one(one.strip(".").strip()) for one in found))


def _one(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"this is not an email address: {reason}. Write one like ap@sponsor.com."
        ) from None


def _mailable(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return (
        len(text) <= EMAIL_LENGTH
        and len(local) <= 64
        and domain.rpartition(".")[2].lower() not in _NO_MAIL
        and all(len(label) <= 63 for label in domain.split("."))
    )


_SPECIAL = {
    "exempt": "exempt", "tax exempt": "exempt", "vat exempt": "exempt", "steuerfrei": "exempt",
    "exonere": "exempt", "exento": "exempt", "isento": "exempt", "esente": "exempt",
    "reverse charge": "reverse_charge", "reverse": "reverse_charge", "rc": "reverse_charge",
    "autoliquidation": "reverse_charge", "steuerschuldnerschaft": "reverse_charge",
    "none": "none", "no tax": "none", "no vat": "none", "default": "default",
}  # fmt: skip
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*%?")


def tax_rate_names(text: str, rules: TaxRules) -> tuple[str, ...] | None:
    """Read which rates a line bears; None where it leaves that to the conference.

    Args:
        text: Names of rates, percentages, ``exempt``, ``reverse charge`` or ``none``; several
            with ``+`` between them.
        rules: The conference's rates.

    Raises:
        ValueError: A rate is not the conference's, or two have this percentage.
    """
    parts = [part.strip() for part in re.split(r"[+;&]", text)]
    if not any(parts):
        return None
    names = [_rate_name(part, rules) for part in parts]
    alone = [name for name in names if name in _SPECIAL.values()]
    if (alone and len(names) > 1) or len(set(names)) < len(names):
        raise ValueError(f"{text!r} cannot be meant; name each rate once, or one word alone.")
    return tuple(names)


def _rate_name(part: str, rules: TaxRules) -> str:
    folded = fold(part)
    if folded in _SPECIAL:
        return _SPECIAL[folded]
    by_name = {fold(name): name for name in rules.rates}
    if folded in by_name:
        return by_name[folded]
    found = _by_percentage(part, rules)
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{name} ({rate.percentage} %)" for name, rate in rules.rates.items())
    if found:
        raise ValueError(
            f"{part!r} is the percentage of several rates; write a name: {', '.join(found)}."
        )
    raise ValueError(
        f"the conference has no tax rate {part!r}; it has: {known or 'none'}. Write one of them, "
        f"exempt, reverse charge or none."
    )


def _by_percentage(part: str, rules: TaxRules) -> list[str]:
    """A cell formatted as per cent holds 0.19 for 19 %."""
    match = _PERCENT.fullmatch(part)
    if match is None:
        return []
    try:
        value = Decimal(match[1].replace(",", "."))
    except InvalidOperation:
        return []
    found = rules.by_percentage(value)
    if not found and not part.endswith("%") and value < 1:
        found = rules.by_percentage(value * 100)
    return found or (["none"] if value == 0 else [])


def tax_id_of(text: str) -> TaxId | None:
    """Read a tax id; one whose kind cannot be told has an empty type and the text as it came.

    Raises:
        ValueError: It has not its kind's form.
    """
    try:
        return read_tax_id(text)
    except UnknownTaxIdError:
        return TaxId("", " ".join(text.split()))


_LANGUAGES = {
    "en": "english englisch anglais ingles inglese",
    "de": "german deutsch allemand aleman alemao tedesco",
    "fr": "french franzosisch francais frances francese",
    "es": "spanish spanisch espagnol espanol espanhol spagnolo",
    "it": "italian italienisch italien italiano",
    "pt": "portuguese portugiesisch portugais portugues portoghese",
    "nl": "dutch niederlandisch neerlandais nederlands",
    "ja": "japanese japanisch japonais",
    "pl": "polish polnisch polonais polski",
    "sv": "swedish schwedisch suedois svenska",
}
_LANGUAGE_NAMED = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2,4}|\d{3}))?", re.IGNORECASE)


def locale_of(text: str) -> str:
    """Read a language such as ``German``, ``de`` or ``pt-BR``; empty for an empty cell.

    Raises:
        ValueError: It is no language that can be told.
    """
    if not text.strip():
        return ""
    named = _LANGUAGE_NAMED.get(fold(text))
    if named:
        return named
    match = _LOCALE.fullmatch(text.strip())
    if match is None:
        raise ValueError("write the language as two letters, such as de, or with a country: pt-BR.")
    return match[1].lower() + (f"-{match[2].upper()}" if match[2] else "")


def ways_to_pay(text: str) -> tuple[str, ...] | None:
    """Read ways to pay such as ``card, ACH``; None for an empty cell.

    Raises:
        ValueError: One of them is not known.
    """
    found = []
    for part in re.split(r"[,;/+&|\n]", text):
        if not part.strip():
            continue
        method = method_named(fold(part))
        if not method:
            raise ValueError(f"{part.strip()!r} is no way to pay; there are: {', '.join(METHODS)}.")
        found.append(method)
    return tuple(dict.fromkeys(found)) or None


def delivery_of(text: str) -> str:
    """Read who delivers the invoice; empty for an empty cell.

    Raises:
        ValueError: It is neither Stripe nor ourselves.
    """
    if not text.strip():
        return ""
    way = way_named(fold(text))
    if not way:
        raise ValueError(
            f"{text.strip()!r} is no way of delivery; write stripe (Stripe mails the invoice) or "
            f"ourselves (we deliver it, as into a vendor portal)."
        )
    return way


def electronic_address_of(text: str) -> str:
    """Read an electronic address with its scheme, such as ``0208:0123456789``.

    Raises:
        ValueError: It has no scheme.
    """
    plain = "".join(text.split())
    if plain and not re.fullmatch(r"[0-9A-Za-z]{2,4}:\S+", plain):
        raise ValueError(
            f"{text.strip()!r} is not an electronic address. Write the scheme first, such as "
            f"0208:0123456789 or EM:invoices@example.org."
        )
    scheme, mark, rest = plain.partition(":")
    return f"{scheme.upper()}{mark}{rest}"


def e_invoice_format_of(text: str) -> str:
    """Read the format of an e-invoice; empty for an empty cell.

    Raises:
        ValueError: There is no such format.
    """
    plain = re.sub(r"[\s_-]+", "-", text.strip().casefold()).replace("factur-x", "facturx")
    named = {"zugferd": "facturx", "peppol-bis": "peppol"}.get(plain, plain)
    if named and named not in FORMATS:
        raise ValueError(
            f"{text.strip()!r} is not an e-invoice format. Use one of: {', '.join(FORMATS)}."
        )
    return named


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file's values are to be read.

    Attributes:
        decimals: The file's decimal mark, where it has one.
        dates: The file's order of day and month, where it needs one.
        currency: The conference's.
        today: The date in the conference's timezone.
        tax: The conference's rates.
        scale: What amounts are multiplied by: 1000 where they are in thousands.
    """

    decimals: Decimals | None
    dates: DayOrder | None
    currency: str
    today: date
    tax: TaxRules = field(default_factory=TaxRules)
    scale: int = 1


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


_QUOTED = re.compile(r"=?\"(.*)\"")


def _po_text(text: str) -> str:
    """Return a PO number without what programs put around it: ``="00123"``, ``'00123``, ``45.0``.

    What only stands for a number, such as ``TBD``, is none: such rows share no purchase order.
    """
    if found := _QUOTED.fullmatch(text):
        text = found[1].strip()
    if text.startswith("'"):
        text = text[1:].strip()
    if re.fullmatch(r"\d+\.0", text):
        text = text[:-2]
    return "" if is_placeholder(text) else text


def _organization(cell: Cell, _reading: Reading) -> str:
    text = clean(text_of(cell))
    if not text or (is_placeholder(text) and len(text) > 1):
        raise _wrong("required", "there is no name in this cell; every row needs one.")
    if len(text) > stripe_limits.NAME_LENGTH:
        limit = stripe_limits.NAME_LENGTH
        raise _wrong("too_long", f"the text has {len(text)} characters; Stripe takes {limit}.")
    return text


_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")


def _number_text(cell: Cell, _reading: Reading) -> str:
    """A PO number is text: leading zeros and all."""
    if isinstance(cell, date | time | timedelta):
        raise _wrong(
            "digits_lost",
            "the spreadsheet program made a date of this number; format the cell as text and "
            "type it again.",
        )
    text = _po_text(clean(text_of(cell)))
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
        return addresses(clean(text_of(cell)))
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
    if reading.scale != 1 and in_thousands(cell):
        raise _wrong("amount_unreadable", "k means thousands already; write the whole amount.")
    return value * reading.scale if reading.scale != 1 else value, written.currencies


_DASH = re.compile(r"[-\u2013\u2014\s]*")


def _package(cell: Cell, reading: Reading) -> Amount | None:
    """A package that was not ordered is empty, a dash or zero."""
    if isinstance(cell, str) and _DASH.fullmatch(cell):
        return None
    amount = _amount(cell, reading)
    return amount if amount and amount[0] else None


def _count(cell: Cell) -> str:
    """Return the number of ``10 pcs`` or ``x 4``."""
    found = re.fullmatch(
        r"(?:x|\u00d7)?\s*(\d[\d.,]*)\s*(?:x|\u00d7|pcs?\.?|pieces?|units?|stk\.?|stück|stuks?|st\.?|ks|szt\.?|"
        r"u\.?|uds?\.?|un\.?|pz\.?|hrs?\.?|hours?|h|個|枚|口|件|名)?",
        text_of(cell).strip(),
        re.IGNORECASE,
    )
    return found[1] if found else ""


def _quantity(cell: Cell, reading: Reading) -> int:
    if is_empty(cell):
        return 1
    if isinstance(cell, ShownNumber) and cell.sign != "%":
        cell = float(cell)
    written = written_amount(cell) or written_amount(_count(cell))
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


_YEARS_AWAY = 10
"""A due date farther from today than this is a slip of the pen."""


def _date(cell: Cell, reading: Reading) -> date | None:
    if is_empty(cell) or (isinstance(cell, str) and is_placeholder(clean(cell))):
        return None
    written = written_date(cell, reading.today)
    value = written.read(reading.dates) if written else None
    if value is None and written is not None and written.ambiguous:
        days = " or ".join(day.isoformat() for day in sorted(written.readings))
        raise _wrong(
            "date_invalid", f"this can be {days}; write it so, or say if dates are dmy, mdy or ymd."
        )
    if value is None:
        raise _wrong("date_invalid", "there is no such day; write a date like 2027-03-31.")
    if abs(value.year - reading.today.year) > _YEARS_AWAY:
        raise _wrong(
            "date_invalid", f"the year {value.year} cannot be meant; write a date like 2027-03-31."
        )
    return value


def _days(cell: Cell, _reading: Reading) -> int | None:
    try:
        return days_of(clean(text_of(cell)))
    except ValueError as error:
        raise _wrong("days_invalid", str(error)) from None


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


_TAX_RATE = _said("tax_rate_unknown", lambda t, r: tax_rate_names(t, r.tax))
_TAX_ID = _said("tax_id_invalid", lambda t, _r: tax_id_of(t))
_LANGUAGE = _said("language_unknown", lambda t, _r: locale_of(t))
_DELIVERY = _said("delivery_unknown", lambda t, _r: delivery_of(t))
_E_INVOICE_ADDRESS = _said("e_invoice_address_invalid", lambda t, _r: electronic_address_of(t))
_E_INVOICE_FORMAT = _said("e_invoice_format_unknown", lambda t, _r: e_invoice_format_of(t))
_WAYS_TO_PAY = _said("payment_methods_unknown", lambda t, _r: ways_to_pay(t))


class Row(TypedDict, total=False):
    """The values of a row; each column that the file lacks is missing here too.

    ``package``, ``own_line`` and ``unknown`` stand for any number of columns that are no field.
    """

    organization_name: Annotated[str, _reader(_organization, required=True)]
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
    buyer_reference: Annotated[str, _text(100)]
    e_invoice_address: Annotated[str, _E_INVOICE_ADDRESS]
    e_invoice_format: Annotated[str, _E_INVOICE_FORMAT]
    package: Annotated[Amount | None, _reader(_package)]
    own_line: Annotated[Amount | None, _reader(_package)]
    unknown: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
