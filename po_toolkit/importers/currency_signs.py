"""The signs, codes and names that people write for a currency."""

from __future__ import annotations

from po_toolkit.money import CURRENCIES

_DOLLARS = (
    "usd cad aud nzd sgd hkd twd mxn clp cop ars bbd bmd bnd bsd bzd fjd gyd jmd kyd lrd nad sbd "
    "srd ttd xcd"
)

_SIGNS = {
    **{code: code for code in CURRENCIES},
    "$": _DOLLARS,
    "us$": "usd",
    "$us": "usd",
    "us dollar": "usd",
    "us dollars": "usd",
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
}

_MEANT = {sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()}
_NOTHING: frozenset[str] = frozenset()


def sign_currencies(sign: str) -> frozenset[str]:
    """Return the currencies that a sign, code or name can mean; none when it is unknown."""
    return _MEANT.get(sign.strip().lower(), _NOTHING)
