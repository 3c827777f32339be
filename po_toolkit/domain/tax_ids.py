"""Tax ids of sponsors: what kind one is, and whether it has its kind's form.

The form alone is checked, here and at Stripe; whether the number is given out is for the tax office
(VIES in the EU) to say. Sources: European Commission, VIES FAQ, "structure of VAT numbers";
Stripe API 2026-10-28, tax id types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EU = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[A-Z0-9+*]{10}\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
}

_FORMS = {
    "eu_vat": "|".join(f"{country}{form}" for country, form in _EU.items()),
    "gb_vat": r"(GB|XI)(\d{9}|\d{12}|(GD|HA)\d{3})",
    "ch_vat": r"CHE\d{9}(MWST|TVA|IVA)?",
    "no_vat": r"\d{9}MVA",
    "au_abn": r"\d{11}",
    "ca_bn": r"\d{9}",
    "ca_gst_hst": r"\d{9}RT\d{4}",
    "in_gst": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]{3}",
    "nz_gst": r"\d{8,9}",
    "us_ein": r"\d{2}-\d{7}",
}
TYPES = tuple(_FORMS)
"""The kinds that are known here, as Stripe names them."""

_TOLD_BY_FORM = ("gb_vat", "ch_vat", "no_vat", "ca_gst_hst", "in_gst", "us_ein")
"""Kinds whose form no other kind has."""

_NOTHING = frozenset({"", "-", "--", "N/A", "NA", "NONE", "NIL", "KEINE", "AUCUN"})
_EU_PREFIX = re.compile(rf"({'|'.join(_EU)}|GR)(?=[A-Z0-9+*]*\d)")


class UnknownTaxIdError(ValueError):
    """The kind of a tax id cannot be told from how it is written."""


@dataclass(frozen=True, slots=True)
class TaxId:
    """A sponsor's tax id; ``type`` is Stripe's word for its kind."""

    type: str
    value: str


def eu_country(tax_id: TaxId) -> str:
    """Return the member state of an EU VAT number, Greece as GR, else ``""``."""
    if tax_id.type != "eu_vat":
        return ""
    return "GR" if tax_id.value[:2] == "EL" else tax_id.value[:2]


def read_tax_id(text: str) -> TaxId | None:
    """Read a tax id such as ``DE 123 456 789`` or ``au_abn 51 824 753 556``.

    Returns:
        The tax id; None where the text says that there is none.

    Raises:
        UnknownTaxIdError: Its kind cannot be told from it.
        ValueError: It has not its kind's form.
    """
    plain = re.sub(r"[\s.\u00a0/]+", "", text).upper()
    if plain in _NOTHING:
        return None
    kind, _, rest = text.strip().lower().replace(":", " ", 1).partition(" ")
    if kind in _FORMS:
        value = _bare(rest.upper(), kind)
        if not re.fullmatch(_FORMS[kind], value):
            raise ValueError(f"this has not the form of a {kind}.")
        return TaxId(kind, value)
    for known in _TOLD_BY_FORM:
        value = _bare(plain, known)
        if re.fullmatch(_FORMS[known], value):
            return TaxId(known, value)
    value = _bare(plain, "eu_vat")
    if _EU_PREFIX.match(value):
        if value.startswith("GR"):
            value = "EL" + value[2:]
        if re.fullmatch(_FORMS["eu_vat"], value):
            return TaxId("eu_vat", value)
        raise ValueError(f"this has not the form of a VAT number of {value[:2]}.")
    raise UnknownTaxIdError(
        f"the kind of this tax id cannot be told; write it before the number: {', '.join(TYPES)}."
    )


def _bare(text: str, kind: str) -> str:
    """Take out what people write between the digits; an EIN's hyphen belongs to it."""
    kept = r"[^A-Z0-9+*-]" if kind == "us_ein" else r"[^A-Z0-9+*]"
    return re.sub(kept, "", text)
