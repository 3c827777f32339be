"""Cells that say what the invoice says: tax, tax id, language, ways to pay, who delivers it."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from po_toolkit.domain.deliveries import way_named
from po_toolkit.domain.payment_methods import METHODS, method_named
from po_toolkit.domain.tax import TaxRules
from po_toolkit.domain.tax_ids import TaxId, UnknownTaxIdError, read_tax_id
from po_toolkit.importers.headers import fold

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
_LANGUAGE = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2,4}|\d{3}))?", re.IGNORECASE)


def locale_of(text: str) -> str:
    """Read a language such as ``German``, ``de`` or ``pt-BR``; empty for an empty cell.

    Raises:
        ValueError: It is no language that can be told.
    """
    if not text.strip():
        return ""
    named = _LANGUAGE.get(fold(text))
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
