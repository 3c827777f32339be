"""Amounts, dates and names of things as the person reads them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st
from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_currency, format_percent

from po_toolkit.api import terms
from po_toolkit.api.terms import Act, Status, phrase, way_label
from po_toolkit.money import CURRENCIES, exponent
from po_toolkit.ui.language import N_, _, language, locale, ngettext, translated

Colour = Literal["blue", "gray", "green", "orange", "red", "violet"]


def amount(value: Decimal, currency: str, *, where: Locale | None = None) -> str:
    """Write an amount in major units with its currency's decimals, unbroken: ``1,234.50 USD``."""
    return _amount(value, currency, where or locale())


@lru_cache(maxsize=4096)
def _amount(value: Decimal, currency: str, where: Locale) -> str:
    digits = exponent(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0¤¤"
    return format_currency(
        value, currency.upper(), format=pattern, locale=where, currency_digits=False
    )


def day(value: date | None) -> str:
    """Write a date, or nothing."""
    return "" if value is None else format_date(value, "medium", locale=locale())


def month(text: str) -> str:
    """Write a month of the books, such as ``2027-01``."""
    return format_skeleton("yMMM", date.fromisoformat(f"{text}-01"), locale=locale())


def date_format() -> str:
    """Return how a date is typed and shown in a field: ``MM/DD/YYYY``, as the locale orders it.

    A field can show numbers only; elsewhere dates are written with the month's name.
    """
    pattern = locale().date_formats["short"].pattern
    order = "".join(dict.fromkeys(c for c in pattern if c in "dMy"))
    mark = next((c for c in pattern if c in "/.-"), "/")
    parts = {"dMy": "DD MM YYYY", "Mdy": "MM DD YYYY"}.get(order, "YYYY MM DD")
    return parts.replace(" ", mark)


_DATES = re.compile(
    r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])|"
    r"\b(\d\d?) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4})\b"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def localized(text: str) -> str:
    """Write one of our messages in the visit's language, its dates and amounts as elsewhere."""
    if language() == "en":
        return _dated(text)
    return _AMOUNTS.sub(_amount_in, _dated(phrase(text, language())))


_AMOUNTS = re.compile(r"(?<![\w.,-])-?\d[\d,]*(?:\.\d+)? ([A-Z]{3})\b")


def _amount_in(found: re.Match[str]) -> str:
    number, code = found[0].split(" ")
    if code.lower() not in CURRENCIES:
        return found[0]
    return amount(Decimal(number.replace(",", "")), code.lower())


def beside_row(row: int, message: str) -> str:
    """Return a message about a row without the row's number, which is shown in its own column.

    The catalogue knows the message only with its row.
    """
    text = localized(message)
    return text.partition(": ")[2] if message.startswith(f"Row {row}: ") else text


def _dated(text: str) -> str:

    def written(found: re.Match[str]) -> str:
        year, month, number, other_day, name, other_year = found.groups()
        parts = (
            (int(year), int(month), int(number))
            if year
            else (int(other_year), _MONTHS.index(name) // 3 + 1, int(other_day))
        )
        try:
            return day(date(*parts))
        except ValueError:
            return found[0]

    return _DATES.sub(written, text)


def percent(share: Decimal) -> str:
    """Write a share, 1 for all, as whole per cent, cut off so that only all reads as 100."""
    whole = (share * 100).to_integral_value(rounding=ROUND_FLOOR)
    return format_percent(whole / 100, locale=locale())


def date_of(value: datetime | None, timezone: str) -> str:
    """Write the day of a time in the conference's timezone, or nothing."""
    return "" if value is None else day(value.astimezone(ZoneInfo(timezone)).date())


def ago(seconds: float) -> str:
    """Write how long ago something was: ``3 minutes ago``."""
    return format_timedelta(
        timedelta(seconds=-seconds), threshold=1.2, add_direction=True, locale=locale()
    )


def moment(value: datetime | None, timezone: str) -> str:
    """Write a time in the conference's timezone, which is named, or nothing."""
    if value is None:
        return ""
    zone = ZoneInfo(timezone)
    written = format_datetime(value, "medium", tzinfo=zone, locale=locale())
    return f"{written} {value.astimezone(zone):%Z}"


def duration(seconds: int) -> str:
    """Write a length of time: ``2 minutes``."""
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=locale())


def status(value: str) -> str:
    """Name a money status."""
    return _(terms.STATUS_LABELS[Status(value)])


def statuses() -> dict[str, str]:
    """Return the money statuses with their names."""
    return translated(terms.STATUS_LABELS)


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: ``1 purchase order``, ``2 purchase orders``."""
    one, many = "{n} " + noun, "{n} " + (plural or noun + "s")
    return ngettext(one, many, number)


def label(code: str) -> str:
    """Turn a code into words: ``payment_reversal`` into ``Payment reversal``."""
    return _(terms.label(code))


MODES = {"live": N_("Live mode"), "test": N_("Test mode"), "none": N_("No Stripe key")}
"""Whether real money moves, in a word."""


def mode_badge(mode: str) -> None:
    """Say in one word whether real money moves."""
    if mode == "live":
        st.badge(_(MODES["live"]), icon=":material/bolt:", color="red")
    elif mode == "test":
        st.badge(_(MODES["test"]), icon=":material/science:", color="blue")
    else:
        st.badge(_(MODES["none"]), icon=":material/key_off:", color="gray")


def mode_notice(mode: str) -> None:
    """Say in a sentence whether real money moves."""
    if mode == "live":
        st.warning(_("**Live mode.** Sponsors get real invoices by email."), icon=":material/bolt:")
    elif mode == "test":
        st.info(
            _("**Test mode.** Stripe makes test invoices; no email is sent and no money moves."),
            icon=":material/science:",
        )
    else:
        st.warning(
            _("This conference has no Stripe key. Put stripe_secret_key into its settings first."),
            icon=":material/key_off:",
        )


_ACTS: dict[str, str] = {
    Act.IMPORT: N_("Imported"),
    Act.UNDO_IMPORT: N_("Import undone"),
    Act.CREATE: N_("Created"),
    Act.INVOICE: N_("Invoice step completed"),
    Act.ADOPT: N_("Invoice adopted"),
    Act.SYNC: N_("Updated from Stripe"),
    Act.RECORD_PAYMENT: N_("Payment recorded"),
    Act.ISSUE_CREDIT_NOTE: N_("Credit note issued"),
    Act.REFUND: N_("Refund requested"),
    Act.REVERSE: N_("Entry reversed"),
    Act.CANCEL: N_("Cancelled"),
    Act.RESEND: N_("Invoice sent again"),
    Act.REMIND: N_("Reminder started"),
    Act.LOG_CALL: N_("Call logged"),
    Act.ATTACH: N_("File attached"),
    Act.DELIVER: N_("PDF saved and email drafted"),
    Act.DELIVERED: N_("Marked as delivered"),
    Act.REISSUE: N_("Invoice voided for reissue"),
    Act.AMEND: N_("Changed"),
    Act.CLOSE: N_("Books closed"),
    Act.ACCEPT_DISCREPANCY: N_("Discrepancy accepted"),
    Act.CHANGE_SETTINGS: N_("Settings changed"),
    Act.FORGET: N_("Contact forgotten"),
    Act.CONFIGURE: N_("Settings updated"),
}


def person(actor: str) -> str:
    """Name who acted as people read it: ``cli:ada`` is ``ada (command line)``."""
    return terms.person(actor, _)


def act(code: str) -> str:
    """Say what an act of the audit log was."""
    return _(_ACTS.get(code, "")) or label(code)


_METHODS = {
    "card": N_("card"),
    "us_bank_account": N_("ACH debit"),
    "sepa_debit": N_("SEPA debit"),
    "customer_balance": N_("bank transfer"),
}


def payment_method(code: str) -> str:
    """Name one of Stripe's ways to pay."""
    return _(_METHODS.get(code, "")) or inner(label(code))


def way(code: str) -> str:
    """Say who delivers an invoice: ``Emailed by Stripe``."""
    return sentence(_(way_label(code)))


def inner(text: str) -> str:
    """Write a name as within a sentence: in lower case, except in German, which needs capitals."""
    return text if language() == "de" else text.lower()


_FIELDS = {
    "organization_name": N_("Sponsor"),
    "contact_email": N_("Contact email"),
    "po_number": N_("PO number"),
    "due_date": N_("Due date"),
    "days_until_due": N_("Days until due"),
    "tax_id": N_("Sponsor's tax ID"),
    "description": N_("Description"),
    "quantity": N_("Quantity"),
    "unit_price": N_("Unit price"),
    "tax_rate": N_("Tax rates"),
}
_FIELD = re.compile(rf"\b({'|'.join(_FIELDS)}): ")


def fields_named(text: str) -> str:
    """Call the fields of a purchase order in a message as its form does."""
    return _FIELD.sub(lambda found: f"{_(_FIELDS[found[1]])}: ", text)


def sentence(text: str) -> str:
    """Begin a text with a capital letter and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def message(text: str) -> str:
    """Write one of our messages as the rest of the page, its Markdown's signs without meaning."""
    return plain(localized(text))


def plain(text: str) -> str:
    """Take the meaning out of Markdown's signs, so that a sponsor's name stays his name."""
    return "".join("\\" + c if c in _MARKDOWN else c for c in text)


_MARKDOWN = frozenset("\\`*_{}[]()#+-.!|<>~:$")

_STATUS_BADGES: dict[Status, tuple[str, Colour]] = {
    Status.DRAFT: (":material/edit_note:", "gray"),
    Status.ISSUED: (":material/outbox:", "blue"),
    Status.SENT: (":material/send:", "blue"),
    Status.PARTIALLY_PAID: (":material/hourglass_bottom:", "orange"),
    Status.PAID: (":material/check:", "green"),
    Status.OVERPAID: (":material/priority_high:", "violet"),
    Status.CANCELLED: (":material/block:", "gray"),
}


STATUS_COLOURS: list[str] = [_STATUS_BADGES[Status(code)][1] for code in terms.STATUS_LABELS]
"""The colour of each status, in the order of their labels."""


def on_a_phone() -> bool:
    """Tell whether the browser says that it runs on a phone."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def overdue_badge(days: int) -> None:
    """Say in red for how long something is overdue."""
    st.badge(_("{days} overdue", days=count(days, "day")), color="red")


def status_badge(value: str) -> None:
    """Show a money status by word, sign and colour."""
    icon, colour = _STATUS_BADGES[Status(value)]
    st.badge(status(value), icon=icon, color=colour)
