"""Stripe's currencies: which it takes, their integer units, smallest and largest charge.

Written down once more, apart from the toolkit's own table, so that a mistake in one is found by
the other. Source: Stripe, "Supported currencies".
"""

from __future__ import annotations

from po_toolkit.simulator.errors import invalid

_ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(_ZERO_DECIMAL.split())
WHOLE_IN_HUNDREDS = frozenset({"isk", "ugx"})
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_OTHERS = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad
ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std
szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd xcg yer zar zmw
"""
CURRENCIES = ZERO_DECIMAL | WHOLE_IN_HUNDREDS | THREE_DECIMAL | frozenset(_OTHERS.split())

MINIMUM_CHARGE = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
"""Smallest charge in API units, where Stripe states one; elsewhere one unit."""

MAXIMUM_CHARGE = 99_999_999
"""Largest charge in API units (eight digits), except for the currencies below."""

_LARGER = {"idr": 999_999_999_999}
"""Source: Stripe, "Currencies": twelve digits for IDR, eight for all others."""

METHOD_CURRENCIES: dict[str, frozenset[str] | None] = {
    "card": None,
    "link": None,
    "us_bank_account": frozenset({"usd"}),
    "ach_credit_transfer": frozenset({"usd"}),
    "ach_debit": frozenset({"usd"}),
    "acss_debit": frozenset({"cad", "usd"}),
    "au_becs_debit": frozenset({"aud"}),
    "bacs_debit": frozenset({"gbp"}),
    "sepa_debit": frozenset({"eur"}),
    "bancontact": frozenset({"eur"}),
    "eps": frozenset({"eur"}),
    "giropay": frozenset({"eur"}),
    "ideal": frozenset({"eur"}),
    "p24": frozenset({"eur", "pln"}),
    "sofort": frozenset({"eur"}),
    "customer_balance": frozenset({"usd", "eur", "gbp", "jpy", "mxn"}),
    "konbini": frozenset({"jpy"}),
    "boleto": frozenset({"brl"}),
    "paynow": frozenset({"sgd"}),
    "promptpay": frozenset({"thb"}),
    "grabpay": frozenset({"myr", "sgd"}),
    "fpx": frozenset({"myr"}),
}
"""Payment method types of invoices and their currencies; None means all, absent ones unchecked."""


def smallest_charge(currency: str) -> int:
    """Return the smallest amount that can be charged, in API units."""
    return MINIMUM_CHARGE.get(currency, smallest_step(currency))


def smallest_step(currency: str) -> int:
    """Return what every amount is a multiple of, in API units."""
    return 100 if currency in WHOLE_IN_HUNDREDS else 10 if currency in THREE_DECIMAL else 1


def largest_charge(currency: str) -> int:
    """Return the largest amount that can be charged, in API units."""
    return _LARGER.get(currency, MAXIMUM_CHARGE)


def check_amount(
    amount: int, currency: str, param: str, *, cents_of_whole_taken: bool = False
) -> None:
    """Refuse an amount in API units that the currency does not have.

    Raises:
        ApiError: ISK or UGX not ending in 00, or a three-decimal currency not ending in 0.
    """
    if currency in WHOLE_IN_HUNDREDS and amount % 100 and not cents_of_whole_taken:
        raise invalid(
            f"Invalid amount: {amount}. {currency.upper()} amounts must be evenly divisible by 100 "
            f"because {currency.upper()} has no minor units.",
            param=param,
            code="parameter_invalid_integer",
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid(
            f"Invalid amount: {amount}. {currency.upper()} amounts must be rounded to the nearest "
            f"ten: the last digit must be 0.",
            param=param,
            code="parameter_invalid_integer",
        )


def check_payment_methods(types: list[str], currency: str, param: str) -> None:
    """Refuse payment method types that cannot take this currency.

    Raises:
        ApiError: One of them does not support it.
    """
    for method in types:
        allowed = METHOD_CURRENCIES.get(method)
        if allowed is not None and currency not in allowed:
            raise invalid(
                f"The currency provided ({currency}) is invalid for one or more payment method "
                f"types on this invoice: {method}.",
                param=param,
            )
