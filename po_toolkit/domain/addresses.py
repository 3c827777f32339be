"""A postal address as people write it → its parts, only where they are certain.

Without a country at its end nothing is taken apart: the whole text is the first line. No word is
ever lost; what fits no part stays in the lines.
"""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

Parts = dict[str, str]

LINE_LENGTH = 5000
"""Source: Stripe API 2026-10-28, a customer's address."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
_MORE_NAMES = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "uk": "GB",
    "u.k.": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "the netherlands": "NL", "holland": "NL", "czech republic": "CZ", "south korea": "KR",
    "russia": "RU", "turkey": "TR", "hong kong": "HK", "taiwan": "TW",
}  # fmt: skip
_ALSO_STATES = frozenset(
    """
    AK AL AR AZ CA CO CT DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM
    NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY AB BC MB NB NL NS NT NU ON PE QC SK YT NT
    SA WA
    """.split()
)
"""Codes that name a country and, more often at the end of an address, a state or province."""
_ALSO_REGIONS = frozenset({"georgia"})
_STATES_FIRST = frozenset({"US", "CA", "AU"})
_STATE_AND_CODE = re.compile(
    r"(?:(?P<city>[^\d,]+?),?\s+)?(?P<state>[A-Z]{2,3})\s+"
    r"(?P<code>\d{5}(?:-\d{4})?|\d{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
)
_CODE_AND_CITY = re.compile(
    r"(?P<code>(?:[A-Z]{1,2}-)?(?:\d{2}-\d{3}|\d{3,5}(?:[ -]?\d{2,3})?)(?: [A-Z]{2}(?= ))?)"
    r"\s+(?P<city>[^\d,]+)"
)
_BRITISH = re.compile(
    r"(?:(?P<city>[^\d,]+?),?\s+)?"
    r"(?P<code>[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z0-9]{4})",
    re.IGNORECASE,
)
"""British postcodes and Irish Eircodes."""


def address_parts(text: str) -> Parts:
    """Return the parts that Stripe knows: line1, line2, city, state, postal_code, country."""
    pieces = [piece.strip() for piece in re.split(r"[\r\n]+", text) if piece.strip()]
    if len(pieces) == 1:
        pieces = [piece.strip() for piece in pieces[0].split(",") if piece.strip()]
    country = _country(pieces[-1]) if len(pieces) > 1 else ""
    if not country:
        return {"line1": text[:LINE_LENGTH]}
    *lines, _ = pieces
    parts = _place(lines, country)
    parts["line1"] = lines[0] if lines else ""
    if len(lines) > 1:
        parts["line2"] = ", ".join(lines[1:])
    order = ("line1", "line2", "city", "state", "postal_code")
    return {name: parts[name] for name in order if parts.get(name)} | {"country": country}


def _place(lines: list[str], country: str) -> Parts:
    """Take city, state and postal code off the end of the lines, where they are certain."""
    if len(lines) < 2:
        return {}
    if country in _STATES_FIRST:
        found = _STATE_AND_CODE.fullmatch(lines[-1])
    elif country in ("GB", "IE"):
        found = _BRITISH.fullmatch(lines[-1])
    else:
        found = _CODE_AND_CITY.fullmatch(lines[-1])
    if found is None:
        return {}
    groups = found.groupdict()
    city = groups["city"]
    if city is None:
        if len(lines) < 3 or any(c.isdigit() for c in lines[-2]):
            return {}
        city = lines[-2]
        lines.pop()
    lines.pop()
    return {"city": city, "state": groups.get("state") or "", "postal_code": groups["code"]}


def _country(text: str) -> str:
    plain = text.strip(" .").casefold()
    if text in _codes() - _ALSO_STATES:
        return text
    if plain in _ALSO_REGIONS:
        return ""
    return _MORE_NAMES.get(plain) or _names().get(plain, "")


@cache
def _codes() -> frozenset[str]:
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if re.fullmatch(r"[A-Z]{2}", code))


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in _codes():
                found.setdefault(name.casefold(), code)
    return found
